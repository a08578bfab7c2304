//! An image as its reader is to see it: without the features that are read here, or that do not
//! matter to somebody who only reads.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use ferrosys::ext::ondisk::{SuperBlock, superblock_checksum};

/// Where the superblock stands.
const PLACE: u64 = 1024;

/// Content in inodes, `inline_data`: `inline` reads it.
const INLINE_DATA: u32 = 0x8000;
/// A lock for machines that share a disk, `mmp`.
const SHARED_DISK: u32 = 0x0100;
/// Deeper trees of hashes, `large_dir`; who reads all of a directory needs none.
const LARGE_DIRECTORIES: u32 = 0x4000;
/// Names that are equal whatever their case, `casefold`: they are kept as they were given.
const ANY_CASE: u32 = 0x2_0000;

/// An image whose superblock is another one.
pub(super) struct Presented {
    file: File,
    superblock: Vec<u8>,
    holds_inline: bool,
    at: u64,
}

impl Presented {
    pub(super) fn of(mut file: File) -> io::Result<Self> {
        let mut superblock = vec![0; SuperBlock::SIZE];
        file.seek(SeekFrom::Start(PLACE))?;
        file.read_exact(&mut superblock)?;
        let place = SuperBlock::FEATURE_INCOMPAT_OFFSET;
        let place = place..place + 4;
        let features = u32::from_le_bytes(superblock[place.clone()].try_into().expect("4 bytes"));
        let fewer = features & !(INLINE_DATA | SHARED_DISK | LARGE_DIRECTORIES | ANY_CASE);
        let checksum = SuperBlock::CHECKSUM_OFFSET..SuperBlock::CHECKSUM_OFFSET + 4;
        let is_whole =
            superblock[checksum.clone()] == superblock_checksum(&superblock).to_le_bytes();
        superblock[place].copy_from_slice(&fewer.to_le_bytes());
        if is_whole {
            let sum = superblock_checksum(&superblock);
            superblock[checksum].copy_from_slice(&sum.to_le_bytes());
        }
        let holds_inline = features & INLINE_DATA != 0;
        Ok(Self { file, superblock, holds_inline, at: 0 })
    }

    /// Whether inodes hold content.
    pub(super) fn holds_inline(&self) -> bool {
        self.holds_inline
    }
}

impl Read for Presented {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let end = PLACE + SuperBlock::SIZE as u64;
        let read = if (PLACE..end).contains(&self.at) {
            let from = usize::try_from(self.at - PLACE).expect("it is below 1024");
            (&self.superblock[from..]).read(into)?
        } else {
            let most = if self.at < PLACE { PLACE - self.at } else { u64::MAX };
            self.file.seek(SeekFrom::Start(self.at))?;
            Read::by_ref(&mut self.file).take(most).read(into)?
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Presented {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(by) => self.at.checked_add_signed(by).ok_or_else(before_the_start)?,
            SeekFrom::End(by) => {
                let length = self.file.seek(SeekFrom::End(0))?;
                length.checked_add_signed(by).ok_or_else(before_the_start)?
            }
        };
        Ok(self.at)
    }
}

fn before_the_start() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "a place before the beginning")
}
