//! What of this machine a fresh root needs to reach the network as this machine does: package
//! sources, apt's settings of the network, certificates, names of hosts, proxies, and where cargo
//! fetches crates. Nothing else comes along.
//!
//! Proof: `src/fresh/carried.rs::what_says_how_the_network_is_reached_comes_along_and_nothing_else`

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::commands;
use crate::problem::Advise;

/// Variables that say how the network is reached, and whether somebody looks on.
const VARIABLES: &[&str] = &["ALL_PROXY", "CI", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "TERM"];

/// Variables of cargo's that say where crates come from.
const OF_CARGO: &[&str] = &["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTRIES_", "CARGO_SOURCE_"];

/// Tables of cargo's settings that say the same. The others are about building.
const TABLES_OF_CARGO: &[&str] = &["http", "net", "registries", "registry", "source"];

/// Where files stand that are wanted as they are: names of hosts, and certificates, those of this
/// machine's own, too, from which the list of all is made anew when its package is updated.
const NETWORK: &[&str] = &[
    "etc/resolv.conf",
    "etc/hosts",
    "etc/ssl/certs/ca-certificates.crt",
    "usr/local/share/ca-certificates",
];

const SOURCES: &[&str] = &["etc/apt/sources.list", "etc/apt/sources.list.d"];

const KEYS: &[&str] = &["etc/apt/keyrings", "etc/apt/trusted.gpg.d", "usr/share/keyrings"];

const SETTINGS: &[&str] = &["etc/apt/apt.conf", "etc/apt/apt.conf.d"];

/// What comes along. All paths are relative to the root.
pub(super) struct Carried {
    machine: PathBuf,
    pub(super) environment: BTreeMap<String, String>,
    /// Where packages come from; none where this machine is no Debian 12, whose sources would be of
    /// no use.
    sources: Vec<PathBuf>,
    settings: Vec<PathBuf>,
    others: Vec<PathBuf>,
    cargo: String,
}

/// Where the Rust stands that runs these chores.
pub(super) fn rust() -> Result<PathBuf> {
    let sysroot = commands::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let sysroot = PathBuf::from(sysroot.trim());
    // What a distribution packages is mixed with all else in `/usr`, and needs its libraries.
    if [Path::new("/"), Path::new("/usr")].contains(&sysroot.as_path()) {
        return Err(anyhow!("it stands in `{}`, among all else", sysroot.display()))
            .context("cannot lend the Rust of this machine to a fresh root")
            .hint("install Rust with rustup, or below a directory of its own");
    }
    Ok(sysroot)
}

impl Carried {
    /// Looks through this machine.
    pub(super) fn from_host() -> Result<Self> {
        let variables = env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::of(Path::new("/"), &cargo_settings(), variables)
    }

