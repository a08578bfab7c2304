//! Sets of extended attributes, so that only files with the same ones become one.
//!
//! Most files have none. The sets that occur are kept once each, and a file's set is a number.

use std::collections::HashMap;
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

use files::attributes::{Attributes, read};
use rustix::fs::flistxattr;
use rustix::io::Errno;

/// A set of attributes that was met; equal sets have equal numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct AttributesId(u32);

impl AttributesId {
    pub(crate) const NONE: Self = Self(0);
    /// A set that could not be read, equal to no other.
    pub(crate) const UNREADABLE: Self = Self(u32::MAX);

    pub(crate) fn to_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }
}

/// Every set of attributes that was met.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashMap<Attributes, u32>>);

impl Known {
    /// The number of the set that the open file has.
    pub(crate) fn of(&self, file: impl AsFd) -> AttributesId {
        let mut few = [0; 256];
        match flistxattr(&file, &mut few) {
            Ok(0) | Err(Errno::OPNOTSUPP) => AttributesId::NONE,
            _ => read(file).map_or(AttributesId::UNREADABLE, |attributes| self.number(attributes)),
        }
    }

    fn number(&self, attributes: Attributes) -> AttributesId {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u32::try_from(known.len()).unwrap_or(u32::MAX - 2) + 1;
        AttributesId(*known.entry(attributes).or_insert(next))
    }

    /// The sets that give a program more rights than its caller has.
    pub(crate) fn with_capabilities(&self) -> Vec<AttributesId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let capable = |set: &Attributes| set.iter().any(|(name, _)| name == b"security.capability");
        known
            .iter()
            .filter(|(set, _)| capable(set))
            .map(|(_, &number)| AttributesId(number))
            .collect()
    }
}
