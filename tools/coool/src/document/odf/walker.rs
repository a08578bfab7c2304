//! Walks through the elements of a document and gathers links, places and targets.

use std::collections::HashSet;
use std::sync::Arc;

use crate::address::{Base, Named, goal};
use crate::document::limits::{Bound, Limits};
use crate::document::problem::Problem;
use crate::document::xml::{Element, Space};
use crate::document::{Content, Links};
use crate::link::{Aside, Page, Place};
use crate::targets::{NoTargets, Targets};

use super::sheets::SheetTargets;
use super::slides::SlideTargets;
use super::styles::{Breaks, Family, Styles};
use super::text::{Sort, TextTargets};

mod links;
mod tables;

/// What a part is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The text itself, or what is told about it.
    Document,
    /// The styles and what all pages have in common.
    Styles,
    /// An object within the document.
    Object,
}

/// What kind of document it is: the child of `office:body`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Text,
    Sheets,
    Slides,
    Other,
}

/// Words are kept up to this length; no reader sees more at once.
const MOST_TEXT: usize = 16 << 10;

/// What has been seen so far.
#[expect(clippy::struct_excessive_bools, reason = "they say where in the document the walker is")]
pub(super) struct Walker {
    base: Base,
    most_targets: usize,
    links: Links,
    styles: Styles,
    body: Option<Body>,
    text: TextTargets,
    slides: SlideTargets,
    sheets: SheetTargets,

    part: Arc<str>,
    role: Role,
    /// The links of a document within a flat one stand where it stands.
    outer_place: Place,
    /// How many documents within the document are open.
    inline: usize,
    entities: bool,

    /// One for each open element.
    frames: Vec<Frame>,
    /// What collects text at the moment.
    open: Vec<Open>,
    /// Those below this number do not collect: the text of a note is not that of its heading.
    floor: usize,
    /// The number of a note: to Writer it is part of a heading's name, and of nothing else.
    in_citation: bool,
    style: Option<(Family, String)>,

    /// Hard and soft page breaks so far.
    breaks: u32,
    soft_breaks: bool,
    /// Whether anything stands in the text yet; a break before the first paragraph is none.
    has_text: bool,
    break_due: bool,
    stated_pages: Option<u32>,
    heading: Option<Arc<str>>,
    aside: Option<Aside>,
    slide: u32,
    sheet: Option<Arc<str>>,
    row: u64,
    row_repeats: u64,
    column: u64,
    column_repeats: u64,
    in_cell: bool,
}

/// What ends with an element.
#[derive(Default)]
struct Frame {
    /// How many of `open` the element has opened.
    opened: usize,
    floor: Option<usize>,
    before: Option<Before>,
    ends: Ends,
}

/// What the walker was in before the element led aside.
struct Before(Option<Aside>);

#[derive(Default, PartialEq, Eq)]
enum Ends {
    #[default]
    Nothing,
    Style,
    Paragraph(Breaks),
    Sheet,
    Row,
    Cell,
    Citation,
    /// A document within the document.
    Inline,
}

/// What collects text.
struct Open {
    what: Collects,
    text: String,
}

enum Collects {
    /// The words of this link.
    Link(usize),
    /// The words of this link, which are its address, too.
    Address(usize),
    Heading,
    SlideTitle,
    /// The words for an image: the link around it takes them when it has none of its own.
    Title,
}

impl Walker {
    pub(super) fn new(base: Base, limits: &Limits) -> Self {
        Self {
            base,
            most_targets: usize::try_from(limits.links).unwrap_or(usize::MAX),
            links: Links::new(limits),
            styles: Styles::default(),
            body: None,
            text: TextTargets::default(),
            slides: SlideTargets::default(),
            sheets: SheetTargets::default(),
            part: Arc::from(""),
            role: Role::Document,
            outer_place: Place::default(),
            inline: 0,
            entities: false,
            frames: Vec::new(),
            open: Vec::new(),
            floor: 0,
            in_citation: false,
            style: None,
            breaks: 0,
            soft_breaks: false,
            has_text: false,
            break_due: false,
            stated_pages: None,
            heading: None,
            aside: None,
            slide: 0,
            sheet: None,
            row: 0,
            row_repeats: 1,
            column: 0,
            column_repeats: 1,
            in_cell: false,
        }
    }

