//! Reads HTML: the links of a page, and the places in it.

use std::collections::{BTreeSet, HashSet};
use std::io::BufRead;
use std::sync::Arc;

use encoding_rs::Encoding;
use html5gum::{DefaultEmitter, SpanBound, StartTag, StringReader, Token, Tokenizer};

use crate::address::{Base, Goal, Jump, decoded, goal};
use crate::link::{Kind, Link, Place};
use crate::targets::{Found, Headings, Speller, Targets};

use super::css;
use super::limits::Limits;
use super::problem::Problem;
use super::{Content, Links};

/// Reads a page.
pub(crate) fn read(input: impl BufRead, limits: &Limits) -> Result<Content, Problem> {
    let mut bytes = Vec::new();
    let mut input = input;
    input.read_to_end(&mut bytes).map_err(|error| Problem::of_io("", &error))?;
    read_text(&into_text(&bytes), &Base::Folder, limits)
}

/// Reads the text of a page whose relative addresses are seen from a base.
pub(super) fn read_text(text: &str, base: &Base, limits: &Limits) -> Result<Content, Problem> {
    let mut reader = Reader::new(base.clone(), limits);
    let mut line = Lines { text, at: 0, line: 1 };
    for token in tokens::<usize>(text) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                reader.line = line.at(tag.span.start);
                reader.start(&tag)?;
            }
            Token::EndTag(tag) => reader.end(&String::from_utf8_lossy(&tag.name))?,
            Token::String(words) => {
                reader.line = line.at(words.span.start);
                reader.text(&String::from_utf8_lossy(&words.value));
            }
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    Ok(Content {
        links: reader.links.into_vec(),
        targets: Box::new(Anchors {
            names: reader.names,
            headings: reader.headings,
            what: "place",
        }),
        problems: Vec::new(),
        parts: HashSet::new(),
    })
}

/// The named places in a piece of HTML.
pub(crate) fn names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for token in tokens::<()>(text) {
        let Ok(Token::StartTag(tag)) = token else { continue };
        for (name, value) in &tag.attributes {
            if **name == *b"id" || (**name == *b"name" && *tag.name == *b"a") {
                names.insert(String::from_utf8_lossy(value).into_owned());
            }
        }
    }
    names
}

/// What a page says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) title: String,
    /// Where it leads on by itself.
    pub(crate) refresh: Option<String>,
}

/// What a page, or the beginning of one, says of itself.
pub(crate) fn summary(text: &str) -> Summary {
    let mut summary = Summary::default();
    let mut in_title = false;
    for token in tokens::<()>(text) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) if *tag.name == *b"meta" => {
                let get =
                    |name: &[u8]| tag.attributes.get(name).map(|it| String::from_utf8_lossy(it));
                let is_refresh =
                    get(b"http-equiv").is_some_and(|it| it.eq_ignore_ascii_case("refresh"));
                let content = get(b"content").filter(|_| is_refresh);
                summary.refresh = summary.refresh.or_else(|| refresh(&content?));
            }
            Token::StartTag(tag) => in_title = *tag.name == *b"title" && summary.title.is_empty(),
            Token::EndTag(_) => in_title = false,
            Token::String(words) if in_title => {
                summary.title.push_str(&String::from_utf8_lossy(&words.value));
            }
            _ => {}
        }
    }
    summary
}

/// The tokens of a page; what stands in scripts and styles is text, as browsers take it.
fn tokens<S: SpanBound>(text: &str) -> Tokenizer<StringReader<'_>, DefaultEmitter<S>> {
    let mut emitter = DefaultEmitter::<S>::new_with_span();
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(text, emitter)
}

/// A page's text: a byte order mark counts, then what the page says of itself, then UTF-8 where it
/// is UTF-8, and otherwise what browsers take (Encoding Standard).
fn into_text(bytes: &[u8]) -> String {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1_024)]).to_ascii_lowercase();
    let named = head.split_once("charset=").and_then(|(_, rest)| {
        let name = rest.trim_start_matches(['"', '\'', ' ']);
        let end =
            name.find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_:".contains(letter)));
        Encoding::for_label(&name.as_bytes()[..end.unwrap_or(name.len())])
    });
    let usual = if std::str::from_utf8(bytes).is_ok() {
        encoding_rs::UTF_8
    } else {
        encoding_rs::WINDOWS_1252
    };
    let (text, _, _) = named.unwrap_or(usual).decode(bytes);
    text.into_owned()
}

/// Counts lines as the text is walked through.
struct Lines<'text> {
    text: &'text str,
    at: usize,
    line: u32,
}

impl Lines<'_> {
    fn at(&mut self, offset: usize) -> u32 {
        let offset = offset.min(self.text.len()).max(self.at);
        let passed = &self.text.as_bytes()[self.at..offset];
        let lines = memchr::memchr_iter(b'\n', passed).count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.at = offset;
        self.line
    }
}

