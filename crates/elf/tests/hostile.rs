//! Binaries that are not what they say: an error or an answer, never a panic, never a long wait.

use elf::strip::{Level, plan};
use elf::{Layout, needs};
use proptest::prelude::*;

/// The test's own binary: as real as any.
fn real() -> Vec<u8> {
    std::fs::read("/bin/true").expect("every system has it")
}

fn read_all(content: &[u8]) {
    let _ = needs::read(content);
    let _ = Layout::read(content);
    for level in [Level::Symbols, Level::Sections] {
        if let Ok(Some(plan)) = plan(content, level) {
            assert!(plan.length() < content.len() as u64);
            assert_eq!(plan.applied(content).len() as u64, plan.length());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        if std::env::var_os("ETABLI_FULL").is_some() { 100_000 } else { 2_000 }
    ))]

    #[test]
    fn a_spoiled_binary_is_read_or_refused(
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        in_headers in any::<bool>(),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut content = real();
        let reach = if in_headers { 1024 } else { content.len() };
        for (place, byte) in &spoils {
            content[place.index(reach)] = *byte;
        }
        if cut {
            content.truncate(length.index(real().len()));
        }
        read_all(&content);
    }

    #[test]
    fn noise_behind_the_magic_is_read_or_refused(
        class in 1_u8..=2, order in 1_u8..=2, noise in prop::collection::vec(any::<u8>(), 0..512),
    ) {
        let mut content = elf::MAGIC.to_vec();
        content.extend([class, order, 1, 0]);
        content.extend(noise);
        read_all(&content);
    }
}
