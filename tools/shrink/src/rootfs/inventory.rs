//! What a root filesystem holds: every name, with all that is kept exactly.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// As many links as Linux follows on one path (`MAXSYMLINKS`).
const MOST_LINKS: u32 = 40;

/// Names and what stands under them. Paths are relative to the root, which is the empty path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    entries: BTreeMap<PathBuf, Entry>,
}

/// What stands under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Permissions with setuid, setgid and sticky bit.
    pub mode: u32,
    /// User and group.
    pub owner: (u32, u32),
    /// When it was changed: seconds since 1970, and nanoseconds.
    pub modified: (i64, u32),
    /// Extended attributes: names and values.
    pub attributes: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File {
        /// In bytes.
        size: u64,
        /// Names with the same number share one file.
        shared: Option<u64>,
    },
    /// A directory.
    Directory,
    /// A symbolic link, with its text.
    Link(PathBuf),
    /// A device node.
    Device {
        /// A block device, otherwise a character device.
        block: bool,
        /// The number of the driver.
        major: u32,
        /// The number of the device.
        minor: u32,
    },
    /// A named pipe.
    Pipe,
    /// A socket.
    Socket,
}

impl Entry {
    /// A directory as it is made where an archive does not mention it.
    #[must_use]
    pub fn plain_directory() -> Self {
        Self {
            kind: Kind::Directory,
            mode: 0o755,
            owner: (0, 0),
            modified: (0, 0),
            attributes: BTreeMap::new(),
        }
    }

    /// Whether it is a regular file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self.kind, Kind::File { .. })
    }

    /// Whether somebody may run it.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.is_file() && self.mode & 0o111 != 0
    }

    /// The bytes of a file or of a link's text.
    #[must_use]
    pub fn size(&self) -> u64 {
        match &self.kind {
            Kind::File { size, .. } => *size,
            Kind::Link(text) => text.as_os_str().len() as u64,
            _ => 0,
        }
    }
}

/// Whether a link that the whole path leads to is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// As `open` does.
    Last,
    /// As `lstat` does.
    NotLast,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolved {
    /// Every directory and link that was passed, in order.
    pub way: Vec<PathBuf>,
    /// What stands there; `None` when the path leads nowhere.
    pub end: Option<PathBuf>,
}

impl Inventory {
    /// Adds an entry, or replaces it.
    pub fn insert(&mut self, path: PathBuf, entry: Entry) {
        self.entries.insert(path, entry);
    }

    /// Takes an entry out, with all that stands below it, and says what was taken.
    pub fn remove(&mut self, path: &Path) -> Vec<PathBuf> {
        let mut gone: Vec<_> = self.below(path).map(|(path, _)| path.to_owned()).collect();
        if self.entries.contains_key(path) {
            gone.push(path.to_owned());
        }
        for path in &gone {
            self.entries.remove(path);
        }
        gone
    }

    /// What stands under a path, links not followed.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<&Entry> {
        self.entries.get(path)
    }

    pub(crate) fn get_mut(&mut self, path: &Path) -> Option<&mut Entry> {
        self.entries.get_mut(path)
    }

    /// Everything, a directory before what is in it.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_path(), entry))
    }

    /// Everything below a directory, at any depth.
    pub fn below<'a>(&'a self, directory: &'a Path) -> impl Iterator<Item = (&'a Path, &'a Entry)> {
        let from = (Bound::Excluded(directory), Bound::Unbounded);
        let all = self.entries.range::<Path, _>(from);
        all.map(|(path, entry)| (path.as_path(), entry))
            .take_while(move |(path, _)| path.starts_with(directory))
    }

    /// Everything directly in a directory.
    pub fn children<'a>(
        &'a self,
        directory: &'a Path,
    ) -> impl Iterator<Item = (&'a Path, &'a Entry)> {
        self.below(directory).filter(move |(path, _)| path.parent() == Some(directory))
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes of all files and links; a file with several names counts once.
    #[must_use]
    pub fn size(&self) -> u64 {
        size_of(self.iter())
    }

    /// Follows a path as the system does inside of the root: links never lead out of it.
    ///
    /// `from` is the real directory that a relative path begins in.
    #[must_use]
    pub fn resolve(&self, from: &Path, path: &Path, follow: Follow) -> Resolved {
        let mut resolved = Resolved::default();
        let mut links = 0;
        let start = if path.is_absolute() { PathBuf::new() } else { from.to_owned() };
        resolved.end = self.walk(start, path, follow, &mut links, &mut resolved.way);
        resolved
    }

    fn walk(
        &self,
        mut at: PathBuf,
        path: &Path,
        follow: Follow,
        links: &mut u32,
        way: &mut Vec<PathBuf>,
    ) -> Option<PathBuf> {
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            match part {
                Component::RootDir => at = PathBuf::new(),
                Component::ParentDir => {
                    at.pop();
                }
                Component::CurDir | Component::Prefix(_) => {}
                Component::Normal(name) => {
                    let next = at.join(name);
                    let entry = self.get(&next)?;
                    let Kind::Link(text) = &entry.kind else {
                        let last = parts.peek().is_none();
                        if !last && entry.kind != Kind::Directory {
                            return None;
                        }
                        if !last {
                            way.push(next.clone());
                        }
                        at = next;
                        continue;
                    };
                    if parts.peek().is_none() && follow == Follow::NotLast && !ends_in_slash(path) {
                        return Some(next);
                    }
                    way.push(next);
                    *links += 1;
                    if *links > MOST_LINKS {
                        return None;
                    }
                    at = self.walk(at, text, Follow::Last, links, way)?;
                    if parts.peek().is_some() {
                        way.push(at.clone());
                    }
                }
            }
        }
        Some(at)
    }
}

