//! What a directory is, by what lies in it: a root filesystem, a package, a repository, a store, a
//! place where something is built.
//!
//! What it comes to is shown in `tools/clink/tests/borders.rs`.

use std::fs::{self, FileType};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::inventory::{Directory, Inventory};

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

/// What says of a directory above the arguments that all in it belongs together.
const SEEN_FROM_BELOW: u32 =
    ETC | USR | BIN | SYSTEM | KERNEL | OBJECTS | REFS | HEAD | PACKAGE | DATABASE;

/// Directories whose directories are packages.
const SHELVES: [&[u8]; 4] = [b"node_modules", b"site-packages", b"dist-packages", b"gems"];

/// The shape of every directory, in their order.
pub(crate) fn of(inventory: &Inventory) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = inventory.directories.iter().map(by_files).collect();
    for id in inventory.directory_ids() {
        let directory = inventory.directory(id);
        let Some(parent) = directory.parent else { continue };
        shapes[parent.0 as usize].0 |= mark(DIRECTORIES, &directory.name);
        let above_root = names_up(&inventory.root_of(id).physical);
        if is_on_a_shelf(inventory.names_up(parent).chain(above_root)) {
            shapes[id.0 as usize].0 |= PACKAGE;
        }
    }
    shapes
}

/// The shape of a directory above the arguments, through which nobody walks, by a few names: whether
/// all in it belongs together. Who works there, with version control or a build, is not asked.
pub(crate) fn of_above(directory: &Path) -> Shape {
    let holds = |name: &str, is: fn(&FileType) -> bool| {
        let found = fs::symlink_metadata(directory.join(name));
        found.is_ok_and(|found| is(&found.file_type()))
    };
    let marks = |names: &[(&str, u32)], is| {
        let telling = names.iter().filter(|(_, mark)| mark & SEEN_FROM_BELOW != 0);
        telling.filter(|(name, _)| holds(name, is)).fold(0, |marks, (_, mark)| marks | mark)
    };
    let marks = marks(DIRECTORIES, FileType::is_dir) | marks(FILES, FileType::is_file);
    let shelf = if is_on_a_shelf(names_up(directory).skip(1)) { PACKAGE } else { 0 };
    Shape(marks & SEEN_FROM_BELOW | shelf)
}

/// The names of a directory and those above it.
fn names_up(directory: &Path) -> impl Iterator<Item = &[u8]> {
    directory.ancestors().filter_map(|path| Some(path.file_name()?.as_bytes()))
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

/// Whether a directory is a package by those above it, the nearest first: `node_modules/left-pad`, and
/// `node_modules/@scope/name`.
fn is_on_a_shelf<'name>(mut above: impl Iterator<Item = &'name [u8]>) -> bool {
    let is_shelf = |name: &[u8]| SHELVES.contains(&name);
    match above.next() {
        Some(name) if name.starts_with(b"@") => above.next().is_some_and(is_shelf),
        name => name.is_some_and(is_shelf),
    }
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
