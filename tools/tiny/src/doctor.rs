//! What a machine must have for a recipe, and what of it is missing.

use std::env;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::board::{Board, Machine};
use crate::compressor::Compressor;
use crate::recipe::Recipe;
use crate::surroundings;

/// A program that a build runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Need {
    /// What it is called.
    pub(crate) program: String,
    /// The Debian package that brings it.
    pub(crate) package: String,
    /// What for.
    pub(crate) wanted_for: String,
    /// Whether it is there.
    pub(crate) is_there: bool,
}

/// What every build runs.
const ALWAYS: [(&str, &str, &str); 12] = [
    ("apt-get", "apt", "fetches packages"),
    ("apt-config", "apt", "says how this machine reaches the network"),
    ("dpkg", "dpkg", "says what this machine's own programs are made for"),
    ("dpkg-deb", "dpkg", "unpacks packages"),
    ("dpkg-source", "dpkg-dev", "unpacks source packages"),
    ("tar", "tar", "unpacks the kernel's sources"),
    ("make", "make", "the kernel's and BusyBox's own builds"),
    ("gcc", "gcc", "what the kernel's build runs itself"),
    ("flex", "flex", "the kernel's configuration"),
    ("bison", "bison", "the kernel's configuration"),
    ("bc", "bc", "the kernel's build"),
    ("perl", "perl", "the kernel's build"),
];

/// What these recipes need; without any, what all boards do.
pub(crate) fn needs(recipes: &[Recipe]) -> Result<Vec<Need>> {
    let mut needs: Vec<_> =
        ALWAYS.iter().map(|(program, package, what)| need(program, package, what)).collect();
    // The kernel's build looks for this header rather than for a program.
    needs.push(header("stdio.h", "libc6-dev"));
    if recipes.is_empty() {
        for name in crate::board::names() {
            needs.extend(of_board(&Board::named(name)?));
        }
        needs.extend(Compressor::ALL.iter().filter_map(|compressor| of_compressor(*compressor)));
    }
    for recipe in recipes {
        needs.extend(of_board(&recipe.board));
        needs.extend(of_compressor(recipe.compressor));
    }
    needs.sort();
    needs.dedup();
    Ok(needs)
}

/// The line that installs what is missing, where something is.
pub(crate) fn install_line(needs: &[Need]) -> Option<String> {
    let mut packages: Vec<_> =
        needs.iter().filter(|need| !need.is_there).map(|need| need.package.as_str()).collect();
    packages.sort_unstable();
    packages.dedup();
    (!packages.is_empty())
        .then(|| format!("sudo apt-get install --no-install-recommends {}", packages.join(" ")))
}

fn of_board(board: &Board) -> Vec<Need> {
    let compiler = format!("{}gcc", board.toolchain.prefix);
    let mut needs = vec![
        need(&compiler, &board.toolchain.package, "the kernel and programs of the board"),
        emulator(&board.machine),
    ];
    needs.extend(board.kernel.headers.iter().map(|wanted| header(&wanted.name, &wanted.package)));
    needs
}

fn of_compressor(compressor: Compressor) -> Option<Need> {
    let (program, package) = compressor.program()?;
    Some(need(program, package, &format!("packs a kernel by {compressor}")))
}

fn header(name: &str, package: &str) -> Need {
    Need {
        program: name.to_owned(),
        package: package.to_owned(),
        wanted_for: "what the kernel's build runs itself".to_owned(),
        is_there: Path::new("/usr/include").join(name).exists(),
    }
}

/// A program of a build.
fn need(program: &str, package: &str, wanted_for: &str) -> Need {
    Need {
        program: program.to_owned(),
        package: package.to_owned(),
        wanted_for: wanted_for.to_owned(),
        is_there: surroundings::has(program),
    }
}

/// A program that adds nothing to an image: whichever the user has.
fn emulator(machine: &Machine) -> Need {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&path);
    Need {
        is_there: places.any(|directory| directory.join(&machine.program).is_file()),
        ..need(&machine.program, &machine.package, "boots what was built")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_installs_what_is_missing_each_package_once() {
        let mut needs = vec![need("no-such-program", "b", "x"), need("nor-this", "a", "x")];
        needs.push(need("nor-that", "b", "x"));
        needs.push(need("sh", "dash", "x"));

        assert_eq!(
            install_line(&needs).as_deref(),
            Some("sudo apt-get install --no-install-recommends a b")
        );
        assert_eq!(install_line(&[need("sh", "dash", "x")]), None);
    }
}
