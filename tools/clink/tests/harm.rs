//! Files that would not be the same behind a link: each is left alone, and still runs right.
//!
//! Where the program that a file is for is installed, it is run, before and after.

mod support;

use std::path::Path;
use std::process::Command;

use support::{Run, Tree};
use testkit::{has, skip};

/// What a command prints that runs in the tree.
fn output(tree: &Tree, program: &str, arguments: &[&str]) -> String {
    let run = Command::new(program).args(arguments).current_dir(tree.root()).output();
    let run = Run::of(&run.expect("the program starts"));
    assert_eq!(run.code, Some(0), "{program} {arguments:?}: {}", run.stderr);
    run.stdout
}

/// Compiles a C text of the tree.
fn cc(tree: &Tree, arguments: &[&str]) {
    output(tree, "cc", &[&["-Wl,--build-id=none"], arguments].concat());
}

/// Two toolchains with the same program and different libraries; the program looks for the library
/// in `../lib` from where it is.
fn two_toolchains_with_libraries() -> Option<Tree> {
    if !has("cc") {
        return None;
    }
    let tree = Tree::by_itself(&[
        (
            "main.c",
            "#include <stdio.h>\nint v(void);\nint main(void) { printf(\"%d\\n\", v()); }\n",
        ),
        ("one.c", "int v(void) { return 1; }\n"),
        ("two.c", "int v(void) { return 2; }\n"),
    ]);
    tree.mkdir("one/bin").mkdir("one/lib").mkdir("two/bin").mkdir("two/lib");
    cc(&tree, &["-shared", "-fPIC", "one.c", "-o", "one/lib/libv.so"]);
    cc(&tree, &["-shared", "-fPIC", "two.c", "-o", "two/lib/libv.so"]);
    let rpath = "-Wl,-rpath,$ORIGIN/../lib";
    cc(&tree, &["main.c", "-o", "one/bin/main", "-Lone/lib", "-lv", rpath]);
    std::fs::copy(tree.path("one/bin/main"), tree.path("two/bin/main")).expect("a copy");
    Some(tree)
}

#[test]
fn a_program_that_finds_its_library_by_origin_is_left_alone() {
    let Some(tree) = two_toolchains_with_libraries() else { return };

    assert_eq!(tree.left_alone(&["."]), ["./two/bin/main: origin"]);
    tree.clink(&["."]);

    assert!(tree.links().is_empty());
    assert_eq!(output(&tree, "./one/bin/main", &[]), "1\n");
    assert_eq!(output(&tree, "./two/bin/main", &[]), "2\n");
}

#[test]
fn a_link_to_a_program_with_origin_would_load_the_other_library() {
    let Some(tree) = two_toolchains_with_libraries() else { return };

    tree.clink(&["--all", "."]);

    assert_eq!(tree.links(), ["two/bin/main -> ../../one/bin/main"]);
    assert_eq!(output(&tree, "./two/bin/main", &[]), "1\n");
}

/// Its libraries are the same in both; what it asks besides, nobody knows.
#[test]
fn a_directory_that_holds_a_program_with_origin_is_left_alone() {
    let Some(tree) = two_toolchains_with_libraries() else { return };
    std::fs::copy(tree.path("one/lib/libv.so"), tree.path("two/lib/libv.so")).expect("a copy");

    let links = tree.planned(&["--directories", "."]);

    assert_eq!(links, ["./two/lib -> ../one/lib"]);
}

#[test]
fn a_hard_link_to_a_program_with_origin_runs_right() {
    let Some(tree) = two_toolchains_with_libraries() else { return };

    tree.clink(&["--hard", "."]);

    let entries = tree.entries();
    let inode = |path: &str| entries[Path::new(path)].inode;
    assert_eq!(inode("one/bin/main"), inode("two/bin/main"));
    assert_eq!(output(&tree, "./one/bin/main", &[]), "1\n");
    assert_eq!(output(&tree, "./two/bin/main", &[]), "2\n");
}

