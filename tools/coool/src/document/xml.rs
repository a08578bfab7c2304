//! XML as a stream of elements and text: bounded, without entities of the document's own, and with
//! the place of every attribute so that it can be written back.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;
use std::sync::Arc;

use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::attributes::{Attribute, Attributes};
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{NamespaceResolver, QName, ResolveResult};
use quick_xml::reader::NsReader;

use super::limits::{Bound, Limits};
use super::problem::Problem;
use crate::link::Spot;

/// A stream of XML.
pub(crate) struct Xml<'part> {
    reader: NsReader<Tokens<Box<dyn BufRead + 'part>>>,
    buffer: Vec<u8>,
    text: String,
    /// Where the event at hand begins in the part.
    tag_start: u64,
    part: &'part str,
    depth: u64,
    most_depth: u64,
    /// Where the part's text begins; None where it was decoded, so that places in it are unknown.
    first_byte: Option<u64>,
    /// Whether the document declares entities; they are not expanded.
    entities: bool,
}

/// What comes next.
pub(crate) enum Node<'xml> {
    /// A start tag; an empty element is one, too, and its end follows.
    Start(Element<'xml>),
    /// An end tag.
    End,
    /// Text, without escapes. One run of text may come in several pieces.
    Text(&'xml str),
    /// The end of the part.
    Eof,
}

/// A start tag.
pub(crate) struct Element<'xml> {
    /// All between `<` and `>`.
    content: &'xml str,
    tag: BytesStart<'xml>,
    resolver: &'xml NamespaceResolver,
    /// Its namespace.
    pub(crate) space: Space,
    /// Where the `<` stands in the part, where that is known.
    start: Option<u64>,
}

/// An attribute's value, and where it stands.
pub(crate) struct Value {
    /// The value without escapes.
    pub(crate) text: String,
    /// As it stands in the part.
    pub(crate) raw: String,
    /// Its bytes in the part, where they can be written back.
    pub(crate) range: Option<Range<u64>>,
    /// False where it uses an entity that the document declares itself.
    pub(crate) complete: bool,
}

/// The namespaces that coool knows; those of different versions of a format are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    Office,
    Text,
    Table,
    Draw,
    Xlink,
    Form,
    Presentation,
    Anim,
    Smil,
    Meta,
    Style,
    Fo,
    Svg,
    Db,
    Chart,
    Script,
    Dc,
    Manifest,
    Config,
    W,
    /// officeDocument relationships: `r:id`.
    R,
    A,
    P,
    /// spreadsheetml: `x`.
    X,
    /// The package's own relationships: the elements of `.rels` files.
    Rels,
    V,
    O,
    Mc,
    /// docProps/app.xml.
    Properties,
    ContentTypes,
    Xhtml,
    Math,
    Ncx,
    Opf,
    /// What EPUB adds to pages and overlays: `epub`.
    Ops,
    Container,
    Xml,
    /// No namespace at all.
    None,
    /// One that coool does not know.
    Other,
}

impl<'part> Xml<'part> {
    /// Reads a part of a package, or a file; `part` is its name for messages.
    pub(crate) fn new(
        input: impl BufRead + 'part,
        part: &'part str,
        limits: &Limits,
    ) -> Result<Self, Problem> {
        let (input, first_byte) = into_utf8(input).map_err(|error| Problem::of_io(part, &error))?;
        let tokens = Tokens { inner: input, left: limits.token, most: limits.token };
        let mut reader = NsReader::from_reader(tokens);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Ok(Self {
            reader,
            buffer: Vec::new(),
            text: String::new(),
            tag_start: 0,
            part,
            depth: 0,
            most_depth: limits.depth,
            first_byte,
            entities: false,
        })
    }

    /// Whether the document declares entities of its own, which are not expanded.
    pub(crate) fn declares_entities(&self) -> bool {
        self.entities
    }

