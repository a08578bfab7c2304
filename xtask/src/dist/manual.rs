//! Man pages and shell completions: what `papers` writes, and where a system keeps it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::commands;
use crate::workspace::Member;

/// A file that comes with a tool, and the directory where a system keeps such files.
pub(super) struct Paper {
    pub(super) file: PathBuf,
    pub(super) home: &'static str,
    pub(super) kind: Kind,
    /// The name under which the file is packed, before any compression.
    pub(super) name: String,
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Compressed, with `.gz` added to its name.
    ManPage,
    /// As it is.
    Completion,
}

/// All that is written about a tool.
pub(super) struct Manual {
    pub(super) papers: Vec<Paper>,
    /// What `--help` says first.
    pub(super) about: String,
}

/// Writes it all into the folder. `program` is the built `papers`.
pub(super) fn write(program: &Path, tool: &Member, folder: &Path) -> Result<Manual> {
    let mut papers = Command::new(program);
    papers.arg(&tool.name).arg(folder).arg(format!("--release={}", tool.version));
    let about = commands::output(&mut papers)?;
    Ok(Manual { papers: papers_of(&tool.name, folder), about })
}

fn papers_of(tool: &str, folder: &Path) -> Vec<Paper> {
    let paper =
        |file: String, home, kind, name| Paper { file: folder.join(file), home, kind, name };
    let page = format!("{tool}.1");
    let bash = format!("{tool}.bash");
    let zsh = format!("_{tool}");
    let fish = format!("{tool}.fish");
    vec![
        paper(page.clone(), "usr/share/man/man1", Kind::ManPage, page),
        // bash looks a completion up by the name of the command alone.
        paper(bash, "usr/share/bash-completion/completions", Kind::Completion, tool.to_owned()),
        paper(zsh.clone(), "usr/share/zsh/vendor-completions", Kind::Completion, zsh),
        paper(fish.clone(), "usr/share/fish/vendor_completions.d", Kind::Completion, fish),
    ]
}
