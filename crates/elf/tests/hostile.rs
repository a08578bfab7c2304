//! Binaries that are not what they say: an error or an answer, never a panic, never a long wait.

use elf::reach::{self, Asked, Code, Names};
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

/// A small library of this system.
#[cfg(target_os = "linux")]
fn library() -> Vec<u8> {
    let known = std::process::Command::new("cc").arg("-print-file-name=libdl.so.2").output();
    let path = String::from_utf8(known.expect("a C compiler").stdout).expect("text");
    std::fs::read(path.trim()).expect("every system has it")
}

/// Whatever is planned lies in code, in order, and nowhere twice.
fn reach_all(content: &[u8]) {
    let Ok(code) = Code::read(content) else {
        return;
    };
    let exports = code.exports().map(<[u8]>::to_vec).collect();
    let mut names = reach::names(content).expect("its code could be read");
    let search = Names::new(exports).expect("as many as fit into a file");
    search.add_found(content, Some(&code), &mut names);
    for names in [names, std::collections::BTreeSet::new()] {
        let unreached = reach::unreached(&[(&code, Asked::ByName)], &names).remove(0);
        let mut end = 0;
        for body in unreached.bodies {
            assert!(end <= body.start && body.start < body.end, "{body:?}");
            assert!(is_executable(content, &body), "{body:?}");
            end = body.end;
        }
    }
}

/// Whether a part of a file belongs to one executable segment, as a 64-bit file's headers say.
fn is_executable(content: &[u8], part: &std::ops::Range<u64>) -> bool {
    let number = |at: usize, width: usize| {
        content[at..at + width].iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let (table, count) = (number(32, 8), number(56, 2));
    (0..count).any(|index| {
        let at = usize::try_from(table + index * 56).expect("it was read");
        let (kind, flags, offset, size) =
            (number(at, 4), number(at + 4, 4), number(at + 8, 8), number(at + 32, 8));
        kind == 1 && flags & 1 == 1 && offset <= part.start && part.end <= offset + size
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        if testkit::is_full() { 100_000 } else { 2_000 }
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
    fn of_a_spoiled_library_nothing_is_filled_but_code(
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        in_headers in any::<bool>(),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut content = library();
        let reach = if in_headers { 4096 } else { content.len() };
        for (place, byte) in &spoils {
            content[place.index(reach)] = *byte;
        }
        if cut {
            content.truncate(length.index(library().len()));
        }
        reach_all(&content);
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
