//! Files: each is replaced by a link to a file with the same content.

use std::os::fd::OwnedFd;

use names::Bytes;
use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::{Failure, Halt, Waiting, Work, halt, make_symbolic_link, metadata};
use crate::attributes;
use crate::inventory::{FileId, Inventory};
use crate::journal::Record;
use crate::plan::{FileLinks, Kind};
use crate::problem::Problem;
use crate::reflink::{self, Shared};
use crate::relative;
use crate::sighting::{Sighting, status};
use crate::temporary;
use crate::tree;

/// A file that stays, ready to be linked to.
struct Kept {
    file: OwnedFd,
    seen: Sighting,
    hash: blake3::Hash,
}

/// What was recorded of a file that stays: it must be the same when links to it are made.
#[derive(Clone, Copy)]
pub(super) struct Recorded {
    seen: Sighting,
    hash: blake3::Hash,
}

impl Work<'_> {
    /// Records what is going to be replaced by links to one file. Returns what that is, or
    /// None where it is not what was compared any more.
    pub(super) fn prepare(&mut self, links: &FileLinks) -> Result<Option<Recorded>, Halt> {
        let kept = match self.open_kept(links.kept) {
            Ok(kept) => kept,
            Err(failure) => {
                for &name in &links.replaced {
                    self.fail(name, &failure);
                }
                return Ok(None);
            }
        };
        if self.journal.is_some() {
            let path = self.journaled(&self.inventory.physical(links.kept));
            self.record(&Record::Kept {
                path,
                size: kept.seen.size,
                hash: kept.hash.to_hex().to_string(),
            })?;
        }
        for &name in &links.replaced {
            self.record_replacement(name, links.kept)?;
        }
        Ok(Some(Recorded { seen: kept.seen, hash: kept.hash }))
    }

    fn open_kept(&self, id: FileId) -> Result<Kept, Failure> {
        let file = self.inventory.open(id)?;
        let seen = Sighting::of_open(&file)?;
        if seen != Sighting::recorded(self.inventory, id) {
            return Err(Failure::Changed);
        }
        let (hash, _) = tree::hash(&file)?;
        Ok(Kept { file, seen, hash })
    }

    /// Writes down a file as it is now. One that cannot be looked at is not going to be replaced
    /// either.
    fn record_replacement(&mut self, name: FileId, kept: FileId) -> Result<(), Halt> {
        self.touch(name.directory)?;
        if self.journal.is_none() {
            return Ok(());
        }
        let Ok((inode, metadata)) = self.inventory.open(name).and_then(|file| {
            let stat = status(&file, b"")?;
            Ok((stat.stx_ino, metadata(&stat, attributes::read(&file)?)))
        }) else {
            return Ok(());
        };
        let text = (self.kind == Kind::Symbolic)
            .then(|| Bytes(relative::text(self.inventory, name, kept)));
        let path = self.journaled(&self.inventory.physical(name));
        self.record(&Record::Replaced { path, by: self.kind, text, inode, metadata })
    }

    /// Replaces names by links to one file.
    pub(super) fn link_files(
        &mut self,
        links: &FileLinks,
        recorded: Option<Recorded>,
        waiting: &mut Waiting,
    ) -> Result<(), Halt> {
        let Some(recorded) = recorded else { return Ok(()) };
        let mut kept = match self.open_recorded(links.kept, recorded) {
            Ok(kept) => kept,
            Err(failure) => {
                for &name in &links.replaced {
                    self.fail(name, &failure);
                }
                return Ok(());
            }
        };
        let inode = |name: FileId| Sighting::recorded(self.inventory, name).inode;
        let by_inode: Vec<&[FileId]> =
            links.replaced.chunk_by(|&one, &other| inode(one) == inode(other)).collect();
        for names in by_inode {
            self.link_inode(names, links.kept, &mut kept, waiting)?;
        }
        Ok(())
    }

    fn open_recorded(&self, id: FileId, recorded: Recorded) -> Result<Kept, Failure> {
        let file = self.inventory.open(id)?;
        let seen = Sighting::of_open(&file)?;
        if seen != recorded.seen {
            return Err(Failure::Changed);
        }
        Ok(Kept { file, seen, hash: recorded.hash })
    }

    /// Replaces all names of one file.
    fn link_inode(
        &mut self,
        names: &[FileId],
        kept_id: FileId,
        kept: &mut Kept,
        waiting: &mut Waiting,
    ) -> Result<(), Halt> {
        let mut copy = match self.open_copy(names[0], kept.hash) {
            Ok(copy) => copy,
            Err(failure) => {
                for &name in names {
                    self.fail(name, &failure);
                }
                return Ok(());
            }
        };
        for &name in names {
            if self.progress.stop() {
                return Err(Halt { problem: None });
            }
            match self.replace(name, kept_id, kept, &mut copy) {
                Ok(()) => {
                    waiting.files.remove(&name);
                }
                Err(Failure::System(Errno::OPNOTSUPP)) if self.kind == Kind::Reflink => {
                    let path = self.inventory.shown(name);
                    return Err(halt(Problem::system(
                        "share the storage of",
                        &path,
                        Errno::OPNOTSUPP,
                    )));
                }
                Err(failure) => self.fail(name, &failure),
            }
            self.progress.replaced(1);
        }
        Ok(())
    }

    /// Opens a file that is to be replaced and reads all of it once more.
    fn open_copy(&self, name: FileId, hash: blake3::Hash) -> Result<(OwnedFd, Sighting), Failure> {
        let file = self.inventory.open(name)?;
        let seen = Sighting::of_open(&file)?;
        let same = seen == Sighting::recorded(self.inventory, name) && tree::hash(&file)?.0 == hash;
        if same { Ok((file, seen)) } else { Err(Failure::Changed) }
    }

    fn replace(
        &mut self,
        name: FileId,
        kept_id: FileId,
        kept: &mut Kept,
        (copy, copy_seen): &mut (OwnedFd, Sighting),
    ) -> Result<(), Failure> {
        if self.kind == Kind::Reflink {
            return match reflink::share(&kept.file, copy, copy_seen.size)? {
                Shared::Whole => Ok(()),
                Shared::Different => Err(Failure::Changed),
            };
        }
        let kind = self.kind;
        let inventory = self.inventory;
        let directory = self.directory(name.directory)?;
        let temporary = match kind {
            Kind::Hard => make_hard_link(inventory, kept_id, kept, directory)?,
            _ => make_symbolic_link(&relative::text(inventory, name, kept_id), directory)?,
        };
        let swapped = swap(inventory.name_bytes(name), &temporary, directory, kept, copy_seen);
        if swapped.is_err() {
            // What is to be reported is why; only the temporary link is left to clean up.
            let _ = fs::unlinkat(directory, &temporary, AtFlags::empty());
        }
        // Giving a file a name, or taking one away, changes the time of its last change.
        if kind == Kind::Hard {
            kept.seen.changed = Sighting::of_open(&kept.file)?.changed;
        }
        swapped?;
        copy_seen.changed = Sighting::of_open(copy)?.changed;
        Ok(())
    }

    fn fail(&mut self, name: FileId, failure: &Failure) {
        match failure {
            Failure::Changed => self.outcome.changed += 1,
            Failure::System(errno) => {
                let path = self.inventory.shown(name);
                self.outcome.problems.push(Problem::system("replace", &path, *errno));
            }
        }
    }
}

