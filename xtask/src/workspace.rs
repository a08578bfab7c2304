//! The workspace as cargo sees it: its root, its members, and where builds go.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::commands;

/// The workspace that the chores are about.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    #[serde(rename = "packages")]
    pub(crate) members: Vec<Member>,
}

/// A tool, a crate, or the chores.
#[derive(Debug, Deserialize)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: Option<String>,
    #[serde(rename = "manifest_path")]
    pub(crate) manifest: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

/// What a member says it needs, for itself, its build or its tests alike.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) path: Option<PathBuf>,
}

impl Workspace {
    /// Asks cargo about the workspace that this chore belongs to.
    pub(crate) fn load() -> Result<Self> {
        // Cargo sets it for `cargo run` and `cargo test`; without it, the current directory decides.
        let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| ".".into());
        let metadata = commands::output(commands::cargo(Path::new(&here)).args([
            "metadata",
            "--format-version=1",
            "--no-deps",
            "--offline",
        ]))?;
        serde_json::from_str(&metadata).context("cannot understand what `cargo metadata` says")
    }

    /// The tools: what stands right below `tools/`. Deeper down are programs that a tool builds.
    pub(crate) fn tools(&self) -> impl Iterator<Item = &Member> {
        let is_tool = |folder: &Path| folder.parent() == Some(Path::new("tools"));
        self.members.iter().filter(move |member| is_tool(member.folder(self)))
    }

    /// The files that belong to the project, relative to the root, in order.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        let mut files = match self.files_that_git_knows() {
            Some(files) => files,
            None => files_below(&self.root, Path::new(""))?,
        };
        files.retain(|file| self.root.join(file).is_file());
        files.sort();
        Ok(files)
    }

    /// None where the tree is no checkout, such as one unpacked from an archive.
    fn files_that_git_knows(&self) -> Option<Vec<PathBuf>> {
        let listing = commands::output(Command::new("git").current_dir(&self.root).args([
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))
        .ok()?;
        Some(listing.split_terminator('\0').map(PathBuf::from).collect())
    }
}

impl Member {
    /// Where the member stands, relative to the root.
    pub(crate) fn folder(&self, workspace: &Workspace) -> &Path {
        let folder = self.manifest.parent().expect("a manifest stands in a directory");
        folder.strip_prefix(&workspace.root).unwrap_or(folder)
    }
}

fn files_below(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let listing = root.join(folder);
    for entry in
        fs::read_dir(&listing).with_context(|| format!("cannot list `{}`", listing.display()))?
    {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name == ".git" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            files.extend(files_below(root, &folder.join(name))?);
        } else {
            files.push(folder.join(name));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_are_the_members_below_tools() {
        let workspace = Workspace::load().expect("the tests run in the workspace");

        let tools: Vec<_> = workspace.tools().map(|tool| tool.name.as_str()).collect();

        assert!(tools.contains(&"clink"), "{tools:?}");
        assert!(!tools.contains(&"xtask"), "{tools:?}");
        assert!(!tools.contains(&"fb-demos"), "{tools:?}");
    }

    #[test]
    fn a_tree_without_git_is_listed_without_its_builds() {
        let tree = tempfile::tempdir().expect("a scratch directory");
        for file in ["README.md", "xtask/src/main.rs", "target/debug/xtask", ".git/HEAD"] {
            let file = tree.path().join(file);
            fs::create_dir_all(file.parent().expect("it has one")).expect("a directory");
            fs::write(file, "").expect("a file");
        }

        let mut files = files_below(tree.path(), Path::new("")).expect("a listing");
        files.sort();

        assert_eq!(files, ["README.md", "xtask/src/main.rs"].map(PathBuf::from));
    }
}
