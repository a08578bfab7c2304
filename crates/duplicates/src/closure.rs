//! Follows where the contents of a directory lead with `..`, to tell whether that is the same from
//! the directory that a link would lead to.
//!
//! `#include "../conf.h"` in a linked directory reads the `conf.h` beside the kept directory. That
//! changes nothing if both are the same file, or if the directories that the two lie in are the
//! same, all the way down, and in turn lead to nothing that differs: then whatever `conf.h` itself
//! refers to is the same, too.

use std::collections::HashSet;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::climb::{Climb, Reach};
use crate::equality::Equality;
use crate::inventory::{DirectoryId, FileId};

/// Remembers which pairs of directories were found to lead to the same.
pub(crate) struct Closure<'all> {
    equality: &'all Equality<'all>,
    proven: HashSet<(DirectoryId, DirectoryId)>,
}

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Directory(DirectoryId),
    /// A file, by the directory that it lies in.
    FileIn(DirectoryId),
    /// There is nothing of that name.
    Nothing,
    /// Above the arguments.
    Outside(PathBuf),
    /// Through a symbolic link, or to a name that was cut short.
    Unknown,
}

/// What has to hold for a path to lead to the same from two directories.
enum Condition {
    Holds,
    /// These two directories are the same and lead to the same.
    Same(DirectoryId, DirectoryId),
    Fails,
}

impl<'all> Closure<'all> {
    pub(crate) fn of(equality: &'all Equality<'all>) -> Self {
        Self { equality, proven: HashSet::new() }
    }

    /// Whether all contents of `replaced` lead to the same when they are read through a link to
    /// its equal `kept`.
    pub(crate) fn leads_to_the_same(&mut self, replaced: DirectoryId, kept: DirectoryId) -> bool {
        let mut seen = HashSet::new();
        let mut waiting = vec![(replaced, kept)];
        while let Some((one, other)) = waiting.pop() {
            if one == other || self.proven.contains(&(one, other)) || !seen.insert((one, other)) {
                continue;
            }
            let (summary, other_summary) = (self.equality.of(one), self.equality.of(other));
            if !summary.is_linkable() || summary.class != other_summary.class {
                return false;
            }
            if !self.add_conditions(one, other, &mut waiting) {
                return false;
            }
        }
        self.proven.extend(seen);
        true
    }

    /// Adds the pairs that have to be the same besides the two. False when that is impossible.
    fn add_conditions(
        &self,
        one: DirectoryId,
        other: DirectoryId,
        waiting: &mut Vec<(DirectoryId, DirectoryId)>,
    ) -> bool {
        let inventory = self.equality.inventory;
        let within = |id: DirectoryId| id.0..inventory.directory(id).end;
        // Equal directories have equal entries in the same order.
        for (from, other_from) in within(one).zip(within(other)) {
            let (from, other_from) = (DirectoryId(from), DirectoryId(other_from));
            for index in (0..).take(inventory.directory(from).files.len()) {
                let file = FileId { directory: from, index };
                let Some(Reach::To(climbs)) = self.equality.contents.reach(file) else { continue };
                for climb in climbs {
                    let place = self.follow(from, climb);
                    let other_place = self.follow(other_from, climb);
                    match condition(climb, &within(one), place, &within(other), other_place) {
                        Condition::Holds => {}
                        Condition::Same(one, other) => waiting.push((one, other)),
                        Condition::Fails => return false,
                    }
                }
            }
        }
        true
    }

    /// The directories that some symbolic link goes into and out of again with `..`: with a link in
    /// the directory's place it would come out elsewhere.
    pub(crate) fn passed_through(&self) -> HashSet<DirectoryId> {
        let inventory = self.equality.inventory;
        let mut passed = HashSet::new();
        for from in inventory.directory_ids() {
            for link in &inventory.directory(from).links {
                match link.text.strip_prefix(b"/") {
                    None => self.pass_through(from, &link.text, &mut passed),
                    // Of an absolute link nobody knows which argument will be the root for it.
                    Some(below) => {
                        for root in inventory.root_ids() {
                            self.pass_through(root, below, &mut passed);
                        }
                        if let Some((root, below)) = self.below_argument(&link.text) {
                            self.pass_through(root, below, &mut passed);
                        }
                    }
                }
            }
        }
        passed
    }

