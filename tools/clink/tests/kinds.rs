//! By itself clink links what it knows to be inert, and leaves, names and offers the rest.
//!
//! Where the program that a kind is for is installed, it is run, before and after.

mod support;

use std::process::Command;

use duplicates::kinds::{KINDS, Kind};
use support::{Run, Tree};
use testkit::has;

/// Two copies of a file, for clink as it is by itself.
fn copies(name: &str, content: &str) -> Tree {
    Tree::by_itself(&[(&format!("a/{name}"), content), (&format!("b/{name}"), content)])
}

/// Runs a shell script in the tree.
fn shell(tree: &Tree, script: &str) -> String {
    let run = Command::new("sh").args(["-c", script]).current_dir(tree.root()).output();
    let Run { stdout, stderr, .. } = Run::of(&run.expect("sh starts"));
    stdout + &stderr
}

/// Runs clink by itself: what the script prints is the same before and after.
fn prints_the_same(tree: &Tree, options: &[&str], script: &str) -> String {
    let before = shell(tree, script);
    let run = tree.clink(&[options, &["."]].concat());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(shell(tree, script), before);
    before
}

#[test]
fn what_is_known_to_be_inert_is_linked() {
    for name in [
        "COPYING",
        "LICENSE-MIT",
        "README.fr",
        "manual.md",
        "messages.mo",
        "sans.ttf",
        "logo.png",
        "chime.ogg",
        "share/doc/tool/changelog.gz",
        "share/man/man1/tool.1.gz",
        "share/locale/fr/words",
        "share/terminfo/x/xterm",
        "include/c++/12/vector.h",
    ] {
        assert_eq!(copies(name, "// same\n").planned(&["."]).len(), 1, "{name}");
    }
}

#[test]
fn a_kind_is_known_by_first_bytes_name_ending_and_place() {
    for (name, content, reason) in [
        ("tool", "#!/bin/sh\n:\n", "script"),
        ("README", "#!/bin/sh\n:\n", "script"),
        ("logo.png", "<?php echo 1;\n", "script"),
        ("lib/tool.d.ts", "export {};\n", "script"),
        ("share/doc/tool/examples/tool.py", "import beside\n", "script"),
        ("Tool.class", "\u{0}", "script"),
        ("package.json", "{}\n", "manifest"),
        ("go.mod", "module m\n", "manifest"),
        ("Cargo.toml", "[package]\n", "manifest"),
        ("requirements.txt", "-r more.txt\n", "manifest"),
        ("tool.jar", "PK\u{3}\u{4}", "bundle"),
        ("README.txt", "PK\u{3}\u{4}", "bundle"),
        ("style.css", "@import 'beside.css';\n", "imports"),
        ("logo.svg", "<svg><image href='a.png'/></svg>", "imports"),
        ("index.rst", ".. include:: beside.rst\n", "imports"),
        ("Makefile.am", "all:\n", "build_file"),
        ("CMakeLists.txt", "project(p)\n", "build_file"),
        ("libc.so", "GROUP ( /lib/libc.so.6 )\n", "linker_script"),
        ("libm.a", "OUTPUT_FORMAT(elf64-x86-64)\n", "linker_script"),
        ("ldscripts/elf.x", "SECTIONS {}\n", "linker_script"),
        ("tool.pc", "prefix=${pcfiledir}/..\n", "linker_script"),
        ("libtool.la", "libdir='/usr/lib'\n", "linker_script"),
        ("tool.service", "[Service]\n", "unit"),
        ("tool.desktop", "[Desktop Entry]\n", "unit"),
        (".gitignore", "*.o\n", "refused"),
        (".gitattributes", "* text\n", "refused"),
        ("zoneinfo/Europe/Paris", "TZif2", "time_zone"),
        ("state", "SQLite format 3\u{0}", "database"),
        ("tool.exe", "MZ", "program"),
        ("data", "some\n", "unknown"),
        ("settings.yaml", "a: b\n", "unknown"),
    ] {
        let tree = copies(name, content);

        assert_eq!(tree.left_alone(&["."]), [format!("./b/{name}: {reason}")], "{content}");
        assert!(tree.planned(&["."]).is_empty(), "{name}");
    }
}

