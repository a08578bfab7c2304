//! Libraries from the C compiler: what nothing reaches is found, what anything reaches stays, and
//! programs run as before when the rest is filled with traps.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use elf::reach::{self, Asked, Code, Names, Refusal, Unreached};
use tempfile::TempDir;

/// Every way to a function that C knows, and functions that nothing leads to.
const LIBRARY: &str = r#"
#include <stdlib.h>
#include <string.h>
#define EXPORTED __attribute__((visibility("default")))
#define MARKED(name, number) \
    __attribute__((noipa, used)) static int name(int n) { return n * number + number; }

MARKED(called, 1000003)
MARKED(in_a_table, 1000007)
MARKED(by_address, 1000009)
MARKED(by_a_jump, 1000011)
MARKED(in_the_beginning, 1000013)
MARKED(at_the_end, 1000017)
MARKED(for_the_unused, 2000003)
MARKED(static_and_unused, 2000029)

EXPORTED __attribute__((noipa)) int exported_for_the_unused(int n) { return n * 2000039 + 1; }

static int (*const table[])(int) = { in_a_table, in_a_table };
static int sum;

__attribute__((constructor)) static void begin(void) { sum += in_the_beginning(1); }
__attribute__((destructor)) static void end(void) { sum += at_the_end(1); }

EXPORTED int unused(int n) {
    return for_the_unused(n) + exported_for_the_unused(n) + 2000081;
}
EXPORTED int looked_up(int n) { return n * 1000021 + 5; }
EXPORTED __attribute__((noipa)) int through_the_library(int n) { return n * 1000031 + 7; }

static int compare(const void *a, const void *b) {
    return by_address(*(int *) a) - by_address(*(int *) b);
}

EXPORTED int used(int n) {
    int numbers[] = { n, 3, 1, 2 };
    qsort(numbers, 4, sizeof *numbers, compare);
    switch (n) {
    case 0: return called(n) + numbers[0];
    case 1: return table[n](n) + numbers[1];
    case 2: return through_the_library(n) + numbers[2];
    case 3: return sum;
    case 4: return numbers[3] * 1000037;
    case 5: abort();
    }
    return by_a_jump(n);
}
"#;

const PROGRAM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
int used(int);
int main(void) {
    for (int n = 0; n < 8; n++) if (n != 5) printf("%d\n", used(n));
    int (*found)(int) = (int (*)(int)) dlsym(RTLD_DEFAULT, "looked_up");
    printf("%d\n", found(2));
    return 0;
}
"#;

/// A directory with a library and a program that uses it.
struct Workshop(TempDir);

impl Workshop {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Compiles a source; the words come after `compiler`, and files are named as they lie here.
    fn compile(&self, compiler: &str, source: &str, text: &str, words: &[&str]) {
        fs::write(self.path(source), text).expect("a source");
        let mut command = Command::new(compiler);
        command.current_dir(self.0.path()).arg(source).args(words);
        assert!(command.status().expect(compiler).success());
    }

    fn output(&self, program: &str) -> String {
        let output = Command::new(self.path(program)).output().expect("it runs");
        assert!(output.status.success(), "{:?}", output.status);
        String::from_utf8(output.stdout).expect("text")
    }

    /// Fills what the program does not reach in the library; gives the library as it was.
    fn fill(&self, library: &str, program: &str, asked: Asked) -> Vec<u8> {
        let (before, unreached) = self.unreached(library, program, asked);
        fs::remove_file(self.path(library)).expect("it is there");
        fs::write(self.path(library), filled(&before, &unreached)).expect("a library");
        before
    }

    fn unreached(&self, library: &str, program: &str, asked: Asked) -> (Vec<u8>, Unreached) {
        let content = fs::read(self.path(library)).expect("a library");
        let program = fs::read(self.path(program)).expect("a program");
        let code = Code::read(&content).expect("a library of this machine");
        let mut names = reach::names(&program).expect("a program");
        let exports = code.exports().map(<[u8]>::to_vec).collect();
        let search = Names::new(exports).expect("a few names");
        search.add_found(&program, None, &mut names);
        search.add_found(&content, Some(&code), &mut names);
        let unreached = reach::unreached(&[(&code, asked)], &names).remove(0);
        (content, unreached)
    }
}

