//! Reads PDF: the links on its pages and its outline (ISO 32000-1, sections 12.3, 12.5 and 12.6).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use hayro_syntax::object::{Array, Dict, Name, Object, ObjectIdentifier, String as PdfString};
use hayro_syntax::page::Page as PdfPage;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use crate::address::{Base, Goal, Jump, decoded, goal};
use crate::link::{Kind, Link, Page, Place};
use crate::targets::{Found, Speller, Targets};

use super::limits::{Bound, Limits};
use super::problem::Problem;
use super::{Content, Links};

mod bombs;
mod words;

use words::Words;

/// Reads a document. The parser works on a stack of its own: what is nested deeply is not allowed
/// to end the program.
pub(crate) fn read(bytes: Vec<u8>, limits: &Limits) -> Result<Content, Problem> {
    const STACK: usize = 256 << 20;
    bombs::refuse(&bytes, limits)?;
    let limits = limits.clone();
    let reader = std::thread::Builder::new().stack_size(STACK);
    let reader = reader.spawn(move || read_checked(bytes, &limits));
    let reader = reader.map_err(|error| Problem::Io(error.to_string()))?;
    // The parser is somebody else's: where it panics, the document is at fault, not the run.
    reader.join().unwrap_or_else(|_| Err(damaged("the parser gave up")))
}

fn damaged(why: &str) -> Problem {
    Problem::Damaged { part: String::new(), why: why.to_owned() }
}

fn read_checked(bytes: Vec<u8>, limits: &Limits) -> Result<Content, Problem> {
    let pdf = Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(
            DecryptionError::PasswordProtected | DecryptionError::UnsupportedAlgorithm,
        ) => Problem::Encrypted,
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => {
            damaged("it has no proper structure")
        }
    })?;
    let catalog: Dict =
        pdf.xref().get(pdf.xref().root_id()).ok_or_else(|| damaged("it has no catalogue"))?;
    let mut pages = HashMap::new();
    for (page, number) in pdf.pages().iter().zip(1..) {
        pages.extend(page.raw().obj_id().map(|id| (id, number)));
    }
    let count = u32::try_from(pdf.pages().len()).unwrap_or(u32::MAX);
    let mut destinations = Names::default();
    destinations.read_dictionary(&catalog);
    destinations.read_tree("Dests", &catalog, limits);
    let mut files = Names::default();
    files.read_tree("EmbeddedFiles", &catalog, limits);
    let mut reader = Reader {
        links: Links::new(limits),
        base: base(&catalog),
        pages,
        count,
        named: destinations.names,
        files: files.names,
    };
    let mut words = Words::new(pdf.xref());
    for (page, number) in pdf.pages().iter().zip(1..) {
        reader.page(page, number, &mut words)?;
    }
    reader.outline(&catalog)?;
    let mut problems = Vec::new();
    if destinations.cut {
        problems.push(Problem::Limit(Bound::Links, limits.links));
    }
    if count == 0 {
        problems.push(damaged("it has no pages"));
    }
    Ok(Content {
        links: reader.links.into_vec(),
        targets: Box::new(PdfTargets { count, named: reader.named }),
        problems,
        parts: HashSet::new(),
    })
}

/// What relative addresses are relative to, where the document says so.
fn base(catalog: &Dict) -> Base {
    let stated = catalog.get::<Dict>("URI").and_then(|uri| uri.get::<PdfString>("Base"));
    match stated.map(|base| text(&base)) {
        Some(base) if !base.is_empty() => Base::Stated(base),
        _ => Base::Folder,
    }
}

struct Reader {
    links: Links,
    base: Base,
    /// The number of each page, by its object.
    pages: HashMap<ObjectIdentifier, u32>,
    count: u32,
    named: BTreeSet<String>,
    /// The names of the files that the document holds.
    files: BTreeSet<String>,
}

