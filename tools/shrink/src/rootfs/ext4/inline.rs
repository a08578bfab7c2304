//! Content that an inode itself holds (feature `inline_data`): small files, directories and links.
//!
//! The first 60 bytes stand where the numbers of blocks would, the rest in an attribute.

use anyhow::{Context, Result, ensure};
use ferrosys::Xattr;
use ferrosys::ext::ondisk::{DirEntry, Inode};

/// The attribute with the rest of the content.
pub(super) const REST: &[u8] = b"system.data";

/// The flag of an inode that holds its content, `EXT4_INLINE_DATA_FL`.
const INLINE: u32 = 0x1000_0000;

/// Where the entries of a directory begin: the number of the one above comes first.
const ENTRIES: usize = 4;

pub(super) fn is(inode: &Inode) -> bool {
    inode.flags.bits() & INLINE != 0
}

/// What the attributes hold of the content.
pub(super) fn rest(attributes: &[Xattr]) -> &[u8] {
    let rest = attributes.iter().find(|attribute| attribute.name == REST);
    rest.map_or(&[], |rest| &rest.value)
}

/// The content of a file or the text of a link.
pub(super) fn content(inode: &Inode, rest: &[u8]) -> Result<Vec<u8>> {
    let mut content = [&inode.block[..], rest].concat();
    let size = usize::try_from(inode.size).context("its size is no size")?;
    ensure!(size <= content.len(), "it holds less than its {size} bytes");
    content.truncate(size);
    Ok(content)
}

/// The entries of a directory: names and the numbers of their inodes.
pub(super) fn children(inode: &Inode, rest: &[u8]) -> Result<Vec<(Vec<u8>, u32)>> {
    /// Smaller than the blocks whose entries count their length in another way.
    const BLOCK: usize = 4096;
    let mut children = Vec::new();
    for mut part in [&inode.block[ENTRIES..], rest] {
        while !part.is_empty() {
            let (entry, length) = DirEntry::read_from(part, BLOCK)?;
            if entry.inode != 0 {
                children.push((entry.name, entry.inode));
            }
            part = &part[length..];
        }
    }
    Ok(children)
}
