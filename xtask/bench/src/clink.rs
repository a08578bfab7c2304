//! Clink as the benchmark runs it, and the number of links that it announces.

use std::io::BufReader;
use std::path::Path;
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
pub(super) const WAYS: [Way; 2] =
    [Way { name: CLINK, options: &[] }, Way { name: "clink --all", options: &["--all"] }];

/// The links that clink would make in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Links {
    pub(super) files: u64,
    pub(super) with_directories: u64,
}

/// The part of clink's JSON document that counts here; the rest is skipped as it is read.
#[derive(Deserialize)]
struct Document {
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    links: u64,
}

impl Way {
    /// How clink finds and plans, and changes nothing.
    pub(super) fn command(&self, program: &Path, tree: &Path) -> Command {
        self.dry_run(program, &["--quiet"], tree)
    }

    /// Counts the links of a dry run, by files alone and with whole directories.
    pub(super) fn links(&self, program: &Path, tree: &Path) -> Result<Links> {
        let count = |extra: &[&str]| {
            let mut command = self.dry_run(program, extra, tree);
            links_in_summary(&mut command).with_context(|| {
                format!("cannot count the links that `{}` would make", host::line(&command))
            })
        };
        Ok(Links {
            files: count(&["--format", "json"])?,
            with_directories: count(&["--format", "json", "--directories"])?,
        })
    }

    fn dry_run(&self, program: &Path, extra: &[&str], tree: &Path) -> Command {
        let mut command = Command::new(program);
        command.args(["--dry-run", "--no-journal"]).args(self.options).args(extra).arg(tree);
        command
    }
}

/// The document has every group of duplicates and may be large: it is read as it comes, because
/// memory that the benchmark holds would count as the next program's.
fn links_in_summary(command: &mut Command) -> Result<u64> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let printed = child.stdout.take().expect("standard output was asked for");
    let document: serde_json::Result<Document> = serde_json::from_reader(BufReader::new(printed));
    let status = child.wait()?;
    ensure!(status.success(), "it ended with {status}");
    Ok(document.context("it printed no summary")?.summary.links)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_number_of_links_is_taken_from_the_document() {
        let mut printing = Command::new("echo");
        printing.arg(r#"{"groups": [{"kept": "a"}], "summary": {"files": 9, "links": 7}}"#);
        assert_eq!(links_in_summary(&mut printing).expect("a number"), 7);
    }

    #[test]
    fn a_program_that_prints_nothing_is_not_taken_for_one_without_links() {
        let error = links_in_summary(&mut Command::new("true")).expect_err("no document");
        assert_eq!(error.to_string(), "it printed no summary");
    }
}
