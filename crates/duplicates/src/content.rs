//! Finds the files with the same content, reading each of them at most once.
//!
//! Files of one size are read block by block, side by side: after each block those that differ part
//! ways, and who is alone is read no further. Blocks are compared byte for byte in memory. Where
//! a size has more distinct blocks than a worker may hold, their BLAKE3 hashes stand for them.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::IoSliceMut;
use std::ops::Range;
use std::os::fd::OwnedFd;

use rustix::fs::{SeekFrom, seek};
use rustix::io::{Errno, ReadWriteFlags, preadv2};

use crate::attributes::{AttributesId, Known};
use crate::crew::{self, Crew};
use crate::inventory::{File, FileId, Inventory};
use crate::kind::Named;
use crate::nature::{Nature, Scan, Scope};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::surroundings::Surroundings;

/// How many bytes of a file are compared at a time.
const BLOCK: usize = 128 << 10;

/// How many bytes of distinct blocks one worker holds at most.
const HELD: usize = 1 << 20;

/// How many files of one size stay open from block to block; further ones are opened again.
const KEPT_OPEN: usize = 8;

/// A file by its inode: all its names that were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inode {
    /// Where its names begin among the sorted ones.
    first: u32,
    count: u32,
}

impl Inode {
    /// Where they stand.
    fn names(self) -> Range<usize> {
        let first = self.first as usize;
        first..first + self.count as usize
    }
}

/// Files with the same content.
#[derive(Debug)]
pub(crate) struct Group {
    /// In the order of their inodes.
    pub(crate) members: Box<[Member]>,
    pub(crate) nature: Nature,
}

/// A file of a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    inode: Inode,
    pub(crate) attributes: AttributesId,
}

/// All groups of files with the same content.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// In the order of their first names.
    pub(crate) all: Vec<Group>,
    /// Files that became larger or smaller while they were read.
    pub(crate) unsteady: Vec<FileId>,
    pub(crate) problems: Vec<Problem>,
    names: Vec<FileId>,
}

impl Groups {
    /// All names of a member, in their order.
    pub(crate) fn names(&self, member: &Member) -> &[FileId] {
        &self.names[member.inode.names()]
    }
}

/// Which files are read, and what is to be learned from them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// In bytes.
    pub(crate) min_size: u64,
    pub(crate) scope: Scope,
}

/// Groups the files of the inventory by their content.
pub(crate) fn group(
    inventory: &Inventory,
    surroundings: &[Surroundings],
    reading: Reading,
    known: &Known,
    progress: &dyn Progress,
) -> Groups {
    let candidates = Candidates::of(inventory, reading.min_size);
    progress.to_read(candidates.bytes);
    let job = Job {
        inventory,
        surroundings,
        inodes: &candidates.inodes,
        names: &candidates.names,
        known,
        reading,
        progress,
    };
    let gathered = crew::work(candidates.classes, Reader::default, |reader, class, crew| {
        job.read_class(reader, &class, crew);
    });
    let mut groups = Groups { names: candidates.names, ..Groups::default() };
    for reader in gathered {
        groups.all.extend(reader.groups);
        groups.unsteady.extend(reader.unsteady);
        groups.problems.extend(reader.problems);
    }
    let Groups { all: found, names, unsteady, .. } = &mut groups;
    found.sort_unstable_by_key(|group| names[group.members[0].inode.first as usize]);
    unsteady.sort_unstable();
    groups
}

/// Files that share their size with another one on the same device.
struct Candidates {
    names: Vec<FileId>,
    inodes: Vec<Inode>,
    classes: Vec<Class>,
    bytes: u64,
}

/// The inodes of one size, as a range of the candidates' inodes.
struct Class {
    size: u64,
    first: usize,
    end: usize,
    /// The first of their names in the order of the paths.
    nearest: FileId,
}

