//! What tiny is given: recipes, lock files, configurations of the kernel.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    if let Ok(text) = std::str::from_utf8(content) {
        let _ = tiny::fuzzing::recipe(text);
        tiny::fuzzing::options(text);
    }
    fuzz::with_file(content, |file| {
        let _ = tiny::fuzzing::lock(file);
    });
});
