//! Reads OpenDocument and the formats of OpenOffice.org 1: packages and flat files.
//!
//! OpenDocument 1.3, part 3, names 36 elements with an address (`xlink:href`) and the fields that
//! refer to a place in the document; `kinds` has them all.

use std::collections::HashSet;
use std::io::{BufRead, Read, Seek};

use crate::address::{Base, Goal};
use crate::link::{Kind, Link, Place};
use crate::targets::{Found, Speller};

use super::Content;
use super::limits::Limits;
use super::package::Package;
use super::problem::Problem;
use super::xml::{Node, Space, Xml};

mod kinds;
mod sheets;
mod slides;
mod styles;
mod text;
mod walker;

use walker::{Role, Walker};

/// Reads a package such as an odt.
pub(crate) fn read<R: Read + Seek>(
    mut package: Package<R>,
    limits: &Limits,
) -> Result<Content, Problem> {
    refuse_encrypted(&mut package, limits)?;
    let mut problems = Vec::new();
    let mut walker = Walker::new(Base::Package, limits);
    for (part, role) in [
        ("meta.xml", Role::Document),
        ("styles.xml", Role::Styles),
        ("content.xml", Role::Document),
    ] {
        if let Err(problem) = walk_part(&mut package, part, role, &mut walker, limits) {
            problems.push(problem);
        }
    }
    if !package.has("content.xml") && !is_template(&mut package) {
        return Err(Problem::Damaged {
            part: String::new(),
            why: "the package has no `content.xml`".to_owned(),
        });
    }
    let parts = package.names().cloned().collect();
    let mut content = walker.into_content(problems, parts);
    read_objects(&mut package, &mut content, limits);
    Ok(content)
}

/// Whether it is a template: some have styles and nothing else.
fn is_template<R: Read + Seek>(package: &mut Package<R>) -> bool {
    /// The longest name of a kind is shorter.
    const MOST: u64 = 256;
    let kind = package.bytes("mimetype", MOST).ok().flatten().unwrap_or_default();
    kind.trim_ascii_end().ends_with(b"-template")
}

/// Reads a flat file such as an fodt.
pub(crate) fn read_flat(input: impl BufRead, limits: &Limits) -> Result<Content, Problem> {
    let mut walker = Walker::new(Base::Folder, limits);
    let mut problems = Vec::new();
    walker.enter_part("", Role::Document);
    if let Err(problem) = walk(Xml::new(input, "", limits)?, &mut walker) {
        problems.push(problem);
    }
    Ok(walker.into_content(problems, HashSet::new()))
}

fn walk_part<R: Read + Seek>(
    package: &mut Package<R>,
    part: &str,
    role: Role,
    walker: &mut Walker,
    limits: &Limits,
) -> Result<(), Problem> {
    let Some(input) = package.part(part)? else { return Ok(()) };
    walker.enter_part(part, role);
    walk(Xml::new(input, part, limits)?, walker)
}

fn walk(mut xml: Xml, walker: &mut Walker) -> Result<(), Problem> {
    loop {
        match xml.next()? {
            Node::Start(element) => walker.start(&element)?,
            Node::End => walker.end(),
            Node::Text(text) => walker.text(text),
            Node::Eof => break,
        }
    }
    walker.leave_part(xml.declares_entities());
    Ok(())
}

/// Charts, formulas and documents within the document: their links stand where the object does, and
/// those of objects within objects, which are read after these, where the outermost does.
fn read_objects<R: Read + Seek>(package: &mut Package<R>, content: &mut Content, limits: &Limits) {
    let mut folders: Vec<String> = package
        .names()
        .filter_map(|name| {
            let (folder, part) = name.rsplit_once('/')?;
            matches!(part, "content.xml" | "styles.xml").then(|| folder.to_owned())
        })
        .collect();
    folders.sort_by_key(|folder| (folder.matches('/').count(), folder.clone()));
    folders.dedup();
    for folder in folders {
        if let Err(problem) = read_object(package, &folder, content, limits) {
            content.problems.push(problem);
        }
    }
}

/// An object is a document of its own: what it names is known in it alone.
fn read_object<R: Read + Seek>(
    package: &mut Package<R>,
    folder: &str,
    outer: &mut Content,
    limits: &Limits,
) -> Result<(), Problem> {
    let left = limits.links.saturating_sub(outer.links.len() as u64);
    let limits = Limits { links: left, ..limits.clone() };
    let mut walker = Walker::new(Base::Within(format!("{folder}/").into()), &limits);
    let place = place_of(folder, &outer.links);
    for part in ["styles.xml", "content.xml"] {
        let part = format!("{folder}/{part}");
        let Some(input) = package.part(&part)? else { continue };
        walker.enter_part(&part, Role::Object);
        walk(Xml::new(input, &part, &limits)?, &mut walker)?;
    }
    let inner = walker.into_content(Vec::new(), HashSet::new());
    let speller = Speller::default();
    outer.problems.extend(inner.problems);
    outer.links.extend(inner.links.into_iter().map(|link| {
        let goal = match link.goal {
            Goal::Inside(jump) => match inner.targets.find(&jump, &speller) {
                Found::No { reason, .. } => Goal::Malformed(reason),
                _ => Goal::Part { name: folder.to_owned(), fragment: None },
            },
            goal => goal,
        };
        let aside = link.place.aside.or(place.aside);
        Link { goal, place: Place { aside, ..place.clone() }, ..link }
    }));
    Ok(())
}

/// Where the object in a folder stands; one of which nobody knows stands where that does which it
/// lies in.
fn place_of(folder: &str, links: &[Link]) -> Place {
    let shows = |link: &&Link, folder: &str| match &link.goal {
        Goal::Part { name, .. } => {
            link.kind == Kind::Object && name.trim_end_matches('/') == folder
        }
        _ => false,
    };
    let mut folder = Some(folder);
    while let Some(name) = folder {
        if let Some(link) = links.iter().find(|link| shows(link, name)) {
            return link.place.clone();
        }
        folder = name.rsplit_once('/').map(|(outer, _)| outer);
    }
    Place::default()
}

/// The manifest names the parts that only a password opens.
fn refuse_encrypted<R: Read + Seek>(
    package: &mut Package<R>,
    limits: &Limits,
) -> Result<(), Problem> {
    const MANIFEST: &str = "META-INF/manifest.xml";
    let Some(input) = package.part(MANIFEST)? else { return Ok(()) };
    let mut xml = Xml::new(input, MANIFEST, limits)?;
    loop {
        // What else is wrong with a manifest does not keep the document from being read.
        match xml.next() {
            Ok(Node::Start(element)) if element.is(Space::Manifest, "encryption-data") => {
                return Err(Problem::Encrypted);
            }
            Ok(Node::Eof) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
    }
}
