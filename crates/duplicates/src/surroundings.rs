//! What the place of a file says about linking it.
//!
//! Files under some directories are rewritten in place, belong to a program that expects them
//! unchanged, or may vanish. The directory's path tells.

use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::inventory::{DirectoryId, Inventory};
use crate::kind::{self, Kind, ends_with};
use crate::shape::{self, Shape};

/// What a directory and all below it are for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Surroundings {
    /// Files here are neither linked nor linked to.
    pub(crate) protected: Option<Protected>,
    /// Files here may vanish: nothing is linked to them.
    pub(crate) transient: bool,
    /// Of what kind a file is here that is of no other.
    pub(crate) place: Option<&'static Kind>,
    /// A build looks at the times of files here.
    pub(crate) built: bool,
    /// Those who work with the files here refuse links.
    pub(crate) refuses_links: bool,
    /// The nearest directory around that no link leads out of or into.
    pub(crate) border: Option<Border>,
}

/// A directory that no link leads out of or into, wherever it lies: below an argument or around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Border(usize);

/// Why files of a directory are left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protected {
    /// `/etc` and other directories of that name: somebody edits one file and would change both.
    Configuration,
    /// The database of a package manager.
    PackageDatabase,
    /// The store of a version control system: it deletes and rewrites files behind their names.
    VersionControl,
    /// Logs and spools: programs append to them.
    Spool,
    /// What a program keeps for itself: databases, keys.
    State,
    /// A store that names files by their content, and counts on it.
    Store,
}

/// The directories that mean something, by the end of their path.
const PROTECTED: &[(&str, Protected)] = &[
    ("etc", Protected::Configuration),
    ("var/lib/dpkg", Protected::PackageDatabase),
    ("var/lib/apt", Protected::PackageDatabase),
    ("var/lib/rpm", Protected::PackageDatabase),
    ("usr/lib/sysimage/rpm", Protected::PackageDatabase),
    ("lib/apk/db", Protected::PackageDatabase),
    ("var/lib/pacman", Protected::PackageDatabase),
    ("var/lib/opkg", Protected::PackageDatabase),
    ("usr/lib/opkg", Protected::PackageDatabase),
    ("var/db/pkg", Protected::PackageDatabase),
    ("var/lib/snapd", Protected::PackageDatabase),
    ("nix/var/nix/db", Protected::PackageDatabase),
    (".git", Protected::VersionControl),
    (".hg", Protected::VersionControl),
    (".svn", Protected::VersionControl),
    (".bzr", Protected::VersionControl),
    ("var/log", Protected::Spool),
    ("var/spool", Protected::Spool),
    ("var/mail", Protected::Spool),
    ("var/lib", Protected::State),
    ("var/db", Protected::State),
    (".ssh", Protected::State),
    (".gnupg", Protected::State),
    ("nix/store", Protected::Store),
    ("gnu/store", Protected::Store),
    ("ostree/repo", Protected::Store),
    ("overlay2", Protected::Store),
    ("containers/storage", Protected::Store),
    ("sstate-cache", Protected::Store),
];

/// The directories whose files may vanish, by the end of their path.
const TRANSIENT: &[&str] =
    &["tmp", "temp", ".tmp", "cache", ".cache", "var/run", "var/lock", "dev/shm", "run/lock"];

/// The surroundings of every directory, in their order.
pub(crate) fn of(inventory: &Inventory) -> Vec<Surroundings> {
    let common = common_path(inventory);
    let shapes = shape::of(inventory);
    let mut borders = Borders::of(inventory);
    let mut above = HashMap::new();
    let mut all: Vec<Surroundings> = Vec::with_capacity(inventory.directories.len());
    for id in inventory.directory_ids() {
        let directory = inventory.directory(id);
        let around = match directory.parent {
            None => of_root(&inventory.root_of(id).physical, &common, &mut above, &mut borders),
            Some(parent) => {
                all[parent.0 as usize].inside(&last_names(inventory, id), is_run(inventory, id))
            }
        };
        let shape = shapes[id.0 as usize];
        all.push(around.shaped(shape, || borders.at(inventory.physical_directory(id))));
    }
    all
}

impl Surroundings {
    /// Of a directory in this one; `path` ends with its name.
    fn inside(self, path: &[u8], run: bool) -> Self {
        // The databases of package managers lie in places of state.
        let rule = PROTECTED.iter().find(|(end, _)| ends_with(path, end));
        let protected = match (self.protected, rule) {
            (Some(Protected::State) | None, Some((_, protected))) => Some(*protected),
            (protected, _) => protected,
        };
        Self {
            protected,
            place: kind::by_place(path).or(self.place),
            transient: self.transient || run || TRANSIENT.iter().any(|end| ends_with(path, end)),
            ..self
        }
    }

