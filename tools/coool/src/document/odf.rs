//! Reads OpenDocument and the formats of OpenOffice.org 1: packages and flat files.
//!
//! OpenDocument 1.3, part 3, names 36 elements with an address (`xlink:href`) and the fields that
//! refer to a place in the document; `kinds` has them all.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Read, Seek};
use std::sync::Arc;

use crate::address::Base;
use crate::link::Place;

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
    walk_objects(&mut package, &mut walker, &mut problems, limits);
    let parts = package.names().cloned().collect();
    Ok(walker.into_content(problems, parts))
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
    walker.enter_part("", Role::Document, Place::default());
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
    walker.enter_part(part, role, Place::default());
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

/// Charts, formulas and documents within the document: their links stand where the object does.
fn walk_objects<R: Read + Seek>(
    package: &mut Package<R>,
    walker: &mut Walker,
    problems: &mut Vec<Problem>,
    limits: &Limits,
) {
    let places: HashMap<String, Place> = walker.take_object_places();
    let mut parts: Vec<Arc<str>> = package
        .names()
        .filter(|name| name.ends_with("/content.xml") || name.ends_with("/styles.xml"))
        .cloned()
        .collect();
    parts.sort();
    for part in parts {
        let folder = part.rsplit_once('/').map_or("", |(folder, _)| folder);
        let place = places.get(folder).cloned().unwrap_or_default();
        let result = package.part(&part).and_then(|input| {
            let Some(input) = input else { return Ok(()) };
            walker.enter_part(&part, Role::Object, place);
            walk(Xml::new(input, &part, limits)?, walker)
        });
        if let Err(problem) = result {
            problems.push(problem);
        }
    }
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
