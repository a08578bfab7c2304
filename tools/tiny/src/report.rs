//! Results, for people and for programs.

pub(crate) mod boards;
pub(crate) mod built;
pub(crate) mod doctor;
pub(crate) mod front;
pub(crate) mod proof;
pub(crate) mod whereabouts;

use std::io::{self, Write};

use serde::Serialize;

use crate::messages::VOICE;

/// The form of the JSON documents.
pub(crate) const FORMAT: u32 = 1;

/// Writes one document for programs.
pub(crate) fn json(document: &impl Serialize) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut out, &VOICE.document(FORMAT, document))?;
    writeln!(out)?;
    out.flush()
}

/// Writes text for people.
pub(crate) fn text(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A number with commas: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    ui::numbers::Count(number).to_string()
}
