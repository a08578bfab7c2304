//! Libraries of which some bytes are changed: what the loader would read otherwise than we do is
//! refused.

use std::collections::BTreeSet;

use elf::Problem;
use elf::reach::{self, Code, Refusal};

use crate::library;

const ONE_FUNCTION: &str = "
    function used, 1000003
        ret
    end
";

/// The parts of a 64-bit file that tests change.
struct Patched(Vec<u8>);

impl Patched {
    fn number(&self, at: usize) -> u64 {
        u64::from_le_bytes(*self.0[at..].first_chunk().expect("it lies in the file"))
    }

    fn put(&mut self, at: usize, number: u64) {
        self.0[at..at + 8].copy_from_slice(&number.to_le_bytes());
    }

    /// Where the header of the first segment of this kind and these rights stands.
    fn segment(&self, kind: u32, rights: u32) -> usize {
        let wanted = u64::from(rights) << 32 | u64::from(kind);
        let mut places = (64..).step_by(56).take(self.0[56].into());
        places.find(|at| self.number(*at) == wanted).expect("there is one")
    }

    /// Where the entry of the table for the loader stands.
    fn entry(&self, tag: u64) -> usize {
        let table = self.number(self.segment(DYNAMIC, READ | WRITE) + 8);
        let mut places = (usize::try_from(table).expect("it is a small one")..).step_by(16);
        places.find(|at| self.number(*at) == tag).expect("there is one")
    }

    /// Makes a segment of the header that says nothing but how the stack is.
    fn more_to_load(&mut self, address: u64, offset: u64, size: u64) {
        let header = self.segment(STACK, READ | WRITE);
        let kind = u64::from(READ) << 32 | u64::from(LOAD);
        for (field, number) in [(0, kind), (8, offset), (16, address), (32, size)] {
            self.put(header + field, number);
        }
    }

    fn refusal(&self) -> Option<Refusal> {
        Code::read(&self.0).err()
    }
}

const LOAD: u32 = 1;
const DYNAMIC: u32 = 2;
const STACK: u32 = 0x6474_e551;
const WRITE: u32 = 2;
const READ: u32 = 4;

fn damaged(how: &'static str) -> Refusal {
    Refusal::Damaged(Problem::Malformed(how))
}

#[test]
fn code_that_the_loader_changes_is_refused_whichever_entry_says_so() {
    const DEBUG: u64 = 21;
    const TEXTREL: u64 = 22;
    const FLAGS: u64 = 30;
    let text = [ONE_FUNCTION, ".quad used_here\nused_here: ret\n"].concat();
    let library = library(&text, &["-Wl,-z,notext"]);
    for other in [TEXTREL, FLAGS] {
        let mut patched = Patched(library.clone());
        let at = patched.entry(other);
        patched.put(at, DEBUG);
        assert_eq!(patched.refusal(), Some(Refusal::RelocatesOtherwise));
    }
}

#[test]
fn exceptions_that_are_caught_in_another_part_are_refused() {
    let text = "
        function used, 1000003
            .cfi_lsda 0x1b, table
            ret
        end
        .section .gcc_except_table, \"a\"
        .long 0 # the end of what stands before
    ";
    let counts_from = |encoding: &str| Patched(library(&[text, encoding].concat(), &[]));
    assert_eq!(counts_from("table: .byte 0xff, 0xff, 1, 0\n").refusal(), None);
    let refusal = counts_from("table: .byte 0x1b, 0, 0, 0, 0, 0xff, 1, 0\n").refusal();
    assert_eq!(refusal, Some(Refusal::CatchesElsewhere));
}

#[test]
fn tables_that_go_beyond_their_segment_are_refused() {
    const SYMBOLS: u64 = 6;
    const RELOCATIONS_SIZE: u64 = 8;
    let library = library(&[ONE_FUNCTION, ".data\n.quad used\n"].concat(), &[]);
    let end = Patched(library.clone());
    let end = end.number(end.segment(LOAD, READ) + 32);

    let mut patched = Patched(library.clone());
    let at = patched.entry(RELOCATIONS_SIZE) + 8;
    patched.put(at, 24 * 64);
    assert_eq!(patched.refusal(), Some(damaged("a table of relocations has no end")));

    let mut patched = Patched(library);
    let at = patched.entry(SYMBOLS) + 8;
    patched.put(at, end - 24);
    assert_eq!(patched.refusal(), Some(damaged("the table of symbols has no end")));
}

#[test]
fn segments_that_overlap_in_memory_or_in_the_file_are_refused() {
    const ELSEWHERE: u64 = 0x10_0000;
    let mut library = library(ONE_FUNCTION, &[]);
    let behind = library.len() as u64;
    library.extend([0; 16]);
    let with_segment = |address, offset, size| {
        let mut patched = Patched(library.clone());
        patched.more_to_load(address, offset, size);
        patched.refusal()
    };
    let overlapping = Some(damaged("segments overlap"));
    // The function lies at this address in the file and in memory, and takes six bytes.
    assert_eq!(with_segment(0x1005, behind, 16), overlapping);
    assert_eq!(with_segment(ELSEWHERE, 0x1005, 16), overlapping);
    assert_eq!(with_segment(ELSEWHERE, behind, 16), None);
    assert_eq!(with_segment(0x1006, behind, 16), None, "it begins where the other ends");
    assert_eq!(with_segment(0x1003, 0x1003, 0), None, "nothing of it stands in the file");
}

#[test]
fn an_address_behind_the_end_of_a_segment_lies_in_the_next_one() {
    const NAMES: u64 = 5;
    let mut patched = Patched(library(ONE_FUNCTION, &["-Wl,-soname,libbefore.so"]));
    let names = patched.number(patched.entry(NAMES) + 8);
    let first = patched.segment(LOAD, READ);
    patched.put(first + 32, names);
    patched.more_to_load(names, patched.0.len() as u64, 0x100);
    let names = usize::try_from(names).expect("it is a small one");
    let names = patched.0[names..names + 0x100].to_vec();
    let at = names.windows(6).position(|part| part == b"before").expect("it is named so");
    patched.0.extend([&names[..at], b"behind", &names[at + 6..]].concat());

    let needs = elf::needs::read(&*patched.0).expect("it can be read");
    assert_eq!(needs.soname.as_deref(), Some(b"libbehind.so".as_slice()));
}

#[test]
fn more_segments_and_larger_tables_than_any_binary_has_are_refused() {
    let with_segments = |count: u8| {
        let mut patched = Patched(library(ONE_FUNCTION, &[]));
        patched.0[56] = count;
        let headers = patched.0.len() as u64;
        patched.put(32, headers);
        patched.0.resize(patched.0.len() + 56 * usize::from(count), 0);
        reach::names(&patched.0)
    };
    assert_eq!(with_segments(128), Ok(BTreeSet::new()));
    assert_eq!(with_segments(129), Err(Problem::Malformed("more segments than any binary has")));

    let mut patched = Patched(library(ONE_FUNCTION, &[]));
    let at = patched.segment(DYNAMIC, READ | WRITE) + 32;
    let too_large = Problem::Malformed("a table is larger than any real one");
    for (size, is_said) in [(256 << 20, false), ((256 << 20) + 16, true), (1 << 40, true)] {
        patched.put(at, size);
        let refusal = reach::names(&patched.0).expect_err("the file is shorter");
        assert_eq!(refusal == too_large, is_said, "{size}");
    }
}