#[test]
fn a_library_with_origin_is_left_alone() {
    if !has("cc") {
        return;
    }
    let tree = Tree::by_itself(&[("v.c", "int v(void) { return 1; }\n")]);
    tree.mkdir("a").mkdir("b");
    for library in ["a/libv.so", "b/libv.so"] {
        cc(&tree, &["-shared", "-fPIC", "v.c", "-o", library, "-Wl,-rpath,$ORIGIN"]);
    }

    assert_eq!(tree.left_alone(&["."]), ["./b/libv.so: origin"]);
}

#[test]
fn objects_archives_and_libraries_without_origin_are_linked() {
    if !has("cc") || !has("ar") {
        return;
    }
    let tree = Tree::by_itself(&[(
        "v.c",
        "const char *text(void) { return \"$ORIGIN /proc/self/exe GCC_EXEC_PREFIX\"; }\n",
    )]);
    tree.mkdir("a").mkdir("b");
    cc(&tree, &["-c", "v.c", "-o", "a/v.o"]);
    output(&tree, "ar", &["rcD", "a/libv.a", "a/v.o"]);
    tree.write("plain.c", b"int plain(void) { return 1; }\n");
    cc(&tree, &["-shared", "-fPIC", "plain.c", "-o", "a/libplain.so"]);
    for name in ["v.o", "libv.a", "libplain.so"] {
        std::fs::copy(tree.path(format!("a/{name}")), tree.path(format!("b/{name}"))).expect("two");
    }

    assert_eq!(
        tree.planned(&["."]),
        ["./b/libplain.so -> ../a/libplain.so", "./b/libv.a -> ../a/libv.a", "./b/v.o -> ../a/v.o"]
    );
}

#[test]
fn a_program_that_asks_for_its_own_path_is_left_alone() {
    const TEXT: &str = "#include <stdio.h>\n#include <unistd.h>\n\
        int main(void) {\n  char path[4096] = {0};\n\
        if (readlink(\"/proc/self/exe\", path, sizeof path - 1) < 0) return 1;\n  puts(path);\n}\n";
    if !has("cc") {
        return;
    }
    let tree = Tree::by_itself(&[("where.c", TEXT)]);
    tree.mkdir("one").mkdir("two");
    cc(&tree, &["where.c", "-o", "one/where"]);
    cc(&tree, &["where.c", "-o", "two/where"]);

    assert_eq!(tree.left_alone(&["."]), ["./two/where: relocatable"]);
    tree.clink(&["."]);
    assert!(output(&tree, "./two/where", &[]).ends_with("two/where\n"));

    tree.clink(&["--all", "."]);
    assert!(output(&tree, "./two/where", &[]).ends_with("one/where\n"), "this is the harm");
}

/// It names no interpreter, as if it were a library.
#[test]
fn a_static_program_that_asks_for_its_own_path_is_left_alone() {
    const TEXT: &str = "#include <unistd.h>\n\
        int main(void) { char path[99]; return readlink(\"/proc/self/exe\", path, 99) < 0; }\n";
    if !has("cc") {
        return;
    }
    let tree = Tree::by_itself(&[("where.c", TEXT)]);
    tree.mkdir("one").mkdir("two");
    for program in ["one/where", "two/where"] {
        let options = ["-static-pie", "-Wl,--build-id=none", "where.c", "-o", program];
        let compiled = Command::new("cc").args(options).current_dir(tree.root()).output();
        if !compiled.is_ok_and(|output| output.status.success()) {
            skip("`cc -static-pie` does not work here");
            return;
        }
    }

    assert_eq!(tree.left_alone(&["."]), ["./two/where: relocatable"]);
}

#[test]
fn a_relocatable_compiler_is_left_alone() {
    if !has("cc") {
        return;
    }
    let tree = Tree::by_itself(&[(
        "gcc.c",
        "#include <stdlib.h>\nint main(void) { return getenv(\"GCC_EXEC_PREFIX\") != 0; }\n",
    )]);
    tree.mkdir("one/bin").mkdir("two/bin");
    cc(&tree, &["gcc.c", "-o", "one/bin/gcc"]);
    cc(&tree, &["gcc.c", "-o", "two/bin/gcc"]);

    assert_eq!(tree.left_alone(&["."]), ["./two/bin/gcc: relocatable"]);
}

