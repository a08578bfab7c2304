//! Finds what a style sheet loads: other sheets, pictures and fonts (CSS Syntax Level 3, CSS Values 4,
//! CSS Images 4).
//!
//! The tokens are those of cssparser, by which browsers read. Its parser goes into a block by a call;
//! here each block begins a new parser behind its bracket, so that no nesting is too deep and every
//! letter is looked at once.
//!
//! Proof: `tests/styles.rs::what_style_sheets_load_is_found`

use std::borrow::Cow;

use cssparser::{Parser, Token};
use encoding_rs::Encoding;

use crate::address::{Base, Goal, goal};
use crate::link::Kind;

/// An address in a style sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// As it is written, without quotes and escapes.
    pub(super) text: String,
    pub(super) kind: Kind,
    /// Where it ends in the sheet.
    pub(super) at: usize,
}

/// The addresses in a style sheet or the value of a `style` attribute, in their order. Left are those
/// that hold what is loaded (`data:`) and those that lead to a place in the page at hand (`#blur`).
pub(super) fn addresses(text: &str) -> Vec<Address> {
    let mut walker =
        Walker { statement: Statement::Rule, depth: 0, font: None, functions: Vec::new() };
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(length) = walk(&text[start..], start, &mut walker, &mut found) {
        start += length;
    }
    found
}

/// Walks to the next bracket and tells where it ends; None where there is none.
fn walk(text: &str, start: usize, walker: &mut Walker, found: &mut Vec<Address>) -> Option<usize> {
    let mut parser = Parser::new(text);
    loop {
        let token = parser.next_including_whitespace_and_comments().ok()?.clone();
        let end = parser.position().byte_index();
        let address = walker.take(&token);
        found.extend(address.map(|(text, kind)| Address { text, kind, at: start + end }));
        let is_bracket = matches!(
            token,
            Token::Function(_)
                | Token::ParenthesisBlock
                | Token::SquareBracketBlock
                | Token::CurlyBracketBlock
        );
        if is_bracket {
            return Some(end);
        }
    }
}

/// Where in a sheet the walker is.
struct Walker {
    statement: Statement,
    /// How many blocks in `{ }` are open.
    depth: usize,
    /// How many were when a font was described.
    font: Option<usize>,
    /// The brackets that are open within a value.
    functions: Vec<Function>,
}

/// What a statement is at its beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Statement {
    /// A rule or a declaration.
    Rule,
    /// `@import`, whose address is to come.
    Import,
    /// `@font-face`, whose block is to come.
    FontFace,
    /// Another rule with `@`, or one that has what it needs: an address before its block is a name
    /// or a condition.
    Other,
}

/// What a bracket within a value holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Function {
    /// `url("a.png")`.
    Address,
    /// `image-set("a.png" 1x)`.
    Images,
    Other,
}

impl Walker {
    /// The address that a token is, where it is one.
    fn take(&mut self, token: &Token) -> Option<(String, Kind)> {
        match token {
            Token::AtKeyword(name) => {
                self.functions.clear();
                self.statement = match &*name.to_ascii_lowercase() {
                    "import" => Statement::Import,
                    "font-face" => Statement::FontFace,
                    _ => Statement::Other,
                };
            }
            Token::CurlyBracketBlock => {
                if self.statement == Statement::FontFace {
                    self.font = Some(self.depth);
                }
                self.depth += 1;
                self.begin();
            }
            Token::CloseCurlyBracket => {
                self.depth = self.depth.saturating_sub(1);
                self.font = self.font.filter(|font| *font < self.depth);
                self.begin();
            }
            Token::Semicolon if self.functions.is_empty() => self.begin(),
            Token::Function(name) => self.functions.push(function(name)),
            Token::ParenthesisBlock | Token::SquareBracketBlock => {
                self.functions.push(Function::Other);
            }
            Token::CloseParenthesis | Token::CloseSquareBracket => {
                self.functions.pop();
            }
            Token::UnquotedUrl(address) => return self.lead(address),
            Token::QuotedString(text) if self.is_address() => return self.lead(text),
            _ => {}
        }
        None
    }

    /// Another statement begins.
    fn begin(&mut self) {
        self.statement = Statement::Rule;
        self.functions.clear();
    }

    /// Whether a text in quotes is an address here.
    fn is_address(&self) -> bool {
        match self.functions.last() {
            Some(Function::Address | Function::Images) => true,
            Some(Function::Other) => false,
            None => self.statement == Statement::Import,
        }
    }

    fn lead(&mut self, address: &str) -> Option<(String, Kind)> {
        let kind = match self.statement {
            Statement::Import => {
                self.statement = Statement::Other;
                Kind::Template
            }
            Statement::Rule if self.font.is_some() => Kind::Font,
            Statement::Rule => Kind::ImageSource,
            Statement::FontFace | Statement::Other => return None,
        };
        let address = address.trim();
        let scheme = address.get(..5).unwrap_or_default();
        let is_left =
            address.is_empty() || address.starts_with('#') || scheme.eq_ignore_ascii_case("data:");
        (!is_left).then(|| (address.to_owned(), kind))
    }
}

