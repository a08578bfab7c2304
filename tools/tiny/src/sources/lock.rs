//! The lock file: every package with its version and the checksums of its files.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use names::shown;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Wanted;
use crate::store::Store;

/// What stands for the architecture of a source package.
pub(crate) const SOURCE_ARCHITECTURE: &str = "source";

/// The form of the file. The first had no `needs`: such a program is locked anew.
const VERSION: u32 = 2;

const HEADER: &str =
    "# Written by tiny: the packages that this recipe is built from. Keep it with the recipe.\n\n";

/// Every package that a recipe is built from.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    version: u32,
    /// The release of the distribution.
    release: String,
    #[serde(rename = "package", default)]
    packages: Vec<Locked>,
}

/// A package.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Locked {
    pub(crate) name: String,
    pub(crate) architecture: String,
    pub(crate) version: String,
    /// Of a program that runs while we build: the packages that it needs, which are locked, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) needs: Option<Vec<String>>,
    /// One for a binary package; the description and the archives for a source package.
    #[serde(rename = "file")]
    pub(crate) files: Vec<LockedFile>,
}

/// A file of a package.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedFile {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

impl Default for Lock {
    fn default() -> Self {
        Self { version: VERSION, release: String::new(), packages: Vec::new() }
    }
}

impl Lock {
    /// A lock of these packages.
    pub(crate) fn new(release: &str, mut packages: Vec<Locked>) -> Self {
        packages.sort_by(|one, other| one.key().cmp(&other.key()));
        Self { version: VERSION, release: release.to_owned(), packages }
    }

    /// Reads the file, where there is one.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read `{}`", shown(path)));
            }
        };
        let lock: Self = toml::from_str(&text).with_context(|| {
            ui::hinted(
                &format!("cannot use the lock file `{}`", shown(path)),
                "build with --update to write it anew",
            )
        })?;
        ensure!(
            (1..=VERSION).contains(&lock.version),
            "`{}` was written by another tiny",
            shown(path)
        );
        Ok(Some(lock))
    }

    /// Writes the file whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self).context("cannot write down the packages")?;
        crate::store::replace(path, format!("{HEADER}{text}").as_bytes())
    }

    /// Whether it names all that is wanted.
    pub(crate) fn covers(&self, wanted: &BTreeSet<Wanted>, release: &str) -> bool {
        self.release == release && wanted.iter().all(|wanted| self.find(wanted).is_some())
    }

    /// The packages that are wanted, with what programs among them need; each once.
    pub(crate) fn of(&self, wanted: &BTreeSet<Wanted>) -> Vec<&Locked> {
        let mut all: Vec<_> = wanted.iter().flat_map(|wanted| self.with_needs(wanted)).collect();
        all.sort_by_key(|package| package.key());
        all.dedup_by_key(|package| package.key());
        all
    }

    /// The package that somebody wants; a program, only where all that it needs is locked.
    pub(crate) fn find(&self, wanted: &Wanted) -> Option<&Locked> {
        let package = self.packages.iter().find(|package| package.is(wanted))?;
        match wanted {
            Wanted::Program { architecture, .. } => {
                let mut needs = package.needs.as_ref()?.iter();
                needs
                    .all(|name| self.find(&Wanted::binary(name, architecture)).is_some())
                    .then_some(package)
            }
            _ => Some(package),
        }
    }

    /// A package with those that it needs, where it is a program.
    pub(crate) fn with_needs(&self, wanted: &Wanted) -> Vec<&Locked> {
        let package = self.find(wanted);
        let needs = match (wanted, package.and_then(|package| package.needs.as_ref())) {
            (Wanted::Program { architecture, .. }, Some(needs)) => {
                needs.iter().map(|name| Wanted::binary(name, architecture)).collect()
            }
            _ => Vec::new(),
        };
        package.into_iter().chain(needs.iter().filter_map(|need| self.find(need))).collect()
    }
}

impl Locked {
    /// Where the store keeps it: by a checksum, so that nothing else can stand there. The files of a
    /// source package are found beside its description.
    pub(crate) fn place(&self, store: &Store) -> PathBuf {
        let first = self.files.first().map_or("", |file| &*file.sha256);
        store.packages().join(first)
    }

    /// Whether the store has all of it.
    pub(crate) fn is_in(&self, store: &Store) -> bool {
        let place = self.place(store);
        self.files.iter().all(|file| {
            fs::metadata(place.join(&file.name)).is_ok_and(|found| found.len() == file.size)
        })
    }

    /// Its files in the store, after a look at their contents.
    pub(super) fn checked(&self, store: &Store) -> Result<Vec<PathBuf>> {
        let place = self.place(store);
        let check = |file: &LockedFile| {
            let path = place.join(&file.name);
            if checksum(&path)? != file.sha256 {
                bail!(ui::hinted(
                    &format!("`{}` is not the file that was locked", shown(&path)),
                    "remove it: it will be fetched again",
                ));
            }
            Ok(path)
        };
        self.files.iter().map(check).collect()
    }

    fn key(&self) -> (&str, &str) {
        (&self.name, &self.architecture)
    }

    /// Whether it is what somebody wants.
    pub(super) fn is(&self, wanted: &Wanted) -> bool {
        match wanted {
            Wanted::Binary { name, architecture } | Wanted::Program { name, architecture } => {
                self.name == *name
                    && (self.architecture == *architecture || self.architecture == "all")
            }
            Wanted::Source { name } => {
                self.name == *name && self.architecture == SOURCE_ARCHITECTURE
            }
        }
    }
}

impl LockedFile {
    /// Describes a file that was just fetched.
    pub(crate) fn describe(path: &Path) -> Result<Self> {
        let name = path.file_name().context("a package's file has no name")?;
        let size =
            fs::metadata(path).with_context(|| format!("cannot read `{}`", shown(path)))?.len();
        Ok(Self { name: shown(Path::new(name)), size, sha256: checksum(path)? })
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
fn checksum(path: &Path) -> Result<String> {
    let read = || {
        let mut digest = Sha256::new();
        let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
        loop {
            let bytes = reader.fill_buf()?;
            if bytes.is_empty() {
                return Ok::<_, io::Error>(digest.finalize());
            }
            digest.update(bytes);
            let length = bytes.len();
            reader.consume(length);
        }
    };
    let digest = read().with_context(|| format!("cannot read `{}`", shown(path)))?;
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
