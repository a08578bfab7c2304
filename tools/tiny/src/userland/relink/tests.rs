//! A library with two functions and a variable, and programs that ask for some of it.

use std::path::PathBuf;
use std::process::Command;

use elf::symbols;
use tempfile::TempDir;

use super::{Plan, Refusal, link};
use crate::surroundings::tool;

const LIBRARY: &str = r#"
static const char bulk[100000] = "much";
int counter[4] = {1, 2, 3, 4};
int small(void) { return counter[1]; }
int large(void) { return bulk[counter[0]]; }
"#;

const VERSIONS: &str = "WORKS_1 { global: small; counter; };\nWORKS_2 { global: large; };\n";

const PROGRAM: &str = r#"
#include <stdio.h>
int small(void);
int main(void) { printf("%d\n", small()); return 0; }
"#;

struct Workshop(TempDir);

impl Workshop {
    /// `libworks.so` as a distribution has it, and `libworks.a` with its objects.
    fn new() -> Self {
        let workshop = Self(tempfile::tempdir().expect("a directory"));
        workshop.write("versions", VERSIONS);
        workshop.write("works.c", LIBRARY);
        workshop.run("cc -O1 -fPIC -ffunction-sections -fdata-sections -c works.c -o works.o");
        workshop.run("ar rc libworks.a works.o");
        workshop.run(
            "cc -shared works.o -o libworks.so -Wl,-soname,libworks.so \
             -Wl,--version-script=versions",
        );
        workshop
    }

    fn program(&self, source: &str) -> Vec<u8> {
        self.write("program.c", source);
        self.run("cc program.c -o program -L. -lworks");
        self.read("program")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).expect("a file");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("a file")
    }

    fn run(&self, command: &str) -> String {
        let mut shell = Command::new("sh");
        let output = shell.arg("-c").arg(command).current_dir(self.0.path()).output();
        let output = output.expect("a shell");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
}

#[test]
fn what_nothing_asks_for_is_gone_and_the_program_runs_as_before() {
    let workshop = Workshop::new();
    let (library, program) = (workshop.read("libworks.so"), workshop.program(PROGRAM));
    std::fs::create_dir(workshop.path("new")).expect("a directory");
    let result = workshop.path("new/libworks.so");

    let plan = Plan::new(&library, &[&program], &[]).expect("it can be made again");
    assert_eq!(plan.version_script(), "WORKS_1 { global:\n  small;\nlocal: *; };\n");
    let inputs = [workshop.path("libworks.a"), PathBuf::from("-lc")];
    link(&plan, tool("cc"), &inputs, &result).expect("it is linked");

    let made = std::fs::read(&result).expect("a library");
    assert!(library.len() > 100_000);
    assert!(made.len() < 20_000, "{} bytes", made.len());
    assert_eq!(symbols::read(&*made).expect("it can be read").exports.len(), 1);
    assert_eq!(workshop.run("LD_LIBRARY_PATH=new ./program"), "2\n");
}

#[test]
fn what_is_looked_up_by_name_stays() {
    let workshop = Workshop::new();
    let (library, program) = (workshop.read("libworks.so"), workshop.program(PROGRAM));

    let plan = Plan::new(&library, &[&program], &["large"]).expect("it can be made again");
    let kept: Vec<_> = plan.kept.iter().map(|symbol| symbol.name.as_slice()).collect();
    assert_eq!(kept, [b"large".as_slice(), b"small"]);
}

#[test]
fn a_variable_that_a_program_has_a_copy_of_stays() {
    let workshop = Workshop::new();
    workshop.write("program.c", "extern int counter[4];\nint main(void) { return counter[2]; }");
    workshop.run("cc -fno-pie -no-pie program.c -o program -L. -lworks");
    let program = workshop.read("program");
    let asked = symbols::read(&*program).expect("it can be read");
    assert!(asked.exports.iter().any(|symbol| symbol.name == b"counter"), "it has no copy");

    let plan = Plan::new(&workshop.read("libworks.so"), &[&program], &[]);
    let kept = plan.expect("it can be made again").kept;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].name, b"counter");
}

#[test]
fn a_library_that_nothing_asks_for_is_refused() {
    let workshop = Workshop::new();
    let program = workshop.program("int main(void) { return 0; }");
    let refused = Plan::new(&workshop.read("libworks.so"), &[&program], &[]);
    assert_eq!(refused, Err(Refusal::Unasked));
}

#[test]
fn an_archive_that_lacks_a_function_is_named_with_it() {
    let workshop = Workshop::new();
    let (library, program) = (workshop.read("libworks.so"), workshop.program(PROGRAM));
    let plan = Plan::new(&library, &[&program], &[]).expect("it can be made again");
    workshop.write("other.c", "int small(void);\nint other(void) { return small(); }\n");
    workshop.run("cc -fPIC -c other.c -o other.o && ar rc libother.a other.o");

    let inputs = [workshop.path("libother.a")];
    let failed = link(&plan, tool("cc"), &inputs, &workshop.path("made.so"));
    let failed = format!("{:#}", failed.expect_err("there is no such function"));
    assert!(failed.starts_with("cannot relink `libworks.so`: "), "{failed}");
    assert!(failed.contains("small"), "{failed}");
}

#[test]
fn a_variable_of_another_size_is_refused() {
    let workshop = Workshop::new();
    let user = "extern int counter[4];\nint main(void) { return counter[0]; }";
    let (library, program) = (workshop.read("libworks.so"), workshop.program(user));
    let plan = Plan::new(&library, &[&program], &[]).expect("it can be made again");
    workshop.write("short.c", "int counter[2] = {1, 2};\n");
    workshop.run("cc -fPIC -c short.c -o short.o && ar rc libshort.a short.o");

    let inputs = [workshop.path("libshort.a")];
    let failed = link(&plan, tool("cc"), &inputs, &workshop.path("made.so"));
    let failed = format!("{:#}", failed.expect_err("programs copy four numbers"));
    assert_eq!(
        failed,
        "cannot relink `libworks.so`: the variable counter@WORKS_1 has 8 bytes instead of 16"
    );
    assert!(!workshop.path("made.so").exists(), "what is wrong is not handed over");
}
