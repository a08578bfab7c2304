//! What a link can lead to in Word's texts, in presentations and in Excel's sheets.

use std::collections::{HashMap, HashSet};

use crate::address::{Jump, Named, decoded};
use crate::document::cells;
use crate::targets::{Found, Speller, Targets};

/// The bookmarks of a text. Word does not care about capitals, and cuts names at 40 characters.
#[derive(Debug, Default)]
pub(super) struct WordTargets {
    bookmarks: HashMap<String, String>,
    headings: HashSet<String>,
}

impl WordTargets {
    pub(super) fn add(&mut self, name: &str) {
        self.bookmarks.insert(name.to_lowercase(), name.to_owned());
    }

    pub(super) fn add_heading(&mut self, text: &str) {
        self.headings.insert(text.to_lowercase());
    }

    pub(super) fn len(&self) -> usize {
        self.bookmarks.len() + self.headings.len()
    }

    fn find_bookmark(&self, name: &str, speller: &Speller) -> Found {
        /// Longer names are cut.
        const LONGEST: usize = 40;
        let small = name.to_lowercase();
        let cut: String = small.chars().take(LONGEST).collect();
        if self.bookmarks.contains_key(&small) || self.bookmarks.contains_key(&cut) {
            return Found::Yes;
        }
        let near = speller.nearest(name, self.bookmarks.values().map(String::as_str));
        Found::No {
            reason: format!("no bookmark is called `{name}`"),
            nearest: near.map(str::to_owned),
        }
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
                        nearest: speller
                            .nearest(&name, self.titles.iter().map(String::as_str))
                            .map(str::to_owned),
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
}

impl SheetTargets {
    fn find_cells(&self, text: &str, speller: &Speller) -> Found {
        if let Some((sheet, cells)) = cells::split_sheet(text) {
            if !has(&self.sheets, &sheet) {
                let near = speller.nearest(&sheet, self.sheets.iter().map(String::as_str));
                return Found::No {
                    reason: format!("no sheet is called `{sheet}`"),
                    nearest: near.map(|near| format!("{}!{cells}", cells::quoted(near))),
                };
            }
            return if cells::is_range(cells) || has(&self.names, cells) {
                Found::Yes
            } else {
                Found::No { reason: format!("`{cells}` is no cell of a sheet"), nearest: None }
            };
        }
        let name = cells::unquoted(text);
        if cells::is_range(text) || has(&self.names, &name) || has(&self.sheets, &name) {
            return Found::Yes;
        }
        let all = self.sheets.iter().chain(&self.names).map(String::as_str);
        Found::No {
            reason: format!("no sheet, no name and no cell is called `{text}`"),
            nearest: speller.nearest(text, all).map(str::to_owned),
        }
    }
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