/// As the tools of these databases begin their files.
#[test]
fn a_database_is_known_by_its_first_bytes() {
    let first: [(&str, &[u8]); 6] = [
        ("Berkeley DB, a btree", b"\0\0\0\0\x01\0\0\0\0\0\0\0\x62\x31\x05\0\x09\0\0\0"),
        ("Berkeley DB, a hash", b"\0\0\0\0\x01\0\0\0\0\0\0\0\x61\x15\x06\0\x09\0\0\0"),
        ("LMDB", b"\0\0\0\0\0\0\0\0\0\0\x08\0\0\0\0\0\xde\xc0\xef\xbe\x01\0\0\0"),
        ("gdbm", b"\xcf\x9a\x57\x13\0\x10\0\0"),
        ("tdb", b"TDB file\n\0"),
        ("Tokyo Cabinet", b"ToKyO CaBiNeT\n"),
    ];
    for (database, bytes) in first {
        let tree = Tree::of(&[]);
        tree.write("a/data", bytes).write("b/data", bytes);

        assert_eq!(tree.left_alone(&["."]), ["./b/data: database"], "{database}");
        assert_eq!(tree.planned(&["--mixed", "."]), [""; 0], "{database}");
    }
}

#[test]
fn a_file_that_may_be_run_stays_whatever_it_is_called() {
    let tree = copies("README", "echo hello\n");
    tree.chmod("a/README", 0o755).chmod("b/README", 0o755);

    assert_eq!(tree.left_alone(&["."]), ["./b/README: program"]);
}

#[test]
fn one_name_that_is_not_inert_stays_and_the_others_are_linked() {
    let tree = Tree::by_itself(&[("a/f.txt", "same"), ("b/f.txt", "same"), ("c/f.js", "same")]);

    assert_eq!(tree.left_alone(&["."]), ["./c/f.js: script"]);
    assert_eq!(tree.planned(&["."]), ["./b/f.txt -> ../a/f.txt"]);
}

#[test]
fn trust_unknown_links_what_no_rule_names_and_nothing_that_one_does() {
    for (name, links) in [("data", 1), ("settings.yaml", 1), ("main.js", 0), ("package.json", 0)] {
        let tree = copies(name, "same\n");
        assert_eq!(tree.planned(&["--trust-unknown", "."]).len(), links, "{name}");
    }
}

#[test]
fn hard_links_serve_for_every_kind() {
    for name in ["data", "main.js", "package.json", "Makefile"] {
        assert_eq!(copies(name, "same\n").planned(&["--hard", "."]).len(), 1, "{name}");
    }
}

#[test]
fn a_header_is_linked_only_when_it_is_safe() {
    const GUARDED: &str =
        "/* A\n * header */\n#ifndef A_H\n#define A_H\n#include \"b.h\"\n#endif\n";
    for (content, reason) in [
        (GUARDED, None),
        ("#include <b.h>\nint a;\n", None),
        ("#include \"b.h\"\n", Some("header")),
        ("#pragma once\nint a;\n", Some("header")),
        ("#ifndef A_H\n#define A_H\n#include \"../b.h\"\n#endif\n", Some("header")),
        ("#ifndef A_H\n#define A_H\n#include_next <b.h>\n#endif\n", Some("header")),
    ] {
        for name in ["include/a.h", "include/a.hpp", "include/a"] {
            let tree = copies(name, content);
            let left = reason.map(|reason| format!("./b/{name}: {reason}"));
            assert_eq!(tree.left_alone(&["."]), Vec::from_iter(left), "{name}: {content}");
        }
    }
}

