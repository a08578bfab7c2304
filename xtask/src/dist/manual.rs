//! Man pages and shell completions, from the definitions that `--help` is made of.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;

use crate::tools::Tool;

/// A file that comes with a tool, and the directory where a system keeps such files.
pub(super) struct Paper {
    pub(super) file: PathBuf,
    pub(super) home: &'static str,
    pub(super) kind: Kind,
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Compressed, with `.gz` added to its name.
    ManPage,
    /// As it is, under this name.
    Completion { shell: Shell },
}

/// Writes them all into the folder.
pub(super) fn write(tool: &Tool, version: &str, folder: &Path) -> Result<Vec<Paper>> {
    let mut papers = vec![man_page(tool, version, folder)?];
    for (shell, home) in [
        (Shell::Bash, "usr/share/bash-completion/completions"),
        (Shell::Zsh, "usr/share/zsh/vendor-completions"),
        (Shell::Fish, "usr/share/fish/vendor_completions.d"),
    ] {
        let file = generate_to(shell, &mut (tool.command)(), tool.name, folder)
            .with_context(|| format!("cannot write the completions for {shell}"))?;
        papers.push(Paper { file, home, kind: Kind::Completion { shell } });
    }
    Ok(papers)
}

fn man_page(tool: &Tool, version: &str, folder: &Path) -> Result<Paper> {
    let file = folder.join(format!("{}.1", tool.name));
    let mut page = Vec::new();
    Man::new((tool.command)())
        .source(format!("{} {version}", tool.name))
        .manual("Établi")
        .render(&mut page)?;
    fs::write(&file, page).with_context(|| format!("cannot write `{}`", file.display()))?;
    Ok(Paper { file, home: "usr/share/man/man1", kind: Kind::ManPage })
}

impl Paper {
    /// The name under which the file is packed, before any compression.
    pub(super) fn name(&self, tool: &str) -> String {
        match self.kind {
            // bash looks a completion up by the name of the command alone.
            Kind::Completion { shell: Shell::Bash } => tool.to_owned(),
            Kind::Completion { .. } | Kind::ManPage => {
                let name = self.file.file_name().expect("it was written under a name");
                name.to_string_lossy().into_owned()
            }
        }
    }
}