struct Reader {
    base: Base,
    links: Links,
    names: BTreeSet<String>,
    headings: Headings,
    line: u32,
    heading: Option<Arc<str>>,
    /// The heading at hand, and the place that it is.
    heading_text: Option<String>,
    heading_name: Option<String>,
    /// The link at hand whose words are being collected.
    open: Option<usize>,
    /// The element whose text is no text, such as a script.
    hidden: Option<String>,
    /// The style sheet at hand, and the line in which it begins.
    sheet: Option<(String, u32)>,
}

impl Reader {
    fn new(base: Base, limits: &Limits) -> Self {
        Self {
            base,
            links: Links::new(limits),
            names: BTreeSet::new(),
            headings: Headings::default(),
            line: 1,
            heading: None,
            heading_text: None,
            heading_name: None,
            open: None,
            hidden: None,
            sheet: None,
        }
    }

    fn start(&mut self, tag: &StartTag<usize>) -> Result<(), Problem> {
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        let get = |wanted: &str| {
            let mut found = tag.attributes.iter().filter(|(name, _)| ***name == *wanted.as_bytes());
            found.next().map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        };
        self.names.extend(get("id"));
        if matches!(name.as_str(), "script" | "style" | "template" | "noscript" | "textarea") {
            self.hidden = Some(name.clone());
        }
        if let Some(style) = get("style") {
            self.styles(&style, self.line)?;
        }
        match name.as_str() {
            "style" => self.sheet = Some((String::new(), self.line)),
            "a" => {
                self.names.extend(get("name"));
                if let Some(address) = get("href") {
                    let number = self.push(Kind::Text, address, String::new())?;
                    self.open = Some(number);
                }
            }
            "area" => {
                if let Some(address) = get("href") {
                    self.push(Kind::ImageMap, address, get("alt").unwrap_or_default())?;
                }
            }
            "img" => {
                let words = get("alt").unwrap_or_default();
                self.name_image(&words);
                self.load(Kind::ImageSource, get("src"), words)?;
                for address in get("srcset").iter().flat_map(|set| in_set(set)) {
                    self.push(Kind::ImageSource, address, String::new())?;
                }
            }
            "form" => self.load(Kind::Form, get("action"), String::new())?,
            "iframe" | "frame" => self.load(Kind::FrameSource, get("src"), String::new())?,
            "object" => self.load(Kind::Object, get("data"), String::new())?,
            "embed" | "audio" | "video" | "source" | "track" => {
                self.load(Kind::Media, get("src"), String::new())?;
            }
            "script" => self.load(Kind::Other, get("src"), String::new())?,
            "link" => self.linked(get("rel"), get("href"))?,
            "blockquote" | "q" | "ins" | "del" => {
                self.load(Kind::Citation, get("cite"), String::new())?;
            }
            "base" => {
                if let Some(base) = get("href") {
                    self.base = Base::Stated(base);
                }
            }
            "meta" if get("http-equiv").is_some_and(|it| it.eq_ignore_ascii_case("refresh")) => {
                let content = get("content").unwrap_or_default();
                if let Some(address) = refresh(&content) {
                    self.push(Kind::Reload, address, String::new())?;
                }
            }
            _ if is_heading(&name) => {
                self.heading_text = Some(String::new());
                self.heading_name = get("id");
            }
            _ => {}
        }
        Ok(())
    }

    fn linked(&mut self, relation: Option<String>, address: Option<String>) -> Result<(), Problem> {
        let relation = relation.unwrap_or_default().to_ascii_lowercase();
        // Hints for the browser lead to hosts, not to pages.
        if relation.contains("preconnect") || relation.contains("dns-prefetch") {
            return Ok(());
        }
        let kind = if relation.contains("stylesheet") { Kind::Template } else { Kind::Other };
        self.load(kind, address, String::new())
    }

