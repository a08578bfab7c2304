//! Real binaries from the C compiler: what is read is what `readelf` says, what is stripped runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use elf::strip::{Level, Refusal};
use elf::{Kind, needs, strip};
use tempfile::TempDir;

const PROGRAM: &str = r#"
#include <stdio.h>
#include <math.h>
int main(int count, char **words) { printf("%.3f\n", cos((double) count)); return 0; }
"#;

/// A directory with a program that the C compiler made.
struct Workshop(TempDir);

impl Workshop {
    fn with(options: &[&str]) -> (Self, PathBuf) {
        let workshop = Self(tempfile::tempdir().expect("a directory"));
        let source = workshop.0.path().join("program.c");
        std::fs::write(&source, PROGRAM).expect("a source");
        let program = workshop.0.path().join("program");
        let mut compiler = Command::new("cc");
        compiler.args(options).arg("-o").arg(&program).arg(&source).arg("-lm");
        assert!(compiler.status().expect("a C compiler").success());
        (workshop, program)
    }
}

fn stripped(program: &Path, level: Level) -> PathBuf {
    let content = std::fs::read(program).expect("a program");
    let plan = strip::plan(&*content, level).expect("it can be stripped").expect("there is a gain");
    let result = program.with_extension(format!("{level:?}"));
    std::fs::copy(program, &result).expect("a copy keeps the mode");
    std::fs::write(&result, plan.applied(&content)).expect("a stripped program");
    result
}

fn output(program: &Path) -> String {
    let output = Command::new(program).output().expect("it runs");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn what_a_program_needs_is_what_readelf_says() {
    let (_workshop, program) =
        Workshop::with(&["-Wl,-rpath,$ORIGIN/lib", "-Wl,--enable-new-dtags", "-Wl,--no-as-needed"]);
    let content = std::fs::read(&program).expect("a program");

    let needs = needs::read(&*content).expect("it can be read");

    assert_eq!(needs.kind, Kind::Shared);
    assert_eq!(needs.runpath.as_deref(), Some(b"$ORIGIN/lib".as_slice()));
    assert_eq!(needs.libraries, [b"libm.so.6".to_vec(), b"libc.so.6".to_vec()]);
    assert!(needs.imports.contains(b"printf".as_slice()));
    let readelf = Command::new("readelf").arg("-lW").arg(&program).output().expect("readelf");
    let interpreter = String::from_utf8(needs.interpreter.expect("it is dynamic")).expect("text");
    assert!(String::from_utf8_lossy(&readelf.stdout).contains(&interpreter));
}

#[test]
fn a_stripped_program_runs_and_tells_what_it_needs_all_the_same() {
    for options in [&["-g"][..], &["-g", "-static"], &["-g", "-static-pie"], &["-g", "-no-pie"]] {
        let (_workshop, program) = Workshop::with(options);
        let full = std::fs::read(&program).expect("a program");
        for level in [Level::Symbols, Level::Sections] {
            let small = stripped(&program, level);

            assert_eq!(output(&small), output(&program));
            let content = std::fs::read(&small).expect("a program");
            assert!(content.len() < full.len());
            assert_eq!(needs::read(&*content), needs::read(&*full));
            assert_eq!(strip::plan(&*content, level), Ok(None), "a second strip gains nothing");
        }
    }
}

#[test]
fn what_is_stripped_of_symbols_is_still_whole_for_binutils() {
    let (_workshop, program) = Workshop::with(&["-g"]);
    let small = stripped(&program, Level::Symbols);

    let readelf = Command::new("readelf").args(["-SW"]).arg(&small).output().expect("readelf");
    let said = String::from_utf8_lossy(&readelf.stdout);

    assert!(said.contains(".dynsym") && said.contains(".shstrtab"), "{said}");
    assert!(!said.contains(".debug_info") && !said.contains(".symtab"), "{said}");
    assert_eq!(String::from_utf8_lossy(&readelf.stderr), "");
}

#[test]
fn what_would_be_harmed_is_left_alone() {
    let (_workshop, program) = Workshop::with(&["-g"]);
    let mut content = std::fs::read(&program).expect("a program");
    let refusal =
        |content: &[u8]| strip::plan(content, Level::Sections).expect_err("it is refused");

    let cut = content.len() - 100;
    assert!(matches!(refusal(&content[..cut]), Refusal::Truncated { .. } | Refusal::Damaged(_)));
    content.extend_from_slice(b"PK the archive that extracts itself");
    assert_eq!(refusal(&content), Refusal::Payload { bytes: 35 });
    assert!(matches!(refusal(b"#!/bin/sh\n"), Refusal::Damaged(_)));
}

#[test]
fn a_section_that_the_program_may_read_itself_is_left_alone() {
    let (_workshop, program) = Workshop::with(&["-g"]);
    let archive = program.with_extension("archive");
    std::fs::write(&archive, "modules").expect("a file");
    let section = format!("pydata={}", archive.display());
    let added = Command::new("objcopy").args(["--add-section", &section]).arg(&program).status();
    assert!(added.expect("objcopy").success());

    let content = std::fs::read(&program).expect("a program");

    let refusal = strip::plan(&*content, Level::Sections).expect_err("it is refused");
    assert_eq!(refusal, Refusal::UnknownSection("pydata".to_owned()));
}

#[test]
fn an_object_is_made_of_sections() {
    let (_workshop, program) = Workshop::with(&["-c"]);
    let content = std::fs::read(&program).expect("an object");

    assert_eq!(strip::plan(&*content, Level::Symbols), Err(Refusal::Object));
    assert_eq!(needs::read(&*content).expect("it can be read").kind, Kind::Object);
}