    /// The next element or text. What stands beside a choice for programs that do not know it
    /// (`mc:Fallback`, ECMA-376, part 3) says the same again, and is passed over.
    pub(crate) fn next(&mut self) -> Result<Node<'_>, Problem> {
        let mut step = self.advance()?;
        while self.is_fallback(&step) {
            self.pass_over()?;
            step = self.advance()?;
        }
        Ok(match step {
            Step::Start { length, name } => {
                let content = std::str::from_utf8(&self.buffer[1..=length])
                    .expect("the parser has looked at it");
                let tag = BytesStart::from_content(content, name);
                let resolver = self.reader.resolver();
                let space = space_of(&resolver.resolve_element(tag.name()).0);
                let start = self.first_byte.map(|first| first + self.tag_start);
                Node::Start(Element { content, tag, resolver, space, start })
            }
            Step::End => Node::End,
            Step::Text => Node::Text(&self.text),
            Step::Eof => Node::Eof,
        })
    }

    /// Reads one event; what it holds is left in `buffer` or `text`.
    fn advance(&mut self) -> Result<Step, Problem> {
        loop {
            self.reader.get_mut().refill();
            self.tag_start = self.reader.buffer_position();
            self.buffer.clear();
            let event = self
                .reader
                .read_event_into(&mut self.buffer)
                .map_err(|error| of_xml(self.part, error))?;
            self.text.clear();
            match event {
                Event::Start(tag) => {
                    let step = Step::Start { length: tag.len(), name: tag.name().0.len() };
                    self.depth += 1;
                    if self.depth > self.most_depth {
                        return Err(Problem::Limit(Bound::Depth, self.most_depth));
                    }
                    return Ok(step);
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Step::End);
                }
                Event::Text(text) => self.text.push_str(&text.xml10_content()),
                Event::CData(text) => self.text.push_str(&text.xml10_content()),
                Event::GeneralRef(name) => self.text.push_str(&resolved(&name.into_inner())),
                Event::DocType(text) => self.entities |= text.contains("<!ENTITY"),
                Event::Eof if self.depth > 0 => {
                    return Err(Problem::Damaged {
                        part: self.part.to_owned(),
                        why: "it ends in the middle".to_owned(),
                    });
                }
                Event::Eof => return Ok(Step::Eof),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
            if !self.text.is_empty() {
                return Ok(Step::Text);
            }
        }
    }

    fn is_fallback(&self, step: &Step) -> bool {
        let Step::Start { length, name } = step else { return false };
        let name = &self.buffer[1..=*length][..*name];
        if !name.ends_with(b"Fallback") {
            return false;
        }
        let name = QName(std::str::from_utf8(name).expect("the parser has looked at it"));
        name.local_name().as_ref() == "Fallback"
            && space_of(&self.reader.resolver().resolve_element(name).0) == Space::Mc
    }

    /// Passes over what is left of the element whose start tag came last.
    fn pass_over(&mut self) -> Result<(), Problem> {
        let mut depth = 1_u64;
        while depth > 0 {
            match self.advance()? {
                Step::Start { .. } => depth += 1,
                Step::End => depth -= 1,
                Step::Text => {}
                Step::Eof => break,
            }
        }
        Ok(())
    }
}

/// What the parser found, without borrowing it.
enum Step {
    /// The length of a tag's content and of its name.
    Start {
        length: usize,
        name: usize,
    },
    End,
    Text,
    Eof,
}

impl<'xml> Element<'xml> {
    /// The name without its prefix.
    pub(crate) fn local(&self) -> &str {
        self.tag.local_name().into_inner()
    }

    /// Whether it is this element.
    pub(crate) fn is(&self, space: Space, local: &str) -> bool {
        self.space == space && self.local() == local
    }

    /// An attribute's value without escapes, where the element has it.
    pub(crate) fn get(&self, space: Space, local: &str) -> Option<String> {
        self.find(space, local).map(|raw| unescaped(raw).0.into_owned())
    }