fn function(name: &str) -> Function {
    match &*name.to_ascii_lowercase() {
        "url" | "src" => Function::Address,
        "image-set" | "-webkit-image-set" => Function::Images,
        _ => Function::Other,
    }
}

/// What an address in a style sheet asks for. Of a font, the place in it is left: `a.eot?#iefix` and
/// `a.svg#Name` are written for programs that do not look at it. Behind `?` stands what is meant for
/// a server, and for names of files nothing.
pub(super) fn lead(address: &Address, base: &Base) -> Goal {
    let (path, place) = address.text.split_once('#').unwrap_or((&address.text, ""));
    let file = path.split_once('?').map_or(path, |(file, _)| file);
    let place = if address.kind == Kind::Font || place.is_empty() {
        String::new()
    } else {
        format!("#{place}")
    };
    match goal(&format!("{file}{place}"), base) {
        Goal::Web(_) | Goal::Ftp(_) => goal(&format!("{path}{place}"), base),
        goal => goal,
    }
}

/// A style sheet's text: a byte order mark counts, then what it says of itself, then UTF-8 (CSS Syntax
/// Level 3, section 3.2).
pub(super) fn into_text(bytes: &[u8]) -> Cow<'_, str> {
    let named = bytes.strip_prefix(b"@charset \"").and_then(|rest| {
        let end = memchr::memchr(b'"', rest)?;
        Encoding::for_label(&rest[..end])
    });
    // A sheet that can be read so far is not in UTF-16, whatever it says.
    let named = named.filter(|encoding| encoding.is_ascii_compatible());
    named.unwrap_or(encoding_rs::UTF_8).decode(bytes).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(sheet: &str) -> Vec<String> {
        addresses(sheet).iter().map(|it| format!("{} {}", it.kind, it.text)).collect()
    }

    #[test]
    fn each_address_is_found_with_what_it_loads() {
        for (sheet, expected) in [
            (
                r#"@charset "utf-8"; @import "a.css" print; @import URL(b.css);"#,
                &["template a.css", "template b.css"][..],
            ),
            (
                "p { background: url( a.png ), url('b c.png') }",
                &["image source a.png", "image source b c.png"],
            ),
            (
                r#"@font-face { font-family: "A"; src: local("A"), url(a.woff2) format("woff2"),
                url("a.eot?#iefix") } p { cursor: url(c.cur) }"#,
                &["font a.woff2", "font a.eot?#iefix", "image source c.cur"],
            ),
            (
                r#"@media print { p { content: image-set("a.png" 1x, "b.png" type("image/png")) } q {
                mask: url(m.svg#id) } }"#,
                &["image source a.png", "image source b.png", "image source m.svg#id"],
            ),
            (
                r"p { background: u\72l(a\20 b.png); list-style: \75rl('c.png') }",
                &["image source a b.png", "image source c.png"],
            ),
            ("background: url(a.png)", &["image source a.png"]),
            (
                r#"@import url("a.css") supports(background: url(b.png)) layer("c");"#,
                &["template a.css"],
            ),
        ] {
            assert_eq!(found(sheet), expected, "{sheet}");
        }
    }

    #[test]
    fn what_loads_nothing_is_no_address() {
        for sheet in [
            "p { background: url(data:image/png;base64,AAAA); filter: url(#blur); mask: url('') }",
            r#"/* url(a.png) */ p::before { content: "url(a.png)" attr(href) "b.png" }"#,
            r#"@namespace svg url(http://www.w3.org/2000/svg); @namespace "http://a.example/";"#,
            "@document url(http://a.example/), url-prefix('http://b.example/') { p { color: red } }",
            r#"@supports (mask: url(a.svg)) { p { color: red } } @layer a; a[href="b.png"] { top: 0 }"#,
            r#"p { font-family: "a.ttf"; grid-template-areas: "a b" }"#,
            "p { background: url(a b.png) }",
        ] {
            assert_eq!(found(sheet), [""; 0], "{sheet}");
        }
    }

    #[test]
    fn what_is_nested_deeply_is_read_all_the_same() {
        let sheet = format!("{}url(a.png)", "a{(".repeat(100_000));

        assert_eq!(found(&sheet), ["image source a.png"]);
    }

    #[test]
    fn a_sheet_says_how_it_is_written() {
        assert_eq!(
            into_text(b"@charset \"iso-8859-1\"; a{b:url(\xe9)}"),
            "@charset \"iso-8859-1\"; a{b:url(\u{e9})}"
        );
        assert_eq!(into_text(b"\xff\xfea\0"), "a");
        assert_eq!(into_text(b"\xe9"), "\u{fffd}");
    }

    proptest! {
        #[test]
        fn no_sheet_is_too_strange(sheet in "[@{}()\\[\\];:\"'\\\\/*a-z#.é \n]{0,60}|\\PC*") {
            for address in addresses(&sheet) {
                prop_assert!(address.at <= sheet.len());
                lead(&address, &Base::Folder);
            }
        }
    }
}
