//! `cargo xtask fresh dist`: two clean roots make the same packages of the same commit, and a third,
//! which has no Rust, installs and runs them.
//!
//! Proof: `src/fresh/release.rs::a_file_that_differs_or_that_one_has_alone_is_named`

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::Verdict;
use crate::workspace::Workspace;

use super::carried::Carried;
use super::inside::{Ended, Entry};
use super::place::Place;
use super::{Chore, TREE, entry, furnish};

/// Where the packages stand in the third root.
const PACKAGES: &str = "packages";

/// Files by their names.
type Files = BTreeMap<String, Vec<u8>>;

/// Makes the packages twice, compares them, and installs them.
pub(super) fn run(workspace: &Workspace, place: &Place, carried: &Carried) -> Result<Verdict> {
    let mut made = Vec::new();
    for which in ["first", "second"] {
        println!("== the {which} root makes the packages");
        let root = furnish(workspace, place, carried)?;
        if entry(place, &root, carried, Chore::Dist)?.run()? != Ended::Well {
            return Ok(Verdict::Faulty);
        }
        made.push(read(&root.join(TREE).join("target/dist"))?);
    }
    let different = different(&made[0], &made[1]);
    let files = made[0].len();
    ensure!(files > 0, "`cargo xtask dist` made nothing");
    for name in &different {
        println!("  NO   `{name}` is not the same in both");
    }
    if !different.is_empty() {
        return Ok(Verdict::Faulty);
    }
    println!("  yes  both made the same {files} files, byte for byte");
    install(workspace, place, carried, &made[0])
}

fn install(
    workspace: &Workspace,
    place: &Place,
    carried: &Carried,
    files: &Files,
) -> Result<Verdict> {
    println!("== the third root, without Rust, installs them");
    let root = furnish(workspace, place, carried)?;
    write_packages(files, &root.join(PACKAGES))?;
    let entry = entry(place, &root, carried, Chore::Dist)?;
    let tools: Vec<_> = workspace.tools().map(|tool| tool.name.as_str()).collect();
    let line = format!(
        "apt-get -q update && apt-get -q install -y /{PACKAGES}/*.deb && \
         for tool in {}; do $tool --version && $tool --help > /dev/null || exit 1; done",
        tools.join(" ")
    );
    let mut environment = entry.environment.clone();
    environment.insert("PATH".to_owned(), "/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
    environment.insert("DEBIAN_FRONTEND".to_owned(), "noninteractive".to_owned());
    let without_rust = Entry {
        binds: Vec::new(),
        environment,
        directory: "/".into(),
        words: ["sh", "-c", &line].map(str::to_owned).into(),
        root,
    };
    let ended = without_rust.run()?;
    println!("fresh: installing and running the packages {ended}");
    place.remove_root()?;
    Ok(ended.verdict())
}

fn write_packages(files: &Files, directory: &Path) -> Result<()> {
    fs::create_dir(directory).with_context(|| format!("cannot make `{}`", directory.display()))?;
    for (name, content) in files {
        let file = directory.join(name);
        if file.extension().is_some_and(|end| end == "deb") {
            fs::write(&file, content)
                .with_context(|| format!("cannot write `{}`", file.display()))?;
        }
    }
    Ok(())
}

/// The files of a directory. What stands deeper is no part of what is handed out.
fn read(directory: &Path) -> Result<Files> {
    let cannot = || format!("cannot read `{}`", directory.display());
    let mut files = Files::new();
    for file in fs::read_dir(directory).with_context(cannot)? {
        let file = file.with_context(cannot)?;
        let name = file.file_name().to_string_lossy().into_owned();
        if file.path().is_file() {
            files.insert(name, fs::read(file.path()).with_context(cannot)?);
        }
    }
    Ok(files)
}

/// The names of files that are not the same in both.
fn different<'files>(one: &'files Files, other: &'files Files) -> BTreeSet<&'files str> {
    let names = one.keys().chain(other.keys());
    names.filter(|name| one.get(*name) != other.get(*name)).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> Files {
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_file_that_differs_or_that_one_has_alone_is_named() {
        let one = files(&[("clink", "same"), ("coool", "one"), ("only.1", "")]);
        let other = files(&[("clink", "same"), ("coool", "other"), ("only.2", "")]);

        assert_eq!(different(&one, &one), BTreeSet::new());
        assert_eq!(different(&one, &other), BTreeSet::from(["coool", "only.1", "only.2"]));
    }
}