    /// An attribute's value and its place, where the element has it.
    pub(crate) fn value(&self, space: Space, local: &str) -> Option<Value> {
        let raw = self.find(space, local)?;
        let (text, complete) = unescaped(raw);
        let range = self.start.map(|start| {
            // Both are in one buffer, which begins at the `<`.
            let offset = (raw.as_ptr().addr() - self.content.as_ptr().addr() + 1) as u64;
            start + offset..start + offset + raw.len() as u64
        });
        Some(Value { text: text.into_owned(), raw: raw.to_owned(), range, complete })
    }

    fn find(&self, space: Space, local: &str) -> Option<&'xml str> {
        let mut attributes = Attributes::new(self.content, self.tag.name().0.len());
        attributes.with_checks(false).flatten().find_map(|attribute| {
            let (result, name) = self.resolver.resolve_attribute(attribute.key);
            let found = name.into_inner() == local && space_of(&result) == space;
            match attribute.value {
                Cow::Borrowed(raw) if found => Some(raw),
                _ => None,
            }
        })
    }
}

impl Value {
    /// Where the value can be written back in this part.
    pub(crate) fn spot(&self, part: &Arc<str>) -> Option<Spot> {
        Some(Spot {
            part: Arc::clone(part),
            range: self.range.clone()?,
            raw: self.raw.clone(),
            before: String::new(),
            after: String::new(),
        })
    }
}

/// An attribute's value without escapes and with blanks for line ends, and whether all of them were
/// understood: entities that the document declares are left as they stand.
fn unescaped(raw: &str) -> (Cow<'_, str>, bool) {
    let plain = |byte| !matches!(byte, b'&' | b'\t' | b'\n' | b'\r');
    if raw.bytes().all(plain) {
        return (Cow::Borrowed(raw), true);
    }
    let attribute = Attribute { key: QName("value"), value: Cow::Borrowed(raw) };
    match attribute.normalized_value(XmlVersion::Implicit1_0) {
        Ok(text) => (Cow::Owned(text.into_owned()), true),
        Err(_) => (Cow::Borrowed(raw), false),
    }
}

/// The character that a reference stands for; one that is not known is left as it stands.
fn resolved(name: &str) -> String {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        if let Some(character) = code.ok().and_then(char::from_u32) {
            return character.to_string();
        }
    }
    resolve_predefined_entity(name).map_or_else(|| format!("&{name};"), str::to_owned)
}

fn of_xml(part: &str, error: quick_xml::Error) -> Problem {
    match error {
        quick_xml::Error::Io(error) => Problem::of_io(part, &error),
        error => Problem::Damaged { part: part.to_owned(), why: error.to_string() },
    }
}

/// Bounds how much one event may take from the reader below.
struct Tokens<R> {
    inner: R,
    left: u64,
    most: u64,
}

impl<R> Tokens<R> {
    fn refill(&mut self) {
        self.left = self.most;
    }
}

impl<R: BufRead> Read for Tokens<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Tokens<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(Problem::Limit(Bound::Token, self.most).into_io());
        }
        let available = self.inner.fill_buf()?;
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        Ok(&available[..available.len().min(most)])
    }

    fn consume(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count as u64);
        self.inner.consume(count);
    }
}

/// The same text in UTF-8, and where it begins in the input; None where it had to be decoded.
fn into_utf8<'part>(
    mut input: impl BufRead + 'part,
) -> io::Result<(Box<dyn BufRead + 'part>, Option<u64>)> {
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
    let head = input.fill_buf()?;
    if head.starts_with(BYTE_ORDER_MARK) {
        input.consume(BYTE_ORDER_MARK.len());
        return Ok((Box::new(input), Some(BYTE_ORDER_MARK.len() as u64)));
    }
    match declared_encoding(head)? {
        None => Ok((Box::new(input), Some(0))),
        Some(encoding) => {
            let decoded = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).build(input);
            Ok((Box::new(BufReader::new(decoded)), None))
        }
    }
}

