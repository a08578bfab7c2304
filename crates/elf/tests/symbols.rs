//! Symbols of real binaries, with the versions that the linker gave them.

use std::path::{Path, PathBuf};
use std::process::Command;

use elf::strip::{self, Level};
use elf::symbols::{self, Symbol, Symbols};
use tempfile::TempDir;

const LIBRARY: &str = r#"
__asm__(".symver old_answer, answer@ANSWERS_1");
__asm__(".symver new_answer, answer@@ANSWERS_2");
int old_answer(void) { return 41; }
int new_answer(void) { return 42; }
int questions[3] = {1, 2, 3};
"#;

const VERSIONS: &str = "
ANSWERS_1 { global: questions; local: old_answer; new_answer; };
ANSWERS_2 { global: answer; } ANSWERS_1;
";

const PROGRAM: &str = "
int answer(void);
extern int questions[3];
int main(void) { return answer() + questions[0]; }
";

struct Workshop(TempDir);

impl Workshop {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn library(&self) -> PathBuf {
        let versions = self.written("versions", VERSIONS);
        let script = format!("-Wl,--version-script={}", versions.display());
        self.compiled("libanswers.so", LIBRARY, &["-shared".into(), "-fPIC".into(), script])
    }

    fn program(&self) -> PathBuf {
        let library = self.library().display().to_string();
        self.compiled("program", PROGRAM, &["-fPIE".into(), "-pie".into(), library])
    }

    fn written(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path
    }

    fn compiled(&self, name: &str, source: &str, options: &[String]) -> PathBuf {
        let source = self.written(&format!("{name}.c"), source);
        let result = self.0.path().join(name);
        let mut compiler = Command::new("cc");
        compiler.arg("-o").arg(&result).arg(source).args(options);
        assert!(compiler.status().expect("a C compiler").success());
        result
    }
}

fn read(path: &Path) -> Symbols {
    let content = std::fs::read(path).expect("a binary");
    symbols::read(&*content).expect("it can be read")
}

fn shown(symbols: &[Symbol]) -> Vec<String> {
    let mut lines: Vec<_> = symbols
        .iter()
        .map(|symbol| {
            let version = symbol.version.as_deref().map(String::from_utf8_lossy);
            let sign = if symbol.is_default { "@@" } else { "@" };
            let version = version.map_or_else(String::new, |version| format!("{sign}{version}"));
            let size =
                if symbol.is_data { format!(" {} bytes", symbol.size) } else { String::new() };
            format!("{}{version}{size}", String::from_utf8_lossy(&symbol.name))
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn a_library_offers_a_symbol_in_several_versions() {
    let exports = read(&Workshop::new().library()).exports;

    assert_eq!(
        shown(&exports),
        ["answer@@ANSWERS_2", "answer@ANSWERS_1", "questions@@ANSWERS_1 12 bytes"]
    );
}

#[test]
fn a_program_asks_for_the_version_that_it_was_linked_with() {
    let workshop = Workshop::new();
    let imports = read(&workshop.program()).imports;
    let asked = imports.iter().find(|symbol| symbol.name == b"answer").expect("it is asked for");
    assert_eq!(asked.version.as_deref(), Some(b"ANSWERS_2".as_slice()));

    let exports = read(&workshop.library()).exports;
    let offered = exports.into_iter().filter(|offered| offered.satisfies(asked));
    assert_eq!(shown(&offered.collect::<Vec<_>>()), ["answer@@ANSWERS_2"]);
}

#[test]
fn a_variable_without_a_size_is_a_symbol_and_what_stands_for_a_version_is_none() {
    let workshop = Workshop::new();
    let source = "__asm__(\".data\\n.globl end\\n.type end, @object\\nend: .byte 0\");";
    let script = workshop.written("end", "ENDS { global: *; };");
    let script = format!("-Wl,--version-script={}", script.display());
    let library = workshop.compiled("libend.so", source, &["-shared".into(), script]);

    assert_eq!(shown(&read(&library).exports), ["end@@ENDS 0 bytes"]);
}

#[test]
fn symbols_are_read_without_the_table_of_sections() {
    let library = Workshop::new();
    let library = std::fs::read(library.library()).expect("a library");
    let plan = strip::plan(&*library, Level::Sections).expect("it can be stripped");
    let stripped = plan.expect("there is a gain").applied(&library);

    assert_eq!(symbols::read(&*stripped), symbols::read(&*library));
}

#[test]
fn a_library_with_any_byte_changed_is_read_or_refused() {
    let library = std::fs::read(Workshop::new().library()).expect("a library");
    for place in 0..library.len().min(0x1000) {
        let mut damaged = library.clone();
        damaged[place] ^= 0xff;
        // Either is right; that it ends, and without a panic, is what counts.
        let _ = symbols::read(&*damaged);
    }
}
