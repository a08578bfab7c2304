//! What a build made.

use std::io;
use std::path::Path;

use names::shown;

use super::count;
use crate::audit;
use crate::build::Finished;
use crate::cli::Format;

pub(crate) fn write(
    finished: &Finished,
    output: &Path,
    is_twice: bool,
    format: Format,
) -> io::Result<()> {
    match format {
        Format::Json => super::json(&serde_json::json!({
            "image": names::Bytes::of(output),
            "built_twice_the_same": is_twice.then_some(true),
            "manifest": finished.manifest,
            "audit": finished.audit,
        })),
        Format::Text => super::text(&text(finished, output, is_twice)),
    }
}

fn text(finished: &Finished, output: &Path, is_twice: bool) -> String {
    let manifest = &finished.manifest;
    let budget = match manifest.budget {
        Some(budget) => format!(", {} below its budget", count(budget - manifest.image_size)),
        None => String::new(),
    };
    let mut text = format!(
        "{}: {} bytes{budget}, one file for {}, packed by {}\n",
        shown(output),
        count(manifest.image_size),
        manifest.board,
        manifest.compressor
    );
    if is_twice {
        text.push_str("built twice, in two folders: the same bits\n");
    }
    text.push_str(&audit::report::text(&finished.audit));
    text
}
