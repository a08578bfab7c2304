//! Recognises what holds a root filesystem by the numbers at its beginning, never by its name.

use std::fs::File;
use std::io::{self, Read, Seek};

use super::{ext4, tape};

/// What a file that should hold a root filesystem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A tar archive, perhaps compressed.
    Tape,
    Squashfs,
    /// Also ext2 and ext3.
    Ext4,
    /// An image that is compressed as a whole.
    Compressed,
    /// A whole disk, with partitions.
    Disk,
    Unknown,
}

/// As much as has to be seen.
const HEAD: u64 = 2048;

impl Form {
    pub(super) fn of(file: &mut File) -> io::Result<Self> {
        let mut head = Vec::new();
        Read::by_ref(file).take(HEAD).read_to_end(&mut head)?;
        if !is_compressed(&head) {
            return Ok(Self::of_head(&head));
        }
        file.rewind()?;
        let mut inner = Vec::new();
        // What is damaged is for those to say who read all of it.
        let _ = tape::uncompressed(file)?.take(HEAD).read_to_end(&mut inner);
        Ok(match Self::of_head(&inner) {
            Self::Squashfs | Self::Ext4 | Self::Disk => Self::Compressed,
            _ => Self::Tape,
        })
    }

    fn of_head(head: &[u8]) -> Self {
        let at =
            |offset: usize, magic: &[u8]| head.get(offset..offset + magic.len()) == Some(magic);
        if at(0, b"hsqs") {
            Self::Squashfs
        } else if at(257, b"ustar") {
            Self::Tape
        } else if at(ext4::MAGIC.0, ext4::MAGIC.1) {
            Self::Ext4
        } else if at(512, b"EFI PART") || has_partitions(head) {
            Self::Disk
        } else {
            Self::Unknown
        }
    }
}

fn is_compressed(head: &[u8]) -> bool {
    [&b"\x1f\x8b"[..], b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"].iter().any(|form| head.starts_with(form))
}

/// Whether a table of four partitions stands at the end of the first sector. The boot sectors of
/// other file systems end alike, but hold no such table.
fn has_partitions(head: &[u8]) -> bool {
    let Some(table) = head.get(446..512).filter(|table| table.ends_with(b"\x55\xaa")) else {
        return false;
    };
    let entries = || table[..64].chunks_exact(16);
    let is_entry = |entry: &[u8]| matches!(entry[0], 0 | 0x80);
    entries().all(is_entry) && entries().any(|entry| entry[4] != 0)
}
