//! A tool uses crates; no crate uses a tool; no tool uses another tool.

use std::path::Path;

use crate::workspace::{Member, Workspace};

use super::Breach;

/// Every dependency that points the wrong way; those of tests and build scripts count too.
pub(super) fn breaches(workspace: &Workspace) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for member in &workspace.members {
        let folder = member.folder(workspace);
        let Some(rule) = rule_for(folder) else {
            continue;
        };
        for tool in tools_used(workspace, member) {
            breaches.push(Breach {
                place: folder.display().to_string(),
                what: format!("depends on the tool `{tool}`, but {rule}"),
            });
        }
    }
    breaches
}

/// The chores may use everything: they package the tools.
fn rule_for(folder: &Path) -> Option<&'static str> {
    if folder.starts_with("crates") {
        Some("no crate uses a tool")
    } else if folder.starts_with("tools") {
        Some("no tool uses another tool")
    } else {
        None
    }
}

fn tools_used<'a>(workspace: &Workspace, member: &'a Member) -> Vec<&'a str> {
    let tools = workspace.root.join("tools");
    let inside = |path: &Path| {
        path.starts_with(&tools) && path != workspace.root.join(member.folder(workspace))
    };
    let used = member.dependencies.iter();
    used.filter(|dependency| dependency.path.as_deref().is_some_and(inside))
        .map(|dependency| dependency.name.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace of one member that depends on another.
    fn house(member: &str, dependency: &str) -> Workspace {
        serde_json::from_value(serde_json::json!({
            "workspace_root": "/house",
            "target_directory": "/house/target",
            "packages": [{
                "name": member.rsplit('/').next(),
                "version": "1.0.0",
                "description": null,
                "manifest_path": format!("/house/{member}/Cargo.toml"),
                "dependencies": [
                    {"name": dependency.rsplit('/').next(), "path": format!("/house/{dependency}")},
                    {"name": "serde"},
                ],
            }],
        }))
        .expect("it has every field")
    }

    fn found(member: &str, dependency: &str) -> Vec<String> {
        breaches(&house(member, dependency)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_tool_may_use_a_crate_and_the_chores_may_use_a_tool() {
        assert!(found("tools/clink", "crates/duplicates").is_empty());
        assert!(found("crates/duplicates", "crates/files").is_empty());
        assert!(found("xtask", "tools/clink").is_empty());
    }

    #[test]
    fn a_crate_that_uses_a_tool_is_found() {
        assert_eq!(
            found("crates/duplicates", "tools/clink"),
            ["crates/duplicates: depends on the tool `clink`, but no crate uses a tool"]
        );
    }

    #[test]
    fn a_tool_that_uses_another_tool_is_found() {
        assert_eq!(
            found("tools/shrink", "tools/clink"),
            ["tools/shrink: depends on the tool `clink`, but no tool uses another tool"]
        );
    }
}
