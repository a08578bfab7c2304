//! The rules of the house that neither the compiler nor clippy knows.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::Verdict;
use crate::workspace::{Member, Workspace};

mod circles;
mod layers;
mod licences;
mod manifests;
mod proofs;
mod rooms;
mod texts;

/// A place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
struct Breach {
    place: String,
    what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.what)
    }
}

/// Shows every place where a rule is broken.
pub(crate) fn run(workspace: &Workspace) -> Result<Verdict> {
    let breaches = breaches(workspace)?;
    for breach in &breaches {
        println!("{breach}");
    }
    Ok(if breaches.is_empty() { Verdict::Good } else { Verdict::Faulty })
}

fn breaches(workspace: &Workspace) -> Result<Vec<Breach>> {
    let files = workspace.files()?;
    let mut breaches = layers::breaches(workspace);
    breaches.extend(licences::breaches(workspace)?);
    breaches.extend(forgotten(&tool_names(workspace), &files, &tools_with_papers(workspace)));
    for member in &workspace.members {
        let text = fs::read_to_string(&member.manifest)
            .with_context(|| format!("cannot read `{}`", member.manifest.display()))?;
        let place = member.folder(workspace).join("Cargo.toml");
        breaches.extend(manifests::breaches(&place, &text));
    }
    let texts = texts_of(workspace, &files)?;
    for (file, text) in &texts {
        breaches.extend(texts::breaches(file, text));
        breaches.extend(rooms::breaches(file, text));
    }
    breaches.extend(unproven(workspace, &texts));
    for member in &workspace.members {
        let sources = sources_of(workspace, member, &texts);
        breaches.extend(circles::breaches(&sources)?);
        breaches.extend(circles::stale(&sources)?);
    }
    Ok(breaches)
}

/// A file of the project, and what it says.
type Text = (PathBuf, String);

/// What is not text has no lines to judge.
fn texts_of(workspace: &Workspace, files: &[PathBuf]) -> Result<Vec<Text>> {
    let mut texts = Vec::new();
    for file in files {
        let bytes = fs::read(workspace.root.join(file))
            .with_context(|| format!("cannot read `{}`", file.display()))?;
        texts.extend(String::from_utf8(bytes).ok().map(|text| (file.clone(), text)));
    }
    Ok(texts)
}

/// The Rust files of a member that ship with it.
fn sources_of(workspace: &Workspace, member: &Member, texts: &[Text]) -> Vec<Text> {
    let source = member.folder(workspace).join("src");
    let is_source = |file: &Path| {
        file.starts_with(&source)
            && file.extension().is_some_and(|extension| extension == "rs")
            && !file.iter().any(|part| Path::new(part).with_extension("") == Path::new("tests"))
    };
    texts.iter().filter(|(file, _)| is_source(file)).cloned().collect()
}

/// Claims without a test.
fn unproven(workspace: &Workspace, texts: &[Text]) -> Vec<Breach> {
    let text_of = |wanted: &Path| {
        let found = texts.iter().find(|(file, _)| file == wanted);
        found.map(|(_, text)| text.clone())
    };
    let folders: Vec<_> = workspace.members.iter().map(|member| member.folder(workspace)).collect();
    let mut breaches = Vec::new();
    for (file, text) in texts {
        if file == Path::new(proofs::INVARIANTS) {
            breaches.extend(proofs::of_invariants(text, &text_of));
        } else if let Some(package) = proofs::package_of(file, &folders) {
            breaches.extend(proofs::breaches(file, text, package, &text_of));
        }
    }
    breaches
}

fn tool_names(workspace: &Workspace) -> Vec<&str> {
    workspace.tools().map(|tool| tool.name.as_str()).collect()
}

/// The tools whose man page and completions `papers` can write.
fn tools_with_papers(workspace: &Workspace) -> Vec<&str> {
    let papers = workspace.members.iter().filter(|member| member.name == "papers");
    let dependencies = papers.flat_map(|papers| &papers.dependencies);
    dependencies.map(|dependency| dependency.name.as_str()).collect()
}

/// Each tool has its page, and its line where man pages and completions are made.
fn forgotten(tools: &[&str], files: &[PathBuf], with_papers: &[&str]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for tool in tools {
        let place = format!("tools/{tool}");
        let page = format!("docs/{tool}.md");
        if !files.contains(&PathBuf::from(&page)) {
            let what = format!("the tool has no page `{page}` for the people who use it");
            breaches.push(Breach { place: place.clone(), what });
        }
        if !with_papers.contains(tool) {
            let what = "the tool has no line in `xtask/papers/src/main.rs`".to_owned();
            breaches.push(Breach { place, what });
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() {
        let workspace = Workspace::load().expect("the tests run in the workspace");
        let breaches = breaches(&workspace).expect("every file can be read");

        let lines: Vec<_> = breaches.iter().map(ToString::to_string).collect();

        assert!(lines.is_empty(), "\n{}", lines.join("\n"));
    }

    #[test]
    fn a_tool_without_a_page_or_without_its_line_is_found() {
        let page = PathBuf::from("docs/clink.md");

        assert_eq!(forgotten(&["clink"], std::slice::from_ref(&page), &["clink"]), []);
        assert_eq!(
            forgotten(&["clink"], &[], &["clink"])[0].to_string(),
            "tools/clink: the tool has no page `docs/clink.md` for the people who use it"
        );
        assert_eq!(
            forgotten(&["sawmill"], &[page, "docs/sawmill.md".into()], &["clink"])[0].to_string(),
            "tools/sawmill: the tool has no line in `xtask/papers/src/main.rs`"
        );
    }
}
