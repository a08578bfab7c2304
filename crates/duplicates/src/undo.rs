//! Takes back what a journal records, the last replacement first.
//!
//! The content comes back from the kept file, if that still is what it was; mode, owner, times and
//! attributes come from the journal. What was not replaced, or was taken back before, is passed
//! over; what somebody has changed since is left alone.
//!
//! Files are made again under temporary names, a batch of them at a time. When the batch is on the
//! disk they change places with the links. Who wrote through a link meanwhile meant this file: then
//! the link comes back.

mod remake;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use files::dress::timestamps;
use files::{Expected, Sighting, Staged, Watched, beneath, leftovers, lock, tree};
use names::Bytes;
use rustix::fs::{self, Mode, Timestamps};
use rustix::io::Errno;

use crate::journal::{self, Entry, Metadata, Record, Unusable};
use crate::plan::Kind;
use crate::problem::Problem;
use crate::progress::Progress;

/// How many files are made again between two waits for the disk. Each keeps a directory open.
const BATCH: usize = 256;

/// What was taken back.
#[derive(Debug, Default)]
pub struct Undone {
    /// Files and directories that are again what they were.
    pub restored: u64,
    /// Those that needed nothing: they were not replaced, or are restored already.
    pub untouched: u64,
    /// What could not be taken back.
    pub problems: Vec<Problem>,
    /// True when the work was stopped before its end.
    pub stopped: bool,
}

/// Takes back what `source`, a journal, records. With `moved_to` the tree is not where it was.
pub fn undo(
    source: impl io::Read,
    moved_to: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Undone, Unusable> {
    let (root, records) = journal::read(source)?;
    let root = moved_to.map_or(root, Path::to_owned);
    let top = match fs::open(&root, beneath::DIRECTORY, Mode::empty()) {
        Ok(top) => top,
        Err(errno) => return Ok(failed(Problem::system("open the directory", &root, errno))),
    };
    let physical = root.canonicalize()?;
    let _lock = match lock::wait(std::iter::once(physical.as_path()), &|| progress.waiting()) {
        Ok(lock) => lock,
        Err(errno) => return Ok(failed(Problem::system("lock the file system of", &root, errno))),
    };
    let steps = Steps::of(records);
    progress.to_replace(steps.replacements.len() as u64);
    let mut work = Work {
        root,
        top,
        last_parent: RefCell::new(None),
        first_names: HashMap::new(),
        ready: Vec::new(),
        touched: BTreeSet::new(),
        undone: Undone::default(),
    };
    work.clean_up(&steps.replacements);
    work.find_restored(&steps.replacements);
    for replacement in steps.replacements.iter().rev() {
        if progress.stop() {
            work.undone.stopped = true;
            break;
        }
        work.take_back(replacement);
        progress.replaced(1);
    }
    work.put_in_place();
    work.sync_directories();
    if !work.undone.stopped {
        for (path, times) in steps.directories.iter().rev() {
            work.restore_times(path, times);
        }
    }
    Ok(work.undone)
}

fn failed(problem: Problem) -> Undone {
    Undone { problems: vec![problem], ..Undone::default() }
}

/// The records by what is to be done.
#[derive(Default)]
struct Steps {
    replacements: Vec<Replacement>,
    directories: Vec<(Bytes, Timestamps)>,
}

enum Replacement {
    File(ReplacedFile),
    Tree { path: Bytes, text: Bytes, kept: Bytes, entries: Vec<(Bytes, Entry, Metadata)> },
}

struct ReplacedFile {
    path: Bytes,
    by: Kind,
    text: Option<Bytes>,
    inode: u64,
    metadata: Metadata,
    kept: Kept,
}

impl ReplacedFile {
    fn origin(&self) -> Origin<'_> {
        (self.inode, &self.kept.path)
    }
}

impl Replacement {
    fn path(&self) -> &Bytes {
        match self {
            Self::File(ReplacedFile { path, .. }) | Self::Tree { path, .. } => path,
        }
    }
}

