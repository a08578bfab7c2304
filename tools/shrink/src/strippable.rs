//! Which binaries may be stripped: those of which it is known that only the kernel and a loader of
//! their root read them.
//!
//! Everything else stays byte for byte. An ELF file may be firmware that a driver loads, a program
//! of another machine that a host hands on, debugging information, or hold a section that somebody
//! reads by its name: such readers are too many to list.
//!
//! Proof: `tests/inert.rs::what_another_loader_reads_is_left_byte_for_byte`

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use elf::{Architecture, Layout};
use object::ReadCache;

use crate::rootfs::inventory::{Entry, Follow, Inventory};

/// Where binaries stand that are not started by a loader, whatever they look like.
const FOR_OTHERS: &[&str] = &[
    "boot",
    "lib/firmware",
    "lib/modules",
    "usr/lib/debug",
    "usr/lib/firmware",
    "usr/lib/modules",
];
/// Where programs stand that the kernel starts without a loader.
const FOR_KERNEL: &[&str] = &["", "bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin"];

/// What starts binaries in a root.
pub(crate) struct Strippable<'a> {
    inventory: &'a Inventory,
    /// The loaders that programs name and that are there.
    loaders: BTreeSet<PathBuf>,
    /// The machines whose programs start here.
    machines: BTreeSet<Architecture>,
}

impl<'a> Strippable<'a> {
    /// Finds out who loads the programs of an inventory whose files stand below `base`.
    pub(crate) fn of(inventory: &'a Inventory, base: &Path) -> Self {
        let (loaders, machines) = (BTreeSet::new(), BTreeSet::new());
        let mut strippable = Self { inventory, loaders, machines };
        for (path, _) in inventory.iter().filter(|(_, entry)| entry.is_program()) {
            if let Ok(file) = File::open(base.join(path))
                && let Ok(layout) = Layout::read(&ReadCache::new(file))
            {
                strippable.learn(path, &layout);
            }
        }
        strippable
    }

    fn learn(&mut self, path: &Path, layout: &Layout) {
        if let Some(loader) = self.loader(layout) {
            self.loaders.insert(loader);
            self.machines.insert(layout.architecture);
        } else if layout.interpreter.is_none() && is_in(path, FOR_KERNEL) {
            self.machines.insert(layout.architecture);
        }
    }

    /// The loader that a program names, if it is there.
    fn loader(&self, layout: &Layout) -> Option<PathBuf> {
        let path = Path::new(OsStr::from_bytes(layout.interpreter.as_deref()?));
        self.inventory.resolve(Path::new(""), path, Follow::Last).end
    }

    /// Why a binary is left as it is, if so.
    pub(crate) fn why_left(&self, path: &Path, entry: &Entry, layout: &Layout) -> Option<String> {
        let foreign = elf::strip::foreign_section(layout);
        let why = if let Some(why) = why_fixed(self.inventory, path, entry) {
            why
        } else if FOR_OTHERS.iter().any(|place| path.starts_with(place)) {
            "others than programs' loaders read what stands there"
        } else if self.loaders.contains(path) {
            "it loads the others, and debuggers read its symbols"
        } else if !self.is_loaded_here(entry, layout) {
            "nothing that is known to be here loads it"
        } else if let Some(section) = foreign {
            let name = String::from_utf8_lossy(section);
            return Some(format!("the section `{name}` may be read by others"));
        } else {
            return None;
        };
        Some(why.to_owned())
    }

    fn is_loaded_here(&self, entry: &Entry, layout: &Layout) -> bool {
        let is_for_here = self.machines.contains(&layout.architecture);
        match (&layout.interpreter, layout.is_dynamic) {
            (Some(_), _) => self.loader(layout).is_some(),
            (None, true) => is_for_here,
            (None, false) => is_for_here && entry.is_program(),
        }
    }
}

fn is_in(path: &Path, directories: &[&str]) -> bool {
    path.parent().is_some_and(|parent| directories.iter().any(|place| parent == Path::new(place)))
}

/// Why the content of a file must not change at all, if so: it is compared with what is noted of it.
pub(crate) fn why_fixed(inventory: &Inventory, path: &Path, entry: &Entry) -> Option<&'static str> {
    if entry.attributes.keys().any(|name| name == b"security.ima" || name == b"security.evm") {
        return Some("its content is signed");
    }
    // Cryptographic libraries compare themselves with what such a file says (fipscheck).
    let name = path.file_name().unwrap_or_default();
    let named = |before: &str| {
        let mut sum = OsStr::new(before).to_owned();
        sum.push(name);
        sum.push(".hmac");
        inventory.get(&path.with_file_name(sum)).is_some()
    };
    (named(".") || named("fipscheck/")).then_some("a checksum of it is beside it")
}
