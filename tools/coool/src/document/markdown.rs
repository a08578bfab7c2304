//! Reads Markdown as GitHub shows it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::BufRead;
use std::ops::Range;
use std::sync::Arc;

use pulldown_cmark::{BrokenLink, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd};

use crate::address::{Base, Goal, Jump, goal};
use crate::link::{Kind, Link, Place};
use crate::targets::Headings;

use super::html::{self, Anchors};
use super::limits::Limits;
use super::problem::Problem;
use super::{Content, Links};

/// Reads a text.
pub(crate) fn read(input: impl BufRead, limits: &Limits) -> Result<Content, Problem> {
    let mut bytes = Vec::new();
    let mut input = input;
    input.read_to_end(&mut bytes).map_err(|error| Problem::of_io("", &error))?;
    let text = String::from_utf8_lossy(&bytes);
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM;
    // A reference that nobody defined is shown as text; with two brackets it was meant as a link.
    let undefined = |broken: BrokenLink<'_>| {
        matches!(broken.link_type, LinkType::Reference | LinkType::Collapsed)
            .then(|| (CowStr::from(UNDEFINED), CowStr::from("")))
    };
    let parser = Parser::new_with_broken_link_callback(&text, options, Some(undefined));
    let mut reader = Reader::new(&text, limits);
    for (event, range) in parser.into_offset_iter() {
        reader.take(event, &range)?;
    }
    Ok(reader.finish())
}

/// Stands for the address of a reference that nobody defined.
const UNDEFINED: &str = "\u{0}undefined";

struct Reader<'text> {
    text: &'text str,
    limits: &'text Limits,
    links: Links,
    names: BTreeSet<String>,
    headings: Headings,
    /// How often each heading's name was given: the second has `-1`.
    given: HashMap<String, u32>,
    /// Where lines begin.
    lines: Vec<usize>,
    heading: Option<Arc<str>>,
    heading_text: Option<(String, Option<String>)>,
    open: Vec<usize>,
}

impl<'text> Reader<'text> {
    fn new(text: &'text str, limits: &'text Limits) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1);
        Self {
            text,
            limits,
            links: Links::new(limits),
            names: BTreeSet::new(),
            headings: Headings::default(),
            given: HashMap::new(),
            lines: std::iter::once(0).chain(ends).collect(),
            heading: None,
            heading_text: None,
            open: Vec::new(),
        }
    }

    fn take(&mut self, event: Event<'_>, range: &Range<usize>) -> Result<(), Problem> {
        match event {
            Event::Start(Tag::Heading { id, .. }) => {
                self.heading_text = Some((String::new(), id.map(|id| id.to_string())));
            }
            Event::End(TagEnd::Heading(_)) => self.end_heading(),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let number = self.push(Kind::Text, &dest_url, range)?;
                self.open.push(number);
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                let number = self.push(Kind::ImageSource, &dest_url, range)?;
                self.open.push(number);
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                self.open.pop();
            }
            Event::Text(words) | Event::Code(words) => self.words(&words),
            Event::SoftBreak | Event::HardBreak => self.words(" "),
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html, range)?,
            _ => {}
        }
        Ok(())
    }

    fn words(&mut self, words: &str) {
        for number in &self.open {
            self.links.as_mut_slice()[*number].text.push_str(words);
        }
        if let Some((text, _)) = &mut self.heading_text {
            text.push_str(words);
        }
    }

    fn end_heading(&mut self) {
        let Some((text, id)) = self.heading_text.take() else { return };
        let name = slug(&text);
        let count = self.given.entry(name.clone()).or_default();
        let name = if *count == 0 { name } else { format!("{name}-{count}") };
        *count += 1;
        self.headings.add(&text, Some(name.clone()));
        self.names.insert(name);
        self.names.extend(id);
        self.heading = Some(Arc::from(text.trim()));
    }

    /// Links and places that are written in HTML; its elements come one at a time, and a link's
    /// words between them.
    fn html(&mut self, html: &str, range: &Range<usize>) -> Result<(), Problem> {
        let content = html::read_text(html, &Base::Folder, self.limits)?;
        let first = self.line(range.start);
        for mut link in content.links {
            link.place.line = link.place.line.map(|line| first + line - 1);
            link.place.heading.clone_from(&self.heading);
            self.links.push(link)?;
        }
        self.names.extend(html::names(html));
        Ok(())
    }

    fn push(&mut self, kind: Kind, address: &str, range: &Range<usize>) -> Result<usize, Problem> {
        let (address, goal) = if address == UNDEFINED {
            let source = self.text.get(range.clone()).unwrap_or_default();
            let reason = "nobody has defined this reference".to_owned();
            (source.to_owned(), Goal::Malformed(reason))
        } else {
            let goal = match goal(address, &Base::Folder) {
                Goal::Nothing => Goal::Inside(Jump::Fragment(String::new())),
                goal => goal,
            };
            (address.to_owned(), goal)
        };
        let place = Place {
            line: Some(self.line(range.start)),
            heading: self.heading.clone(),
            ..Place::default()
        };
        let (text, part) = (String::new(), Arc::from(""));
        self.links.push(Link { address, goal, kind, text, place, part, spot: None })?;
        Ok(self.links.as_mut_slice().len() - 1)
    }

    fn line(&self, offset: usize) -> u32 {
        let line = self.lines.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    fn finish(self) -> Content {
        Content {
            links: self.links.into_vec(),
            targets: Box::new(Anchors {
                names: self.names,
                headings: self.headings,
                what: "heading or place",
            }),
            problems: Vec::new(),
            parts: HashSet::new(),
        }
    }
}

