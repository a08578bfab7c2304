//! The record of what is replaced, written before it is done, from which it can be taken back.
//!
//! A journal is a text file with one JSON record a line. Records of one batch of replacements are
//! on the disk before the first of them is made; so after a crash a journal may name replacements
//! that were not made, never miss one that was.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use names::Bytes;
use rustix::fs::Statx;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::plan::Kind;
use files::Time;
use files::dress::Dress;
use files::flags;

/// The version of the format that is written, and the only one that is read.
const VERSION: u32 = 1;

/// Longer lines are no record of ours: the largest attributes of a file take less in Base64.
const LONGEST_LINE: u64 = 16 << 20;

/// One line of a journal. Paths are relative to `root`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Record {
    /// The first line.
    Journal {
        version: u32,
        /// What all paths begin with.
        root: Bytes,
        /// Seconds since 1970.
        started: u64,
    },
    /// The times of a directory before the first replacement in it.
    Directory { path: Bytes, accessed: Time, modified: Time },
    /// The file that the next replacements lead to.
    Kept {
        path: Bytes,
        size: u64,
        /// BLAKE3, in hexadecimal.
        hash: String,
    },
    /// A file that is replaced by a link to the last kept one.
    Replaced { path: Bytes, by: Kind, text: Option<Bytes>, inode: u64, metadata: Metadata },
    /// A directory that is replaced by a symbolic link to `kept`.
    Tree { path: Bytes, text: Bytes, kept: Bytes },
    /// Something in the last tree, parents before what they hold. The tree itself comes first, with
    /// an empty path.
    Entry { path: Bytes, entry: Entry, metadata: Metadata },
}

/// What an entry of a tree is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Entry {
    Directory,
    File { inode: u64, size: u64, hash: String },
    Link { text: Bytes },
}

/// What belongs to a file besides its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metadata {
    /// Permissions, setuid, setgid and sticky bits.
    pub(crate) mode: u16,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    pub(crate) accessed: Time,
    pub(crate) modified: Time,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attributes: Vec<(Bytes, Bytes)>,
    /// Those of `chattr`.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(crate) flags: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_none(flags: &u32) -> bool {
    *flags == 0
}

impl Metadata {
    /// What an open file has.
    pub(crate) fn of(file: impl AsFd) -> Result<Self, Errno> {
        let flags = flags::read(&file);
        Dress::of(file).map(|dress| Self { flags, ..Self::from(dress) })
    }

    /// What an open file has whose status is known.
    pub(crate) fn with_status(file: impl AsFd, stat: &Statx) -> Result<Self, Errno> {
        let flags = flags::read(&file);
        Dress::with_status(file, stat).map(|dress| Self { flags, ..Self::from(dress) })
    }

    /// What a symbolic link has.
    pub(crate) fn of_link(stat: &Statx) -> Self {
        Self {
            mode: stat.stx_mode & 0o7777,
            owner: stat.stx_uid,
            group: stat.stx_gid,
            accessed: stat.stx_atime.into(),
            modified: stat.stx_mtime.into(),
            attributes: Vec::new(),
            flags: 0,
        }
    }

    /// The same, to be given to a file.
    pub(crate) fn dress(&self) -> Dress {
        let attributes = self.attributes.iter();
        Dress {
            mode: self.mode,
            owner: self.owner,
            group: self.group,
            accessed: self.accessed,
            modified: self.modified,
            attributes: attributes.map(|(name, value)| (name.0.clone(), value.0.clone())).collect(),
        }
    }
}

impl From<Dress> for Metadata {
    fn from(dress: Dress) -> Self {
        let attributes = dress.attributes.into_iter();
        Self {
            mode: dress.mode,
            owner: dress.owner,
            group: dress.group,
            accessed: dress.accessed,
            modified: dress.modified,
            attributes: attributes.map(|(name, value)| (Bytes(name), Bytes(value))).collect(),
            flags: 0,
        }
    }
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: BufWriter<File>,
    root: PathBuf,
}

impl Journal {
    /// Makes a new journal; an existing file is never written over.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), root: PathBuf::new() })
    }

    /// Where the journal is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the first line; all paths to come lie below `root`.
    pub(crate) fn start(&mut self, root: &Path) -> io::Result<()> {
        let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        root.clone_into(&mut self.root);
        self.add(&Record::Journal { version: VERSION, root: Bytes::of(root), started })?;
        self.commit()?;
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    }

    pub(crate) fn add(&mut self, record: &Record) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, record)?;
        self.file.write_all(b"\n")
    }

    /// Returns when all that was added is on the disk.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_data()
    }

    /// A path as it stands in the journal.
    pub(crate) fn relative(&self, path: &Path) -> Bytes {
        Bytes::of(path.strip_prefix(&self.root).unwrap_or(path))
    }
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It cannot be read.
    #[error("the journal cannot be read")]
    Unreadable(#[from] io::Error),
    /// It is something else.
    #[error("it is no journal of a version that is known here")]
    Foreign,
    /// A line in the middle is damaged.
    #[error("line {0} is damaged")]
    Damaged(usize),
}

