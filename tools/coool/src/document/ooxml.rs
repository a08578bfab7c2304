//! Reads Office Open XML: texts, presentations and sheets (ECMA-376; transitional and strict).

use std::collections::HashMap;
use std::io::{Read, Seek};
use std::sync::Arc;

use super::Content;
use super::limits::Limits;
use super::package::Package;
use super::problem::Problem;
use super::xml::{Node, Space, Xml};
use crate::link::Place;

mod beside;
mod fields;
mod presentation;
mod relationships;
mod sheets;
mod targets;
mod word;

use beside::Depth;
use relationships::{Properties, Relationships};

/// The part that a package is about, and what is known before it is read.
struct Main {
    depth: Depth,
    part: Arc<str>,
    relationships: Relationships,
    properties: Properties,
}

/// The part that says what the others are.
const TYPES: &str = "[Content_Types].xml";

/// Whether a package is one of Office Open XML.
pub(crate) fn is_one<R: Read + Seek>(package: &Package<R>) -> bool {
    package.names().any(|name| name.eq_ignore_ascii_case(TYPES))
}

/// Reads a package; its relationships say what it is, not its name.
pub(crate) fn read<R: Read + Seek>(
    package: Package<R>,
    limits: &Limits,
) -> Result<Content, Problem> {
    read_deep(package, Depth::Outermost, limits)
}

fn read_deep<R: Read + Seek>(
    package: Package<R>,
    depth: Depth,
    limits: &Limits,
) -> Result<Content, Problem> {
    // Names of parts are the same in capitals and in small letters (ECMA-376, part 2, section 6.2.2).
    let mut package = package.with_spellings(str::to_ascii_lowercase);
    let root = Relationships::of("", &mut package, limits)?;
    let main = root.first("officeDocument").ok_or_else(|| Problem::Damaged {
        part: String::new(),
        why: "the package does not say where its document is".to_owned(),
    })?;
    let properties = root.first("extended-properties").or(root.first("extendedProperties"));
    let main = Main {
        depth,
        part: Arc::from(main),
        relationships: Relationships::of(main, &mut package, limits)?,
        properties: Properties::read(properties, &mut package, limits),
    };
    let content_type = content_type(&mut package, &main.part, limits)?.unwrap_or_default();
    let is_of = |names: &[&str]| names.iter().any(|name| content_type.contains(name));
    // A sheet of this kind is no XML.
    if is_of(&["sheet.binary"]) {
        Err(Problem::Older)
    } else if is_of(&["wordprocessingml", "ms-word"]) {
        Ok(word::read(package, &main, limits))
    } else if is_of(&["presentationml", "ms-powerpoint"]) {
        presentation::read(package, &main, limits)
    } else if is_of(&["spreadsheetml", "ms-excel"]) {
        sheets::read(package, &main, limits)
    } else {
        Err(Problem::Unknown)
    }
}

/// What has been read already.
struct HaveRead {
    /// The parts, and where in the document they stand.
    parts: Vec<(String, Place)>,
    /// The number of each slide, by its part.
    slides: HashMap<String, u32>,
}

/// The content with what stands beside these parts, which have been read.
fn with_what_is_beside<R: Read + Seek>(
    mut content: Content,
    read: HaveRead,
    package: &mut Package<R>,
    main: &Main,
    limits: &Limits,
) -> Content {
    let base = main.properties.address_base();
    let known = content.links.iter().filter_map(|link| Some(link.spot.as_ref()?.key())).collect();
    let (links, problems) = beside::read(package, read, known, &base, main.depth, limits);
    content.links.extend(links);
    content.problems.extend(problems);
    content
}

/// What the package says that a part is, in small letters: for the part itself, or for all with its
/// ending (ECMA-376, part 2, section 7.2.3).
fn content_type<R: Read + Seek>(
    package: &mut Package<R>,
    part: &str,
    limits: &Limits,
) -> Result<Option<String>, Problem> {
    let Some(input) = package.part(TYPES)? else { return Ok(None) };
    let mut xml = Xml::new(input, TYPES, limits)?;
    let mut by_ending = None;
    loop {
        match xml.next()? {
            Node::Start(element) => {
                let get = |name| element.get(Space::None, name).unwrap_or_default();
                let given = get("ContentType").to_ascii_lowercase();
                let is_part = get("PartName").trim_start_matches('/').eq_ignore_ascii_case(part);
                match element.local() {
                    "Override" if is_part => return Ok(Some(given)),
                    "Default" if is_ending(part, &get("Extension")) => by_ending = Some(given),
                    _ => {}
                }
            }
            Node::Eof => return Ok(by_ending),
            _ => {}
        }
    }
}

fn is_ending(part: &str, ending: &str) -> bool {
    part.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(ending))
}
