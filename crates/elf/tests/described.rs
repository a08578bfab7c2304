//! What is said of binaries of every kind, word size and byte order, against what they were made to
//! be.

use std::path::{Path, PathBuf};
use std::process::Command;

use elf::strip::{self, Level, Refusal};
use elf::{Architecture, Kind, Layout, needs};
use tempfile::TempDir;

/// A directory with one source and what the C compiler makes of it.
struct Workshop(TempDir);

impl Workshop {
    fn with(source: &str) -> Self {
        let workshop = Self(tempfile::tempdir().expect("a directory"));
        std::fs::write(workshop.0.path().join("source.c"), source).expect("a source");
        workshop
    }

    fn compiled(&self, options: &[&str]) -> PathBuf {
        let result = self.0.path().join("result");
        let mut compiler = Command::new("cc");
        compiler.arg("-o").arg(&result).arg(self.0.path().join("source.c")).args(options);
        assert!(compiler.status().expect("a C compiler").success());
        result
    }

    fn content(&self, options: &[&str]) -> Vec<u8> {
        std::fs::read(self.compiled(options)).expect("a binary")
    }
}

const EMPTY: &str = "int main(void) { return 0; }";

#[test]
fn programs_libraries_and_objects_are_told_apart() {
    let workshop = Workshop::with(EMPTY);
    let kinds = [
        (&["-no-pie"][..], Kind::Program, true),
        (&["-static"], Kind::Program, false),
        (&["-shared", "-fPIC"], Kind::Shared, true),
        (&["-c"], Kind::Object, false),
    ];
    for (options, kind, is_dynamic) in kinds {
        let content = workshop.content(options);
        let layout = Layout::read(&*content).expect("it can be read");
        assert_eq!((layout.kind, layout.is_dynamic), (kind, is_dynamic), "{options:?}");
        assert_eq!(needs::read(&*content).expect("it can be read").kind, kind, "{options:?}");
    }
}

#[test]
fn a_library_has_a_name_and_an_old_path_for_what_it_needs() {
    let workshop = Workshop::with("int one(void) { return 1; }");
    let options =
        ["-shared", "-fPIC", "-Wl,-soname,libone.so.1", "-Wl,--disable-new-dtags,-rpath,/opt/one"];
    let needs = needs::read(&*workshop.content(&options)).expect("it can be read");

    assert_eq!(needs.soname.as_deref(), Some(b"libone.so.1".as_slice()));
    assert_eq!(needs.rpath.as_deref(), Some(b"/opt/one".as_slice()));
    assert_eq!(needs.runpath, None);
    assert_eq!(needs.interpreter, None);
}

/// A note as systemd writes it, one of another owner, and one of another type.
const WITH_NOTES: &str = r#"
__asm__(
    ".macro note owner, type, text\n"
    ".long 4, 2f - 1f, \\type\n.asciz \"\\owner\"\n1: .ascii \"[\\\"\\text\\\"]\"\n2: .balign 4\n"
    ".endm\n"
    ".pushsection .note.dlopen, \"a\", %note\n.balign 4\n"
    "note FDO, 0x407c0c0a, libasked.so.1\n"
    "note GNU, 0x407c0c0a, libother.so.1\n"
    "note FDO, 0x407c0c0b, libmore.so.1\n"
    "note FDO, 0x407c0c0a, feature\n"
    ".popsection\n");
int main(void) { return 0; }
"#;

#[test]
fn a_library_that_a_note_names_may_be_loaded_and_what_other_notes_hold_is_not_read() {
    let content = Workshop::with(WITH_NOTES).content(&[]);
    let needs = needs::read(&*content).expect("it can be read");
    assert_eq!(needs.may_load, [b"libasked.so.1".to_vec()]);
}

#[test]
fn a_section_that_no_compiler_makes_by_itself_is_somebodys() {
    let plain = Workshop::with(EMPTY).content(&["-static"]);
    let layout = Layout::read(&*plain).expect("it can be read");
    assert_eq!(strip::foreign_section(&layout), None);

    let firmware = Workshop::with(
        "__attribute__((section(\".resource_table\"), used)) int table = 1;\n\
         int main(void) { return table; }",
    );
    let layout = Layout::read(&*firmware.content(&[])).expect("it can be read");
    assert_eq!(strip::foreign_section(&layout), Some(b".resource_table".as_slice()));
}

#[test]
fn what_is_no_program_and_no_library_is_not_stripped() {
    let workshop = Workshop::with(EMPTY);
    let object = workshop.content(&["-g", "-c"]);
    assert_eq!(strip::plan(&*object, Level::Symbols), Err(Refusal::Object));

    // A core dump has segments, too.
    let mut core = workshop.content(&["-g"]);
    core[16] = 4;
    assert_eq!(strip::plan(&*core, Level::Symbols), Err(Refusal::Object));
}

/// The lines of `readelf` about sections that are loaded, without the table's own numbers.
fn loaded_sections(binary: &Path) -> Vec<String> {
    let readelf = Command::new("readelf").arg("-SW").arg(binary).output().expect("readelf");
    let lines = String::from_utf8(readelf.stdout).expect("text");
    let is_loaded = |line: &&str| line.split_whitespace().rev().nth(3).is_some_and(is_flags);
    lines.lines().filter(is_loaded).map(ToOwned::to_owned).collect()
}

