//! A small tree, the real clink in an environment of its own, and what came of it.

#![allow(dead_code, reason = "every test file uses its part")]
#![allow(unreachable_pub, reason = "every test file is a crate of its own")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use rustix::fs::XattrFlags;
use rustix::io::Errno;
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
    /// Extended attributes: names and values.
    pub(crate) attributes: BTreeMap<String, Vec<u8>>,
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

    /// Where the user's own files are, outside the tree.
    pub(crate) fn home(&self) -> PathBuf {
        self.base.path().join("home")
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

    pub(crate) fn mkdir(&self, path: &str) -> &Self {
        fs::create_dir_all(self.path(path)).expect("a directory");
        self
    }

    /// Gives a file to another owner and group; only root may.
    pub(crate) fn chown(&self, path: &str, owner: u32, group: u32) -> &Self {
        chown(self.path(path), Some(owner), Some(group)).expect("root gives files away");
        self
    }

    /// Sets the time of the last modification, in seconds since 1970.
    pub(crate) fn date(&self, path: &str, seconds: u64) -> &Self {
        let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, 123_456_789);
        let file = File::open(self.path(path)).expect("a file or directory");
        file.set_times(FileTimes::new().set_modified(time)).expect("its times");
        self
    }

    /// Sets an extended attribute. False where the file system has none, and says so.
    pub(crate) fn set_attribute(&self, path: &str, name: &str, value: &[u8]) -> bool {
        match rustix::fs::setxattr(self.path(path), name, value, XattrFlags::empty()) {
            Ok(()) => true,
            Err(Errno::OPNOTSUPP) => testkit::can(false, "the file system has no such attributes"),
            Err(errno) => panic!("cannot set `{name}`: {errno}"),
        }
    }

    /// Gives a file the right to use raw sockets, as `setcap cap_net_raw+ep` does; only root may.
    pub(crate) fn set_capability(&self, path: &str) -> bool {
        const REVISION_2_EFFECTIVE: u32 = 0x0200_0001;
        const NET_RAW: u32 = 1 << 13;
        let words = [REVISION_2_EFFECTIVE, NET_RAW, 0, 0, 0];
        let value: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        self.set_attribute(path, "security.capability", &value)
    }

    /// clink with these arguments, to be run in the tree.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clink"));
        command.args(arguments).current_dir(self.root()).env_clear();
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

    /// Everything that undo has to bring back, the tree's own directory included: as `entries`, but
    /// new files may have new inodes, so each has the number of its first name instead.
    pub(crate) fn state(&self) -> BTreeMap<PathBuf, Entry> {
        let mut state = self.entries();
        state.insert(PathBuf::new(), Entry::of(&self.root()));
        let mut first_names = BTreeMap::new();
        for (number, entry) in (0..).zip(state.values_mut()) {
            entry.inode = *first_names.entry(entry.inode).or_insert(number);
        }
        state
    }

    /// What every path reads as, links followed: a second look must find the same. Links are not
    /// followed round in a circle.
    pub(crate) fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = BTreeMap::new();
        add_contents(&self.root(), Path::new(""), &mut Vec::new(), &mut contents);
        contents
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

impl Entry {
    fn of(path: &Path) -> Self {
        let status = fs::symlink_metadata(path).expect("the status of an entry");
        let content = if status.is_symlink() {
            fs::read_link(path).expect("a link").into_os_string().into_encoded_bytes()
        } else if status.is_file() {
            fs::read(path).expect("a file")
        } else {
            Vec::new()
        };
        Self {
            content,
            mode: status.mode(),
            owner: (status.uid(), status.gid()),
            modified: (status.mtime(), status.mtime_nsec()),
            attributes: attributes(path),
            inode: status.ino(),
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
        .env("CLINK", env!("CARGO_BIN_EXE_clink"))
        .env("HOME", tree.home())
        .output();
    Some(Run::of(&output.expect("unshare starts")))
}

/// Tests run side by side, and clinks on one file system take turns: that they say so is no part of
/// what a test looks at.
fn without_waiting(stderr: &str) -> String {
    let lines = stderr.split_inclusive('\n');
    lines.filter(|line| !line.starts_with("clink: another clink is changing")).collect()
}

fn attributes(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut list = vec![0; 64 << 10];
    let length = rustix::fs::llistxattr(path, list.as_mut_slice()).unwrap_or(0);
    let names = list[..length].split(|&byte| byte == 0).filter(|name| !name.is_empty());
    let value = |name: &[u8]| {
        let mut value = vec![0; 64 << 10];
        let length = rustix::fs::lgetxattr(path, name, value.as_mut_slice()).expect("a value");
        (String::from_utf8_lossy(name).into_owned(), value[..length].to_vec())
    };
    names.map(value).collect()
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
        if full.is_dir() && !full.is_symlink() {
            add_entries(root, &path, entries);
        }
        entries.insert(path, Entry::of(&full));
    }
}

fn add_contents(
    root: &Path,
    below: &Path,
    above: &mut Vec<PathBuf>,
    contents: &mut BTreeMap<PathBuf, Vec<u8>>,
) {
    let real = root.join(below).canonicalize().expect("a directory that is there");
    if above.contains(&real) {
        return;
    }
    above.push(real);
    for name in names(&root.join(below)) {
        let path = below.join(name);
        let full = root.join(&path);
        if full.is_dir() {
            add_contents(root, &path, above, contents);
        } else if full.is_file() {
            contents.insert(path, fs::read(&full).expect("a file"));
        }
    }
    above.pop();
}
