//! A file that nobody changes between the last look and the change, or it is noticed.
//!
//! Three looks of different strength. Device, inode, size, owner, mode and times tell whether
//! anything was changed, as long as nothing of ours has: the time of the last change cannot be set
//! back. When our own rename or link has moved that time, a *lease* says that nobody has the file
//! open for writing and nobody has had since the look before. Where there are no leases, the
//! content is read once more and its hash compared.
//!
//! What then remains, without leases: somebody who opened the file for writing before, and writes
//! between that reading and the removal.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{SeekFrom, seek};

use crate::expected::Expected;
use crate::failure::Failure;
use crate::lease::{self, Lease};
use crate::sighting::Sighting;
use crate::tree;

/// An open file, as it was seen.
#[derive(Debug)]
pub struct Watched {
    file: OwnedFd,
    seen: Sighting,
    is_leased: bool,
    hash: Option<blake3::Hash>,
}

impl Watched {
    /// Watches a file that is open for reading only. While it is watched, who opens it for writing
    /// waits: let it be short.
    pub fn new(file: OwnedFd) -> Result<Self, Failure> {
        let lease = lease::take(&file);
        if lease == Lease::Refused {
            return Err(Failure::InUse);
        }
        let seen = Sighting::of_open(&file)?;
        Ok(Self { file, seen, is_leased: lease == Lease::Held, hash: None })
    }

    /// The same of a file that was looked at before, and perhaps read.
    pub fn seen_before(
        file: OwnedFd,
        seen: &Sighting,
        hash: Option<blake3::Hash>,
    ) -> Result<Self, Failure> {
        let watched = Self { hash, ..Self::new(file)? };
        if watched.seen == *seen { Ok(watched) } else { Err(Failure::Changed) }
    }

    /// What was seen.
    #[must_use]
    pub fn seen(&self) -> &Sighting {
        &self.seen
    }

    /// The open file.
    #[must_use]
    pub fn file(&self) -> &OwnedFd {
        &self.file
    }

    /// Whether it is all as it was seen.
    pub fn look(&mut self) -> Result<(), Failure> {
        self.read_unless_leased()?;
        self.must_be(Sighting::of_open(&self.file)? == self.seen)
    }

    /// Whether a later sighting shows the content that was seen, though somebody may be waiting to
    /// change it: who waits has changed nothing yet.
    pub fn has_same_content(&mut self, now: Sighting) -> Result<(), Failure> {
        if now == self.seen || self.accept(now).is_ok() {
            return Ok(());
        }
        let known = self.hash.filter(|_| now.is_same_but_renamed(&self.seen));
        if known.is_none() || known != Some(self.read()?) {
            return Err(Failure::Changed);
        }
        self.seen.changed = now.changed;
        Ok(())
    }

    /// The hash of its content; it is read once.
    pub fn hash(&mut self) -> Result<blake3::Hash, Failure> {
        if let Some(hash) = self.hash {
            return Ok(hash);
        }
        let hash = self.read()?;
        self.hash = Some(hash);
        Ok(hash)
    }

    /// Whether it is as it was seen, but for what a rename or a further name of ours has changed;
    /// from now on that is how it was seen.
    pub fn look_after_our_change(&mut self) -> Result<(), Failure> {
        let now = Sighting::of_open(&self.file)?;
        self.accept(now)
    }

    /// Takes note of what a rename or a further name of ours has changed; whether that is all is
    /// left to the next look.
    pub fn note_our_change(&mut self) -> Result<(), Failure> {
        self.seen.changed = Sighting::of_open(&self.file)?.changed;
        Ok(())
    }

    /// A later sighting, if only our own change lies between it and the one before.
    pub fn accept(&mut self, now: Sighting) -> Result<(), Failure> {
        self.must_be(now.is_same_but_renamed(&self.seen))?;
        if !self.is_leased {
            let hash = self.read()?;
            // Without a first reading nothing is known.
            self.must_be(self.hash == Some(hash))?;
        }
        self.seen.changed = now.changed;
        Ok(())
    }

    /// Without a lease the content is what later readings are compared with.
    fn read_unless_leased(&mut self) -> Result<(), Failure> {
        if !self.is_leased {
            self.hash()?;
        }
        Ok(())
    }

    fn must_be(&self, same: bool) -> Result<(), Failure> {
        let same = same && (!self.is_leased || lease::is_undisturbed(&self.file));
        if same { Ok(()) } else { Err(Failure::Changed) }
    }

    fn read(&self) -> Result<blake3::Hash, Failure> {
        seek(&self.file, SeekFrom::Start(0))?;
        Ok(tree::hash(&self.file)?.0)
    }
}

impl Expected for Watched {
    fn is_there(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        self.read_unless_leased()?;
        // One inode: what the name says goes for the open file, too.
        let now = Sighting::of_name(directory, name).map_err(Failure::at_seen_name)?;
        if now == self.seen { Ok(()) } else { Err(Failure::Changed) }
    }

    fn is_moved_to(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        let now = Sighting::of_name(directory, name).map_err(Failure::at_seen_name)?;
        self.accept(now)
    }
}

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests;
