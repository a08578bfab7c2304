//! `--mixed`: symbolic links where they change nothing, hard links for the rest.

mod support;

use std::path::Path;
use std::process::Command;

use support::{Run, Tree};
use testkit::has;

const TIME: u64 = 1_000_000_000;

/// Two copies each of a page, a module and a database.
fn two_packages() -> Tree {
    let tree = Tree::by_itself(&[]);
    for top in ["a", "b"] {
        tree.write(format!("{top}/manual.md"), b"# manual\n");
        tree.write(format!("{top}/main.js"), b"console.log(require('./name'))\n");
        tree.write(format!("{top}/name.js"), format!("module.exports = '{top}'\n").as_bytes());
        tree.write(format!("{top}/state"), b"SQLite format 3\0");
        for name in ["manual.md", "main.js", "name.js", "state"] {
            tree.date(&format!("{top}/{name}"), TIME);
        }
    }
    tree
}

#[test]
fn what_stays_becomes_a_hard_link_where_times_agree() {
    let tree = two_packages();

    assert_eq!(
        tree.planned(&["--mixed", "."]),
        ["./b/manual.md -> ../a/manual.md", "./b/main.js = ./a/main.js"]
    );
    assert_eq!(tree.left_alone(&["--mixed", "."]), ["./b/state: database"]);

    tree.date("b/main.js", TIME + 1);
    assert_eq!(tree.planned(&["--mixed", "."]), ["./b/manual.md -> ../a/manual.md"]);
    assert_eq!(tree.left_alone(&["--mixed", "."]), ["./b/main.js: script", "./b/state: database"]);
}

#[test]
fn programs_print_the_same_a_second_run_does_nothing_and_undo_restores_all() {
    let tree = two_packages();
    let before = tree.state();
    let prints = || {
        let run = Command::new("node").arg("b/main.js").current_dir(tree.root()).output();
        Run::of(&run.expect("node starts")).stdout
    };

    let run = tree.clink(&["--mixed", "."]);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let summary: Vec<&str> = run.stdout.lines().skip(1).take(2).collect();
    assert_eq!(
        summary,
        ["1 file became a symbolic link", "1 file became a hard link, or shares its storage"]
    );
    assert_eq!(tree.links(), ["b/manual.md -> ../a/manual.md"]);
    let entries = tree.entries();
    assert_eq!(entries[Path::new("a/main.js")].inode, entries[Path::new("b/main.js")].inode);
    if has("node") {
        assert_eq!(prints(), "b\n");
    }
    assert!(tree.clink(&["--mixed", "."]).stdout.contains("nothing linked"));
    assert_eq!(tree.undo().code, Some(0));
    assert_eq!(tree.state(), before);
}

/// Each root filesystem has its page once, and a link to it; the two pages are one file.
#[test]
fn hard_links_cross_borders_that_symbolic_ones_do_not() {
    let tree = Tree::by_itself(&[]);
    for root in ["one", "two"] {
        for name in ["a.txt", "b.txt"] {
            let path = format!("{root}/usr/share/doc/{name}");
            tree.write(&path, b"the same text\n").date(&path, TIME);
        }
        tree.mkdir(&format!("{root}/etc")).mkdir(&format!("{root}/var"));
    }
    let before = tree.contents();

    assert_eq!(
        tree.planned(&["--mixed", "."]),
        [
            "./one/usr/share/doc/b.txt -> a.txt",
            "./two/usr/share/doc/b.txt -> a.txt",
            "./two/usr/share/doc/a.txt = ./one/usr/share/doc/a.txt"
        ]
    );
    assert_eq!(tree.clink(&["--mixed", "."]).code, Some(0));
    assert_eq!(tree.contents(), before);
    assert!(tree.clink(&["--mixed", "."]).stdout.contains("nothing linked"));
}
