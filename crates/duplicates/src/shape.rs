//! What a directory is, by what lies in it: a root filesystem, a package, a repository, a store, a
//! place where something is built.
//!
//! What it comes to is shown in `tools/clink/tests/borders.rs`.

use crate::inventory::{Directory, DirectoryId, Inventory};

/// What was found in a directory, a bit for each mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shape(u32);

const ETC: u32 = 1;
const USR: u32 = 1 << 1;
const BIN: u32 = 1 << 2;
/// Other directories at the top of a system: those of its tree, and those that the kernel fills.
const SYSTEM: u32 = 1 << 3;
const KERNEL: u32 = 1 << 4;
const OBJECTS: u32 = 1 << 5;
const REFS: u32 = 1 << 6;
const HEAD: u32 = 1 << 7;
const FETCHED: u32 = 1 << 8;
const PACKAGE: u32 = 1 << 9;
const BUILD: u32 = 1 << 10;
/// Who works with what lies here takes a link for something else, or does not follow it.
const NO_LINKS: u32 = 1 << 11;
/// Together a site of Hugo.
const CONTENT: u32 = 1 << 12;
const CONFIGURATION: u32 = 1 << 13;
/// A database of many files.
const DATABASE: u32 = 1 << 14;
/// Together one of `LevelDB` or `RocksDB`.
const CURRENT: u32 = 1 << 15;
const MANIFEST: u32 = 1 << 16;

const DIRECTORIES: &[(&str, u32)] = &[
    ("etc", ETC),
    ("usr", USR),
    ("bin", BIN),
    ("lib", SYSTEM),
    ("sbin", SYSTEM),
    ("var", SYSTEM),
    ("boot", SYSTEM),
    ("root", SYSTEM),
    ("dev", KERNEL),
    ("proc", KERNEL),
    ("sys", KERNEL),
    ("objects", OBJECTS),
    ("refs", REFS),
    ("git2", FETCHED),
    (".git", NO_LINKS),
    (".hg", NO_LINKS),
    (".svn", NO_LINKS),
    (".bzr", NO_LINKS),
    (".jj", NO_LINKS),
    ("CVS", NO_LINKS),
    ("_darcs", NO_LINKS),
    ("content", CONTENT),
];

const FILES: &[(&str, u32)] = &[
    ("HEAD", HEAD),
    ("package.json", PACKAGE | NO_LINKS),
    ("go.mod", PACKAGE | NO_LINKS),
    (".git", NO_LINKS),
    ("_config.yml", NO_LINKS),
    ("hugo.toml", NO_LINKS),
    ("hugo.yaml", NO_LINKS),
    ("hugo.json", NO_LINKS),
    ("config.toml", CONFIGURATION),
    ("config.yaml", CONFIGURATION),
    ("config.json", CONFIGURATION),
    ("Cargo.toml", PACKAGE),
    ("composer.json", PACKAGE),
    ("pom.xml", PACKAGE),
    ("mix.exs", PACKAGE),
    ("pubspec.yaml", PACKAGE),
    ("Package.swift", PACKAGE),
    ("Dockerfile", PACKAGE),
    ("Containerfile", PACKAGE),
    ("pyproject.toml", PACKAGE),
    ("setup.py", PACKAGE),
    ("PG_VERSION", DATABASE),
    ("ibdata1", DATABASE),
    ("mysql.ibd", DATABASE),
    ("aria_log_control", DATABASE),
    ("WiredTiger", DATABASE),
    ("__db.001", DATABASE),
    ("Packages.db", DATABASE),
    ("CURRENT", CURRENT),
    ("Makefile", BUILD),
    ("makefile", BUILD),
    ("GNUmakefile", BUILD),
    ("CMakeLists.txt", BUILD),
    ("meson.build", BUILD),
    ("build.ninja", BUILD),
    ("configure", BUILD),
    ("SConstruct", BUILD),
];

