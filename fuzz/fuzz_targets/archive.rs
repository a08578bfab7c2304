//! Archives: tar, plain or compressed, also of an image.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    // What begins like a squashfs image goes to another program.
    if !content.starts_with(b"hsqs") {
        fuzz::open_file(content);
    }
});
