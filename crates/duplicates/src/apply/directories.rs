//! Whole directories: each is replaced by a link to one that holds the same.

#![expect(
    clippy::disallowed_methods,
    reason = "the directory has changed places with its link, and each name is looked at before it goes"
)]

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use ::files::sighting::{Sighting, status};
use ::files::tree::{self, Name};
use ::files::{Expected, Failure, Staged, Watched, beneath};
use names::Bytes;
use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::{Halt, Waiting, Work, of_seen};
use crate::inventory::{DirectoryId, FileId};
use crate::journal::{Entry, Metadata, Record};
use crate::plan::DirectoryLinks;
use crate::problem::Problem;
use crate::relative;

/// Two trees that were read and found the same.
struct Compared {
    ids: [DirectoryId; 2],
    tops: [OwnedFd; 2],
    records: Vec<Record>,
}

impl Work<'_> {
    pub(super) fn link_directories(
        &mut self,
        links: &DirectoryLinks,
        waiting: &mut Waiting,
    ) -> Result<(), Halt> {
        for &replaced in &links.replaced {
            if self.progress.stop() {
                return Err(Halt { problem: None });
            }
            match self.link_directory(replaced, links.kept)? {
                Ok(()) => {
                    waiting.directories.remove(&replaced);
                }
                Err(failure) => self.fail_directory(replaced, failure),
            }
            self.progress.replaced(1);
        }
        Ok(())
    }

    fn fail_directory(&mut self, replaced: DirectoryId, failure: Failure) {
        let path = || self.inventory.shown_directory(replaced);
        let attempt = "replace the directory";
        let problem = match of_seen(failure) {
            Failure::Changed | Failure::InUse => {
                self.outcome.changed += 1;
                return;
            }
            Failure::System(errno) => Problem::system(attempt, &path(), errno),
            aside @ Failure::Aside(_) => Problem::stated(attempt, &path(), aside.to_string()),
        };
        self.outcome.problems.push(problem);
    }

    fn link_directory(
        &mut self,
        replaced: DirectoryId,
        kept: DirectoryId,
    ) -> Result<Result<(), Failure>, Halt> {
        let parent = self
            .inventory
            .directory(replaced)
            .parent
            .expect("an argument itself is never replaced");
        self.touch(parent)?;
        let compared = match self.compare(replaced, kept) {
            Ok(compared) => compared,
            Err(failure) => return Ok(Err(failure)),
        };
        let text = relative::directory_text(self.inventory, replaced, kept);
        let path = self.journaled(&self.inventory.physical_directory(replaced));
        let kept_path = self.journaled(&self.inventory.physical_directory(kept));
        self.record(&Record::Tree { path, text: Bytes(text.clone()), kept: kept_path })?;
        for record in &compared.records {
            self.record(record)?;
        }
        self.commit_journal()?;
        Ok(self.exchange(replaced, parent, &text, &compared))
    }

    /// Reads both trees once more, entry by entry.
    fn compare(&self, replaced: DirectoryId, kept: DirectoryId) -> Result<Compared, Failure> {
        let inventory = self.inventory;
        let tops = [inventory.open_directory(replaced)?, inventory.open_directory(kept)?];
        let mut records = Vec::new();
        let range = |id: DirectoryId| id.0..inventory.directory(id).end;
        for (one, other) in range(replaced)
            .zip(range(kept))
            .map(|(one, other)| (DirectoryId(one), DirectoryId(other)))
        {
            let below = &inventory.below_root(one)[inventory.below_root(replaced).len()..];
            let below = below.strip_prefix(b"/").unwrap_or(below);
            let [one_fd, other_fd] = [
                beneath::open(tops[0].as_fd(), below, beneath::DIRECTORY)?,
                beneath::open(tops[1].as_fd(), below, beneath::DIRECTORY)?,
            ];
            if !self.is_as_recorded(one, &one_fd)? || !self.is_as_recorded(other, &other_fd)? {
                return Err(Failure::Changed);
            }
            records.push(Record::Entry {
                path: Bytes(below.to_vec()),
                entry: Entry::Directory,
                metadata: Metadata::of(&one_fd)?,
            });
            let inside = |name: &[u8]| {
                Bytes([below, if below.is_empty() { b"" } else { b"/" }, name].concat())
            };
            for (index, file) in (0..).zip(&inventory.directory(one).files) {
                let name = inventory.name_bytes(FileId { directory: one, index });
                let file_fd = beneath::open_content(one_fd.as_fd(), name)?;
                let (hash, size) = tree::hash(&file_fd)?;
                let kept_fd = beneath::open_content(other_fd.as_fd(), name)?;
                if (hash, size) != tree::hash(&kept_fd)? {
                    return Err(Failure::Changed);
                }
                records.push(Record::Entry {
                    path: inside(name),
                    entry: Entry::File { inode: file.inode, size, hash: hash.to_hex().to_string() },
                    metadata: Metadata::of(&file_fd)?,
                });
            }
            for link in &inventory.directory(one).links {
                records.push(Record::Entry {
                    path: inside(&link.name),
                    entry: Entry::Link { text: Bytes(link.text.to_vec()) },
                    metadata: Metadata::of_link(&status(&one_fd, &link.name)?),
                });
            }
        }
        let ids = [replaced, kept];
        Ok(Compared { ids, tops, records })
    }

    /// Whether an open directory still holds exactly what the inventory says, unchanged.
    fn is_as_recorded(&self, id: DirectoryId, fd: &OwnedFd) -> Result<bool, Errno> {
        let inventory = self.inventory;
        let directory = inventory.directory(id);
        let mut names: Vec<Name> =
            directory.links.iter().map(|link| Name(link.name.to_vec())).collect();
        for index in 0..u32::try_from(directory.files.len()).unwrap_or(u32::MAX) {
            let file = FileId { directory: id, index };
            let name = inventory.name_bytes(file);
            if Sighting::of_name(fd, name)? != inventory.recorded(file) {
                return Ok(false);
            }
            names.push(Name(name.to_vec()));
        }
        for link in &directory.links {
            let text = fs::readlinkat(fd, &*link.name, Vec::new())?;
            if text.as_bytes() != &*link.text {
                return Ok(false);
            }
        }
        let children =
            inventory.below(id).filter(|&below| inventory.directories[below].parent == Some(id));
        names.extend(children.map(|child| Name(inventory.directories[child].name.to_vec())));
        names.sort_unstable();
        Ok(tree::list(fd)? == names)
    }

    /// Puts a link in the place of the directory in one step, looks once more, and removes the
    /// directory.
    fn exchange(
        &mut self,
        replaced: DirectoryId,
        parent: DirectoryId,
        text: &[u8],
        compared: &Compared,
    ) -> Result<(), Failure> {
        let inventory = self.inventory;
        let parent_fd = inventory.open_directory(parent)?;
        let mut trees = BothTrees { work: self, compared };
        let modified = status(&compared.tops[0], b"")?.stx_mtime;
        let staged = Staged::link(&parent_fd, text)?.dated(modified.into())?;
        let old = staged.change_places(&inventory.directory(replaced).name, &mut trees)?;
        let path = inventory.shown_directory(parent).join(Bytes(old.path()).as_path());
        let removed = self.remove_compared(replaced, &compared.tops[0]).and_then(|()| {
            let (above, name) = old.place();
            fs::unlinkat(above, name, AtFlags::REMOVEDIR)?;
            Ok(old.is_gone()?)
        });
        if let Err(failure) = removed {
            let attempt = "remove what a link has taken the place of,";
            self.outcome.problems.push(match failure {
                Failure::System(Errno::NOTEMPTY) | Failure::Changed => {
                    Problem::stated(attempt, &path, "something was put into it meanwhile")
                }
                Failure::System(errno) => Problem::system(attempt, &path, errno),
                other => Problem::stated(attempt, &path, other.to_string()),
            });
        }
        Ok(())
    }

    /// Empties a directory of exactly what was compared; what somebody has put there since stays.
    fn remove_compared(&self, top: DirectoryId, top_fd: &OwnedFd) -> Result<(), Failure> {
        let inventory = self.inventory;
        // What a directory holds comes after it, so it is empty before its turn comes.
        for id in (top.0..inventory.directory(top).end).rev().map(DirectoryId) {
            let directory = self.open_inside(id, top, top_fd)?;
            tree::make_emptiable(&directory)?;
            for (index, _) in (0..).zip(&inventory.directory(id).files) {
                self.remove_file(FileId { directory: id, index }, &directory)?;
            }
            for link in &inventory.directory(id).links {
                gone(fs::unlinkat(&directory, &*link.name, AtFlags::empty()))?;
            }
            for child in inventory.below(id) {
                let child = &inventory.directories[child];
                if child.parent == Some(id) {
                    gone(fs::unlinkat(&directory, &*child.name, AtFlags::REMOVEDIR))?;
                }
            }
        }
        Ok(())
    }

    /// Removes a file that is as it was compared, and that nobody is writing to. Who works in the
    /// directory can still reach it, whatever its name is by now.
    fn remove_file(&self, id: FileId, directory: &OwnedFd) -> Result<(), Failure> {
        let name = self.inventory.name_bytes(id);
        let file = match beneath::open_content(directory.as_fd(), name) {
            Err(Errno::NOENT) => return Ok(()),
            other => other?,
        };
        let watched = Watched::new(file)?;
        // Taking away one name of a file changes the time of the last change of the others.
        let same = watched.seen().is_same_but_renamed(&self.inventory.recorded(id))
            && Sighting::of_name(directory, name)? == *watched.seen();
        if !same {
            return Err(Failure::Changed);
        }
        Ok(gone(fs::unlinkat(directory, name, AtFlags::empty()))?)
    }

    fn open_inside(
        &self,
        id: DirectoryId,
        top: DirectoryId,
        top_fd: &OwnedFd,
    ) -> Result<OwnedFd, Errno> {
        let below = &self.inventory.below_root(id)[self.inventory.below_root(top).len()..];
        let below = below.strip_prefix(b"/").unwrap_or(below);
        beneath::open(top_fd.as_fd(), below, beneath::DIRECTORY)
    }

    /// Whether both trees are as they were compared, and nobody is writing to a file in them.
    fn must_be_the_same(&self, compared: &Compared) -> Result<(), Failure> {
        for (&top, top_fd) in compared.ids.iter().zip(&compared.tops) {
            for id in (top.0..self.inventory.directory(top).end).map(DirectoryId) {
                let directory = self.open_inside(id, top, top_fd)?;
                if !self.is_as_recorded(id, &directory)? {
                    return Err(Failure::Changed);
                }
                self.must_be_unwritten(id, &directory)?;
            }
        }
        Ok(())
    }

    fn must_be_unwritten(&self, id: DirectoryId, directory: &OwnedFd) -> Result<(), Failure> {
        for (index, _) in (0..).zip(&self.inventory.directory(id).files) {
            let file = FileId { directory: id, index };
            let name = self.inventory.name_bytes(file);
            let open = beneath::open_content(directory.as_fd(), name)?;
            Watched::seen_before(open, &self.inventory.recorded(file), None)?;
        }
        Ok(())
    }
}

