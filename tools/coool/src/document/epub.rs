//! Reads EPUB: pages of XHTML in a package (EPUB 3.3, and the NCX of EPUB 2).
//!
//! Proof: `tests/books.rs::references_of_a_book_are_found_wherever_they_stand`,
//! `tests/books.rs::all_renditions_of_a_book_are_read`

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

use crate::address::{Base, Goal, Jump, decoded, goal};
use crate::link::{Kind, Link, Place};
use crate::targets::{Found, Speller, Targets};

use super::Content;
use super::limits::Limits;
use super::package::{Package, composed};
use super::problem::Problem;
use super::xml::{Node, Space, Xml};

mod leads;
mod page;

use page::Reader;

/// Reads a book in all its renditions: the pages of each in their order, then its contents.
pub(crate) fn read<R: Read + Seek>(
    package: Package<R>,
    limits: &Limits,
) -> Result<Content, Problem> {
    // Programs write `é` as one sign or as two, and not always as the package does.
    let mut package = package.with_spellings(composed);
    refuse_encrypted(&mut package, limits)?;
    let container = container(&mut package, limits)?;
    let parts = parts(&package);
    let mut reader = Reader::new(limits);
    for (number, root) in container.books.iter().enumerate() {
        let result = read_book(root, &mut reader, &mut package, &parts, limits);
        match result {
            Err(problem) if number == 0 => return Err(problem),
            Err(problem) => reader.problems.push(problem),
            Ok(()) => {}
        }
    }
    for item in &container.items {
        read_item(item, &mut reader, &mut package, &parts)?;
    }
    reader.sheets_to_come(&mut package);
    Ok(Content {
        links: reader.links.into_vec(),
        targets: Box::new(reader.targets),
        problems: reader.problems,
        parts,
    })
}

/// Reads one rendition. What several have in common is read once.
fn read_book<R: Read + Seek>(
    root: &Arc<str>,
    reader: &mut Reader,
    package: &mut Package<R>,
    parts: &HashSet<Arc<str>>,
    limits: &Limits,
) -> Result<(), Problem> {
    let Book { items, others } = book(root, package, limits)?;
    for item in &items {
        read_item(item, reader, package, parts)?;
    }
    // What the book itself refers to: its guide, and what is linked beside its pages.
    let result = reader.proper_page(package, root);
    reader.note(result);
    for link in others {
        reader.links.push(link)?;
    }
    Ok(())
}

fn read_item<R: Read + Seek>(
    item: &Item,
    reader: &mut Reader,
    package: &mut Package<R>,
    parts: &HashSet<Arc<str>>,
) -> Result<(), Problem> {
    if !reader.seen.insert(composed(&item.part)) {
        return Ok(());
    }
    let result = match item.media.as_str() {
        "application/xhtml+xml" | "text/html" => reader.any_page(package, &item.part),
        "application/x-dtbncx+xml" => reader.contents(package, &item.part),
        "text/css" => reader.sheet(package, &item.part),
        _ if is_beside_the_pages(&item.media) => reader.proper_page(package, &item.part),
        _ => Ok(()),
    };
    reader.note(result);
    if parts.contains(&*composed(&item.part)) {
        return Ok(());
    }
    let goal = Goal::Part { name: item.part.to_string(), fragment: None };
    reader.links.push(listed(Kind::Other, item.part.to_string(), goal, ""))
}

/// What a book lists, which stands nowhere on a page.
fn listed(kind: Kind, address: String, goal: Goal, part: &str) -> Link {
    let (place, part, text) = (Place::default(), part.into(), String::new());
    Link { address, goal, kind, text, place, part, spot: None }
}

/// Pictures with links, what is read aloud beside a page, and the words of a dictionary.
fn is_beside_the_pages(media: &str) -> bool {
    const KINDS: &[&str] =
        &["image/svg+xml", "application/smil+xml", "application/vnd.epub.search-key-map+xml"];
    KINDS.contains(&media)
}

/// The parts of a package, and the same names with their letters put together.
fn parts<R: Read + Seek>(package: &Package<R>) -> HashSet<Arc<str>> {
    let composed = package.names().map(|name| Arc::from(composed(name)));
    package.names().cloned().chain(composed).collect()
}

/// What a package says that it holds (EPUB Open Container Format 3.3, section 4.2.6.3).
struct Container {
    /// The parts that say what the book is made of: one for each of its renditions.
    books: Vec<Arc<str>>,
    /// Renditions that are no books, such as a PDF, and what tells which place of one is which of
    /// another.
    items: Vec<Item>,
}

fn container<R: Read + Seek>(
    package: &mut Package<R>,
    limits: &Limits,
) -> Result<Container, Problem> {
    const CONTAINER: &str = "META-INF/container.xml";
    let mut xml = Xml::new(package.required(CONTAINER)?, CONTAINER, limits)?;
    let mut found = Container { books: Vec::new(), items: Vec::new() };
    loop {
        match xml.next()? {
            Node::Start(element) if matches!(element.local(), "rootfile" | "link") => {
                let get = |name| element.get(Space::None, name);
                let is_link = element.local() == "link";
                let part = if is_link { linked(get("href")) } else { get("full-path") };
                let Some(part) = part else { continue };
                let media = get("media-type").unwrap_or_default();
                let is_typed = matches!(&*media, "" | "application/oebps-package+xml");
                // Some programs state another type.
                let is_named = Path::new(&part).extension().is_some_and(|ending| ending == "opf");
                let is_book = (is_typed || is_named) && !is_link;
                let part: Arc<str> = part.into();
                if !is_book {
                    found.items.push(Item { part, media });
                } else if !found.books.contains(&part) {
                    found.books.push(part);
                }
            }
            Node::Eof if found.books.is_empty() => {
                return Err(Problem::Damaged {
                    part: CONTAINER.to_owned(),
                    why: "it does not say where the book is".to_owned(),
                });
            }
            Node::Eof => return Ok(found),
            _ => {}
        }
    }
}

