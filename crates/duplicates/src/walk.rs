//! Walks the arguments and takes the inventory of what lies below them.
//!
//! Every directory is visited once, however many arguments, bind mounts or paths lead to it: the
//! first one in the order of the arguments counts. Symbolic links are never followed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{self, FileType, OFlags, RawDir, Statx};
use rustix::io::Errno;

use crate::attributes::{AttributesId, Known};
use crate::crew::{self, Crew};
use crate::exclude::Exclude;
use crate::inventory::{
    Directory, DirectoryId, File, Inventory, Leftover, PassedOver, Root, SymbolicLink,
};
use crate::medium::{INLINE_ON_EXT4, Medium};
use crate::problem::Problem;
use crate::progress::Progress;
use files::sighting::{Mount, device, status};
use files::temporary;
use files::{Time, beneath};

/// What is looked at.
#[derive(Debug, Default)]
pub struct Search {
    /// What is left out.
    pub exclude: Exclude,
    /// Look into file systems that are mounted below an argument.
    pub cross_file_systems: bool,
    /// Follow an argument that is a symbolic link itself.
    pub follow_arguments: bool,
}

/// Takes the inventory of what lies at and below `paths`; with `whole_directories` also of what it
/// takes to compare directories.
pub(crate) fn walk(
    paths: &[PathBuf],
    search: &Search,
    whole_directories: bool,
    known: &Known,
    progress: &dyn Progress,
) -> Inventory {
    let mut inventory = Inventory::default();
    let arguments = Arguments::sorted(paths, search, &mut inventory);
    let seen = Mutex::new(HashSet::new());
    let mut roots = arguments.directories;
    while !roots.is_empty() {
        let mut mounts = Vec::new();
        for root in roots {
            let number = u32_from(inventory.roots.len());
            let count = AtomicU32::new(1);
            let walk = Walk {
                root: &root,
                search,
                whole_directories,
                known,
                seen: &seen,
                progress,
                count,
            };
            let gathered = walk.run();
            mounts.extend(gather(&mut inventory, number, gathered));
            inventory.roots.push(root);
        }
        // In an order that does not depend on which worker was first.
        mounts.sort();
        roots = mounts
            .into_iter()
            .filter_map(|(shown, physical)| open_root(shown, physical, &mut inventory.problems))
            .collect();
    }
    for (parent, names) in arguments.files {
        add_file_arguments(&mut inventory, parent, &names, &seen, known);
    }
    discount_leftovers(&mut inventory);
    inventory
}

/// A name that an interrupted run has left is no further name outside: it is going to be cleaned up.
fn discount_leftovers(inventory: &mut Inventory) {
    let mut left: HashMap<(u64, u64), u32> = HashMap::new();
    for leftover in &inventory.leftovers {
        let looked = inventory.open_directory(leftover.directory);
        if let Ok(stat) = looked.and_then(|directory| status(directory, &leftover.name)) {
            *left.entry((device(&stat), stat.stx_ino)).or_default() += 1;
        }
    }
    if left.is_empty() {
        return;
    }
    for directory in &mut inventory.directories {
        for file in &mut directory.files {
            let names = left.get(&(directory.device, file.inode)).copied().unwrap_or_default();
            file.links = file.links.saturating_sub(names).max(1);
        }
    }
}

/// The arguments by what they are.
#[derive(Default)]
struct Arguments {
    directories: Vec<Root>,
    /// Names by the physical path of their directory, which stands with its path as shown.
    files: BTreeMap<PathBuf, (PathBuf, Vec<Vec<u8>>)>,
}

impl Arguments {
    fn sorted(paths: &[PathBuf], search: &Search, inventory: &mut Inventory) -> Self {
        let mut arguments = Self::default();
        for path in paths {
            if let Err(problem) = arguments.add(path, search, inventory) {
                inventory.problems.push(problem);
            }
        }
        arguments.put_outer_ones_first();
        arguments
    }

    /// A directory is looked at once, and with all that lies in it: only then its shape is seen.
    fn put_outer_ones_first(&mut self) {
        let places = self.directories.iter().map(|root| root.physical.clone());
        let places: HashSet<PathBuf> = places.collect();
        self.directories.sort_by_cached_key(|root| {
            let around = root.physical.ancestors().skip(1);
            around.filter(|directory| places.contains(*directory)).count()
        });
    }

