//! Takes a name away, if it still is what was planned to go.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{self, AtFlags};

use crate::drawer::Drawer;
use crate::expected::Expected;
use crate::failure::Failure;

/// Removes what is expected to stand under `name`: a file, a link, or what is neither; a directory
/// only if it is empty. Where something else stands there it keeps its name or gets it back.
///
/// It is first moved into a drawer, where nobody else reaches it, and looked at there. A kill before
/// its end leaves it there under its own name, and the next
/// [`leftovers::clean`](crate::leftovers::clean) puts it back.
pub fn remove(directory: impl AsFd, name: &[u8], old: &mut dyn Expected) -> Result<(), Failure> {
    let directory = directory.as_fd();
    old.is_there(directory, name)?;
    let drawer = Drawer::take(directory, name)?;
    let (inside, kept_name) = drawer.place();
    let removed = old.is_moved_to(inside, kept_name).and_then(|()| unlink(inside, kept_name));
    match removed {
        Ok(()) => Ok(drawer.clear(directory)?),
        Err(why) => Err(drawer.give_back(directory, why)),
    }
}

fn unlink(directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
    let is_directory =
        crate::sighting::Sighting::of_name(directory, name)?.kind() == fs::FileType::Directory;
    let flags = if is_directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
    Ok(fs::unlinkat(directory, name, flags)?)
}
