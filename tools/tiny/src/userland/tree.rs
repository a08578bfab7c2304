//! A tree of files in memory, and as the archive that the kernel unpacks.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cpio::{Archive, Kind, Member};
use names::shown;

/// A tree of files, in the order of the paths.
#[derive(Debug, Default)]
pub(crate) struct Tree(BTreeMap<PathBuf, Node>);

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// A directory.
    Directory,
    /// A file.
    File {
        /// What is in it.
        content: Vec<u8>,
        /// Its permissions.
        mode: u32,
    },
    /// A symbolic link to this.
    Link(PathBuf),
    /// A character device.
    Device {
        /// Which driver.
        major: u32,
        /// Which of its devices.
        minor: u32,
    },
}

impl Node {
    /// A file with this content.
    pub(crate) fn file(content: Vec<u8>, mode: u32) -> Self {
        Self::File { content, mode }
    }
}

impl Tree {
    /// Adds what was not there, with the directories above it.
    pub(crate) fn add(&mut self, path: &Path, node: Node) -> Result<()> {
        match self.0.get(path) {
            Some(Node::Directory) if node == Node::Directory => return Ok(()),
            Some(_) => bail!("two things of the recipe want to be `/{}`", shown(path)),
            None => {}
        }
        self.replace(path, node)
    }

    /// Adds what may have been there.
    pub(crate) fn replace(&mut self, path: &Path, node: Node) -> Result<()> {
        for directory in path.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()) {
            match self.0.get(directory) {
                None => {
                    self.0.insert(directory.to_owned(), Node::Directory);
                }
                Some(Node::Directory) => {}
                Some(_) => bail!(
                    "`/{}` cannot stand in `/{}`, which is no directory",
                    shown(path),
                    shown(directory)
                ),
            }
        }
        self.0.insert(path.to_owned(), node);
        Ok(())
    }

    /// What stands at a path.
    pub(crate) fn get(&self, path: &Path) -> Option<&Node> {
        self.0.get(path)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Path, &Node)> {
        self.0.iter().map(|(path, node)| (path.as_path(), node))
    }

    /// The files, to be read.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.iter().filter_map(|(path, node)| match node {
            Node::File { content, .. } => Some((path, content.as_slice())),
            _ => None,
        })
    }

    /// The files, to be changed.
    pub(crate) fn files_mut(&mut self) -> impl Iterator<Item = (&Path, &mut Vec<u8>)> {
        self.0.iter_mut().filter_map(|(path, node)| match node {
            Node::File { content, .. } => Some((path.as_path(), content)),
            _ => None,
        })
    }

    /// As the archive that the kernel unpacks. Nothing in it depends on when or where it is written:
    /// all files are root's and of 1970. Files with the same content follow each other, so that the
    /// compressor sees them together, and are one file with `share`.
    pub(crate) fn archive(&self, share: bool) -> Result<Vec<u8>> {
        let mut archive = Archive::new(Vec::new());
        let mut numbers: BTreeMap<(&[u8], u32), (u32, u32)> = BTreeMap::new();
        for node in self.0.values() {
            if let Node::File { content, mode } = node {
                numbers.entry((content, *mode)).or_insert((0, 0)).1 += 1;
            }
        }
        let mut inode = 0;
        for (path, node) in &self.0 {
            inode += 1;
            let mut member = member(path, node, inode);
            let mut content = b"".as_slice();
            if let Node::File { content: bytes, mode } = node {
                content = bytes;
                let (first, names) = numbers.get_mut(&(bytes.as_slice(), *mode)).expect("counted");
                if share && *names > 1 && !bytes.is_empty() {
                    member.links = *names;
                    if *first == 0 {
                        *first = inode;
                    } else {
                        // The content follows the first name: the kernel links the others to it.
                        member.kind = Kind::File(0);
                        content = b"";
                    }
                    member.inode = *first;
                }
            }
            archive
                .add(&member, &mut &*content)
                .with_context(|| format!("cannot pack `/{}`", shown(path)))?;
        }
        Ok(archive.finish()?)
    }
}

fn member<'a>(path: &'a Path, node: &'a Node, inode: u32) -> Member<'a> {
    let (kind, permissions) = match node {
        Node::Directory => (Kind::Directory, 0o755),
        Node::File { content, mode } => (Kind::File(content.len() as u64), *mode),
        Node::Link(target) => (Kind::Link(target.as_os_str().as_bytes()), 0o777),
        Node::Device { major, minor } => (Kind::CharacterDevice(*major, *minor), 0o666),
    };
    Member {
        name: path.as_os_str().as_bytes(),
        kind,
        permissions,
        owner: (0, 0),
        modified: 0,
        inode,
        links: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_tree_is_the_same_archive_and_shared_files_are_there_once() {
        let mut tree = Tree::default();
        tree.add(Path::new("bin/a"), Node::file(vec![7; 1000], 0o755)).expect("a file");
        tree.add(Path::new("bin/b"), Node::file(vec![7; 1000], 0o755)).expect("a file");

        let apart = tree.archive(false).expect("an archive");
        let shared = tree.archive(true).expect("an archive");

        assert_eq!(apart.len() - shared.len(), 1000);
        assert_eq!(shared, tree.archive(true).expect("an archive"));
    }

    #[test]
    fn nothing_stands_in_what_is_no_directory_and_nothing_twice() {
        let mut tree = Tree::default();
        tree.add(Path::new("init"), Node::Directory).expect("a directory");
        tree.add(Path::new("bin"), Node::file(Vec::new(), 0o644)).expect("a file");

        let inside = tree.add(Path::new("bin/sh"), Node::Directory).expect_err("bin is a file");
        let twice = tree.add(Path::new("bin"), Node::Directory).expect_err("bin is there");

        assert_eq!(inside.to_string(), "`/bin/sh` cannot stand in `/bin`, which is no directory");
        assert_eq!(twice.to_string(), "two things of the recipe want to be `/bin`");
    }
}