#[test]
fn an_ordinary_program_is_left_alone_and_runs_behind_a_link_all_the_same() {
    if !has("cc") {
        return;
    }
    let tree =
        Tree::by_itself(&[("hi.c", "#include <stdio.h>\nint main(void) { puts(\"hi\"); }\n")]);
    tree.mkdir("one").mkdir("two");
    cc(&tree, &["hi.c", "-o", "one/hi"]);
    cc(&tree, &["hi.c", "-o", "two/hi"]);

    assert_eq!(tree.left_alone(&["."]), ["./two/hi: program"]);
    tree.clink(&["--all", "."]);

    assert_eq!(tree.links(), ["two/hi -> ../one/hi"]);
    assert_eq!(output(&tree, "./two/hi", &[]), "hi\n");
}

/// Two trees with the same main file, which loads another file beside itself, and what the command
/// prints for each.
fn prints_its_own_name(tree: &Tree, program: &str, main: &str) {
    for name in ["one", "two"] {
        assert_eq!(output(tree, program, &[&format!("{name}/{main}")]), format!("{name}\n"));
    }
}

#[test]
fn a_python_program_with_its_own_modules_is_left_alone() {
    const MAIN: &str = "import beside\nif __name__ == \"__main__\":\n    print(beside.NAME)\n";
    let tree = Tree::by_itself(&[
        ("one/main.py", MAIN),
        ("one/beside.py", "NAME = \"one\"\n"),
        ("two/main.py", MAIN),
        ("two/beside.py", "NAME = \"two\"\n"),
    ]);

    assert_eq!(tree.left_alone(&["."]), ["./two/main.py: script"]);
    tree.clink(&["."]);

    assert!(tree.links().is_empty());
    if has("python3") {
        prints_its_own_name(&tree, "python3", "main.py");
    }
}

#[test]
fn a_python_script_that_is_run_by_its_first_line_is_left_alone() {
    const MAIN: &str = "#!/usr/bin/env python3\nimport beside\nprint(beside.NAME)\n";
    let tree = Tree::by_itself(&[("one/tool", MAIN), ("two/tool", MAIN)]);

    assert_eq!(tree.left_alone(&["."]), ["./two/tool: script"]);
}

#[test]
fn a_python_module_is_left_alone_wherever_it_lies() {
    const MODULE: &str = "import beside\nprint(beside.NAME)\n";
    let tree = Tree::by_itself(&[("one/module.py", MODULE), ("two/module.py", MODULE)]);
    let library = Tree::by_itself(&[
        ("one/python3.11/module.py", MODULE),
        ("two/site-packages/module.py", MODULE),
    ]);

    assert_eq!(tree.left_alone(&["."]), ["./two/module.py: script"]);
    assert_eq!(library.left_alone(&["."]), ["./two/site-packages/module.py: script"]);
}

#[test]
fn a_node_module_that_requires_another_is_left_alone() {
    const MAIN: &str = "console.log(require('./beside').name)\n";
    let tree = Tree::by_itself(&[
        ("one/main.js", MAIN),
        ("one/beside.js", "exports.name = 'one'\n"),
        ("two/main.js", MAIN),
        ("two/beside.js", "exports.name = 'two'\n"),
    ]);

    assert_eq!(tree.left_alone(&["."]), ["./two/main.js: script"]);
    tree.clink(&["."]);

    assert!(tree.links().is_empty());
    if has("node") {
        prints_its_own_name(&tree, "node", "main.js");
    }
}

#[test]
fn a_shell_script_that_resolves_its_own_path_is_left_alone() {
    const MAIN: &str = "#!/bin/sh\n. \"$(dirname \"$(readlink -f \"$0\")\")/beside\"\n";
    let tree = Tree::by_itself(&[
        ("one/main", MAIN),
        ("one/beside", "echo one\n"),
        ("two/main", MAIN),
        ("two/beside", "echo two\n"),
    ]);

    assert_eq!(tree.left_alone(&["."]), ["./two/main: script"]);
    tree.clink(&["."]);

    assert!(tree.links().is_empty());
    prints_its_own_name(&tree, "sh", "main");
}

