//! What a link can lead to in a text document, by Writer's rules.
//!
//! `name|kind`, where the last bar counts and the kind is in any capitals and never translated;
//! a name alone is a bookmark. Names are case-sensitive and may be written with percent signs.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::address::{Jump, Named, decoded};
use crate::proposal::Proposal;
use crate::targets::{Found, Headings, Speller, Targets};

/// The places of a text document.
#[derive(Debug, Default)]
pub(super) struct TextTargets {
    /// Names of each kind.
    named: HashMap<Sort, BTreeSet<String>>,
    /// The headings, in order.
    headings: Vec<String>,
    /// The same, to be found quickly.
    heading_set: HashSet<String>,
    /// The same, with the bookmarks that stand in them.
    headings_by_words: Headings,
    /// The bookmarks of the heading at hand.
    marks: Vec<String>,
    /// The name of the frame at hand, until it is known what is in it.
    frame: Option<String>,
    /// The names that fields refer to.
    fields: HashMap<Named, BTreeSet<String>>,
}

/// What a name belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    Bookmark,
    Table,
    Frame,
    Graphic,
    Object,
    Section,
    Shape,
    Sequence,
}

impl Sort {
    /// What stands behind the bar.
    fn suffix(self) -> &'static str {
        match self {
            Self::Bookmark => "",
            Self::Table => "|table",
            Self::Frame => "|frame",
            Self::Graphic => "|graphic",
            Self::Object => "|ole",
            Self::Section => "|region",
            Self::Shape => "|drawingobject",
            Self::Sequence => "|sequence",
        }
    }

    fn of_suffix(suffix: &str) -> Option<Self> {
        Some(match suffix.to_ascii_lowercase().as_str() {
            "table" => Self::Table,
            "frame" => Self::Frame,
            "graphic" => Self::Graphic,
            "ole" => Self::Object,
            "region" => Self::Section,
            "drawingobject" => Self::Shape,
            "sequence" => Self::Sequence,
            _ => return None,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Self::Bookmark => "bookmark",
            Self::Table => "table",
            Self::Frame => "frame",
            Self::Graphic => "image",
            Self::Object => "object",
            Self::Section => "section",
            Self::Shape => "drawn shape",
            Self::Sequence => "numbered caption",
        }
    }
}

impl TextTargets {
    pub(super) fn add(&mut self, sort: Sort, name: String) {
        if sort == Sort::Bookmark {
            self.marks.push(name.clone());
        }
        self.named.entry(sort).or_default().insert(name);
    }

    /// A frame begins: what it holds says what its name is the name of.
    pub(super) fn set_frame(&mut self, name: Option<String>) {
        self.frame = name;
    }

    /// What the frame holds. The first counts: an object has an image beside it for those who
    /// cannot show it.
    pub(super) fn add_frame(&mut self, sort: Sort) {
        if let Some(name) = self.frame.take() {
            self.add(sort, name);
        }
    }

    /// A heading begins: a bookmark in it is what contents lists lead to.
    pub(super) fn begin_heading(&mut self) {
        self.marks.clear();
    }

    pub(super) fn add_heading(&mut self, text: &str) {
        let text = text.trim();
        let place = self.marks.pop().unwrap_or_else(|| format!("{text}|outline"));
        self.headings_by_words.add(text, Some(place));
        self.headings.push(text.to_owned());
        self.heading_set.insert(text.to_owned());
    }

    pub(super) fn add_field(&mut self, named: Named, name: String) {
        self.fields.entry(named).or_default().insert(name);
    }

    pub(super) fn len(&self) -> usize {
        let names: usize = self.named.values().map(BTreeSet::len).sum();
        names + self.headings.len()
    }

    fn find_named(&self, sort: Sort, name: &str, speller: &Speller) -> Found {
        let names = self.named.get(&sort);
        if names.is_some_and(|names| names.contains(name)) {
            return Found::Yes;
        }
        let candidates = names.into_iter().flatten().map(String::as_str);
        let near = speller
            .nearest(name, candidates)
            .map(|near| near.written(|near| format!("{near}{}", sort.suffix())));
        Found::No { reason: format!("no {} is called `{name}`", sort.word()), nearest: near }
    }

    /// Writer does not store the numbers of headings, so that one in a link may be right or wrong;
    /// it goes by the text, and then by what the text begins with.
    fn find_heading(&self, name: &str, speller: &Speller) -> Found {
        // Blanks at the end of a heading stand in the link, and nobody sees them.
        let name = name.trim();
        let plain = without_number(name);
        if self.heading_set.contains(name) || self.heading_set.contains(plain) {
            return Found::Yes;
        }
        let begins = |heading: &&String| {
            !plain.is_empty() && (heading.starts_with(name) || heading.starts_with(plain))
        };
        if let Some(heading) = self.headings.iter().find(begins) {
            let reason = format!(
                "no heading is called `{plain}`; Writer takes `{heading}`, which begins so"
            );
            return Found::Fragile(reason);
        }
        let near = speller.nearest(plain, self.headings.iter().map(String::as_str));
        Found::No {
            reason: format!("no heading is called `{plain}`"),
            nearest: near.map(|near| near.written(|near| format!("{near}|outline"))),
        }
    }