/// The file that the content comes back from.
#[derive(Clone)]
struct Kept {
    path: Bytes,
    size: u64,
    hash: String,
}

impl Steps {
    fn of(records: Vec<Record>) -> Self {
        let mut steps = Self::default();
        let mut last_kept = None;
        for record in records {
            match record {
                Record::Journal { .. } => {}
                Record::Directory { path, accessed, modified } => {
                    steps.directories.push((path, timestamps(accessed, modified)));
                }
                Record::Kept { path, size, hash } => last_kept = Some(Kept { path, size, hash }),
                Record::Replaced { path, by, text, inode, metadata } => {
                    // A replacement without a kept file is none of ours.
                    let Some(kept) = last_kept.clone() else { continue };
                    let file = ReplacedFile { path, by, text, inode, metadata, kept };
                    steps.replacements.push(Replacement::File(file));
                }
                Record::Tree { path, text, kept } => {
                    steps.replacements.push(Replacement::Tree {
                        path,
                        text,
                        kept,
                        entries: Vec::new(),
                    });
                }
                Record::Entry { path, entry, metadata } => {
                    if let Some(Replacement::Tree { entries, .. }) = steps.replacements.last_mut() {
                        entries.push((path, entry, metadata));
                    }
                }
            }
        }
        steps
    }
}

struct Work<'steps> {
    root: PathBuf,
    top: OwnedFd,
    /// The last directory that was opened, with its path.
    last_parent: RefCell<Option<(Vec<u8>, Rc<OwnedFd>)>>,
    /// Restored files, so that their further names join them.
    first_names: HashMap<Origin<'steps>, &'steps Bytes>,
    /// Files that are made again and do not yet have their names.
    ready: Vec<Ready<'steps>>,
    /// Directories in which something was restored.
    touched: BTreeSet<&'steps [u8]>,
    undone: Undone,
}

/// What tells a file from others that were replaced: its old inode, and where its content comes
/// from.
type Origin<'steps> = (u64, &'steps Bytes);

/// A file under a temporary name.
struct Ready<'steps> {
    file: &'steps ReplacedFile,
    name: &'steps [u8],
    staged: Staged<Rc<OwnedFd>>,
    /// The kept file when its content was read.
    kept: Sighting,
}

/// Why something was not taken back.
enum Failure {
    /// It is what it was.
    Untouched,
    /// It is something else by now.
    Stated(Cow<'static, str>),
    System(Errno),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::System(errno)
    }
}

impl From<files::Failure> for Failure {
    fn from(failure: files::Failure) -> Self {
        match failure {
            files::Failure::System(errno) => Self::System(errno),
            files::Failure::Changed => CHANGED,
            other => Self::Stated(other.to_string().into()),
        }
    }
}

const CHANGED: Failure =
    Failure::Stated(Cow::Borrowed("it is not the link any more that was made"));
const CONTENT_CHANGED: Failure =
    Failure::Stated(Cow::Borrowed("the file that its content would come from has changed since"));
const IN_USE: Failure = Failure::Stated(Cow::Borrowed(
    "somebody has the file that its content would come from open for writing",
));

impl<'steps> Work<'steps> {
    fn take_back(&mut self, replacement: &'steps Replacement) {
        match replacement {
            Replacement::File(file) => self.take_back_file(file),
            Replacement::Tree { path, text, kept, entries } => {
                self.put_in_place();
                let done = self.restore_tree(path, text, kept, entries);
                self.count(path, &done);
            }
        }
    }

    fn take_back_file(&mut self, file: &'steps ReplacedFile) {
        let mut made = self.make_again(file);
        // What is ready keeps directories open.
        if matches!(made, Err(Failure::System(Errno::MFILE))) && !self.ready.is_empty() {
            self.put_in_place();
            made = self.make_again(file);
        }
        match made {
            Ok(ready) => self.ready.push(ready),
            Err(failure) => self.count(&file.path, &Err(failure)),
        }
        if self.ready.len() == BATCH {
            self.put_in_place();
        }
    }

