//! What a link can lead to in Word's texts, in presentations and in Excel's sheets.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::address::{Goal, Jump, Named, decoded};
use crate::document::cells;
use crate::targets::{Found, Headings, Speller, Targets, counts};

/// The bookmarks of a text. Word does not care about capitals, and cuts names at 40 characters.
#[derive(Debug, Default)]
pub(super) struct WordTargets {
    bookmarks: HashMap<String, String>,
    headings: HashSet<String>,
    /// The headings with the bookmarks that stand at them.
    headings_by_words: Headings,
    /// The bookmarks since the paragraph before.
    marks: Vec<String>,
    escaped: Escaped,
}

/// Longer names are cut.
const LONGEST: usize = 40;

impl WordTargets {
    pub(super) fn add(&mut self, name: &str) {
        self.bookmarks.insert(name.to_lowercase(), name.to_owned());
        self.marks.push(name.to_owned());
        self.escaped.add(name);
    }

    pub(super) fn add_heading(&mut self, text: &str) {
        self.headings.insert(text.to_lowercase());
        // A contents list goes by marks of its own.
        let contents = self.marks.iter().position(|mark| counts::is_contents_mark(mark));
        let mark = contents.or(self.marks.len().checked_sub(1));
        self.headings_by_words.add(text, mark.map(|at| self.marks.swap_remove(at)));
    }

    /// A paragraph has ended: bookmarks before the next belong to that one.
    pub(super) fn end_paragraph(&mut self) {
        self.marks.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.bookmarks.len() + self.headings.len()
    }

    fn find_bookmark(&self, name: &str, speller: &Speller) -> Found {
        let small = name.to_lowercase();
        let cut: String = small.chars().take(LONGEST).collect();
        if self.bookmarks.contains_key(&small)
            || self.bookmarks.contains_key(&cut)
            || self.escaped.holds(name)
        {
            return Found::Yes;
        }
        let near = speller.nearest(name, self.bookmarks.values().map(String::as_str));
        Found::No { reason: format!("no bookmark is called `{name}`"), nearest: near }
    }
}

/// The bookmarks that LibreOffice has escaped. It does so once, twice or not at all, otherwise in the
/// bookmark than in what leads to it, and cuts what comes of it wherever 40 letters end.
///
/// Proof: `tests/libreoffice.rs::no_name_that_libreoffice_escapes_is_a_false_alarm`
#[derive(Debug, Default)]
struct Escaped {
    /// The names without escapes.
    names: HashSet<String>,
    /// What is left of those that were cut, and how many letters that is.
    starts: HashSet<String>,
    lengths: BTreeSet<usize>,
}

impl Escaped {
    fn add(&mut self, name: &str) {
        let plain = unescaped(name);
        if name.chars().count() >= LONGEST {
            let start = without_half_escape(&plain);
            self.lengths.insert(start.chars().count());
            self.starts.insert(start.to_owned());
        }
        if name.contains('%') {
            self.names.insert(plain);
        }
    }

    fn holds(&self, name: &str) -> bool {
        let plain = unescaped(name);
        let begins = |length: &usize| {
            let start: String = plain.chars().take(*length).collect();
            self.starts.contains(&start)
        };
        self.names.contains(&plain) || self.lengths.iter().any(begins)
    }
}

/// A name without any of its escapes, and with what stands for a blank.
fn unescaped(name: &str) -> String {
    /// Each program in a row may escape once more.
    const MOST: usize = 4;
    let mut plain = name.to_lowercase();
    for _ in 0..MOST {
        plain = decoded(&plain);
    }
    plain.replace(' ', "_").to_lowercase()
}

/// A name that was cut may end within an escape: `%`, `%2`, `%25` and `%253` say nothing.
fn without_half_escape(name: &str) -> &str {
    match name.rfind('%') {
        Some(at) if name.len() - at <= "%253".len() => &name[..at],
        _ => name,
    }
}

