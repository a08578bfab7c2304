//! Sheets and their cells, and the tables of texts.

use std::sync::Arc;

use crate::address::{Base, Goal, goal};
use crate::document::formula::{self, Made};
use crate::document::problem::Problem;
use crate::document::xml::{Element, Space};
use crate::link::{Aside, Kind};

use super::super::styles::Family;
use super::super::text::Sort;
use super::{Before, Body, Collects, Ends, Frame, Open, Role, Walker};

/// More rows or columns than any sheet has: so many may be skipped at once.
const MOST_REPEATS: u64 = 1 << 24;

impl Walker {
    pub(super) fn start_table(
        &mut self,
        element: &Element,
        frame: &mut Frame,
    ) -> Result<(), Problem> {
        if self.body == Some(Body::Sheets) && self.role != Role::Styles {
            return self.start_cells(element, frame);
        }
        if element.local() == "table" {
            self.name(Sort::Table, Space::Table, element);
            self.paragraph(Family::Table, Space::Table, element, frame);
        }
        Ok(())
    }

    fn start_cells(&mut self, element: &Element, frame: &mut Frame) -> Result<(), Problem> {
        let repeats = |name: &str| {
            let count = element.get(Space::Table, name).and_then(|count| count.parse().ok());
            count.map_or(1, |count: u64| count.min(MOST_REPEATS))
        };
        match element.local() {
            "table" => {
                let name = element.get(Space::Table, "name").unwrap_or_default();
                self.sheets.add_sheet(name.clone());
                self.sheet = Some(Arc::from(name));
                (self.row, self.column) = (0, 0);
                frame.ends = Ends::Sheet;
            }
            "table-row" => {
                self.column = 0;
                self.row_repeats = repeats("number-rows-repeated");
                frame.ends = Ends::Row;
            }
            "table-cell" | "covered-table-cell" => {
                self.column_repeats = repeats("number-columns-repeated");
                self.in_cell = true;
                frame.ends = Ends::Cell;
                self.formula(element, frame)?;
            }
            "named-range" | "named-expression" | "database-range" => {
                if let Some(name) = element.get(Space::Table, "name") {
                    self.sheets.add_range(name);
                }
            }
            "tracked-changes" => frame.before = Some(Before(self.aside.replace(Aside::Deletion))),
            _ => {}
        }
        Ok(())
    }

    /// The links of a formula; what the cell shows are their words.
    pub(super) fn formula(&mut self, element: &Element, frame: &mut Frame) -> Result<(), Problem> {
        let Some(written) = element.get(Space::Table, "formula") else { return Ok(()) };
        // OpenOffice.org 1 has the value in the namespace of tables.
        let get =
            |name| element.get(Space::Office, name).or_else(|| element.get(Space::Table, name));
        let is_text = get("value-type").as_deref() == Some("string");
        let shown = get("string-value");
        let shows_address = is_text && shown.is_none() && formula::shows_address(&written);
        for made in formula::links(&written, shown.as_deref().filter(|_| is_text)) {
            match made {
                // Seen from the document's folder, not from within the package.
                Made::To(address) => {
                    let goal = goal(&address, &Base::Folder);
                    self.push(Kind::Formula, address, goal, None, Some(frame))?;
                }
                Made::Computed(formula) => {
                    self.push(Kind::Formula, formula, Goal::Computed, None, Some(frame))?;
                    if shows_address {
                        self.words_are_the_address();
                    }
                }
            }
        }
        Ok(())
    }

    /// The words that the last link collects are where it leads.
    fn words_are_the_address(&mut self) {
        if let Some(Open { what, .. }) = self.open.last_mut()
            && let Collects::Link(number) = *what
        {
            *what = Collects::Address(number);
        }
    }
}