fn ends_in_slash(path: &Path) -> bool {
    path.as_os_str().as_bytes().ends_with(b"/")
}

/// The bytes of files and links; a file with several names counts once.
pub fn size_of<'a>(entries: impl Iterator<Item = (&'a Path, &'a Entry)>) -> u64 {
    let mut seen = std::collections::BTreeSet::new();
    let mut total = 0;
    for (_, entry) in entries {
        let again = match entry.kind {
            Kind::File { shared: Some(number), .. } => !seen.insert(number),
            _ => false,
        };
        if !again {
            total += entry.size();
        }
    }
    total
}

/// A path inside of a root from bytes of an archive: without a leading slash, `.` and empty parts.
/// `None` when it holds `..` or a zero byte, or is longer than any path.
#[must_use]
pub fn inside(bytes: &[u8]) -> Option<PathBuf> {
    const LONGEST: usize = 4096;
    if bytes.contains(&0) || bytes.len() > LONGEST {
        return None;
    }
    let mut path = PathBuf::new();
    for part in Path::new(OsStr::from_bytes(bytes)).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => return None,
            _ => {}
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(entries: &[(&str, Option<&str>)]) -> Inventory {
        let mut inventory = Inventory::default();
        for (path, link) in entries {
            let kind = match link {
                Some("/") => Kind::Directory,
                Some(text) => Kind::Link(text.into()),
                None => Kind::File { size: 1, shared: None },
            };
            inventory.insert(path.into(), Entry { kind, ..Entry::plain_directory() });
        }
        inventory
    }

    fn usr_merged() -> Inventory {
        inventory(&[
            ("usr", Some("/")),
            ("usr/lib", Some("/")),
            ("usr/lib/libc.so.6", Some("libc-2.so")),
            ("usr/lib/libc-2.so", None),
            ("lib", Some("usr/lib")),
            ("out", Some("../../../usr/lib/libc-2.so")),
            ("round", Some("/round")),
            ("gone", Some("/nowhere")),
        ])
    }

    fn end(path: &str, follow: Follow) -> Option<PathBuf> {
        usr_merged().resolve(Path::new(""), Path::new(path), follow).end
    }

    #[test]
    fn every_link_on_the_way_is_named() {
        let resolved =
            usr_merged().resolve(Path::new("usr"), Path::new("/lib/libc.so.6"), Follow::Last);

        assert_eq!(resolved.end, Some("usr/lib/libc-2.so".into()));
        let way: Vec<_> = resolved.way.iter().map(|path| path.display().to_string()).collect();
        assert_eq!(way, ["lib", "usr", "usr/lib", "usr/lib/libc.so.6"]);
    }

    #[test]
    fn links_lead_nowhere_outside_and_round_links_to_nothing() {
        assert_eq!(end("/out", Follow::Last), Some("usr/lib/libc-2.so".into()));
        assert_eq!(end("/../../lib/libc-2.so", Follow::Last), Some("usr/lib/libc-2.so".into()));
        assert_eq!(end("/round", Follow::Last), None);
        assert_eq!(end("/gone", Follow::Last), None);
        assert_eq!(end("/gone", Follow::NotLast), Some("gone".into()));
        assert_eq!(end("/usr/lib/libc-2.so/x", Follow::Last), None);
    }

    #[test]
    fn a_path_of_an_archive_stays_inside() {
        assert_eq!(inside(b"./usr//bin/"), Some("usr/bin".into()));
        assert_eq!(inside(b"/etc/passwd"), Some("etc/passwd".into()));
        assert_eq!(inside(b"usr/../../etc"), None);
        assert_eq!(inside(b"a\0b"), None);
    }
}
