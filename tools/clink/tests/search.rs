//! Which files are looked at: exclude patterns, sizes, file systems.

mod support;

use support::Tree;

#[test]
fn a_pattern_without_a_slash_leaves_out_names_everywhere() {
    let tree = Tree::of(&[("a/x.o", "same"), ("b/deep/x.o", "same"), ("b/deep/x.txt", "same")]);

    assert_eq!(tree.planned(&["."]).len(), 2);
    assert!(tree.planned(&["--exclude", "*.o", "."]).is_empty());
    assert_eq!(tree.json(&["-n", "--exclude", "*.o", "."])["summary"]["excluded"], 2);
}

#[test]
fn a_pattern_with_a_slash_leaves_out_a_path_below_the_argument() {
    let tree = Tree::of(&[("usr/doc/f", "same"), ("opt/usr/doc/f", "same"), ("z/f", "same")]);

    assert_eq!(tree.planned(&["--exclude", "usr/doc", "."]), ["./opt/usr/doc/f -> ../../../z/f"]);
    assert_eq!(tree.planned(&["--exclude", "/usr/doc", "."]).len(), 1);
}

#[test]
fn two_stars_cross_directories() {
    let tree = Tree::of(&[("a/b/c/doc/f", "same"), ("a/doc/f", "same"), ("z/f", "same")]);

    assert!(tree.planned(&["--exclude", "a/**/doc", "."]).is_empty());
    assert_eq!(tree.planned(&["--exclude", "a/*/doc", "."]).len(), 2);
}

#[test]
fn exclude_may_be_given_several_times() {
    let tree = Tree::of(&[("1", "same"), ("2", "same"), ("3", "same")]);

    assert!(tree.planned(&["--exclude", "1", "--exclude", "2", "."]).is_empty());
}

#[test]
fn an_excluded_directory_is_not_entered() {
    let tree = Tree::of(&[("build/f", "same"), ("f", "same"), ("g", "same")]);

    let document = tree.json(&["-n", "--exclude", "build", "."]);

    assert_eq!(document["summary"]["files"], 2);
    assert_eq!(document["summary"]["excluded"], 1);
}

#[test]
fn a_wrong_pattern_is_refused() {
    let tree = Tree::of(&[("a", "same")]);

    let run = tree.clink(&["--exclude", "[", "."]);

    assert_eq!(run.code, Some(2));
    assert!(run.stderr.starts_with("clink: cannot use an `--exclude` pattern"), "{}", run.stderr);
    assert!(run.stdout.is_empty());
}

#[test]
fn smaller_files_than_the_least_size_are_passed_over() {
    let small = "s".repeat(1023);
    let large = "l".repeat(1024);
    let tree = Tree::of(&[("s1", &small), ("s2", &small), ("l1", &large), ("l2", &large)]);

    assert_eq!(tree.planned(&["."]), ["./l2 -> l1", "./s2 -> s1"]);
    assert_eq!(tree.planned(&["--min-size", "1K", "."]), ["./l2 -> l1"]);
    assert_eq!(tree.planned(&["--min-size", "1024", "."]), ["./l2 -> l1"]);
    assert!(tree.planned(&["--min-size", "1M", "."]).is_empty());
}

#[test]
fn a_size_that_is_none_is_refused() {
    let tree = Tree::of(&[("a", "same")]);

    for size in ["many", "1X", "", "-1", "99999999999G"] {
        let run = tree.clink(&[&format!("--min-size={size}"), "."]);
        assert_eq!(run.code, Some(2), "{size}");
        assert!(run.stderr.contains("--min-size"), "{}", run.stderr);
    }
}
