//! What a command installed in a root, as dpkg and apt keep it.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Packages that came.
pub(super) struct Packages {
    /// By name, because a command asked for them.
    wanted: BTreeSet<String>,
    /// Because others need them.
    drawn_in: usize,
    kilobytes: u64,
}

/// The names of the installed packages, with their sizes in kilobytes.
pub(super) fn installed(root: &Path) -> Result<BTreeSet<(String, u64)>> {
    let records = read(root, "var/lib/dpkg/status")?;
    Ok(records.split("\n\n").filter_map(package).collect())
}

impl Packages {
    /// What has come since.
    pub(super) fn added(before: &BTreeSet<(String, u64)>, root: &Path) -> Result<Self> {
        let now = installed(root)?;
        let names: BTreeSet<_> = before.iter().map(|(name, _)| name).collect();
        let added: Vec<_> = now.iter().filter(|(name, _)| !names.contains(name)).collect();
        // apt writes it with the first package that another one draws in.
        let states = read(root, "var/lib/apt/extended_states").unwrap_or_default();
        let automatic: BTreeSet<_> = states.split("\n\n").filter_map(automatic).collect();
        let wanted = added.iter().map(|(name, _)| name.clone());
        let wanted: BTreeSet<_> =
            wanted.filter(|name| !automatic.contains(name.as_str())).collect();
        let kilobytes = added.iter().map(|(_, kilobytes)| kilobytes).sum();
        Ok(Self { drawn_in: added.len() - wanted.len(), wanted, kilobytes })
    }
}

impl fmt::Display for Packages {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, drawn_in, kilobytes } = self;
        if wanted.is_empty() && *drawn_in == 0 {
            return text.write_str("nothing was installed");
        }
        let names: Vec<_> = wanted.iter().map(String::as_str).collect();
        let megabytes = kilobytes / 1000;
        write!(text, "installed were {megabytes} MB: {}", names.join(", "))?;
        write!(text, ", and {drawn_in} packages that these need")
    }
}

/// An installed package in a record of dpkg's.
fn package(record: &str) -> Option<(String, u64)> {
    let is_installed = field(record, "Status")?.ends_with(" installed");
    let kilobytes = field(record, "Installed-Size").and_then(|size| size.parse().ok());
    is_installed.then_some((field(record, "Package")?.to_owned(), kilobytes.unwrap_or_default()))
}

/// The name of a package that came because another needs it.
fn automatic(record: &str) -> Option<&str> {
    (field(record, "Auto-Installed")? == "1").then(|| field(record, "Package"))?
}

fn field<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    record.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn read(root: &Path, file: &str) -> Result<String> {
    let path = root.join(file);
    fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    #[test]
    fn what_was_asked_for_is_told_from_what_others_need() {
        let root = tempfile::tempdir().expect("a scratch directory");
        let root = root.path();
        let base = "Package: base\nStatus: install ok installed\nInstalled-Size: 100\n";
        write(root, "var/lib/dpkg/status", base);
        let before = installed(root).expect("records");
        let more = "\nPackage: flex\nStatus: install ok installed\nInstalled-Size: 1200\n\n\
             Package: m4\nStatus: install ok installed\nInstalled-Size: 800\n\n\
             Package: gone\nStatus: deinstall ok config-files\nInstalled-Size: 900\n";
        write(root, "var/lib/dpkg/status", &format!("{base}{more}"));
        write(root, "var/lib/apt/extended_states", "Package: m4\nAuto-Installed: 1\n");

        let added = Packages::added(&before, root).expect("records");

        assert_eq!(added.to_string(), "installed were 2 MB: flex, and 1 packages that these need");
    }

    #[test]
    fn nothing_new_is_nothing() {
        let root = tempfile::tempdir().expect("a scratch directory");
        write(root.path(), "var/lib/dpkg/status", "Package: base\nStatus: install ok installed\n");
        let before = installed(root.path()).expect("records");

        let added = Packages::added(&before, root.path()).expect("records");

        assert_eq!(added.to_string(), "nothing was installed");
    }
}