    fn add(
        &mut self,
        path: &Path,
        search: &Search,
        inventory: &mut Inventory,
    ) -> Result<(), Problem> {
        let cannot = |errno| Problem::system("look at", path, errno);
        let is_link =
            FileType::from_raw_mode(fs::lstat(path).map_err(cannot)?.st_mode).is_symlink();
        if is_link && !search.follow_arguments {
            inventory.passed_over.symbolic_links += 1;
            inventory.unfollowed_arguments.push(path.to_owned());
            return Ok(());
        }
        let kind = FileType::from_raw_mode(fs::stat(path).map_err(cannot)?.st_mode);
        let unresolved =
            |error: std::io::Error| cannot(Errno::from_io_error(&error).unwrap_or(Errno::INVAL));
        if kind.is_dir() {
            let physical = path.canonicalize().map_err(unresolved)?;
            self.directories.extend(open_root(path.to_owned(), physical, &mut inventory.problems));
        } else if kind.is_file() {
            let physical = if is_link { path.canonicalize() } else { parent_resolved(path) };
            let physical = physical.map_err(unresolved)?;
            let (Some(parent), Some(name)) = (physical.parent(), physical.file_name()) else {
                return Err(cannot(Errno::INVAL));
            };
            let shown = if is_link { parent } else { path.parent().unwrap_or(parent) };
            let entry = self.files.entry(parent.to_owned());
            let (_, names) = entry.or_insert_with(|| (shown.to_owned(), Vec::new()));
            names.push(name.as_bytes().to_vec());
        } else {
            inventory.passed_over.special_files += 1;
        }
        Ok(())
    }
}

/// The path with every symbolic link in its directories resolved.
fn parent_resolved(path: &Path) -> std::io::Result<PathBuf> {
    let name = path.file_name().ok_or(std::io::ErrorKind::InvalidInput)?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    Ok(parent.canonicalize()?.join(name))
}

fn open_root(shown: PathBuf, physical: PathBuf, problems: &mut Vec<Problem>) -> Option<Root> {
    let opened = beneath::open_root(physical.as_os_str().as_bytes())
        .and_then(|fd| Ok((medium_of(&fd)?, fd)));
    match opened {
        Ok((medium, fd)) => Some(Root { shown, physical, fd, medium }),
        Err(errno) => {
            problems.push(Problem::system("open", &shown, errno));
            None
        }
    }
}

/// The file system that an argument lies on.
fn medium_of(fd: &OwnedFd) -> Result<Medium, Errno> {
    const BTRFS: fs::FsWord = 0x9123_683E;
    let stat = fs::fstatfs(fd)?;
    // The text lies in the inode on ext4 (60 bytes with its end), XFS (inodes of 512 bytes)
    // and Btrfs (always), and in memory that tmpfs does not count (below 128 bytes).
    let inline_text = match stat.f_type {
        0x5846_5342 => 336,
        BTRFS => usize::MAX,
        0x0102_1994 => 127,
        _ => INLINE_ON_EXT4,
    };
    let block = u64::try_from(stat.f_bsize).unwrap_or(4096).max(512);
    Ok(Medium::at_hand(inline_text, block, stat.f_type == BTRFS))
}

/// The walk below one root.
struct Walk<'all> {
    root: &'all Root,
    search: &'all Search,
    whole_directories: bool,
    known: &'all Known,
    /// Every directory that was visited, by device and inode.
    seen: &'all Mutex<HashSet<(u64, u64)>>,
    progress: &'all dyn Progress,
    /// Directories that have a number. The root has number 0.
    count: AtomicU32,
}

/// A directory to look into.
struct Task {
    number: u32,
    parent: Option<u32>,
    name: Box<[u8]>,
    /// Below the root.
    path: Vec<u8>,
    /// The file system and mount of its parent.
    mount: Option<Mount>,
}

