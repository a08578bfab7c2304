//! Fetches Debian packages into a cache, each once, and unpacks them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::host;

/// A directory that keeps the packages that were downloaded.
pub(super) struct Cache {
    directory: PathBuf,
    /// What apt takes for the list of installed packages, so that it resolves as on a bare machine.
    nothing_installed: PathBuf,
}

impl Cache {
    /// Opens the cache, or makes it.
    pub(super) fn open(directory: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("cannot make `{}`", directory.display()))?;
        let nothing_installed = directory.join("nothing-installed");
        std::fs::write(&nothing_installed, "")
            .with_context(|| format!("cannot write `{}`", nothing_installed.display()))?;
        Ok(Self { directory, nothing_installed })
    }

    /// Downloads the packages that are not here yet, and gives all their files.
    pub(super) fn fetch(&self, packages: &[String]) -> Result<Vec<PathBuf>> {
        // apt-get lists only what the current directory lacks; `/` holds no package.
        let all = host::output(
            Command::new("apt-get")
                .args(["download", "--print-uris"])
                .args(packages)
                .current_dir("/"),
        )?;
        let files: Vec<PathBuf> =
            all.lines().filter_map(file_name).map(|name| self.directory.join(name)).collect();
        if !files.iter().all(|file| file.exists()) {
            host::run(
                Command::new("apt-get")
                    .args(["download", "--option", "APT::Sandbox::User=root"])
                    .args(packages)
                    .current_dir(&self.directory),
            )?;
        }
        Ok(files)
    }

    /// The packages that a bare machine would need for `wanted`, without the recommended ones.
    pub(super) fn closure(&self, wanted: &[&str]) -> Result<Vec<String>> {
        let status = format!("Dir::State::status={}", self.nothing_installed.display());
        // A package cache on disk would have been made from the machine's real status.
        let plan = host::output(
            Command::new("apt-get")
                .args(["--simulate", "--no-install-recommends", "--option", &status])
                .args(["--option", "Dir::Cache::pkgcache=", "--option", "Dir::Cache::srcpkgcache="])
                .arg("install")
                .args(wanted),
        )?;
        Ok(plan.lines().filter_map(planned).map(str::to_owned).collect())
    }
}

/// What apt knows of a package.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    pub(super) name: String,
    pub(super) priority: String,
    pub(super) section: String,
    pub(super) architecture: String,
}

/// Asks apt for the description of each package.
pub(super) fn describe(packages: &[String]) -> Result<Vec<Description>> {
    let records =
        host::output(Command::new("apt-cache").args(["show", "--no-all-versions"]).args(packages))?;
    Ok(records.split("\n\n").filter(|record| !record.is_empty()).map(description).collect())
}

/// Unpacks a package without installing it.
pub(super) fn unpack(package: &Path, directory: &Path) -> Result<()> {
    host::run(Command::new("dpkg-deb").arg("--extract").arg(package).arg(directory))
}

fn description(record: &str) -> Description {
    let mut description = Description::default();
    for line in record.lines() {
        match line.split_once(": ") {
            Some(("Package", value)) => value.clone_into(&mut description.name),
            Some(("Priority", value)) => value.clone_into(&mut description.priority),
            Some(("Section", value)) => value.clone_into(&mut description.section),
            Some(("Architecture", value)) => value.clone_into(&mut description.architecture),
            _ => {}
        }
    }
    description
}

/// The file in a line of `--print-uris`: `'address' file size checksum`.
fn file_name(line: &str) -> Option<&str> {
    line.split(' ').nth(1)
}

/// The package in a line of a simulated installation: `Inst package (version …)`.
fn planned(line: &str) -> Option<&str> {
    line.strip_prefix("Inst ")?.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apt_lists_are_read_line_by_line() {
        assert_eq!(
            file_name("'address' make_4.3_amd64.deb 395744 SHA256:00"),
            Some("make_4.3_amd64.deb")
        );
        assert_eq!(planned("Inst make (4.3 Debian:12 [amd64])"), Some("make"));
        assert_eq!(planned("Conf make (4.3 Debian:12 [amd64])"), None);
    }

    #[test]
    fn a_record_becomes_a_description() {
        let record = "Package: make\nPriority: optional\nSection: devel\nArchitecture: amd64\nDescription: Section: no";
        let expected = Description {
            name: "make".to_owned(),
            priority: "optional".to_owned(),
            section: "devel".to_owned(),
            architecture: "amd64".to_owned(),
        };
        assert_eq!(description(record), expected);
    }
}
