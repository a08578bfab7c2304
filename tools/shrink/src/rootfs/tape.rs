//! Reads a tar archive into a staging directory.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use tar::{Archive, EntryType};

use super::inventory::{Entry, Kind, inside};
use super::staging::Staging;

/// Extended attributes in pax headers, as star and GNU tar write them.
const ATTRIBUTE: &str = "SCHILY.xattr.";
/// The key of a record that tar passes over.
pub(crate) const COMMENT: &str = "comment";
/// What says that a layer of an image takes a name of the layers below away (OCI image
/// specification, "Whiteouts").
const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";

/// Whether names of whiteouts mean what they say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    AsTheyAre,
    OfALayer,
}

/// The content of an archive that may be compressed; the form shows in its first bytes.
pub(super) fn uncompressed<'a>(file: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut file = BufReader::with_capacity(1 << 16, file);
    let head = io::BufRead::fill_buf(&mut file)?;
    if head.starts_with(b"\x1f\x8b") {
        Ok(Box::new(flate2::bufread::MultiGzDecoder::new(file)))
    } else if head.starts_with(b"\xfd7zXZ\0") {
        Ok(Box::new(lzma_rust2::XzReader::new(file, true)))
    } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
        let decoder = ruzstd::decoding::StreamingDecoder::new(file);
        Ok(Box::new(decoder.map_err(io::Error::other)?))
    } else {
        Ok(Box::new(file))
    }
}

/// The comments of entries, by their paths.
pub(crate) fn comments(archive: impl Read) -> Result<BTreeMap<PathBuf, String>> {
    let mut archive = Archive::new(uncompressed(archive)?);
    let mut comments = BTreeMap::new();
    for entry in archive.entries().context("cannot read the archive")? {
        let mut entry = entry.context("the archive is damaged")?;
        let path = inside(&entry.path_bytes());
        let Some(extensions) = entry.pax_extensions()? else {
            continue;
        };
        let comment = extensions.filter_map(Result::ok).find(|one| one.key() == Ok(COMMENT));
        let comment = comment.and_then(|comment| comment.value().ok().map(str::to_owned));
        if let (Some(path), Some(comment)) = (path, comment) {
            comments.insert(path, comment);
        }
    }
    Ok(comments)
}

/// Unpacks an archive into the staging directory.
pub(super) fn unpack(archive: impl Read, names: Names, staging: &mut Staging) -> Result<()> {
    let mut archive = Archive::new(archive);
    let entries = archive.entries().context("cannot read the archive")?;
    for entry in entries {
        let mut entry = entry.context("the archive is damaged")?;
        add(&mut entry, names, staging)?;
    }
    Ok(())
}

fn add<R: Read>(entry: &mut tar::Entry<'_, R>, names: Names, staging: &mut Staging) -> Result<()> {
    let bytes = entry.path_bytes().into_owned();
    let Some(path) = inside(&bytes) else {
        bail!("`{}` leads out of the archive", bytes.escape_ascii());
    };
    if names == Names::OfALayer && is_whiteout(&path, staging)? {
        return Ok(());
    }
    let Some(described) = describe(entry)? else {
        return Ok(());
    };
    match described {
        Described::Entry(description) => staging.add(&path, description, entry),
        Described::HardLink(to) => staging.link(&path, &to),
    }
}

fn is_whiteout(path: &std::path::Path, staging: &mut Staging) -> Result<bool> {
    let name = path.file_name().map(std::os::unix::ffi::OsStrExt::as_bytes).unwrap_or_default();
    let parent = path.parent().unwrap_or(path);
    if name == OPAQUE {
        staging.empty(parent)?;
        return Ok(true);
    }
    let Some(gone) = name.strip_prefix(WHITEOUT) else {
        return Ok(false);
    };
    staging.remove(
        &parent.join(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(gone)),
    )?;
    Ok(true)
}

enum Described {
    Entry(Entry),
    HardLink(PathBuf),
}

/// What an archive says about an entry; `None` for what is no entry of a file system.
fn describe<R: Read>(entry: &mut tar::Entry<'_, R>) -> Result<Option<Described>> {
    let extensions = Extensions::of(entry)?;
    let header = entry.header();
    let text = || entry.link_name_bytes().map(std::borrow::Cow::into_owned).unwrap_or_default();
    let device = |block| -> Result<Kind> {
        let major = header.device_major()?.unwrap_or(0);
        Ok(Kind::Device { block, major, minor: header.device_minor()?.unwrap_or(0) })
    };
    let kind = match header.entry_type() {
        EntryType::Directory => Kind::Directory,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            Kind::File { size: entry.size(), shared: None }
        }
        EntryType::Symlink => Kind::Link(
            <std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(text()).into(),
        ),
        EntryType::Link => {
            let Some(to) = inside(&text()) else {
                bail!("a hard link leads out of the archive: `{}`", text().escape_ascii());
            };
            return Ok(Some(Described::HardLink(to)));
        }
        EntryType::Char => device(false)?,
        EntryType::Block => device(true)?,
        EntryType::Fifo => Kind::Pipe,
        _ => return Ok(None),
    };
    let number = |number: u64| u32::try_from(number).context("an owner's number is too large");
    Ok(Some(Described::Entry(Entry {
        kind,
        mode: header.mode()? & 0o7777,
        owner: (
            number(extensions.user.map_or_else(|| header.uid(), Ok)?)?,
            number(extensions.group.map_or_else(|| header.gid(), Ok)?)?,
        ),
        modified: match extensions.modified {
            Some(time) => time,
            None => (i64::try_from(header.mtime()?).unwrap_or(0), 0),
        },
        attributes: extensions.attributes,
    })))
}

/// What pax headers say beyond the classic one.
#[derive(Default)]
struct Extensions {
    user: Option<u64>,
    group: Option<u64>,
    modified: Option<(i64, u32)>,
    attributes: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Extensions {
    fn of<R: Read>(entry: &mut tar::Entry<'_, R>) -> Result<Self> {
        let mut found = Self::default();
        let Some(extensions) = entry.pax_extensions()? else {
            return Ok(found);
        };
        for extension in extensions {
            let extension = extension.context("an extended header is damaged")?;
            let Ok(key) = extension.key() else {
                continue;
            };
            match key {
                "mtime" => found.modified = extension.value().ok().and_then(time),
                "uid" => found.user = extension.value().ok().and_then(|text| text.parse().ok()),
                "gid" => found.group = extension.value().ok().and_then(|text| text.parse().ok()),
                _ => {
                    if let Some(name) = key.strip_prefix(ATTRIBUTE) {
                        let value = extension.value_bytes().to_vec();
                        found.attributes.insert(name.as_bytes().to_vec(), value);
                    }
                }
            }
        }
        Ok(found)
    }
}

/// Reads `1700000000.123456789`, also negative; the fraction counts upwards from the whole.
fn time(text: &str) -> Option<(i64, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let digits = format!("{fraction:0<9}");
    let nanoseconds: u32 = digits.get(..9)?.parse().ok()?;
    if whole.starts_with('-') && nanoseconds > 0 {
        return Some((seconds - 1, 1_000_000_000 - nanoseconds));
    }
    Some((seconds, nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_fractions() {
        assert_eq!(time("12"), Some((12, 0)));
        assert_eq!(time("12.5"), Some((12, 500_000_000)));
        assert_eq!(time("-1.25"), Some((-2, 750_000_000)));
        assert_eq!(time("noon"), None);
    }
}
