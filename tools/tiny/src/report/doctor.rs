//! What a machine lacks.

use std::io;

use crate::cli::Format;
use crate::doctor::{Need, install_line};

pub(crate) fn write(needs: &[Need], format: Format) -> io::Result<()> {
    match format {
        Format::Json => super::json(&serde_json::json!({ "needs": needs })),
        Format::Text => super::text(&text(needs)),
    }
}

fn text(needs: &[Need]) -> String {
    let mut text = String::new();
    for need in needs {
        let state = if need.is_there { "there  " } else { "MISSING" };
        text.push_str(&format!("{state}  {:<24} {}\n", need.program, need.wanted_for));
    }
    match install_line(needs) {
        Some(line) => text.push_str(&format!("\n{line}\n")),
        None => text.push_str("\neverything is there\n"),
    }
    text
}
