//! Clink as the benchmark runs it, and the number of links that it announces.

use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::host;

/// A way to run clink.
pub(super) struct Way {
    pub(super) name: &'static str,
    options: &'static [&'static str],
}

/// The safe default, by which clink is judged.
pub(super) const CLINK: &str = "clink";

/// The peers compare content alone, as `--all` does.
pub(super) const ALL: &str = "clink --all";

/// Hard links where symbolic ones would change something.
pub(super) const MIXED: &str = "clink --mixed";

pub(super) const WAYS: [Way; 3] = [
    Way { name: CLINK, options: &[] },
    Way { name: MIXED, options: &["--mixed"] },
    Way { name: ALL, options: &["--all"] },
];

/// The links that clink would make in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Links {
    pub(super) files: u64,
    pub(super) with_directories: u64,
    /// Bytes on the disk that those of files would free.
    pub(super) freed: u64,
}

/// The part of clink's JSON document that counts here; the rest is skipped as it is read.
#[derive(Deserialize)]
struct Document {
    summary: Summary,
}

#[derive(Debug, Deserialize)]
struct Summary {
    links: u64,
    disk_before: u64,
    disk_after: u64,
}

impl Way {
    /// How clink finds and plans, and changes nothing.
    pub(super) fn command(&self, program: &Path, tree: &Path) -> Result<Command> {
        self.dry_run(program, &["--quiet"], tree)
    }

    /// Counts the links of a dry run, by files alone and with whole directories.
    pub(super) fn links(&self, program: &Path, tree: &Path) -> Result<Links> {
        let plan = |extra: &[&str]| {
            let mut command = self.dry_run(program, extra, tree)?;
            summary(&mut command).with_context(|| {
                format!("cannot count the links that `{}` would make", host::line(&command))
            })
        };
        let of_files = plan(&["--format", "json"])?;
        let with_directories = match self.name {
            // It makes hard links, and those are none of directories.
            MIXED => of_files.links,
            _ => plan(&["--format", "json", "--directories"])?.links,
        };
        let freed = of_files.disk_before.saturating_sub(of_files.disk_after);
        Ok(Links { files: of_files.links, with_directories, freed })
    }

    /// Each part of the tree is an argument of its own, and so linked with the others also where it is
    /// a root filesystem.
    fn dry_run(&self, program: &Path, extra: &[&str], tree: &Path) -> Result<Command> {
        let mut command = Command::new(program);
        command.args(["--dry-run", "--no-journal"]).args(self.options).args(extra);
        command.args(parts(tree).with_context(|| format!("cannot read `{}`", tree.display()))?);
        Ok(command)
    }
}

/// The directories in a tree, in the order of their names.
fn parts(tree: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(tree)?.map(|entry| Ok(entry?.path()));
    let mut parts = entries.collect::<io::Result<Vec<_>>>()?;
    parts.sort();
    Ok(parts)
}

/// The document has every group of duplicates and may be large: it is read as it comes, because
/// memory that the benchmark holds would count as the next program's.
fn summary(command: &mut Command) -> Result<Summary> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let printed = child.stdout.take().expect("standard output was asked for");
    let document: serde_json::Result<Document> = serde_json::from_reader(BufReader::new(printed));
    let status = child.wait()?;
    ensure!(status.success(), "it ended with {status}");
    Ok(document.context("it printed no summary")?.summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_summary_is_taken_from_the_document() {
        let mut printing = Command::new("echo");
        printing.arg(
            r#"{"groups": [{"kept": "a"}],
            "summary": {"files": 9, "links": 7, "disk_before": 5, "disk_after": 3}}"#,
        );
        let Summary { links, disk_before, disk_after } = summary(&mut printing).expect("a summary");
        assert_eq!((links, disk_before, disk_after), (7, 5, 3));
    }

    #[test]
    fn a_program_that_prints_nothing_is_not_taken_for_one_without_links() {
        let error = summary(&mut Command::new("true")).expect_err("no document");
        assert_eq!(error.to_string(), "it printed no summary");
    }
}
