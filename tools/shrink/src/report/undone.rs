//! What was brought back, and what stays as somebody else has made it.

use std::io::{self, Write};
use std::path::Path;

use names::shown;
use serde::Serialize;

use crate::cli::{Format, Output};
use crate::messages::VOICE;
use crate::place::{Stays, Undone};

/// Writes how many names were brought back.
pub(crate) fn write(undone: &Undone, output: &Output) -> io::Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Document<'a> {
        restored: u64,
        stays: &'a [Stays],
    }
    let Undone { root, restored, stays } = undone;
    match output.format {
        Format::Json => super::json(&Document { restored: *restored, stays })?,
        Format::Text if output.quiet => {}
        Format::Text => writeln!(io::stdout(), "{restored} names are as they were")?,
    }
    write_stays(root, stays);
    Ok(())
}

/// Names what was to change and does not.
pub(crate) fn write_stays(root: &Path, stays: &[Stays]) {
    /// More are no help on a screen.
    const SHOWN: usize = 20;
    for Stays { path, because } in stays.iter().take(SHOWN) {
        VOICE.note(&format!("`{}` stays as it is: {because}", shown(&root.join(path.as_path()))));
    }
    match stays.len().saturating_sub(SHOWN) {
        0 => {}
        more => VOICE.note(&format!("{more} more stay as they are")),
    }
}