    /// A name alone is a bookmark to Writer; that something else has the name is worth saying.
    fn find_bookmark(&self, name: &str, speller: &Speller) -> Found {
        let found = self.find_named(Sort::Bookmark, name, speller);
        let Found::No { reason, nearest: near } = found else { return found };
        if self.heading_set.contains(without_number(name)) {
            return Found::No {
                reason: format!("{reason}, but a heading is"),
                nearest: Some(Proposal::sure(format!("{name}|outline"), SUFFIX)),
            };
        }
        let others = [Sort::Table, Sort::Frame, Sort::Graphic, Sort::Object, Sort::Section];
        for sort in others {
            if self.named.get(&sort).is_some_and(|names| names.contains(name)) {
                return Found::No {
                    reason: format!("{reason}, but a {} is", sort.word()),
                    nearest: Some(Proposal::sure(format!("{name}{}", sort.suffix()), SUFFIX)),
                };
            }
        }
        Found::No { reason, nearest: near }
    }

    fn find_field(&self, named: Named, name: &str, speller: &Speller) -> Found {
        let known = self.fields.get(&named);
        if known.is_some_and(|names| names.contains(name)) {
            return Found::Yes;
        }
        let word = match named {
            Named::Bookmark => return self.find_named(Sort::Bookmark, name, speller),
            Named::ReferenceMark => "reference mark",
            Named::Note => "note",
            Named::Sequence => "numbered caption",
            _ => return Found::Unknown,
        };
        let near = speller.nearest(name, known.into_iter().flatten().map(String::as_str));
        Found::No { reason: format!("no {word} is called `{name}`"), nearest: near }
    }
}

impl Targets for TextTargets {
    fn find(&self, jump: &Jump, speller: &Speller) -> Found {
        let fragment = match jump {
            Jump::Named(named, name) => return self.find_field(*named, name, speller),
            Jump::Fragment(fragment) => decoded(fragment),
            Jump::Page(_) | Jump::Neighbour => return Found::Unknown,
        };
        if fragment.is_empty() {
            let reason = "it names no place".to_owned();
            return Found::No { reason, nearest: None };
        }
        // `|` may be the last bar of a name, and a name without a known kind is a bookmark.
        match fragment.rsplit_once('|') {
            Some((name, suffix)) if suffix.eq_ignore_ascii_case("outline") => {
                self.find_heading(name, speller)
            }
            Some((_, suffix)) if suffix.eq_ignore_ascii_case("text") => Found::Unknown,
            Some((name, suffix)) => match Sort::of_suffix(suffix) {
                Some(sort) => self.find_named(sort, name, speller),
                None => self.find_bookmark(&fragment, speller),
            },
            None => self.find_bookmark(&fragment, speller),
        }
    }

    fn heading(&self, words: &str) -> Option<&str> {
        self.headings_by_words.find(words)
    }
}

/// Why a name with its kind behind it is what was meant.
const SUFFIX: &str = "it has that name, and a link says what kind it is";

/// A heading as a link names it, without its number: `1.2.Costs` is `Costs`.
fn without_number(name: &str) -> &str {
    let mut rest = name;
    while let Some((number, after)) = rest.split_once('.') {
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            break;
        }
        rest = after;
    }
    rest.trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets() -> TextTargets {
        let mut targets = TextTargets::default();
        targets.add_heading("Costs of the project");
        targets.add_heading("2. Choice");
        targets.add(Sort::Bookmark, "Start".to_owned());
        targets.add(Sort::Table, "Table1".to_owned());
        targets
    }

    fn find(fragment: &str) -> Found {
        targets().find(&Jump::Fragment(fragment.to_owned()), &Speller::default())
    }

    #[test]
    fn a_number_before_a_heading_may_be_wrong_or_absent() {
        for name in ["1.2.Costs of the project|outline", "9.Costs%20of%20the%20project|OUTLINE"] {
            assert_eq!(find(name), Found::Yes, "{name}");
        }
        assert!(matches!(find("Costs of|outline"), Found::Fragile(_)));
    }

    #[test]
    fn blanks_at_the_end_of_a_heading_count_nowhere() {
        let mut targets = TextTargets::default();
        targets.add_heading("Costs ");
        for name in ["1.Costs |outline", "1.Costs%20|outline", "Costs|outline"] {
            let jump = Jump::Fragment(name.to_owned());
            assert_eq!(targets.find(&jump, &Speller::default()), Found::Yes, "{name}");
        }
    }

    #[test]
    fn a_name_alone_is_a_bookmark() {
        assert_eq!(find("Start"), Found::Yes);
        assert_eq!(
            find("Table1"),
            Found::No {
                reason: "no bookmark is called `Table1`, but a table is".to_owned(),
                nearest: Some(Proposal::sure("Table1|table", SUFFIX)),
            }
        );
        assert!(
            matches!(find("start"), Found::No { nearest: Some(name), .. } if name.address == "Start")
        );
    }
}