/// Reads a journal: the directory that its paths begin with, and its records. The last line may be
/// cut short, as a crash leaves it: what it would have recorded was not done.
pub(crate) fn read(source: impl Read) -> Result<(PathBuf, Vec<Record>), Unusable> {
    let mut source = BufReader::new(source);
    let mut records = Vec::new();
    let mut root = None;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        source.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            break;
        }
        let whole = line.ends_with(b"\n");
        match (serde_json::from_slice(&line), &root) {
            (Ok(Record::Journal { version: VERSION, root: path, .. }), None) => {
                root = Some(path.as_path().to_owned());
            }
            (_, None) => return Err(Unusable::Foreign),
            (Ok(Record::Journal { .. }), _) => return Err(Unusable::Damaged(number)),
            (Ok(record), _) if is_safe(&record) => records.push(record),
            (Err(_), _) if !whole && (line.len() as u64) < LONGEST_LINE => break,
            _ => return Err(Unusable::Damaged(number)),
        }
    }
    root.map(|root| (root, records)).ok_or(Unusable::Foreign)
}

/// Whether all paths of a record stay below the root.
fn is_safe(record: &Record) -> bool {
    let below = |path: &Bytes| {
        path.0
            .split(|&byte| byte == b'/')
            .all(|name| !matches!(name, b"." | b"..") && !name.contains(&0))
            && !path.0.starts_with(b"/")
    };
    match record {
        Record::Journal { .. } => true,
        Record::Directory { path, .. }
        | Record::Kept { path, .. }
        | Record::Replaced { path, .. }
        | Record::Entry { path, .. } => below(path),
        Record::Tree { path, kept, .. } => below(path) && below(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Vec<Record> {
        let time = Time { seconds: -1, nanoseconds: 999_999_999 };
        let metadata = Metadata {
            mode: 0o644,
            owner: 0,
            group: 4,
            accessed: time,
            modified: time,
            attributes: vec![(Bytes(b"user.note".to_vec()), Bytes(vec![0, 255]))],
            flags: 0x80,
        };
        let bytes = |text: &str| Bytes(text.as_bytes().to_vec());
        vec![
            Record::Directory { path: bytes("b"), accessed: time, modified: time },
            Record::Kept { path: bytes("a/f"), size: 3, hash: "00".to_owned() },
            Record::Replaced {
                path: Bytes(b"b/caf\xe9".to_vec()),
                by: Kind::Symbolic,
                text: Some(bytes("../a/f")),
                inode: 7,
                metadata,
            },
        ]
    }

    fn written() -> Vec<u8> {
        let directory = tempfile::tempdir().expect("a directory to work in");
        let path = directory.path().join("journal");
        let mut journal = Journal::create(&path).expect("a new journal");
        journal.start(Path::new("/tree")).expect("its first line");
        for record in example() {
            journal.add(&record).expect("a record");
        }
        journal.commit().expect("all of it");
        std::fs::read(path).expect("the journal")
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (root, records) = read(written().as_slice()).expect("a good journal");
        assert_eq!((root.as_path(), records), (Path::new("/tree"), example()));
    }

    #[test]
    fn a_journal_cut_anywhere_gives_the_records_before_the_cut() {
        let whole = written();
        let first = whole.iter().position(|&byte| byte == b'\n').expect("a first line") + 1;
        for cut in first..whole.len() {
            let (_, records) = read(&whole[..cut]).expect("a journal as a crash leaves it");
            assert!(example().starts_with(&records));
        }
    }

    #[test]
    fn paths_out_of_the_tree_and_other_files_are_refused() {
        let first = r#"{"journal":{"version":1,"root":"/tree","started":0}}"#;
        let with = |line: &str| read(format!("{first}\n{line}\n").as_bytes());
        assert!(with(r#"{"kept":{"path":"a/../../etc","size":0,"hash":""}}"#).is_err());
        assert!(with(r#"{"kept":{"path":"/etc/passwd","size":0,"hash":""}}"#).is_err());
        assert!(with(r#"{"unknown":{}}"#).is_err());
        assert!(read(b"".as_slice()).is_err());
        assert!(read(b"#!/bin/sh\n".as_slice()).is_err());
        assert!(read(br#"{"journal":{"version":2,"root":"/","started":0}}"#.as_slice()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, at: usize, value: u8) {
            let _ = read(bytes.as_slice());
            let mut journal = written();
            let at = at % journal.len();
            journal[at] = value;
            let _ = read(journal.as_slice());
        }
    }
}
