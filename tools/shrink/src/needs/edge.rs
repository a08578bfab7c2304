//! An edge leads from a kept file to another that stays because of it; a node is a kept file.
//!
//! What is known of a node only grows: reasons are added, the extent rises, more RPATHs are
//! inherited. So the order in which edges are followed does not matter, and following them ends
//! (a worklist algorithm that computes a fixpoint).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use names::Bytes;

use crate::reason::{Reason, Role};
use crate::rootfs::inventory::Follow;

/// How much of what a file needs comes along, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    /// What it takes to start it. What else it uses, a test showed.
    Start,
    /// Also what it may load, run or read later, for a program of --keep needs it.
    Everything,
}

/// What an edge keeps although a policy would take it away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authority {
    /// Nothing.
    Obeys,
    /// What policies take away that are on by themselves.
    OverrulesDefaults,
    /// All: a test was seen to use it.
    Overrules,
}

/// Directories in which those who load a library have its own libraries looked for.
pub(crate) type Rpath = Vec<PathBuf>;

/// What leads to something that stays.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    /// As it is named: absolute, its links not followed.
    pub(crate) to: PathBuf,
    pub(crate) follow: Follow,
    pub(crate) reason: Reason,
    pub(crate) extent: Extent,
    pub(crate) authority: Authority,
    /// What a library inherits from who loads it.
    pub(crate) inherited: Rpath,
}

impl Edge {
    /// An edge that obeys the policies.
    pub(crate) fn new(to: impl Into<PathBuf>, reason: Reason, extent: Extent) -> Self {
        Self {
            to: to.into(),
            follow: Follow::Last,
            reason,
            extent,
            authority: Authority::Obeys,
            inherited: Rpath::new(),
        }
    }

    /// An edge from a file that needs another.
    pub(crate) fn needed(to: impl Into<PathBuf>, by: &Path, role: Role, extent: Extent) -> Self {
        Self::new(to, Reason::Needed { by: Bytes::of(by), role }, extent)
    }
}

/// What is known of something that stays.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Why it stays: what was found first, unless that is only a way.
    first: Reason,
    others: BTreeSet<Reason>,
    pub(crate) extent: Extent,
    /// Whoever loads it, with what each of them passes on: two programs with different RPATHs find
    /// different libraries for it.
    pub(crate) inherited: BTreeSet<Rpath>,
}

impl Node {
    pub(crate) fn new(reason: Reason, extent: Extent, inherited: Rpath) -> Self {
        let inherited = BTreeSet::from([inherited]);
        Self { first: reason, others: BTreeSet::new(), extent, inherited }
    }

    /// Adds what another edge says; tells whether the file is to be read again because of it.
    pub(crate) fn join(&mut self, reason: Reason, extent: Extent, inherited: Rpath) -> bool {
        let tells_how_to_read = reason.tells_how_to_read();
        let rises = extent > self.extent;
        self.extent = self.extent.max(extent);
        let is_inherited = self.inherited.insert(inherited);
        let is_new = self.add(reason);
        rises || is_inherited || is_new && tells_how_to_read
    }

    /// One way is as good as another, and every directory is the way to all that is in it: only the
    /// first is kept, and only until there is a better reason.
    fn add(&mut self, reason: Reason) -> bool {
        if matches!(reason, Reason::Way { .. }) || self.first == reason {
            return false;
        }
        if matches!(self.first, Reason::Way { .. }) {
            self.first = reason;
            return true;
        }
        self.others.insert(reason)
    }

    pub(crate) fn reasons(&self) -> impl Iterator<Item = &Reason> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Whether it is a program that the user named.
    pub(crate) fn is_named(&self) -> bool {
        self.reasons().any(|reason| *reason == Reason::Asked)
    }

    /// Whether another file needs it as such.
    pub(crate) fn is(&self, wanted: Role) -> bool {
        self.reasons()
            .any(|reason| matches!(reason, Reason::Needed { role, .. } if *role == wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(by: &str, role: Role) -> Reason {
        Reason::Needed { by: Bytes::of(Path::new(by)), role }
    }

    #[test]
    fn a_file_keeps_all_its_reasons_and_a_way_only_until_there_is_a_better_one() {
        let way = Reason::Way { to: Bytes::of(Path::new("x")) };
        let mut node = Node::new(way.clone(), Extent::Start, Rpath::new());
        for reason in [needed("a", Role::Library), way, needed("b", Role::Library)] {
            assert!(!node.join(reason, Extent::Start, Rpath::new()), "it is read as before");
        }
        let reasons: Vec<_> = node.reasons().cloned().collect();
        assert_eq!(reasons, [needed("a", Role::Library), needed("b", Role::Library)]);
    }

    #[test]
    fn a_file_is_read_again_when_more_of_it_matters() {
        let mut node = Node::new(needed("a", Role::Library), Extent::Start, Rpath::new());
        let library = || needed("b", Role::Library);
        assert!(node.join(library(), Extent::Everything, Rpath::new()));
        assert!(node.join(library(), Extent::Start, vec!["/opt/lib".into()]));
        assert!(!node.join(library(), Extent::Start, vec!["/opt/lib".into()]));
        assert!(node.join(needed("c", Role::Part), Extent::Start, Rpath::new()));
        assert_eq!(node.extent, Extent::Everything);
    }
}
