//! Documents that are packages: OpenDocument, Office Open XML and EPUB. Their parts stand behind
//! each other, parted by zero bytes.

#![no_main]

use std::io::{Cursor, Write};
use std::path::Path;

use coool::document::{limits::Limits, read_from};
use libfuzzer_sys::fuzz_target;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The parts of each kind, the one that tells it first.
const KINDS: [&[&str]; 5] = [
    &["content.xml", "styles.xml", "META-INF/manifest.xml"],
    &["[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/_rels/document.xml.rels"],
    &["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml"],
    &["[Content_Types].xml", "_rels/.rels", "ppt/presentation.xml", "ppt/slides/slide1.xml"],
    &["META-INF/container.xml", "content.opf", "one.xhtml"],
];

fuzz_target!(|content: &[u8]| {
    let Some((kind, content)) = content.split_first() else {
        return;
    };
    let parts = KINDS[usize::from(*kind) % KINDS.len()];
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, part) in parts.iter().zip(content.split(|byte| *byte == 0)) {
        writer.start_file(*name, stored).expect("a name");
        writer.write_all(part).expect("memory");
    }
    let file = writer.finish().expect("memory");
    let _ = read_from(file, Path::new("document"), &Limits::default());
});
