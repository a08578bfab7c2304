//! Unpacks an ext2, ext3 or ext4 image, without mounting it and without any privilege.
//!
//! `ferrosys` reads the format; what it leaves to others, the content that an inode itself holds,
//! is read in `inline`. Format: Linux kernel documentation, "ext4 Data Structures and Algorithms".

mod inline;
mod presented;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use ferrosys::ext::ondisk::Inode;
use ferrosys::ext::read::MIN_DIRENT_LEN;
use ferrosys::ext::{OpenOptions, ReadError, Reader};
use names::shown;

use super::Root;
use super::inventory::{Entry, Kind};
use super::staging::Staging;
use presented::Presented;

/// The inode of the root directory.
const ROOT: u32 = 2;

/// Where the magic number of a superblock stands in an image, and that number.
pub(super) const MAGIC: (usize, &[u8]) = (0x438, b"\x53\xef");

pub(super) fn unpack(path: &Path, scratch: &Path) -> Result<Root> {
    let mut staging = Staging::new(scratch)?;
    Image::open(File::open(path)?)?.unpack(&mut staging)?;
    Root::staged(staging)
}

/// An image that is being read.
struct Image {
    reader: Reader<Presented>,
    /// As many names as fit into the image; one that shows more shows some of them again and again.
    most_names: u64,
    /// The first name of each file that has several.
    first_names: HashMap<u32, PathBuf>,
}

impl Image {
    fn open(file: File) -> Result<Self> {
        let length = file.metadata()?.len();
        let presented = Presented::of(file).context("it has no superblock")?;
        let holds_inline = presented.holds_inline();
        let open = || {
            ui::hinted(
                "it is damaged, or has a feature that shrink does not know",
                "let `e2fsck -f` look at a copy of it, or mount it read-only and give the directory",
            )
        };
        let mut reader = Reader::open_with(presented, &OpenOptions::new())
            .map_err(|error| anyhow!(error.anomaly().detail))
            .with_context(open)?;
        if !holds_inline {
            // What takes content in inodes for numbers of blocks cannot check those.
            reader.verify_checksums().with_context(open)?;
        }
        let most_names = length / MIN_DIRENT_LEN;
        Ok(Self { reader, most_names, first_names: HashMap::new() })
    }

    fn unpack(&mut self, staging: &mut Staging) -> Result<()> {
        let mut seen = HashSet::new();
        let mut pending = vec![(PathBuf::new(), ROOT)];
        let mut names = 0;
        while let Some((path, number)) = pending.pop() {
            let damaged = || format!("`{}` is damaged", shown(&path));
            let inode = self.reader.inode(number).with_context(damaged)?;
            if is_directory(&inode) {
                if !seen.insert(number) {
                    bail!("the directory `{}` has two places", shown(&path));
                }
                let children = self.children(&inode).with_context(damaged)?;
                names += children.len() as u64;
                if names > self.most_names {
                    bail!("it shows more names than it has room for");
                }
                for (name, child) in children {
                    pending.push((path.join(OsStr::from_bytes(&name)), child));
                }
            } else if number == ROOT {
                bail!("its root is no directory");
            }
            self.add(&path, number, &inode, staging)?;
        }
        Ok(())
    }

    /// The names in a directory and the numbers of their inodes.
    fn children(&mut self, directory: &Inode) -> Result<Vec<(Vec<u8>, u32)>> {
        let mut children = if inline::is(directory) {
            let attributes = self.reader.xattrs(directory)?;
            inline::children(directory, inline::rest(&attributes))?
        } else {
            let entries = self.reader.read_dir(directory)?;
            entries.into_iter().map(|entry| (entry.name, entry.inode)).collect()
        };
        children.retain(|(name, _)| name != b"." && name != b"..");
        for (name, _) in &children {
            if name.is_empty() || name.contains(&b'/') || name.contains(&0) {
                bail!("`{}` is no name", name.escape_ascii());
            }
        }
        // Links are made to the name that comes first, whatever the directory's order.
        children.sort();
        children.reverse();
        Ok(children)
    }

    fn add(&mut self, path: &Path, number: u32, inode: &Inode, to: &mut Staging) -> Result<()> {
        let damaged = || format!("`{}` is damaged", shown(path));
        if let Some(first) = self.first_names.get(&number) {
            return to.link(path, first);
        }
        let attributes = self.reader.xattrs(inode).with_context(damaged)?;
        let inline = if inline::is(inode) && !is_directory(inode) {
            Some(inline::content(inode, inline::rest(&attributes)).with_context(damaged)?)
        } else {
            None
        };
        let kind = self.kind(inode, inline.as_deref()).with_context(damaged)?;
        let is_file = matches!(kind, Kind::File { .. });
        let entry = Entry {
            kind,
            mode: u32::from(inode.mode) & 0o7777,
            owner: (inode.uid, inode.gid),
            modified: (inode.mtime.secs, inode.mtime.nanos),
            attributes: attributes
                .into_iter()
                .filter(|attribute| attribute.name != inline::REST)
                .map(|attribute| (attribute.name, attribute.value))
                .collect::<BTreeMap<_, _>>(),
        };
        let mut content: Box<dyn Read> = match inline {
            Some(content) => Box::new(Cursor::new(content)),
            None => Box::new(Content { reader: &mut self.reader, inode, at: 0 }),
        };
        to.add(path, entry, &mut content)?;
        drop(content);
        if is_file && inode.links_count > 1 {
            self.first_names.insert(number, path.to_owned());
        }
        Ok(())
    }

    fn kind(&mut self, inode: &Inode, inline: Option<&[u8]>) -> Result<Kind> {
        let device = |reader: &Reader<Presented>, block| {
            let (major, minor) = reader.device(inode);
            Kind::Device { block, major, minor }
        };
        Ok(match inode.mode & 0o170_000 {
            0o100_000 => Kind::File { size: inode.size, shared: None },
            0o040_000 => Kind::Directory,
            0o120_000 => {
                let text = match inline {
                    Some(text) => text.to_vec(),
                    None => self.reader.read_symlink(inode)?,
                };
                if text.is_empty() || text.contains(&0) {
                    bail!("its text is none that a link can have");
                }
                Kind::Link(std::ffi::OsString::from_vec(text).into())
            }
            0o060_000 => device(&self.reader, true),
            0o020_000 => device(&self.reader, false),
            0o010_000 => Kind::Pipe,
            0o140_000 => Kind::Socket,
            mode => bail!("its mode is {mode:o}, which no file has"),
        })
    }
}

fn is_directory(inode: &Inode) -> bool {
    inode.mode & 0o170_000 == 0o040_000
}

/// The content of a file, from its beginning.
struct Content<'a> {
    reader: &'a mut Reader<Presented>,
    inode: &'a Inode,
    at: u64,
}

impl Read for Content<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let wrong = |error: ReadError| io::Error::other(error);
        let read = self.reader.read_into(self.inode, self.at, into).map_err(wrong)?;
        self.at += read as u64;
        Ok(read)
    }
}