impl Targets for WordTargets {
    fn find(&self, jump: &Jump, speller: &Speller) -> Found {
        match jump {
            Jump::Named(Named::Bookmark, name) => self.find_bookmark(name, speller),
            Jump::Fragment(name) => {
                let name = decoded(name);
                // These are there in every document; LibreOffice names headings so.
                let is_given = name.is_empty()
                    || name.eq_ignore_ascii_case("_top")
                    || name.eq_ignore_ascii_case("top");
                let heading = name.strip_suffix("|outline").map(str::to_lowercase);
                if is_given || heading.is_some_and(|heading| self.headings.contains(&heading)) {
                    return Found::Yes;
                }
                self.find_bookmark(&name, speller)
            }
            _ => Found::Unknown,
        }
    }

    fn heading(&self, words: &str) -> Option<&str> {
        self.headings_by_words.find(words)
    }
}

/// The slides of a presentation: links within it go by number, those from elsewhere by title.
#[derive(Debug, Default)]
pub(super) struct SlideTargets {
    pub(super) titles: Vec<String>,
}

impl Targets for SlideTargets {
    fn find(&self, jump: &Jump, speller: &Speller) -> Found {
        let count = self.titles.len();
        match jump {
            Jump::Neighbour => Found::Yes,
            Jump::Page(number) => self.find_number(*number as usize),
            Jump::Fragment(name) if name.is_empty() => Found::Yes,
            Jump::Fragment(name) => {
                let name = decoded(name);
                // PowerPoint writes the slide's id, its number and its title: `257,2,Costs`.
                let mut words = name.splitn(3, ',');
                let number = match (words.next(), words.next()) {
                    (Some(id), Some(number)) if id.trim().parse::<u32>().is_ok() => number,
                    _ => name.trim_start_matches(|letter: char| !letter.is_ascii_digit()),
                };
                if self.titles.iter().any(|title| title.eq_ignore_ascii_case(&name)) {
                    return Found::Yes;
                }
                match number.trim().parse() {
                    Ok(number) => self.find_number(number),
                    Err(_) => Found::No {
                        reason: format!("none of the {count} slides is called `{name}`"),
                        nearest: speller.nearest(&name, self.titles.iter().map(String::as_str)),
                    },
                }
            }
            Jump::Named(..) => Found::Unknown,
        }
    }
}

impl SlideTargets {
    fn find_number(&self, number: usize) -> Found {
        let count = self.titles.len();
        if (1..=count).contains(&number) {
            return Found::Yes;
        }
        Found::No {
            reason: format!("there is no slide {number}: the last is slide {count}"),
            nearest: None,
        }
    }
}

/// The sheets, names and tables of a workbook, in any capitals.
#[derive(Debug, Default)]
pub(super) struct SheetTargets {
    pub(super) sheets: Vec<String>,
    pub(super) names: Vec<String>,
    /// The columns of each table, in small letters.
    tables: HashMap<String, HashSet<String>>,
}

impl SheetTargets {
    pub(super) fn add_table(&mut self, name: &str) {
        self.names.push(name.to_owned());
        self.tables.entry(name.to_lowercase()).or_default();
    }

    pub(super) fn add_column(&mut self, table: &str, name: &str) {
        let columns = self.tables.entry(table.to_lowercase()).or_default();
        columns.insert(name.to_lowercase());
    }

    fn find_cells(&self, text: &str, speller: &Speller) -> Found {
        if let Some((table, columns)) = structured(text) {
            return self.find_columns(table, &columns);
        }
        match cells::split_sheet(text) {
            Some((sheet, cells)) => self.find_on_sheet(text, &sheet, cells, speller),
            None => self.find_name(text, speller),
        }
    }

    /// `Table1[Costs]`.
    fn find_columns(&self, table: &str, columns: &[String]) -> Found {
        let Some(known) = self.tables.get(&table.to_lowercase()) else {
            return Found::No { reason: format!("no table is called `{table}`"), nearest: None };
        };
        match columns.iter().find(|column| !known.contains(&column.to_lowercase())) {
            None => Found::Yes,
            Some(column) => {
                let reason = format!("the table `{table}` has no column `{column}`");
                Found::No { reason, nearest: None }
            }
        }
    }

