//! Binaries: what they need, how they are laid out, what of them can be stripped.

#![no_main]

use elf::strip::{Level, plan};
use elf::{Layout, needs};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let _ = needs::read(content);
    let _ = Layout::read(content);
    for level in [Level::Symbols, Level::Sections] {
        if let Ok(Some(plan)) = plan(content, level) {
            assert!(plan.length() < content.len() as u64);
            assert_eq!(plan.applied(content).len() as u64, plan.length());
        }
    }
});
