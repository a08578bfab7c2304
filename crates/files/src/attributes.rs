//! Extended attributes of files.

use std::os::fd::AsFd;

use rustix::fs::{fgetxattr, flistxattr};
use rustix::io::Errno;

/// Names and values, in the order of the names.
pub type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

/// Larger lists do not exist: the kernel's limit (`XATTR_LIST_MAX`), and that of a value.
const LARGEST: usize = 64 << 10;

/// Reads all attributes of an open file; none where the file system knows none.
pub fn read(file: impl AsFd) -> Result<Attributes, Errno> {
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