/// A heading's name as GitHub gives it: small letters, no punctuation, `-` for a blank.
fn slug(heading: &str) -> String {
    heading
        .trim()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
        .flat_map(char::to_lowercase)
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Found;
    use crate::targets::Speller;
    use proptest::prelude::*;

    fn content(text: &str) -> Content {
        read(text.as_bytes(), &Limits::default()).expect("a text")
    }

    #[test]
    fn links_have_lines_words_and_headings() {
        let text = "# The *Title*!\n\nSee [two `words`](a.md#x), <http://b.example/>,\n\
            ![image](c.png) and [no][where].\n\n<a href=\"d.md\">d</a> [x] [ ]\n";
        let show = |link: &Link| {
            let line = link.place.line.unwrap_or(0);
            let heading = link.place.heading.as_deref().unwrap_or("");
            format!("{line} {heading}: {} {} ({})", link.kind, link.address, link.text)
        };

        let links: Vec<_> = content(text).links.iter().map(show).collect();

        assert_eq!(
            links,
            [
                "3 The Title!: text a.md#x (two words)",
                "3 The Title!: text http://b.example/ (http://b.example/)",
                "4 The Title!: image source c.png (image)",
                "4 The Title!: text [no][where] (no)",
                "6 The Title!: text d.md ()",
            ]
        );
    }

    #[test]
    fn headings_are_places_by_the_names_that_github_gives() {
        let content = content("# A b: c?\n\n## Same\n\n## Same\n\n<a name=\"own\"></a>\n");

        for name in ["a-b-c", "same", "same-1", "own", ""] {
            let found = content.targets.find(&Jump::Fragment(name.to_owned()), &Speller::default());
            assert_eq!(found, Found::Yes, "{name}");
        }
        let Found::No { nearest, .. } =
            content.targets.find(&Jump::Fragment("sane".to_owned()), &Speller::default())
        else {
            panic!("there is no such heading");
        };
        assert_eq!(nearest.map(|near| near.address).as_deref(), Some("same"));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[\\[\\]()#`*!<>a\\n :\\-]{0,200}|\\PC*") {
            content(&text);
        }
    }
}
