//! Carries out a plan, one replacement at a time, so that a crash at any moment loses nothing.
//!
//! A replacement is a temporary link beside the file, a last look whether both files are still those
//! that were compared, and a rename over the file. What a batch of them replaces is in the journal
//! and on the disk before the first one is made.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, RenameFlags, Statx};
use rustix::io::Errno;

use crate::attributes;
use crate::beneath;
use crate::bytes::Bytes;
use crate::inventory::{DirectoryId, FileId, Inventory, Leftover};
use crate::journal::{Entry, Journal, Metadata, Record};
use crate::lock;
use crate::plan::{DirectoryLinks, FileLinks, Kind, Plan};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::reflink::{self, Shared};
use crate::relative;
use crate::sighting::{Sighting, status};
use crate::temporary;
use crate::tree::{self, Name};

/// How many names are replaced between two waits for the journal to reach the disk.
const BATCH: usize = 512;

/// What came of a plan.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Names of files that were to be replaced and were not: they changed meanwhile, or there was
    /// a problem.
    pub unreplaced_files: BTreeSet<FileId>,
    /// Likewise directories.
    pub unreplaced_directories: BTreeSet<DirectoryId>,
    /// How many of both were not replaced because they had changed.
    pub changed: u64,
    /// Temporary names of an interrupted run that were cleaned up.
    pub cleaned: u64,
    /// True when the work was stopped before its end.
    pub stopped: bool,
    /// What could not be done.
    pub problems: Vec<Problem>,
}

/// Carries out the plan; all that it replaces goes into the journal first.
pub fn apply(
    inventory: &Inventory,
    plan: &Plan,
    journal: Option<&mut Journal>,
    progress: &dyn Progress,
) -> Outcome {
    let mut work = Work {
        inventory,
        kind: plan.kind,
        journal,
        progress,
        touched: BTreeSet::new(),
        open: None,
        outcome: Outcome::default(),
    };
    let done = work.carry_out(plan);
    if let Err(Halt { problem }) = done {
        work.outcome.stopped = true;
        work.outcome.problems.extend(problem);
    }
    work.sync_directories();
    work.outcome
}

struct Work<'all> {
    inventory: &'all Inventory,
    kind: Kind,
    journal: Option<&'all mut Journal>,
    progress: &'all dyn Progress,
    /// Directories in which something is, or was to be, replaced.
    touched: BTreeSet<DirectoryId>,
    /// The directory at work in.
    open: Option<(DirectoryId, OwnedFd)>,
    outcome: Outcome,
}

/// Nothing more can be done: somebody wishes so, or there is a reason.
struct Halt {
    problem: Option<Problem>,
}

/// Why one replacement was not made.
enum Failure {
    /// One of the files is no longer what was compared.
    Changed,
    System(Errno),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        match errno {
            // Somebody took away a file or a directory on its path, or put a link in its place.
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::STALE => Self::Changed,
            other => Self::System(other),
        }
    }
}

/// A file that stays, ready to be linked to.
struct Kept {
    file: OwnedFd,
    seen: Sighting,
    hash: blake3::Hash,
}

impl<'all> Work<'all> {
    fn carry_out(&mut self, plan: &'all Plan) -> Result<(), Halt> {
        let mut waiting = Waiting::all(plan);
        let finished = self.carry_out_all(plan, &mut waiting);
        self.outcome.unreplaced_directories.extend(waiting.directories);
        self.outcome.unreplaced_files.extend(waiting.files);
        finished
    }

    fn carry_out_all(&mut self, plan: &'all Plan, waiting: &mut Waiting) -> Result<(), Halt> {
        let roots = self.inventory.roots.iter().map(|root| root.physical.as_path());
        let _lock = lock::wait(roots, self.progress).map_err(|errno| {
            let path = self.inventory.roots.first().map_or(Path::new("/"), |root| &root.shown);
            halt(Problem::system("lock the file system of", path, errno))
        })?;
        self.clean_up();
        if plan.is_empty() {
            return Ok(());
        }
        self.progress.to_replace((waiting.files.len() + waiting.directories.len()) as u64);
        self.start_journal()?;
        for links in &plan.directories {
            self.link_directories(links, waiting)?;
        }
        for batch in batches(&plan.files) {
            let ready =
                batch.iter().map(|links| self.prepare(links)).collect::<Result<Vec<_>, _>>()?;
            self.commit_journal()?;
            for (links, hash) in batch.iter().zip(ready) {
                self.link_files(links, hash, waiting)?;
            }
        }
        Ok(())
    }