/// Puts the temporary link in the place of the name, if nothing has changed.
fn swap(
    name: &[u8],
    temporary: &[u8],
    directory: &OwnedFd,
    kept: &Kept,
    copy: &Sighting,
) -> Result<(), Failure> {
    let reached = Sighting::through(directory, temporary)?;
    let kept_now = Sighting::of_open(&kept.file)?;
    if reached != kept_now || kept_now != kept.seen || Sighting::of_name(directory, name)? != *copy
    {
        return Err(Failure::Changed);
    }
    fs::renameat(directory, temporary, directory, name)?;
    Ok(())
}

/// Makes a further name for the kept file. That changes the time of its last change, so whether
/// somebody has edited it is looked at just before.
fn make_hard_link(
    inventory: &Inventory,
    id: FileId,
    kept: &mut Kept,
    directory: &OwnedFd,
) -> Result<Vec<u8>, Failure> {
    let from = inventory.open_directory(id.directory)?;
    if Sighting::of_open(&kept.file)? != kept.seen {
        return Err(Failure::Changed);
    }
    let name = inventory.name_bytes(id);
    let made = temporary::make(|new| fs::linkat(&from, name, directory, new, AtFlags::empty()))?;
    kept.seen.changed = Sighting::of_open(&kept.file)?.changed;
    Ok(made)
}
