//! Makes files and trees again as they were, under temporary names.

#![expect(
    clippy::disallowed_methods,
    reason = "a tree that is being made again has no name of its own yet"
)]

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use files::sighting::Sighting;
use files::staged::NewFile;
use files::{Staged, Watched, beneath, flags, tree, whole};
use names::Bytes;
use rustix::fs::{self, AtFlags, Mode, OFlags, SeekFrom};
use rustix::io::Errno;

use super::{CONTENT_CHANGED, Failure, split};
use crate::journal::{Entry, Metadata};

/// Copies a content into a new file with its metadata, under a temporary name.
pub(super) fn copy(
    content: &OwnedFd,
    hash: &str,
    metadata: &Metadata,
    parent: &Rc<OwnedFd>,
) -> Result<Staged<Rc<OwnedFd>>, Failure> {
    let new = NewFile::create(Rc::clone(parent), whole::PRIVATE)?;
    fill_file(new.file(), content, hash, metadata)?;
    Ok(new.stage()?)
}

fn create(parent: &OwnedFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    fs::openat(parent, name, flags, Mode::RUSR | Mode::WUSR)
}

/// Writes content and metadata. The hash is checked over what was written. Where there are only
/// zeros nothing is stored: a file with holes does not come back larger than it was.
fn fill_file(
    new: &OwnedFd,
    content: &OwnedFd,
    hash: &str,
    metadata: &Metadata,
) -> Result<(), Failure> {
    flags::give(new, metadata.flags);
    let mut hasher = blake3::Hasher::new();
    let mut size = 0;
    tree::in_pieces(content, |piece| {
        hasher.update(piece);
        size += piece.len() as u64;
        if piece.iter().all(|&byte| byte == 0) {
            return fs::seek(new, SeekFrom::Start(size)).map(drop);
        }
        let mut rest = piece;
        while !rest.is_empty() {
            let written = rustix::io::write(new, rest)?;
            rest = &rest[written..];
        }
        Ok(())
    })?;
    fs::ftruncate(new, size)?;
    if hasher.finalize().to_hex().as_str() != hash {
        return Err(CONTENT_CHANGED);
    }
    Ok(metadata.dress().put_on(new)?)
}

/// The files of the kept tree, as they were when their contents were copied.
pub(super) struct Sources<'at_hand> {
    kept: &'at_hand OwnedFd,
    seen: Vec<(&'at_hand Bytes, Sighting)>,
}

impl Sources<'_> {
    /// Somebody who wrote to one of them through the link meant the tree that comes back.
    pub(super) fn must_be_unchanged(&self) -> Result<(), files::Failure> {
        for (path, seen) in &self.seen {
            let open = beneath::open_content(self.kept.as_fd(), &path.0)
                .map_err(files::Failure::at_seen_name)?;
            Watched::seen_before(open, seen, None)?;
        }
        Ok(())
    }
}

/// Makes all entries of a tree in the new directory `top`.
pub(super) fn fill<'at_hand>(
    top: BorrowedFd<'_>,
    kept: &'at_hand OwnedFd,
    entries: &'at_hand [(Bytes, Entry, Metadata)],
) -> Result<Sources<'at_hand>, Failure> {
    let mut sources = Sources { kept, seen: Vec::new() };
    let mut first_names: HashMap<u64, &Bytes> = HashMap::new();
    let open = |path: &[u8]| beneath::open(top, path, beneath::DIRECTORY);
    for (path, entry, metadata) in entries {
        let (above, name) = split(&path.0);
        match entry {
            Entry::Directory if path.0.is_empty() => {}
            Entry::Directory => fs::mkdirat(open(above)?, name, Mode::RWXU)?,
            Entry::Link { text } => {
                let above = open(above)?;
                fs::symlinkat(&text.0, &above, name)?;
                metadata.dress().put_on_link(&above, name)?;
            }
            Entry::File { inode, size, hash } => {
                let above = open(above)?;
                if let Some(first) = first_names.get(inode) {
                    let (first_above, first_name) = split(&first.0);
                    fs::linkat(open(first_above)?, first_name, &above, name, AtFlags::empty())?;
                    continue;
                }
                let content = beneath::open_content(kept.as_fd(), &path.0)?;
                let seen = Sighting::of_open(&content)?;
                if seen.size != *size {
                    return Err(CONTENT_CHANGED);
                }
                fill_file(&create(&above, name)?, &content, hash, metadata)?;
                first_names.insert(*inode, path);
                sources.seen.push((path, seen));
            }
        }
    }
    // What is made in a directory changes its times, so they come last, the deepest first.
    for (path, entry, metadata) in entries.iter().rev() {
        if *entry == Entry::Directory {
            let directory = open(&path.0)?;
            flags::give(&directory, metadata.flags);
            metadata.dress().put_on(&directory)?;
        }
    }
    Ok(sources)
}
