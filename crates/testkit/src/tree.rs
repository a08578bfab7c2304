//! Small trees of files, and what stands in one: tests compare before and after.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::XattrFlags;
use rustix::io::Errno;

/// A directory with files that a test makes. Nothing here returns an error: what cannot be made ends
/// the test.
#[derive(Debug, Clone)]
pub struct Tree(PathBuf);

/// Everything in a directory, by its path.
pub type Entries = BTreeMap<PathBuf, Entry>;

/// What stands under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The text of a link, the content of a file, the number of a device.
    pub content: Content,
    /// Kind and permissions.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
    /// Seconds and nanoseconds.
    pub modified: (i64, i64),
    /// Extended attributes: names and values.
    pub attributes: BTreeMap<String, Vec<u8>>,
    /// Names that share an inode share this number too.
    pub inode: u64,
    /// The first of the names that share the inode.
    pub first_name: PathBuf,
}

/// Bytes, of which a test that fails shows the beginning.
#[derive(Clone, PartialEq, Eq)]
pub struct Content(pub Vec<u8>);

impl<const N: usize> PartialEq<&[u8; N]> for Content {
    fn eq(&self, other: &&[u8; N]) -> bool {
        self.0 == *other
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 60;
        let shown = &self.0[..self.0.len().min(SHOWN)];
        let hash = blake3::hash(&self.0).to_hex();
        write!(formatter, "{} bytes, {}, b\"{}\"", self.0.len(), &hash[..16], shown.escape_ascii())
    }
}

#[expect(clippy::missing_panics_doc, reason = "what cannot be made ends the test; see the type")]
#[expect(
    clippy::must_use_candidate,
    reason = "what is made is made, whether or not the test goes on with what is returned"
)]
impl Tree {
    /// The tree in this directory, which is there.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.0.clone()
    }

    /// The full path of something in it.
    pub fn path(&self, path: impl AsRef<OsStr>) -> PathBuf {
        self.0.join(path.as_ref())
    }

    /// Writes a file and the directories that it lies in.
    pub fn write(&self, path: impl AsRef<OsStr>, content: &[u8]) -> &Self {
        fs::write(self.place(path), content).expect("a file");
        self
    }

    /// Makes a symbolic link and the directories that it lies in.
    pub fn link(&self, path: &str, text: &str) -> &Self {
        symlink(text, self.place(path)).expect("a symbolic link");
        self
    }

    /// Gives a file another name.
    pub fn hard_link(&self, from: &str, to: &str) -> &Self {
        fs::hard_link(self.path(from), self.path(to)).expect("a hard link");
        self
    }

    /// Makes a directory and those that it lies in.
    pub fn mkdir(&self, path: &str) -> &Self {
        fs::create_dir_all(self.path(path)).expect("a directory");
        self
    }

    /// Sets the permissions.
    pub fn chmod(&self, path: &str, mode: u32) -> &Self {
        fs::set_permissions(self.path(path), Permissions::from_mode(mode)).expect("a mode");
        self
    }

    /// Gives a file to another owner and group; only root may.
    pub fn chown(&self, path: &str, owner: u32, group: u32) -> &Self {
        chown(self.path(path), Some(owner), Some(group)).expect("root gives files away");
        self
    }

    /// Sets the time of the last modification, in seconds since 1970.
    pub fn date(&self, path: &str, seconds: u64) -> &Self {
        let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, 123_456_789);
        let file = File::open(self.path(path)).expect("a file or directory");
        file.set_times(FileTimes::new().set_modified(time)).expect("its times");
        self
    }

    /// Sets an extended attribute. False where the file system has none, and skips the test.
    pub fn set_attribute(&self, path: &str, name: &str, value: &[u8]) -> bool {
        match rustix::fs::setxattr(self.path(path), name, value, XattrFlags::empty()) {
            Ok(()) => true,
            Err(Errno::OPNOTSUPP) => crate::can(false, "the file system has no such attributes"),
            Err(errno) => panic!("cannot set `{name}`: {errno}"),
        }
    }

    /// Gives a file the right to use raw sockets, as `setcap cap_net_raw+ep` does; only root may.
    pub fn set_capability(&self, path: &str) -> bool {
        const REVISION_2_EFFECTIVE: u32 = 0x0200_0001;
        const NET_RAW: u32 = 1 << 13;
        let words = [REVISION_2_EFFECTIVE, NET_RAW, 0, 0, 0];
        let value: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        self.set_attribute(path, "security.capability", &value)
    }

    /// The text of a link, or None where there is none.
    pub fn link_text(&self, path: impl AsRef<OsStr>) -> Option<String> {
        let text = fs::read_link(self.path(path)).ok()?;
        Some(text.into_os_string().into_string().expect("a plain text"))
    }

    /// All symbolic links, each as `path -> text`.
    #[must_use]
    pub fn links(&self) -> Vec<String> {
        let links = self.entries().into_iter().filter(|(_, entry)| entry.is_link());
        let shown = |(path, entry): (PathBuf, Entry)| {
            format!("{} -> {}", path.display(), OsStr::from_bytes(&entry.content.0).display())
        };
        links.map(shown).collect()
    }

    /// Everything in the tree, by its path, without following links.
    #[must_use]
    pub fn entries(&self) -> Entries {
        entries(&self.0)
    }

    /// Everything that undo has to bring back, the tree's own directory included: as `entries`, but
    /// new files may have new inodes.
    #[must_use]
    pub fn state(&self) -> Entries {
        let mut state = self.entries();
        state.insert(PathBuf::new(), Entry::of(&self.0, Path::new("")));
        without_inodes(state)
    }

    /// What every path reads as, links followed: a second look must find the same. Links are not
    /// followed round in a circle.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = BTreeMap::new();
        add_contents(&self.0, Path::new(""), &mut Vec::new(), &mut contents);
        contents
    }

    /// A path in it whose directory is there.
    fn place(&self, path: impl AsRef<OsStr>) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a path in the tree")).expect("its directories");
        path
    }
}

