//! Reads texts: docx, docm, dotx and dotm.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek};
use std::sync::Arc;

use crate::address::{Base, Goal, Jump, goal};
use crate::document::limits::{Bound, Limits};
use crate::document::package::Package;
use crate::document::problem::Problem;
use crate::document::xml::{Element, Node, Space, Xml};
use crate::document::{Content, Links};
use crate::link::{Aside, Kind, Link, Page, Place, Spot};

use super::fields::{Field, field};
use super::relationships::Relationships;
use super::targets::WordTargets;
use super::{HaveRead, Main};

/// Reads a text: its main part first, then those beside it.
pub(super) fn read<R: Read + Seek>(
    mut package: Package<R>,
    main: &Main,
    limits: &Limits,
) -> Content {
    let mut problems = Vec::new();
    let relationships = &main.relationships;
    let headings = relationships
        .first("styles")
        .and_then(|styles| Styles::read(styles, &mut package, limits).ok())
        .unwrap_or_default();
    let mut walker = Walker::new(main.properties.address_base(), headings, limits);
    walker.walk_part(&mut package, &main.part, None, limits).unwrap_or_else(|it| problems.push(it));
    walker.in_main = false;
    let mut read = vec![(main.part.to_string(), Place::default())];
    for (kind, aside) in [
        ("header", Aside::Header),
        ("footer", Aside::Footer),
        ("footnotes", Aside::Footnote),
        ("endnotes", Aside::Endnote),
        ("comments", Aside::Comment),
        ("glossaryDocument", Aside::BuildingBlock),
    ] {
        for part in relationships.all(kind).filter_map(|relationship| relationship.part.clone()) {
            let part: Arc<str> = part.into();
            walker
                .walk_part(&mut package, &part, Some(aside), limits)
                .unwrap_or_else(|problem| problems.push(problem));
            read.push((part.to_string(), Place { aside: Some(aside), ..Place::default() }));
        }
    }
    if let Some(settings) = relationships.first("settings") {
        let settings: Arc<str> = settings.into();
        walker
            .walk_part(&mut package, &settings, Some(Aside::Metadata), limits)
            .unwrap_or_else(|problem| problems.push(problem));
        let place = Place { aside: Some(Aside::Metadata), ..Place::default() };
        read.push((settings.to_string(), place));
    }
    let parts = package.names().cloned().collect();
    let content = walker.into_content(main.properties.pages, problems, parts);
    let read = HaveRead { parts: read, slides: HashMap::new() };
    super::with_what_is_beside(content, read, &mut package, main, limits)
}

/// Which paragraph styles are headings, and which begin a page.
#[derive(Debug, Default)]
struct Styles {
    styles: HashMap<String, Style>,
}

#[derive(Debug, Default)]
struct Style {
    based_on: Option<String>,
    /// From 0; 9 is running text.
    outline: Option<u8>,
    page_break: Option<bool>,
}

impl Styles {
    fn read<R: Read + Seek>(
        part: &str,
        package: &mut Package<R>,
        limits: &Limits,
    ) -> Result<Self, Problem> {
        let mut styles = Self::default();
        let Some(input) = package.part(part)? else { return Ok(styles) };
        let mut xml = Xml::new(input, part, limits)?;
        let mut id = String::new();
        loop {
            match xml.next()? {
                Node::Start(element) if element.space == Space::W => {
                    let value = || element.get(Space::W, "val");
                    match element.local() {
                        "style" => {
                            id = element.get(Space::W, "styleId").unwrap_or_default();
                            styles.styles.insert(id.clone(), Style::default());
                        }
                        "basedOn" => styles.change(&id, |style| style.based_on = value()),
                        "outlineLvl" => styles.change(&id, |style| {
                            style.outline = value().and_then(|level| level.parse().ok());
                        }),
                        "pageBreakBefore" => {
                            let on = is_on(&element);
                            styles.change(&id, |style| style.page_break = Some(on));
                        }
                        _ => {}
                    }
                }
                Node::Eof => return Ok(styles),
                _ => {}
            }
        }
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut Style)) {
        if let Some(style) = self.styles.get_mut(id) {
            change(style);
        }
    }

    fn find<T>(&self, id: &str, of: impl Fn(&Style) -> Option<T>) -> Option<T> {
        /// A circle has no end.
        const MOST_PARENTS: usize = 64;
        let mut next = self.styles.get(id);
        for _ in 0..MOST_PARENTS {
            let style = next?;
            if let Some(found) = of(style) {
                return Some(found);
            }
            next = style.based_on.as_ref().and_then(|parent| self.styles.get(parent));
        }
        None
    }

    fn is_heading(&self, id: &str) -> bool {
        self.find(id, |style| style.outline).is_some_and(|level| level < 9)
    }
}

