//! The flags of `chattr` that a file keeps whoever writes to it: that its times of reading are not
//! kept, that it is left out of dumps, that it is not copied on write.
//!
//! `i` and `a` are not among them: with these nothing takes the place of a file.
//!
//! What it comes to is shown in `tools/clink/tests/undo.rs`.

use std::os::fd::AsFd;

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

const KEPT: IFlags = IFlags::NOATIME
    .union(IFlags::NODUMP)
    .union(IFlags::SYNC)
    .union(IFlags::DIRSYNC)
    .union(IFlags::NOCOW)
    .union(IFlags::COMPRESSED)
    .union(IFlags::NOTAIL);

/// Those of an open file; none where the file system knows none.
#[must_use]
pub fn read(file: impl AsFd) -> u32 {
    ioctl_getflags(file).map_or(0, |flags| (flags & KEPT).bits())
}

/// Gives them to an open file, which is empty: later the file system does not take them all. What
/// it does not know stays as it is, as does what is for root alone.
pub fn give(file: impl AsFd, flags: u32) {
    let Ok(has) = ioctl_getflags(&file) else { return };
    let wanted = (has - KEPT) | (IFlags::from_bits_truncate(flags) & KEPT);
    if wanted != has {
        let _ = ioctl_setflags(&file, wanted);
    }
}