impl Reader {
    /// The links and buttons of a page.
    fn page<'pdf>(
        &mut self,
        page: &PdfPage<'pdf>,
        number: u32,
        words: &mut Words<'pdf>,
    ) -> Result<(), Problem> {
        let Some(annotations) = page.raw().get::<Array>("Annots") else { return Ok(()) };
        let mut silent = Vec::new();
        for annotation in annotations.iter::<Dict>() {
            let subtype = annotation.get::<Name>("Subtype");
            let kind = match subtype.as_ref().map(Name::as_str) {
                Some("Link") => Kind::Text,
                Some("Widget") => Kind::Button,
                _ => continue,
            };
            let stored = annotation.get::<PdfString>("Contents").map(|words| text(&words));
            let place = Place { page: Some(Page::Exact(number)), ..Place::default() };
            let before = self.links.as_mut_slice().len();
            self.lead(&annotation, kind, stored.unwrap_or_default(), &place)?;
            let added = self.links.as_mut_slice().get(before);
            if added.is_some_and(|link| kind == Kind::Text && link.text.is_empty()) {
                silent.push((before, annotation));
            }
        }
        self.give_words(page, &silent, words);
        Ok(())
    }

    /// Links whose words the document has not stored have those that they lie on.
    fn give_words<'pdf>(
        &mut self,
        page: &PdfPage<'pdf>,
        silent: &[(usize, Dict<'pdf>)],
        words: &mut Words<'pdf>,
    ) {
        if silent.is_empty() {
            return;
        }
        let links: Vec<Dict> = silent.iter().map(|(_, link)| link.clone()).collect();
        for ((number, _), words) in silent.iter().zip(words.below(page, &links)) {
            self.links.as_mut_slice()[*number].text = words;
        }
    }

    /// What a link or an entry of the outline leads to: a destination, or an action.
    fn lead(
        &mut self,
        from: &Dict,
        kind: Kind,
        words: String,
        place: &Place,
    ) -> Result<(), Problem> {
        let lead = match (from.get::<Object>("Dest"), from.get::<Dict>("A")) {
            (Some(destination), _) => Some(self.destination(&destination)),
            (None, Some(action)) => self.action(&action),
            (None, None) => None,
        };
        let Some((address, goal)) = lead else { return Ok(()) };
        let part = Arc::from("");
        let place = place.clone();
        self.links.push(Link { address, goal, kind, text: words, place, part, spot: None })
    }

    fn action(&self, action: &Dict) -> Option<(String, Goal)> {
        match action.get::<Name>("S")?.as_str() {
            "URI" => {
                let address = text(&action.get::<PdfString>("URI")?);
                let goal = goal(&address, &self.base);
                Some((address, goal))
            }
            "GoTo" => Some(self.destination(&action.get::<Object>("D")?)),
            "GoToR" => {
                let path = file(&action.get::<Object>("F")?)?;
                let place = action.get::<Object>("D").and_then(|place| remote_place(&place));
                let end = place.as_ref().map_or(String::new(), |place| format!("#{place}"));
                Some((format!("{path}{end}"), Goal::File { path, fragment: place }))
            }
            "GoToE" => Some(self.embedded(action)),
            "Launch" | "JavaScript" => Some((String::new(), Goal::Action)),
            "Named" => Some((String::new(), Goal::Inside(Jump::Neighbour))),
            _ => None,
        }
    }

    /// A place in a file that the document holds, or that holds the document.
    fn embedded(&self, action: &Dict) -> (String, Goal) {
        if let Some(path) = action.get::<Object>("F").and_then(|holder| file(&holder)) {
            return (path.clone(), Goal::File { path, fragment: None });
        }
        let target = action.get::<Dict>("T");
        let name = target.and_then(|target| target.get::<PdfString>("N")).map(|name| text(&name));
        let Some(name) = name else {
            return (String::new(), Goal::Scheme("a file within a file".to_owned()));
        };
        let goal = if self.files.contains(&name) {
            Goal::Inside(Jump::Neighbour)
        } else {
            Goal::Malformed(format!("the document holds no file called `{name}`"))
        };
        (name, goal)
    }

    /// A page and a place on it, or the name of such a place.
    fn destination(&self, destination: &Object) -> (String, Goal) {
        match destination {
            Object::Array(place) => self.explicit(place),
            Object::String(name) => named(text(name)),
            Object::Name(name) => named(name.as_str().to_owned()),
            _ => (String::new(), Goal::Nothing),
        }
    }

    fn explicit(&self, place: &Array) -> (String, Goal) {
        let first = place.raw_iter().next();
        if let Some(page) = first.and_then(|page| page.as_obj_ref()) {
            let id = ObjectIdentifier::new(page.obj_number, page.gen_number);
            return match self.pages.get(&id) {
                Some(number) => page_number(*number),
                None => (
                    String::new(),
                    Goal::Malformed("the page that it leads to is not in the document".to_owned()),
                ),
            };
        }
        match place.iter::<Object>().next() {
            // Some programs write the number of the page, from 0.
            Some(Object::Number(number)) => {
                let number = number.as_f64();
                let last = f64::from(self.count);
                if (0.0..last).contains(&number) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "it is within the pages"
                    )]
                    page_number(number as u32 + 1)
                } else {
                    let why = format!("there is no such page: the last is page {}", self.count);
                    (String::new(), Goal::Malformed(why))
                }
            }
            _ => {
                let why = "the page that it leads to is gone".to_owned();
                (String::new(), Goal::Malformed(why))
            }
        }
    }

    /// The outline: a tree of entries, each with the next one beside it. Hostile ones run in
    /// circles.
    fn outline(&mut self, catalog: &Dict) -> Result<(), Problem> {
        let mut seen = HashSet::new();
        let root = catalog.get::<Dict>("Outlines");
        let mut waiting: Vec<Dict> = root.and_then(|root| root.get("First")).into_iter().collect();
        while let Some(entry) = waiting.pop() {
            if !entry.obj_id().is_some_and(|id| seen.insert(id)) {
                continue;
            }
            let words = entry.get::<PdfString>("Title").map(|title| text(&title));
            self.lead(&entry, Kind::Outline, words.unwrap_or_default(), &Place::default())?;
            waiting.extend(entry.get::<Dict>("Next"));
            waiting.extend(entry.get::<Dict>("First"));
        }
        Ok(())
    }
}

