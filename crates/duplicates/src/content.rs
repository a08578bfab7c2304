//! Finds the files with the same content, reading each of them at most once.
//!
//! Files of one size are read block by block, side by side: after each block those that differ part
//! ways, and who is alone is read no further. Blocks are compared byte for byte in memory. Where
//! a size has more distinct blocks than a worker may hold, their BLAKE3 hashes stand for them.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::{Errno, pread};

use crate::attributes::{AttributesId, Known};
use crate::crew::{self, Crew};
use crate::inventory::{FileId, Inventory};
use crate::nature::{Nature, Scan, Scope};
use crate::problem::Problem;
use crate::progress::Progress;

/// How many bytes of a file are compared at a time.
const BLOCK: usize = 128 << 10;

/// How many bytes of distinct blocks one worker holds at most.
const HELD: usize = 1 << 20;

/// How many files of one size stay open from block to block; further ones are opened again.
const KEPT_OPEN: usize = 16;

/// A file by its inode: all its names that were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inode {
    /// Where its names begin among the sorted ones.
    first: u32,
    count: u32,
}

/// Files with the same content.
#[derive(Debug)]
pub(crate) struct Group {
    /// In the order of their first names.
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
        let first = member.inode.first as usize;
        &self.names[first..first + member.inode.count as usize]
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
    reading: Reading,
    known: &Known,
    progress: &dyn Progress,
) -> Groups {
    let candidates = Candidates::of(inventory, reading.min_size);
    progress.to_read(candidates.bytes);
    let job = Job {
        inventory,
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
}

impl Candidates {
    fn of(inventory: &Inventory, min_size: u64) -> Self {
        let key = |id: FileId| {
            let file = inventory.file(id);
            (file.size, inventory.directory(id.directory).device, file.inode)
        };
        let large = inventory.files().filter(|(_, file)| file.size >= min_size.max(1));
        let mut names: Vec<FileId> = large.map(|(id, _)| id).collect();
        names.sort_unstable_by_key(|&id| (key(id), id));

        let mut inodes: Vec<Inode> = Vec::new();
        let mut classes = Vec::new();
        let mut bytes = 0;
        for class in
            chunks(&names, |one, other| (key(one).0, key(one).1) == (key(other).0, key(other).1))
        {
            let first = inodes.len();
            for names in chunks(&names[class.clone()], |one, other| key(one).2 == key(other).2) {
                inodes.push(Inode {
                    first: u32::try_from(class.start + names.start)
                        .expect("the walk counts in 32 bits"),
                    count: u32::try_from(names.len()).expect("the walk counts in 32 bits"),
                });
            }
            let size = inventory.file(names[class.start]).size;
            if inodes.len() - first < 2 {
                inodes.truncate(first);
                continue;
            }
            bytes += size * (inodes.len() - first) as u64;
            classes.push(Class { size, first, end: inodes.len() });
        }
        Self { names, inodes, classes, bytes }
    }
}

/// The ranges of neighbours that belong together.
fn chunks(
    names: &[FileId],
    together: impl Fn(FileId, FileId) -> bool,
) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut start = 0;
    names.chunk_by(move |&one, &other| together(one, other)).map(move |chunk| {
        start += chunk.len();
        start - chunk.len()..start
    })
}

/// What the readers share.
struct Job<'all> {
    inventory: &'all Inventory,
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
}

impl Job<'_> {
    fn read_class(&self, reader: &mut Reader, class: &Class, crew: &Crew<Class>) {
        let member =
            |&inode| Open { member: Member { inode, attributes: AttributesId::NONE }, file: None };
        let members: Vec<Open> = self.inodes[class.first..class.end].iter().map(member).collect();
        let mut cohorts = vec![Cohort { members, offset: 0, scan: Scan::new(self.reading.scope) }];
        let bytes = class.size * (class.end - class.first) as u64;
        while let Some(cohort) = cohorts.pop() {
            let length = usize::try_from(class.size - cohort.offset).unwrap_or(BLOCK).min(BLOCK);
            let next = cohort.offset + length as u64;
            for (members, scan) in self.part(reader, cohort, length, class.size, crew) {
                if next < class.size {
                    cohorts.push(Cohort { members, offset: next, scan });
                } else {
                    let members = members.into_iter().map(|open| open.member).collect();
                    reader.groups.push(Group { members, nature: scan.nature() });
                }
            }
        }
        self.progress.read(bytes);
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
        reader.blocks.start(length);
        let last = cohort.offset + length as u64 == size;
        let mut parts: Vec<(Vec<Open>, Scan)> = Vec::new();
        for mut open in cohort.members {
            let began = Instant::now();
            match self.read_block(reader, &mut open, cohort.offset, last) {
                Ok(true) => {}
                Ok(false) => {
                    reader.unsteady.push(self.name(&open));
                    continue;
                }
                Err(errno) => {
                    let path = self.inventory.shown(self.name(&open));
                    reader.problems.push(Problem::system("read", &path, errno));
                    continue;
                }
            }
            crew.waited(began, Duration::from_nanos(length as u64));
            let (slot, block) = reader.blocks.place();
            if last || slot >= KEPT_OPEN {
                open.file = None;
            }
            if slot == parts.len() {
                parts.push((vec![open], cohort.scan.clone()));
                continue;
            }
            let (members, scan) = &mut parts[slot];
            if members.len() == 1 {
                let names = [self.name(&members[0]), self.name(&open)];
                scan.see(cohort.offset, block, &names.map(|name| self.inventory.name_bytes(name)));
            }
            members.push(open);
        }
        parts.retain(|(members, _)| members.len() > 1);
        parts
    }

    /// Reads a member's block behind those that are held. False when the file has another size by
    /// now.
    fn read_block(
        &self,
        reader: &mut Reader,
        open: &mut Open,
        offset: u64,
        last: bool,
    ) -> Result<bool, Errno> {
        let file = match open.file.take() {
            Some(file) => file,
            None => self.inventory.open(self.name(open), &mut reader.path)?,
        };
        if offset == 0 {
            open.member.attributes = self.known.of(&file);
        }
        let steady = reader.blocks.read(&file, offset, last)?;
        open.file = Some(file);
        Ok(steady)
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

    /// Reads the block at hand. False when the file ends before it does, or after it where it is
    /// said to be the last.
    fn read(&mut self, file: &OwnedFd, offset: u64, last: bool) -> Result<bool, Errno> {
        let start = self.at_hand();
        // One byte more tells whether the file ends where it should, without another call.
        let wanted = self.length + usize::from(last);
        if self.bytes.len() < start + wanted {
            self.bytes.resize((start + wanted).next_power_of_two(), 0);
        }
        let space = &mut self.bytes[start..start + wanted];
        let mut filled = 0;
        while filled < wanted {
            match pread(file, &mut space[filled..], offset + filled as u64) {
                Ok(0) => break,
                // A regular file gives less than was asked for only at its end.
                Ok(count) if last && filled + count == self.length => {
                    filled += count;
                    break;
                }
                Ok(count) => filled += count,
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