fn filled(content: &[u8], unreached: &Unreached) -> Vec<u8> {
    let mut filled = content.to_vec();
    for body in &unreached.bodies {
        let range =
            usize::try_from(body.start).expect("small")..usize::try_from(body.end).expect("small");
        for (byte, trap) in filled[range].iter_mut().zip(unreached.trap.iter().cycle()) {
            *byte = *trap;
        }
    }
    filled
}

/// Whether a function stands in code: each multiplies by a number of its own.
fn stands(content: &[u8], number: u32) -> bool {
    content.windows(4).any(|word| word == number.to_le_bytes())
}

const WAYS: &[u32] =
    &[1_000_003, 1_000_007, 1_000_009, 1_000_011, 1_000_013, 1_000_017, 1_000_021, 1_000_031];

#[cfg(target_arch = "x86_64")]
#[test]
fn what_nothing_reaches_is_found_and_all_else_runs_as_before() {
    let optimized: &[&[&str]] = &[
        &["-O0"],
        &["-O2"],
        &["-Os", "-fno-plt"],
        &["-O2", "-Wl,-z,now", "-fcf-protection=full"],
        &["-O2", "-Wl,-z,noseparate-code", "-Wl,--hash-style=sysv"],
        &["-O2", "-nostartfiles", "-Wl,-z,lazy", "-Wl,--no-ld-generated-unwind-info"],
        &["-O2", "-Wl,-z,lazy", "-Wl,-z,ibtplt", "-fcf-protection=full"],
        &["-O2", "-Wl,-z,lazy", "-Wl,-z,pack-relative-relocs"],
        &["-O3", "-fno-semantic-interposition", "-Wl,-Bsymbolic"],
    ];
    for options in optimized {
        let workshop = Workshop::new();
        let words = ["-shared", "-fPIC", "-fvisibility=hidden", "-s", "-o", "libways.so"];
        workshop.compile("cc", "ways.c", LIBRARY, &[&words[..], options].concat());
        let words = ["-o", "program", "-L.", "-lways", "-ldl", "-Wl,-rpath,$ORIGIN"];
        workshop.compile("cc", "program.c", PROGRAM, &words);
        let said = workshop.output("program");

        let before = workshop.fill("libways.so", "program", Asked::ByName);

        let after = fs::read(workshop.path("libways.so")).expect("a library");
        for number in [2_000_003, 2_000_029, 2_000_039, 2_000_081] {
            assert!(stands(&before, number) && !stands(&after, number), "{options:?}: {number}");
        }
        for number in WAYS {
            assert!(stands(&before, *number) && stands(&after, *number), "{options:?}: {number}");
        }
        assert_eq!(before.len(), after.len());
        assert_eq!(workshop.output("program"), said, "{options:?}");
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn of_a_library_that_anybody_may_load_every_exported_function_stays() {
    let workshop = Workshop::new();
    let words = ["-shared", "-fPIC", "-fvisibility=hidden", "-O2", "-s", "-o", "libways.so"];
    workshop.compile("cc", "ways.c", LIBRARY, &words);
    workshop.compile("cc", "program.c", "int main(void) { return 0; }", &["-o", "program"]);

    workshop.fill("libways.so", "program", Asked::ByAnybody);

    let after = fs::read(workshop.path("libways.so")).expect("a library");
    assert!(stands(&after, 2_000_003) && stands(&after, 2_000_081));
    assert!(!stands(&after, 2_000_029), "nothing at all leads there");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn exceptions_and_virtual_functions_of_another_library_work_as_before() {
    const LIBRARY: &str = r#"
        #include <stdexcept>
        #include <string>
        struct Shape { virtual ~Shape() {} virtual int area(int n) = 0; };
        struct Square : Shape { int area(int n) override {
            if (n > 3) throw std::runtime_error("too large: " + std::to_string(n));
            return n * n; } };
        struct Guard { int *at; ~Guard() { *at += 1000003; } };
        Shape *shape() { return new Square; }
        int guarded(Shape *shape, int n, int *at) { Guard guard{at};
            try { return shape->area(n); } catch (const std::logic_error &) { return -1; } }
        int nobody_asks(int n) { if (n) throw 5; return 2000003 * n; }
    "#;
    const PROGRAM: &str = r#"
        #include <cstdio>
        #include <exception>
        struct Shape;
        Shape *shape();
        int guarded(Shape *, int, int *);
        int main() { int at = 0; for (int n = 2; n < 6; n++)
            try { std::printf("%d\n", guarded(shape(), n, &at)); }
            catch (const std::exception &e) { std::printf("%s %d\n", e.what(), at); } }
    "#;
    let workshop = Workshop::new();
    let words = ["-shared", "-fPIC", "-O2", "-s", "-o", "libshape.so"];
    workshop.compile("c++", "shape.cc", LIBRARY, &words);
    let words = ["-o", "program", "-L.", "-lshape", "-Wl,-rpath,$ORIGIN"];
    workshop.compile("c++", "program.cc", PROGRAM, &words);
    let said = workshop.output("program");
    assert!(said.contains("too large: 5"));

    workshop.fill("libshape.so", "program", Asked::ByName);

    let after = fs::read(workshop.path("libshape.so")).expect("a library");
    assert!(!stands(&after, 2_000_003));
    assert_eq!(workshop.output("program"), said);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_function_that_runs_into_the_next_takes_it_along() {
    const LIBRARY: &str = r#"
        .macro function name
        .globl \name
        .type \name, @function
        \name: .cfi_startproc
        .endm
        .text
        function first
            mov $1000003, %eax
            .cfi_endproc
        function second
            add $1000007, %eax
            ret
            .cfi_endproc
        function third
            mov $2000003, %eax
            ret
            .cfi_endproc
        .section .note.GNU-stack, "", @progbits
    "#;
    const PROGRAM: &str = r#"
        #include <stdio.h>
        int first(void);
        int main(void) { printf("%d\n", first()); return 0; }
    "#;
    let workshop = Workshop::new();
    workshop.compile("cc", "first.s", LIBRARY, &["-shared", "-s", "-o", "libfirst.so"]);
    let words = ["-o", "program", "-L.", "-lfirst", "-Wl,-rpath,$ORIGIN"];
    workshop.compile("cc", "program.c", PROGRAM, &words);
    let said = workshop.output("program");

    workshop.fill("libfirst.so", "program", Asked::ByName);

    let after = fs::read(workshop.path("libfirst.so")).expect("a library");
    assert!(stands(&after, 1_000_007) && !stands(&after, 2_000_003));
    assert_eq!(workshop.output("program"), said);
}

/// Such code adds up the addresses of all functions, its own as well.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_library_of_the_large_code_model_is_refused() {
    let workshop = Workshop::new();
    for level in ["-O0", "-O2"] {
        let words = ["-shared", "-fPIC", "-mcmodel=large", level, "-o", "libways.so"];
        workshop.compile("cc", "ways.c", LIBRARY, &words);
        let library = fs::read(workshop.path("libways.so")).expect("a library");
        assert_eq!(Code::read(&library).err(), Some(Refusal::Computes), "{level}");
    }
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let workshop = Workshop::new();
    workshop.compile("cc", "program.c", "int main(void) { return 0; }", &["-o", "program"]);
    workshop.compile("cc", "object.c", "int one(void) { return 1; }", &["-c", "-o", "object.o"]);
    let refusal = |path: &Path| Code::read(&fs::read(path).expect("a file")).err();

    assert_eq!(refusal(&workshop.path("program")), Some(Refusal::Program));
    assert_eq!(refusal(&workshop.path("object.o")), Some(Refusal::Program));
    assert!(matches!(refusal(&workshop.path("program.c")), Some(Refusal::Damaged(_))));
}

#[test]
fn a_name_is_found_where_a_program_may_read_it() {
    let search = Names::new(BTreeSet::from([b"curl_easy_init".to_vec(), b"open".to_vec()]));
    let search = search.expect("a few names");
    let found = |content: &[u8]| {
        let mut found = BTreeSet::new();
        search.add_found(content, None, &mut found);
        found.into_iter().map(|name| String::from_utf8(name).expect("text")).collect::<Vec<_>>()
    };

    assert_eq!(found(b"lib.curl_easy_init()\n"), ["curl_easy_init"]);
    assert_eq!(found(b"reopened, opener, open_at"), Vec::<String>::new());
    assert_eq!(found(b"compiled Python: z\x04opened and more"), ["open"]);
}