#[test]
fn a_compiler_reads_the_same_through_linked_headers() {
    const HEADER: &str = "#ifndef WORD_H\n#define WORD_H\n#include \"size.h\"\n#endif\n";
    if has("cc") {
        let tree = Tree::by_itself(&[
            ("a/include/word.h", HEADER),
            ("a/include/size.h", "SIZE 4\n"),
            ("b/include/word.h", HEADER),
            ("b/include/size.h", "SIZE 8\n"),
            ("main.c", "#include \"word.h\"\n"),
        ]);

        assert_eq!(prints_the_same(&tree, &[], "cc -E -P -I b/include main.c"), "SIZE 8\n");
        assert_eq!(tree.links(), ["b/include/word.h -> ../../a/include/word.h"]);
    }
}

#[test]
fn sources_are_linked_when_their_times_agree() {
    let tree = copies("main.c", "int main;\n");
    tree.date("a/main.c", 1_000_000_000).date("b/main.c", 1_100_000_000);
    assert_eq!(tree.left_alone(&["."]), ["./b/main.c: times"]);

    tree.date("b/main.c", 1_000_000_000);
    assert_eq!(tree.planned(&["."]), ["./b/main.c -> ../a/main.c"]);
}

#[test]
fn make_finds_the_same_up_to_date() {
    let tree = Tree::by_itself(&[
        ("a/x.txt", "text\n"),
        ("b/x.txt", "text\n"),
        ("b/x.out", "old\n"),
        ("b/Makefile", "x.out: x.txt\n\t@echo built\n"),
    ]);
    tree.date("a/x.txt", 1_000_000_000).date("b/x.out", 1_100_000_000);

    assert_eq!(tree.left_alone(&["."]), ["./b/x.txt: times"]);
    if has("make") {
        assert_eq!(prints_the_same(&tree, &[], "make -sC b"), "built\n");
    }
}

/// Two packages with the same files but for one.
fn two(same: &[(&str, &str)], own: &str, text: fn(&str) -> String) -> Tree {
    let tree = Tree::by_itself(&[]);
    for top in ["a", "b"] {
        for (name, content) in same {
            tree.write(format!("{top}/{name}"), content.as_bytes());
        }
        tree.write(format!("{top}/{own}"), text(top).as_bytes());
    }
    tree
}

#[test]
fn node_finds_the_same_modules() {
    if !has("node") {
        return;
    }
    let export = |top: &str| format!("export const v = '{top}'\n");
    let modules = two(
        &[("package.json", "{\"type\":\"module\"}\n"), ("index.js", "export * from './v.js'\n")],
        "v.js",
        export,
    );
    let script = "node -e \"import('$PWD/b/index.js').then(m => console.log(m.v))\"";
    assert_eq!(prints_the_same(&modules, &[], script), "b\n");

    let kind = |top: &str| {
        let kind = if top == "a" { "commonjs" } else { "module" };
        format!("{{\"type\":\"{kind}\"}}\n")
    };
    let typed = two(&[("index.js", "console.log(typeof require)\n")], "package.json", kind);
    assert_eq!(prints_the_same(&typed, &[], "node b/index.js"), "undefined\n");
}

#[test]
fn node_finds_the_same_modules_beside_directories() {
    if !has("node") {
        return;
    }
    let tree = two(
        &[
            ("node_modules/foo/package.json", "{\"name\":\"foo\",\"main\":\"index.js\"}\n"),
            ("node_modules/foo/index.js", "module.exports = require('bar')\n"),
        ],
        "node_modules/bar/index.js",
        |top| format!("module.exports = 'bar of {top}'\n"),
    );
    tree.write("b/main.js", b"console.log(require('foo'))\n");

    assert_eq!(prints_the_same(&tree, &["--directories"], "node b/main.js"), "bar of b\n");
}

