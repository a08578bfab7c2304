//! What a program is made of: when any of it changes, the program does.

mod workshop;

use std::fs;
use std::path::{Path, PathBuf};

use workshop::{Workshop, programs, text, tiny};

/// A folder with a recipe for one program, and a store.
struct Bench {
    workshop: Workshop,
    store: PathBuf,
}

impl Bench {
    /// The program as the recipe describes it. A missing file ends every build before the kernel.
    fn new(program: &str) -> Self {
        let workshop = Workshop::new();
        for folder in ["recipe", "elsewhere", "recipe/first", "recipe/second"] {
            fs::create_dir(workshop.path(folder)).expect("a directory");
        }
        let recipe = format!(
            "board = \"versatile-pb\"\nmemory = \"16M\"\n[kernel]\n\
             [[program]]\nname = \"words\"\n{program}\n\
             [[file]]\npath = \"/end\"\nfrom = \"no-such-file\"\n[start]\nscript = \"exec words\"\n"
        );
        workshop.recipe("recipe/inputs.toml", &recipe);
        Self { store: workshop.store_apart("store"), workshop }
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.workshop.path(name), content).expect("a file");
    }

    /// What tiny says of the program that cannot be built, or nothing.
    fn complaint(&self) -> Option<String> {
        let recipe = self.workshop.path("recipe/inputs.toml");
        let lock = workshop::store().with_file_name("inputs.lock");
        let (lock, store) = (text(&lock), text(&self.store));
        let run = tiny(&["build", text(&recipe), "--lock", lock, "--store", store]);
        assert_eq!(run.code, Some(2));
        (!run.stderr.contains("no-such-file")).then_some(run.stderr)
    }

    /// Builds the program and gives the one that now contains `words`.
    fn built_with(&self, words: &str) -> PathBuf {
        assert_eq!(self.complaint(), None);
        let mut programs = programs(&self.store).into_iter();
        let program = programs.find(|program| contains(program, words));
        program.unwrap_or_else(|| panic!("no program contains {words}"))
    }
}

fn contains(program: &Path, words: &str) -> bool {
    let content = fs::read(program).expect("a program");
    content.windows(words.len()).any(|window| window == words.as_bytes())
}

const MAIN: &str = r#"
#include <unistd.h>
#include "words.h"
extern const char brought[];
__asm__(".section .rodata\n.global brought\nbrought: .incbin \"../elsewhere/words.bin\"\n.byte 0\n.text");
int main(void) { return write(1, WORDS, sizeof WORDS) + write(1, brought, 1); }
"#;

#[test]
fn whatever_a_program_is_made_of_makes_it_anew_when_it_changes() {
    let bench = Bench::new("c = [\"../elsewhere/main.c\"]");
    bench.write("elsewhere/main.c", MAIN);
    bench.write("elsewhere/words.h", "#define WORDS \"first words\"\n");
    bench.write("elsewhere/words.bin", "first bytes");
    assert!(contains(&bench.built_with("first words"), "first bytes"));

    // A header outside of the program's folder.
    bench.write("elsewhere/words.h", "#define WORDS \"other words\"\n");
    assert!(contains(&bench.built_with("other words"), "first bytes"));

    // What the assembler alone reads.
    bench.write("elsewhere/words.bin", "other bytes");
    assert!(contains(&bench.built_with("other words"), "other bytes"));

    // A second build changes nothing.
    let program = bench.built_with("other words");
    let made = fs::metadata(&program).expect("a program").modified().expect("a time");
    let again = bench.built_with("other words");
    assert_eq!(fs::metadata(again).expect("a program").modified().expect("a time"), made);
}

#[test]
fn what_a_rust_program_includes_makes_it_anew_too() {
    let mut bench = Bench::new("rust = \"main.rs\"");
    // Rust's library takes long to build.
    bench.store = workshop::store();
    let name = text(&bench.workshop.path("")).to_owned();
    bench.write(
        "recipe/main.rs",
        "#![no_std]\n#![no_main]\n\
         static WORDS: &str = include_str!(\"../elsewhere/words.txt\");\n\
         #[unsafe(no_mangle)]\n\
         extern \"C\" fn _start() -> ! {\n\
             unsafe { core::ptr::read_volatile(WORDS.as_ptr().wrapping_add(WORDS.len() / 2)) };\n\
             loop {}\n\
         }\n\
         #[panic_handler]\n\
         fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }\n",
    );
    for words in ["first words", "other words"] {
        let words = format!("{words} of {name}");
        bench.write("elsewhere/words.txt", &words);
        bench.built_with(&words);
    }
    let last = bench.built_with(&format!("other words of {name}"));
    fs::remove_dir_all(last.parent().expect("a directory")).expect("it is removed");
}

#[test]
fn a_header_that_appears_before_another_counts() {
    let bench = Bench::new("c = [\"main.c\"]\nflags = [\"-Ifirst\", \"-Isecond\"]");
    bench.write(
        "recipe/main.c",
        "#include <unistd.h>\n#include <words.h>\nint main(void) { return write(1, WORDS, sizeof WORDS); }\n",
    );
    bench.write("recipe/second/words.h", "#define WORDS \"of the second\"\n");
    bench.built_with("of the second");

    bench.write("recipe/first/words.h", "#define WORDS \"of the first\"\n");
    bench.built_with("of the first");
}

#[test]
fn a_header_of_this_machine_is_refused() {
    let bench = Bench::new("c = [\"main.c\"]");
    bench.write(
        "recipe/main.c",
        "#include \"/usr/include/paths.h\"\nint main(void) { return 0; }\n",
    );

    let complaint = bench.complaint().expect("it is refused");

    assert!(
        complaint.contains("`/usr/include/paths.h` of this machine went into it"),
        "{complaint}"
    );
    assert!(complaint.contains("hint: name the package that has such a file"), "{complaint}");
}

#[test]
fn a_flipped_byte_in_what_is_kept_does_not_reach_the_program() {
    let bench = Bench::new("c = [\"main.c\"]");
    bench.write(
        "recipe/main.c",
        "#include <unistd.h>\nint main(void) { return write(1, \"right\", 5); }\n",
    );
    let program = bench.built_with("right");
    let whole = fs::read(&program).expect("a program");
    let mut damaged = whole.clone();
    let at = damaged.windows(5).position(|window| window == b"right").expect("it is there");
    damaged[at] ^= 1;
    fs::write(&program, &damaged).expect("it is damaged");

    assert_eq!(fs::read(bench.built_with("right")).expect("a program"), whole);

    // A C library that is not what was unpacked makes no program, either.
    let library = library(&bench.store);
    let mut damaged = fs::read(&library).expect("a library");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&library, damaged).expect("it is damaged");
    fs::remove_dir_all(program.parent().expect("a directory")).expect("it is removed");
    assert_eq!(fs::read(bench.built_with("right")).expect("a program"), whole);
}

/// musl's own.
fn library(store: &Path) -> PathBuf {
    let roots = fs::read_dir(store.join("roots")).expect("a directory");
    let mut roots = roots.map(|entry| entry.expect("an entry").path());
    let place = "root/usr/lib/arm-linux-musleabi/libc.a";
    roots.find_map(|root| Some(root.join(place)).filter(|library| library.is_file())).expect("musl")
}
