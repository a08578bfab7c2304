//! Writes a tar archive, with pax headers for what the classic ones cannot hold.
//!
//! A header announces a size before the content comes: exactly so many bytes are written, or
//! nothing is said to be written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use files::exact::Exact;
use names::shown;
use tar::{Builder, EntryType, Header};

use crate::rootfs::inventory::{Entry, Inventory, Kind};
use crate::rootfs::open_beneath;
use crate::rootfs::tape::COMMENT;

/// Writes what an inventory names, in the order of the paths.
pub(crate) fn write<W: Write>(inventory: &Inventory, base: &Path, out: W) -> Result<W> {
    let mut tape = Tape::of(out);
    for (path, entry) in inventory.iter() {
        let mut open = || open_beneath(base, path);
        tape.add(path, entry, &mut open, None)
            .with_context(|| format!("cannot write `{}`", shown(path)))?;
    }
    tape.finish()
}

/// A tar archive that is being written, entry by entry.
pub(crate) struct Tape<W: Write> {
    tape: Builder<W>,
    first_names: BTreeMap<u64, PathBuf>,
}

impl<W: Write> Tape<W> {
    pub(crate) fn of(out: W) -> Self {
        Self { tape: Builder::new(out), first_names: BTreeMap::new() }
    }

    /// What it is written to.
    pub(crate) fn out(&mut self) -> &mut W {
        self.tape.get_mut()
    }