#[test]
fn python_and_launchers_find_their_own_place() {
    const LAUNCHER: &str = "#!/bin/sh\nPRG=\"$0\"\nwhile [ -h \"$PRG\" ]; do\n \
        link=`ls -ld \"$PRG\" | sed 's/.*-> //'`\n PRG=`dirname \"$PRG\"`/\"$link\"\ndone\n\
        cd `dirname \"$PRG\"`/.. && cat name\n";
    let name = |top: &str| format!("NAME = '{top}'\n");
    let tree = two(&[("bin/run", LAUNCHER)], "name", name);
    assert_eq!(prints_the_same(&tree, &[], "sh b/bin/run"), "NAME = 'b'\n");

    if has("python3") {
        let tree = two(&[("main.py", "import beside\nprint(beside.NAME)\n")], "beside.py", name);
        assert_eq!(prints_the_same(&tree, &[], "python3 -B b/main.py"), "b\n");
    }
    if has("php") {
        let tree = two(&[("i.php", "<?php include 'x.php';\n")], "x.php", str::to_owned);
        assert_eq!(prints_the_same(&tree, &[], "php b/i.php"), "b");
    }
}

#[test]
fn systemd_takes_no_unit_for_an_alias() {
    if !has("systemctl") {
        return;
    }
    let unit = "[Service]\nExecStart=/bin/true\n";
    let units = "usr/lib/systemd/system";
    let (one, other) = (format!("{units}/one.service"), format!("{units}/other.service"));
    let tree = Tree::by_itself(&[(&one, unit), (&other, unit)]);
    tree.mkdir("etc");
    let list = "systemctl --root=$PWD --no-pager --no-legend list-unit-files | tr -s ' -' ' '";
    let both = "one.service static \nother.service static \n";

    assert_eq!(prints_the_same(&tree, &[], list), both);
    assert_eq!(prints_the_same(&tree, &["--trust-unknown"], list), both);
    assert_eq!(prints_the_same(&tree, &["--mixed"], list), both);

    tree.write(&other, unit.as_bytes());
    tree.clink(&["--all", "."]);
    assert!(shell(&tree, list).contains("other.service alias"), "this is the harm");
}

#[test]
fn git_reads_what_it_reads_itself() {
    if !has("git") {
        return;
    }
    let tree = two(&[(".gitignore", "*.o\n"), ("m.o", "o\n")], "f", str::to_owned);
    let status = "git init -q b 2>&1; git -C b status --short";

    assert_eq!(prints_the_same(&tree, &[], status), "?? .gitignore\n?? f\n");
}

/// The table in docs/clink.md: one line for each kind.
fn table() -> String {
    let line = |kind: &Kind| {
        format!("| {} | {} | {} | {} |\n", kind.name, known_by(kind), comes_to(kind), kind.because)
    };
    KINDS.into_iter().map(line).collect()
}

fn comes_to(kind: &Kind) -> String {
    let texts: Vec<String> =
        kind.telling.iter().map(|(text, _)| format!("`{}`", text.trim())).collect();
    match (kind.stays, texts.as_slice()) {
        (Some(_), _) => "stay".to_owned(),
        (None, []) => "linked".to_owned(),
        (None, texts) => format!("linked, but those with {}", texts.join(", ")),
    }
}

fn known_by(kind: &Kind) -> String {
    let list = |texts: &[&str], before: &str, after: &str| {
        let texts: Vec<String> =
            texts.iter().map(|text| format!("`{before}{text}{after}`")).collect();
        texts.join(" ")
    };
    let parts = [
        kind.form.to_owned(),
        list(kind.names, "", ""),
        list(kind.endings, ".", ""),
        list(kind.places, "", "/"),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

#[test]
fn the_page_shows_the_table_as_it_is() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/clink.md");
    let page = std::fs::read_to_string(page).expect("the page is there");

    assert!(page.contains(&table()), "docs/clink.md has to hold these lines:\n{}", table());
}
