//! Functions that nothing reaches become traps: what is filled, what is given back, what is said.

#![cfg(target_arch = "x86_64")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{Run, Workshop, install, output, snapshot};

/// A library of which a program calls one function by its name, and another by a name that it puts
/// together when it is told to. Each function holds a number of its own.
const LIBRARY: &str = "
    int called(int n) { return n * 1000003; }
    int put_together(int n) { return n * 1000007; }
    int nobody_asks_for_this(int n) { return n * 2000003; }
";
const PROGRAM: &str = r#"
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <stdio.h>
    int called(int);
    int main(int count, char **words) {
        char name[32];
        printf("%d\n", called(count));
        snprintf(name, sizeof name, "put_%s", count > 1 ? words[1] : "");
        int (*found)(int) = (int (*)(int)) dlsym(RTLD_DEFAULT, name);
        if (found) printf("%d\n", found(count));
        return 0;
    }
"#;
const LIBRARY_PATH: &str = "usr/lib/libparts.so";

/// A root in which `/usr/bin/parts` runs.
fn root(workshop: &Workshop) -> PathBuf {
    let root = workshop.root("full");
    let [library, program] = ["parts.c", "program.c"].map(|name| workshop.path(name));
    fs::write(&library, LIBRARY).expect("a source");
    fs::write(&program, PROGRAM).expect("a source");
    fs::create_dir_all(root.join("usr/lib")).expect("a directory");
    let [library, program, made, parts] =
        [library, program, root.join(LIBRARY_PATH), workshop.path("parts")]
            .map(|path| path.to_str().expect("text").to_owned());
    let soname = "-Wl,-soname,libparts.so";
    output("cc", &["-O2", "-shared", "-fPIC", "-s", soname, "-o", &made, &library]);
    output("cc", &["-O2", "-s", "-o", &parts, &program, &made, "-Wl,-rpath,/usr/lib"]);
    install(Path::new(&parts), &root, "usr/bin/parts");
    root
}

/// Whether a function stands in a library: each multiplies by a number of its own.
fn stands(library: &Path, number: u32) -> bool {
    let content = fs::read(library).expect("a library");
    content.windows(4).any(|word| word == number.to_le_bytes())
}

#[test]
fn what_nothing_reaches_is_filled_and_shown_as_reasoned() {
    let workshop = Workshop::new();
    root(&workshop);

    let words = ["make", "full", "-o", "small", "-t", "/usr/bin/parts", "--fill-unreachable"];
    let said = workshop.shrink(&words).fine();

    assert!(
        said.contains("traps instead of functions that nothing reaches (reasoned, not proven)")
    );
    assert!(said.contains("test 1: the same in the small root"), "{said}");
    let [full, small] = ["full", "small"].map(|root| workshop.path(root).join(LIBRARY_PATH));
    assert!(stands(&full, 2_000_003) && !stands(&small, 2_000_003));
    assert!(stands(&small, 1_000_003));
    let why = workshop.shrink(&["why", &format!("small/{LIBRARY_PATH}")]).fine();
    assert!(why.contains("are traps: nothing that stays reaches them (reasoned, not proven)"));
}

#[test]
fn a_library_with_a_test_that_differs_is_given_back_whole() {
    let workshop = Workshop::new();
    root(&workshop);

    let test = "/usr/bin/parts together";
    let words = ["make", "full", "-o", "small", "-t", test, "--fill-unreachable"];
    let said = workshop.shrink(&words).fine();

    assert!(said.contains(&format!("given back whole, for a test differed: {LIBRARY_PATH}")));
    assert!(said.contains("test 1: the same in the small root"), "{said}");
    assert!(stands(&workshop.path("small").join(LIBRARY_PATH), 2_000_003));
    let fill = &workshop.ledger("small")["fill"];
    assert_eq!(fill["given-back"][0], LIBRARY_PATH);
    let libraries = fill["libraries"].as_array().expect("a list");
    assert!(libraries.iter().any(|library| library["functions"].as_u64() > Some(0)), "libc stays");
}

#[test]
fn in_place_what_was_filled_comes_back() {
    let workshop = Workshop::new();
    let root = root(&workshop);
    let before = snapshot(&root);

    let words = ["make", "full", "--in-place", "-t", "/usr/bin/parts", "--fill-unreachable"];
    workshop.shrink(&[&words[..], &["--strip", "none"]].concat()).fine();
    assert!(!stands(&root.join(LIBRARY_PATH), 2_000_003));
    workshop.shrink(&["undo", "full.removed.tar"]).fine();

    assert_eq!(snapshot(&root), before);
}

#[test]
fn without_programs_and_tests_nobody_says_what_is_reached() {
    let workshop = Workshop::new();
    workshop.root("full");

    let Run { code, stderr, .. } =
        workshop.shrink(&["make", "full", "-o", "small", "--fill-unreachable"]);

    assert_eq!(code, Some(2));
    assert!(stderr.contains("no program and no test says what is reached"), "{stderr}");
    assert!(stderr.contains("--keep") && stderr.contains("--test"), "{stderr}");
}
