//! Runs clink on a tree for real and checks each of its promises.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::Verdict;
use crate::commands;

use super::snapshot::Snapshot;

/// What came out.
pub(super) struct Proof {
    before: Snapshot,
    after: Snapshot,
    promises: Vec<Promise>,
    times: Vec<(&'static str, f64)>,
}

struct Promise {
    words: &'static str,
    /// The paths where it does not hold.
    broken_at: Vec<PathBuf>,
}

/// Links the tree, looks at every path, moves the tree, links it again, and takes it all back.
pub(super) fn run(clink: &Path, tree: &Path) -> Result<Proof> {
    let journal = tree.with_extension("journal");
    let mut promises = Vec::new();
    let mut promise = |words, broken_at| promises.push(Promise { words, broken_at });

    eprintln!("reading every path …");
    let before = Snapshot::take(tree)?;
    let linking = timed_clink(clink, &["--journal".as_ref(), &journal, tree])?;

    eprintln!("reading every path again, here and where the tree is moved to …");
    let after = Snapshot::take(tree)?;
    let not_smaller = if after.disk < before.disk { vec![] } else { vec![tree.to_owned()] };
    promise("the tree takes less space", not_smaller);
    promise("every path reads the same as before", before.read_otherwise(&after));
    let moved = snapshot_elsewhere(tree)?;
    promise("it does in a tree that was moved, too", before.read_otherwise(&moved));

    let again = timed_clink(clink, &["--no-journal".as_ref(), tree])?;
    promise("a second run changes nothing", after.touched(&Snapshot::take(tree)?));

    let undo = timed_clink(clink, &["--undo".as_ref(), &journal])?;
    eprintln!("reading every path a last time …");
    let undone = Snapshot::take(tree)?;
    promise("--undo brings back exactly what was", before.stand_otherwise(&undone));

    let times = vec![("linking", linking), ("the second run", again), ("--undo", undo)];
    Ok(Proof { before, after, promises, times })
}

/// Runs clink, shows what it says, and returns the seconds it took.
fn timed_clink(clink: &Path, arguments: &[&Path]) -> Result<f64> {
    let mut command = Command::new(clink);
    command.args(arguments);
    println!("\n$ {}", commands::line(&command));
    let start = Instant::now();
    commands::run(&mut command)?;
    Ok(start.elapsed().as_secs_f64())
}

/// Moves the tree, looks at it, and moves it back.
fn snapshot_elsewhere(tree: &Path) -> Result<Snapshot> {
    let elsewhere = tree.with_extension("moved").join("to/another/place");
    let parent = elsewhere.parent().expect("it was just given one");
    fs::create_dir_all(parent).with_context(|| format!("cannot make `{}`", parent.display()))?;
    fs::rename(tree, &elsewhere).context("cannot move the tree")?;
    let snapshot = Snapshot::take(&elsewhere)?;
    fs::rename(&elsewhere, tree).context("cannot move the tree back")?;
    Ok(snapshot)
}

impl Proof {
    pub(super) fn verdict(&self) -> Verdict {
        let kept = self.promises.iter().all(|promise| promise.broken_at.is_empty());
        if kept { Verdict::Good } else { Verdict::Faulty }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after, .. } = self;
        let saved = before.disk.saturating_sub(after.disk);
        let percent = saved * 100 / before.disk.max(1);
        row(text, "", "before", "after")?;
        row(text, "files", before.files, after.files)?;
        row(text, "links", before.links, after.links)?;
        row(text, "space on disk", megabytes(before.disk), megabytes(after.disk))?;
        row(text, "saved", "", format!("{} ({percent} %)", megabytes(saved)))?;

        writeln!(text, "\nchecked, path by path, at {} paths:", before.paths())?;
        for promise in &self.promises {
            write!(text, "{promise}")?;
        }
        let times = self.times.iter().map(|(what, seconds)| format!("{what} {seconds:.1}"));
        writeln!(text, "\nseconds: {}", times.collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.broken_at.len() {
            0 => writeln!(text, "  yes  {}", self.words)?,
            count => writeln!(text, "  NO   {}; otherwise at {count} paths, such as", self.words)?,
        }
        for path in self.broken_at.iter().take(5) {
            writeln!(text, "         {}", path.display())?;
        }
        Ok(())
    }
}

fn row(
    text: &mut fmt::Formatter<'_>,
    title: &str,
    before: impl fmt::Display,
    after: impl fmt::Display,
) -> fmt::Result {
    writeln!(text, "{title:<16}{before:>18}{after:>18}")
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Links `b` to `a`, once, and can take it back.
    const HONEST: &str = r#"#!/bin/sh
set -e
case $1 in
--journal)
    cp -p "$3/b" "$2.b"
    echo "$3" > "$2"
    ln -sf a "$3/b" ;;
--undo)
    tree=$(cat "$2")
    rm "$tree/b"
    cp -p "$2.b" "$tree/b" ;;
esac
"#;

    /// Runs a program that poses as clink on a tree of `a` and `b` with the same content.
    fn proof(program: &str) -> Proof {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let clink = scratch.path().join("clink");
        fs::write(scratch.path().join("text"), program).expect("a file");
        // Another process writes the program: were it open here while another test forks, the
        // kernel would call it busy and not run it.
        let mut install = Command::new("install");
        install.arg("-m755").arg(scratch.path().join("text")).arg(&clink);
        commands::run(&mut install).expect("a program");
        let tree = scratch.path().join("tree");
        fs::create_dir(&tree).expect("a directory");
        for name in ["a", "b"] {
            fs::write(tree.join(name), [b'x'; 10_000]).expect("a file");
        }
        run(&clink, &tree).expect("the program ran")
    }

    fn broken(proof: &Proof) -> Vec<&str> {
        let broken = proof.promises.iter().filter(|promise| !promise.broken_at.is_empty());
        broken.map(|promise| promise.words).collect()
    }

    #[test]
    fn a_clink_that_keeps_its_promises_is_believed() {
        let proof = proof(HONEST);

        assert_eq!(broken(&proof), [""; 0]);
        assert_eq!(proof.verdict(), Verdict::Good);
        assert_eq!((proof.before.files, proof.after.files, proof.after.links), (2, 1, 1));
    }

    #[test]
    fn a_clink_that_does_nothing_is_found() {
        let proof = proof("#!/bin/sh\n");

        assert_eq!(broken(&proof), ["the tree takes less space"]);
    }

    #[test]
    fn a_link_to_other_content_is_found() {
        let proof = proof(&HONEST.replace("ln -sf a", "echo other > \"$3/c\"; ln -sf c"));

        assert!(broken(&proof).contains(&"every path reads the same as before"));
        assert_eq!(proof.verdict(), Verdict::Faulty);
    }

    #[test]
    fn an_absolute_link_is_found_when_the_tree_moves() {
        let proof = proof(&HONEST.replace("ln -sf a", "ln -sf \"$3/a\""));

        assert_eq!(broken(&proof), ["it does in a tree that was moved, too"]);
    }

    #[test]
    fn a_second_run_that_links_again_is_found() {
        let proof = proof(&HONEST.replace("esac", "--no-journal) ln -sf a \"$2/b\" ;;\nesac"));

        assert_eq!(broken(&proof), ["a second run changes nothing"]);
    }

    #[test]
    fn an_undo_that_forgets_the_time_is_found() {
        let proof = proof(&HONEST.replace("cp -p \"$2.b\"", "touch \"$2.b\"; cp -p \"$2.b\""));

        assert_eq!(broken(&proof), ["--undo brings back exactly what was"]);
    }
}
