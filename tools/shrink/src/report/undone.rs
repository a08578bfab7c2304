//! What was brought back.

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::{Format, Output};

/// Writes how many names were brought back.
pub(crate) fn write(names: u64, output: &Output) -> io::Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Document {
        restored: u64,
    }
    match output.format {
        Format::Json => super::json(&Document { restored: names }),
        Format::Text if output.quiet => Ok(()),
        Format::Text => writeln!(io::stdout(), "{names} names are as they were"),
    }
}