    fn count(&mut self, path: &'steps Bytes, done: &Result<(), Failure>) {
        let shown = || self.root.join(path.as_path());
        match done {
            Ok(()) => {
                self.undone.restored += 1;
                self.touched.insert(split(&path.0).0);
            }
            Err(Failure::Untouched) => self.undone.untouched += 1,
            Err(Failure::Stated(reason)) => {
                let problem = Problem::stated("restore", &shown(), &**reason);
                self.undone.problems.push(problem);
            }
            Err(Failure::System(errno)) => {
                let problem = Problem::system("restore", &shown(), *errno);
                self.undone.problems.push(problem);
            }
        }
    }

    /// Removes what an interrupted run or undo has left beside what is going to be restored.
    fn clean_up(&mut self, replacements: &[Replacement]) {
        let parents: BTreeSet<&[u8]> =
            replacements.iter().map(|replacement| split(&replacement.path().0).0).collect();
        for parent in parents {
            let cleaned = beneath::open(self.top.as_fd(), parent, beneath::DIRECTORY)
                .and_then(|directory| leftovers::clean_all(&directory));
            match cleaned {
                Ok(()) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
                Err(errno) => {
                    let shown = self.root.join(Bytes(parent.to_vec()).as_path());
                    self.undone.problems.push(Problem::system("clean up", &shown, errno));
                }
            }
        }
    }

    /// Finds files that an earlier undo has restored, so that their further names join them.
    fn find_restored(&mut self, replacements: &'steps [Replacement]) {
        for replacement in replacements {
            if let Replacement::File(file) = replacement
                && self.is_restored(file).unwrap_or(false)
            {
                self.first_names.insert(file.origin(), &file.path);
            }
        }
    }

    fn is_restored(&self, file: &ReplacedFile) -> Result<bool, Errno> {
        let (parent, name) = self.open_parent(&file.path)?;
        let now = Sighting::of_name(&parent, name)?;
        let same = now.kind().is_file()
            && now.size == file.kept.size
            && now.modified == file.metadata.modified;
        let is_ours = || self.must_be_ours(&parent, name, file);
        Ok(same && matches!(is_ours(), Err(Failure::Untouched)))
    }

