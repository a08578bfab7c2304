//! Rewrites a zip package in which some parts have new addresses; all others are copied as they
//! are, without unpacking them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{Edit, edited};

/// Whether a file begins like a zip package.
pub(super) fn is_package(file: &mut File) -> io::Result<bool> {
    let mut head = [0; 4];
    file.seek(SeekFrom::Start(0))?;
    let count = file.read(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(&head[..count] == b"PK\x03\x04")
}

/// Writes the package anew.
pub(super) fn rewrite(
    old: &mut File,
    parts: &BTreeMap<Arc<str>, Vec<Edit>>,
    new: &mut File,
) -> Result<()> {
    let mut old = ZipArchive::new(BufReader::new(old)).context("cannot read the package")?;
    refuse_signed(&old)?;
    ensure!(!old.has_duplicate_names(), "two parts of the package have the same name");
    let mut error = None;
    let mut writer = ZipWriter::new(Keeping::new(BufWriter::new(&mut *new), &mut error));
    writer.set_raw_comment(old.comment().into())?;
    for number in 0..old.len() {
        let entry = old.by_index_raw(number)?;
        let name = entry.name()?.into_owned();
        match parts.get(name.as_str()) {
            None => writer.raw_copy_file(entry)?,
            Some(edits) => {
                drop(entry);
                write_part(&mut old, number, &name, edits, &mut writer)?;
            }
        }
    }
    writer.finish()?.flush()?;
    if let Some(error) = error {
        return Err(error.into());
    }
    compare(&mut old, new, parts)
}

/// Takes everything after the first error, and keeps that: a writer of packages that is dropped
/// half-way would print it.
struct Keeping<'run, W> {
    inner: W,
    error: &'run mut Option<io::Error>,
    /// Where the next byte goes, and where the last one went, as if all had been written.
    position: u64,
    end: u64,
}

impl<'run, W> Keeping<'run, W> {
    fn new(inner: W, error: &'run mut Option<io::Error>) -> Self {
        Self { inner, error, position: 0, end: 0 }
    }

    /// Does something with the writer, as long as nothing has gone wrong.
    fn attempt(&mut self, what: impl FnOnce(&mut W) -> io::Result<()>) {
        if self.error.is_none() {
            *self.error = what(&mut self.inner).err();
        }
    }
}

impl<W: Write> Write for Keeping<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|inner| inner.write_all(bytes));
        self.position += bytes.len() as u64;
        self.end = self.end.max(self.position);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(Write::flush);
        Ok(())
    }
}

impl<W: Seek> Seek for Keeping<'_, W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        self.attempt(|inner| inner.seek(to).map(|_| ()));
        Ok(self.position)
    }
}

/// A signature says that nothing was changed; it would be broken.
fn refuse_signed<R: Read + Seek>(old: &ZipArchive<R>) -> Result<()> {
    let signed = old.file_names().flatten().any(|name| {
        name.starts_with("_xmlsignatures/")
            || (name.starts_with("META-INF/") && name.contains("signatures"))
    });
    if signed {
        bail!("it is signed, and the signature would no longer hold");
    }
    Ok(())
}

fn write_part<R: Read + Seek, W: Write + Seek>(
    old: &mut ZipArchive<R>,
    number: usize,
    name: &str,
    edits: &[Edit],
    writer: &mut ZipWriter<W>,
) -> Result<()> {
    let mut entry = old.by_index(number)?;
    let mut options = SimpleFileOptions::default().compression_method(match entry.compression() {
        CompressionMethod::Stored => CompressionMethod::Stored,
        _ => CompressionMethod::Deflated,
    });
    if let Some(time) = entry.last_modified() {
        options = options.last_modified_time(time);
    }
    if let Some(mode) = entry.unix_mode() {
        options = options.unix_permissions(mode);
    }
    let mut content = Vec::new();
    entry.read_to_end(&mut content)?;
    let content =
        edited(&content, edits).with_context(|| format!("cannot change its part `{name}`"))?;
    writer.start_file(name, options)?;
    writer.write_all(&content)?;
    Ok(())
}

/// Looks at what was written: every other part must have kept its bytes.
fn compare<R: Read + Seek>(
    old: &mut ZipArchive<R>,
    new: &mut File,
    parts: &BTreeMap<Arc<str>, Vec<Edit>>,
) -> Result<()> {
    new.seek(SeekFrom::Start(0))?;
    let mut new = ZipArchive::new(BufReader::new(new)).context("cannot read what was written")?;
    ensure!(old.len() == new.len(), "the new package has another number of parts");
    for number in 0..old.len() {
        let mut before = old.by_index_raw(number)?;
        let mut after = new.by_index_raw(number)?;
        let name = before.name()?.into_owned();
        ensure!(name == after.name()?, "the new package has its parts in another order");
        if parts.contains_key(name.as_str()) {
            continue;
        }
        let same = before.crc32() == after.crc32()
            && before.size() == after.size()
            && before.compression() == after.compression()
            && same_bytes(&mut before, &mut after)?;
        ensure!(same, "the part `{name}` was not copied as it is");
    }
    Ok(())
}

fn same_bytes(one: &mut impl Read, other: &mut impl Read) -> io::Result<bool> {
    let mut blocks = ([0; 8 << 10], [0; 8 << 10]);
    loop {
        let count = one.read(&mut blocks.0)?;
        if count == 0 {
            return Ok(other.read(&mut blocks.1[..1])? == 0);
        }
        if other.read_exact(&mut blocks.1[..count]).is_err() {
            return Ok(false);
        }
        if blocks.0[..count] != blocks.1[..count] {
            return Ok(false);
        }
    }
}