    /// Adds an entry. `open` gives the content of a file; where that is not as long as the entry
    /// says, the error is [`Failure::Changed`](files::Failure) and the archive is no good from here
    /// on. `remark` is for us: others pass over it.
    pub(crate) fn add(
        &mut self,
        path: &Path,
        entry: &Entry,
        open: &mut dyn FnMut() -> io::Result<File>,
        remark: Option<&str>,
    ) -> Result<()> {
        // No archive holds a socket: it belongs to a program that runs.
        if entry.kind == Kind::Socket {
            return Ok(());
        }
        let first = match entry.kind {
            Kind::File { shared: Some(number), .. } => self.first_names.get(&number).cloned(),
            _ => None,
        };
        let (mut header, records) = describe(path, entry, first.as_deref(), remark)?;
        let records = records.iter().map(|(key, value)| (key.as_str(), value.as_slice()));
        self.tape.append_pax_extensions(records)?;
        header.set_cksum();
        match entry.kind {
            Kind::File { size, .. } if first.is_none() => {
                self.tape.append(&header, Exact::new(open()?, size))?;
            }
            _ => self.tape.append(&header, io::empty())?,
        }
        if let Kind::File { shared: Some(number), .. } = entry.kind {
            self.first_names.entry(number).or_insert_with(|| path.to_owned());
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<W> {
        Ok(self.tape.into_inner()?)
    }
}

/// Whether we could read an entry again. Records have their length before them and may hold any byte,
/// but the crate that reads them ends them at a newline; GNU tar does not.
pub(crate) fn can_be_read_back(path: &Path, entry: &Entry) -> bool {
    /// What is shorter is in the classic header.
    const LONGEST: usize = 98;
    let has_newline = |value: &[u8]| value.contains(&b'\n');
    let is_bad = |text: &Path| {
        let text = text.as_os_str().as_bytes();
        text.len() > LONGEST && has_newline(text)
    };
    let link = matches!(&entry.kind, Kind::Link(text) if is_bad(text));
    !is_bad(path) && !link && !entry.attributes.values().any(|value| has_newline(value))
}

/// Records of a pax header (POSIX.1-2024, pax): what the classic header cannot hold.
type Records = Vec<(String, Vec<u8>)>;

/// The headers of an entry; `first` is the name that it shares a file with.
fn describe(
    path: &Path,
    entry: &Entry,
    first: Option<&Path>,
    remark: Option<&str>,
) -> Result<(Header, Records)> {
    let mut header = Header::new_ustar();
    let mut records = common(&mut header, entry);
    if let Some(remark) = remark {
        records.push((COMMENT.to_owned(), remark.as_bytes().to_vec()));
    }
    header.set_size(0);
    let (entry_type, link) = match (&entry.kind, first) {
        (_, Some(first)) => (EntryType::Link, Some(first)),
        (Kind::File { size, .. }, None) => {
            header.set_size(*size);
            (EntryType::Regular, None)
        }
        (Kind::Directory, _) => (EntryType::Directory, None),
        (Kind::Link(text), _) => (EntryType::Symlink, Some(text.as_path())),
        (Kind::Device { block, major, minor }, _) => {
            header.set_device_major(*major)?;
            header.set_device_minor(*minor)?;
            (if *block { EntryType::Block } else { EntryType::Char }, None)
        }
        (Kind::Pipe | Kind::Socket, _) => (EntryType::Fifo, None),
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
    Ok((header, records))
}

/// What every entry has: mode, owner, time and attributes.
fn common(header: &mut Header, entry: &Entry) -> Records {
    /// Seven octal digits are what a classic header holds.
    const LARGEST: u32 = 0o777_7777;
    let mut records = Records::new();
    header.set_mode(entry.mode);
    for (key, number) in [("uid", entry.owner.0), ("gid", entry.owner.1)] {
        if number > LARGEST {
            records.push((key.to_owned(), number.to_string().into_bytes()));
        }
    }
    header.set_uid(u64::from(entry.owner.0.min(LARGEST)));
    header.set_gid(u64::from(entry.owner.1.min(LARGEST)));
    header.set_mtime(u64::try_from(entry.modified.0).unwrap_or(0));
    if entry.modified.1 > 0 || entry.modified.0 < 0 {
        records.push(("mtime".to_owned(), seconds(entry.modified).into_bytes()));
    }
    for (name, value) in &entry.attributes {
        records.push((format!("SCHILY.xattr.{}", String::from_utf8_lossy(name)), value.clone()));
    }
    records
}

fn set_name(header: &mut Header, name: &[u8], records: &mut Records) {
    let field = &mut header.as_ustar_mut().expect("it is made so").name;
    if name.len() > field.len() {
        records.push(("path".to_owned(), name.to_vec()));
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
        records.push(("linkpath".to_owned(), text.clone()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_every_length_are_read_as_they_were_written_if_they_can_be() {
        for length in (0..200).chain([980, 981, 982, 983, 9_979, 9_980, 9_981, 65_536]) {
            let value: Vec<u8> =
                (0..=u8::MAX).filter(|byte| *byte != b'\n').cycle().take(length).collect();
            let entry = Entry {
                attributes: BTreeMap::from([(b"user.note".to_vec(), value.clone())]),
                ..Entry::plain_directory()
            };
            let mut tape = Tape::of(Vec::new());
            let path = Path::new("directory");
            assert!(can_be_read_back(path, &entry));
            tape.add(path, &entry, &mut || Err(io::ErrorKind::Other.into()), None).expect("memory");
            let written = tape.finish().expect("memory");

            let mut archive = tar::Archive::new(written.as_slice());
            let mut read = archive.entries().expect("an archive").next().expect("an entry");
            let read = read.as_mut().expect("an entry").pax_extensions().expect("records");
            let read: Vec<_> = read.expect("records").map(|one| one.expect("a record")).collect();
            assert_eq!(read.len(), 1);
            assert_eq!(read[0].key(), Ok("SCHILY.xattr.user.note"));
            assert_eq!(read[0].value_bytes(), value);
        }
        let odd = Entry {
            attributes: BTreeMap::from([(b"user.note".to_vec(), b"a\nb".to_vec())]),
            ..Entry::plain_directory()
        };
        assert!(!can_be_read_back(Path::new("directory"), &odd));
        let long = format!("new\nline{}", "x".repeat(100));
        assert!(!can_be_read_back(Path::new(&long), &Entry::plain_directory()));
        assert!(can_be_read_back(Path::new("new\nline"), &Entry::plain_directory()));
    }

    #[test]
    fn times_before_1970_are_written_as_they_are_read() {
        assert_eq!(seconds((12, 5)), "12.000000005");
        assert_eq!(seconds((-2, 750_000_000)), "-1.250000000");
    }
}