#[test]
fn a_shell_script_that_does_not_resolve_its_path_is_left_alone_and_runs_right_behind_a_link() {
    const MAIN: &str = "#!/bin/sh\n. \"$(dirname \"$0\")/beside\"\n";
    let tree = Tree::by_itself(&[
        ("one/main", MAIN),
        ("one/beside", "echo one\n"),
        ("two/main", MAIN),
        ("two/beside", "echo two\n"),
    ]);

    assert_eq!(tree.left_alone(&["."]), ["./two/main: script"]);
    tree.clink(&["--all", "."]);

    assert_eq!(tree.links(), ["two/main -> ../one/main"]);
    prints_its_own_name(&tree, "sh", "main");
}

#[test]
fn scripts_of_other_languages_that_look_beside_themselves_are_left_alone() {
    for (name, content) in [
        ("main.rb", "require_relative 'beside'\n"),
        ("main.php", "<?php require __DIR__ . '/beside.php';\n"),
        ("main.mjs", "import { name } from './beside.mjs'\n"),
        ("main.ts", "import { name } from './beside'\n"),
        ("main.tcl", "source [file join [file dirname [file normalize [info script]]] b.tcl]\n"),
        ("main.pl", "use FindBin; use lib $FindBin::RealBin;\n"),
        ("tool", "#!/usr/bin/env node\nconsole.log(1)\n"),
        ("tool", "#!/usr/bin/ruby -w\nputs 1\n"),
        ("tool", "#!/usr/bin/php\n<?php echo 1;\n"),
    ] {
        let tree =
            Tree::by_itself(&[(&format!("a/{name}"), content), (&format!("b/{name}"), content)]);

        assert_eq!(tree.left_alone(&["."]), [format!("./b/{name}: script")], "{content}");
        assert_eq!(tree.planned(&["--hard", "."]).len(), 1, "{content}");
        assert_eq!(tree.planned(&["--all", "."]).len(), 1, "{content}");
    }
}

/// The third name alone says that it is JavaScript.
#[test]
fn a_script_among_copies_with_other_endings_is_left_alone() {
    const MAIN: &str = "console.log(require('./beside').name)\n";
    let tree = Tree::by_itself(&[("a/main.txt", MAIN), ("b/main.orig", MAIN), ("c/main.js", MAIN)]);

    assert!(tree.planned(&["."]).iter().all(|link| !link.contains("main.js")));
}

#[test]
fn build_files_that_resolve_their_own_path_are_left_alone() {
    for (name, content) in [
        ("Makefile", "here := $(dir $(realpath $(lastword $(MAKEFILE_LIST))))\n"),
        ("rules.mk", "here := $(dir $(realpath $(lastword $(MAKEFILE_LIST))))\n"),
        ("CMakeLists.txt", "get_filename_component(here ${CMAKE_CURRENT_LIST_FILE} REALPATH)\n"),
        ("tool.cmake", "get_filename_component(here ${CMAKE_CURRENT_LIST_FILE} REALPATH)\n"),
    ] {
        let tree =
            Tree::by_itself(&[(&format!("a/{name}"), content), (&format!("b/{name}"), content)]);

        assert_eq!(tree.left_alone(&["."]), [format!("./b/{name}: build_file")], "{content}");
    }
}

#[test]
fn a_linker_script_is_left_alone() {
    const SCRIPT: &str =
        "/* GNU ld script */\nGROUP ( /lib/libc.so.6 /usr/lib/libc_nonshared.a )\n";
    let tree =
        Tree::by_itself(&[("arm/usr/lib/libc.so", SCRIPT), ("mips/usr/lib/libc.so", SCRIPT)]);

    assert_eq!(tree.left_alone(&["."]), ["./mips/usr/lib/libc.so: linker_script"]);
    assert!(tree.planned(&["."]).is_empty());
}

/// What tells lies on the seam of two blocks that clink reads.
#[test]
fn what_tells_is_found_wherever_it_stands_in_a_long_file() {
    const BLOCK: usize = 128 << 10;
    for start in [BLOCK - 4, BLOCK - 8, BLOCK, 2 * BLOCK - 3] {
        let mut drawing = format!("<svg>{}", "#".repeat(start - 5));
        drawing.push_str("<image href='beside.png'/>");
        drawing.push_str(&" ".repeat(100));
        let tree = Tree::by_itself(&[("a/logo.svg", &drawing), ("b/logo.svg", &drawing)]);

        assert_eq!(tree.left_alone(&["."]), ["./b/logo.svg: imports"], "at {start}");
    }
}