    pub(super) fn enter_part(&mut self, part: &str, role: Role) {
        self.part = Arc::from(part);
        self.role = role;
        self.frames.clear();
        self.inline = 0;
        self.open.clear();
        self.floor = 0;
        self.aside = None;
        self.style = None;
    }

    pub(super) fn leave_part(&mut self, declares_entities: bool) {
        self.entities |= declares_entities;
    }

    pub(super) fn into_content(
        self,
        mut problems: Vec<Problem>,
        parts: HashSet<Arc<str>>,
    ) -> Content {
        if self.entities {
            problems.push(Problem::Damaged {
                part: self.part.to_string(),
                why: "it declares entities of its own, which coool does not expand".to_owned(),
            });
        }
        let pages = self.pages();
        let mut links = self.links.into_vec();
        for link in &mut links {
            link.place.page = match (link.place.page, pages) {
                (Some(Page::About(number)), Pages::Exact) => Some(Page::Exact(number)),
                (page, Pages::Exact | Pages::About) => page,
                (_, Pages::Unknown) => None,
            };
        }
        let targets: Box<dyn Targets> = match self.body {
            Some(Body::Text) => Box::new(self.text),
            Some(Body::Slides) => Box::new(self.slides),
            Some(Body::Sheets) => Box::new(self.sheets),
            Some(Body::Other) | None => Box::new(NoTargets),
        };
        Content { links, targets, problems, parts }
    }

    /// Whether the breaks that were counted are to be believed.
    fn pages(&self) -> Pages {
        if self.body != Some(Body::Text) {
            return Pages::Unknown;
        }
        match self.stated_pages {
            Some(stated) if stated == self.breaks + 1 => Pages::Exact,
            _ if self.soft_breaks => Pages::About,
            _ => Pages::Unknown,
        }
    }

    /// A start tag.
    pub(super) fn start(&mut self, element: &Element) -> Result<(), Problem> {
        let mut frame = Frame::default();
        if self.is_inline(element, &mut frame) {
            if element.space == Space::Table {
                self.formula(element, &mut frame)?;
            }
            self.link(element, &mut frame)?;
            self.frames.push(frame);
            return Ok(());
        }
        match element.space {
            Space::Office => self.start_office(element, &mut frame),
            Space::Style => self.start_style(element, &mut frame),
            Space::Text => self.start_text(element, &mut frame)?,
            Space::Table => self.start_table(element, &mut frame)?,
            Space::Draw => self.start_draw(element),
            Space::Presentation if element.local() == "notes" => {
                frame.before = Some(Before(self.aside.replace(Aside::Notes)));
            }
            Space::Svg if matches!(element.local(), "title" | "desc") => {
                self.collect(Collects::Title, &mut frame);
                frame.floor = Some(std::mem::replace(&mut self.floor, self.open.len() - 1));
            }
            Space::Meta if element.local() == "document-statistic" => {
                let pages = element.get(Space::Meta, "page-count");
                self.stated_pages = pages.and_then(|count| count.parse().ok());
            }
            _ => {}
        }
        self.slide_title(element, &mut frame);
        self.link(element, &mut frame)?;
        self.frames.push(frame);
        self.check_targets()
    }

    /// Whether an element is of a document within a flat one: its links stand where the object does,
    /// and what it names is no place of this document.
    fn is_inline(&mut self, element: &Element, frame: &mut Frame) -> bool {
        if element.is(Space::Office, "document") && !self.frames.is_empty() {
            if self.inline == 0 {
                self.outer_place = self.place();
            }
            self.inline += 1;
            frame.ends = Ends::Inline;
        }
        self.inline > 0
    }