    fn pass_through(&self, from: DirectoryId, text: &[u8], passed: &mut HashSet<DirectoryId>) {
        let inventory = self.equality.inventory;
        let mut here = from;
        let mut entered = 0;
        for step in text.split(|&byte| byte == b'/').filter(|step| !matches!(*step, b"" | b".")) {
            if step == b".." {
                if entered > 0 {
                    passed.insert(here);
                    entered -= 1;
                }
                let Some(parent) = inventory.directory(here).parent else { return };
                here = parent;
            } else {
                let Some(child) = self.child(here, step) else { return };
                here = child;
                entered += 1;
            }
        }
    }

    /// The argument that an absolute path lies below, and the path below it.
    fn below_argument<'path>(&self, text: &'path [u8]) -> Option<(DirectoryId, &'path [u8])> {
        let inventory = self.equality.inventory;
        inventory.root_ids().find_map(|root| {
            let physical = inventory.root_of(root).physical.as_os_str().as_bytes();
            Some((root, text.strip_prefix(physical)?.strip_prefix(b"/")?))
        })
    }

    fn child(&self, directory: DirectoryId, name: &[u8]) -> Option<DirectoryId> {
        let inventory = self.equality.inventory;
        let children = &self.equality.children[directory.0 as usize];
        let by_name = |child: &DirectoryId| (*inventory.directory(*child).name).cmp(name);
        Some(children[children.binary_search_by(by_name).ok()?])
    }

    /// Where a path leads from a directory.
    fn follow(&self, from: DirectoryId, climb: &Climb) -> Place {
        let inventory = self.equality.inventory;
        let mut here = from;
        let mut steps =
            climb.path.split(|&byte| byte == b'/').filter(|step| !matches!(*step, b"" | b"."));
        while let Some(step) = steps.next() {
            let directory = inventory.directory(here);
            if step == b".." {
                let Some(parent) = directory.parent else {
                    return outside(inventory.root_of(here).physical.clone(), steps);
                };
                here = parent;
                continue;
            }
            if let Some(child) = self.child(here, step) {
                here = child;
                continue;
            }
            let names = || inventory.file_ids(here).map(|file| inventory.name_bytes(file));
            let is_last = steps.next().is_none();
            if names().any(|name| name == step) {
                return if is_last { Place::FileIn(here) } else { Place::Nothing };
            }
            let is_link = directory.links.iter().any(|link| *link.name == *step);
            let is_cut_short = is_last && names().any(|name| name.starts_with(step));
            let unknown = is_link || is_cut_short || directory.incomparable;
            return if unknown { Place::Unknown } else { Place::Nothing };
        }
        Place::Directory(here)
    }
}

/// The place that the rest of a path leads to from above an argument, by its name alone.
fn outside<'step>(root: PathBuf, steps: impl Iterator<Item = &'step [u8]>) -> Place {
    let mut path = root;
    path.pop();
    for step in steps {
        if step == b".." {
            path.pop();
        } else {
            path.push(names::Bytes(step.to_vec()).as_path());
        }
    }
    Place::Outside(path)
}

/// `within` and `other_within` are the directories at and below the two that are compared: what
/// leads to there stays inside.
fn condition(
    climb: &Climb,
    within: &Range<u32>,
    place: Place,
    other_within: &Range<u32>,
    other_place: Place,
) -> Condition {
    match (place, other_place) {
        (Place::Directory(one), Place::Directory(other))
        | (Place::FileIn(one), Place::FileIn(other)) => {
            let inside = within.contains(&one.0) && other_within.contains(&other.0);
            if inside || one == other { Condition::Holds } else { Condition::Same(one, other) }
        }
        // What is in a comment may lead nowhere, what a program completes leads somewhere.
        (Place::Nothing, Place::Nothing) if climb.whole => Condition::Holds,
        (Place::Outside(one), Place::Outside(other)) if one == other => Condition::Holds,
        _ => Condition::Fails,
    }
}
