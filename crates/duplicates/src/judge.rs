//! Judges a single file: whether a link may take its place, and what the kept file must share with
//! it besides content and metadata.

use files::Time;

use crate::inventory::{DirectoryId, FileId, Inventory};
use crate::kind::{Harm, Named};
use crate::kinds::HEADER;
use crate::nature::Nature;
use crate::rules::{Kind, Wishes};
use crate::surroundings::Surroundings;

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
    pub(crate) border: Option<DirectoryId>,
}

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
        let harm = nature.harm(named).filter(|harm| !trusted(harm));
        harm.or_else(|| self.may_be_run(name, named, nature).then_some(Harm::Program))
    }

    /// Whoever may run it may ask where it lies. Loaders want the right to run of libraries, too.
    fn may_be_run(&self, name: FileId, named: Named<'_>, nature: &Nature) -> bool {
        const ANYBODY_RUNS: u16 = 0o111;
        let executable = self.inventory.file(name).mode & ANYBODY_RUNS != 0;
        executable && !self.wishes.trust_unknown && !nature.kind(named).may_be_executable
    }

    /// What a file's kept copy has to share with it.
    pub(crate) fn bond(&self, name: FileId, nature: &Nature) -> Bond {
        if !self.asks() {
            return Bond::default();
        }
        let modified = self.inventory.file(name).modified;
        let time = self.is_compared_by_time(name, nature).then_some(modified);
        Bond { time, border: self.border(name.directory) }
    }

    /// What no link leads out of from there.
    pub(crate) fn border(&self, directory: DirectoryId) -> Option<DirectoryId> {
        self.around(directory).border.filter(|_| self.asks())
    }

    /// Nobody builds from what is installed in a directory for headers, unless that is built itself.
    fn is_compared_by_time(&self, name: FileId, nature: &Nature) -> bool {
        let named = self.named(name);
        let installed = named.place.is_some_and(|place| place.is(&HEADER));
        self.around(name.directory).built || nature.kind(named).is_source && !installed
    }

    fn named(&self, name: FileId) -> Named<'all> {
        let inventory: &'all Inventory = self.inventory;
        Named { name: inventory.name_bytes(name), place: self.around(name.directory).place }
    }
}