impl Candidates {
    fn of(inventory: &Inventory, min_size: u64) -> Self {
        let mut places = Place::all(inventory, min_size.max(1));
        places.sort_unstable();
        let mut candidates =
            Self { names: Vec::new(), inodes: Vec::new(), classes: Vec::new(), bytes: 0 };
        for class in
            places.chunk_by(|one, other| (one.size, one.device) == (other.size, other.device))
        {
            if class.first().map(|place| place.inode) != class.last().map(|place| place.inode) {
                candidates.add(class);
            }
        }
        // What lies together in the tree mostly lies together on the disk and in the caches, too.
        // The last one is taken first.
        candidates.classes.sort_unstable_by_key(|class| Reverse(class.nearest));
        candidates
    }

    fn add(&mut self, class: &[Place]) {
        let first = self.inodes.len();
        for names in class.chunk_by(|one, other| one.inode == other.inode) {
            let count = |length| u32::try_from(length).expect("the walk counts in 32 bits");
            self.inodes.push(Inode { first: count(self.names.len()), count: count(names.len()) });
            self.names.extend(names.iter().map(|place| place.id));
        }
        let (size, end) = (class[0].size, self.inodes.len());
        let nearest = class.iter().map(|place| place.id).min().expect("a class has files");
        self.bytes += size * (end - first) as u64;
        self.classes.push(Class { size, first, end, nearest });
    }
}

/// A file's name in the order in which files are compared.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    size: u64,
    device: u64,
    inode: u64,
    id: FileId,
}

impl Place {
    fn all(inventory: &Inventory, min_size: u64) -> Vec<Self> {
        let place = |(id, file): (FileId, &File)| {
            let device = inventory.directory(id.directory).device;
            Self { size: file.size, device, inode: file.inode, id }
        };
        inventory.files().filter(|(_, file)| file.size >= min_size).map(place).collect()
    }
}

/// What the readers share.
struct Job<'all> {
    inventory: &'all Inventory,
    surroundings: &'all [Surroundings],
    inodes: &'all [Inode],
    names: &'all [FileId],
    known: &'all Known,
    reading: Reading,
    progress: &'all dyn Progress,
}

/// What one reader works with, and what it found.
#[derive(Default)]
struct Reader {
    blocks: Blocks,
    path: Vec<u8>,
    groups: Vec<Group>,
    unsteady: Vec<FileId>,
    problems: Vec<Problem>,
}

/// Files that were the same so far.
struct Cohort {
    members: Vec<Open>,
    offset: u64,
    scan: Scan,
}

struct Open {
    member: Member,
    /// Where it stayed open from the block before.
    file: Option<OwnedFd>,
    /// The number of its block among the distinct ones.
    slot: usize,
}

