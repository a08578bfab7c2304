//! Reads presentations: pptx, pptm, potx and ppsx.

use std::collections::HashMap;
use std::io::{Read, Seek};
use std::sync::Arc;

use crate::address::{Base, Goal, Jump, Named};
use crate::document::limits::Limits;
use crate::document::package::Package;
use crate::document::problem::Problem;
use crate::document::xml::{Element, Node, Space, Xml};
use crate::document::{Content, Links};
use crate::link::{Aside, Kind, Link, Place, Spot};

use super::relationships::Relationships;
use super::targets::SlideTargets;
use super::{HaveRead, Main};

/// Reads a presentation: its slides in their order, their notes, and what they have in common.
pub(super) fn read<R: Read + Seek>(
    mut package: Package<R>,
    main: &Main,
    limits: &Limits,
) -> Result<Content, Problem> {
    let relationships = &main.relationships;
    let order = slide_ids(&mut package, &main.part, limits)?;
    let part_of = |id: &String| relationships.get(id).and_then(|it| it.part.clone());
    let slides: Vec<Option<String>> = order.iter().map(part_of).collect();
    let numbers = slides.iter().flatten().cloned().zip(1..).collect();
    let mut walker = Walker::new(main.properties.address_base(), numbers, limits);
    let mut problems = Vec::new();
    for (number, part) in (1..).zip(&slides) {
        walker.targets.titles.push(String::new());
        let Some(part) = part else { continue };
        let place = Place { slide: Some(number), ..Place::default() };
        walker
            .walk_slide(&mut package, part, &place, limits)
            .unwrap_or_else(|problem| problems.push(problem));
    }
    let mut read: Vec<(String, Place)> = vec![(main.part.to_string(), Place::default())];
    read.append(&mut walker.read);
    for part in common_parts(relationships, &mut package, limits) {
        let place = Place { aside: Some(Aside::MasterPage), ..Place::default() };
        walker
            .walk_part(&mut package, &part, &place, limits)
            .unwrap_or_else(|problem| problems.push(problem));
        read.push((part, place));
    }
    let parts = package.names().cloned().collect();
    let read = HaveRead { parts: read, slides: walker.numbers };
    let targets = Box::new(walker.targets);
    let content = Content { links: walker.links.into_vec(), targets, problems, parts };
    Ok(super::with_what_is_beside(content, read, &mut package, main, limits))
}

/// The slides in their order, by the ids of their relationships.
fn slide_ids<R: Read + Seek>(
    package: &mut Package<R>,
    main: &str,
    limits: &Limits,
) -> Result<Vec<String>, Problem> {
    let mut ids = Vec::new();
    let mut xml = Xml::new(package.required(main)?, main, limits)?;
    loop {
        match xml.next()? {
            Node::Start(element) if element.is(Space::P, "sldId") => {
                ids.extend(element.get(Space::R, "id"));
            }
            Node::Eof => return Ok(ids),
            _ => {}
        }
    }
}

/// The masters and their layouts.
fn common_parts<R: Read + Seek>(
    relationships: &Relationships,
    package: &mut Package<R>,
    limits: &Limits,
) -> Vec<String> {
    let mut parts = Vec::new();
    for kind in ["slideMaster", "notesMaster", "handoutMaster"] {
        for master in relationships.all(kind).filter_map(|it| it.part.clone()) {
            let layouts = Relationships::of(&master, package, limits).unwrap_or_default();
            parts.extend(layouts.all("slideLayout").filter_map(|it| it.part.clone()));
            parts.push(master);
        }
    }
    parts
}

/// Walks through what is drawn, on slides and beside other documents.
pub(super) struct Walker {
    base: Base,
    /// The slides and notes that have been read.
    read: Vec<(String, Place)>,
    /// The number of each slide, by its part.
    numbers: HashMap<String, u32>,
    links: Links,
    targets: SlideTargets,
    part: Arc<str>,
    relationships: Relationships,
    place: Place,
    /// The link of the run at hand, and of the run just before it: runs that follow each other with
    /// one address are one link to a reader.
    run: Option<usize>,
    previous: Option<usize>,
    in_run_properties: bool,
    /// Whether the shape at hand holds the title.
    in_title: bool,
    title: String,
    in_text: bool,
}