    /// Records what is going to be replaced by links to one file. Returns the hash of its content,
    /// or None where it is not there any more.
    fn prepare(&mut self, links: &FileLinks) -> Result<Option<blake3::Hash>, Halt> {
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
        Ok(Some(kept.hash))
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
    fn link_files(
        &mut self,
        links: &FileLinks,
        hash: Option<blake3::Hash>,
        waiting: &mut Waiting,
    ) -> Result<(), Halt> {
        let Some(hash) = hash else { return Ok(()) };
        let kept = self
            .inventory
            .open(links.kept)
            .map_err(Failure::from)
            .and_then(|file| Ok(Kept { seen: Sighting::of_open(&file)?, file, hash }));
        let mut kept = match kept {
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
            Kind::Hard => make_hard_link(inventory, kept_id, directory)?,
            _ => make_symbolic_link(&relative::text(inventory, name, kept_id), directory)?,
        };
        let swapped = swap(inventory.name_bytes(name), &temporary, directory, kept, copy_seen);
        if swapped.is_err() {
            // What is to be reported is why; only the temporary link is left to clean up.
            let _ = fs::unlinkat(directory, &temporary, AtFlags::empty());
        }
        swapped?;
        // Taking away a name changes the time of the last change of a file that has others.
        copy_seen.changed = Sighting::of_open(copy)?.changed;
        Ok(())
    }

    /// The open directory; the last one stays open.
    fn directory(&mut self, id: DirectoryId) -> Result<&OwnedFd, Errno> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != id) {
            self.open = Some((id, self.inventory.open_directory(id)?));
        }
        Ok(&self.open.as_ref().expect("it was opened just now").1)
    }

    /// Writes down the times of a directory before something in it is replaced.
    fn touch(&mut self, id: DirectoryId) -> Result<(), Halt> {
        if !self.touched.insert(id) || self.journal.is_none() {
            return Ok(());
        }
        let Ok(stat) = self.directory(id).and_then(|directory| status(directory, b"")) else {
            return Ok(());
        };
        let path = self.journaled(&self.inventory.physical_directory(id));
        let (accessed, modified) = (stat.stx_atime.into(), stat.stx_mtime.into());
        self.record(&Record::Directory { path, accessed, modified })
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

    fn start_journal(&mut self) -> Result<(), Halt> {
        let root = common(self.inventory.roots.iter().map(|root| root.physical.as_path()));
        self.journaling(|journal| journal.start(&root))
    }

    fn record(&mut self, record: &Record) -> Result<(), Halt> {
        self.journaling(|journal| journal.add(record))
    }

    fn commit_journal(&mut self) -> Result<(), Halt> {
        self.journaling(Journal::commit)
    }

    /// Without its journal nothing is done any more.
    fn journaling(
        &mut self,
        step: impl FnOnce(&mut Journal) -> io::Result<()>,
    ) -> Result<(), Halt> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        step(journal).map_err(|error| {
            let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
            halt(Problem::system("write the journal", journal.path(), errno))
        })
    }

    fn journaled(&self, path: &Path) -> Bytes {
        self.journal.as_ref().map_or_else(|| Bytes::of(path), |journal| journal.relative(path))
    }

    /// Returns when all names are on the disk as they are now.
    fn sync_directories(&mut self) {
        for id in std::mem::take(&mut self.touched) {
            let synced = self.inventory.open_directory(id).and_then(fs::fsync);
            match synced {
                Ok(()) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
                Err(errno) => {
                    let path = self.inventory.shown_directory(id);
                    self.outcome.problems.push(Problem::system("write to the disk", &path, errno));
                }
            }
        }
    }
}

/// What is still to be done.
struct Waiting {
    files: BTreeSet<FileId>,
    directories: BTreeSet<DirectoryId>,
}

impl Waiting {
    fn all(plan: &Plan) -> Self {
        Self {
            files: plan.files.iter().flat_map(|links| &links.replaced).copied().collect(),
            directories: plan
                .directories
                .iter()
                .flat_map(|links| &links.replaced)
                .copied()
                .collect(),
        }
    }
}

