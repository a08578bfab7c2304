//! Judges a single file: whether a link may take its place, and what the kept file must share with
//! it besides content and metadata.

use std::cmp::Reverse;

use files::Time;

use crate::inventory::{DirectoryId, FileId, Inventory};
use crate::kind::{Harm, Named};
use crate::kinds::HEADER;
use crate::nature::Nature;
use crate::rules::{Age, Kind, Wishes};
use crate::surroundings::{Border, Surroundings};

/// What is known before any two files are compared.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'all> {
    pub(crate) inventory: &'all Inventory,
    pub(crate) surroundings: &'all [Surroundings],
    pub(crate) wishes: &'all Wishes,
}

/// What the kept file has to share with those that become links to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Bond {
    /// The time, where a build compares it.
    pub(crate) time: Option<Time>,
    /// What no link leads out of.
    pub(crate) border: Option<Border>,
    /// The argument that it was found below, where no link leads to another one.
    pub(crate) argument: Option<u32>,
}

/// The lower, the rather a copy is kept.
pub(crate) type Preference = (bool, Option<Time>, Option<Reverse<Time>>);

impl<'all> Judge<'all> {
    pub(crate) fn around(&self, directory: DirectoryId) -> Surroundings {
        self.surroundings[directory.0 as usize]
    }

    /// Only symbolic links change what a program sees, and `--all` means not to ask.
    fn asks(&self) -> bool {
        self.wishes.rules.kind == Kind::Symbolic && !self.wishes.rules.all
    }

    /// Why a file would not be the same behind a link, or why nobody knows.
    pub(crate) fn harm(&self, name: FileId, nature: &Nature) -> Option<Harm> {
        if !self.asks() {
            return None;
        }
        let named = self.named(name);
        let trusted = |harm: &Harm| self.wishes.trust_unknown && *harm == Harm::Unknown;
        let around = self.around(name.directory);
        let harm = nature.harm(named).filter(|harm| !trusted(harm));
        harm.or_else(|| around.refuses_links.then_some(Harm::Refused))
            .or_else(|| self.may_be_run(name, named, nature).then_some(Harm::Program))
    }

    /// Whoever may run it may ask where it lies. Loaders want the right to run of libraries, too.
    fn may_be_run(&self, name: FileId, named: Named<'_>, nature: &Nature) -> bool {
        const ANYBODY_RUNS: u16 = 0o111;
        let executable = self.inventory.file(name).mode & ANYBODY_RUNS != 0;
        executable && !self.wishes.trust_unknown && !nature.kind(named).may_be_executable
    }

    /// What a file's kept copy has to share with it.
    pub(crate) fn bond(&self, name: FileId, nature: &Nature) -> Bond {
        let modified = self.inventory.file(name).modified;
        let time = (self.asks() && self.is_compared_by_time(name, nature)).then_some(modified);
        let argument = self.argument(name.directory);
        Bond { time, border: self.border(name.directory), argument }
    }

    /// The argument that a directory was found below, where that matters.
    pub(crate) fn argument(&self, directory: DirectoryId) -> Option<u32> {
        self.wishes.within_each.then_some(self.inventory.directory(directory).root)
    }

    /// What the user wishes to be kept.
    pub(crate) fn preference(&self, name: FileId) -> Preference {
        let modified = self.inventory.file(name).modified;
        let oldest = (self.wishes.age == Some(Age::Oldest)).then_some(modified);
        let newest = (self.wishes.age == Some(Age::Newest)).then_some(Reverse(modified));
        (!self.is_to_be_kept(name.directory), oldest, newest)
    }

    /// Whether a directory lies at or below one that the user wishes to be kept.
    pub(crate) fn is_to_be_kept(&self, directory: DirectoryId) -> bool {
        !self.wishes.keep.is_empty() && {
            let path = self.inventory.physical_directory(directory);
            self.wishes.keep.iter().any(|keep| path.starts_with(keep))
        }
    }

    /// What no link leads out of from there.
    pub(crate) fn border(&self, directory: DirectoryId) -> Option<Border> {
        self.around(directory).border.filter(|_| self.asks())
    }

    /// Nobody builds from what is installed in a directory for headers, unless that is built itself.
    fn is_compared_by_time(&self, name: FileId, nature: &Nature) -> bool {
        let named = self.named(name);
        let installed = named.place.is_some_and(|place| place.is(&HEADER));
        self.around(name.directory).built || nature.kind(named).is_source && !installed
    }

    pub(crate) fn named(&self, name: FileId) -> Named<'all> {
        let inventory: &'all Inventory = self.inventory;
        Named { name: inventory.name_bytes(name), place: self.around(name.directory).place }
    }
}
