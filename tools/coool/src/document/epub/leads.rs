//! The attributes by which the elements of a book refer to something: in pages, pictures, formulas,
//! overlays, the words of a dictionary and the book itself.

use crate::document::xml::{Element, Space};
use crate::link::Kind;

/// What an attribute shows, and its name.
pub(super) type Lead = (Kind, Space, &'static str);

/// The attributes of an element that may hold an address.
pub(super) fn leads(element: &Element) -> Vec<Lead> {
    let local = element.local();
    match element.space {
        Space::Xhtml => in_page(local),
        Space::Opf => in_book(local),
        Space::Svg => in_picture(element),
        Space::Math => in_formula(local),
        _ => beside(local),
    }
}

fn in_page(local: &str) -> Vec<Lead> {
    let source = |kind| vec![(kind, Space::None, "src")];
    match local {
        "a" => vec![(Kind::Text, Space::None, "href")],
        "area" => vec![(Kind::ImageMap, Space::None, "href")],
        "img" | "input" => source(Kind::ImageSource),
        "link" => vec![(Kind::Template, Space::None, "href")],
        "audio" | "source" | "track" | "embed" => source(Kind::Media),
        "video" => {
            vec![(Kind::ImageSource, Space::None, "poster"), (Kind::Media, Space::None, "src")]
        }
        "script" => source(Kind::Other),
        "blockquote" | "q" | "ins" | "del" => vec![(Kind::Citation, Space::None, "cite")],
        "iframe" => source(Kind::FrameSource),
        "object" => vec![(Kind::Object, Space::None, "data")],
        "form" => vec![(Kind::Form, Space::None, "action")],
        _ => Vec::new(),
    }
}

fn in_book(local: &str) -> Vec<Lead> {
    match local {
        "reference" => vec![(Kind::Outline, Space::None, "href")],
        "link" => vec![(Kind::Other, Space::None, "href"), REFINES],
        "meta" => vec![REFINES],
        _ => Vec::new(),
    }
}

/// What a statement about the book is about.
const REFINES: Lead = (Kind::Reference, Space::None, "refines");

/// An address of SVG 2, or of SVG 1.1 where there is none (SVG 2, section 16.1.6).
fn in_picture(element: &Element) -> Vec<Lead> {
    let kind = match element.local() {
        "a" => Kind::Text,
        "script" => Kind::Other,
        "font-face-uri" | "definition-src" => Kind::Font,
        _ => Kind::ImageSource,
    };
    let is_new = element.get(Space::None, "href").is_some();
    vec![(kind, if is_new { Space::None } else { Space::Xlink }, "href")]
}

fn in_formula(local: &str) -> Vec<Lead> {
    let link = (Kind::Text, Space::None, "href");
    match local {
        "math" => vec![(Kind::ImageSource, Space::None, "altimg"), link],
        "mglyph" => vec![(Kind::ImageSource, Space::None, "src"), link],
        _ => vec![link],
    }
}

/// Media overlays: the place in the page, and what is heard there. Dictionaries: the place that a
/// word stands at.
fn beside(local: &str) -> Vec<Lead> {
    match local {
        "text" => vec![(Kind::Outline, Space::None, "src")],
        "audio" => vec![(Kind::Media, Space::None, "src")],
        "match" => vec![(Kind::Outline, Space::None, "href")],
        "body" | "seq" => vec![(Kind::Outline, Space::Ops, "textref")],
        _ => Vec::new(),
    }
}

/// The files that an element of the book names by their ids.
pub(super) fn ids(element: &Element) -> Vec<String> {
    let names: &[&str] = match element.local() {
        "itemref" => &["idref"],
        "item" => &["fallback", "fallback-style", "media-overlay"],
        "spine" => &["toc"],
        "mediaType" => &["handler"],
        _ => &[],
    };
    names.iter().filter_map(|name| id(element, name)).collect()
}

/// An id, or the name of one, without the blanks around it, which count for nothing (XML 1.0,
/// section 3.3.3).
pub(super) fn id(element: &Element, name: &str) -> Option<String> {
    let id = element.get(Space::None, name)?.trim().to_owned();
    (!id.is_empty()).then_some(id)
}
