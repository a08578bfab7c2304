//! Carries a plan out, name by name, each only if it still is what the plan was made for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use files::sighting::Sighting;
use files::{Failure, Watched, remove};
use names::shown;
use rustix::fs::FileType;
use rustix::io::Errno;

use crate::make::Made;

use super::Stays;
use super::hand::{Emptied, Hand, Pair, Spot, but_renamed, set_time};
use super::plan::{Plan, groups};

/// Makes all changes; gives what stays all the same.
pub(super) fn carry_out(plan: &Plan, made: &Made, root: &Path) -> Result<Vec<Stays>> {
    let mut steps = Steps {
        hand: Hand::on(root)?,
        made,
        noted: BTreeMap::new(),
        touched: BTreeMap::new(),
        stays: Vec::new(),
    };
    for names in groups(plan.changed.iter().map(PathBuf::as_path), &made.inventory) {
        steps.change(&names)?;
    }
    // What is in a directory goes before it.
    for path in plan.removed.iter().rev() {
        steps.remove(path).or_else(|failure| steps.note(path, failure))?;
    }
    steps.give_times_back();
    steps.hand.sync().context("cannot write the changes to the disk")?;
    Ok(steps.stays)
}

struct Steps<'a> {
    hand: Hand,
    made: &'a Made,
    /// What files look like since our own changes moved their time of the last change, by device
    /// and inode: their other names are still to come.
    noted: BTreeMap<(u64, u64), Sighting>,
    /// Directories that we changed, and whether nobody had before us.
    touched: BTreeMap<PathBuf, bool>,
    stays: Vec<Stays>,
}

impl Steps<'_> {
    /// Gives names of one file their new one: the first a copy, the others further names of that.
    fn change(&mut self, names: &[&Path]) -> Result<()> {
        let mut first: Option<(&Path, Sighting)> = None;
        for path in names {
            let changed = match &mut first {
                None => self.put_copy(path).map(|placed| first = Some((*path, placed))),
                Some((to, seen)) => self.put_link(path, to, seen),
            };
            changed.or_else(|failure| self.note(path, failure))?;
        }
        Ok(())
    }

    fn put_copy(&mut self, path: &Path) -> Result<Sighting, Failure> {
        let entry = self.made.inventory.get(path).expect("the plan was made of it");
        let spot = self.enter(path)?;
        let mut old = spot.watch(&self.expected(path)?)?;
        let staged = spot.copy(&self.made.small, path, entry)?;
        let placed = Sighting::of_name(staged.parent(), staged.name())?;
        staged.replace(spot.name, &mut old)?;
        self.keep_in_mind(old);
        // Our own rename has moved the time of the last change; what else is different is not ours.
        let now = spot.look()?;
        Ok(if now.is_same_but_renamed(&placed) { now } else { placed })
    }

    fn put_link(&mut self, path: &Path, to: &Path, seen: &mut Sighting) -> Result<(), Failure> {
        let target = self.hand.spot(to)?;
        let mut new = target.watch(seen)?;
        let spot = self.enter(path)?;
        let mut old = spot.watch(&self.expected(path)?)?;
        let staged = spot.link(&target)?;
        staged.replace(spot.name, &mut Pair::of(&mut old, &mut new))?;
        self.keep_in_mind(old);
        // Where somebody writes to it by now, the names to come are found out not to fit.
        *seen = but_renamed(&new).unwrap_or(*seen);
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> Result<(), Failure> {
        let expected = self.expected(path)?;
        let spot = self.enter(path)?;
        match expected.kind() {
            FileType::RegularFile => {
                let mut old = spot.watch(&expected)?;
                remove::remove(&spot.directory, spot.name, &mut old)?;
                self.keep_in_mind(old);
                Ok(())
            }
            FileType::Directory => {
                remove::remove(&spot.directory, spot.name, &mut Emptied(expected))
            }
            _ => remove::remove(&spot.directory, spot.name, &mut expected.clone()),
        }
    }

    /// What is to stand under a name.
    fn expected(&self, path: &Path) -> Result<Sighting, Failure> {
        let seen = self.made.root.sighting(path).ok_or(Failure::Changed)?;
        Ok(self.noted.get(&(seen.device, seen.inode)).copied().unwrap_or(seen))
    }

    /// Opens the directory of a name that is going to change.
    fn enter<'p>(&mut self, path: &'p Path) -> Result<Spot<'p>, Failure> {
        let spot = self.hand.spot(path)?;
        let parent = path.parent().unwrap_or(Path::new(""));
        if !self.touched.contains_key(parent) {
            let now = Sighting::of_open(&spot.directory)?;
            let before = self.made.root.sighting(parent);
            let is_as_seen = before.is_some_and(|before| before.modified == now.modified);
            self.touched.insert(parent.to_owned(), is_as_seen);
        }
        Ok(spot)
    }

    /// Other names of a file that has lost one are still what they were.
    fn keep_in_mind(&mut self, mut old: Watched) {
        let is_as_it_was = old.note_our_change().and_then(|()| old.look()).is_ok();
        if is_as_it_was {
            let seen = *old.seen();
            self.noted.insert((seen.device, seen.inode), seen);
        }
    }

    /// Notes that somebody else was faster; everything else is an error.
    fn note(&mut self, path: &Path, failure: Failure) -> Result<()> {
        if self.hand.spot(path).is_ok_and(|spot| spot.is_free()) {
            return Ok(());
        }
        match failure {
            Failure::System(Errno::NOTEMPTY | Errno::EXIST) if self.holds_what_stays(path) => {
                Ok(())
            }
            Failure::System(errno) if !is_of_this_name(errno) => {
                Err(errno).with_context(|| format!("cannot change `{}`", shown(path)))
            }
            failure => {
                self.stays.push(Stays::because(path, &failure));
                Ok(())
            }
        }
    }

    /// Whether something in a directory was named already: then it stays for that.
    fn holds_what_stays(&self, directory: &Path) -> bool {
        self.stays.iter().any(|stays| stays.path.as_path().starts_with(directory))
    }

    /// Directories look as old as before where nobody else has changed them.
    fn give_times_back(&self) {
        let alone: BTreeSet<_> =
            self.touched.iter().filter(|(_, alone)| **alone).map(|(path, _)| path).collect();
        for path in alone.iter().rev() {
            let entry = self.made.root.inventory.get(path);
            let open = self.hand.directory(path);
            if let (Some(entry), Ok(open)) = (entry, open) {
                // It is no loss where that may not be done.
                let _ = set_time(open, entry.modified);
            }
        }
    }
}

/// Whether an error says something of one name alone: somebody has put something into a directory,
/// it is a mount point, or nobody may change it (`chattr +i`).
fn is_of_this_name(errno: Errno) -> bool {
    matches!(errno, Errno::NOTEMPTY | Errno::EXIST | Errno::BUSY | Errno::TXTBSY | Errno::PERM)
}