/// The part that an address in the container names.
fn linked(address: Option<String>) -> Option<String> {
    match goal(&address?, &base_of("")) {
        Goal::Part { name, .. } => Some(name),
        _ => None,
    }
}

/// A file of the book.
struct Item {
    part: Arc<str>,
    media: String,
}

/// What a book is made of.
struct Book {
    /// Its files: those of the spine in its order, then the others.
    items: Vec<Item>,
    /// Files that lie elsewhere, and names of files that are none.
    others: Vec<Link>,
}

fn book<R: Read + Seek>(
    root: &str,
    package: &mut Package<R>,
    limits: &Limits,
) -> Result<Book, Problem> {
    let base = base_of(root);
    let mut xml = Xml::new(package.required(root)?, root, limits)?;
    let mut items: HashMap<String, Item> = HashMap::new();
    let mut known: HashSet<String> = HashSet::new();
    let (mut order, mut spine, mut named) = (Vec::new(), Vec::new(), Vec::new());
    let mut others = Vec::new();
    loop {
        match xml.next()? {
            Node::Start(element) if element.space == Space::Opf => {
                named.extend(leads::ids(&element));
                let get = |name| element.get(Space::None, name).unwrap_or_default();
                if element.local() == "itemref" {
                    spine.extend(leads::id(&element, "idref"));
                }
                if element.local() != "item" {
                    continue;
                }
                let (id, address) = (leads::id(&element, "id").unwrap_or_default(), get("href"));
                known.insert(id.clone());
                match goal(&address, &base) {
                    Goal::Part { name, .. } => {
                        order.push(id.clone());
                        items.insert(id, Item { part: name.into(), media: get("media-type") });
                    }
                    goal => others.push(listed(Kind::Other, address, goal, root)),
                }
            }
            Node::Eof => break,
            _ => {}
        }
    }
    named.retain(|id| !known.contains(id));
    others.extend(named.into_iter().map(|id| {
        let why = format!("no file of the book has the id `{id}`");
        listed(Kind::Reference, id, Goal::Malformed(why), root)
    }));
    let all = spine.into_iter().chain(order);
    Ok(Book { items: all.filter_map(|id| items.remove(&id)).collect(), others })
}

/// Fonts may be disguised; anything else needs a key.
fn refuse_encrypted<R: Read + Seek>(
    package: &mut Package<R>,
    limits: &Limits,
) -> Result<(), Problem> {
    const ENCRYPTION: &str = "META-INF/encryption.xml";
    const DISGUISES: &[&str] =
        &["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"];
    let Some(input) = package.part(ENCRYPTION)? else { return Ok(()) };
    let mut xml = Xml::new(input, ENCRYPTION, limits)?;
    loop {
        match xml.next()? {
            Node::Start(element) if element.local() == "EncryptionMethod" => {
                let method = element.get(Space::None, "Algorithm").unwrap_or_default();
                if !DISGUISES.contains(&method.as_str()) {
                    return Err(Problem::Encrypted);
                }
            }
            Node::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn base_of(part: &str) -> Base {
    let folder = part.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    Base::Part(folder.into())
}

/// The named places of each page; a jump is written `page#place`.
#[derive(Debug, Default)]
struct Parts {
    names: HashMap<String, BTreeSet<String>>,
}

impl Targets for Parts {
    fn find(&self, jump: &Jump, speller: &Speller) -> Found {
        let Jump::Fragment(fragment) = jump else { return Found::Unknown };
        // The name of a part may hold a `#`, too.
        let (part, name) = fragment.rsplit_once('#').unwrap_or((fragment, ""));
        let name = decoded(name);
        if name.is_empty() || is_no_name(&name) {
            return Found::Yes;
        }
        let Some(names) = self.names.get(&composed(part)) else { return Found::Unknown };
        if names.contains(&name) {
            return Found::Yes;
        }
        let near = speller.nearest(&name, names.iter().map(String::as_str));
        Found::No { reason: format!("no place in `{part}` is called `{name}`"), nearest: near }
    }
}

/// What stands behind `#` and is no name: a place in a book, a piece of a picture or of a sound (EPUB
/// Canonical Fragment Identifiers 1.1; Media Fragments URI 1.0; EPUB Region-Based Navigation 1.0,
/// whose books in use write `xyn=` for regions with more corners than four; SVG 2, section 16.3).
fn is_no_name(fragment: &str) -> bool {
    ["epubcfi(", "xywh=", "xyn=", "t=", "track=", "svgView(", "viewBox(", "xpointer("]
        .iter()
        .any(|beginning| fragment.starts_with(beginning))
}