    fn find_on_sheet(&self, text: &str, sheet: &str, cells: &str, speller: &Speller) -> Found {
        if !has(&self.sheets, sheet) {
            let near = speller.nearest(sheet, self.sheets.iter().map(String::as_str));
            let written = |near: &str| format!("{}!{cells}", cells::quoted(near));
            return Found::No {
                reason: format!("no sheet is called `{sheet}`"),
                nearest: near.map(|near| near.written(written)),
            };
        }
        if !cells::is_range(cells) && !has(&self.names, cells) {
            return Found::No { reason: format!("`{cells}` is no cell of a sheet"), nearest: None };
        }
        if !text.starts_with(['\'', '$']) && cells::needs_quotes(sheet) {
            return Found::Fragile(format!(
                "Excel wants quotes around the sheet's name: `'{sheet}'`"
            ));
        }
        Found::Yes
    }

    fn find_name(&self, text: &str, speller: &Speller) -> Found {
        let name = cells::unquoted(text);
        if cells::is_range(text) || has(&self.names, &name) || has(&self.sheets, &name) {
            return Found::Yes;
        }
        let all = self.sheets.iter().chain(&self.names).map(String::as_str);
        Found::No {
            reason: format!("no sheet, no name and no cell is called `{text}`"),
            nearest: speller.nearest(text, all),
        }
    }
}

/// The table and the columns of `Table1[[#Data],[Costs]:[Sum]]`; what begins with `#` is no column,
/// and an apostrophe stands before a sign that is meant.
fn structured(text: &str) -> Option<(&str, Vec<String>)> {
    let (table, rest) = text.split_once('[')?;
    let inner = rest.strip_suffix(']')?;
    if table.is_empty() || table.contains(['!', '\'', ' ']) {
        return None;
    }
    let inner = if inner.starts_with('[') { inner } else { rest };
    let mut columns = vec![String::new()];
    let mut letters = inner.chars();
    let mut inside = !inner.starts_with('[');
    while let Some(letter) = letters.next() {
        match letter {
            '[' => inside = true,
            ']' => {
                inside = false;
                columns.push(String::new());
            }
            '\'' => columns.last_mut()?.extend(letters.next()),
            letter if inside => columns.last_mut()?.push(letter),
            _ => {}
        }
    }
    columns.retain(|column| !column.is_empty() && !column.starts_with(['#', '@']));
    Some((table, columns))
}

/// Another workbook that a place names: `[other.xlsx]Sheet!A1`, `'[my other.xlsx]Sheet'!A1`.
pub(super) fn workbook_of(place: &str) -> Option<Goal> {
    let place = place.strip_prefix('#').unwrap_or(place);
    let (quote, rest) = match place.strip_prefix("'[") {
        Some(rest) => ("'", rest),
        None => ("", place.strip_prefix('[')?),
    };
    let (path, sheet) = rest.split_once(']')?;
    // A number stands for a workbook that a relationship names.
    if path.is_empty() || path.bytes().all(|byte| byte.is_ascii_digit()) || path.contains("://") {
        return None;
    }
    let path = path.replace('\\', "/");
    Some(Goal::File { path, fragment: Some(format!("{quote}{sheet}")) })
}

fn has(names: &[String], name: &str) -> bool {
    let name = name.to_lowercase();
    names.iter().any(|known| known.to_lowercase() == name)
}

impl Targets for SheetTargets {
    fn find(&self, jump: &Jump, speller: &Speller) -> Found {
        match jump {
            Jump::Fragment(text) if text.is_empty() => Found::Yes,
            Jump::Fragment(text) => self.find_cells(&decoded(text), speller),
            _ => Found::Unknown,
        }
    }
}
