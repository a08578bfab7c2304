//! Reads the pages of a book and what stands beside them: pictures, overlays, contents, style sheets.
//!
//! Proof: `tests/styles.rs::what_style_sheets_load_is_found`

use std::collections::{HashSet, VecDeque};
use std::io::{Read, Seek};
use std::sync::Arc;

use crate::address::{Base, Goal, Jump, goal};
use crate::document::limits::{Bound, Limits};
use crate::document::package::{Package, composed};
use crate::document::problem::Problem;
use crate::document::xml::{Element, Node, Space, Xml};
use crate::document::{Links, css, html};
use crate::link::{Class, Kind, Link, Place};

use super::leads::{Lead, leads};
use super::{Parts, base_of};

/// What has been read so far.
pub(super) struct Reader<'limits> {
    pub(super) links: Links,
    pub(super) targets: Parts,
    pub(super) problems: Vec<Problem>,
    /// The parts that have been read.
    pub(super) seen: HashSet<String>,
    /// Style sheets that pages and other sheets load, whether the book lists them or not.
    sheets: VecDeque<Arc<str>>,
    limits: &'limits Limits,
}

/// A page as far as it has been read.
struct Page {
    part: Arc<str>,
    base: Base,
    heading: Option<Arc<str>>,
    /// The text since a heading began.
    collected: String,
    /// The style sheet at hand.
    sheet: String,
    open: Vec<Ends>,
}

/// What ends with an element.
#[derive(Clone, PartialEq, Eq)]
enum Ends {
    Nothing,
    Heading,
    Sheet,
    Links(Vec<usize>),
}

impl<'limits> Reader<'limits> {
    pub(super) fn new(limits: &'limits Limits) -> Self {
        Self {
            links: Links::new(limits),
            targets: Parts::default(),
            problems: Vec::new(),
            seen: HashSet::new(),
            sheets: VecDeque::new(),
            limits,
        }
    }

    /// What cannot be read of a book does not keep the rest from being read.
    pub(super) fn note(&mut self, result: Result<(), Problem>) {
        self.problems.extend(result.err());
    }

    /// The style sheets that are loaded and that the book does not list.
    pub(super) fn sheets_to_come<R: Read + Seek>(&mut self, package: &mut Package<R>) {
        while let Some(part) = self.sheets.pop_front() {
            if self.seen.insert(composed(&part)) {
                let result = self.sheet(package, &part);
                self.note(result);
            }
        }
    }

    /// A page; where it is no proper XML, the links are taken from it as browsers would.
    pub(super) fn any_page<R: Read + Seek>(
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

    pub(super) fn proper_page<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        part: &Arc<str>,
    ) -> Result<(), Problem> {
        let Some(input) = package.part(part)? else { return Ok(()) };
        let mut xml = Xml::new(input, part, self.limits)?;
        self.targets.names.entry(composed(part)).or_default();
        let mut page = Page::new(part);
        loop {
            match xml.next()? {
                Node::Start(element) => self.start(&element, &mut page)?,
                Node::End => self.end(&mut page)?,
                Node::Text(text) => self.text(text, &mut page)?,
                Node::Eof => return Ok(()),
            }
        }
    }

    fn start(&mut self, element: &Element, page: &mut Page) -> Result<(), Problem> {
        self.name(element, page);
        if let Some(style) = element.get(Space::None, "style") {
            self.styles(&style, page)?;
        }
        let ends = match (element.space, element.local()) {
            (_, "h1" | "h2" | "h3" | "h4" | "h5" | "h6") => {
                page.collected.clear();
                Ends::Heading
            }
            (Space::Xhtml | Space::Svg, "style") => {
                page.sheet.clear();
                Ends::Sheet
            }
            _ => self.leads(element, page)?,
        };
        page.open.push(ends);
        Ok(())
    }

    /// The places that an element is.
    fn name(&mut self, element: &Element, page: &Page) {
        let id = element.get(Space::None, "id").or_else(|| element.get(Space::Xml, "id"));
        // Browsers go by the name that was meant for this before there were ids.
        let is_anchor = element.is(Space::Xhtml, "a");
        let name = is_anchor.then(|| element.get(Space::None, "name")).flatten();
        if id.is_some() || name.is_some() {
            let names = self.targets.names.entry(composed(&page.part)).or_default();
            names.extend(id.into_iter().chain(name));
        }
    }

    /// The links of an element, whose words are to be collected.
    fn leads(&mut self, element: &Element, page: &Page) -> Result<Ends, Problem> {
        let mut numbers = Vec::new();
        for lead in leads(element) {
            numbers.extend(self.take(element, lead, page)?);
        }
        if let ("img" | "source", Some(set)) = (element.local(), element.get(Space::None, "srcset"))
        {
            for address in html::in_set(&set) {
                let goal = goal(&address, &page.base);
                self.links.push(page.link(Kind::ImageSource, address, goal))?;
            }
        }
        Ok(if numbers.is_empty() { Ends::Nothing } else { Ends::Links(numbers) })
    }

