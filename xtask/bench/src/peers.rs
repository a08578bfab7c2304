//! The programs that clink is compared with, each as it is told to find and to change nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::host::{self, Requirement};
use super::race::{Contestant, LeftOut};

/// A finder of duplicates.
pub(super) struct Peer {
    pub(super) name: &'static str,
    arguments: &'static [&'static str],
    source: Source,
}

/// Where a peer comes from.
#[derive(Clone, Copy)]
enum Source {
    Debian(&'static str),
    Crates,
}

/// Each compares the content of all files, hidden and ignored ones too, as clink does. hardlink and
/// jdupes compare byte by byte; the others trust a hash.
pub(super) const PEERS: [Peer; 6] = [
    Peer {
        name: "fclones",
        arguments: &["group", "--hidden", "--no-ignore"],
        source: Source::Crates,
    },
    Peer {
        name: "rdfind",
        arguments: &["-dryrun", "true", "-makeresultsfile", "false"],
        source: Source::Debian("rdfind"),
    },
    Peer { name: "jdupes", arguments: &["-r", "-q", "-m"], source: Source::Debian("jdupes") },
    Peer { name: "yadf", arguments: &["--no-empty"], source: Source::Crates },
    Peer {
        name: "hardlink",
        arguments: &["--content", "--dry-run"],
        source: Source::Debian("util-linux"),
    },
    Peer {
        name: "rmlint",
        arguments: &["--types=df", "--hidden", "--output=summary"],
        source: Source::Debian("rmlint"),
    },
];

/// The peers that are installed, ready to look through `tree`.
pub(super) fn contestants(tree: &Path) -> Vec<Contestant> {
    PEERS
        .iter()
        .filter_map(|peer| Some(Contestant { name: peer.name, command: peer.command(tree)? }))
        .collect()
}

/// The peers that are not installed, and how to have them.
pub(super) fn missing() -> Vec<LeftOut> {
    PEERS
        .iter()
        .filter(|peer| peer.find().is_none())
        .map(|peer| LeftOut {
            program: peer.name,
            reason: format!("it is not installed: `{}`", peer.installation()),
        })
        .collect()
}

impl Peer {
    /// How to look through `tree` with this peer, if it is installed.
    pub(super) fn command(&self, tree: &Path) -> Option<Command> {
        let mut command = Command::new(self.find()?);
        command.args(self.arguments).arg(tree);
        Some(command)
    }

    /// What to run to have this peer.
    fn installation(&self) -> String {
        match self.source {
            Source::Debian(package) => host::apt_get_line(&[package]),
            Source::Crates => format!("cargo install --locked {}", self.name),
        }
    }

    fn find(&self) -> Option<PathBuf> {
        find(self.name)
    }
}

/// Where a program is, if it is installed.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    host::find(program)
        .or_else(|| Some(cargo_programs()?.join(program)).filter(|path| path.is_file()))
}

/// Where cargo puts programs, whether or not `PATH` knows.
fn cargo_programs() -> Option<PathBuf> {
    let home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".cargo"),
    };
    Some(home.join("bin"))
}

/// The peers that Debian packages.
pub(super) fn requirements() -> Vec<Requirement> {
    PEERS
        .iter()
        .filter_map(|peer| match peer.source {
            Source::Debian(package) => Some(Requirement { program: peer.name, package }),
            Source::Crates => None,
        })
        .collect()
}

/// Installs the peers that are missing and that Debian does not package.
pub(super) fn install_from_crates() -> Result<()> {
    for peer in &PEERS {
        if matches!(peer.source, Source::Crates) && peer.find().is_none() {
            host::say(&format!("installing {}", peer.name));
            host::run(Command::new("cargo").args(["install", "--locked", peer.name]))
                .with_context(|| format!("cannot install `{}`", peer.name))?;
        }
    }
    Ok(())
}
