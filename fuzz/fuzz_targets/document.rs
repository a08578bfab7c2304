//! Documents of one file: PDF, OpenDocument without a package, HTML and Markdown.

#![no_main]

use std::io::Cursor;
use std::path::Path;

use coool::document::{limits::Limits, read_from};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    // The first byte says what the name would.
    let (kind, content) = match content.split_first() {
        Some((kind, rest)) => (kind % 3, rest),
        None => return,
    };
    let name = ["document", "page.html", "text.md"][usize::from(kind)];
    let _ = read_from(Cursor::new(content), Path::new(name), &Limits::default());
});