    /// An end tag.
    pub(super) fn end(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        for _ in 0..frame.opened {
            if let Some(open) = self.open.pop() {
                self.close(open);
            }
        }
        if let Some(floor) = frame.floor {
            self.floor = floor;
        }
        if let Some(Before(aside)) = frame.before {
            self.aside = aside;
        }
        match frame.ends {
            Ends::Nothing => {}
            Ends::Style => self.style = None,
            Ends::Paragraph(breaks) => self.break_due |= breaks.after,
            Ends::Sheet => self.sheet = None,
            Ends::Citation => self.in_citation = false,
            Ends::Inline => self.inline -= 1,
            Ends::Row => self.row += self.row_repeats,
            Ends::Cell => {
                self.column += self.column_repeats;
                self.in_cell = false;
            }
        }
    }

    /// A piece of text. Blanks and line ends next to each other are one blank (OpenDocument 1.3,
    /// part 3, section 6.1.2).
    pub(super) fn text(&mut self, text: &str) {
        for buffer in self.collecting() {
            for letter in text.chars() {
                let is_blank = matches!(letter, ' ' | '\t' | '\r' | '\n');
                if !is_blank {
                    buffer.push(letter);
                } else if !buffer.ends_with(' ') {
                    buffer.push(' ');
                }
            }
        }
    }

    /// Text that an element stands for.
    fn literally(&mut self, text: &str) {
        for buffer in self.collecting() {
            buffer.push_str(text);
        }
    }

    /// What takes the text at hand.
    fn collecting(&mut self) -> impl Iterator<Item = &mut String> {
        let (floor, in_citation) = (self.floor, self.in_citation);
        let takes = move |(number, open): &(usize, &mut Open)| {
            let is_heading = matches!(open.what, Collects::Heading);
            (*number >= floor || (in_citation && is_heading)) && open.text.len() < MOST_TEXT
        };
        self.open.iter_mut().enumerate().filter(takes).map(|(_, open)| &mut open.text)
    }

    fn close(&mut self, open: Open) {
        let text = open.text;
        match open.what {
            Collects::Link(number) => {
                let link = &mut self.links.as_mut_slice()[number];
                if link.text.is_empty() || !text.trim().is_empty() {
                    text.trim().clone_into(&mut link.text);
                }
            }
            Collects::Address(number) => {
                let (link, text) = (&mut self.links.as_mut_slice()[number], text.trim());
                text.clone_into(&mut link.text);
                if !text.is_empty() {
                    text.clone_into(&mut link.address);
                    link.goal = goal(text, &Base::Folder);
                }
            }
            Collects::Heading => {
                let heading = text.trim();
                self.text.add_heading(heading);
                if !heading.is_empty() {
                    self.heading = Some(Arc::from(heading));
                }
            }
            Collects::SlideTitle => {
                let title = text.trim();
                if !title.is_empty() {
                    self.heading = Some(Arc::from(title));
                }
            }
            Collects::Title => self.entitle(text.trim()),
        }
    }

    /// The title of an image becomes the words of the link around it.
    fn entitle(&mut self, title: &str) {
        if let Some(Open { what: Collects::Link(number), .. }) = self.open.last() {
            let link = &mut self.links.as_mut_slice()[*number];
            if link.text.is_empty() {
                title.clone_into(&mut link.text);
            }
        }
    }

    fn collect(&mut self, what: Collects, frame: &mut Frame) {
        self.open.push(Open { what, text: String::new() });
        frame.opened += 1;
    }