/// Groups of links, together about as many as one wait for the disk is worth.
fn batches(files: &[FileLinks]) -> impl Iterator<Item = &[FileLinks]> {
    let mut rest = files;
    std::iter::from_fn(move || {
        let mut names = 0;
        let count = rest.iter().take_while(|links| {
            let before = names;
            names += links.replaced.len();
            before < BATCH
        });
        let (batch, after) = rest.split_at(count.count());
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

/// Puts the temporary link in the place of the name, if nothing has changed.
fn swap(
    name: &[u8],
    temporary: &[u8],
    directory: &OwnedFd,
    kept: &mut Kept,
    copy: &Sighting,
) -> Result<(), Failure> {
    let reached = Sighting::through(directory, temporary)?;
    let kept_now = Sighting::of_open(&kept.file)?;
    // Making a hard link changes the time of the last change, and nothing else.
    let kept_as_before = Sighting { changed: kept.seen.changed, ..kept_now } == kept.seen;
    if reached != kept_now || !kept_as_before || Sighting::of_name(directory, name)? != *copy {
        return Err(Failure::Changed);
    }
    fs::renameat(directory, temporary, directory, name)?;
    Ok(())
}

fn make_symbolic_link(text: &[u8], directory: &OwnedFd) -> Result<Vec<u8>, Errno> {
    with_temporary_name(|name| fs::symlinkat(text, directory, name))
}

fn make_hard_link(
    inventory: &Inventory,
    kept: FileId,
    directory: &OwnedFd,
) -> Result<Vec<u8>, Errno> {
    let from = inventory.open_directory(kept.directory)?;
    let kept = inventory.name_bytes(kept);
    with_temporary_name(|name| fs::linkat(&from, kept, directory, name, AtFlags::empty()))
}

/// Makes something under a temporary name that nothing has yet.
pub(crate) fn with_temporary_name(
    make: impl Fn(&[u8]) -> Result<(), Errno>,
) -> Result<Vec<u8>, Errno> {
    loop {
        let name = temporary::name();
        match make(&name) {
            Err(Errno::EXIST) => {}
            other => return other.map(|()| name),
        }
    }
}

fn halt(problem: Problem) -> Halt {
    Halt { problem: Some(problem) }
}

/// The longest path that all paths lie at or below.
fn common<'path>(mut paths: impl Iterator<Item = &'path Path>) -> PathBuf {
    let first = paths.next().unwrap_or(Path::new("/")).to_owned();
    paths.fold(first, |common, path| {
        common
            .ancestors()
            .find(|ancestor| path.starts_with(ancestor))
            .unwrap_or(Path::new("/"))
            .to_owned()
    })
}

fn metadata(stat: &Statx, attributes: attributes::Attributes) -> Metadata {
    Metadata {
        mode: stat.stx_mode & 0o7777,
        owner: stat.stx_uid,
        group: stat.stx_gid,
        accessed: stat.stx_atime.into(),
        modified: stat.stx_mtime.into(),
        attributes: attributes
            .into_iter()
            .map(|(name, value)| (Bytes(name), Bytes(value)))
            .collect(),
    }
}

/// Directories.
impl Work<'_> {
    fn link_directories(
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
        Ok(tree::remove(parent.as_fd(), &temporary)?)
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

/// Two trees that were read and found the same.
struct Compared {
    ids: [DirectoryId; 2],
    tops: [OwnedFd; 2],
    records: Vec<Record>,
}

fn reaches(directory: &OwnedFd, link: &[u8], target: &OwnedFd) -> Result<(), Failure> {
    let same = Sighting::through(directory, link)?.is_same_inode(&Sighting::of_open(target)?);
    if same { Ok(()) } else { Err(Failure::Changed) }
}

/// What an interrupted run left behind.
impl Work<'_> {
    fn clean_up(&mut self) {
        let mut places: BTreeMap<DirectoryId, Vec<&Leftover>> = BTreeMap::new();
        for leftover in &self.inventory.leftovers {
            places.entry(leftover.directory).or_default().push(leftover);
        }
        for (id, leftovers) in places {
            for leftover in leftovers {
                let cleaned = self
                    .inventory
                    .open_directory(id)
                    .and_then(|directory| clean(&directory, &leftover.name));
                let path = || {
                    self.inventory.shown_directory(id).join(Bytes(leftover.name.to_vec()).as_path())
                };
                match cleaned {
                    Ok(true) => self.outcome.cleaned += 1,
                    Ok(false) => self.outcome.problems.push(Problem::stated(
                        "clean up",
                        &path(),
                        "an interrupted run left it, and no link beside it leads to the same content",
                    )),
                    Err(Errno::NOENT) => {}
                    Err(errno) => self.outcome.problems.push(Problem::system("clean up", &path(), errno)),
                }
            }
        }
    }
}

/// Removes a leftover if nothing is lost with it: a link, a further name of a file, or what a link
/// beside it leads to anyway.
fn clean(directory: &OwnedFd, name: &[u8]) -> Result<bool, Errno> {
    let stat = status(directory, name)?;
    let kind = fs::FileType::from_raw_mode(u32::from(stat.stx_mode));
    let redundant = kind.is_symlink()
        || kind.is_file() && stat.stx_nlink > 1
        || leads_to_the_same(directory, name)?;
    if redundant {
        tree::remove(directory.as_fd(), name)?;
    }
    Ok(redundant)
}

fn leads_to_the_same(directory: &OwnedFd, name: &[u8]) -> Result<bool, Errno> {
    for Name(link) in tree::list(directory)? {
        if temporary::is_temporary(&link) {
            continue;
        }
        let Ok(text) = fs::readlinkat(directory, &link, Vec::new()) else { continue };
        if let Ok(true) =
            tree::is_part_of(directory.as_fd(), name, directory.as_fd(), text.as_bytes())
        {
            return Ok(true);
        }
    }
    Ok(false)
}
