//! Reads workbooks: xlsx, xlsm and xltx.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Seek};
use std::sync::Arc;

use crate::address::{Base, Goal, Jump, goal};
use crate::document::cells::column_name;
use crate::document::formula::{self, Made};
use crate::document::limits::Limits;
use crate::document::package::Package;
use crate::document::problem::Problem;
use crate::document::xml::{Element, Node, Space, Xml};
use crate::document::{Content, Links};
use crate::link::{Kind, Link, Place, Spot};

use super::relationships::Relationships;
use super::targets::{SheetTargets, workbook_of};
use super::{HaveRead, Main};

/// Reads a workbook, sheet by sheet.
pub(super) fn read<R: Read + Seek>(
    mut package: Package<R>,
    main: &Main,
    limits: &Limits,
) -> Result<Content, Problem> {
    let relationships = &main.relationships;
    let mut targets = SheetTargets::default();
    let sheets = workbook(&mut package, &main.part, &mut targets, limits)?;
    let mut reader = Reader {
        base: main.properties.address_base(),
        links: Links::new(limits),
        targets,
        strings: BTreeMap::new(),
        read: vec![(main.part.to_string(), Place::default())],
        limits,
    };
    let mut problems = Vec::new();
    for (name, id) in sheets {
        let part = relationships.get(&id).and_then(|relationship| relationship.part.clone());
        let Some(part) = part else { continue };
        let sheet = Sheet { name: name.into(), part: part.into() };
        reader.read_sheet(&mut package, &sheet).unwrap_or_else(|problem| problems.push(problem));
    }
    if let Some(strings) = relationships.first("sharedStrings") {
        reader.read_strings(&mut package, strings).unwrap_or_else(|problem| problems.push(problem));
    }
    for part in relationships.all("externalLink").filter_map(|it| it.part.clone()) {
        reader
            .read_external(&mut package, &part.clone().into())
            .unwrap_or_else(|problem| problems.push(problem));
        reader.read.push((part, Place::default()));
    }
    let parts = package.names().cloned().collect();
    let (links, targets) = (reader.links.into_vec(), Box::new(reader.targets));
    let content = Content { links, targets, problems, parts };
    let read = HaveRead { parts: reader.read, slides: HashMap::new() };
    Ok(super::with_what_is_beside(content, read, &mut package, main, limits))
}

/// The sheets in their order with the ids of their relationships; the names go to the targets.
fn workbook<R: Read + Seek>(
    package: &mut Package<R>,
    main: &str,
    targets: &mut SheetTargets,
    limits: &Limits,
) -> Result<Vec<(String, String)>, Problem> {
    let mut sheets = Vec::new();
    let mut xml = Xml::new(package.required(main)?, main, limits)?;
    loop {
        match xml.next()? {
            Node::Start(element) if element.is(Space::X, "sheet") => {
                let name = element.get(Space::None, "name").unwrap_or_default();
                targets.sheets.push(name.clone());
                sheets.push((name, element.get(Space::R, "id").unwrap_or_default()));
            }
            Node::Start(element) if element.is(Space::X, "definedName") => {
                targets.names.extend(element.get(Space::None, "name"));
            }
            Node::Eof => return Ok(sheets),
            _ => {}
        }
    }
}

struct Sheet {
    name: Arc<str>,
    part: Arc<str>,
}

struct Reader<'limits> {
    base: Base,
    links: Links,
    targets: SheetTargets,
    /// The shared texts that links show: for each, the links that wait for it.
    strings: BTreeMap<usize, Vec<usize>>,
    /// The parts that have been read, with where a reader finds them.
    read: Vec<(String, Place)>,
    limits: &'limits Limits,
}

/// A cell as far as it has been read.
#[derive(Default)]
struct Cell {
    name: String,
    /// `s` for a shared text.
    kind: String,
    formula: String,
    value: String,
}

