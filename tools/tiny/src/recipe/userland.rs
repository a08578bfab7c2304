//! What a recipe says of the programs and files that the kernel starts.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail, ensure};
use serde::Deserialize;

use crate::kernel::options::Options;

/// BusyBox, and what of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct BusyBox {
    /// The Debian source package.
    #[serde(default = "busybox")]
    pub(crate) source: String,
    /// The commands that it is to have, such as `ls`.
    pub(crate) applets: Vec<String>,
    /// Options of its configuration.
    #[serde(default)]
    pub(crate) options: Options,
}

fn busybox() -> String {
    "busybox".to_owned()
}

/// A program of the recipe's author, built from source or taken as it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Program {
    /// What it is called: it stands in `/bin`.
    pub(crate) name: String,
    /// The root of a freestanding Rust program.
    pub(crate) rust: Option<PathBuf>,
    /// The sources of a C program.
    #[serde(default)]
    pub(crate) c: Vec<PathBuf>,
    /// A program that is ready.
    pub(crate) binary: Option<PathBuf>,
    /// With which C library: static with musl, or with the libraries of packages.
    #[serde(default)]
    pub(crate) libc: Libc,
    /// What else the compiler is told.
    #[serde(default)]
    pub(crate) flags: Vec<String>,
    /// Libraries to link with, such as `directfb`.
    #[serde(default)]
    pub(crate) libraries: Vec<String>,
    /// Directories of headers below the packages' root.
    #[serde(default)]
    pub(crate) headers: Vec<PathBuf>,
    /// Other names for it.
    #[serde(default)]
    pub(crate) links: Vec<String>,
}

/// What a C program is linked with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Libc {
    /// musl, statically.
    #[default]
    Musl,
    /// The distribution's own, dynamically.
    Packages,
}

/// From what a program is made.
pub(crate) enum Origin<'a> {
    Rust(&'a Path),
    C(&'a [PathBuf]),
    Binary(&'a Path),
}

impl Program {
    /// From what it is made.
    pub(crate) fn origin(&self) -> Result<Origin<'_>> {
        Ok(match (&self.rust, self.c.as_slice(), &self.binary) {
            (Some(root), [], None) => Origin::Rust(root),
            (None, sources @ [_, ..], None) => Origin::C(sources),
            (None, [], Some(binary)) => Origin::Binary(binary),
            _ => bail!("a program has one of `rust`, `c` and `binary`"),
        })
    }

    /// Looks for what no type forbids. `installed` are the names that others have.
    pub(super) fn check(&self, installed: &mut BTreeSet<String>) -> Result<()> {
        self.origin()?;
        for name in self.links.iter().chain([&self.name]) {
            ensure!(!name.contains('/') && !name.is_empty(), "`{name}` is no name of a program");
            ensure!(installed.insert(name.clone()), "two programs are called `{name}`");
        }
        Ok(())
    }
}

/// Packages of the board's architecture, and what is taken of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Packages {
    /// Packages whose files can be taken; those that they depend on are not fetched with them.
    #[serde(default)]
    pub(crate) names: Vec<String>,
    /// Packages that only builds need.
    #[serde(default)]
    pub(crate) build: Vec<String>,
    /// Files to take, by globs below the root. The libraries that they need come along.
    #[serde(default)]
    pub(crate) take: Vec<String>,
}

/// A library that is linked anew of an archive, with nothing but what others ask of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Relink {
    /// The name by which others ask for it, such as `libstdc++.so.6`.
    pub(crate) library: String,
    /// What the linker is given, in its order: archives and libraries below the packages' root, by
    /// patterns that name one file each.
    pub(crate) from: Vec<String>,
    /// Names that programs look up while they run, which leave no trace in them.
    #[serde(default)]
    pub(crate) looked_up: Vec<String>,
}

/// A file of the recipe's author.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct File {
    /// Where it stands in the system.
    pub(crate) path: PathBuf,
    /// What is in it.
    pub(crate) text: Option<String>,
    /// Or where it is to be had.
    pub(crate) from: Option<PathBuf>,
    /// Its permissions, such as `0o755`.
    pub(crate) mode: Option<u32>,
}

impl File {
    pub(super) fn check(&self) -> Result<()> {
        ensure!(
            self.text.is_some() != self.from.is_some(),
            "a file has either `text` or `from`, where it is to be had"
        );
        inside(&self.path)?;
        ensure!(self.mode.unwrap_or(0) <= 0o7777, "`mode` has at most four octal digits: `0o755`");
        Ok(())
    }
}

/// A path of the system without the slash at its beginning, which leads nowhere else.
pub(crate) fn inside(path: &Path) -> Result<PathBuf> {
    let mut inside = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => inside.push(name),
            Component::RootDir | Component::CurDir => {}
            _ => bail!("`{}` leads out of the system", names::shown(path)),
        }
    }
    ensure!(!inside.as_os_str().is_empty(), "`path` names no file");
    Ok(inside)
}
