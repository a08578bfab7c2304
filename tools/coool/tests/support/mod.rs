//! A folder with documents, the real coool in an environment of its own, and what came of it.

#![allow(dead_code, unused_imports, reason = "every test file uses its part")]
#![allow(unreachable_pub, reason = "every test file is a crate of its own")]

pub(crate) mod epub;
pub(crate) mod names;
pub(crate) mod office;
pub(crate) mod ooxml;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
pub(crate) use testkit::opendocument as odf;
pub(crate) use testkit::package::of as package;
pub(crate) use testkit::web as server;

/// A folder with documents, and beside it the user's home.
pub(crate) struct Desk {
    base: TempDir,
}

/// What a run of coool printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Desk {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let base = tempfile::tempdir().expect("a directory to work in");
        for name in ["desk", "home"] {
            fs::create_dir(base.path().join(name)).expect("a directory to work in");
        }
        Self { base }
    }

    /// A folder with one document.
    pub(crate) fn with(name: &str, content: impl AsRef<[u8]>) -> Self {
        let desk = Self::new();
        desk.put(name, content);
        desk
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.base.path().join("desk")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.base.path().join("home")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Puts a file into the folder, and makes the folders that it lies in.
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a path on the desk")).expect("its folders");
        fs::write(path, content).expect("a file");
        self
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("a file")
    }

    /// coool with these arguments, to be run in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coool"));
        command.args(arguments).current_dir(self.folder()).env_clear();
        command.env("HOME", self.home()).stdin(Stdio::null());
        command
    }

    /// Runs coool in the folder.
    pub(crate) fn coool(&self, arguments: &[&str]) -> Run {
        Run::of(&self.command(arguments).output().expect("coool starts"))
    }

    /// Runs coool in the folder and reads its document.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let run = self.coool(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
    }

    /// Every link as `verdict kind address (words) place: reason -> proposal`; empty parts are left
    /// out.
    pub(crate) fn findings(&self, arguments: &[&str]) -> Vec<String> {
        let document = self.json(arguments);
        document["links"].as_array().expect("a list").iter().map(finding).collect()
    }

    /// The same with more variables in the environment.
    pub(crate) fn findings_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Vec<String> {
        let arguments = [arguments, &["--format", "json"]].concat();
        let mut command = self.command(&arguments);
        let run = Run::of(&command.envs(more.iter().copied()).output().expect("coool starts"));
        let document: Value = serde_json::from_str(&run.stdout).expect("a document");
        document["links"].as_array().expect("a list").iter().map(finding).collect()
    }

    /// Each link as `address verdict`.
    pub(crate) fn verdicts(&self, arguments: &[&str]) -> Vec<String> {
        let document = self.json(arguments);
        let links = document["links"].as_array().expect("a list").iter();
        links.map(|link| format!("{} {}", text(&link["url"]), text(&link["verdict"]))).collect()
    }
}

fn finding(link: &Value) -> String {
    let mut words =
        format!("{} {} {}", text(&link["verdict"]), text(&link["kind"]), text(&link["url"]));
    if let Some(text) = link["text"].as_str().filter(|text| !text.is_empty()) {
        words.push_str(&format!(" ({text})"));
    }
    for (name, value) in link["place"].as_object().expect("an object") {
        if !value.is_boolean() {
            words.push_str(&format!(" {name} {}", value.to_string().trim_matches('"')));
        }
    }
    if let Some(reason) = link["reason"].as_str().filter(|reason| !reason.is_empty()) {
        words.push_str(&format!(": {reason}"));
    }
    if let Some(proposal) = link["proposal"].as_str() {
        words.push_str(&format!(" -> {proposal}"));
    }
    words
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: testkit::without_progress(&String::from_utf8_lossy(&output.stderr)),
        }
    }
}

/// The folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().expect("it lies in a folder")
}
