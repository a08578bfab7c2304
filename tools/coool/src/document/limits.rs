//! How much a document may ask for before it is given up.
//!
//! Documents come from strangers: no size that a file states about itself is believed, and what is
//! read is counted while it is read.

use std::fmt;

/// Bounds for one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Uncompressed bytes of one part of a package.
    pub part: u64,
    /// Uncompressed bytes of all parts that are read, or of a document that is one file.
    pub document: u64,
    /// Uncompressed bytes to one compressed byte, for parts of more than a megabyte.
    pub ratio: u64,
    /// Entries of a package.
    pub entries: u64,
    /// Elements within elements, objects within objects.
    pub depth: u64,
    /// Bytes of one tag with its attributes, or of one piece of text.
    pub token: u64,
    /// Links of one document.
    pub links: u64,
    /// Bytes that are read of a page of the web in which a place is looked for.
    pub page: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            part: 512 << 20,
            document: 1 << 30,
            ratio: 1_000,
            entries: 100_000,
            depth: 1_000,
            token: 16 << 20,
            links: 1_000_000,
            page: 8 << 20,
        }
    }
}

/// A bound, by the name that raises it on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are the fields of `Limits`")]
pub enum Bound {
    Part,
    Document,
    Ratio,
    Entries,
    Depth,
    Token,
    Links,
    Page,
}

impl Bound {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Part,
        Self::Document,
        Self::Ratio,
        Self::Entries,
        Self::Depth,
        Self::Token,
        Self::Links,
        Self::Page,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Part => "part",
            Self::Document => "document",
            Self::Ratio => "ratio",
            Self::Entries => "entries",
            Self::Depth => "depth",
            Self::Token => "token",
            Self::Links => "links",
            Self::Page => "page",
        }
    }

    /// Its value in a set of limits.
    pub fn of(self, limits: &mut Limits) -> &mut u64 {
        match self {
            Self::Part => &mut limits.part,
            Self::Document => &mut limits.document,
            Self::Ratio => &mut limits.ratio,
            Self::Entries => &mut limits.entries,
            Self::Depth => &mut limits.depth,
            Self::Token => &mut limits.token,
            Self::Links => &mut limits.links,
            Self::Page => &mut limits.page,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Part => "a part of it is larger than allowed when unpacked",
            Self::Document => "it is larger than allowed when unpacked",
            Self::Ratio => "a part of it is packed so tightly that it may be a bomb",
            Self::Entries => "it has more entries than allowed",
            Self::Depth => "it is nested more deeply than allowed",
            Self::Token => "it holds a tag or text that is longer than allowed",
            Self::Links => "it has more links than allowed",
            Self::Page => "the page is longer than what is read of one",
        })
    }
}
