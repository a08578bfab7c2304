//! Builds what is measured, as it is shipped.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::host;

/// The optimised programs of the workspace that take part.
pub(super) struct Programs {
    pub(super) clink: PathBuf,
    /// This program once more, for the floor.
    pub(super) bench: PathBuf,
}

/// A line of cargo's report about what it made.
#[derive(Deserialize)]
struct Artifact {
    executable: Option<PathBuf>,
}

/// Builds the programs and says where they are.
pub(super) fn programs() -> Result<Programs> {
    host::say("building clink and the floor");
    let executables = build(&["clink", "bench"])?;
    Ok(Programs { clink: find(&executables, "clink")?, bench: find(&executables, "bench")? })
}

/// Builds one tool and says where it is.
pub(super) fn program(name: &str) -> Result<PathBuf> {
    host::say(&format!("building {name}"));
    find(&build(&[name])?, name)
}

fn build(packages: &[&str]) -> Result<Vec<PathBuf>> {
    let messages = host::output(
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--release", "--bins", "--message-format=json"])
            .args(packages.iter().flat_map(|package| ["--package", package]))
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")),
    )?;
    Ok(messages.lines().filter_map(executable).collect())
}

fn find(executables: &[PathBuf], name: &str) -> Result<PathBuf> {
    let made = executables.iter().find(|path| path.ends_with(name));
    made.cloned().with_context(|| format!("cargo built no program `{name}`"))
}

fn executable(message: &str) -> Option<PathBuf> {
    serde_json::from_str::<Artifact>(message).ok()?.executable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_says_where_a_program_is() {
        let built = r#"{"reason":"compiler-artifact","executable":"target/release/clink"}"#;
        assert_eq!(executable(built), Some(PathBuf::from("target/release/clink")));
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