    /// The same with what the directory holds; `border` is itself, if it can be one.
    fn shaped(self, shape: Shape, border: impl FnOnce() -> Option<Border>) -> Self {
        let itself = if shape.is_border() { border() } else { None };
        Self {
            protected: self.protected.or(protected_by(shape)),
            built: self.built || shape.is_built(),
            refuses_links: self.refuses_links || shape.refuses_links(),
            border: itself.or(self.border),
            ..self
        }
    }
}

/// All borders by their physical paths.
struct Borders<'all> {
    /// None of them is one: links from one to another are what was asked for.
    arguments: HashSet<&'all Path>,
    known: HashMap<PathBuf, Border>,
}

impl<'all> Borders<'all> {
    fn of(inventory: &'all Inventory) -> Self {
        let arguments = inventory.roots.iter().map(|root| root.physical.as_path()).collect();
        Self { arguments, known: HashMap::new() }
    }

    /// The border that a directory is.
    fn at(&mut self, physical: PathBuf) -> Option<Border> {
        let next = Border(self.known.len());
        let is_argument = self.arguments.contains(&*physical);
        (!is_argument).then(|| *self.known.entry(physical).or_insert(next))
    }
}

fn protected_by(shape: Shape) -> Option<Protected> {
    match shape {
        shape if shape.is_repository() => Some(Protected::VersionControl),
        shape if shape.is_store() => Some(Protected::Store),
        shape if shape.is_database() => Some(Protected::State),
        _ => None,
    }
}

/// Of an argument: its path above tells as well, and what the directories there are. But who asks for
/// a tree in `/tmp` does not want to hear that it is a temporary one, so only what all arguments do
/// not share may make it transient.
fn of_root(
    physical: &Path,
    common: &Path,
    above: &mut HashMap<PathBuf, Shape>,
    borders: &mut Borders<'_>,
) -> Surroundings {
    let mut all = Surroundings::default();
    let mut ancestors: Vec<&Path> = physical.ancestors().collect();
    ancestors.reverse();
    for ancestor in ancestors {
        let inside = all.inside(ancestor.as_os_str().as_bytes(), ancestor == Path::new("/run"));
        let transient = inside.transient && !common.starts_with(ancestor);
        all = Surroundings { transient, ..inside };
        if ancestor != physical {
            let known = above.entry(ancestor.to_owned());
            let shape = *known.or_insert_with(|| shape::of_above(ancestor));
            all = all.shaped(shape, || borders.at(ancestor.to_owned()));
        }
    }
    all
}

/// The longest path that all arguments lie at or below.
fn common_path(inventory: &Inventory) -> PathBuf {
    let mut roots = inventory.roots.iter().map(|root| root.physical.as_path());
    let first = roots.next().unwrap_or(Path::new("/"));
    let shared = |one, other| common_of(one, other);
    roots.fold(first, shared).to_owned()
}

fn common_of<'path>(one: &'path Path, other: &Path) -> &'path Path {
    one.ancestors().find(|ancestor| other.starts_with(ancestor)).unwrap_or(Path::new("/"))
}

/// The path of a directory, as far up as the rules look.
fn last_names(inventory: &Inventory, id: DirectoryId) -> Vec<u8> {
    const DEEPEST_RULE: usize = 4;
    let mut path = Vec::new();
    let mut here = Some(id);
    for _ in 0..DEEPEST_RULE {
        let Some(directory) = here.map(|id| inventory.directory(id)) else { break };
        let name: &[u8] = if directory.parent.is_some() {
            &directory.name
        } else {
            inventory.roots[directory.root as usize].physical.as_os_str().as_bytes()
        };
        path.splice(0..0, [name, b"/"].concat());
        here = directory.parent;
    }
    path.pop();
    path
}

/// `run` is transient at the top of a file system: where `etc` or `usr` stands beside it.
fn is_run(inventory: &Inventory, id: DirectoryId) -> bool {
    let directory = inventory.directory(id);
    let Some(parent) = directory.parent else { return false };
    *directory.name == *b"run" && {
        let beside = |name: &[u8]| {
            inventory.below(parent).any(|other| {
                let other = &inventory.directories[other];
                other.parent == Some(parent) && *other.name == *name
            })
        };
        beside(b"etc") || beside(b"usr")
    }
}
