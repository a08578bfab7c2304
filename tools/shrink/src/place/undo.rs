//! Brings back what an archive holds.
//!
//! A name comes back where nothing has it, or what was made of it here. What somebody else has put
//! there since stays.

#![expect(clippy::disallowed_methods, reason = "under a name of ours, what the archive has goes")]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use files::leftovers;
use files::temporary;
use files::tree::{self, Name};
use files::{Failure, Watched};
use names::{Bytes, shown};
use rustix::fs::{AtFlags, Mode, mkdirat, unlinkat};
use rustix::io::Errno;

use crate::rootfs::inventory::{Entry, Kind};
use crate::rootfs::leftovers::alone;
use crate::rootfs::{Root, tape};

use super::archive::Remark;
use super::hand::{Hand, Pair, Spot, dress, make_other};
use super::plan::groups;
use super::{ENDING, Stays};

/// What came of it.
#[derive(Debug)]
pub(crate) struct Undone {
    pub(crate) root: PathBuf,
    /// How many names are as they were.
    pub(crate) restored: u64,
    pub(crate) stays: Vec<Stays>,
}

/// Brings back what an archive holds.
pub(crate) fn undo(archive: &Path, root: Option<&Path>) -> Result<Undone> {
    let root = match root {
        Some(root) => root.to_owned(),
        None => root_of(archive)?,
    };
    if !root.is_dir() {
        bail!(ui::hinted(
            &format!("cannot bring back anything to `{}`: it is no directory", shown(&root)),
            "name the root after the archive",
        ));
    }
    let scratch = crate::scratch::Scratch::beside(&root)?;
    let kept = Root::open(archive, scratch.path())?;
    let remarks = remarks(archive)?;
    let _lock = alone(&root)?;
    let hand = Hand::on(&root)?;
    let undone = Undone { root: root.clone(), restored: 0, stays: Vec::new() };
    let mut undoing = Undoing { hand, kept: &kept, remarks, undone, made: BTreeSet::new() };
    undoing.clean().context("cannot clean up after a run that was ended")?;
    undoing.all()?;
    Ok(undoing.undone)
}

fn remarks(archive: &Path) -> Result<BTreeMap<PathBuf, Remark>> {
    let comments = tape::comments(File::open(archive)?)?;
    let remarks = comments.into_iter();
    Ok(remarks.filter_map(|(path, text)| Some((path, Remark::of(&text)?))).collect())
}

fn root_of(archive: &Path) -> Result<PathBuf> {
    let name = archive.to_string_lossy();
    match name.strip_suffix(ENDING) {
        Some(root) => Ok(root.into()),
        None => bail!(ui::hinted(
            &format!("the name `{}` does not say what it was taken from", shown(archive)),
            "name the root after the archive",
        )),
    }
}

struct Undoing<'a> {
    hand: Hand,
    kept: &'a Root,
    remarks: BTreeMap<PathBuf, Remark>,
    undone: Undone,
    /// Directories that are made anew.
    made: BTreeSet<PathBuf>,
}

/// What stands under a name now.
enum There {
    Nothing,
    /// What the archive has.
    Same(Watched),
    /// What was made of it here.
    Ours(Watched),
}

