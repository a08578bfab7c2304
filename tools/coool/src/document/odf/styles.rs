//! Which styles begin a new page.

use std::collections::HashMap;

use crate::document::xml::{Element, Space};

/// The paragraph and table styles of a document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    styles: HashMap<(Family, String), Style>,
}

/// What a style belongs to; names are unique within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Family {
    Paragraph,
    Table,
}

#[derive(Debug, Default, Clone)]
struct Style {
    parent: Option<String>,
    before: Option<bool>,
    after: Option<bool>,
    /// A page style begins a new page, too.
    master_page: Option<bool>,
}

/// The breaks that come with a paragraph or a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Breaks {
    pub(super) before: bool,
    pub(super) after: bool,
}

impl Styles {
    /// A `style:style`; returns what its properties belong to.
    pub(super) fn begin(&mut self, element: &Element) -> Option<(Family, String)> {
        let family = match element.get(Space::Style, "family")?.as_str() {
            "paragraph" => Family::Paragraph,
            "table" => Family::Table,
            _ => return None,
        };
        let name = element.get(Space::Style, "name")?;
        let style = Style {
            parent: element.get(Space::Style, "parent-style-name"),
            master_page: element
                .get(Space::Style, "master-page-name")
                .map(|master| !master.is_empty()),
            ..Style::default()
        };
        self.styles.insert((family, name.clone()), style);
        Some((family, name))
    }

    /// The properties of a style, in `style:paragraph-properties` and the like.
    pub(super) fn properties(&mut self, of: &(Family, String), element: &Element) {
        let Some(style) = self.styles.get_mut(of) else { return };
        let page = |name| element.get(Space::Fo, name).map(|value| value == "page");
        style.before = page("break-before").or(style.before);
        style.after = page("break-after").or(style.after);
    }

    /// The breaks of a style, its parents' included.
    pub(super) fn breaks(&self, family: Family, name: &str) -> Breaks {
        /// Styles of people have up to a dozen parents; a circle has no end.
        const MOST_PARENTS: usize = 64;
        let (mut before, mut after, mut master_page) = (None, None, None);
        let mut next = self.styles.get(&(family, name.to_owned()));
        for _ in 0..MOST_PARENTS {
            let Some(style) = next else { break };
            before = before.or(style.before);
            after = after.or(style.after);
            master_page = master_page.or(style.master_page);
            let parent = style.parent.clone();
            next = parent.and_then(|parent| self.styles.get(&(family, parent)));
        }
        Breaks {
            before: before == Some(true) || master_page == Some(true),
            after: after == Some(true),
        }
    }
}
