//! What a machine says and shows: its console, and pictures of its screen.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    tiny::fuzzing::console(content);
    let _ = tiny::fuzzing::picture(content);
    let _ = tiny::fuzzing::picture(&[b"P6", content].concat());
});
