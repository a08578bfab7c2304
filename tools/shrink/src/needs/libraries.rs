//! Finds the libraries of a binary where the loader would find them.
//!
//! The order is that of ld.so(8): RPATH where there is no RUNPATH, RUNPATH, the configured
//! directories, the usual ones. musl's loader looks in fewer places; what it would not find there
//! is kept for nothing.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use elf::Architecture;
use elf::needs::Needs;
use object::ReadCache;

use crate::globs::Globs;
use crate::rootfs::Root;
use crate::rootfs::inventory::{Follow, Inventory, Kind};

/// Looks libraries up in one root.
pub(crate) struct Loader<'a> {
    root: &'a Root,
    directories: Vec<PathBuf>,
    /// What was read before: many binaries need the same libraries.
    known: BTreeMap<PathBuf, Option<Rc<Needs>>>,
}

impl<'a> Loader<'a> {
    pub(crate) fn of(root: &'a Root) -> Self {
        Self { root, directories: directories(root), known: BTreeMap::new() }
    }

    /// Whether a path is that of a library where the loader looks: it is found by its name.
    pub(crate) fn has_beside(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let parent = Path::new("/").join(path.parent().unwrap_or(path));
        name.contains(".so") && self.directories.contains(&parent)
    }

    /// What a file needs, if it is a binary.
    pub(crate) fn needs(&mut self, path: &Path) -> Option<Rc<Needs>> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let needs = self.root.read(path).ok().and_then(|file| {
            let cache = ReadCache::new(file);
            elf::needs::read(&cache).ok().map(Rc::new)
        });
        self.known.insert(path.to_owned(), needs.clone());
        needs
    }

    /// What a file needs, if it is a binary that was read before.
    pub(crate) fn known(&self, path: &Path) -> Option<&Needs> {
        self.known.get(path)?.as_deref()
    }

    /// Where the loader finds a library: the paths it would open, as it would name them. Variants
    /// for better processors come along.
    pub(crate) fn find(
        &mut self,
        library: &[u8],
        needs: &Needs,
        origin: &Path,
        inherited: &[PathBuf],
    ) -> Vec<PathBuf> {
        let name = Path::new(OsStr::from_bytes(library));
        if library.contains(&b'/') {
            return vec![name.to_owned()];
        }
        let mut places: Vec<PathBuf> = Vec::new();
        if needs.runpath.is_none() {
            places.extend(own_rpath(needs, origin));
            places.extend_from_slice(inherited);
        }
        if let Some(runpath) = &needs.runpath {
            places.extend(expand(runpath, origin));
        }
        places.extend_from_slice(&self.directories);
        for place in places {
            let found = self.in_directory(&place, name, needs.architecture);
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    fn in_directory(&mut self, place: &Path, name: &Path, wanted: Architecture) -> Vec<PathBuf> {
        let mut candidates = vec![place.join(name)];
        let variants = place.join("glibc-hwcaps");
        if let Some(directory) =
            self.root.inventory.resolve(Path::new(""), &variants, Follow::Last).end
        {
            let levels = self.root.inventory.children(&directory);
            candidates.extend(levels.map(|(level, _)| Path::new("/").join(level).join(name)));
        }
        candidates.retain(|candidate| {
            let end = self.root.inventory.resolve(Path::new(""), candidate, Follow::Last).end;
            end.is_some_and(|end| {
                self.needs(&end).is_some_and(|needs| needs.architecture == wanted)
            })
        });
        candidates
    }
}

/// The RPATH of a binary, which its libraries inherit.
pub(crate) fn own_rpath(needs: &Needs, origin: &Path) -> Vec<PathBuf> {
    match (&needs.rpath, &needs.runpath) {
        (Some(rpath), None) => expand(rpath, origin),
        _ => Vec::new(),
    }
}

/// The directories of an RPATH with `$ORIGIN` and `$LIB` replaced; `$LIB` is one of several.
fn expand(paths: &[u8], origin: &Path) -> Vec<PathBuf> {
    let origin = Path::new("/").join(origin.parent().unwrap_or(origin));
    let mut expanded = Vec::new();
    for path in paths.split(|byte| *byte == b':').filter(|path| !path.is_empty()) {
        let text = String::from_utf8_lossy(path);
        let origin = origin.to_string_lossy();
        let text = text.replace("${ORIGIN}", &origin).replace("$ORIGIN", &origin);
        for lib in ["lib", "lib64", "lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu"] {
            let place = PathBuf::from(text.replace("${LIB}", lib).replace("$LIB", lib));
            if !expanded.contains(&place) {
                expanded.push(place);
            }
        }
    }
    expanded
}

/// Every directory that some loader of the root looks in, in the order of glibc's.
fn directories(root: &Root) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    configured(root, Path::new("/etc/ld.so.conf"), &mut directories, 0);
    let inventory = &root.inventory;
    for (path, _) in inventory.children(Path::new("etc")) {
        let name = path.file_name().unwrap_or_default().as_bytes();
        if name.starts_with(b"ld-musl-") && name.ends_with(b".path") {
            let text = root.text(path);
            let places = text.split([':', '\n']).filter(|place| place.starts_with('/'));
            directories.extend(places.map(PathBuf::from));
        }
    }
    for base in ["/usr/local/lib", "/lib", "/usr/lib"] {
        directories.extend(multiarch(inventory, base));
        directories.push(base.into());
    }
    for base in ["lib64", "lib32", "libx32"] {
        directories.push(Path::new("/").join(base));
        directories.push(Path::new("/usr").join(base));
    }
    directories
}

/// Directories such as `/usr/lib/x86_64-linux-gnu`.
fn multiarch(inventory: &Inventory, base: &str) -> Vec<PathBuf> {
    let Some(real) = inventory.resolve(Path::new(""), Path::new(base), Follow::Last).end else {
        return Vec::new();
    };
    let children = inventory.children(&real).filter(|(path, entry)| {
        let name = path.file_name().unwrap_or_default().as_bytes();
        entry.kind == Kind::Directory && name.windows(7).any(|part| part == b"-linux-")
    });
    children.map(|(path, _)| Path::new("/").join(path)).collect()
}

/// Reads a configuration of the loader with what it includes.
fn configured(root: &Root, path: &Path, directories: &mut Vec<PathBuf>, depth: u32) {
    /// Files that include each other are no configuration.
    const DEEPEST: u32 = 8;
    let Some(real) = root.inventory.resolve(Path::new(""), path, Follow::Last).end else {
        return;
    };
    if depth > DEEPEST {
        return;
    }
    for line in root.text(&real).lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(pattern) = line.strip_prefix("include") {
            for included in matching(&root.inventory, pattern.trim()) {
                configured(root, &included, directories, depth + 1);
            }
        } else if line.starts_with('/') {
            directories.push(line.into());
        }
    }
}

fn matching(inventory: &Inventory, pattern: &str) -> Vec<PathBuf> {
    let Ok(globs) = Globs::new(&[pattern.to_owned()], &[]) else {
        return Vec::new();
    };
    let paths = inventory.below(Path::new("etc")).filter(|(path, _)| globs.matches(path));
    paths.map(|(path, _)| Path::new("/").join(path)).collect()
}
