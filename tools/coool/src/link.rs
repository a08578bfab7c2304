//! A link as it stands in a document: what it leads to, what kind it is, and where it is.

use std::fmt::{self, Display};
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::address::Goal;

/// A link, before anybody has checked it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The address as the document stores it, without the escapes of XML; for a field, what it
    /// refers to, such as `bookmark Start`.
    pub address: String,
    /// What the address asks for.
    pub goal: Goal,
    /// What shows the link to a reader.
    pub kind: Kind,
    /// The words that a reader clicks on, in full; empty where there are none.
    pub text: String,
    /// Where a reader finds it.
    pub place: Place,
    /// The part of the package that holds it, such as `content.xml`; empty where the document is
    /// one file.
    pub part: Arc<str>,
    /// Where its address can be written back; none where that is not possible.
    pub spot: Option<Spot>,
}

/// What shows the link to a reader, or what in the document uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Words to click on.
    Text,
    /// An image to click on.
    Image,
    /// A shape, a frame or another drawn thing to click on.
    Shape,
    /// An area of an image map.
    ImageMap,
    /// A button of a form.
    Button,
    /// Where a form is sent to.
    Form,
    /// What happens on an event, such as a click on a slide.
    Event,
    /// A jump from slide to slide.
    Jump,
    /// A cross-reference: a field that shows or leads to another place of the document.
    Reference,
    /// A formula.
    Formula,
    /// An entry of a bibliography.
    Citation,
    /// An entry of an outline or a table of contents beside the text.
    Outline,
    /// A page that is loaded by itself after a time.
    Reload,
    /// A script.
    Script,
    /// An image that the document shows.
    ImageSource,
    /// A frame that shows another document.
    FrameSource,
    /// An embedded or linked object, such as a chart.
    Object,
    /// Sound or film.
    Media,
    /// A section whose text comes from another document.
    Section,
    /// Cells or a table that come from another document.
    TableSource,
    /// A database.
    Database,
    /// A template or style sheet that the document is made from.
    Template,
    /// A font.
    Font,
    /// A list that an index is made from.
    IndexSource,
    /// Another file that the document needs.
    Other,
}

/// Who a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A reader follows it.
    Link,
    /// It leads to another place in the same document, or shows its text.
    Reference,
    /// The document loads it.
    Resource,
}

/// Where a reader finds a link. What is not known is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The page of a text document or PDF.
    pub page: Option<Page>,
    /// The slide's or drawing page's number, from 1.
    pub slide: Option<u32>,
    /// The sheet's name.
    pub sheet: Option<Arc<str>>,
    /// The cell, such as `B7`.
    pub cell: Option<String>,
    /// The nearest heading before it.
    pub heading: Option<Arc<str>>,
    /// The line of a file that people edit as text, from 1.
    pub line: Option<u32>,
    /// What it stands in beside the running text.
    pub aside: Option<Aside>,
}

/// A page number, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The page breaks found agree with the number of pages that the document states.
    Exact(u32),
    /// Counted, but the document's own number of pages does not confirm it.
    About(u32),
}

/// What a link stands in beside the running text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Aside {
    Header,
    Footer,
    Footnote,
    Endnote,
    Comment,
    /// The notes of a speaker, below a slide.
    Notes,
    /// What all slides or pages of one design have in common.
    MasterPage,
    Style,
    /// Text that was deleted and is kept as a tracked change.
    Deletion,
    /// Pieces of text that the document keeps to be put in.
    BuildingBlock,
    /// What describes the document: its template, where it is reloaded from.
    Metadata,
}

/// Where an address can be written back: bytes of a part of the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The part, such as `content.xml` or `word/_rels/document.xml.rels`.
    pub part: Arc<str>,
    /// The bytes of the uncompressed part that hold the value, without the quotes.
    pub range: Range<u64>,
    /// These bytes as they stand there, with the escapes of XML.
    pub raw: String,
    /// What the address begins with and the value does not, such as the `#` of a bookmark's name.
    pub before: String,
    /// What the address ends with and the value does not.
    pub after: String,
}

impl Spot {
    /// What no other place has.
    pub(crate) fn key(&self) -> (Arc<str>, u64) {
        (Arc::clone(&self.part), self.range.start)
    }
}

impl Kind {
    /// Who such a link is for.
    #[must_use]
    pub fn class(self) -> Class {
        match self {
            Self::Reference => Class::Reference,
            Self::ImageSource
            | Self::FrameSource
            | Self::Object
            | Self::Media
            | Self::Section
            | Self::TableSource
            | Self::Database
            | Self::Template
            | Self::Font
            | Self::IndexSource
            | Self::Other => Class::Resource,
            _ => Class::Link,
        }
    }
}

impl Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Shape => "shape",
            Self::ImageMap => "image map",
            Self::Button => "button",
            Self::Form => "form",
            Self::Event => "event",
            Self::Jump => "jump",
            Self::Reference => "reference",
            Self::Formula => "formula",
            Self::Citation => "citation",
            Self::Outline => "outline",
            Self::Reload => "reload",
            Self::Script => "script",
            Self::ImageSource => "image source",
            Self::FrameSource => "frame source",
            Self::Object => "object",
            Self::Media => "media",
            Self::Section => "section",
            Self::TableSource => "table source",
            Self::Database => "database",
            Self::Template => "template",
            Self::Font => "font",
            Self::IndexSource => "index source",
            Self::Other => "other file",
        })
    }
}

impl Display for Aside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Header => "header",
            Self::Footer => "footer",
            Self::Footnote => "footnote",
            Self::Endnote => "endnote",
            Self::Comment => "comment",
            Self::Notes => "notes",
            Self::MasterPage => "master page",
            Self::Style => "style",
            Self::Deletion => "deleted text",
            Self::BuildingBlock => "building block",
            Self::Metadata => "metadata",
        })
    }
}

impl Display for Page {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(number) => write!(formatter, "p. {number}"),
            Self::About(number) => write!(formatter, "p. ~{number}"),
        }
    }
}