    /// The link of an attribute, where the element has it.
    fn take(
        &mut self,
        element: &Element,
        (kind, space, name): Lead,
        page: &Page,
    ) -> Result<Option<usize>, Problem> {
        let Some(value) = element.value(space, name) else { return Ok(None) };
        if kind == Kind::Reference && value.text.trim().is_empty() {
            return Ok(None);
        }
        // Books from before EPUB 3 was final name what they speak of without the `#`.
        let is_id = kind == Kind::Reference && !value.text.contains(['#', '.', '/']);
        let sign = if is_id { "#" } else { "" };
        let goal = match goal(&format!("{sign}{}", value.text.trim()), &page.base) {
            Goal::Inside(Jump::Fragment(fragment)) => {
                Goal::Part { name: page.part.to_string(), fragment: Some(fragment) }
            }
            // An empty address leads to the page itself.
            Goal::Nothing if kind.class() == Class::Link => {
                Goal::Part { name: page.part.to_string(), fragment: None }
            }
            goal => goal,
        };
        if element.is(Space::Xhtml, "link") {
            self.sheet_to_come(&goal);
        }
        let spot = value.spot(&page.part);
        let text = element.get(Space::None, "alt").unwrap_or_default();
        self.links.push(Link { text, spot, ..page.link(kind, value.text, goal) })?;
        Ok(Some(self.links.as_mut_slice().len() - 1))
    }

    fn end(&mut self, page: &mut Page) -> Result<(), Problem> {
        match page.open.pop() {
            Some(Ends::Heading) if !page.collected.trim().is_empty() => {
                page.heading = Some(Arc::from(page.collected.trim()));
            }
            Some(Ends::Sheet) => {
                let sheet = std::mem::take(&mut page.sheet);
                self.styles(&sheet, page)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str, page: &mut Page) -> Result<(), Problem> {
        if page.open.last() == Some(&Ends::Sheet) {
            page.sheet.push_str(text);
            let is_too_long = page.sheet.len() as u64 > self.limits.token;
            return if is_too_long {
                Err(Problem::Limit(Bound::Token, self.limits.token))
            } else {
                Ok(())
            };
        }
        for ends in &page.open {
            let Ends::Links(numbers) = ends else { continue };
            for number in numbers {
                self.links.as_mut_slice()[*number].text.push_str(text);
            }
        }
        page.collected.push_str(text);
        Ok(())
    }

    /// A part that is a style sheet.
    pub(super) fn sheet<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        part: &Arc<str>,
    ) -> Result<(), Problem> {
        let Some(bytes) = package.bytes(part, self.limits.part)? else { return Ok(()) };
        self.styles(&css::into_text(&bytes), &Page::new(part))
    }

    /// What a style sheet, or a piece of one on a page, loads.
    fn styles(&mut self, sheet: &str, page: &Page) -> Result<(), Problem> {
        for address in css::addresses(sheet) {
            let goal = css::lead(&address, &page.base);
            if address.kind == Kind::Template {
                self.sheet_to_come(&goal);
            }
            self.links.push(page.link(address.kind, address.text, goal))?;
        }
        Ok(())
    }

    fn sheet_to_come(&mut self, goal: &Goal) {
        if let Goal::Part { name, .. } = goal
            && name.to_ascii_lowercase().ends_with(".css")
        {
            self.sheets.push_back(name.as_str().into());
        }
    }

    /// The contents of EPUB 2: `content src` under the words of a `navLabel`.
    pub(super) fn contents<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        part: &Arc<str>,
    ) -> Result<(), Problem> {
        let Some(input) = package.part(part)? else { return Ok(()) };
        let mut xml = Xml::new(input, part, self.limits)?;
        let page = Page::new(part);
        let mut words = String::new();
        loop {
            match xml.next()? {
                Node::Start(element) if element.is(Space::Ncx, "navLabel") => words.clear(),
                Node::Start(element) if element.is(Space::Ncx, "content") => {
                    let Some(value) = element.value(Space::None, "src") else { continue };
                    let goal = goal(&value.text, &page.base);
                    let (spot, text) = (value.spot(part), words.trim().to_owned());
                    let link = page.link(Kind::Outline, value.text, goal);
                    self.links.push(Link { text, spot, ..link })?;
                }
                Node::Text(text) => words.push_str(text),
                Node::Eof => return Ok(()),
                _ => {}
            }
        }
    }
}

impl Page {
    fn new(part: &Arc<str>) -> Self {
        Self {
            part: Arc::clone(part),
            base: base_of(part),
            heading: None,
            collected: String::new(),
            sheet: String::new(),
            open: Vec::new(),
        }
    }

    /// A link that stands here.
    fn link(&self, kind: Kind, address: String, goal: Goal) -> Link {
        let place = Place { heading: self.heading.clone(), ..Place::default() };
        let (part, text) = (Arc::clone(&self.part), String::new());
        Link { address, goal, kind, text, place, part, spot: None }
    }
}
