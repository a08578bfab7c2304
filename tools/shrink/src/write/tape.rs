//! Writes a tar archive, with pax headers for what the classic ones cannot hold.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;
use tar::{Builder, EntryType, Header};

use crate::rootfs::inventory::{Entry, Inventory, Kind};
use crate::rootfs::open_beneath;

/// Writes what an inventory names, in the order of the paths.
pub(crate) fn write<W: Write>(inventory: &Inventory, base: &Path, out: W) -> Result<W> {
    let mut tape = Builder::new(out);
    let mut first_names: BTreeMap<u64, PathBuf> = BTreeMap::new();
    for (path, entry) in inventory.iter() {
        let first = match entry.kind {
            Kind::File { shared: Some(number), .. } => {
                let first = first_names.entry(number).or_insert_with(|| path.to_owned());
                (first != path).then(|| first.clone())
            }
            _ => None,
        };
        append(&mut tape, base, path, entry, first.as_deref())
            .with_context(|| format!("cannot write `{}`", shown(path)))?;
    }
    Ok(tape.into_inner()?)
}

fn append<W: Write>(
    tape: &mut Builder<W>,
    base: &Path,
    path: &Path,
    entry: &Entry,
    first: Option<&Path>,
) -> Result<()> {
    let mut header = Header::new_ustar();
    header.set_mode(entry.mode);
    header.set_mtime(u64::try_from(entry.modified.0).unwrap_or(0));
    let mut records = Records::default();
    for (key, number) in [("uid", entry.owner.0), ("gid", entry.owner.1)] {
        /// Seven octal digits are what a classic header holds.
        const LARGEST: u32 = 0o777_7777;
        if number > LARGEST {
            records.add(key, number.to_string().as_bytes());
        }
    }
    header.set_uid(u64::from(entry.owner.0.min(0o777_7777)));
    header.set_gid(u64::from(entry.owner.1.min(0o777_7777)));
    if entry.modified.1 > 0 || entry.modified.0 < 0 {
        records.add("mtime", seconds(entry.modified).as_bytes());
    }
    for (name, value) in &entry.attributes {
        records.add(&format!("SCHILY.xattr.{}", String::from_utf8_lossy(name)), value);
    }

    let mut content: Box<dyn Read> = Box::new(std::io::empty());
    header.set_size(0);
    let mut link: Option<&Path> = None;
    let entry_type = match (&entry.kind, first) {
        (_, Some(first)) => {
            link = Some(first);
            EntryType::Link
        }
        (Kind::File { size, .. }, None) => {
            header.set_size(*size);
            content = Box::new(open_beneath(base, path)?.take(*size));
            EntryType::Regular
        }
        (Kind::Directory, _) => EntryType::Directory,
        (Kind::Link(text), _) => {
            link = Some(text);
            EntryType::Symlink
        }
        (Kind::Device { block, major, minor }, _) => {
            header.set_device_major(*major)?;
            header.set_device_minor(*minor)?;
            if *block { EntryType::Block } else { EntryType::Char }
        }
        (Kind::Pipe, _) => EntryType::Fifo,
        // No archive holds a socket: it belongs to a program that runs.
        (Kind::Socket, _) => return Ok(()),
    };
    header.set_entry_type(entry_type);
    let mut name = b"./".to_vec();
    name.extend_from_slice(path.as_os_str().as_bytes());
    if entry.kind == Kind::Directory && name != b"./" {
        name.push(b'/');
    }
    set_name(&mut header, &name, &mut records);
    if let Some(link) = link {
        set_link(&mut header, link, entry, &mut records);
    }
    records.write(tape)?;
    header.set_cksum();
    tape.append(&header, content)?;
    Ok(())
}

fn set_name(header: &mut Header, name: &[u8], records: &mut Records) {
    let field = &mut header.as_ustar_mut().expect("it is made so").name;
    if name.len() > field.len() {
        records.add("path", name);
    }
    let length = name.len().min(field.len());
    field[..length].copy_from_slice(&name[..length]);
}

fn set_link(header: &mut Header, link: &Path, entry: &Entry, records: &mut Records) {
    let mut text = Vec::new();
    if entry.is_file() {
        text.extend_from_slice(b"./");
    }
    text.extend_from_slice(link.as_os_str().as_bytes());
    let field = &mut header.as_ustar_mut().expect("it is made so").linkname;
    if text.len() > field.len() {
        records.add("linkpath", &text);
    }
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text[..length]);
}

fn seconds((whole, nanoseconds): (i64, u32)) -> String {
    if whole < 0 && nanoseconds > 0 {
        return format!("-{}.{:09}", -(whole + 1), 1_000_000_000 - nanoseconds);
    }
    format!("{whole}.{nanoseconds:09}")
}

/// Records of a pax header: `length key=value\n` (POSIX.1-2024, pax).
#[derive(Default)]
struct Records(Vec<u8>);

impl Records {
    fn add(&mut self, key: &str, value: &[u8]) {
        let rest = 1 + key.len() + 1 + value.len() + 1;
        let mut length = rest + 1;
        while length != rest + length.to_string().len() {
            length = rest + length.to_string().len();
        }
        self.0.extend_from_slice(format!("{length} {key}=").as_bytes());
        self.0.extend_from_slice(value);
        self.0.push(b'\n');
    }

    fn write<W: Write>(&self, tape: &mut Builder<W>) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::XHeader);
        header.set_path("PaxHeaders/0")?;
        header.set_mode(0o644);
        header.set_size(self.0.len() as u64);
        header.set_cksum();
        Ok(tape.append(&header, &*self.0)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_its_own_length() {
        for (length, total) in [(90, 99), (91, 101)] {
            let mut records = Records::default();
            records.add("path", &vec![b'x'; length]);
            assert!(records.0.starts_with(format!("{total} path=").as_bytes()));
            assert_eq!(records.0.len(), total);
        }
    }

    #[test]
    fn times_before_1970_are_written_as_they_are_read() {
        assert_eq!(seconds((12, 5)), "12.000000005");
        assert_eq!(seconds((-2, 750_000_000)), "-1.250000000");
    }
}