impl Reader<'_> {
    fn read_sheet<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        sheet: &Sheet,
    ) -> Result<(), Problem> {
        let relationships = Relationships::of(&sheet.part, package, self.limits)?;
        let place = Place { sheet: Some(Arc::clone(&sheet.name)), ..Place::default() };
        self.read.push((sheet.part.to_string(), place.clone()));
        // Links stand behind the cells that show them, so the cells are read a second time.
        let first = self.links.as_mut_slice().len();
        self.walk_links(package, sheet, &relationships)?;
        let shown = self.shown_by(first);
        self.walk_cells(package, sheet, &shown)?;
        for part in relationships.all("drawing").filter_map(|it| it.part.clone()) {
            self.read.push((part.clone(), place.clone()));
            self.read_drawing(package, sheet, &part.into())?;
        }
        for part in relationships.all("table").filter_map(|it| it.part.clone()) {
            self.read_table(package, &part)?;
            self.read.push((part, place.clone()));
        }
        Ok(())
    }

    fn walk_links<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        sheet: &Sheet,
        relationships: &Relationships,
    ) -> Result<(), Problem> {
        let Some(input) = package.part(&sheet.part)? else { return Ok(()) };
        let mut xml = Xml::new(input, &sheet.part, self.limits)?;
        loop {
            match xml.next()? {
                Node::Start(element) if element.is(Space::X, "hyperlink") => {
                    self.hyperlink(&element, sheet, relationships)?;
                }
                Node::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    /// An address by its relationship, a place in the workbook, or a place in another file.
    fn hyperlink(
        &mut self,
        element: &Element,
        sheet: &Sheet,
        relationships: &Relationships,
    ) -> Result<(), Problem> {
        let location = element.value(Space::None, "location");
        let (address, goal, spot) = match element.get(Space::R, "id") {
            Some(id) => {
                let location = location.as_ref().map(|location| location.text.as_str());
                relationships.lead(&id, location, &self.base)
            }
            None => {
                let Some(location) = location else { return Ok(()) };
                let spot = location.spot(&sheet.part);
                let spot = spot.map(|spot| Spot { before: "#".to_owned(), ..spot });
                let inside = || Goal::Inside(Jump::Fragment(location.text.clone()));
                let goal = workbook_of(&location.text).unwrap_or_else(inside);
                (format!("#{}", location.text), goal, spot)
            }
        };
        let cells = element.get(Space::None, "ref").unwrap_or_default();
        let cell = cells.split(':').next().unwrap_or_default().to_owned();
        let text = element.get(Space::None, "display").unwrap_or_default();
        self.push(Kind::Text, address, goal, spot, text, sheet, Some(cell))
    }

    /// The links from this one on, by the cells that show them.
    fn shown_by(&mut self, first: usize) -> HashMap<String, Vec<usize>> {
        let mut shown: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, link) in self.links.as_mut_slice().iter().enumerate().skip(first) {
            if let Some(cell) = &link.place.cell {
                shown.entry(cell.clone()).or_default().push(number);
            }
        }
        shown
    }

    /// The words of cells with links, and formulas.
    fn walk_cells<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        sheet: &Sheet,
        shown: &HashMap<String, Vec<usize>>,
    ) -> Result<(), Problem> {
        let Some(input) = package.part(&sheet.part)? else { return Ok(()) };
        let mut xml = Xml::new(input, &sheet.part, self.limits)?;
        let mut cell = Cell::default();
        let mut open: Vec<bool> = Vec::new();
        let mut inside = Inside::Nothing;
        loop {
            match xml.next()? {
                Node::Start(element) => {
                    let is_cell = element.is(Space::X, "c");
                    if is_cell {
                        cell = Cell {
                            name: element.get(Space::None, "r").unwrap_or_default(),
                            kind: element.get(Space::None, "t").unwrap_or_default(),
                            ..Cell::default()
                        };
                    }
                    inside = match element.local() {
                        "f" => Inside::Formula,
                        "v" | "t" => Inside::Value,
                        _ => Inside::Nothing,
                    };
                    open.push(is_cell);
                }
                Node::End => {
                    inside = Inside::Nothing;
                    if open.pop() == Some(true) {
                        self.cell(&cell, sheet, shown)?;
                    }
                }
                Node::Text(text) => match inside {
                    Inside::Formula => cell.formula.push_str(text),
                    Inside::Value => cell.value.push_str(text),
                    Inside::Nothing => {}
                },
                Node::Eof => return Ok(()),
            }
        }
    }

    fn cell(
        &mut self,
        cell: &Cell,
        sheet: &Sheet,
        shown: &HashMap<String, Vec<usize>>,
    ) -> Result<(), Problem> {
        let value = (cell.kind == "str").then_some(&*cell.value);
        for made in formula::links(&cell.formula, value) {
            let (address, goal) = match made {
                Made::To(address) => {
                    let goal = workbook_of(&address).unwrap_or_else(|| goal(&address, &self.base));
                    (address, goal)
                }
                Made::Computed(formula) => (formula, Goal::Computed),
            };
            let name = Some(cell.name.clone());
            self.push(Kind::Formula, address, goal, None, cell.value.clone(), sheet, name)?;
        }
        let Some(numbers) = shown.get(&cell.name) else { return Ok(()) };
        if cell.kind == "s" {
            if let Ok(string) = cell.value.trim().parse::<usize>() {
                self.strings.entry(string).or_default().extend(numbers);
            }
        } else if !cell.value.is_empty() {
            for number in numbers {
                self.links.as_mut_slice()[*number].text.clone_from(&cell.value);
            }
        }
        Ok(())
    }

    /// The shared texts that links wait for.
    fn read_strings<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        part: &str,
    ) -> Result<(), Problem> {
        let Some(input) = package.part(part)? else { return Ok(()) };
        let mut xml = Xml::new(input, part, self.limits)?;
        let mut next = 0;
        let mut words: Option<String> = None;
        let mut open: Vec<Inside> = Vec::new();
        loop {
            match xml.next()? {
                Node::Start(element) => {
                    let inside = match element.local() {
                        "si" => {
                            words = self.strings.contains_key(&next).then(String::new);
                            Inside::Formula
                        }
                        "t" => Inside::Value,
                        // How the text is pronounced is not shown.
                        _ => Inside::Nothing,
                    };
                    open.push(inside);
                }
                Node::End => {
                    if open.pop() == Some(Inside::Formula) {
                        if let Some(words) = words.take() {
                            self.give(next, &words);
                        }
                        next += 1;
                    }
                }
                Node::Text(text) => {
                    if open.last() == Some(&Inside::Value)
                        && let Some(words) = &mut words
                    {
                        words.push_str(text);
                    }
                }
                Node::Eof => return Ok(()),
            }
        }
    }

    fn give(&mut self, string: usize, words: &str) {
        for number in self.strings.remove(&string).unwrap_or_default() {
            words.clone_into(&mut self.links.as_mut_slice()[number].text);
        }
    }

    /// Images and shapes that lead somewhere, each at the cell where it begins.
    fn read_drawing<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        sheet: &Sheet,
        part: &Arc<str>,
    ) -> Result<(), Problem> {
        let relationships = Relationships::of(part, package, self.limits)?;
        let Some(input) = package.part(part)? else { return Ok(()) };
        let mut xml = Xml::new(input, part, self.limits)?;
        let (mut column, mut row) = (0_u64, 0_u64);
        let mut names: Vec<String> = Vec::new();
        let drawing = Sheet { name: Arc::clone(&sheet.name), part: Arc::clone(part) };
        loop {
            match xml.next()? {
                Node::Start(element) => {
                    let (kind, name) = match (element.space, element.local()) {
                        (Space::A, "hlinkClick" | "hlinkHover") => (Kind::Image, "id"),
                        (Space::A, "blip") => (Kind::ImageSource, "link"),
                        _ => {
                            names.push(element.local().to_owned());
                            continue;
                        }
                    };
                    names.push(String::new());
                    let Some(id) = element.get(Space::R, name) else { continue };
                    let tip = element.get(Space::None, "tooltip").unwrap_or_default();
                    let (address, goal, spot) = relationships.lead(&id, None, &self.base);
                    let cell = format!("{}{}", column_name(column), row + 1);
                    self.push(kind, address, goal, spot, tip, &drawing, Some(cell))?;
                }
                Node::End => {
                    names.pop();
                }
                Node::Text(text) => {
                    let in_from = names.iter().rev().nth(1).is_some_and(|name| name == "from");
                    let number = text.trim().parse().unwrap_or(0);
                    match names.last().map(String::as_str) {
                        Some("col") if in_from => column = number,
                        Some("row") if in_from => row = number,
                        _ => {}
                    }
                }
                Node::Eof => return Ok(()),
            }
        }
    }

    fn read_table<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        part: &str,
    ) -> Result<(), Problem> {
        let Some(input) = package.part(part)? else { return Ok(()) };
        let mut xml = Xml::new(input, part, self.limits)?;
        let mut table = String::new();
        loop {
            match xml.next()? {
                Node::Start(element) if element.is(Space::X, "table") => {
                    table = element.get(Space::None, "displayName").unwrap_or_default();
                    self.targets.add_table(&table);
                }
                Node::Start(element) if element.is(Space::X, "tableColumn") => {
                    let name = element.get(Space::None, "name").unwrap_or_default();
                    self.targets.add_column(&table, &name);
                }
                Node::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    /// Another workbook whose cells are used.
    fn read_external<R: Read + Seek>(
        &mut self,
        package: &mut Package<R>,
        part: &Arc<str>,
    ) -> Result<(), Problem> {
        let relationships = Relationships::of(part, package, self.limits)?;
        let Some(input) = package.part(part)? else { return Ok(()) };
        let mut xml = Xml::new(input, part, self.limits)?;
        loop {
            match xml.next()? {
                Node::Start(element) if element.is(Space::X, "externalBook") => {
                    let Some(id) = element.get(Space::R, "id") else { continue };
                    let (address, goal, spot) = relationships.lead(&id, None, &self.base);
                    let (part, text) = (Arc::clone(part), String::new());
                    let (kind, place) = (Kind::TableSource, Place::default());
                    self.links.push(Link { address, goal, kind, text, place, part, spot })?;
                }
                Node::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "they are the parts of a link")]
    fn push(
        &mut self,
        kind: Kind,
        address: String,
        goal: Goal,
        spot: Option<Spot>,
        text: String,
        sheet: &Sheet,
        cell: Option<String>,
    ) -> Result<(), Problem> {
        let place = Place { sheet: Some(Arc::clone(&sheet.name)), cell, ..Place::default() };
        let part = Arc::clone(&sheet.part);
        self.links.push(Link { address, goal, kind, text, place, part, spot })
    }
}

/// What text belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Formula,
    Value,
}
