//! Files: each is replaced by a link to a file with the same content.

use std::cell::OnceCell;
use std::os::fd::{BorrowedFd, OwnedFd};

use ::files::sighting::{Sighting, status};
use ::files::{Expected, Failure, Staged, Watched, tree};
use names::Bytes;
use rustix::io::Errno;

use super::{Halt, Waiting, Work, halt, of_seen};
use crate::inventory::{FileId, Inventory};
use crate::journal::{Metadata, Record};
use crate::plan::{FileLinks, Kind};
use crate::problem::Problem;
use crate::reflink::{self, Shared};
use crate::relative;

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
        self.kind = links.kind;
        let kept = match self.read_kept(links.kept) {
            Ok(kept) => kept,
            Err(failure) => {
                self.fail_all(&links.replaced, &failure);
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
        Ok(Some(kept))
    }

    fn read_kept(&self, id: FileId) -> Result<Recorded, Failure> {
        let file = self.inventory.open(id)?;
        let seen = self.as_found(id, &file)?;
        let (hash, _) = tree::hash(&file)?;
        Ok(Recorded { seen, hash })
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
            Ok((stat.stx_ino, Metadata::with_status(&file, &stat)?))
        }) else {
            return Ok(());
        };
        let text = (self.kind == Kind::Symbolic)
            .then(|| Bytes(relative::text(self.inventory, name, kept)));
        let path = self.journaled(&self.inventory.physical(name));
        self.record(&Record::Replaced { path, by: self.kind, text, inode, metadata })
    }

    /// Replaces names by links to one file, or to several where one cannot have so many names.
    pub(super) fn link_files(
        &mut self,
        links: &FileLinks,
        recorded: Option<Recorded>,
        waiting: &mut Waiting,
    ) -> Result<(), Halt> {
        let mut rest = self.link_until_full(links, recorded, waiting)?;
        while let Some(links) = rest {
            let recorded = self.prepare(&links)?;
            self.commit_journal()?;
            rest = self.link_until_full(&links, recorded, waiting)?;
        }
        Ok(())
    }

    /// Returns what is left to do when the kept file cannot have more names.
    fn link_until_full(
        &mut self,
        links: &FileLinks,
        recorded: Option<Recorded>,
        waiting: &mut Waiting,
    ) -> Result<Option<FileLinks>, Halt> {
        self.kind = links.kind;
        let Some(recorded) = recorded else { return Ok(None) };
        let mut kept = match self.watch(links.kept, &recorded.seen, recorded.hash) {
            Ok(watched) => {
                Kept { id: links.kept, watched, hash: recorded.hash, directory: OnceCell::new() }
            }
            Err(failure) => {
                self.fail_all(&links.replaced, &failure);
                return Ok(None);
            }
        };
        let inventory = self.inventory;
        let inode = |name: FileId| inventory.recorded(name).inode;
        let mut rest = links.replaced.as_slice();
        while let Some(names) = rest.chunk_by(|&one, &other| inode(one) == inode(other)).next() {
            rest = &rest[names.len()..];
            if let Some(kept) = self.link_inode(names, &mut kept, waiting)? {
                return Ok(Some(FileLinks { kind: links.kind, kept, replaced: rest.to_vec() }));
            }
        }
        Ok(None)
    }

    /// Opens a file again, and from now on nobody writes to it unnoticed.
    fn watch(&self, id: FileId, seen: &Sighting, hash: blake3::Hash) -> Result<Watched, Failure> {
        Watched::seen_before(self.inventory.open(id)?, seen, Some(hash))
    }

    /// Replaces all names of one file. Where the kept one cannot have more names, the name that stays
    /// is returned.
    fn link_inode(
        &mut self,
        names: &[FileId],
        kept: &mut Kept,
        waiting: &mut Waiting,
    ) -> Result<Option<FileId>, Halt> {
        let mut copy = match self.open_copy(names[0], kept.hash) {
            Ok(copy) => copy,
            Err(failure) => {
                self.fail_all(names, &failure);
                return Ok(None);
            }
        };
        for &name in names {
            if self.progress.stop() {
                return Err(Halt { problem: None });
            }
            match self.replace(name, kept, &mut copy, names.len() > 1) {
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
                Err(Failure::System(Errno::MLINK)) => return Ok(Some(name)),
                Err(failure) => self.fail(name, failure),
            }
            self.progress.replaced(1);
        }
        Ok(None)
    }

    /// Opens a file that is to be replaced and reads all of it once more.
    fn open_copy(&self, name: FileId, hash: blake3::Hash) -> Result<Copy, Failure> {
        let file = self.inventory.open(name)?;
        let seen = self.as_found(name, &file)?;
        let same = tree::hash(&file)?.0 == hash;
        match self.kind {
            _ if !same => Err(Failure::Changed),
            // The kernel itself compares the bytes, while nobody can write.
            Kind::Reflink => Ok(Copy::Shared { file, size: seen.size }),
            _ => Ok(Copy::Watched(Watched::seen_before(file, &seen, Some(hash))?)),
        }
    }

    fn replace(
        &mut self,
        name: FileId,
        kept: &mut Kept,
        copy: &mut Copy,
        has_more_names: bool,
    ) -> Result<(), Failure> {
        let copy = match copy {
            Copy::Watched(copy) => copy,
            Copy::Shared { file, size } => {
                return match reflink::share(kept.watched.file(), file, *size)? {
                    Shared::Whole => Ok(()),
                    Shared::Different => Err(Failure::Changed),
                };
            }
        };
        let hard = self.kind == Kind::Hard;
        let inventory = self.inventory;
        let directory = self.directory(name.directory)?;
        let staged = if hard {
            let (from, kept_name) = (kept.directory(inventory)?, inventory.name_bytes(kept.id));
            Staged::hard_link(directory, from, kept_name, kept.watched.seen())?
        } else {
            let text = relative::text(inventory, name, kept.id);
            Staged::link(directory, &text)?.dated(inventory.file(name).modified)?
        };
        let mut both = Both { copy, kept: &mut kept.watched };
        let replaced = staged.replace(inventory.name_bytes(name), &mut both);
        // Giving a file a name, or taking one away, changes the time of its last change.
        if hard {
            kept.watched.note_our_change()?;
        }
        replaced?;
        if has_more_names {
            copy.note_our_change()?;
        }
        Ok(())
    }

    fn fail_all(&mut self, names: &[FileId], failure: &Failure) {
        for &name in names {
            self.fail(name, failure.clone());
        }
    }

    fn fail(&mut self, name: FileId, failure: Failure) {
        let path = || self.inventory.shown(name);
        match of_seen(failure) {
            Failure::Changed | Failure::InUse => self.outcome.changed += 1,
            Failure::System(errno) => {
                self.outcome.problems.push(Problem::system("replace", &path(), errno));
            }
            aside @ Failure::Aside(_) => {
                let reason = aside.to_string();
                self.outcome.problems.push(Problem::stated("replace", &path(), reason));
            }
        }
    }
}