impl Undoing<'_> {
    fn all(&mut self) -> Result<()> {
        for (path, entry) in self.kept.inventory.iter() {
            if entry.kind == Kind::Directory {
                self.directory(path).or_else(|failure| self.note_directory(path, &failure))?;
            }
        }
        let files = self.kept.inventory.iter().filter(|(_, entry)| entry.is_file());
        for names in groups(files.map(|(path, _)| path), &self.kept.inventory) {
            self.file(&names)?;
        }
        for (path, entry) in self.kept.inventory.iter() {
            if !entry.is_file() && entry.kind != Kind::Directory {
                self.other(path, entry).or_else(|failure| self.note(path, &failure))?;
            }
        }
        self.clean_up_copies().context("cannot clean up after a run that was ended")?;
        self.dress_directories()?;
        self.hand.sync().context("cannot write the changes to the disk")
    }

    fn directory(&mut self, path: &Path) -> Result<(), Failure> {
        if path.as_os_str().is_empty() {
            return Ok(());
        }
        let spot = self.hand.spot(path)?;
        match mkdirat(&spot.directory, spot.name, Mode::RWXU) {
            Ok(()) => {
                self.made.insert(path.to_owned());
                self.undone.restored += 1;
                Ok(())
            }
            Err(Errno::EXIST) => self.hand.directory(path).map(|_| ()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Brings back the names of one file: they share it again.
    fn file(&mut self, names: &[&Path]) -> Result<()> {
        let untouched = names.iter().copied().find(|path| self.is_untouched(path));
        let mut first = untouched;
        for path in names.iter().copied().filter(|path| untouched != Some(*path)) {
            match self.name_of_file(path, first) {
                Ok(true) => {
                    self.undone.restored += 1;
                    first = first.or(Some(path));
                }
                Ok(false) => {}
                Err(failure) => self.note(path, &failure)?,
            }
        }
        Ok(())
    }

    /// Whether a name is there that neither we nor anybody else has changed.
    fn is_untouched(&self, path: &Path) -> bool {
        !self.remarks.contains_key(path)
            && self.hand.spot(path).and_then(|spot| self.there(&spot, path)).is_ok_and(|there| {
                let There::Same(watched) = there else {
                    return false;
                };
                self.wears_the_same(&watched, path)
            })
    }

    fn wears_the_same(&self, watched: &Watched, path: &Path) -> bool {
        let entry = self.kept.inventory.get(path).expect("it is of the archive");
        let (seen, dress) = (watched.seen(), dress(entry));
        (seen.mode & 0o7777, seen.owner, seen.modified)
            == (dress.mode, (dress.owner, dress.group), dress.modified)
    }

    /// Brings one name back: as a further name of `first`, or as a file of its own.
    fn name_of_file(&self, path: &Path, first: Option<&Path>) -> Result<bool, Failure> {
        let spot = self.hand.spot(path)?;
        let there = self.there(&spot, path)?;
        if let (There::Same(watched), Some(first)) = (&there, first)
            && self.hand.spot(first)?.look()?.is_same_inode(watched.seen())
        {
            return Ok(false);
        }
        if matches!(&there, There::Same(watched)
            if !self.remarks.contains_key(path) && !self.wears_the_same(watched, path))
        {
            // Its content was never ours to change, and how it looks is theirs.
            return Ok(false);
        }
        let Some(first) = first else {
            let entry = self.kept.inventory.get(path).expect("it is of the archive");
            let staged = spot.copy(&self.kept.base, path, entry)?;
            match there {
                There::Nothing => staged.put_new(spot.name)?,
                There::Same(mut old) | There::Ours(mut old) => {
                    staged.replace(spot.name, &mut old)?;
                }
            }
            return Ok(true);
        };
        let target = self.hand.spot(first)?;
        let mut new = Watched::new(target.open()?)?;
        let staged = spot.link(&target)?;
        match there {
            There::Nothing => staged.put_new(spot.name)?,
            There::Same(mut old) | There::Ours(mut old) => {
                new.note_our_change()?;
                staged.replace(spot.name, &mut Pair::of(&mut old, &mut new))?;
            }
        }
        Ok(true)
    }

    /// Looks at a name; what neither the archive has nor we have made is a failure.
    fn there(&self, spot: &Spot, path: &Path) -> Result<There, Failure> {
        if spot.is_free() {
            return Ok(There::Nothing);
        }
        let mut watched = Watched::new(spot.open()?)?;
        let now = hash(watched.file())?;
        watched.look()?;
        let is_same = hash(&self.kept.read(path)?.into())? == now;
        let ours = self.remarks.get(path) == Some(&Remark::Became(now));
        match (is_same, ours) {
            (true, _) => Ok(There::Same(watched)),
            (false, true) => Ok(There::Ours(watched)),
            (false, false) => Err(Failure::Changed),
        }
    }

    /// Links, devices, pipes and sockets come back where nothing stands.
    fn other(&mut self, path: &Path, entry: &Entry) -> Result<(), Failure> {
        let spot = self.hand.spot(path)?;
        match make_other(&spot, entry) {
            Ok(()) => {
                self.undone.restored += 1;
                Ok(())
            }
            Err(Failure::System(Errno::EXIST)) if is_same_other(&spot, entry) => Ok(()),
            Err(Failure::System(Errno::EXIST)) => Err(Failure::Changed),
            // Only root makes devices.
            Err(failure) => Err(failure),
        }
    }

    fn note_directory(&mut self, path: &Path, failure: &Failure) -> Result<()> {
        if *failure != Failure::Changed {
            return self.note(path, failure);
        }
        let full = self.undone.root.join(path);
        let because = format!("`{}` is no directory any more", shown(&full));
        self.note_because(path, because);
        Ok(())
    }

    fn note(&mut self, path: &Path, failure: &Failure) -> Result<()> {
        if let Failure::System(errno) = failure
            && *errno != Errno::EXIST
            && *errno != Errno::PERM
        {
            return Err(*errno).with_context(|| format!("cannot bring back `{}`", shown(path)));
        }
        self.note_because(path, failure.to_string());
        Ok(())
    }

    /// What is below something that stays is not named again.
    fn note_because(&mut self, path: &Path, because: String) {
        let above = self.undone.stays.iter().any(|stays| path.starts_with(stays.path.as_path()));
        if !above {
            self.undone.stays.push(Stays { path: Bytes::of(path), because });
        }
    }

    /// Puts back what a killed run had moved aside, and removes what it was about to put.
    fn clean(&self) -> Result<(), Errno> {
        for open in self.directories() {
            leftovers::clean_all(open)?;
        }
        Ok(())
    }

    /// What a killed run had exchanged and not yet removed may be the only copy of something, but
    /// not where the archive has it: it was brought back by then.
    fn clean_up_copies(&self) -> Result<()> {
        let copies = self.copies()?;
        for open in self.directories() {
            for Name(name) in tree::list(&open)? {
                if temporary::is_temporary(&name)
                    && let Ok(file) = files::beneath::open_content(open.as_fd(), &name)
                    && copies.contains(&hash(&file)?)
                {
                    unlinkat(&open, &name, AtFlags::empty())?;
                }
            }
        }
        Ok(())
    }

    /// The contents of all files in the archive, and of what was made of them; only asked for where
    /// something was left.
    fn copies(&self) -> Result<HashSet<String>> {
        let is_left = |open: &OwnedFd| {
            tree::list(open)
                .is_ok_and(|names| names.iter().any(|Name(name)| temporary::is_temporary(name)))
        };
        let became = self.remarks.values().filter_map(|remark| match remark {
            Remark::Became(hash) => Some(hash.clone()),
            Remark::Touched => None,
        });
        let mut copies: HashSet<_> = became.collect();
        if self.directories().any(|open| is_left(&open)) {
            for (path, _) in self.kept.inventory.iter().filter(|(_, entry)| entry.is_file()) {
                copies.insert(hash(&self.kept.read(path)?.into())?);
            }
        }
        Ok(copies)
    }

    /// The directories of the archive that are there.
    fn directories(&self) -> impl Iterator<Item = OwnedFd> {
        let directories =
            self.kept.inventory.iter().filter(|(_, entry)| entry.kind == Kind::Directory);
        directories.filter_map(|(path, _)| self.hand.directory(path).ok())
    }

    /// Those that are made anew get all that is theirs, and those that we changed look as old as
    /// before; what is in a directory comes first.
    fn dress_directories(&self) -> Result<()> {
        let directories: Vec<_> =
            self.kept.inventory.iter().filter(|(_, entry)| entry.kind == Kind::Directory).collect();
        for (path, entry) in directories.into_iter().rev() {
            let is_new = self.made.contains(path);
            if !is_new && !self.remarks.contains_key(path) {
                continue;
            }
            let Ok(open) = self.hand.directory(path) else {
                continue;
            };
            if is_new {
                dress(entry)
                    .put_on(&open)
                    .with_context(|| format!("cannot finish `{}`", shown(path)))?;
            }
            super::hand::set_time(&open, entry.modified)
                .with_context(|| format!("cannot finish `{}`", shown(path)))?;
        }
        Ok(())
    }
}

/// The BLAKE3 hash of an open file's content, as remarks have it.
fn hash(file: &OwnedFd) -> Result<String, Errno> {
    Ok(tree::hash(file)?.0.to_hex().to_string())
}

/// Whether a link leads to the same, or a node is one already.
fn is_same_other(spot: &Spot, entry: &Entry) -> bool {
    match &entry.kind {
        Kind::Link(text) => rustix::fs::readlinkat(&spot.directory, spot.name, Vec::new())
            .is_ok_and(|now| {
                now.as_bytes() == std::os::unix::ffi::OsStrExt::as_bytes(text.as_os_str())
            }),
        _ => spot.look().is_ok_and(|now| !now.kind().is_file() && !now.kind().is_symlink()),
    }
}
