//! Extended attributes of files, so that only files with the same ones become one.
//!
//! Most files have none. The sets that occur are kept once each, and a file's set is a number.

use std::collections::HashMap;
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{fgetxattr, flistxattr};
use rustix::io::Errno;

/// Names and values, in the order of the names.
pub(crate) type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

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

/// Larger lists do not exist: the kernel's limit (`XATTR_LIST_MAX`), and that of a value.
const LARGEST: usize = 64 << 10;

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

/// Reads all attributes of an open file.
pub(crate) fn read(file: impl AsFd) -> Result<Attributes, Errno> {
    let mut list = vec![0; LARGEST];
    let length = match flistxattr(&file, list.as_mut_slice()) {
        Err(Errno::OPNOTSUPP) => 0,
        other => other?,
    };
    let mut attributes = Attributes::new();
    let mut value = vec![0; LARGEST];
    for name in list[..length].split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
        let length = fgetxattr(&file, name, value.as_mut_slice())?;
        attributes.push((name.to_vec(), value[..length].to_vec()));
    }
    attributes.sort_unstable();
    Ok(attributes)
}
