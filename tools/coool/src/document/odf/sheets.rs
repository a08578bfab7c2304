//! What a link can lead to in a spreadsheet, by Calc's rules: names in any capitals, `Sheet`,
//! `Sheet.A1`, `$Sheet.$A$1`, `Sheet!A1`, `'My Sheet'.A1`, `A5`, ranges and named ranges.

use std::collections::HashSet;

use crate::address::{Jump, decoded};
use crate::document::cells;
use crate::targets::{Found, Speller, Targets};

/// The sheets and named ranges of a spreadsheet.
#[derive(Debug, Default)]
pub(super) struct SheetTargets {
    sheets: Vec<String>,
    /// In small letters.
    known: HashSet<String>,
    ranges: Vec<String>,
}

impl SheetTargets {
    pub(super) fn add_sheet(&mut self, name: String) {
        self.known.insert(name.to_lowercase());
        self.sheets.push(name);
    }

    pub(super) fn add_range(&mut self, name: String) {
        self.known.insert(name.to_lowercase());
        self.ranges.push(name);
    }

    pub(super) fn len(&self) -> usize {
        self.sheets.len() + self.ranges.len()
    }

    fn find_name(&self, fragment: &str, speller: &Speller) -> Found {
        if self.known.contains(&cells::unquoted(fragment).to_lowercase()) {
            return Found::Yes;
        }
        match cells::split_sheet(fragment) {
            Some((sheet, cells)) => self.find_on_sheet(&sheet, cells, speller),
            None if cells::is_range(fragment) => Found::Yes,
            None => self.missing(fragment, speller),
        }
    }

    fn find_on_sheet(&self, sheet: &str, cells: &str, speller: &Speller) -> Found {
        if !self.known.contains(&sheet.to_lowercase()) {
            let near = speller.nearest(sheet, self.sheets.iter().map(String::as_str));
            return Found::No {
                reason: format!("no sheet is called `{sheet}`"),
                nearest: near
                    .map(|near| near.written(|near| format!("{}.{cells}", cells::quoted(near)))),
            };
        }
        let is_name = self.ranges.iter().any(|name| name.eq_ignore_ascii_case(cells));
        if is_name || cells::is_range(cells) {
            return Found::Yes;
        }
        Found::No { reason: format!("`{cells}` is no cell of a sheet"), nearest: None }
    }

    fn missing(&self, name: &str, speller: &Speller) -> Found {
        let all = self.sheets.iter().chain(&self.ranges).map(String::as_str);
        Found::No {
            reason: format!("no sheet, no range and no cell is called `{name}`"),
            nearest: speller.nearest(name, all),
        }
    }
}

impl Targets for SheetTargets {
    fn find(&self, jump: &Jump, speller: &Speller) -> Found {
        match jump {
            Jump::Fragment(fragment) if fragment.is_empty() => {
                let reason = "it names no place".to_owned();
                Found::No { reason, nearest: None }
            }
            Jump::Fragment(fragment) => self.find_name(&decoded(fragment), speller),
            _ => Found::Unknown,
        }
    }
}
