//! Decides what stays: everything that is asked for, and everything that this needs, with all the
//! reasons for each.
//!
//! `needs` says which edges leave a kept file; here they are followed until none leads to anything
//! new.
//!
//! Proof: `tests/programs.rs::two_programs_with_different_rpaths_that_share_a_library_both_keep_theirs`

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use names::{Bytes, shown};

use crate::needs::Needs;
use crate::needs::edge::{Authority, Edge, Extent, Node, Rpath};
use crate::policy::Policies;
use crate::reason::{Reason, Reasons};
use crate::rootfs::Root;
use crate::rootfs::inventory::{Follow, Kind};
use crate::sandbox::{Observed, Use};

/// Directories that stay even when they are empty: mount points, and what programs write into.
const SKELETON: &[&str] = &[
    "dev",
    "proc",
    "sys",
    "run",
    "tmp",
    "var",
    "etc",
    "root",
    "home",
    "mnt",
    "media",
    "opt",
    "srv",
    "boot",
    "usr",
    "bin",
    "sbin",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "usr/bin",
    "usr/sbin",
    "usr/lib",
    "usr/share",
    "usr/local",
    "var/cache",
    "var/lib",
    "var/lock",
    "var/log",
    "var/mail",
    "var/run",
    "var/spool",
    "var/tmp",
    "var/local",
    "var/opt",
    "run/lock",
    "dev/pts",
    "dev/shm",
    "var/empty",
    "var/www",
];

/// What stays, as far as edges have been followed.
pub(crate) struct Graph<'a> {
    root: &'a Root,
    removed: &'a BTreeMap<PathBuf, &'a str>,
    /// Policies that the user named: not even a rule keeps what they take away.
    insisted: &'a BTreeSet<String>,
    needs: Needs<'a>,
    nodes: BTreeMap<PathBuf, Node>,
    /// What is to be read, or read again.
    queue: VecDeque<PathBuf>,
}

impl<'a> Graph<'a> {
    /// Begins with what every system has and what is protected.
    pub(crate) fn of(
        root: &'a Root,
        policies: &'a Policies,
        removed: &'a BTreeMap<PathBuf, &'a str>,
    ) -> Result<Self> {
        let mut graph = Self {
            root,
            removed,
            insisted: policies.insisted(),
            needs: Needs::of(root)?,
            nodes: BTreeMap::new(),
            queue: VecDeque::new(),
        };
        graph.enter(Path::new(""), Reason::Skeleton, Extent::Start, Rpath::new());
        for path in SKELETON.iter().map(Path::new) {
            if root.inventory.get(path).is_some_and(|there| !there.is_file()) {
                graph.enter(path, Reason::Skeleton, Extent::Start, Rpath::new());
            }
        }
        for (path, entry) in root.inventory.iter() {
            let reason = match entry.kind {
                Kind::Device { .. } | Kind::Pipe | Kind::Socket => Reason::Skeleton,
                Kind::File { .. } | Kind::Link(_) if policies.protects(path) => Reason::Protected,
                _ => continue,
            };
            graph.enter(path, reason, Extent::Start, Rpath::new());
        }
        Ok(graph)
    }

    /// Keeps a program that the user names, by its path or by its name on the search path.
    pub(crate) fn ask(&mut self, program: &Path) -> Result<()> {
        let cannot = |why: &str| format!("cannot keep `{}`: {why}", shown(program));
        let path = if program.to_string_lossy().contains('/') {
            Some(Path::new("/").join(program))
        } else {
            self.needs.program(&program.to_string_lossy())
        };
        let inventory = &self.root.inventory;
        let found = path.and_then(|path| {
            let resolved = inventory.resolve(Path::new(""), &path, Follow::Last);
            resolved.end.clone().map(|end| (path, end, resolved.way))
        });
        let Some((path, end, way)) = found else {
            bail!(ui::hinted(
                &cannot("the root has no such program"),
                "give its path in the root, such as /usr/sbin/nginx",
            ));
        };
        if let Some(why) = self.needs.why_not_started(&end) {
            bail!(ui::hinted(
                &cannot(&why),
                "what is no program stays by `keep-paths` in a policy file; name what runs it with \
                 --keep",
            ));
        }
        self.follow(Edge::new(path, Reason::Asked, Extent::Everything));
        let links = way.iter().filter(|step| {
            inventory.get(step).is_some_and(|entry| matches!(entry.kind, Kind::Link(_)))
        });
        let came_along: Vec<_> = links.flat_map(|link| self.needs.came_with(link)).collect();
        self.follow_all(came_along);
        Ok(())
    }