impl Walker {
    pub(super) fn new(base: Base, numbers: HashMap<String, u32>, limits: &Limits) -> Self {
        Self {
            base,
            read: Vec::new(),
            numbers,
            links: Links::new(limits),
            targets: SlideTargets::default(),
            part: Arc::from(""),
            relationships: Relationships::default(),
            place: Place::default(),
            run: None,
            previous: None,
            in_run_properties: false,
            in_title: false,
            title: String::new(),
            in_text: false,
        }
    }

    pub(super) fn into_links(self) -> Vec<Link> {
        self.links.into_vec()
    }

    fn walk_slide<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        part: &str,
        place: &Place,
        limits: &Limits,
    ) -> Result<(), Problem> {
        let first = self.links.as_mut_slice().len();
        self.read.push((part.to_owned(), place.clone()));
        self.walk_part(package, part, place, limits)?;
        let title: Arc<str> = Arc::from(self.title.trim());
        if let Some(last) = self.targets.titles.last_mut() {
            title.as_ref().clone_into(last);
        }
        if !title.is_empty() {
            for link in &mut self.links.as_mut_slice()[first..] {
                link.place.heading = Some(Arc::clone(&title));
            }
        }
        let notes: Vec<String> =
            self.relationships.all("notesSlide").filter_map(|it| it.part.clone()).collect();
        for part in notes {
            let heading = (!title.is_empty()).then(|| Arc::clone(&title));
            let place = Place { aside: Some(Aside::Notes), heading, ..place.clone() };
            self.walk_part(package, &part, &place, limits)?;
            self.read.push((part, place));
        }
        Ok(())
    }

    pub(super) fn walk_part<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        part: &str,
        place: &Place,
        limits: &Limits,
    ) -> Result<(), Problem> {
        self.relationships = Relationships::of(part, package, limits)?;
        self.part = Arc::from(part);
        self.place = place.clone();
        (self.run, self.previous) = (None, None);
        (self.in_title, self.in_text, self.in_run_properties) = (false, false, false);
        self.title.clear();
        let mut xml = Xml::new(package.required(part)?, part, limits)?;
        let mut open: Vec<Ends> = Vec::new();
        loop {
            match xml.next()? {
                Node::Start(element) => {
                    open.push(self.start(&element)?);
                }
                Node::End => self.end(open.pop().unwrap_or(Ends::Nothing)),
                Node::Text(text) => self.text(text),
                Node::Eof => return Ok(()),
            }
        }
    }

    fn start(&mut self, element: &Element) -> Result<Ends, Problem> {
        match (element.space, element.local()) {
            (Space::P, "sp") => {
                self.in_title = false;
                return Ok(Ends::Shape);
            }
            (Space::P, "ph") => {
                let kind = element.get(Space::None, "type");
                self.in_title = matches!(kind.as_deref(), Some("title" | "ctrTitle"));
            }
            (Space::A, "p") => return Ok(Ends::Paragraph),
            (Space::A, "r" | "fld") => return Ok(Ends::Run),
            (Space::A, "rPr") => {
                self.in_run_properties = true;
                return Ok(Ends::RunProperties);
            }
            (Space::A, "t") => {
                self.in_text = true;
                return Ok(Ends::Text);
            }
            (Space::A, "hlinkClick" | "hlinkMouseOver" | "hlinkHover") => self.click(element)?,
            (Space::A, "blip") => {
                self.resource(element, "embed", Kind::ImageSource)?;
                self.resource(element, "link", Kind::ImageSource)?;
            }
            (Space::A, "videoFile" | "audioFile" | "quickTimeFile") => {
                self.resource(element, "link", Kind::Media)?;
            }
            (Space::A | Space::P, "snd") => {
                self.resource(element, "embed", Kind::Media)?;
            }
            _ => {}
        }
        Ok(Ends::Nothing)
    }

    fn end(&mut self, ends: Ends) {
        match ends {
            Ends::Nothing => {}
            Ends::Shape => self.in_title = false,
            Ends::Paragraph => {
                self.previous = None;
                if self.in_title {
                    self.title.push(' ');
                }
            }
            Ends::Run => self.previous = self.run.take(),
            Ends::RunProperties => self.in_run_properties = false,
            Ends::Text => self.in_text = false,
        }
    }

    fn text(&mut self, text: &str) {
        /// No reader sees more at once.
        const MOST: usize = 16 << 10;
        if !self.in_text {
            return;
        }
        if self.in_title && self.title.len() < MOST {
            self.title.push_str(text);
        }
        if let Some(number) = self.run {
            let words = &mut self.links.as_mut_slice()[number].text;
            if words.len() < MOST {
                words.push_str(text);
            }
        }
    }

    /// A click, or the mouse over something: an address, a slide, or an action.
    fn click(&mut self, element: &Element) -> Result<(), Problem> {
        let id = element.get(Space::R, "id").unwrap_or_default();
        let action = element.get(Space::None, "action").unwrap_or_default();
        let tip = element.get(Space::None, "tooltip").unwrap_or_default();
        let (address, goal, spot) = self.lead(&id, &action);
        if goal == Goal::Nothing && id.is_empty() {
            // A click that makes a sound and leads nowhere.
            return Ok(());
        }
        if self.in_run_properties
            && let Some(previous) = self.previous
            && self.links.as_mut_slice()[previous].address == address
        {
            self.run = Some(previous);
            return Ok(());
        }
        let kind = match goal {
            Goal::Inside(Jump::Page(_) | Jump::Neighbour) => Kind::Jump,
            _ if self.in_run_properties => Kind::Text,
            _ => Kind::Shape,
        };
        let number = self.push(kind, address, goal, spot)?;
        if self.in_run_properties {
            self.run = Some(number);
        } else {
            self.links.as_mut_slice()[number].text = tip;
        }
        Ok(())
    }

    /// `ppaction://hlinksldjump` and its like (MS-OE376, section 2.1.1225).
    fn lead(&self, id: &str, action: &str) -> (String, Goal, Option<Spot>) {
        let name = action.strip_prefix("ppaction://").unwrap_or(action);
        let (name, _) = name.split_once('?').unwrap_or((name, ""));
        match name {
            "hlinksldjump" => {
                let (address, _, spot) = self.relationships.lead(id, None, &self.base);
                let part = self.relationships.get(id).and_then(|it| it.part.as_ref());
                let goal = match part.map(|part| self.numbers.get(part)) {
                    Some(Some(number)) => Goal::Inside(Jump::Page(*number)),
                    Some(None) => Goal::Malformed("the slide is not in the show".to_owned()),
                    None => Goal::Inside(Jump::Named(Named::Relationship, id.to_owned())),
                };
                (address, goal, spot)
            }
            "hlinkshowjump" => (action.to_owned(), Goal::Inside(Jump::Neighbour), None),
            "macro" | "program" | "ole" | "media" | "customshow" => {
                (action.to_owned(), Goal::Action, None)
            }
            _ if id.is_empty() => (String::new(), Goal::Nothing, None),
            _ => self.relationships.lead(id, None, &self.base),
        }
    }

    fn resource(&mut self, element: &Element, name: &str, kind: Kind) -> Result<(), Problem> {
        let Some(id) = element.get(Space::R, name).filter(|id| !id.is_empty()) else {
            return Ok(());
        };
        let (address, goal, spot) = self.relationships.lead(&id, None, &self.base);
        self.push(kind, address, goal, spot)?;
        Ok(())
    }

    fn push(
        &mut self,
        kind: Kind,
        address: String,
        goal: Goal,
        spot: Option<Spot>,
    ) -> Result<usize, Problem> {
        let (part, place) = (Arc::clone(&self.part), self.place.clone());
        self.links.push(Link { address, goal, kind, text: String::new(), place, part, spot })?;
        Ok(self.links.as_mut_slice().len() - 1)
    }
}

/// What ends with an element.
#[derive(Clone, Copy)]
enum Ends {
    Nothing,
    Shape,
    Paragraph,
    Run,
    RunProperties,
    Text,
}
