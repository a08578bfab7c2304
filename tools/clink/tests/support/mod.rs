//! A small tree, the real clink in an environment of its own, and what came of it.

#![allow(dead_code, reason = "every test file uses its part")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A directory with files to link, and beside it the user's home.
pub(crate) struct Tree {
    base: TempDir,
}

/// What a run of clink printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// What stands under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The text of a link, the content of a file.
    pub(crate) content: Vec<u8>,
    /// Kind and permissions.
    pub(crate) mode: u32,
    pub(crate) owner: (u32, u32),
    /// Seconds and nanoseconds.
    pub(crate) modified: (i64, i64),
    /// Names that share an inode share this number too.
    pub(crate) inode: u64,
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

    /// A tree in a directory of its own, on whatever file system that is.
    pub(crate) fn at(base: TempDir) -> Self {
        for name in ["tree", "home"] {
            fs::create_dir(base.path().join(name)).expect("a directory to work in");
        }
        Self { base }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.base.path().join("tree")
    }

    pub(crate) fn path(&self, path: impl AsRef<OsStr>) -> PathBuf {
        self.root().join(path.as_ref())
    }

    /// Writes a file and the directories that it lies in.
    pub(crate) fn write(&self, path: impl AsRef<OsStr>, content: &[u8]) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a path in the tree")).expect("its directories");
        fs::write(path, content).expect("a file");
        self
    }

    pub(crate) fn link(&self, path: &str, text: &str) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a path in the tree")).expect("its directories");
        symlink(text, path).expect("a symbolic link");
        self
    }

    pub(crate) fn hard_link(&self, from: &str, to: &str) -> &Self {
        fs::hard_link(self.path(from), self.path(to)).expect("a hard link");
        self
    }

    pub(crate) fn chmod(&self, path: &str, mode: u32) -> &Self {
        fs::set_permissions(self.path(path), Permissions::from_mode(mode)).expect("a mode");
        self
    }

    /// clink with these arguments, to be run in the tree.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clink"));
        command.args(arguments).current_dir(self.root()).env_clear();
        command.env("HOME", self.base.path().join("home")).stdin(Stdio::null());
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

    /// The journals in the user's home.
    pub(crate) fn journals(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.base.path().join("home/.local/state/clink")) else {
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

    /// The text of a link, or None where there is none.
    pub(crate) fn link_text(&self, path: impl AsRef<OsStr>) -> Option<String> {
        let text = fs::read_link(self.path(path)).ok()?;
        Some(text.into_os_string().into_string().expect("a plain text"))
    }

    /// All symbolic links, each as `path -> text`.
    pub(crate) fn links(&self) -> Vec<String> {
        let entries = self.entries().into_iter();
        let links = entries.filter(|(_, entry)| entry.mode & 0o170_000 == 0o120_000);
        links.map(|(path, entry)| shown(&path, &entry.content)).collect()
    }

    /// Everything in the tree, by its path, without following links.
    pub(crate) fn entries(&self) -> BTreeMap<PathBuf, Entry> {
        let mut entries = BTreeMap::new();
        add_entries(&self.root(), Path::new(""), &mut entries);
        entries
    }

    /// What every path reads as, links followed: a second look must find the same.
    pub(crate) fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = BTreeMap::new();
        add_contents(&self.root(), Path::new(""), &mut contents);
        contents
    }
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

fn shown(path: &Path, text: &[u8]) -> String {
    format!("{} -> {}", path.display(), OsStr::from_bytes(text).display())
}

fn names(directory: &Path) -> Vec<OsString> {
    let entries = fs::read_dir(directory).expect("a readable directory");
    entries.map(|entry| entry.expect("a readable entry").file_name()).collect()
}

fn add_entries(root: &Path, below: &Path, entries: &mut BTreeMap<PathBuf, Entry>) {
    for name in names(&root.join(below)) {
        let path = below.join(name);
        let full = root.join(&path);
        let status = fs::symlink_metadata(&full).expect("the status of an entry");
        let content = if status.is_symlink() {
            fs::read_link(&full).expect("a link").into_os_string().into_encoded_bytes()
        } else if status.is_file() {
            fs::read(&full).expect("a file")
        } else {
            Vec::new()
        };
        if status.is_dir() {
            add_entries(root, &path, entries);
        }
        let entry = Entry {
            content,
            mode: status.mode(),
            owner: (status.uid(), status.gid()),
            modified: (status.mtime(), status.mtime_nsec()),
            inode: status.ino(),
        };
        entries.insert(path, entry);
    }
}

fn add_contents(root: &Path, below: &Path, contents: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for name in names(&root.join(below)) {
        let path = below.join(name);
        let full = root.join(&path);
        if full.is_dir() {
            add_contents(root, &path, contents);
        } else if full.is_file() {
            contents.insert(path, fs::read(&full).expect("a file"));
        }
    }
}