/// What one worker found.
#[derive(Default)]
struct Found {
    directories: Vec<(u32, Option<u32>, Directory)>,
    /// Directories with an entry that was not looked into.
    incomplete: Vec<u32>,
    leftovers: Vec<(u32, Box<[u8]>)>,
    mounts: Vec<(PathBuf, PathBuf)>,
    passed_over: PassedOver,
    problems: Vec<Problem>,
    listing: Listing,
}

/// The entries of one directory; kept from one to the next for its memory.
#[derive(Default)]
struct Listing {
    names: Vec<u8>,
    entries: Vec<Entry>,
    buffer: Vec<MaybeUninit<u8>>,
}

struct Entry {
    inode: u64,
    kind: FileType,
    start: u32,
    length: u8,
}

/// Bytes for `getdents64` at a time.
const LISTING_BUFFER: usize = 32 << 10;

/// Paths below a root that are longer than this are not walked: they were made to exhaust somebody.
const LONGEST_PATH: usize = 64 << 10;

impl Walk<'_> {
    fn run(&self) -> Vec<Found> {
        let name = Box::default();
        let first = Task { number: 0, parent: None, name, path: Vec::new(), mount: None };
        crew::work(vec![first], Found::default, |found, task, crew| {
            let (number, parent, path) = (task.number, task.parent, self.shown(&task.path));
            if let Err(errno) = self.look_into(found, task, crew) {
                found.incomplete.extend(parent);
                found.incomplete.push(number);
                found.problems.push(Problem::system("read the directory", &path, errno));
            }
        })
    }

    fn look_into(&self, found: &mut Found, task: Task, crew: &Crew<Task>) -> Result<(), Errno> {
        let began = Instant::now();
        if task.path.len() > LONGEST_PATH {
            return Err(Errno::NAMETOOLONG);
        }
        let directory = self.open(&task.path)?;
        let stat = status(directory.as_fd(), b"")?;
        let mount = Mount::of(&stat);
        if task.mount.is_some_and(|parent| parent != mount) {
            found.passed_over.mount_points += 1;
            found.incomplete.extend(task.parent);
            if self.search.cross_file_systems {
                found.mounts.push((self.shown(&task.path), self.physical(&task.path)));
            }
            return Ok(());
        }
        if !self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((mount.device, stat.stx_ino))
        {
            found.incomplete.extend(task.parent);
            return Ok(());
        }
        let mut listing = std::mem::take(&mut found.listing);
        listing.read(&directory)?;
        let entries = listing.entries.len();
        self.take_in(found, &listing, &directory, &stat, task, crew);
        found.listing = listing;
        crew.waited(began, Duration::from_micros(5 * entries as u64));
        Ok(())
    }

    fn open(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let flags = beneath::DIRECTORY | OFlags::NOFOLLOW;
        match beneath::open(self.root.fd.as_fd(), path, flags | OFlags::NOATIME) {
            Err(Errno::PERM) => beneath::open(self.root.fd.as_fd(), path, flags),
            other => other,
        }
    }

    /// Adds one directory with its files; the directories in it become tasks.
    fn take_in(
        &self,
        found: &mut Found,
        listing: &Listing,
        fd: &OwnedFd,
        stat: &Statx,
        task: Task,
        crew: &Crew<Task>,
    ) {
        let mount = Mount::of(stat);
        let mut content = Content::default();
        for entry in &listing.entries {
            let name = listing.name(entry);
            if temporary::is_temporary(name) {
                found.leftovers.push((task.number, name.into()));
                content.incomparable = true;
                continue;
            }
            let path = joined(&task.path, name);
            if self.search.exclude.matches(&path) {
                found.passed_over.excluded += 1;
                content.incomparable = true;
                continue;
            }
            let kind = match entry.kind {
                FileType::Unknown => kind_of(fd.as_fd(), name),
                kind => kind,
            };
            match kind {
                FileType::Directory => {
                    let number = self.count.fetch_add(1, Ordering::Relaxed);
                    let parent = Some(task.number);
                    crew.add(Task { number, parent, name: name.into(), path, mount: Some(mount) });
                }
                FileType::RegularFile => match status(fd.as_fd(), name) {
                    Ok(stat) if Mount::of(&stat) != mount => {
                        found.passed_over.mount_points += 1;
                        content.incomparable = true;
                    }
                    Ok(stat) => content.add_file(&stat, name),
                    Err(errno) => {
                        content.incomparable = true;
                        found.problems.push(Problem::system("look at", &self.shown(&path), errno));
                    }
                },
                FileType::Symlink => {
                    found.passed_over.symbolic_links += 1;
                    if self.whole_directories {
                        content.add_link(fd.as_fd(), name);
                    }
                }
                _ => {
                    found.passed_over.special_files += 1;
                    content.incomparable = true;
                }
            }
        }
        self.progress.found(content.files.len() as u64);
        let attributes =
            if self.whole_directories { self.known.of(fd) } else { AttributesId::NONE };
        found.directories.push((
            task.number,
            task.parent,
            content.directory(stat, attributes, task.name),
        ));
    }

    fn shown(&self, path: &[u8]) -> PathBuf {
        below(&self.root.shown, path)
    }

    fn physical(&self, path: &[u8]) -> PathBuf {
        below(&self.root.physical, path)
    }
}