/// The encoding that a byte order mark or the XML declaration names; None for UTF-8 (XML 1.0,
/// appendix F).
fn declared_encoding(head: &[u8]) -> io::Result<Option<&'static Encoding>> {
    match head {
        [0xFE, 0xFF, ..] | [0, b'<', ..] => return Ok(Some(encoding_rs::UTF_16BE)),
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => return Ok(Some(encoding_rs::UTF_16LE)),
        _ => {}
    }
    let Some(name) = declared_name(head) else { return Ok(None) };
    let encoding = Encoding::for_label(name.as_bytes()).ok_or_else(|| {
        let why = format!("it is written in `{name}`, an encoding that nobody knows");
        io::Error::new(io::ErrorKind::InvalidData, why)
    })?;
    // A declaration that can be read is not in UTF-16, whatever it says.
    let is_other = encoding.is_ascii_compatible() && encoding != encoding_rs::UTF_8;
    Ok(is_other.then_some(encoding))
}

fn declared_name(head: &[u8]) -> Option<&str> {
    let end = head.windows(2).take(200).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(&head[..end]).ok()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    value[1..].split(quote).next()
}

/// The namespace by its name. OpenOffice.org 1 and the strict variant of Office Open XML name the
/// same things differently.
fn space_of(result: &ResolveResult) -> Space {
    let ResolveResult::Bound(namespace) = result else {
        return match result {
            ResolveResult::Unbound => Space::None,
            _ => Space::Other,
        };
    };
    let name = namespace.into_inner();
    if let Some(rest) = name.strip_prefix("urn:oasis:names:tc:opendocument:xmlns:") {
        return open_document(rest.split(':').next().unwrap_or(rest));
    }
    if let Some(rest) = name.strip_prefix("http://openoffice.org/2000/") {
        return open_document(rest);
    }
    let transitional = name.strip_prefix("http://schemas.openxmlformats.org/");
    let strict = name.strip_prefix("http://purl.oclc.org/ooxml/");
    if let Some(rest) = transitional.or(strict) {
        return office_open(rest);
    }
    match name {
        "http://www.w3.org/1999/xlink" => Space::Xlink,
        "http://purl.org/dc/elements/1.1/" => Space::Dc,
        "http://openoffice.org/2001/config" => Space::Config,
        "http://openoffice.org/2001/manifest" => Space::Manifest,
        "http://www.w3.org/1999/XSL/Format" => Space::Fo,
        "http://www.w3.org/2000/svg" => Space::Svg,
        "urn:schemas-microsoft-com:vml" => Space::V,
        "urn:schemas-microsoft-com:office:office" => Space::O,
        "http://www.w3.org/1999/xhtml" => Space::Xhtml,
        "http://www.w3.org/1998/Math/MathML" => Space::Math,
        "http://www.daisy.org/z3986/2005/ncx/" => Space::Ncx,
        "http://www.idpf.org/2007/opf" => Space::Opf,
        "http://www.idpf.org/2007/ops" => Space::Ops,
        "http://www.w3.org/XML/1998/namespace" => Space::Xml,
        _ => Space::Other,
    }
}

fn open_document(name: &str) -> Space {
    match name {
        "office" => Space::Office,
        "text" => Space::Text,
        "table" => Space::Table,
        "drawing" => Space::Draw,
        "form" => Space::Form,
        "presentation" => Space::Presentation,
        "animation" => Space::Anim,
        "smil-compatible" => Space::Smil,
        "meta" => Space::Meta,
        "style" => Space::Style,
        "xsl-fo-compatible" => Space::Fo,
        "svg-compatible" => Space::Svg,
        "database" => Space::Db,
        "chart" => Space::Chart,
        "script" => Space::Script,
        "manifest" => Space::Manifest,
        "config" => Space::Config,
        "container" => Space::Container,
        _ => Space::Other,
    }
}