impl Job<'_> {
    fn read_class(&self, reader: &mut Reader, class: &Class, crew: &Crew<Class>) {
        let open = |&inode| Open {
            member: Member { inode, attributes: AttributesId::NONE },
            file: None,
            slot: 0,
        };
        let members = self.inodes[class.first..class.end].iter().map(open).collect();
        let mut cohorts = vec![Cohort { members, offset: 0, scan: Scan::new(self.reading.scope) }];
        while let Some(mut cohort) = cohorts.pop() {
            cohort.offset = self.past_holes(&cohort, class.size);
            let left = class.size - cohort.offset;
            let length = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
            let next = cohort.offset + length as u64;
            for (members, scan) in self.part(reader, cohort, length, class.size, crew) {
                if next < class.size {
                    cohorts.push(Cohort { members, offset: next, scan });
                } else {
                    let members = members.into_iter().map(|open| open.member).collect();
                    reader.groups.push(Group { members, nature: scan.into_nature() });
                }
            }
        }
        self.progress.read(class.size * (class.end - class.first) as u64);
    }

    /// Where the next block lies in which not all files have a hole. The last block is always read:
    /// it shows whether the files have still their size.
    fn past_holes(&self, cohort: &Cohort, size: u64) -> u64 {
        let has_holes = |open: &Open| self.inventory.file(self.name(open)).has_holes();
        if cohort.offset == 0 || !cohort.members.iter().all(has_holes) {
            return cohort.offset;
        }
        let data = |open: &Open| {
            let again = || self.inventory.open(self.name(open)).ok();
            let from = SeekFrom::Data(cohort.offset);
            match &open.file {
                Some(file) => seek(file, from),
                None => again().map_or(Err(Errno::NOENT), |file| seek(&file, from)),
            }
        };
        let next = |open| match data(open) {
            Ok(offset) => offset,
            Err(Errno::NXIO) => size,
            // Reading tells what is wrong.
            Err(_) => cohort.offset,
        };
        let nearest = cohort.members.iter().map(next).min().unwrap_or(cohort.offset);
        let block = BLOCK as u64;
        (nearest.min(size - 1) / block * block).max(cohort.offset)
    }

    /// Reads the next block of every member and lets those part that differ. Returns those who are
    /// still not alone.
    fn part(
        &self,
        reader: &mut Reader,
        cohort: Cohort,
        length: usize,
        size: u64,
        crew: &Crew<Class>,
    ) -> Vec<(Vec<Open>, Scan)> {
        let last = cohort.offset + length as u64 == size;
        let keep_open = !last && cohort.members.len() <= KEPT_OPEN;
        // By slot: the first member, and what the others made known of its content.
        let mut firsts: Vec<(Inode, Option<Scan>)> = Vec::new();
        let mut members = Vec::with_capacity(cohort.members.len());
        reader.blocks.start(length);
        for mut open in cohort.members {
            if !self.read_block(reader, &mut open, cohort.offset, last, crew) {
                continue;
            }
            let (slot, block) = reader.blocks.place();
            match firsts.get_mut(slot) {
                None => firsts.push((open.member.inode, None)),
                Some((first, scan)) => {
                    let begun = || self.scan(&cohort.scan, cohort.offset, block, *first);
                    let scan = scan.get_or_insert_with(begun);
                    if cohort.offset == 0 {
                        self.meet(scan, block, open.member.inode);
                    }
                }
            }
            if !keep_open {
                open.file = None;
            }
            members.push(Open { slot, ..open });
        }
        members.sort_by_key(|open| open.slot);
        let mut parts = Vec::new();
        for (slot, (_, scan)) in firsts.into_iter().enumerate().rev() {
            let start = members.partition_point(|open| open.slot < slot);
            match scan {
                Some(scan) => parts.push((members.split_off(start), scan)),
                None => members.truncate(start),
            }
        }
        parts
    }

    /// Reads a member's block behind those that are held. False when the member is out of it: the
    /// file has another size by now, or cannot be read.
    fn read_block(
        &self,
        reader: &mut Reader,
        open: &mut Open,
        offset: u64,
        last: bool,
        crew: &Crew<Class>,
    ) -> bool {
        let read = self.try_read_block(reader, open, offset, last, crew);
        match read {
            Ok(true) => return true,
            Ok(false) => reader.unsteady.push(self.name(open)),
            Err(errno) => {
                let path = self.inventory.shown(self.name(open));
                reader.problems.push(Problem::system("read", &path, errno));
            }
        }
        false
    }

    fn try_read_block(
        &self,
        reader: &mut Reader,
        open: &mut Open,
        offset: u64,
        last: bool,
        crew: &Crew<Class>,
    ) -> Result<bool, Errno> {
        let file = match open.file.take() {
            Some(file) => file,
            None => self.inventory.open_with(self.name(open), &mut reader.path)?,
        };
        if offset == 0 {
            open.member.attributes = self.known.of(&file);
        }
        let steady = reader.blocks.read(&file, offset, last, || crew.call_in())?;
        open.file = Some(file);
        Ok(steady)
    }

    /// Goes on with a scan at a block that more than one file has; the first of them is known.
    fn scan(&self, so_far: &Scan, offset: u64, block: &[u8], first: Inode) -> Scan {
        let mut scan = so_far.clone();
        if offset == 0 {
            scan.begin(block);
            self.meet(&mut scan, block, first);
        } else {
            scan.see(block);
        }
        scan
    }

    /// Every name counts: which one comes first depends on what a former run has left.
    fn meet(&self, scan: &mut Scan, first_block: &[u8], inode: Inode) {
        for &name in &self.names[inode.names()] {
            scan.meet(first_block, self.named(name));
        }
    }

    fn named(&self, name: FileId) -> Named<'_> {
        let place = self.surroundings[name.directory.0 as usize].place;
        Named { name: self.inventory.name_bytes(name), place }
    }

    fn name(&self, open: &Open) -> FileId {
        self.names[open.member.inode.first as usize]
    }
}