fn gone(done: Result<(), Errno>) -> Result<(), Errno> {
    if done == Err(Errno::NOENT) { Ok(()) } else { done }
}

/// The directory is expected to stand under its name, and the link to lead to the kept one, while
/// both hold what was compared.
struct BothTrees<'at_hand, 'all> {
    work: &'at_hand Work<'all>,
    compared: &'at_hand Compared,
}

impl BothTrees<'_, '_> {
    fn is_ours(&self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        let now = Sighting::of_name(directory, name).map_err(Failure::at_seen_name)?;
        let same = now.is_same_inode(&Sighting::of_open(&self.compared.tops[0])?);
        if same { Ok(()) } else { Err(Failure::Changed) }
    }
}

impl Expected for BothTrees<'_, '_> {
    fn is_there(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        self.is_ours(directory, name)
    }

    fn is_moved_to(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        self.is_ours(directory, name)?;
        self.work.must_be_the_same(self.compared)
    }

    fn fits(&mut self, directory: BorrowedFd<'_>, link: &[u8]) -> Result<(), Failure> {
        let reached = Sighting::through(directory, link).map_err(Failure::at_seen_name)?;
        let same = reached.is_same_inode(&Sighting::of_open(&self.compared.tops[1])?);
        if same { Ok(()) } else { Err(Failure::Changed) }
    }
}
