//! Whole directories: each is replaced by a link to one that holds the same.

use std::os::fd::{AsFd, OwnedFd};

use names::Bytes;
use rustix::fs::{self, AtFlags, RenameFlags};
use rustix::io::Errno;

use super::{Failure, Halt, Waiting, Work, make_symbolic_link, metadata};
use crate::attributes;
use crate::beneath;
use crate::inventory::{DirectoryId, FileId};
use crate::journal::{Entry, Record};
use crate::plan::DirectoryLinks;
use crate::problem::Problem;
use crate::relative;
use crate::sighting::{Sighting, status};
use crate::tree::{self, Name};

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
                Err(Failure::Changed) => self.outcome.changed += 1,
                Err(Failure::System(errno)) => {
                    let path = self.inventory.shown_directory(replaced);
                    self.outcome.problems.push(Problem::system(
                        "replace the directory",
                        &path,
                        errno,
                    ));
                }
            }
            self.progress.replaced(1);
        }
        Ok(())
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
            let stat = status(&one_fd, b"")?;
            records.push(Record::Entry {
                path: Bytes(below.to_vec()),
                entry: Entry::Directory,
                metadata: metadata(&stat, attributes::read(&one_fd)?),
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
                let stat = status(&file_fd, b"")?;
                records.push(Record::Entry {
                    path: inside(name),
                    entry: Entry::File { inode: file.inode, size, hash: hash.to_hex().to_string() },
                    metadata: metadata(&stat, attributes::read(&file_fd)?),
                });
            }
            for link in &inventory.directory(one).links {
                let stat = status(&one_fd, &link.name)?;
                records.push(Record::Entry {
                    path: inside(&link.name),
                    entry: Entry::Link { text: Bytes(link.text.to_vec()) },
                    metadata: metadata(&stat, Vec::new()),
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
            if Sighting::of_name(fd, name)? != Sighting::recorded(inventory, file) {
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
        let name = &inventory.directory(replaced).name;
        let parent = inventory.open_directory(parent)?;
        let temporary = make_symbolic_link(text, &parent)?;
        let exchanged = reaches(&parent, &temporary, &compared.tops[1]).and_then(|()| {
            Ok(fs::renameat_with(&parent, &temporary, &parent, &**name, RenameFlags::EXCHANGE)?)
        });
        if let Err(failure) = exchanged {
            // What is to be reported is why; only the temporary link is left to clean up.
            let _ = fs::unlinkat(&parent, &temporary, AtFlags::empty());
            return Err(failure);
        }
        if !self.is_still_the_same(compared) {
            fs::renameat_with(&parent, &temporary, &parent, &**name, RenameFlags::EXCHANGE)?;
            fs::unlinkat(&parent, &temporary, AtFlags::empty())?;
            return Err(Failure::Changed);
        }
        let removed = self
            .remove_compared(replaced, &compared.tops[0])
            .and_then(|()| fs::unlinkat(&parent, &temporary, AtFlags::REMOVEDIR));
        if let Err(errno) = removed {
            let above = inventory.directory(replaced).parent.unwrap_or(replaced);
            let path = inventory.shown_directory(above).join(Bytes(temporary).as_path());
            let attempt = "remove what a link has taken the place of,";
            self.outcome.problems.push(match errno {
                Errno::NOTEMPTY => {
                    Problem::stated(attempt, &path, "something was put into it meanwhile")
                }
                other => Problem::system(attempt, &path, other),
            });
        }
        Ok(())
    }

    /// Empties a directory of exactly what was compared; what somebody has put there since stays.
    fn remove_compared(&self, top: DirectoryId, top_fd: &OwnedFd) -> Result<(), Errno> {
        let inventory = self.inventory;
        let gone = |done| if done == Err(Errno::NOENT) { Ok(()) } else { done };
        // What a directory holds comes after it, so it is empty before its turn comes.
        for id in (top.0..inventory.directory(top).end).rev().map(DirectoryId) {
            let below = &inventory.below_root(id)[inventory.below_root(top).len()..];
            let below = below.strip_prefix(b"/").unwrap_or(below);
            let directory = beneath::open(top_fd.as_fd(), below, beneath::DIRECTORY)?;
            tree::make_emptiable(&directory)?;
            for (index, _) in (0..).zip(&inventory.directory(id).files) {
                let file = FileId { directory: id, index };
                let name = inventory.name_bytes(file);
                let recorded = Sighting::recorded(inventory, file);
                let now = match Sighting::of_name(&directory, name) {
                    Err(Errno::NOENT) => continue,
                    other => other?,
                };
                // Taking away one name of a file changes the time of the last change of the others.
                if (Sighting { changed: recorded.changed, ..now }) != recorded {
                    return Err(Errno::NOTEMPTY);
                }
                gone(fs::unlinkat(&directory, name, AtFlags::empty()))?;
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

    fn is_still_the_same(&self, compared: &Compared) -> bool {
        compared.ids.iter().zip(&compared.tops).all(|(&top, top_fd)| {
            let length = self.inventory.below_root(top).len();
            (top.0..self.inventory.directory(top).end).map(DirectoryId).all(|id| {
                let below = &self.inventory.below_root(id)[length..];
                let below = below.strip_prefix(b"/").unwrap_or(below);
                let directory = beneath::open(top_fd.as_fd(), below, beneath::DIRECTORY);
                directory.and_then(|fd| self.is_as_recorded(id, &fd)).unwrap_or(false)
            })
        })
    }
}

fn reaches(directory: &OwnedFd, link: &[u8], target: &OwnedFd) -> Result<(), Failure> {
    let same = Sighting::through(directory, link)?.is_same_inode(&Sighting::of_open(target)?);
    if same { Ok(()) } else { Err(Failure::Changed) }
}