fn office_open(name: &str) -> Space {
    match name {
        "wordprocessingml/2006/main" | "wordprocessingml/main" => Space::W,
        "officeDocument/2006/relationships" | "officeDocument/relationships" => Space::R,
        "drawingml/2006/main" | "drawingml/main" => Space::A,
        "presentationml/2006/main" | "presentationml/main" => Space::P,
        "spreadsheetml/2006/main" | "spreadsheetml/main" => Space::X,
        "package/2006/relationships" => Space::Rels,
        "markup-compatibility/2006" => Space::Mc,
        "officeDocument/2006/extended-properties" | "officeDocument/extendedProperties" => {
            Space::Properties
        }
        "package/2006/content-types" => Space::ContentTypes,
        _ => Space::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &[u8], limits: &Limits) -> Result<Vec<(String, String)>, Problem> {
        let mut xml = Xml::new(text, "content.xml", limits)?;
        let mut links = Vec::new();
        loop {
            match xml.next()? {
                Node::Start(element) => {
                    if let Some(value) = element.value(Space::Xlink, "href") {
                        let stands = value.range.map_or(String::new(), |range| {
                            let [start, end] = [range.start, range.end]
                                .map(|offset| usize::try_from(offset).expect("a short text"));
                            String::from_utf8_lossy(&text[start..end]).into_owned()
                        });
                        links.push((value.text, stands));
                    }
                }
                Node::Eof => return Ok(links),
                Node::End | Node::Text(_) => {}
            }
        }
    }

    const XLINK: &str = "xmlns:l='http://www.w3.org/1999/xlink'";

    #[test]
    fn an_attribute_is_found_by_its_namespace_and_stands_where_it_says() {
        let text = format!("<?xml version='1.0'?>\n<a {XLINK}>é<b l:href = 'x?a&amp;b'/></a>");

        let links = links(text.as_bytes(), &Limits::default());

        assert_eq!(links, Ok(vec![("x?a&b".to_owned(), "x?a&amp;b".to_owned())]));
    }

    #[test]
    fn a_byte_order_mark_moves_nothing() {
        let text = format!("\u{feff}<a {XLINK} l:href='x'/>");

        assert_eq!(
            links(text.as_bytes(), &Limits::default()),
            Ok(vec![("x".to_owned(), "x".to_owned())])
        );
    }

    #[test]
    fn utf_16_is_read_and_has_no_places() {
        let text = format!("<?xml version='1.0' encoding='UTF-16'?><a {XLINK} l:href='ü'/>");
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();

        let links = links(&bytes, &Limits::default());

        assert_eq!(links, Ok(vec![("ü".to_owned(), String::new())]));
    }

    #[test]
    fn an_entity_of_the_document_is_not_expanded() {
        let text = b"<!DOCTYPE a [<!ENTITY b 'bomb'>]><a>&b;&amp;&#65;</a>";
        let limits = Limits::default();
        let mut xml = Xml::new(&text[..], "x", &limits).expect("it can be read");
        let mut all = String::new();
        loop {
            match xml.next().expect("it is well-formed") {
                Node::Text(text) => all.push_str(text),
                Node::Eof => break,
                _ => {}
            }
        }

        assert_eq!(all, "&b;&A");
        assert!(xml.declares_entities());
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_given_up_with_the_name_of_the_limit() {
        let limits = Limits { token: 100, depth: 3, ..Limits::default() };
        let long = format!("<a b='{}'/>", "x".repeat(1_000_000));

        let error = links(long.as_bytes(), &limits).expect_err("it is too long");

        assert_eq!(error, Problem::Limit(Bound::Token, 100));
        assert_eq!(
            links(b"<a><a><a><a/></a></a></a>", &limits),
            Err(Problem::Limit(Bound::Depth, 3))
        );
    }

    #[test]
    fn a_document_that_ends_early_is_damaged() {
        assert!(matches!(links(b"<a><b>text", &Limits::default()), Err(Problem::Damaged { .. })));
    }
}
