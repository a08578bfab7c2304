//! Lets files share their storage: the kernel compares them and does it in one step.
//!
//! The numbers and structures are those of `linux/fs.h` and `linux/fiemap.h`.

#![expect(unsafe_code, reason = "two ioctls that no crate offers; each with its proof")]

use std::os::fd::{AsRawFd, OwnedFd};

use rustix::io::Errno;
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};

/// `struct file_dedupe_range` with one destination.
#[repr(C)]
struct Dedupe {
    source_offset: u64,
    source_length: u64,
    destination_count: u16,
    reserved: [u16; 3],
    destination: i64,
    destination_offset: u64,
    bytes_shared: u64,
    status: i32,
    reserved_after: u32,
}

/// The part of it that counts for the number of the call.
type DedupeHeader = [u64; 3];

const FIDEDUPERANGE: Opcode = opcode::read_write::<DedupeHeader>(0x94, 54);

/// Btrfs takes no more than 16 MiB at a time.
const MOST_AT_A_TIME: u64 = 16 << 20;

/// What came of sharing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shared {
    /// All of it is shared.
    Whole,
    /// The files differ; what was the same may be shared.
    Different,
}

/// Lets `copy` share the storage of `kept`; both have `size` bytes. Neither content changes, nor
/// any time.
pub(crate) fn share(kept: &OwnedFd, copy: &OwnedFd, size: u64) -> Result<Shared, Errno> {
    let mut offset = 0;
    while offset < size {
        let mut request = Dedupe {
            source_offset: offset,
            source_length: (size - offset).min(MOST_AT_A_TIME),
            destination_count: 1,
            reserved: [0; 3],
            destination: i64::from(copy.as_raw_fd()),
            destination_offset: offset,
            bytes_shared: 0,
            status: 0,
            reserved_after: 0,
        };
        // SAFETY: the structure is the one that this number stands for, with as many destinations
        // as it says, and it outlives the call.
        unsafe { ioctl(kept, Updater::<FIDEDUPERANGE, Dedupe>::new(&mut request))? };
        match request.status {
            0 if request.bytes_shared > 0 => offset += request.bytes_shared,
            0 | 1 => return Ok(Shared::Different),
            negative => return Err(Errno::from_raw_os_error(-negative)),
        }
    }
    Ok(Shared::Whole)
}

/// `struct fiemap` with room for some extents.
#[repr(C)]
struct Map {
    start: u64,
    length: u64,
    flags: u32,
    mapped: u32,
    count: u32,
    reserved: u32,
    extents: [Extent; MOST_EXTENTS],
}

/// `struct fiemap_extent`.
#[repr(C)]
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Extent {
    logical: u64,
    physical: u64,
    length: u64,
    reserved: [u64; 2],
    flags: u32,
    reserved_after: [u32; 3],
}

const MOST_EXTENTS: usize = 64;
const FS_IOC_FIEMAP: Opcode = opcode::read_write::<[u64; 4]>(b'f', 11);
const LAST: u32 = 1;

/// What two files of the same content have in common on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    /// Each has its own, as far as is known. Files in very many pieces count as such.
    Own,
    /// They share all of it.
    Shared,
    /// There is none to share: the content lies in the inode, or is one hole.
    None,
}

/// Looks where two files lie on the disk.
pub(crate) fn storage(kept: &OwnedFd, copy: &OwnedFd) -> Storage {
    let (Some(kept), Some(copy)) = (places(kept), places(copy)) else { return Storage::Own };
    if kept.in_inode || copy.in_inode || copy.extents.is_empty() {
        Storage::None
    } else if kept == copy {
        Storage::Shared
    } else {
        Storage::Own
    }
}

/// Where a file lies on the disk.
#[derive(PartialEq, Eq)]
struct Places {
    in_inode: bool,
    /// Offset in the file, place on the disk, length.
    extents: Vec<(u64, u64, u64)>,
}

/// None when the place is not known for all of the file.
fn places(file: &OwnedFd) -> Option<Places> {
    /// The place is not known yet.
    const WITHOUT_PLACE: u32 = 0x2 | 0x4;
    const IN_INODE: u32 = 0x200;
    let mut map = Map {
        start: 0,
        length: u64::MAX,
        flags: 0,
        mapped: 0,
        count: u32::try_from(MOST_EXTENTS).ok()?,
        reserved: 0,
        extents: [Extent::default(); MOST_EXTENTS],
    };
    // SAFETY: the structure is the one that this number stands for, with room for as many extents
    // as it says, and it outlives the call.
    unsafe { ioctl(file, Updater::<FS_IOC_FIEMAP, Map>::new(&mut map)).ok()? };
    let extents = map.extents.get(..map.mapped as usize)?;
    let known = extents.iter().all(|extent| extent.flags & WITHOUT_PLACE == 0);
    let whole = extents.last().is_none_or(|extent| extent.flags & LAST != 0);
    (known && whole).then(|| Places {
        in_inode: extents.iter().any(|extent| extent.flags & IN_INODE != 0),
        extents: extents
            .iter()
            .map(|extent| (extent.logical, extent.physical, extent.length))
            .collect(),
    })
}