fn page_number(number: u32) -> (String, Goal) {
    (format!("#page={number}"), Goal::Inside(Jump::Page(number)))
}

fn named(name: String) -> (String, Goal) {
    (format!("#{name}"), Goal::Inside(Jump::Fragment(name)))
}

/// A file as an action names it: a path, or a dictionary with one.
fn file(specification: &Object) -> Option<String> {
    let path = match specification {
        Object::String(path) => text(path),
        Object::Dict(file) => {
            let path = file.get::<PdfString>("UF").or_else(|| file.get::<PdfString>("F"))?;
            text(&path)
        }
        _ => return None,
    };
    (!path.is_empty()).then_some(path)
}

/// A place in another file: the number of its page, from 0, or a name.
fn remote_place(place: &Object) -> Option<String> {
    match place {
        Object::String(name) => Some(text(name)),
        Object::Name(name) => Some(name.as_str().to_owned()),
        Object::Array(array) => match array.iter::<Object>().next()? {
            Object::Number(number) => Some(format!("page={}", number.as_f64() + 1.0)),
            _ => None,
        },
        _ => None,
    }
}

/// Names of places or files, from the dictionary of PDF 1.1 and the trees of PDF 1.2.
#[derive(Default)]
struct Names {
    names: BTreeSet<String>,
    cut: bool,
}

impl Names {
    fn read_dictionary(&mut self, catalog: &Dict) {
        if let Some(names) = catalog.get::<Dict>("Dests") {
            self.names.extend(names.keys().map(|name| name.as_str().to_owned()));
        }
    }

    fn read_tree(&mut self, kind: &str, catalog: &Dict, limits: &Limits) {
        let tree = catalog.get::<Dict>("Names").and_then(|names| names.get::<Dict>(kind));
        let mut seen = HashSet::new();
        let mut waiting: Vec<Dict> = tree.into_iter().collect();
        while let Some(node) = waiting.pop() {
            if let Some(id) = node.obj_id()
                && !seen.insert(id)
            {
                continue;
            }
            if let Some(pairs) = node.get::<Array>("Names") {
                let names = pairs.iter::<Object>().step_by(2);
                self.names.extend(names.filter_map(|name| match name {
                    Object::String(name) => Some(text(&name)),
                    _ => None,
                }));
            }
            if self.names.len() as u64 > limits.links {
                self.cut = true;
                return;
            }
            if let Some(kids) = node.get::<Array>("Kids") {
                // A kid that stands in the array itself has no number by which a circle would show.
                waiting.extend(kids.iter::<Dict>().filter(|kid| kid.obj_id().is_some()));
            }
        }
    }
}

/// A text string: UTF-16 or UTF-8 by its byte order mark, otherwise `PDFDocEncoding`, of which the
/// letters of Latin-1 are taken (ISO 32000-1, section 7.9.2.2; UTF-8 is of ISO 32000-2).
fn text(string: &PdfString) -> String {
    match string.as_bytes() {
        [0xFE, 0xFF, rest @ ..] => {
            let units = rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')).collect()
        }
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        },
    }
}

/// Pages and named places.
#[derive(Debug)]
struct PdfTargets {
    count: u32,
    named: BTreeSet<String>,
}

impl Targets for PdfTargets {
    fn find(&self, jump: &Jump, speller: &Speller) -> Found {
        match jump {
            Jump::Neighbour => Found::Yes,
            Jump::Page(number) => self.find_page(f64::from(*number)),
            Jump::Fragment(fragment) => self.find_fragment(fragment, speller),
            Jump::Named(..) => Found::Unknown,
        }
    }
}

impl PdfTargets {
    /// `page=3`, `nameddest=Costs`, several joined by `&`, or a name alone (RFC 8118).
    fn find_fragment(&self, fragment: &str, speller: &Speller) -> Found {
        let name = decoded(fragment);
        if name.is_empty() || self.named.contains(&name) {
            return Found::Yes;
        }
        for parameter in name.split('&') {
            match parameter.split_once('=') {
                Some(("page", number)) => {
                    return self.find_page(number.parse().unwrap_or(0.0));
                }
                Some(("nameddest", name)) => return self.find_name(name, speller),
                _ => {}
            }
        }
        if name.contains('=') { Found::Yes } else { self.find_name(&name, speller) }
    }

    fn find_name(&self, name: &str, speller: &Speller) -> Found {
        if self.named.contains(name) {
            return Found::Yes;
        }
        let near = speller.nearest(name, self.named.iter().map(String::as_str));
        Found::No { reason: format!("no place is called `{name}`"), nearest: near }
    }

    fn find_page(&self, number: f64) -> Found {
        if (1.0..=f64::from(self.count)).contains(&number) {
            return Found::Yes;
        }
        Found::No {
            reason: format!("there is no page {number}: the last is page {}", self.count),
            nearest: None,
        }
    }
}
