//! The index and the manifest of an OCI image layout, parted by a zero byte.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let (index, manifest) = match content.iter().position(|byte| *byte == 0) {
        Some(place) => (&content[..place], &content[place + 1..]),
        None => (content, &b""[..]),
    };
    let scratch = tempfile::tempdir().expect("a directory");
    let layout = scratch.path().join("layout");
    fs::create_dir_all(layout.join("blobs/sha256")).expect("a directory");
    fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a file");
    fs::write(layout.join("index.json"), index).expect("a file");
    fs::write(layout.join("blobs/sha256/0"), manifest).expect("a file");
    fuzz::open(&layout, scratch.path());
});
