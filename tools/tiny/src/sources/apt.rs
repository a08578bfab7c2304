//! apt in a root of its own.

#![expect(
    clippy::disallowed_methods,
    reason = "packages lie in the store, and their checksums tell them"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use names::shown;

use super::Wanted;
use super::hosts;
use super::lock::{Lock, Locked, LockedFile, SOURCE_ARCHITECTURE};
use crate::command::{command, output, text};
use crate::recipe::Sources;
use crate::store::{self, Key, Store};
use crate::surroundings::tool;

/// Debian's keys, as the package `debian-archive-keyring` brings them.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What fetching must find free, in bytes: the lists of four architectures have 260 MB.
const ROOM: u64 = 512_000_000;

/// apt, told to look at one release and to change nothing outside its root.
pub(crate) struct Apt<'a> {
    sources: &'a Sources,
    root: PathBuf,
}

impl<'a> Apt<'a> {
    pub(crate) fn new(sources: &'a Sources, store: &Store) -> Self {
        let key = Key::new().and(&sources.release).and(sources.mirror.as_deref().unwrap_or(""));
        Self { sources, root: store.lists().join(key.text()) }
    }

    /// Fetches the lists of packages of every architecture that a board may have.
    pub(crate) fn update(&self) -> Result<()> {
        self.prepare()?;
        has_room(&self.root)?;
        output(self.command("apt-get")?.args(["--quiet", "update"])).with_context(|| {
            ui::hinted(
                "cannot fetch the lists of packages",
                "look at the network and at the mirror, and try again: what is there already stays",
            )
        })?;
        Ok(())
    }

    /// Fetches what is wanted and not in `keep`, and locks all of it.
    pub(crate) fn resolve(
        &self,
        wanted: &BTreeSet<Wanted>,
        keep: &Lock,
        store: &Store,
    ) -> Result<Lock> {
        let mut packages = Vec::new();
        for wanted in wanted {
            let kept = keep.with_needs(wanted);
            if kept.is_empty() {
                packages.extend(self.fetch_with_needs(wanted, store)?);
            } else {
                packages.extend(kept.into_iter().cloned());
            }
        }
        Ok(Lock::new(&self.sources.release, packages))
    }

    /// The newest of a package; of a program with all that it needs.
    fn fetch_with_needs(&self, wanted: &Wanted, store: &Store) -> Result<Vec<Locked>> {
        let mut packages = vec![self.fetch(wanted, None, store)?];
        if let Wanted::Program { name, architecture } = wanted {
            let needs = self.needs(name, architecture)?;
            for name in &needs {
                packages.push(self.fetch(&Wanted::binary(name, architecture), None, store)?);
            }
            packages[0].needs = Some(needs);
        }
        Ok(packages)
    }

    /// What a program depends on and a machine that builds has not, by apt's own reckoning.
    fn needs(&self, name: &str, architecture: &str) -> Result<Vec<String>> {
        let status = self.root.join("machine");
        store::replace(&status, machine(architecture).as_bytes())?;
        let mut apt = self.command("apt-get")?;
        apt.args(["--simulate", "--no-install-recommends", "--option"])
            .arg(format!("Dir::State::status={}", status.display()))
            .args(["install", &format!("{name}:{architecture}")]);
        let said = text(&mut apt)
            .with_context(|| format!("cannot tell what the package `{name}` depends on"))?;
        Ok(installed(&said).filter(|other| *other != name).map(str::to_owned).collect())
    }

    /// Fetches a package that is locked already.
    pub(crate) fn download(&self, package: &Locked, store: &Store) -> Result<()> {
        if !self.root.join("lists").is_dir() {
            self.update()?;
        }
        let wanted = match package.architecture.as_str() {
            SOURCE_ARCHITECTURE => Wanted::source(&package.name),
            architecture => Wanted::binary(&package.name, architecture),
        };
        let version = Some(package.version.as_str());
        let found = match self.fetch(&wanted, version, store) {
            Ok(found) => found,
            // The lists may be older than the package.
            Err(_) => {
                self.update()?;
                self.fetch(&wanted, version, store)?
            }
        };
        ensure!(
            found.files == package.files,
            ui::hinted(
                "what the distribution has is not what was locked",
                "build with --update to take it all the same",
            )
        );
        Ok(())
    }