impl Listing {
    /// Reads all names of a directory, in the order of the inodes: so their records are read from
    /// the disk front to back.
    fn read(&mut self, directory: &OwnedFd) -> Result<(), Errno> {
        self.names.clear();
        self.entries.clear();
        self.buffer.resize(LISTING_BUFFER, MaybeUninit::uninit());
        let mut raw = RawDir::new(directory, &mut self.buffer);
        while let Some(entry) = raw.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            // Linux has no longer names than 255 bytes.
            let length = u8::try_from(name.len()).map_err(|_| Errno::NAMETOOLONG)?;
            let start = u32::try_from(self.names.len()).map_err(|_| Errno::OVERFLOW)?;
            self.names.extend_from_slice(name);
            self.entries.push(Entry { inode: entry.ino(), kind: entry.file_type(), start, length });
        }
        self.entries.sort_unstable_by_key(|entry| entry.inode);
        Ok(())
    }

    fn name(&self, entry: &Entry) -> &[u8] {
        &self.names[entry.start as usize..][..usize::from(entry.length)]
    }
}

/// What a directory holds, while it is being read.
#[derive(Default)]
struct Content {
    files: Vec<File>,
    names: Vec<u8>,
    links: Vec<SymbolicLink>,
    incomparable: bool,
}

impl Content {
    fn add_file(&mut self, stat: &Statx, name: &[u8]) {
        self.files.push(File {
            inode: stat.stx_ino,
            size: stat.stx_size,
            sectors: stat.stx_blocks,
            modified: Time::from(stat.stx_mtime),
            changed: Time::from(stat.stx_ctime),
            links: stat.stx_nlink,
            owner: stat.stx_uid,
            group: stat.stx_gid,
            name_start: u32_from(self.names.len()),
            name_length: u8::try_from(name.len()).expect("the listing has shorter names only"),
            mode: stat.stx_mode & 0o7777,
        });
        self.names.extend_from_slice(name);
    }

    fn add_link(&mut self, directory: BorrowedFd<'_>, name: &[u8]) {
        let read = fs::readlinkat(directory, name, Vec::new())
            .and_then(|text| Ok((text, status(directory, name)?)));
        match read {
            Ok((text, stat)) => self.links.push(SymbolicLink {
                name: name.into(),
                text: text.to_bytes().into(),
                owner: stat.stx_uid,
                group: stat.stx_gid,
            }),
            Err(_) => self.incomparable = true,
        }
    }

    fn directory(mut self, stat: &Statx, attributes: AttributesId, name: Box<[u8]>) -> Directory {
        let names = self.names;
        self.files.sort_unstable_by_key(|file| {
            &names[file.name_start as usize..][..usize::from(file.name_length)]
        });
        self.links.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Directory {
            root: 0,
            parent: None,
            name,
            device: Mount::of(stat).device,
            mode: stat.stx_mode & 0o7777,
            owner: stat.stx_uid,
            group: stat.stx_gid,
            attributes,
            names: names.into(),
            files: self.files.into(),
            links: self.links.into(),
            incomparable: self.incomparable,
            end: 0,
        }
    }
}