    fn start_office(&mut self, element: &Element, frame: &mut Frame) {
        let local = element.local();
        match local {
            "text" => self.body = Some(Body::Text),
            "spreadsheet" => self.body = Some(Body::Sheets),
            "presentation" | "drawing" => self.body = Some(Body::Slides),
            "chart" | "image" | "database" => self.body = Some(Body::Other),
            _ => {}
        }
        // OpenOffice.org 1 has no element for the kind of body.
        if local.starts_with("document")
            && let Some(class) = element.get(Space::Office, "class")
        {
            self.body = Some(match class.as_str() {
                "text" | "text-global" => Body::Text,
                "spreadsheet" => Body::Sheets,
                "presentation" | "drawing" => Body::Slides,
                _ => Body::Other,
            });
        }
        match local {
            "annotation" => {
                frame.before = Some(Before(self.aside.replace(Aside::Comment)));
                frame.floor = Some(std::mem::replace(&mut self.floor, self.open.len()));
            }
            "meta" => frame.before = Some(Before(self.aside.replace(Aside::Metadata))),
            "master-styles" => frame.before = Some(Before(self.aside.replace(Aside::MasterPage))),
            "styles" | "automatic-styles" => {
                frame.before = Some(Before(self.aside.replace(Aside::Style)));
            }
            _ => {}
        }
    }

    fn start_style(&mut self, element: &Element, frame: &mut Frame) {
        match element.local() {
            "style" | "default-style" => {
                self.style = self.styles.begin(element);
                frame.ends = Ends::Style;
            }
            // OpenOffice.org 1 has one element for all properties.
            "paragraph-properties" | "table-properties" | "properties" => {
                if let Some(style) = &self.style {
                    self.styles.properties(style, element);
                }
            }
            "header" | "header-left" | "header-first" => {
                frame.before = Some(Before(self.aside.replace(Aside::Header)));
            }
            "footer" | "footer-left" | "footer-first" => {
                frame.before = Some(Before(self.aside.replace(Aside::Footer)));
            }
            _ => {}
        }
    }

    fn start_text(&mut self, element: &Element, frame: &mut Frame) -> Result<(), Problem> {
        match element.local() {
            "h" => {
                self.paragraph(Family::Paragraph, Space::Text, element, frame);
                if self.aside.is_none() {
                    self.text.begin_heading();
                    self.collect(Collects::Heading, frame);
                }
            }
            "p" => {
                self.paragraph(Family::Paragraph, Space::Text, element, frame);
                // Paragraphs of a shape or a cell are separate words.
                self.text(" ");
            }
            "soft-page-break" => {
                self.soft_breaks = true;
                self.breaks += 1;
            }
            "s" => {
                let count = element.get(Space::Text, "c").and_then(|count| count.parse().ok());
                self.literally(&" ".repeat(count.unwrap_or(1_usize).min(100)));
            }
            "tab" | "line-break" | "tab-stop" => self.literally(" "),
            "note" | "footnote" | "endnote" => self.note(element, frame),
            "note-citation" | "footnote-citation" | "endnote-citation" => {
                self.in_citation = true;
                frame.ends = Ends::Citation;
            }
            "tracked-changes" => frame.before = Some(Before(self.aside.replace(Aside::Deletion))),
            "bookmark" | "bookmark-start" => self.name(Sort::Bookmark, Space::Text, element),
            "section" | "table-of-content" | "illustration-index" | "table-index"
            | "object-index" | "user-index" | "alphabetical-index" | "bibliography" => {
                self.name(Sort::Section, Space::Text, element);
            }
            "reference-mark" | "reference-mark-start" => {
                self.field_name(Named::ReferenceMark, element.get(Space::Text, "name"));
            }
            "sequence" => self.sequence(element),
            "bibliography-mark" => self.citation(element, frame)?,
            _ => {}
        }
        Ok(())
    }

    fn note(&mut self, element: &Element, frame: &mut Frame) {
        let class = element.get(Space::Text, "note-class");
        let is_end = class.as_deref() == Some("endnote") || element.local() == "endnote";
        let aside = if is_end { Aside::Endnote } else { Aside::Footnote };
        frame.before = Some(Before(self.aside.replace(aside)));
        frame.floor = Some(std::mem::replace(&mut self.floor, self.open.len()));
        self.field_name(Named::Note, element.get(Space::Text, "id"));
    }