/// Directories whose directories are packages.
const SHELVES: [&[u8]; 4] = [b"node_modules", b"site-packages", b"dist-packages", b"gems"];

/// The shape of every directory, in their order.
pub(crate) fn of(inventory: &Inventory) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = inventory.directories.iter().map(by_files).collect();
    for id in inventory.directory_ids() {
        let directory = inventory.directory(id);
        let Some(parent) = directory.parent else { continue };
        shapes[parent.0 as usize].0 |= mark(DIRECTORIES, &directory.name);
        if is_on_a_shelf(inventory, parent) {
            shapes[id.0 as usize].0 |= PACKAGE;
        }
    }
    shapes
}

/// Its names stand in their order.
fn by_files(directory: &Directory) -> Shape {
    let name = |at: usize| directory.name_of(&directory.files[at]);
    let holds = |wanted: &str| {
        let mut range = 0..directory.files.len();
        while !range.is_empty() {
            let middle = range.start + range.len() / 2;
            match name(middle).cmp(wanted.as_bytes()) {
                std::cmp::Ordering::Less => range.start = middle + 1,
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Greater => range.end = middle,
            }
        }
        false
    };
    let by_part = (0..directory.files.len()).fold(0, |marks, at| marks | mark_by_part(name(at)));
    let found = FILES.iter().filter(|(name, _)| holds(name));
    Shape(found.fold(by_part, |marks, (_, mark)| marks | mark))
}

fn mark(marks: &[(&str, u32)], name: &[u8]) -> u32 {
    marks.iter().find(|(known, _)| known.as_bytes() == name).map_or(0, |(_, mark)| *mark)
}

/// `main.go`, and `MANIFEST-000005`.
fn mark_by_part(name: &[u8]) -> u32 {
    match name {
        name if name.ends_with(b".go") => NO_LINKS,
        name if name.starts_with(b"MANIFEST-") => MANIFEST,
        _ => 0,
    }
}

/// `node_modules/left-pad`, and `node_modules/@scope/name`.
fn is_on_a_shelf(inventory: &Inventory, parent: DirectoryId) -> bool {
    let directory = inventory.directory(parent);
    let is_shelf = |directory: &Directory| SHELVES.contains(&&*directory.name);
    let above = || directory.parent.is_some_and(|above| is_shelf(inventory.directory(above)));
    is_shelf(directory) || directory.name.starts_with(b"@") && above()
}

impl Shape {
    fn has(self, marks: u32) -> bool {
        self.0 & marks == marks
    }

    /// Whether no link may lead out of it or into it: a program sees only what lies within, or it is
    /// taken away as a whole.
    pub(crate) fn is_border(self) -> bool {
        self.is_root() || self.has(PACKAGE)
    }

    /// The top of a system.
    fn is_root(self) -> bool {
        let is_whole = self.has(ETC | USR) && self.0 & (BIN | SYSTEM | KERNEL) != 0;
        is_whole || self.has(ETC | BIN | KERNEL)
    }

    /// A repository of git without a work tree.
    pub(crate) fn is_repository(self) -> bool {
        self.has(OBJECTS | REFS | HEAD)
    }

    /// What a program keeps in many files that count on each other.
    pub(crate) fn is_database(self) -> bool {
        self.has(DATABASE) || self.has(CURRENT | MANIFEST)
    }

    /// Where Yocto keeps what it fetched.
    pub(crate) fn is_store(self) -> bool {
        self.has(FETCHED)
    }

    /// Version control takes a link for a change, `go:embed` refuses it, `npm pack` leaves it out, and
    /// who builds a site passes over it.
    pub(crate) fn refuses_links(self) -> bool {
        self.has(NO_LINKS) || self.has(CONTENT | CONFIGURATION)
    }

    /// A build looks at the times of what lies here.
    pub(crate) fn is_built(self) -> bool {
        self.has(BUILD)
    }
}
