//! The first tree: six cross toolchains, each in a directory of its own as a builder keeps them.

use std::path::Path;

use anyhow::Result;

use super::host;
use super::packages::{self, Cache, Description};

/// Directory and GNU triplet of each toolchain.
const TOOLCHAINS: [(&str, &str); 6] = [
    ("arm64", "aarch64-linux-gnu"),
    ("armel", "arm-linux-gnueabi"),
    ("armhf", "arm-linux-gnueabihf"),
    ("ppc64el", "powerpc64le-linux-gnu"),
    ("riscv64", "riscv64-linux-gnu"),
    ("s390x", "s390x-linux-gnu"),
];

/// Unpacks the six toolchains below `directory`.
pub(super) fn build(directory: &Path, cache: &Cache) -> Result<()> {
    for (name, triplet) in TOOLCHAINS {
        host::say(&format!("toolchains: {triplet}"));
        for package in cache.fetch(&contents(triplet, cache)?)? {
            packages::unpack(&package, &directory.join(name))?;
        }
    }
    Ok(())
}

/// A C++ compiler with what it needs to build packages and plugins, apart from what every Debian
/// machine has.
fn contents(triplet: &str, cache: &Cache) -> Result<Vec<String>> {
    let compiler = format!("g++-{triplet}");
    let plugins = format!("gcc-12-plugin-dev-{triplet}");
    let closure = cache.closure(&[&compiler, &plugins, "dpkg-cross"])?;
    let descriptions = packages::describe(&closure)?;
    Ok(descriptions.into_iter().filter(in_toolchain).map(|package| package.name).collect())
}

/// Leaves out the base system and the shared libraries that the compiler borrows from the host; the
/// target's libraries are packages for every architecture.
fn in_toolchain(package: &Description) -> bool {
    let of_host = package.section == "libs" && package.architecture != "all";
    package.priority != "required" && !of_host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_holds_its_own_libraries_but_not_the_hosts() {
        let package = |priority: &str, section: &str, architecture: &str| Description {
            name: "package".to_owned(),
            priority: priority.to_owned(),
            section: section.to_owned(),
            architecture: architecture.to_owned(),
        };
        assert!(in_toolchain(&package("optional", "libs", "all")));
        assert!(in_toolchain(&package("optional", "devel", "amd64")));
        assert!(!in_toolchain(&package("optional", "libs", "amd64")));
        assert!(!in_toolchain(&package("required", "utils", "amd64")));
    }
}
