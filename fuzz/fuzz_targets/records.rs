//! What our tools write down to take a change back: clink's journals and shrink's ledgers.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let _ = duplicates::fuzzing::journal(content);
    fuzz::with_file(content, |file| {
        let _ = shrink::fuzzing::ledger(file);
    });
});