fn is_flags(word: &str) -> bool {
    word.starts_with(['A', 'W']) && word.contains('A') && word.len() <= 4
}

#[test]
fn the_sections_that_stay_are_described_as_before() {
    let workshop = Workshop::with(EMPTY);
    let program = workshop.compiled(&["-g"]);
    let before = loaded_sections(&program);
    assert!(before.len() > 15, "{before:?}");

    let content = std::fs::read(&program).expect("a program");
    let plan = strip::plan(&*content, Level::Symbols).expect("it can be stripped");
    std::fs::write(&program, plan.expect("there is a gain").applied(&content)).expect("a file");

    assert_eq!(loaded_sections(&program), before);
}

/// A binary of this class and byte order: a header, one segment with four bytes of code, and the
/// sections `.text`, `.comment` and `.shstrtab`. The link of `.text` leads to the last one.
struct Made {
    is_64: bool,
    is_little: bool,
    bytes: Vec<u8>,
}

/// `EM_PPC`, though nothing here is asked what it means.
const MACHINE: u64 = 20;
const NAMES: &[u8] = b"\0.text\0.comment\0.shstrtab\0";

impl Made {
    fn new(is_64: bool, is_little: bool) -> Self {
        let mut made = Self { is_64, is_little, bytes: elf::MAGIC.to_vec() };
        made.bytes.extend([1 + u8::from(is_64), 2 - u8::from(is_little), 1]);
        made.bytes.resize(16, 0);
        made.header();
        made.segment();
        made.bytes.extend(b"code");
        made.bytes
            .extend(b"a comment that is long enough to be worth the while of a strip, and more");
        made.bytes.extend(NAMES);
        made.section([0; 6]);
        let code = made.code();
        made.section([1, 1, 6, code, 4, 3]);
        made.section([7, 1, 0, code + 4, 72, 0]);
        made.section([16, 3, 0, code + 76, NAMES.len() as u64, 0]);
        made
    }

    fn header(&mut self) {
        let (header, segment, section) = self.sizes();
        self.numbers(2, &[2, MACHINE]);
        self.numbers(4, &[1]);
        self.words(&[0, header, self.code() + 76 + NAMES.len() as u64]);
        self.numbers(4, &[0]);
        self.numbers(2, &[header, segment, 1, section, 4, 3]);
    }

    /// One that is loaded: the headers and the code.
    fn segment(&mut self) {
        let end = self.code() + 4;
        self.numbers(4, &[1]);
        if self.is_64 {
            self.numbers(4, &[5]);
        }
        self.words(&[0, 0x1_0000, 0x1_0000, end, end]);
        if !self.is_64 {
            self.numbers(4, &[5]);
        }
        self.words(&[0x1000]);
    }

    /// Name, type, flags, offset, size, link.
    fn section(&mut self, [name, kind, flags, offset, size, link]: [u64; 6]) {
        self.numbers(4, &[name, kind]);
        self.words(&[flags, if flags > 0 { 0x1_0000 + offset } else { 0 }, offset, size]);
        self.numbers(4, &[link, 0]);
        self.words(&[1, 0]);
    }

    fn sizes(&self) -> (u64, u64, u64) {
        if self.is_64 { (64, 56, 64) } else { (52, 32, 40) }
    }

    fn code(&self) -> u64 {
        self.sizes().0 + self.sizes().1
    }

    fn words(&mut self, numbers: &[u64]) {
        self.numbers(if self.is_64 { 8 } else { 4 }, numbers);
    }

    fn numbers(&mut self, width: usize, numbers: &[u64]) {
        for number in numbers {
            let (little, big) = (number.to_le_bytes(), number.to_be_bytes());
            let number = if self.is_little { &little[..width] } else { &big[8 - width..] };
            self.bytes.extend(number);
        }
    }
}

#[test]
fn every_word_size_and_byte_order_is_read_and_stripped() {
    for (is_64, is_little) in [(false, false), (false, true), (true, false), (true, true)] {
        let made = Made::new(is_64, is_little);
        let architecture = Architecture { is_64, is_little_endian: is_little, machine: 20 };
        assert_eq!(needs::read(&*made.bytes).expect("it is whole").architecture, architecture);

        let plan = strip::plan(&*made.bytes, Level::Symbols).expect("it can be stripped");
        let stripped = plan.expect("there is a gain").applied(&made.bytes);

        let layout = Layout::read(&*stripped).expect("it can be read");
        let sections: Vec<_> = layout.sections.iter().map(|one| (&*one.name, one.loaded)).collect();
        assert_eq!(sections, [(&b""[..], false), (b".text", true), (b".shstrtab", false)]);
        assert_eq!(layout.sections[1].range, (made.code(), made.code() + 4));
        assert_eq!(layout.architecture, architecture);
        let at = usize::try_from(made.code()).expect("it is a small one");
        assert_eq!(stripped[at..][..4], *b"code");
        assert_eq!(link_of_code(&layout, &stripped), 0, "it led to what has gone");
        assert_eq!(strip::plan(&*stripped, Level::Symbols), Ok(None));
    }
}

/// The link of the first section behind the empty one.
fn link_of_code(layout: &Layout, content: &[u8]) -> u64 {
    let (entry, link) = if layout.architecture.is_64 { (64, 40) } else { (40, 24) };
    let at = usize::try_from(layout.section_table).expect("it is in memory") + entry + link;
    content[at..at + 4].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
