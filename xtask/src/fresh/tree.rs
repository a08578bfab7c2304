//! Brings the committed tree into a root.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::commands;
use crate::problem::Advise;
use crate::workspace::Workspace;

/// Clones the last commit, without what is not committed: a stranger has only that.
pub(super) fn bring(workspace: &Workspace, tree: &Path) -> Result<()> {
    warn_of_uncommitted(workspace)?;
    let settings = tempfile::NamedTempFile::new().context("cannot make a file of settings")?;
    // The checkout may belong to somebody else; git hands its own options to no other git, but a
    // file of settings that the environment names is read by both.
    fs::write(&settings, "[safe]\n\tdirectory = *\n[advice]\n\tdetachedHead = false\n")
        .context("cannot write git's settings")?;
    let mut git = Command::new("git");
    git.env("GIT_CONFIG_GLOBAL", settings.path()).args(["clone", "--quiet", "--depth=1"]);
    git.arg(format!("file://{}", workspace.root.display())).arg(tree);
    commands::run(git.stdout(std::io::stderr()))
        .context("cannot bring the committed tree into the root")
        .hint("run it in a git checkout")
}

fn warn_of_uncommitted(workspace: &Workspace) -> Result<()> {
    let mut git = Command::new("git");
    git.current_dir(&workspace.root).args(["-c", "safe.directory=*", "status", "--porcelain"]);
    match commands::output(&mut git)?.lines().count() {
        0 => {}
        count => eprintln!("{count} files are not committed; what is tried is the last commit"),
    }
    Ok(())
}
