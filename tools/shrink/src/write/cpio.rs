//! Writes a cpio archive, which the kernel unpacks as its first file system.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};
use cpio::{Archive, Member};
use names::shown;

use crate::rootfs::inventory::{Entry, Inventory, Kind};
use crate::rootfs::open_beneath;

/// Writes what an inventory names, in the order of the paths.
pub(crate) fn write<W: Write>(inventory: &Inventory, base: &Path, out: W) -> Result<W> {
    let mut names: BTreeMap<u64, u32> = BTreeMap::new();
    for (_, entry) in inventory.iter() {
        if let Kind::File { shared: Some(number), .. } = entry.kind {
            *names.entry(number).or_insert(0) += 1;
        }
    }
    let mut archive = Archive::new(out);
    let mut seen: BTreeMap<u64, u32> = BTreeMap::new();
    let mut inode = 0_u32;
    for (path, entry) in inventory.iter() {
        let Some(kind) = kind(entry) else {
            continue;
        };
        inode += 1;
        let mut member = member(path, entry, kind, inode);
        if let Kind::File { shared: Some(number), .. } = entry.kind {
            member.links = names[&number];
            member.inode = *seen.entry(number).or_insert(inode);
            // The content follows the first name: the kernel links the others to it.
            if member.inode != inode {
                member.kind = cpio::Kind::File(0);
            }
        }
        let mut content: Box<dyn Read> = match member.kind {
            cpio::Kind::File(1..) => Box::new(open_beneath(base, path)?),
            _ => Box::new(io::empty()),
        };
        archive
            .add(&member, &mut content)
            .with_context(|| format!("cannot write `{}`", shown(path)))?;
    }
    Ok(archive.finish()?)
}

/// A socket lives only as long as who listens: no archive holds one.
fn kind(entry: &Entry) -> Option<cpio::Kind<'_>> {
    Some(match &entry.kind {
        Kind::File { .. } => cpio::Kind::File(entry.size()),
        Kind::Directory => cpio::Kind::Directory,
        Kind::Link(text) => cpio::Kind::Link(text.as_os_str().as_bytes()),
        Kind::Device { block: true, major, minor } => cpio::Kind::BlockDevice(*major, *minor),
        Kind::Device { major, minor, .. } => cpio::Kind::CharacterDevice(*major, *minor),
        Kind::Pipe => cpio::Kind::Pipe,
        Kind::Socket => return None,
    })
}

fn member<'a>(path: &'a Path, entry: &Entry, kind: cpio::Kind<'a>, inode: u32) -> Member<'a> {
    Member {
        name: match path.as_os_str().as_bytes() {
            b"" => b".",
            name => name,
        },
        kind,
        permissions: entry.mode,
        owner: entry.owner,
        modified: u32::try_from(entry.modified.0.max(0)).unwrap_or(u32::MAX),
        inode,
        links: 1,
    }
}
