//! Reads EPUB: pages of XHTML in a package (EPUB 3.3, and the NCX of EPUB 2).
//!
//! Proof: `tests/pages.rs::references_of_a_book_are_found_wherever_they_stand`

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{Read, Seek};
use std::sync::Arc;

use crate::address::{Base, Goal, Jump, decoded, goal};
use crate::link::{Kind, Link, Place};
use crate::targets::{Found, Speller, Targets};

use super::html;
use super::limits::Limits;
use super::package::{Package, composed};
use super::problem::Problem;
use super::xml::{Element, Node, Space, Xml};
use super::{Content, Links};

/// Reads a book: its pages in their order, then its contents.
pub(crate) fn read<R: Read + Seek>(
    package: Package<R>,
    limits: &Limits,
) -> Result<Content, Problem> {
    // Programs write `é` as one sign or as two, and not always as the package does.
    let mut package = package.with_spellings(composed);
    refuse_encrypted(&mut package, limits)?;
    let root = root(&mut package, limits)?;
    let book = book(&root, &mut package, limits)?;
    let parts = parts(&package);
    let mut reader = Reader {
        links: Links::new(limits),
        targets: Parts::default(),
        problems: Vec::new(),
        limits,
    };
    for item in &book {
        let result = match item.media.as_str() {
            "application/xhtml+xml" | "text/html" => reader.page(&mut package, &item.part),
            "application/x-dtbncx+xml" => reader.contents(&mut package, &item.part),
            _ if is_beside_the_pages(&item.media) => reader.proper_page(&mut package, &item.part),
            _ => Ok(()),
        };
        if let Err(problem) = result {
            reader.problems.push(problem);
        }
        if !parts.contains(&*composed(&item.part)) {
            reader.missing(&item.part)?;
        }
    }
    // What the book itself refers to: its guide, and what is linked beside its pages.
    if let Err(problem) = reader.proper_page(&mut package, &root) {
        reader.problems.push(problem);
    }
    Ok(Content {
        links: reader.links.into_vec(),
        targets: Box::new(reader.targets),
        problems: reader.problems,
        parts,
    })
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

/// The part that says what the book is made of.
fn root<R: Read + Seek>(package: &mut Package<R>, limits: &Limits) -> Result<Arc<str>, Problem> {
    const CONTAINER: &str = "META-INF/container.xml";
    let root = attribute(package, CONTAINER, "rootfile", "full-path", limits)?;
    root.map(Arc::from).ok_or_else(|| Problem::Damaged {
        part: CONTAINER.to_owned(),
        why: "it does not say where the book is".to_owned(),
    })
}

/// A file of the book.
struct Item {
    part: Arc<str>,
    media: String,
}

/// The files of the book: those of the spine in its order, then the others.
fn book<R: Read + Seek>(
    root: &str,
    package: &mut Package<R>,
    limits: &Limits,
) -> Result<Vec<Item>, Problem> {
    let folder: Arc<str> = root.rsplit_once('/').map_or("", |(folder, _)| folder).into();
    let mut xml = Xml::new(package.required(root)?, root, limits)?;
    let mut items: HashMap<String, Item> = HashMap::new();
    let mut order = Vec::new();
    let mut spine = Vec::new();
    loop {
        match xml.next()? {
            Node::Start(element) if element.is(Space::Opf, "item") => {
                let get = |name| element.get(Space::None, name).unwrap_or_default();
                if let Goal::Part { name, .. } = goal(&get("href"), &Base::Part(folder.clone())) {
                    order.push(get("id"));
                    items.insert(get("id"), Item { part: name.into(), media: get("media-type") });
                }
            }
            Node::Start(element) if element.is(Space::Opf, "itemref") => {
                spine.extend(element.get(Space::None, "idref"));
            }
            Node::Eof => break,
            _ => {}
        }
    }
    let all = spine.into_iter().chain(order);
    Ok(all.filter_map(|id| items.remove(&id)).collect())
}

/// The first value of an attribute of elements with a name.
fn attribute<R: Read + Seek>(
    package: &mut Package<R>,
    part: &str,
    local: &str,
    name: &str,
    limits: &Limits,
) -> Result<Option<String>, Problem> {
    let Some(input) = package.part(part)? else { return Ok(None) };
    let mut xml = Xml::new(input, part, limits)?;
    loop {
        match xml.next()? {
            Node::Start(element) if element.local() == local => {
                if let Some(value) = element.get(Space::None, name) {
                    return Ok(Some(value));
                }
            }
            Node::Eof => return Ok(None),
            _ => {}
        }
    }
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

struct Reader<'limits> {
    links: Links,
    targets: Parts,
    problems: Vec<Problem>,
    limits: &'limits Limits,
}

impl Reader<'_> {
    /// A page; where it is no proper XML, the links are taken from it as browsers would.
    fn page<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        part: &Arc<str>,
    ) -> Result<(), Problem> {
        let first = self.links.as_mut_slice().len();
        let Err(problem) = self.proper_page(package, part) else { return Ok(()) };
        let Problem::Damaged { .. } = problem else { return Err(problem) };
        let Some(bytes) = package.bytes(part, self.limits.part)? else { return Ok(()) };
        let text = String::from_utf8_lossy(&bytes);
        let content = html::read_text(&text, &base_of(part), self.limits)?;
        let known = self.links.as_mut_slice().len() - first;
        for mut link in content.links.into_iter().skip(known) {
            link.part = Arc::clone(part);
            link.place.line = None;
            self.links.push(link)?;
        }
        self.targets.names.entry(composed(part)).or_default().extend(html::names(&text));
        Err(problem)
    }

    fn proper_page<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        part: &Arc<str>,
    ) -> Result<(), Problem> {
        let Some(input) = package.part(part)? else { return Ok(()) };
        let mut xml = Xml::new(input, part, self.limits)?;
        let base = base_of(part);
        self.targets.names.entry(composed(part)).or_default();
        let mut heading: Option<Arc<str>> = None;
        let mut collected = String::new();
        let mut open: Vec<Ends> = Vec::new();
        loop {
            match xml.next()? {
                Node::Start(element) => {
                    if let Some(id) = element.get(Space::None, "id") {
                        self.targets.names.entry(composed(part)).or_default().insert(id);
                    }
                    let is_heading =
                        matches!(element.local(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
                    if is_heading {
                        collected.clear();
                        open.push(Ends::Heading);
                        continue;
                    }
                    let number = self.element(&element, part, &base, heading.as_ref())?;
                    open.push(number.map_or(Ends::Nothing, Ends::Link));
                }
                Node::End => {
                    if open.pop() == Some(Ends::Heading) && !collected.trim().is_empty() {
                        heading = Some(Arc::from(collected.trim()));
                    }
                }
                Node::Text(text) => {
                    for ends in &open {
                        if let Ends::Link(number) = ends {
                            self.links.as_mut_slice()[*number].text.push_str(text);
                        }
                    }
                    collected.push_str(text);
                }
                Node::Eof => return Ok(()),
            }
        }
    }

    /// The link of an element, whose words are to be collected.
    fn element(
        &mut self,
        element: &Element,
        part: &Arc<str>,
        base: &Base,
        heading: Option<&Arc<str>>,
    ) -> Result<Option<usize>, Problem> {
        if element.is(Space::Xhtml, "video") {
            self.take(element, (Kind::ImageSource, Space::None, "poster"), part, base, heading)?;
        }
        leads(element).map_or(Ok(None), |lead| self.take(element, lead, part, base, heading))
    }

    /// The link of an attribute, where the element has it.
    fn take(
        &mut self,
        element: &Element,
        (kind, space, name): Lead,
        part: &Arc<str>,
        base: &Base,
        heading: Option<&Arc<str>>,
    ) -> Result<Option<usize>, Problem> {
        let Some(value) = element.value(space, name) else { return Ok(None) };
        let goal = match goal(&value.text, base) {
            Goal::Inside(Jump::Fragment(fragment)) => {
                Goal::Part { name: part.to_string(), fragment: Some(fragment) }
            }
            goal => goal,
        };
        let spot = value.spot(part);
        let place = Place { heading: heading.cloned(), ..Place::default() };
        let text = element.get(Space::None, "alt").unwrap_or_default();
        let link = Link { address: value.text, goal, kind, text, place, part: part.clone(), spot };
        self.links.push(link)?;
        Ok(Some(self.links.as_mut_slice().len() - 1))
    }

    /// The contents of EPUB 2: `content src` under the words of a `navLabel`.
    fn contents<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        part: &Arc<str>,
    ) -> Result<(), Problem> {
        let Some(input) = package.part(part)? else { return Ok(()) };
        let mut xml = Xml::new(input, part, self.limits)?;
        let base = base_of(part);
        let mut words = String::new();
        loop {
            match xml.next()? {
                Node::Start(element) if element.is(Space::Ncx, "navLabel") => words.clear(),
                Node::Start(element) if element.is(Space::Ncx, "content") => {
                    let Some(value) = element.value(Space::None, "src") else { continue };
                    let goal = goal(&value.text, &base);
                    let spot = value.spot(part);
                    self.links.push(Link {
                        address: value.text,
                        goal,
                        kind: Kind::Outline,
                        text: words.trim().to_owned(),
                        place: Place::default(),
                        part: Arc::clone(part),
                        spot,
                    })?;
                }
                Node::Text(text) => words.push_str(text),
                Node::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    /// A file that the book lists and does not have.
    fn missing(&mut self, part: &Arc<str>) -> Result<(), Problem> {
        self.links.push(Link {
            address: part.to_string(),
            goal: Goal::Part { name: part.to_string(), fragment: None },
            kind: Kind::Other,
            text: String::new(),
            place: Place::default(),
            part: Arc::from(""),
            spot: None,
        })
    }
}

/// What an attribute shows, and its name.
type Lead = (Kind, Space, &'static str);

/// The attribute by which an element refers to something, in pages, pictures, overlays, the words of
/// a dictionary and the book itself.
fn leads(element: &Element) -> Option<Lead> {
    Some(match (element.space, element.local()) {
        (Space::Xhtml, "a") => (Kind::Text, Space::None, "href"),
        (Space::Xhtml, "area") => (Kind::ImageMap, Space::None, "href"),
        (Space::Xhtml, "img" | "input") => (Kind::ImageSource, Space::None, "src"),
        (Space::Xhtml, "link") => (Kind::Template, Space::None, "href"),
        (Space::Xhtml, "audio" | "video" | "source" | "track" | "embed") => {
            (Kind::Media, Space::None, "src")
        }
        (Space::Xhtml, "script") => (Kind::Other, Space::None, "src"),
        (Space::Xhtml, "blockquote" | "q" | "ins" | "del") => (Kind::Citation, Space::None, "cite"),
        (Space::Xhtml, "iframe") => (Kind::FrameSource, Space::None, "src"),
        (Space::Xhtml, "object") => (Kind::Object, Space::None, "data"),
        (Space::Opf, "reference") => (Kind::Outline, Space::None, "href"),
        (Space::Opf, "link") => (Kind::Other, Space::None, "href"),
        (Space::Xhtml | Space::Opf, _) => return None,
        (_, "image" | "use") => (Kind::ImageSource, Space::Xlink, "href"),
        (_, "a") => (Kind::Text, Space::Xlink, "href"),
        // Media overlays: the place in the page, and what is heard there.
        (_, "text") => (Kind::Outline, Space::None, "src"),
        (_, "audio") => (Kind::Media, Space::None, "src"),
        (_, "match") => (Kind::Outline, Space::None, "href"),
        _ => return None,
    })
}

/// What ends with an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Nothing,
    Heading,
    Link(usize),
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