/// Everything in a directory, by its path, without following links.
///
/// # Panics
///
/// Where something cannot be read.
#[must_use]
pub fn entries(root: &Path) -> Entries {
    let mut entries = Entries::new();
    add_entries(root, Path::new(""), &mut entries);
    let mut first_names = BTreeMap::new();
    for (path, entry) in &mut entries {
        let first = first_names.entry(entry.inode).or_insert_with(|| path.clone());
        entry.first_name.clone_from(first);
    }
    entries
}

/// What a copy has, too: everything but the numbers of inodes. Who shares one is still told by the
/// first name.
#[must_use]
pub fn without_inodes(mut entries: Entries) -> Entries {
    for entry in entries.values_mut() {
        entry.inode = 0;
    }
    entries
}

impl Entry {
    fn of(full: &Path, path: &Path) -> Self {
        let status = fs::symlink_metadata(full).expect("the status of an entry");
        let content = if status.is_symlink() {
            fs::read_link(full).expect("a link").into_os_string().into_encoded_bytes()
        } else if status.is_file() {
            fs::read(full).expect("a file")
        } else {
            status.rdev().to_string().into_bytes()
        };
        Self {
            content: Content(content),
            mode: status.mode(),
            owner: (status.uid(), status.gid()),
            modified: (status.mtime(), status.mtime_nsec()),
            attributes: attributes(full),
            inode: status.ino(),
            first_name: path.to_owned(),
        }
    }

    /// Whether it is a symbolic link.
    #[must_use]
    pub fn is_link(&self) -> bool {
        self.mode & 0o170_000 == 0o120_000
    }

    /// Whether it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.mode & 0o170_000 == 0o040_000
    }
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

fn names(directory: &Path) -> Vec<OsString> {
    let entries = fs::read_dir(directory).expect("a readable directory");
    entries.map(|entry| entry.expect("a readable entry").file_name()).collect()
}

fn add_entries(root: &Path, below: &Path, entries: &mut Entries) {
    for name in names(&root.join(below)) {
        let path = below.join(name);
        let full = root.join(&path);
        if full.is_dir() && !full.is_symlink() {
            add_entries(root, &path, entries);
        }
        let entry = Entry::of(&full, &path);
        entries.insert(path, entry);
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