    /// Downloads a package, whose checksums apt verifies, into the store.
    fn fetch(&self, wanted: &Wanted, version: Option<&str>, store: &Store) -> Result<Locked> {
        store.tell(&format!("fetching {}", wanted.name()));
        store::make_directory(&store.packages())?;
        has_room(&store.packages())?;
        let scratch = tempfile::Builder::new().prefix(".fetch-").tempdir_in(store.packages());
        let scratch = scratch.context("cannot make a directory for a download")?;
        let what = match wanted {
            Wanted::Binary { name, architecture } | Wanted::Program { name, architecture } => {
                format!("{name}:{architecture}")
            }
            Wanted::Source { name } => name.clone(),
        };
        let mut apt = self.command("apt-get")?;
        match wanted {
            Wanted::Binary { .. } | Wanted::Program { .. } => apt.arg("download"),
            Wanted::Source { .. } => apt.args(["source", "--download-only"]),
        };
        apt.arg(version.map_or_else(|| what.clone(), |version| format!("{what}={version}")));
        output(apt.current_dir(scratch.path())).with_context(|| {
            let (asked, release) = (what.clone(), &self.sources.release);
            let asked = version.map_or(asked, |version| format!("{what} {version}"));
            ui::hinted(
                &format!("cannot fetch the package `{asked}` of Debian's `{release}`"),
                "look at its name; of packages that the release has replaced since, \
                 build with --update to take the new ones",
            )
        })?;
        lock(wanted, scratch.path(), store)
    }

    /// Writes down for apt what to look at.
    fn prepare(&self) -> Result<()> {
        for directory in
            ["lists/partial", "archives/partial", "etc/preferences.d", "etc/auth.conf.d"]
        {
            store::make_directory(&self.root.join(directory))?;
        }
        store::replace(&self.root.join("status"), b"")?;
        store::replace(&self.root.join("etc/tiny.sources"), self.stanzas()?.as_bytes())?;
        let root = shown(&self.root);
        let architectures = crate::board::architectures()?;
        let architectures: Vec<_> =
            architectures.iter().map(|name| format!("\"{name}\";")).collect();
        let architectures = architectures.join(" ");
        let configuration = format!(
            "Dir::State \"{root}\";\n\
             Dir::State::status \"{root}/status\";\n\
             Dir::State::lists \"{root}/lists\";\n\
             Dir::Cache \"{root}\";\n\
             Dir::Cache::archives \"{root}/archives\";\n\
             Dir::Etc \"{root}/etc\";\n\
             Dir::Etc::sourcelist \"{root}/etc/tiny.sources\";\n\
             Dir::Etc::sourceparts \"/dev/null\";\n\
             Dir::Etc::parts \"/dev/null\";\n\
             Dir::Etc::trustedparts \"/etc/apt/trusted.gpg.d\";\n\
             APT::Architectures {{ \"{}\"; {} }};\n\
             APT::Sandbox::User \"\";\n\
             APT::Get::Download-Only \"true\";\n\
             Acquire::Languages \"none\";\n\
             Acquire::Retries \"3\";\n\
             {}",
            host_architecture()?,
            architectures,
            way_out()?,
        );
        store::replace(&self.root.join("apt.conf"), configuration.as_bytes())
    }

    /// Where the release is to be had: the recipe's mirror, otherwise what this machine uses.
    fn stanzas(&self) -> Result<String> {
        let release = &self.sources.release;
        if let Some(mirror) = &self.sources.mirror {
            ensure!(!mirror.contains(char::is_whitespace), "`{mirror}` is no address of a mirror");
            return Ok(hosts::stanza(mirror, release, "main", Some(KEYRING)));
        }
        let stanzas = hosts::stanzas_of(release)?;
        if stanzas.is_empty() {
            bail!(ui::hinted(
                &format!("this machine gets no packages of Debian's `{release}`"),
                "name a mirror of Debian in the recipe, as `mirror` in its table [sources]",
            ));
        }
        Ok(stanzas)
    }

    fn command(&self, program: &str) -> Result<Command> {
        if !self.root.join("apt.conf").is_file() {
            self.prepare()?;
        }
        let mut command = command(program);
        command.env("APT_CONFIG", self.root.join("apt.conf"));
        Ok(command)
    }
}