    fn load(&mut self, kind: Kind, address: Option<String>, text: String) -> Result<(), Problem> {
        match address {
            Some(address) if !address.trim().is_empty() => {
                self.push(kind, address, text).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self, name: &str) -> Result<(), Problem> {
        if self.hidden.as_deref() == Some(name) {
            self.hidden = None;
            if let Some((sheet, line)) = self.sheet.take() {
                self.styles(&sheet, line)?;
            }
        }
        if name == "a"
            && let Some(number) = self.open.take()
        {
            let link = &mut self.links.as_mut_slice()[number];
            link.text = link.text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        if is_heading(name)
            && let Some(text) = self.heading_text.take()
        {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            self.headings.add(&words, self.heading_name.take());
            self.heading = (!words.is_empty()).then(|| Arc::from(words));
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        /// No reader sees more at once.
        const MOST: usize = 16 << 10;
        if let Some((sheet, line)) = &mut self.sheet {
            if sheet.is_empty() {
                *line = self.line;
            }
            sheet.push_str(text);
        }
        if self.hidden.is_some() {
            return;
        }
        if let Some(number) = self.open {
            let words = &mut self.links.as_mut_slice()[number].text;
            if words.len() < MOST {
                words.push_str(text);
            }
        }
        if let Some(heading) = &mut self.heading_text
            && heading.len() < MOST
        {
            heading.push_str(text);
        }
    }

    /// A link around an image shows the words for it.
    fn name_image(&mut self, words: &str) {
        if let Some(number) = self.open {
            self.links.as_mut_slice()[number].text.push_str(words);
        }
    }

    /// What a style sheet, or a piece of one, loads; it begins in this line.
    fn styles(&mut self, sheet: &str, line: u32) -> Result<(), Problem> {
        let mut lines = Lines { text: sheet, at: 0, line };
        for address in css::addresses(sheet) {
            let goal = css::lead(&address, &self.base);
            let line = Some(lines.at(address.at));
            let place = Place { line, ..self.place() };
            let (part, text) = (Arc::from(""), String::new());
            let css::Address { text: address, kind, .. } = address;
            self.links.push(Link { address, goal, kind, text, place, part, spot: None })?;
        }
        Ok(())
    }

    fn push(&mut self, kind: Kind, address: String, text: String) -> Result<usize, Problem> {
        // An empty address leads to the page itself.
        let goal = match goal(&address, &self.base) {
            Goal::Nothing => Goal::Inside(Jump::Fragment(String::new())),
            goal => goal,
        };
        let (place, part) = (self.place(), Arc::from(""));
        self.links.push(Link { address, goal, kind, text, place, part, spot: None })?;
        Ok(self.links.as_mut_slice().len() - 1)
    }

    fn place(&self) -> Place {
        Place { line: Some(self.line), heading: self.heading.clone(), ..Place::default() }
    }
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

/// The addresses of a `srcset`, each before its width or density (HTML, section 4.8.4.2.1). Where what
/// is loaded stands in the set itself, with blanks in it, nobody can say what follows.
pub(super) fn in_set(set: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = set;
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',');
        let (address, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
        let is_alone = address.ends_with(',');
        let is_within = address.starts_with("data:");
        if address.is_empty() || (is_within && is_alone) {
            return found;
        }
        if !is_within {
            found.push(address.trim_end_matches(',').to_owned());
        }
        rest = if is_alone { after } else { after.split_once(',').map_or("", |(_, rest)| rest) };
    }
}

/// The address of `5; url=there`.
fn refresh(content: &str) -> Option<String> {
    let (_, rest) = content.split_once([';', ','])?;
    let rest = rest.trim_start();
    let address = match rest.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("url") => {
            rest[3..].trim_start().strip_prefix('=')?.trim_start()
        }
        _ => rest,
    };
    let address = address.trim_matches(['"', '\'', ' ']);
    (!address.is_empty()).then(|| address.to_owned())
}

/// Named places, as in pages of the web: capitals count, percent signs may be used.
#[derive(Debug)]
pub(super) struct Anchors {
    pub(super) names: BTreeSet<String>,
    pub(super) headings: Headings,
    /// What such a place is called.
    pub(super) what: &'static str,
}

impl Targets for Anchors {
    fn find(&self, jump: &Jump, speller: &Speller) -> Found {
        let Jump::Fragment(fragment) = jump else { return Found::Unknown };
        // Behind `:~:` stand words for the browser to look for.
        let fragment = fragment.split(":~:").next().unwrap_or_default();
        let name = decoded(fragment);
        let is_given = name.is_empty() || name.eq_ignore_ascii_case("top");
        if is_given || self.names.contains(&name) || self.names.contains(fragment) {
            return Found::Yes;
        }
        Found::No {
            reason: format!("no {} is called `{name}`", self.what),
            nearest: speller.nearest(&name, self.names.iter().map(String::as_str)),
        }
    }

    fn heading(&self, words: &str) -> Option<&str> {
        self.headings.find(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn links(page: &str) -> Vec<String> {
        let content = read_text(page, &Base::Folder, &Limits::default()).expect("a page");
        let show = |link: &Link| {
            let line = link.place.line.unwrap_or(0);
            format!("{line} {} {} {}", link.kind, link.address, link.text)
        };
        content.links.iter().map(show).collect()
    }

    #[test]
    fn every_kind_of_link_is_found_with_its_line_and_words() {
        let page = "<h1 id=top2>Title</h1>\n<a href='a.html#x'>two <b>words</b></a>\n\
            <a href=b><img src=c.png alt=Logo></a><area href=d alt=Area>\n\
            <meta http-equiv=refresh content='3; URL=e'><script>'<a href=no>'</script>";

        assert_eq!(
            links(page),
            [
                "2 text a.html#x two words",
                "3 text b Logo",
                "3 image source c.png Logo",
                "3 image map d Area",
                "4 reload e ",
            ]
        );
    }

    #[test]
    fn a_set_has_an_address_before_each_comma() {
        for (set, expected) in [
            ("a.png 1x, b.png 2x", &["a.png", "b.png"][..]),
            ("a.png 1x,b.png 2x", &["a.png", "b.png"]),
            ("a,b.png, c.png", &["a,b.png", "c.png"]),
            ("data:image/png;base64,AAAA 1x, b.png 2x", &["b.png"]),
            ("data:image/png;base64, AAAA 1x, b.png 2x", &[]),
            (" , ", &[]),
        ] {
            assert_eq!(in_set(set), expected, "{set}");
        }
    }

    proptest! {
        #[test]
        fn no_page_is_too_strange(page in "[<>a-z=\"'/ \\-!&;#]{0,200}|\\PC*") {
            links(&page);
        }
    }
}