/// An element that switches something on, unless it says otherwise.
fn is_on(element: &Element) -> bool {
    let value = element.get(Space::W, "val");
    !matches!(value.as_deref(), Some("0" | "false" | "off" | "none"))
}

#[expect(clippy::struct_excessive_bools, reason = "they say where in the document the walker is")]
struct Walker {
    base: Base,
    most: u64,
    links: Links,
    targets: WordTargets,
    styles: Styles,

    part: Arc<str>,
    relationships: Relationships,
    in_main: bool,
    aside: Option<Aside>,
    /// Where pages ended when the document was last shown.
    rendered_breaks: u32,
    /// Where the author ended them; for each link, how many there were before it.
    hard_breaks: u32,
    hard_before: Vec<u32>,
    /// Whether the break before the paragraph at hand is counted.
    paragraph_breaks: bool,
    heading: Option<Arc<str>>,
    paragraph_is_heading: bool,
    paragraph_text: String,

    frames: Vec<Ends>,
    /// Links whose words are being collected; fields come without an element around them.
    open: Vec<usize>,
    fields: Vec<OpenField>,
    in_instruction: bool,
    /// Whether text at hand is shown; between the elements stand blanks that nobody sees.
    in_words: bool,
}

/// No reader sees more text at once.
const MOST: usize = 16 << 10;

/// What ends with an element.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Nothing,
    Paragraph,
    /// A link, by its number.
    Link(usize),
    Instruction,
    Words,
    /// Deleted text; what the aside was before.
    Aside(Option<Aside>),
}

/// A field that has begun and not ended.
struct OpenField {
    instruction: String,
    /// Whether its result has begun.
    in_result: bool,
    link: Option<usize>,
}

impl Walker {
    fn new(base: Base, styles: Styles, limits: &Limits) -> Self {
        Self {
            base,
            most: limits.links,
            links: Links::new(limits),
            targets: WordTargets::default(),
            styles,
            part: Arc::from(""),
            relationships: Relationships::default(),
            in_main: true,
            aside: None,
            rendered_breaks: 0,
            hard_breaks: 0,
            hard_before: Vec::new(),
            paragraph_breaks: false,
            heading: None,
            paragraph_is_heading: false,
            paragraph_text: String::new(),
            frames: Vec::new(),
            open: Vec::new(),
            fields: Vec::new(),
            in_instruction: false,
            in_words: false,
        }
    }