    fn of(
        machine: &Path,
        cargo_settings: &str,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self> {
        let is_debian_12 = fs::read_to_string(machine.join("etc/os-release"))
            .is_ok_and(|release| release.contains("VERSION_CODENAME=bookworm"));
        let of_debian = |places| if is_debian_12 { files(machine, places) } else { Ok(Vec::new()) };
        let mut sources = of_debian(SOURCES)?;
        // apt reads no others.
        sources.retain(|file| ends_with(file, "list") || ends_with(file, "sources"));
        let mut settings = files(machine, SETTINGS)?;
        settings.retain(|file| is_about_fetching(&machine.join(file)));
        Ok(Self {
            machine: machine.to_owned(),
            environment: variables.filter(|(name, _)| is_carried(name)).collect(),
            sources,
            settings,
            others: [files(machine, NETWORK)?, of_debian(KEYS)?].concat(),
            cargo: tables_about_fetching(cargo_settings),
        })
    }

    /// Files with apt's settings of the network, on this machine.
    pub(super) fn apt_settings(&self) -> Vec<PathBuf> {
        self.settings.iter().map(|file| self.machine.join(file)).collect()
    }

    /// Files that say where packages come from, on this machine.
    pub(super) fn package_sources(&self) -> Vec<PathBuf> {
        self.sources.iter().map(|file| self.machine.join(file)).collect()
    }

    /// Writes it all into a root.
    pub(super) fn put_into(&self, root: &Path) -> Result<()> {
        if !self.sources.is_empty() {
            // What mmdebstrap wrote says the same, and apt warns of what it is told twice.
            for file in files(root, SOURCES)? {
                let file = root.join(file);
                fs::remove_file(&file)
                    .with_context(|| format!("cannot remove `{}`", file.display()))?;
            }
        }
        for file in self.sources.iter().chain(&self.settings).chain(&self.others) {
            let content = fs::read(self.machine.join(file))
                .with_context(|| format!("cannot read `/{}`", file.display()))?;
            write(&root.join(file), &content)?;
        }
        write(&root.join("root/.cargo/config.toml"), self.cargo.as_bytes())?;
        start_no_services(root)
    }
}

/// As in every root that no machine was started with, no service starts by being installed.
fn start_no_services(root: &Path) -> Result<()> {
    let policy = root.join("usr/sbin/policy-rc.d");
    write(&policy, b"#!/bin/sh\nexit 101\n")?;
    fs::set_permissions(&policy, Permissions::from_mode(0o755))
        .with_context(|| format!("cannot set the mode of `{}`", policy.display()))
}

fn is_carried(variable: &str) -> bool {
    // They open doors; what is fetched here is open to everybody.
    let is_secret = variable.ends_with("_TOKEN") || variable.ends_with("_PROVIDER");
    let is_of_cargo = OF_CARGO.iter().any(|beginning| variable.starts_with(beginning));
    VARIABLES.contains(&variable.to_uppercase().as_str()) || is_of_cargo && !is_secret
}

/// Whether apt's settings in a file are about how it fetches.
fn is_about_fetching(settings: &Path) -> bool {
    fs::read_to_string(settings).is_ok_and(|text| text.contains("Acquire"))
}

/// What cargo is told for every project.
fn cargo_settings() -> String {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cargo")));
    let files = ["config.toml", "config"].map(|name| Some(home.as_ref()?.join(name)));
    let mut texts = files.into_iter().flatten().filter_map(|file| fs::read_to_string(file).ok());
    texts.next().unwrap_or_default()
}

/// The tables of cargo's settings that say where crates come from, line by line as they stand.
fn tables_about_fetching(settings: &str) -> String {
    let is_wanted = |key: &str| {
        let first = key.split(['.', ' ', '=']).next().unwrap_or_default();
        TABLES_OF_CARGO.contains(&first)
    };
    let mut table_is_wanted = None;
    let mut kept = String::new();
    for line in settings.lines() {
        if let Some(header) = line.trim().strip_prefix('[') {
            table_is_wanted = Some(is_wanted(header.trim_start_matches('[').trim_end_matches(']')));
        }
        // Before the first table stand keys with their whole path.
        if table_is_wanted.unwrap_or_else(|| is_wanted(line.trim())) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The files at or below these places that are there, sorted.
fn files(root: &Path, places: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for place in places {
        add_files(root, Path::new(place), &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn add_files(root: &Path, place: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let full = root.join(place);
    if !full.is_dir() {
        found.extend(full.is_file().then(|| place.to_owned()));
        return Ok(());
    }
    let cannot = || format!("cannot list `{}`", full.display());
    for entry in fs::read_dir(&full).with_context(cannot)? {
        add_files(root, &place.join(entry.with_context(cannot)?.file_name()), found)?;
    }
    Ok(())
}

fn ends_with(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}

fn write(file: &Path, content: &[u8]) -> Result<()> {
    let cannot = || format!("cannot write `{}`", file.display());
    let parent = file.parent().expect("it stands in a root");
    fs::create_dir_all(parent).with_context(cannot)?;
    fs::write(file, content).with_context(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARGO: &str = "\
http.proxy = \"http://proxy:3128\"
build.jobs = 1

[source.crates-io]
replace-with = \"mirror\"

[build]
target-dir = \"/elsewhere\"

[source.mirror] # near
registry = \"sparse+https://mirror/\"
";

    /// A machine with these files, what comes along from it, and a root that it was put into.
    fn carried(files: &[(&str, &str)]) -> (Carried, tempfile::TempDir) {
        let machine = tempfile::tempdir().expect("a scratch directory");
        for (file, text) in files {
            write(&machine.path().join(file), text.as_bytes()).expect("a file");
        }
        let variables = [
            ("https_proxy", "http://proxy:3128"),
            ("CI", "true"),
            ("CARGO_HTTP_TIMEOUT", "60"),
            ("CARGO_REGISTRIES_OURS_TOKEN", "secret"),
            ("CFLAGS", "-O0"),
            ("LANG", "fr_FR.UTF-8"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let carried = Carried::of(machine.path(), CARGO, variables.into_iter()).expect("readable");
        let root = tempfile::tempdir().expect("a scratch directory");
        write(&root.path().join("etc/apt/sources.list"), b"deb of mmdebstrap").expect("a file");
        carried.put_into(root.path()).expect("it can be written");
        (carried, root)
    }

    const MACHINE: &[(&str, &str)] = &[
        ("etc/os-release", "VERSION_CODENAME=bookworm\n"),
        ("etc/apt/sources.list.d/debian.sources", "Types: deb\n"),
        ("etc/apt/sources.list.d/other.sources.disabled", "Types: deb\n"),
        ("etc/apt/apt.conf.d/80proxy", "Acquire::http::Proxy \"http://proxy:3128\";\n"),
        ("etc/apt/apt.conf.d/90clean", "DPkg::Post-Invoke { \"rm -f *.deb\"; };\n"),
        ("etc/resolv.conf", "nameserver 192.0.2.1\n"),
        ("usr/local/share/ca-certificates/ours.crt", "certificate\n"),
        ("etc/passwd", "ada\n"),
    ];

    #[test]
    fn what_says_how_the_network_is_reached_comes_along_and_nothing_else() {
        let (carried, root) = carried(MACHINE);

        let found = files(root.path(), &["etc", "root", "usr"]).expect("a listing");
        let names: Vec<_> = found.iter().map(|file| file.display().to_string()).collect();
        assert_eq!(
            names,
            [
                "etc/apt/apt.conf.d/80proxy",
                "etc/apt/sources.list.d/debian.sources",
                "etc/resolv.conf",
                "root/.cargo/config.toml",
                "usr/local/share/ca-certificates/ours.crt",
                "usr/sbin/policy-rc.d",
            ]
        );
        let variables: Vec<_> = carried.environment.keys().collect();
        assert_eq!(variables, ["CARGO_HTTP_TIMEOUT", "CI", "https_proxy"]);
    }

    #[test]
    fn the_sources_of_another_distribution_stay_where_they_are() {
        let other = [&MACHINE[1..], &[("etc/os-release", "VERSION_CODENAME=noble\n")]].concat();

        let (carried, root) = carried(&other);

        assert!(carried.package_sources().is_empty());
        assert!(root.path().join("etc/apt/sources.list").exists(), "that of mmdebstrap stays");
    }

    #[test]
    fn of_cargos_settings_only_those_about_fetching_come_along() {
        assert_eq!(
            tables_about_fetching(CARGO),
            "\
http.proxy = \"http://proxy:3128\"
[source.crates-io]
replace-with = \"mirror\"

[source.mirror] # near
registry = \"sparse+https://mirror/\"
"
        );
    }
}