    /// Keeps what a test was seen to use, even if a policy would take it away.
    pub(crate) fn observe(&mut self, test: usize, observed: &Observed) {
        let listed = observed.listed.iter().map(|path| (path, &Use::Opened));
        for (path, what_for) in observed.used.iter().chain(listed) {
            let reason = Reason::Test { test, what_for: *what_for };
            let follow =
                if *what_for == Use::LookedAtLink { Follow::NotLast } else { Follow::Last };
            self.follow(Edge { follow, ..used(path.as_path(), reason) });
        }
    }

    /// Keeps what turned out to be missing: a link, and what it leads to.
    pub(crate) fn restore(&mut self, test: usize, path: &Path) {
        let path = Path::new("/").join(path);
        for follow in [Follow::NotLast, Follow::Last] {
            self.follow(Edge { follow, ..used(&path, Reason::Restored { test }) });
        }
    }

    /// Follows everything to its end and says what stays.
    pub(crate) fn settle(&mut self) -> Reasons {
        loop {
            while let Some(path) = self.queue.pop_front() {
                let edges = self.needs.edges(&path, &self.nodes[&path]);
                self.follow_all(edges);
            }
            let edges = self.needs.by_rules(&self.nodes);
            if edges.is_empty() {
                break;
            }
            self.follow_all(edges);
        }
        let reasons = |node: &Node| node.reasons().cloned().collect();
        self.nodes.iter().map(|(path, node)| (path.clone(), reasons(node))).collect()
    }

    /// Libraries that binaries name and that are nowhere in the root, each with one that does.
    pub(crate) fn nowhere(&self) -> &BTreeMap<Vec<u8>, PathBuf> {
        self.needs.nowhere()
    }

    fn follow_all(&mut self, edges: Vec<Edge>) {
        for edge in edges {
            self.follow(edge);
        }
    }

    fn follow(&mut self, edge: Edge) {
        let resolved = self.root.inventory.resolve(Path::new(""), &edge.to, edge.follow);
        if resolved.end.as_ref().is_some_and(|end| self.is_removed(end, edge.authority)) {
            return;
        }
        // A path that leads nowhere: what it passes is what the program sees of it.
        let Some(to) = resolved.end.as_ref().or(resolved.way.last()).map(|to| Bytes::of(to)) else {
            return;
        };
        for step in &resolved.way {
            self.enter(step, Reason::Way { to: to.clone() }, edge.extent, Rpath::new());
        }
        if let Some(end) = &resolved.end {
            self.enter(end, edge.reason, edge.extent, edge.inherited);
        }
    }

    /// Whether a policy takes a path away that an edge has no authority to keep.
    fn is_removed(&self, path: &Path, authority: Authority) -> bool {
        self.removed.get(path).is_some_and(|policy| match authority {
            Authority::Obeys => true,
            Authority::OverrulesDefaults => self.insisted.contains(*policy),
            Authority::Overrules => false,
        })
    }

    /// Notes that a path stays, with the directories above it.
    fn enter(&mut self, path: &Path, reason: Reason, extent: Extent, inherited: Rpath) {
        let read = match self.nodes.get_mut(path) {
            Some(node) => node.join(reason, extent, inherited),
            None => {
                self.nodes.insert(path.to_owned(), Node::new(reason, extent, inherited));
                true
            }
        };
        if read {
            self.queue.push_back(path.to_owned());
        }
        for directory in path.ancestors().skip(1) {
            if self.nodes.contains_key(directory) {
                break;
            }
            let way = Reason::Way { to: Bytes::of(path) };
            self.nodes.insert(directory.to_owned(), Node::new(way, Extent::Start, Rpath::new()));
        }
    }
}

/// An edge to what a test uses.
fn used(path: &Path, reason: Reason) -> Edge {
    Edge { authority: Authority::Overrules, ..Edge::new(path, reason, Extent::Start) }
}
