//! Packages of a distribution: what a recipe needs of them, locked, fetched and unpacked.
//!
//! apt does the work, in a root of its own: it knows this machine's package sources and their keys,
//! checks every signature and checksum, and changes nothing outside of that root.

pub(crate) mod apt;
mod hosts;
pub(crate) mod lock;
pub(crate) mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::recipe::Sources;
use crate::store::{Key, Store};
use apt::Apt;
use lock::{Lock, Locked};

/// A package that a recipe needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wanted {
    /// A package of an architecture; `all` counts too.
    Binary { name: String, architecture: String },
    /// A program with whatever it depends on, as apt resolves that, but for what the machine that runs
    /// it has already.
    Program { name: String, architecture: String },
    /// The source of a package.
    Source { name: String },
}

impl Wanted {
    /// A package.
    pub(crate) fn binary(name: &str, architecture: &str) -> Self {
        Self::Binary { name: name.to_owned(), architecture: architecture.to_owned() }
    }

    /// A program with what it needs.
    pub(crate) fn program(name: &str, architecture: &str) -> Self {
        Self::Program { name: name.to_owned(), architecture: architecture.to_owned() }
    }

    /// The source of a package.
    pub(crate) fn source(name: &str) -> Self {
        Self::Source { name: name.to_owned() }
    }

    /// What the package is called.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Binary { name, .. } | Self::Program { name, .. } | Self::Source { name } => name,
        }
    }
}

/// How sources may be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// What the lock file names, from the store, else from the distribution.
    Locked,
    /// What the lock file names, from the store alone.
    Offline,
    /// The newest, and a new lock file.
    Newest,
}

/// All that a recipe needs of the distribution, on this machine's disk.
#[derive(Debug)]
pub(crate) struct Packages {
    files: Vec<(Locked, Vec<PathBuf>)>,
}

impl Packages {
    /// Locks what is wanted, unless it is locked already, and fetches what the store lacks.
    pub(crate) fn fetch(
        wanted: &BTreeSet<Wanted>,
        sources: &Sources,
        lock_file: &Path,
        access: Access,
        store: &Store,
    ) -> Result<Self> {
        // apt works for one at a time, and who comes second finds the packages of the first.
        let _held = store.hold("fetching", &Key::new())?;
        let old = Lock::read(lock_file)?;
        let apt = Apt::new(sources, store);
        let lock = match old {
            Some(old) if access != Access::Newest && old.covers(wanted, &sources.release) => old,
            _ if access == Access::Offline => bail!(ui::hinted(
                &format!("`{}` does not name every package", names::shown(lock_file)),
                "build once without --offline: that fetches and locks what the recipe needs",
            )),
            old => {
                store.tell("fetching the lists of packages");
                apt.update()?;
                let keep = old.filter(|_| access != Access::Newest).unwrap_or_default();
                let lock = apt.resolve(wanted, &keep, store)?;
                lock.write(lock_file)?;
                lock
            }
        };
        let mut files = Vec::new();
        let locked = lock.of(wanted);
        let count = locked.len();
        for (number, package) in locked.into_iter().enumerate() {
            store.tell(&format!("looking at package {} of {count}: {}", number + 1, package.name));
            let paths = Self::have(package, &apt, access, store)
                .with_context(|| format!("cannot have the package `{}`", package.name))?;
            files.push((package.clone(), paths));
        }
        Ok(Self { files })
    }

    /// A package's files in the store, which has them already or gets them.
    fn have(
        package: &Locked,
        apt: &Apt<'_>,
        access: Access,
        store: &Store,
    ) -> Result<Vec<PathBuf>> {
        if !package.is_in(store) {
            if access == Access::Offline {
                bail!(ui::hinted(
                    "the store does not have it",
                    "build once without --offline, or name another store",
                ));
            }
            apt.download(package, store)?;
        }
        package.checked(store)
    }

    /// The one file of a binary package.
    pub(crate) fn binary(&self, name: &str, architecture: &str) -> Result<&Path> {
        let (_, paths) = self.get(&Wanted::binary(name, architecture))?;
        Ok(&paths[0])
    }

    /// The files of a source package, the description first.
    pub(crate) fn source(&self, name: &str) -> Result<&[PathBuf]> {
        let (_, paths) = self.get(&Wanted::source(name))?;
        Ok(paths)
    }

    /// The names of the packages that a program runs with, its own first.
    pub(crate) fn program<'a>(&'a self, name: &'a str) -> Result<Vec<&'a str>> {
        let found = self.files.iter().find(|(package, _)| package.name == name);
        let needs = found.and_then(|(package, _)| package.needs.as_ref());
        let needs = needs.with_context(|| format!("the program `{name}` was not asked for"))?;
        Ok([name].into_iter().chain(needs.iter().map(String::as_str)).collect())
    }

    fn get(&self, wanted: &Wanted) -> Result<(&Locked, &[PathBuf])> {
        let found = self.files.iter().find(|(package, _)| package.is(wanted));
        let (package, paths) =
            found.with_context(|| format!("the package `{}` was not asked for", wanted.name()))?;
        Ok((package, paths))
    }

    /// What a package is locked to: its files' checksums, for keys.
    pub(crate) fn identity(&self, name: &str, architecture: &str) -> Vec<&str> {
        self.checksums(&Wanted::binary(name, architecture))
    }

    /// The same of a source package.
    pub(crate) fn source_identity(&self, name: &str) -> Vec<&str> {
        self.checksums(&Wanted::source(name))
    }

    fn checksums(&self, wanted: &Wanted) -> Vec<&str> {
        let files = self.files.iter().filter(|(package, _)| package.is(wanted));
        files.flat_map(|(package, _)| package.files.iter()).map(|file| &*file.sha256).collect()
    }

    /// Names and versions.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(package, _)| (&*package.name, &*package.version))
    }
}
