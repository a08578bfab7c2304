//! Writes a cpio archive in the form that the kernel unpacks as its first file system.
//!
//! Format: "newc", `Documentation/driver-api/early-userspace/buffer-format.rst`.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use names::shown;

use crate::rootfs::inventory::{Entry, Inventory, Kind};
use crate::rootfs::open_beneath;

/// Writes what an inventory names, in the order of the paths.
pub(crate) fn write<W: Write>(inventory: &Inventory, base: &Path, mut out: W) -> Result<W> {
    let mut names: BTreeMap<u64, u32> = BTreeMap::new();
    for (_, entry) in inventory.iter() {
        if let Kind::File { shared: Some(number), .. } = entry.kind {
            *names.entry(number).or_insert(0) += 1;
        }
    }
    let mut seen: BTreeMap<u64, u32> = BTreeMap::new();
    let mut inode = 0_u32;
    for (path, entry) in inventory.iter().filter(|(_, entry)| entry.kind != Kind::Socket) {
        inode += 1;
        let mut member = Member { path, entry, inode, links: 1, has_content: true };
        if let Kind::File { shared: Some(number), .. } = entry.kind {
            member.links = names[&number];
            member.inode = *seen.entry(number).or_insert(inode);
            // The content follows the first name: the kernel links the others to it.
            member.has_content = member.inode == inode;
        }
        member.write(base, &mut out).with_context(|| format!("cannot write `{}`", shown(path)))?;
    }
    trailer(&mut out)?;
    Ok(out)
}

struct Member<'a> {
    path: &'a Path,
    entry: &'a Entry,
    inode: u32,
    links: u32,
    has_content: bool,
}

impl Member<'_> {
    fn write(&self, base: &Path, out: &mut impl Write) -> Result<()> {
        let (kind, device) = match self.entry.kind {
            Kind::File { .. } => (0o100_000, (0, 0)),
            Kind::Directory => (0o040_000, (0, 0)),
            Kind::Link(_) => (0o120_000, (0, 0)),
            Kind::Device { block: true, major, minor } => (0o060_000, (major, minor)),
            Kind::Device { major, minor, .. } => (0o020_000, (major, minor)),
            Kind::Pipe => (0o010_000, (0, 0)),
            Kind::Socket => return Ok(()),
        };
        let size = if self.has_content { self.entry.size() } else { 0 };
        let Ok(size32) = u32::try_from(size) else {
            bail!("a cpio archive holds no file of 4 GiB or more");
        };
        let name = match self.path.as_os_str().as_bytes() {
            b"" => b".".as_slice(),
            name => name,
        };
        let modified = u32::try_from(self.entry.modified.0.max(0)).unwrap_or(u32::MAX);
        let (user, group) = self.entry.owner;
        let fields = [
            self.inode,
            kind | self.entry.mode,
            user,
            group,
            self.links,
            modified,
            size32,
            0,
            0,
            device.0,
            device.1,
        ];
        header(out, &fields, name)?;
        match &self.entry.kind {
            Kind::Link(text) => out.write_all(text.as_os_str().as_bytes())?,
            Kind::File { .. } if self.has_content => {
                let copied = io::copy(&mut open_beneath(base, self.path)?.take(size), out)?;
                if copied != size {
                    bail!("the file became shorter meanwhile");
                }
            }
            _ => {}
        }
        pad(out, size)
    }
}

fn trailer(out: &mut impl Write) -> Result<()> {
    header(out, &[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], b"TRAILER!!!")
}

/// A header and the name: the name's length and an unused checksum follow the other fields.
fn header(out: &mut impl Write, fields: &[u32; 11], name: &[u8]) -> Result<()> {
    let mut text = "070701".to_owned();
    for field in fields {
        text.push_str(&format!("{field:08x}"));
    }
    text.push_str(&format!("{:08x}{:08x}", name.len() + 1, 0));
    out.write_all(text.as_bytes())?;
    out.write_all(name)?;
    out.write_all(b"\0")?;
    pad(out, text.len() as u64 + name.len() as u64 + 1)
}

/// Everything begins at a multiple of four.
fn pad(out: &mut impl Write, length: u64) -> Result<()> {
    let zeros = usize::try_from(length.next_multiple_of(4) - length).expect("at most three");
    Ok(out.write_all(&[0; 3][..zeros])?)
}