    /// Makes a file under a temporary name beside its own one.
    fn make_again(&self, file: &'steps ReplacedFile) -> Result<Ready<'steps>, Failure> {
        let (parent, name) = self.open_parent(&file.path)?;
        self.must_be_ours(&parent, name, file)?;
        let (content, kept) = self.open_content(&file.kept.path, file.kept.size)?;
        let origin = file.origin();
        let staged = if let Some(first) = self.first_names.get(&origin) {
            let (from, first) = self.open_parent(first)?;
            let seen = Sighting::of_name(&from, first)?;
            Staged::hard_link(parent, from, first, &seen)?
        } else if let Some(ready) = self.ready.iter().find(|it| it.file.origin() == origin) {
            let (from, first) = (ready.staged.parent(), ready.staged.name());
            Staged::hard_link(parent, from, first, &Sighting::of_name(from, first)?)?
        } else {
            remake::copy(&content, &file.kept.hash, &file.metadata, &parent)?
        };
        Ok(Ready { file, name, staged, kept })
    }

    /// Waits until what is ready is on the disk, and gives it its names.
    fn put_in_place(&mut self) {
        let ready = std::mem::take(&mut self.ready);
        let on_disk = sync_file_systems(&ready);
        for ready in ready {
            let file = ready.file;
            let done = on_disk.map_err(Failure::from).and_then(|()| self.change_places(ready));
            if done.is_ok() {
                self.first_names.entry(file.origin()).or_insert(&file.path);
            }
            self.count(&file.path, &done);
        }
    }

    /// Gives a file its name, if what it is to come back from still is what was read.
    fn change_places(&self, ready: Ready<'_>) -> Result<(), Failure> {
        let Ready { file, name, staged, kept } = ready;
        let link = self.must_be_ours(staged.parent(), name, file)?;
        let mut kept = self.watch_kept(file, &kept)?;
        let mut old = match file.by {
            Kind::Hard => Old { link: None, kept: &mut kept },
            _ => Old { link: Some(link), kept: &mut kept },
        };
        Ok(staged.replace(name, &mut old)?)
    }

    /// Opens the kept file again. What was taken back before has changed it where it had a further
    /// name there, or was itself replaced; so then its content is read once more.
    fn watch_kept(&self, file: &ReplacedFile, before: &Sighting) -> Result<Watched, Failure> {
        let open = self.open_kept(&file.kept.path)?;
        let mut watched = match Watched::new(open) {
            Err(files::Failure::InUse) => return Err(IN_USE),
            other => other?,
        };
        let same = watched.seen() == before || watched.hash()?.to_hex().as_str() == file.kept.hash;
        if same { Ok(watched) } else { Err(CONTENT_CHANGED) }
    }

    /// Returns when all names are on the disk as they are now.
    fn sync_directories(&mut self) {
        for path in std::mem::take(&mut self.touched) {
            let synced =
                beneath::open(self.top.as_fd(), path, beneath::DIRECTORY).and_then(fs::fsync);
            if let Err(errno) = synced {
                let shown = self.root.join(Bytes(path.to_vec()).as_path());
                self.undone.problems.push(Problem::system("write to the disk", &shown, errno));
            }
        }
    }

    /// Whether the name is still what took the file's place; what it is.
    fn must_be_ours(
        &self,
        parent: impl AsFd,
        name: &[u8],
        file: &ReplacedFile,
    ) -> Result<Sighting, Failure> {
        let ReplacedFile { by, text, inode, kept, .. } = file;
        let now = Sighting::of_name(&parent, name)?;
        match by {
            // The file never was another one.
            Kind::Reflink => Err(Failure::Untouched),
            Kind::Symbolic => match fs::readlinkat(&parent, name, Vec::new()) {
                Ok(found) if text.as_ref().is_some_and(|text| found.as_bytes() == text.0) => {
                    Ok(now)
                }
                Err(Errno::INVAL) => Err(Failure::Untouched),
                _ => Err(CHANGED),
            },
            Kind::Hard => {
                let (_, kept) = self.open_content(&kept.path, kept.size)?;
                if now.is_same_inode(&kept) {
                    Ok(now)
                } else if now.inode == *inode || now.kind().is_file() {
                    Err(Failure::Untouched)
                } else {
                    Err(CHANGED)
                }
            }
        }
    }

    fn restore_tree(
        &mut self,
        path: &Bytes,
        text: &Bytes,
        kept: &Bytes,
        entries: &[(Bytes, Entry, Metadata)],
    ) -> Result<(), Failure> {
        let (parent, name) = self.open_parent(path)?;
        let link = Sighting::of_name(&parent, name)?;
        match fs::readlinkat(&parent, name, Vec::new()) {
            Ok(found) if found.as_bytes() == text.0 => {}
            Err(Errno::INVAL) => return Err(Failure::Untouched),
            Ok(_) => return Err(CHANGED),
            Err(errno) => return Err(errno.into()),
        }
        let kept = beneath::open(self.top.as_fd(), &kept.0, beneath::DIRECTORY)?;
        let staged = Staged::directory(&parent)?;
        let top = tree::open_directory(parent.as_fd(), staged.name())?;
        let sources = remake::fill(top.as_fd(), &kept, entries)?;
        fs::syncfs(&parent)?;
        Ok(staged.replace(name, &mut OldTree { link, sources })?)
    }

    fn restore_times(&mut self, path: &Bytes, times: &Timestamps) {
        let restored = beneath::open(self.top.as_fd(), &path.0, beneath::DIRECTORY)
            .and_then(|directory| fs::futimens(&directory, times));
        if let Err(errno) = restored {
            let shown = self.root.join(path.as_path());
            self.undone.problems.push(Problem::system("restore the times of", &shown, errno));
        }
    }

    /// The directory that something is in, and its name there. The last one stays open: what was
    /// replaced in one directory stands together in the journal.
    fn open_parent<'path>(&self, path: &'path Bytes) -> Result<(Rc<OwnedFd>, &'path [u8]), Errno> {
        let (parent, name) = split(&path.0);
        let mut last = self.last_parent.borrow_mut();
        if let Some((_, open)) = last.as_ref().filter(|(path, _)| path == parent) {
            return Ok((Rc::clone(open), name));
        }
        let open = Rc::new(beneath::open(self.top.as_fd(), parent, beneath::DIRECTORY)?);
        *last = Some((parent.to_vec(), Rc::clone(&open)));
        Ok((open, name))
    }

