//! A door for the fuzz targets, which feed bytes of others to it: no part of the interface.

use crate::journal;

/// Reads a journal, as undo does: whether it is one.
#[must_use]
pub fn journal(bytes: &[u8]) -> bool {
    journal::read(bytes).is_ok()
}