/// What every machine that builds has: `doctor` sees to that. The C library is the one that all its
/// programs run with.
const MACHINE: [&str; 4] = ["binutils", "gcc", "libc6", "libc6-dev"];

/// What apt is told to be installed, so that it resolves the rest. The versions are high enough for
/// whoever asks for a least one.
fn machine(architecture: &str) -> String {
    let stanza = |name: &&str| {
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\n\
             Version: 99:99\nMaintainer: tiny\nDescription: is there\n{}\n",
            if *name == "libc6-dev" { "Provides: libc-dev\n" } else { "" }
        )
    };
    MACHINE.iter().map(stanza).collect()
}

/// The packages that apt would install: `Inst libllvm22:amd64 (1:22.1-1 Debian:12 [amd64])`.
fn installed(said: &str) -> impl Iterator<Item = &str> {
    said.lines().filter_map(|line| {
        let name = line.strip_prefix("Inst ")?.split(' ').next()?;
        Some(name.split_once(':').map_or(name, |(name, _)| name))
    })
}

/// Describes what was downloaded and hands it to the store.
fn lock(wanted: &Wanted, directory: &Path, store: &Store) -> Result<Locked> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).context("cannot read a directory")? {
        paths.push(entry.context("cannot read a directory")?.path());
    }
    // The description of a source package comes first.
    paths.sort_by_key(|path| (path.extension().is_none_or(|end| end != "dsc"), path.clone()));
    let first = paths.first().context("apt fetched nothing")?;
    let (name, architecture, version) = match wanted {
        Wanted::Binary { name, .. } | Wanted::Program { name, .. } => {
            let field = |field: &str| text(tool("dpkg-deb").arg("-f").arg(first).arg(field));
            (name.clone(), field("Architecture")?, field("Version")?)
        }
        Wanted::Source { name } => {
            (name.clone(), SOURCE_ARCHITECTURE.to_owned(), version_of(first)?)
        }
    };
    let files = paths.iter().map(|path| LockedFile::describe(path)).collect::<Result<Vec<_>>>()?;
    let locked = Locked { name, architecture, version, needs: None, files };
    let place = locked.place(store);
    store::make_directory(&place)?;
    for (file, path) in locked.files.iter().zip(&paths) {
        let place = place.join(&file.name);
        fs::rename(path, &place).with_context(|| format!("cannot write `{}`", shown(&place)))?;
    }
    Ok(locked)
}

/// Whether there is room for the lists of packages and for the largest package. On a full disk apt
/// does not end.
fn has_room(directory: &Path) -> Result<()> {
    let found = rustix::fs::statvfs(directory)
        .with_context(|| format!("cannot tell how much room `{}` has", shown(directory)))?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    ensure!(
        free >= ROOM,
        ui::hinted(
            &format!(
                "`{}` has room for {} MB, and fetching takes {}",
                shown(directory),
                free / 1_000_000,
                ROOM / 1_000_000
            ),
            "make room, or name another place with --store: a first build takes 3 GB in all",
        )
    );
    Ok(())
}

/// The version that a source package's description states.
fn version_of(description: &Path) -> Result<String> {
    let text = fs::read_to_string(description)
        .with_context(|| format!("cannot read `{}`", shown(description)))?;
    let version = text.lines().find_map(|line| line.strip_prefix("Version: "));
    Ok(version.context("a source package states no version")?.trim().to_owned())
}

/// What this machine's own programs are made for.
pub(crate) fn host_architecture() -> Result<String> {
    text(tool("dpkg").arg("--print-architecture"))
}

/// How this machine reaches the network: proxies and the like, from its own configuration.
fn way_out() -> Result<String> {
    let all = text(command("apt-config").arg("dump"))?;
    let lines = all.lines().filter(|line| line.starts_with("Acquire::http"));
    Ok(lines.map(|line| format!("{line}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apt_would_install_is_read() {
        let said = "\
NOTE: This is only a simulation!
Inst libmd0 (1.0.4-2 Debian:12.11/oldstable [amd64])
Inst libz3-4:amd64 (4.8.12-3.1 Debian:12.11/oldstable [amd64])
Conf libmd0 (1.0.4-2 Debian:12.11/oldstable [amd64])
";
        assert_eq!(installed(said).collect::<Vec<_>>(), ["libmd0", "libz3-4"]);
    }
}
