//! Sheets and their cells, and the tables of texts.

use std::sync::Arc;

use crate::address::{Base, Goal, goal};
use crate::document::formula;
use crate::document::problem::Problem;
use crate::document::xml::{Element, Space};
use crate::link::{Aside, Kind};

use super::super::styles::Family;
use super::super::text::Sort;
use super::{Before, Body, Ends, Frame, Role, Walker};

/// More rows or columns than any sheet has: so many may be skipped at once.
const MOST_REPEATS: u64 = 1 << 24;

impl Walker {
    pub(super) fn start_table(
        &mut self,
        element: &Element,
        frame: &mut Frame,
    ) -> Result<(), Problem> {
        if self.body == Some(Body::Sheets) && self.role == Role::Document {
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
                self.formula(element)?;
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

    fn formula(&mut self, element: &Element) -> Result<(), Problem> {
        let Some(value) = element.value(Space::Table, "formula") else { return Ok(()) };
        if formula::computed(&value.text).is_some() {
            self.push(Kind::Formula, value.text.clone(), Goal::Computed, None, None)?;
        }
        for found in formula::addresses(&value.text) {
            // Seen from the document's folder, not from within the package.
            let goal = goal(&found, &Base::Folder);
            self.push(Kind::Formula, found, goal, None, None)?;
        }
        Ok(())
    }
}
