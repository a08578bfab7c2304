//! A small tree, the real clink in an environment of its own, and what came of it.

#![allow(dead_code, reason = "every test file uses its part")]
#![allow(unreachable_pub, reason = "every test file is a crate of its own")]

pub(crate) mod image;

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A directory with files to link, and beside it the user's home.
///
/// Most tests are about how files are found and replaced, and call them `f` or `lib/one`: of no kind
/// that clink knows. So it is told to trust unknown kinds, unless the tree is for clink by itself.
pub(crate) struct Tree {
    base: TempDir,
    files: testkit::tree::Tree,
    trusts_unknown: bool,
}

/// What a run of clink printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Deref for Tree {
    type Target = testkit::tree::Tree;

    fn deref(&self) -> &Self::Target {
        &self.files
    }
}

impl Tree {
    /// A tree with these files: a path and a content each.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let tree = Self::at(tempfile::tempdir().expect("a directory to work in"));
        for (path, content) in files {
            tree.write(path, content.as_bytes());
        }
        tree
    }

    /// The same for clink with no more options than the test gives.
    pub(crate) fn by_itself(files: &[(&str, &str)]) -> Self {
        Self { trusts_unknown: false, ..Self::of(files) }
    }

    /// A tree in a directory of its own, on whatever file system that is.
    pub(crate) fn at(base: TempDir) -> Self {
        for name in ["tree", "home"] {
            fs::create_dir(base.path().join(name)).expect("a directory to work in");
        }
        let files = testkit::tree::Tree::at(base.path().join("tree"));
        Self { base, files, trusts_unknown: true }
    }

    /// Where the user's own files are, outside the tree.
    pub(crate) fn home(&self) -> PathBuf {
        self.base.path().join("home")
    }

    /// clink with these arguments, to be run in the tree.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clink"));
        let trust = self.trusts_unknown.then_some("--trust-unknown");
        command.args(trust).args(arguments).current_dir(self.root()).env_clear();
        command.env("HOME", self.home()).stdin(Stdio::null());
        command
    }

    /// Runs clink in the tree.
    pub(crate) fn clink(&self, arguments: &[&str]) -> Run {
        Run::of(&self.command(arguments).output().expect("clink starts"))
    }

    /// Runs clink in the tree and reads its document.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let run = self.clink(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&run.stdout).expect("clink prints one document")
    }

    /// What clink leaves alone with these arguments, each as `path: reason`. Changes nothing.
    pub(crate) fn left_alone(&self, arguments: &[&str]) -> Vec<String> {
        let document = self.json(&[arguments, &["--dry-run"]].concat());
        let left = document["left_alone"].as_array().expect("a list");
        let text = |value: &Value| value.as_str().expect("a plain text").to_owned();
        left.iter().map(|entry| text(&entry["path"]) + ": " + &text(&entry["reason"])).collect()
    }

    /// What clink would replace with these arguments, each as `path -> text`, or `path = kept`
    /// where it makes no symbolic links. Changes nothing.
    pub(crate) fn planned(&self, arguments: &[&str]) -> Vec<String> {
        let document = self.json(&[arguments, &["--dry-run"]].concat());
        let text = |value: &Value| value.as_str().expect("a plain text").to_owned();
        let mut planned = Vec::new();
        for group in document["groups"].as_array().expect("a list") {
            for link in group["replaced"].as_array().expect("a list") {
                planned.push(match &link["text"] {
                    Value::Null => text(&link["path"]) + " = " + &text(&group["kept"]),
                    target => text(&link["path"]) + " -> " + &text(target),
                });
            }
        }
        planned
    }

    /// The journals in the user's home.
    pub(crate) fn journals(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.home().join(".local/state/clink")) else {
            return Vec::new();
        };
        let mut journals: Vec<_> =
            entries.map(|entry| entry.expect("a readable directory").path()).collect();
        journals.sort();
        journals
    }

    /// Takes back the last run.
    pub(crate) fn undo(&self) -> Run {
        let journal = self.journals().pop().expect("a run wrote a journal");
        self.clink(&["--undo", journal.to_str().expect("a plain path")])
    }
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: without_waiting(&String::from_utf8_lossy(&output.stderr)),
        }
    }
}

/// Runs a shell script in the tree with mounts of its own; `$CLINK` is clink. None, with the reason
/// printed, where that cannot be done.
pub(crate) fn with_own_mounts(tree: &Tree, script: &str) -> Option<Run> {
    if !testkit::has_root() {
        return None;
    }
    let tried = Command::new("unshare").args(["-m", "mount", "--bind", "/", "/"]).output();
    let works = tried.is_ok_and(|output| output.status.success());
    if !testkit::can(works, "no mounts of one's own are allowed here") {
        return None;
    }
    let output = Command::new("unshare")
        .args(["-m", "sh", "-ec", script])
        .current_dir(tree.root())
        .env("CLINK", concat!(env!("CARGO_BIN_EXE_clink"), " --trust-unknown"))
        .env("HOME", tree.home())
        .output();
    Some(Run::of(&output.expect("unshare starts")))
}

/// Tests run side by side, and clinks on one file system take turns: that they say so is no part of
/// what a test looks at.
fn without_waiting(stderr: &str) -> String {
    let stderr = testkit::without_progress(stderr);
    let lines = stderr.split_inclusive('\n');
    lines.filter(|line| !line.starts_with("clink: another clink is changing")).collect()
}
