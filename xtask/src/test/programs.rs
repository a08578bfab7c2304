//! The test programs that cargo compiles, each with the directory that it runs in.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::Deserialize;

use crate::commands;
use crate::needs;
use crate::workspace::{Member, Workspace};

/// Packages whose tests wait longest, for systems that boot. They begin first, so that the end of a
/// run does not wait for them alone.
const WAIT_LONGEST: &[&str] = &["tiny", "shrink"];

/// A test program.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) executable: PathBuf,
    /// Where the package stands, which is where cargo runs its tests.
    pub(super) package_directory: PathBuf,
    package: String,
    target: Target,
}

/// What the tests stand in.
#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// A line of cargo's report about what it made.
#[derive(Deserialize)]
struct Artifact {
    executable: Option<PathBuf>,
    manifest_path: PathBuf,
    target: Target,
    profile: Profile,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Compiles all tests. None when that fails, which cargo has shown.
pub(super) fn compile(workspace: &Workspace) -> Result<Option<Vec<Program>>> {
    let mut cargo = commands::cargo(&workspace.root);
    cargo.args(["test", "--workspace", "--locked", "--no-run"]);
    cargo.arg("--message-format=json-render-diagnostics").env("PATH", needs::search_path());
    let (status, messages) = commands::answer(&mut cargo)?;
    if !status.success() {
        return Ok(None);
    }
    let mut programs: Vec<_> =
        messages.lines().filter_map(|line| program(workspace, line)).collect();
    if programs.is_empty() {
        bail!("cargo compiled no test program");
    }
    programs.sort_by_key(|program| {
        WAIT_LONGEST.iter().position(|package| program.package == *package).unwrap_or(usize::MAX)
    });
    Ok(Some(programs))
}

fn program(workspace: &Workspace, message: &str) -> Option<Program> {
    let artifact: Artifact = serde_json::from_str(message).ok()?;
    let package_directory = artifact.manifest_path.parent()?.to_owned();
    let is_it = |member: &&Member| member.manifest == artifact.manifest_path;
    Some(Program {
        executable: artifact.executable.filter(|_| artifact.profile.test)?,
        package: workspace.members.iter().find(is_it)?.name.clone(),
        package_directory,
        target: artifact.target,
    })
}

impl Program {
    /// The words by which `cargo test -p` runs it alone.
    pub(super) fn name(&self) -> String {
        let Self { package, target: Target { name, kind }, .. } = self;
        match kind.first().map(String::as_str) {
            Some("test") => format!("{package} --test {name}"),
            Some("bin") => format!("{package} --bin {name}"),
            _ => format!("{package} --lib"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn house() -> Workspace {
        serde_json::from_value(serde_json::json!({
            "workspace_root": "/house",
            "target_directory": "/house/target",
            "packages": [{
                "name": "clink",
                "version": "1.0.0",
                "description": null,
                "manifest_path": "/house/tools/clink/Cargo.toml",
                "dependencies": [],
            }],
        }))
        .expect("it has every field")
    }

    fn message(kind: &str, is_test: bool) -> String {
        serde_json::json!({
            "reason": "compiler-artifact",
            "manifest_path": "/house/tools/clink/Cargo.toml",
            "target": {"name": "undo", "kind": [kind]},
            "profile": {"test": is_test},
            "executable": "/house/target/debug/deps/undo-0123",
        })
        .to_string()
    }

    #[test]
    fn a_test_program_is_named_by_the_words_that_run_it_alone() {
        let name = |kind| program(&house(), &message(kind, true)).expect("it is one").name();

        assert_eq!(name("test"), "clink --test undo");
        assert_eq!(name("bin"), "clink --bin undo");
        assert_eq!(name("lib"), "clink --lib");
        let found = program(&house(), &message("test", true)).expect("it is one");
        assert_eq!(found.package_directory, Path::new("/house/tools/clink"));
    }

    #[test]
    fn what_is_compiled_besides_is_no_test_program() {
        assert_eq!(program(&house(), &message("bin", false)), None);
        assert_eq!(program(&house(), r#"{"reason":"build-finished","success":true}"#), None);
    }
}
