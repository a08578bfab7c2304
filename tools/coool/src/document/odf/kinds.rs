//! The elements that carry an address, and what each is to a reader.

use crate::address::Named;
use crate::document::xml::{Element, Space};
use crate::link::Kind;

/// An element with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Carrier {
    pub(super) kind: Kind,
    /// Whether an empty address is a mistake: these are clicked on.
    pub(super) must_lead: bool,
}

/// What an element with `xlink:href` is; every element of OpenDocument 1.3 that may have one.
pub(super) fn carrier(element: &Element) -> Option<Carrier> {
    let local = element.local();
    let kind = match (element.space, local) {
        (Space::Text, "a") => return Some(Carrier { kind: Kind::Text, must_lead: true }),
        (Space::Draw, "a") => return Some(Carrier { kind: Kind::Shape, must_lead: true }),
        (Space::Draw, "area-circle" | "area-polygon" | "area-rectangle") => {
            let clickable = element.get(Space::Draw, "nohref").is_none();
            return clickable.then_some(Carrier { kind: Kind::ImageMap, must_lead: true });
        }
        (Space::Form, "button" | "image") => Kind::Button,
        (Space::Form, "form") => Kind::Form,
        (Space::Form, "connection-resource")
        | (Space::Db, "component" | "connection-resource" | "file-based-database") => {
            Kind::Database
        }
        (Space::Presentation | Space::Script, "event-listener") => Kind::Event,
        (Space::Presentation, "sound") | (Space::Anim, "audio") | (Space::Draw, "plugin") => {
            Kind::Media
        }
        (Space::Draw, "applet" | "object" | "object-ole") => Kind::Object,
        (Space::Draw, "floating-frame") => Kind::FrameSource,
        (Space::Draw, "image" | "fill-image")
        | (Space::Style, "background-image")
        | (Space::Text, "list-level-style-image")
        | (Space::Chart, "symbol-image") => Kind::ImageSource,
        (Space::Meta, "auto-reload") => Kind::Reload,
        (Space::Meta, "template") => Kind::Template,
        (Space::Svg, "definition-src" | "font-face-uri") => Kind::Font,
        (Space::Table, "cell-range-source" | "table-source") => Kind::TableSource,
        (Space::Text, "alphabetical-index-auto-mark-file") => Kind::IndexSource,
        (Space::Text, "section-source") => Kind::Section,
        (Space::Text, "script") => Kind::Script,
        (Space::Chart, "chart") => Kind::Other,
        _ => return None,
    };
    Some(Carrier { kind, must_lead: false })
}

/// A field that refers to a place in the document: what it refers to, and the name.
pub(super) fn reference(element: &Element) -> Option<(Named, String)> {
    if element.space != Space::Text {
        return None;
    }
    let named = match element.local() {
        "bookmark-ref" => Named::Bookmark,
        "reference-ref" => Named::ReferenceMark,
        "note-ref" => Named::Note,
        "sequence-ref" => Named::Sequence,
        _ => return None,
    };
    Some((named, element.get(Space::Text, "ref-name").unwrap_or_default()))
}