/// Puts what the workers found below one root into the inventory, in the order of the paths.
/// Returns the mount points to walk next.
fn gather(inventory: &mut Inventory, root: u32, gathered: Vec<Found>) -> Vec<(PathBuf, PathBuf)> {
    let mut directories = BTreeMap::new();
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut incomplete = Vec::new();
    let mut leftovers: BTreeMap<u32, Vec<Box<[u8]>>> = BTreeMap::new();
    let mut mounts = Vec::new();
    for found in gathered {
        for (number, parent, directory) in found.directories {
            if let Some(parent) = parent {
                children.entry(parent).or_default().push(number);
            }
            directories.insert(number, directory);
        }
        for (number, name) in found.leftovers {
            leftovers.entry(number).or_default().push(name);
        }
        incomplete.extend(found.incomplete);
        mounts.extend(found.mounts);
        inventory.passed_over += found.passed_over;
        inventory.problems.extend(found.problems);
    }
    for number in incomplete {
        if let Some(directory) = directories.get_mut(&number) {
            directory.incomparable = true;
        }
    }
    for numbers in children.values_mut() {
        // The last one is taken first.
        numbers.sort_unstable_by(|one, other| directories[other].name.cmp(&directories[one].name));
    }

    let mut open: Vec<(DirectoryId, Vec<u32>)> = Vec::new();
    let mut next = directories.contains_key(&0).then_some(0);
    loop {
        if let Some(number) = next {
            let id = DirectoryId(u32_from(inventory.directories.len()));
            let mut directory =
                directories.remove(&number).expect("every directory has one parent");
            directory.root = root;
            directory.parent = open.last().map(|(parent, _)| *parent);
            inventory.directories.push(directory);
            for name in leftovers.remove(&number).unwrap_or_default() {
                inventory.leftovers.push(Leftover { directory: id, name });
            }
            open.push((id, children.remove(&number).unwrap_or_default()));
        }
        let Some((id, waiting)) = open.last_mut() else { break };
        next = waiting.pop();
        if next.is_none() {
            let end = u32_from(inventory.directories.len());
            inventory.directories[id.0 as usize].end = end;
            open.pop();
        }
    }
    mounts
}

/// Adds files that are arguments themselves, unless their directory was walked.
fn add_file_arguments(
    inventory: &mut Inventory,
    physical: PathBuf,
    (shown, names): &(PathBuf, Vec<Vec<u8>>),
    seen: &Mutex<HashSet<(u64, u64)>>,
    known: &Known,
) {
    let Some(root) = open_root(shown.clone(), physical, &mut inventory.problems) else { return };
    let Ok(stat) = status(root.fd.as_fd(), b"") else { return };
    let place = (Mount::of(&stat).device, stat.stx_ino);
    if !seen.lock().unwrap_or_else(PoisonError::into_inner).insert(place) {
        return;
    }
    let mut names = names.clone();
    names.sort_unstable();
    names.dedup();
    let mut content = Content { incomparable: true, ..Content::default() };
    for name in &names {
        match status(root.fd.as_fd(), name) {
            Ok(file) if Mount::of(&file) == Mount::of(&stat) => content.add_file(&file, name),
            Ok(_) => inventory.passed_over.mount_points += 1,
            Err(errno) => {
                inventory.problems.push(Problem::system("look at", &below(shown, name), errno));
            }
        }
    }
    let mut directory = content.directory(&stat, known.of(&root.fd), Box::default());
    directory.root = u32_from(inventory.roots.len());
    directory.end = u32_from(inventory.directories.len() + 1);
    inventory.directories.push(directory);
    inventory.roots.push(root);
}

fn kind_of(directory: BorrowedFd<'_>, name: &[u8]) -> FileType {
    status(directory, name)
        .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(u32::from(stat.stx_mode)))
}

fn joined(path: &[u8], name: &[u8]) -> Vec<u8> {
    if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() }
}

fn below(root: &Path, path: &[u8]) -> PathBuf {
    if path.is_empty() { root.to_owned() } else { root.join(OsStr::from_bytes(path)) }
}

fn u32_from(count: usize) -> u32 {
    u32::try_from(count).expect("four thousand million directories do not fit in memory")
}