/// The distinct blocks of one length, in the order in which they were met.
#[derive(Default)]
struct Blocks {
    length: usize,
    /// The blocks held, and behind them the one at hand.
    bytes: Vec<u8>,
    /// How many there are.
    count: usize,
    distinct: Distinct,
}

/// How blocks are told apart.
enum Distinct {
    /// By their bytes: the numbers of the blocks held, in the order of their content.
    Bytes(Vec<u32>),
    /// By their hashes, when they are too many to hold.
    Hashes(HashMap<blake3::Hash, usize>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

impl Blocks {
    /// Forgets all blocks; those to come have `length` bytes.
    fn start(&mut self, length: usize) {
        self.length = length;
        self.count = 0;
        match &mut self.distinct {
            Distinct::Bytes(sorted) => sorted.clear(),
            Distinct::Hashes(_) => self.distinct = Distinct::default(),
        }
    }

    /// Where the block at hand stands.
    fn at_hand(&self) -> usize {
        match self.distinct {
            Distinct::Bytes(_) => self.count * self.length,
            Distinct::Hashes(_) => 0,
        }
    }

    /// Reads the block at hand, and says so when the disk has to be waited for. False when the
    /// file ends before the block does, or after it where it is said to be the last.
    fn read(
        &mut self,
        file: &OwnedFd,
        offset: u64,
        last: bool,
        waiting: impl Fn(),
    ) -> Result<bool, Errno> {
        let start = self.at_hand();
        // One byte more tells whether the file ends where it should, without another call.
        let wanted = self.length + usize::from(last);
        if self.bytes.len() < start + wanted {
            self.bytes.resize((start + wanted).next_power_of_two(), 0);
        }
        let space = &mut self.bytes[start..start + wanted];
        let mut filled = 0;
        let mut flags = ReadWriteFlags::NOWAIT;
        while filled < wanted {
            let mut rest = [IoSliceMut::new(&mut space[filled..])];
            match preadv2(file, &mut rest, offset + filled as u64, flags) {
                Ok(0) => break,
                Ok(count) if last && filled + count == self.length => {
                    filled += count;
                    break;
                }
                Ok(count) => filled += count,
                Err(Errno::AGAIN) => {
                    waiting();
                    flags = ReadWriteFlags::empty();
                }
                Err(Errno::OPNOTSUPP) => flags = ReadWriteFlags::empty(),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(filled == self.length)
    }

    /// The number of the block at hand among the distinct ones, and its bytes.
    fn place(&mut self) -> (usize, &[u8]) {
        let start = self.at_hand();
        let block = &self.bytes[start..start + self.length];
        let slot = match &mut self.distinct {
            Distinct::Bytes(sorted) => {
                let held =
                    |number: u32| &self.bytes[number as usize * self.length..][..self.length];
                match sorted.binary_search_by(|&number| held(number).cmp(block)) {
                    Ok(position) => sorted[position] as usize,
                    Err(position) => {
                        sorted.insert(
                            position,
                            u32::try_from(self.count).expect("few blocks are held"),
                        );
                        self.count += 1;
                        self.count - 1
                    }
                }
            }
            Distinct::Hashes(known) => {
                let count = self.count;
                let slot = *known.entry(blake3::hash(block)).or_insert(count);
                self.count = count.max(slot + 1);
                slot
            }
        };
        self.hash_when_full();
        (slot, &self.bytes[start..start + self.length])
    }

    /// Goes over to hashes when no further block can be held. The bytes stay where they are until
    /// the next block is read.
    fn hash_when_full(&mut self) {
        if matches!(self.distinct, Distinct::Bytes(_)) && (self.count + 1) * self.length > HELD {
            let held = self.bytes.chunks_exact(self.length).take(self.count);
            let hashes = held.map(blake3::hash).zip(0..).collect();
            self.distinct = Distinct::Hashes(hashes);
        }
    }
}