    fn walk_part<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        part: &Arc<str>,
        aside: Option<Aside>,
        limits: &Limits,
    ) -> Result<(), Problem> {
        self.relationships = Relationships::of(part, package, limits)?;
        self.part = Arc::clone(part);
        self.aside = aside;
        self.frames.clear();
        self.open.clear();
        self.fields.clear();
        (self.in_instruction, self.in_words) = (false, false);
        if aside.is_some() {
            self.heading = None;
        }
        let mut xml = Xml::new(package.required(part)?, part, limits)?;
        loop {
            match xml.next()? {
                Node::Start(element) => self.start(&element, limits)?,
                Node::End => self.end(),
                Node::Text(text) => self.text(text),
                Node::Eof => return Ok(()),
            }
        }
    }

    fn into_content(
        self,
        stated_pages: Option<u32>,
        problems: Vec<Problem>,
        parts: HashSet<Arc<str>>,
    ) -> Content {
        let rendered = self.rendered_breaks > 0;
        let breaks = if rendered { self.rendered_breaks } else { self.hard_breaks };
        let exact = stated_pages == Some(breaks + 1);
        let mut links = self.links.into_vec();
        for (link, hard) in links.iter_mut().zip(self.hard_before) {
            link.place.page = match link.place.page {
                Some(Page::About(number)) => {
                    let number = if rendered { number } else { hard + 1 };
                    match (exact, rendered) {
                        (true, _) => Some(Page::Exact(number)),
                        (false, true) => Some(Page::About(number)),
                        (false, false) => None,
                    }
                }
                other => other,
            };
        }
        Content { links, targets: Box::new(self.targets), problems, parts }
    }

    fn start(&mut self, element: &Element, limits: &Limits) -> Result<(), Problem> {
        let ends = match element.space {
            Space::W => self.start_word(element, limits)?,
            Space::A => self.click(element)?,
            Space::V => self.shape(element)?,
            Space::O if element.local() == "OLEObject" => {
                self.related(element, "id", Kind::Object)?;
                Ends::Nothing
            }
            _ => Ends::Nothing,
        };
        self.frames.push(ends);
        if self.targets.len() as u64 > self.most {
            return Err(Problem::Limit(Bound::Links, self.most));
        }
        Ok(())
    }

    fn start_word(&mut self, element: &Element, limits: &Limits) -> Result<Ends, Problem> {
        match element.local() {
            "p" => {
                self.paragraph_is_heading = false;
                self.paragraph_breaks = false;
                self.paragraph_text.clear();
                return Ok(Ends::Paragraph);
            }
            "pStyle" => {
                let id = element.get(Space::W, "val").unwrap_or_default();
                self.paragraph_is_heading = self.styles.is_heading(&id);
                if self.styles.find(&id, |style| style.page_break) == Some(true) {
                    self.break_before_paragraph();
                }
            }
            "outlineLvl" => {
                let level = element.get(Space::W, "val").and_then(|level| level.parse().ok());
                self.paragraph_is_heading = level.is_some_and(|level: u8| level < 9);
            }
            "lastRenderedPageBreak" if self.in_main => {
                self.rendered_breaks += 1;
            }
            "pageBreakBefore" if is_on(element) => self.break_before_paragraph(),
            "br" if element.get(Space::W, "type").as_deref() == Some("page") => {
                self.hard_breaks += 1;
            }
            "bookmarkStart" => {
                if let Some(name) = element.get(Space::W, "name") {
                    self.targets.add(&name);
                }
            }
            "hyperlink" => return self.hyperlink(element),
            "fldSimple" => return self.simple_field(element),
            "fldChar" => self.field_mark(element, limits)?,
            "t" | "delText" => {
                self.in_words = true;
                return Ok(Ends::Words);
            }
            "instrText" | "delInstrText" => {
                self.in_instruction = true;
                return Ok(Ends::Instruction);
            }
            "tab" | "br" | "cr" => self.words(" "),
            "del" | "moveFrom" => {
                return Ok(Ends::Aside(self.aside.replace(Aside::Deletion)));
            }
            "attachedTemplate" => self.related(element, "id", Kind::Template)?,
            "altChunk" => self.related(element, "id", Kind::Section)?,
            _ => {}
        }
        Ok(Ends::Nothing)
    }

    fn break_before_paragraph(&mut self) {
        if self.in_main && !self.paragraph_breaks {
            self.hard_breaks += 1;
            self.paragraph_breaks = true;
        }
    }

    fn end(&mut self) {
        match self.frames.pop() {
            Some(Ends::Paragraph) => self.end_paragraph(),
            Some(Ends::Link(number)) => self.open.retain(|open| *open != number),
            Some(Ends::Instruction) => self.in_instruction = false,
            Some(Ends::Words) => self.in_words = false,
            Some(Ends::Aside(before)) => self.aside = before,
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        let heading = self.paragraph_text.trim();
        if self.paragraph_is_heading && self.aside.is_none() && !heading.is_empty() {
            self.targets.add_heading(heading);
            self.heading = Some(Arc::from(heading));
        }
        self.targets.end_paragraph();
    }

    fn text(&mut self, text: &str) {
        if self.in_instruction {
            let field = self.fields.iter_mut().rev().find(|field| !field.in_result);
            if let Some(field) = field
                && field.instruction.len() < MOST
            {
                field.instruction.push_str(text);
            }
            return;
        }
        if self.in_words {
            self.words(text);
        }
    }

    /// What a reader sees.
    fn words(&mut self, text: &str) {
        for number in &self.open {
            let words = &mut self.links.as_mut_slice()[*number].text;
            if words.len() < MOST {
                words.push_str(text);
            }
        }
        if self.paragraph_text.len() < MOST {
            self.paragraph_text.push_str(text);
        }
    }

    /// `w:hyperlink`: an address by its relationship, a place by its name, or both.
    fn hyperlink(&mut self, element: &Element) -> Result<Ends, Problem> {
        let anchor = element.value(Space::W, "anchor");
        let (address, goal, spot) = match element.get(Space::R, "id") {
            Some(id) => {
                let anchor = anchor.as_ref().map(|anchor| anchor.text.as_str());
                self.relationships.lead(&id, anchor, &self.base)
            }
            None => match anchor {
                Some(anchor) => {
                    let spot = anchor.spot(&self.part);
                    let spot = spot.map(|spot| Spot { before: "#".to_owned(), ..spot });
                    let address = format!("#{}", anchor.text);
                    (address, Goal::Inside(Jump::Fragment(anchor.text)), spot)
                }
                // A link with neither is none to Word.
                None => return Ok(Ends::Nothing),
            },
        };
        let number = self.push(Kind::Text, address, goal, spot)?;
        self.open.push(number);
        Ok(Ends::Link(number))
    }

    fn simple_field(&mut self, element: &Element) -> Result<Ends, Problem> {
        let instruction = element.get(Space::W, "instr").unwrap_or_default();
        let Some(number) = self.field(&instruction)? else { return Ok(Ends::Nothing) };
        self.open.push(number);
        Ok(Ends::Link(number))
    }

    /// A field over several runs: it begins, its result begins, it ends. They may be nested.
    fn field_mark(&mut self, element: &Element, limits: &Limits) -> Result<(), Problem> {
        match element.get(Space::W, "fldCharType").as_deref() {
            Some("begin") => {
                if self.fields.len() as u64 >= limits.depth {
                    return Err(Problem::Limit(Bound::Depth, limits.depth));
                }
                self.fields.push(OpenField {
                    instruction: String::new(),
                    in_result: false,
                    link: None,
                });
            }
            Some("separate") => {
                let Some(mut field) = self.fields.pop() else { return Ok(()) };
                field.in_result = true;
                field.link = self.field(&field.instruction)?;
                self.open.extend(field.link);
                self.fields.push(field);
            }
            Some("end") => {
                let Some(field) = self.fields.pop() else { return Ok(()) };
                match field.link {
                    Some(number) => self.open.retain(|open| *open != number),
                    // A field that was never shown has no result.
                    None if !field.in_result => {
                        self.field(&field.instruction)?;
                    }
                    None => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn field(&mut self, instruction: &str) -> Result<Option<usize>, Problem> {
        Ok(match field(instruction) {
            Some(Field::Address { kind, address }) => {
                let goal = goal(&address, &self.base);
                Some(self.push(kind, address, goal, None)?)
            }
            Some(Field::Reference { named, name }) => {
                let goal = Goal::Inside(Jump::Named(named, name.clone()));
                Some(self.push(Kind::Reference, name, goal, None)?)
            }
            None => None,
        })
    }

    /// A click on an image or a shape, or an image from elsewhere.
    fn click(&mut self, element: &Element) -> Result<Ends, Problem> {
        match element.local() {
            "hlinkClick" | "hlinkHover" => {
                self.related(element, "id", Kind::Image)?;
                if let Some(tip) = element.get(Space::None, "tooltip") {
                    self.name_last(tip);
                }
            }
            "blip" => self.image(element)?,
            _ => {}
        }
        Ok(Ends::Nothing)
    }

    /// A picture in the package, or one that is loaded from elsewhere.
    fn image(&mut self, element: &Element) -> Result<(), Problem> {
        for name in ["embed", "link"] {
            if element.get(Space::R, name).is_some_and(|id| !id.is_empty()) {
                self.related(element, name, Kind::ImageSource)?;
            }
        }
        Ok(())
    }

    /// A drawing of older versions: the address stands in it as it is.
    fn shape(&mut self, element: &Element) -> Result<Ends, Problem> {
        if element.local() == "imagedata" {
            self.related_if(element, "id", Kind::ImageSource)?;
            self.related_if(element, "href", Kind::ImageSource)?;
        }
        if let Some(value) = element.value(Space::None, "href") {
            let goal = goal(&value.text, &self.base);
            let spot = value.spot(&self.part);
            self.push(Kind::Shape, value.text, goal, spot)?;
        }
        Ok(Ends::Nothing)
    }

    fn related_if(&mut self, element: &Element, name: &str, kind: Kind) -> Result<(), Problem> {
        if element.get(Space::R, name).is_some() {
            self.related(element, name, kind)
        } else {
            Ok(())
        }
    }

    /// A link by its relationship.
    fn related(&mut self, element: &Element, name: &str, kind: Kind) -> Result<(), Problem> {
        let Some(id) = element.get(Space::R, name) else { return Ok(()) };
        let (address, goal, spot) = self.relationships.lead(&id, None, &self.base);
        self.push(kind, address, goal, spot)?;
        Ok(())
    }

    fn name_last(&mut self, text: String) {
        if let Some(link) = self.links.as_mut_slice().last_mut() {
            link.text = text;
        }
    }

    fn push(
        &mut self,
        kind: Kind,
        address: String,
        goal: Goal,
        spot: Option<Spot>,
    ) -> Result<usize, Problem> {
        let in_text = self.in_main && self.aside.is_none();
        let page = in_text.then_some(Page::About(self.rendered_breaks + 1));
        self.hard_before.push(self.hard_breaks);
        let place =
            Place { page, heading: self.heading.clone(), aside: self.aside, ..Place::default() };
        let part = Arc::clone(&self.part);
        self.links.push(Link { address, goal, kind, text: String::new(), place, part, spot })?;
        Ok(self.links.as_mut_slice().len() - 1)
    }
}
