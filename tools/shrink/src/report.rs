//! Results, for people and for programs.

pub(crate) mod changes;
pub(crate) mod made;
pub(crate) mod map;
pub(crate) mod proofs;
pub(crate) mod survey;
pub(crate) mod undone;
pub(crate) mod why;

use std::io::{self, Write};

use serde::Serialize;
use ui::numbers::DecimalBytes;

use crate::messages::VOICE;

/// Says what could not be read.
pub(crate) fn problems(problems: &[String]) {
    /// More are no help on a screen.
    const SHOWN: usize = 20;
    for problem in problems.iter().take(SHOWN) {
        VOICE.note(problem);
    }
    if problems.len() > SHOWN {
        VOICE.note(&format!("{} more such messages", problems.len() - SHOWN));
    }
}

/// The form of the JSON documents.
const FORMAT: u32 = 1;

fn json(document: &impl Serialize) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut out, &VOICE.document(FORMAT, document))?;
    writeln!(out)?;
    out.flush()
}

/// An amount of bytes in powers of 1000, such as `10.80 MB`.
fn amount(bytes: u64) -> String {
    DecimalBytes(bytes).to_string()
}

/// How much less `after` is than `before`: `93.4 % less`.
#[expect(clippy::cast_precision_loss, reason = "a percentage needs three digits")]
fn less(before: u64, after: u64) -> String {
    if before == 0 {
        return "nothing to begin with".to_owned();
    }
    format!("{:.1} % less", 100.0 * (1.0 - after as f64 / before as f64))
}