    /// Opens a kept file that has the size that was recorded.
    fn open_content(&self, path: &Bytes, size: u64) -> Result<(OwnedFd, Sighting), Failure> {
        let file = self.open_kept(path)?;
        let now = Sighting::of_open(&file)?;
        let same = now.kind().is_file() && now.size == size;
        if same { Ok((file, now)) } else { Err(CONTENT_CHANGED) }
    }

    fn open_kept(&self, path: &Bytes) -> Result<OwnedFd, Failure> {
        beneath::open_content(self.top.as_fd(), &path.0).map_err(|errno| match errno {
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP => CONTENT_CHANGED,
            other => other.into(),
        })
    }
}

/// The link to the kept file, or its further name, that an undo takes away.
struct Old<'at_hand> {
    /// None where the name is one of the kept file itself.
    link: Option<Sighting>,
    kept: &'at_hand mut Watched,
}

impl Old<'_> {
    fn expected(&mut self) -> &mut dyn Expected {
        match &mut self.link {
            Some(link) => link,
            None => self.kept,
        }
    }
}

impl Expected for Old<'_> {
    fn is_there(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), files::Failure> {
        self.expected().is_there(directory, name)
    }

    fn is_moved_to(
        &mut self,
        directory: BorrowedFd<'_>,
        name: &[u8],
    ) -> Result<(), files::Failure> {
        self.expected().is_moved_to(directory, name)
    }

    fn fits(&mut self, _: BorrowedFd<'_>, _: &[u8]) -> Result<(), files::Failure> {
        self.kept.look()
    }

    /// It is watched since a moment ago.
    fn will_fit(&mut self, _: BorrowedFd<'_>, _: &[u8]) -> Result<(), files::Failure> {
        Ok(())
    }
}

/// The link to the kept tree that an undo takes away.
struct OldTree<'at_hand> {
    link: Sighting,
    sources: remake::Sources<'at_hand>,
}

impl Expected for OldTree<'_> {
    fn is_there(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), files::Failure> {
        self.link.is_there(directory, name)
    }

    fn is_moved_to(
        &mut self,
        directory: BorrowedFd<'_>,
        name: &[u8],
    ) -> Result<(), files::Failure> {
        self.link.is_moved_to(directory, name)
    }

    fn fits(&mut self, _: BorrowedFd<'_>, _: &[u8]) -> Result<(), files::Failure> {
        self.sources.must_be_unchanged()
    }
}

/// Returns when everything that was made is on the disk.
fn sync_file_systems(ready: &[Ready<'_>]) -> Result<(), Errno> {
    let mut synced = BTreeSet::new();
    let directory = |ready: &Ready<'_>| ready.staged.parent().as_raw_fd();
    for of_one_directory in ready.chunk_by(|one, next| directory(one) == directory(next)) {
        let parent = of_one_directory[0].staged.parent();
        if synced.insert(Sighting::of_open(parent)?.device) {
            fs::syncfs(parent)?;
        }
    }
    Ok(())
}

/// A path's directory and name.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}