    /// A link names the caption by its kind and its number from 0, which stand in `ref-name`:
    /// `refFigure0` is `Figure!0`.
    fn sequence(&mut self, element: &Element) {
        let Some(reference) = element.get(Space::Text, "ref-name") else { return };
        if let Some(rest) = reference.strip_prefix("ref") {
            let name = rest.trim_end_matches(|letter: char| letter.is_ascii_digit());
            self.text.add(Sort::Sequence, format!("{name}!{}", &rest[name.len()..]));
        }
        self.text.add_field(Named::Sequence, reference);
    }

    /// A paragraph, heading or table: with it, a page may begin.
    fn paragraph(&mut self, family: Family, space: Space, element: &Element, frame: &mut Frame) {
        if self.aside.is_some() || self.role != Role::Document || self.body != Some(Body::Text) {
            return;
        }
        let style = element.get(space, "style-name");
        let breaks = style.map(|name| self.styles.breaks(family, &name)).unwrap_or_default();
        let is_top = !self.frames.iter().any(|frame| matches!(frame.ends, Ends::Paragraph(_)));
        if is_top {
            if self.has_text && (breaks.before || self.break_due) {
                self.breaks += 1;
            }
            self.has_text = true;
            self.break_due = false;
            frame.ends = Ends::Paragraph(breaks);
        }
    }

    fn start_draw(&mut self, element: &Element) {
        match element.local() {
            "page" => {
                self.slide += 1;
                self.heading = None;
                let name = element.get(Space::Draw, "name").unwrap_or_default();
                self.slides.add_slide(name);
            }
            "text-box" => self.name_frame(Sort::Frame),
            "image" => self.name_frame(Sort::Graphic),
            "object" | "object-ole" | "applet" | "plugin" | "floating-frame" => {
                self.name_frame(Sort::Object);
            }
            "frame" => self.text.set_frame(element.get(Space::Draw, "name")),
            "g" | "line" | "rect" | "ellipse" | "circle" | "polygon" | "polyline" | "path"
            | "custom-shape" | "connector" | "measure" | "caption" | "regular-polygon"
            | "control" => self.name(Sort::Shape, Space::Draw, element),
            _ => return,
        }
        if self.body == Some(Body::Slides)
            && element.local() != "page"
            && let Some(name) = element.get(Space::Draw, "name")
        {
            self.slides.add_shape(name);
        }
    }

    fn name_frame(&mut self, sort: Sort) {
        if self.aside != Some(Aside::Deletion) {
            self.text.add_frame(sort);
        }
    }

    fn name(&mut self, sort: Sort, space: Space, element: &Element) {
        if self.aside == Some(Aside::Deletion) {
            return;
        }
        if let Some(name) = element.get(space, "name") {
            self.text.add(sort, name);
        }
    }

    fn field_name(&mut self, named: Named, name: Option<String>) {
        if let Some(name) = name
            && self.aside != Some(Aside::Deletion)
        {
            self.text.add_field(named, name);
        }
    }

    fn slide_title(&mut self, element: &Element, frame: &mut Frame) {
        if self.slide > 0 && element.get(Space::Presentation, "class").as_deref() == Some("title") {
            self.collect(Collects::SlideTitle, frame);
        }
    }

    fn check_targets(&self) -> Result<(), Problem> {
        let count = self.text.len() + self.slides.len() + self.sheets.len();
        if count > self.most_targets {
            return Err(Problem::Limit(Bound::Links, self.most_targets as u64));
        }
        Ok(())
    }
}

/// How far the page numbers are to be believed.
#[derive(Clone, Copy)]
enum Pages {
    Exact,
    About,
    Unknown,
}
