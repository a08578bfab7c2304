//! Packages whose container is spoilt.

#![no_main]

use std::io::Cursor;
use std::path::Path;

use coool::document::{limits::Limits, read_from};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let content = [b"PK\x03\x04", content].concat();
    let _ = read_from(Cursor::new(content), Path::new("document"), &Limits::default());
});
