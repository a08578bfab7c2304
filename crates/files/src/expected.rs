//! What is expected to stand under a name that is going to change.

use std::os::fd::BorrowedFd;

use crate::failure::Failure;
use crate::sighting::Sighting;

/// What is expected to stand under a name, looked for before the change and again after it.
///
/// [`Watched`](crate::Watched) is a file whose content matters. A [`Sighting`] is enough for what
/// cannot be edited: links, FIFOs, devices. Directories know themselves what they hold.
pub trait Expected {
    /// The last look before the change: it is what stands under the name, and nothing about it has
    /// changed.
    fn is_there(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure>;

    /// It is what our rename has moved to this temporary name, and nothing but its name has
    /// changed.
    fn is_moved_to(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure>;

    /// Whether what takes its place is still right; asked after the change, with the name that it
    /// has taken.
    fn fits(&mut self, _directory: BorrowedFd<'_>, _name: &[u8]) -> Result<(), Failure> {
        Ok(())
    }

    /// The same before the change, with its temporary name. Who has looked just now need not do so
    /// again.
    fn will_fit(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        self.fits(directory, name)
    }
}

impl Expected for Sighting {
    fn is_there(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        let now = Self::of_name(directory, name).map_err(Failure::at_seen_name)?;
        if now == *self { Ok(()) } else { Err(Failure::Changed) }
    }

    fn is_moved_to(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
        let now = Self::of_name(directory, name).map_err(Failure::at_seen_name)?;
        if now.is_same_but_renamed(self) { Ok(()) } else { Err(Failure::Changed) }
    }
}