/// A file that stays, and that links are made to.
struct Kept {
    id: FileId,
    watched: Watched,
    hash: blake3::Hash,
    /// That it stands in, opened when a further name is first taken from there.
    directory: OnceCell<OwnedFd>,
}

impl Kept {
    fn directory(&self, inventory: &Inventory) -> Result<&OwnedFd, Errno> {
        if let Some(open) = self.directory.get() {
            return Ok(open);
        }
        let open = inventory.open_directory(self.id.directory)?;
        Ok(self.directory.get_or_init(|| open))
    }
}

/// A file that is replaced.
enum Copy {
    Watched(Watched),
    /// It remains, and shares its storage.
    Shared {
        file: OwnedFd,
        size: u64,
    },
}

/// The copy is expected to stand under its name, and the link to lead to the kept file, while both
/// are what was compared.
struct Both<'at_hand> {
    copy: &'at_hand mut Watched,
    kept: &'at_hand mut Watched,
}

impl Expected for Both<'_> {
    fn is_there(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        self.copy.is_there(directory, name)
    }

    fn is_moved_to(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        self.copy.is_moved_to(directory, name)
    }

    fn fits(&mut self, directory: BorrowedFd<'_>, link: &[u8]) -> Result<(), Failure> {
        let reached = Sighting::through(directory, link).map_err(Failure::at_seen_name)?;
        if !reached.is_same_inode(self.kept.seen()) {
            return Err(Failure::Changed);
        }
        // Who waits to write to the kept file writes to all its names; where it is a link by then,
        // to this one, too.
        self.kept.has_same_content(reached)
    }
}
