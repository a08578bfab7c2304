//! Carries out a plan, one replacement at a time, so that a crash at any moment loses nothing.
//!
//! A replacement is a temporary link beside the file, a last look whether both files are still those
//! that were compared, and an exchange of the two names. The old file is looked at again before it
//! goes; where it or the kept one is not what was compared, they change back. What a batch of
//! replacements replaces is in the journal and on the disk before the first one is made.

mod directories;
mod files;
mod leftovers;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use names::Bytes;
use rustix::fs::{self, Timestamps};
use rustix::io::Errno;

use crate::inventory::{DirectoryId, FileId, Inventory};
use crate::journal::{Journal, Record};
use crate::plan::{FileLinks, Kind, Plan};
use crate::problem::Problem;
use crate::progress::Progress;
use ::files::dress::timestamps;
use ::files::sighting::status;
use ::files::{Failure, Sighting, Time, lock};

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

impl Outcome {
    /// Whether anything that was planned came about.
    #[must_use]
    pub fn has_replaced(&self, plan: &Plan) -> bool {
        let mut files = plan.files.iter().flat_map(|links| &links.replaced);
        let mut directories = plan.directories.iter().flat_map(|links| &links.replaced);
        files.any(|file| !self.unreplaced_files.contains(file))
            || directories.any(|one| !self.unreplaced_directories.contains(one))
    }
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
        cleaned: BTreeSet::new(),
        touched: BTreeMap::new(),
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
    /// What takes the place of the file at hand.
    kind: Kind,
    journal: Option<&'all mut Journal>,
    progress: &'all dyn Progress,
    /// Inodes of which a leftover name was cleaned up: that has changed the time of their last
    /// change since they were found.
    cleaned: BTreeSet<u64>,
    /// Directories in which something is, or was to be, replaced, with their times before.
    touched: BTreeMap<DirectoryId, Option<Timestamps>>,
    /// The directory at work in.
    open: Option<(DirectoryId, OwnedFd)>,
    outcome: Outcome,
}

/// Nothing more can be done: somebody wishes so, or there is a reason.
struct Halt {
    problem: Option<Problem>,
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
        let _lock = lock::wait(roots, &|| self.progress.waiting()).map_err(|errno| {
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

    /// A file as it is now, if it is as it was found.
    fn as_found(&self, id: FileId, file: &OwnedFd) -> Result<Sighting, Failure> {
        let (now, found) = (Sighting::of_open(file)?, self.inventory.recorded(id));
        let cleaned = || self.cleaned.contains(&now.inode) && now.is_same_but_renamed(&found);
        if now == found || cleaned() { Ok(now) } else { Err(Failure::Changed) }
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
        if self.touched.contains_key(&id) {
            return Ok(());
        }
        let stat = self.directory(id).and_then(|directory| status(directory, b""));
        let times: Option<(Time, Time)> =
            stat.ok().map(|stat| (stat.stx_atime.into(), stat.stx_mtime.into()));
        self.touched.insert(id, times.map(|(accessed, modified)| timestamps(accessed, modified)));
        let Some((accessed, modified)) = times.filter(|_| self.journal.is_some()) else {
            return Ok(());
        };
        let path = self.journaled(&self.inventory.physical_directory(id));
        self.record(&Record::Directory { path, accessed, modified })
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

    /// Gives directories their times again, which say when somebody put something there, and returns
    /// when all names are on the disk as they are now.
    fn sync_directories(&mut self) {
        for (id, times) in std::mem::take(&mut self.touched) {
            let synced = self.inventory.open_directory(id).and_then(|directory| {
                // Where the directory is somebody else's, its time stays that of the change.
                let _ = times.map(|times| fs::futimens(&directory, &times));
                fs::fsync(directory)
            });
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

fn halt(problem: Problem) -> Halt {
    Halt { problem: Some(problem) }
}

/// What a failure means: everything here was seen before.
fn of_seen(failure: Failure) -> Failure {
    match failure {
        Failure::System(errno) => Failure::at_seen_name(errno),
        other => other,
    }
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
