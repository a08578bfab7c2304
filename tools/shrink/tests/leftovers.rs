//! What a run that was killed leaves: the next one recognises it and removes it, and nothing else.

mod support;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use support::{Workshop, program, snapshot};

/// Directories whose names begin as those that shrink works in.
fn hidden(directory: &Path) -> Vec<String> {
    let children = fs::read_dir(directory).expect("a directory");
    let names = children.map(|child| child.expect("an entry").file_name());
    let names = names.map(|name| name.to_str().expect("text").to_owned());
    let mut names: Vec<_> = names.filter(|name| name.starts_with(".shrink-")).collect();
    names.sort();
    names
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let workshop = Workshop::new();
    workshop.root("root");
    let mut command = workshop.command(&["make", "root", "-o", "small", "-t", "sleep 60"]);
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("shrink runs");
    let start = Instant::now();
    while hidden(&workshop.path("")).is_empty() && start.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(5));
    }
    // A run that is at work keeps its own.
    workshop.shrink(&["make", "root", "-o", "beside"]).fine();
    assert_eq!(hidden(&workshop.path("")).len(), 1);
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
    assert_eq!(hidden(&workshop.path("")).len(), 1);

    workshop.shrink(&["make", "root", "-o", "small"]).fine();

    assert_eq!(hidden(&workshop.path("")), [""; 0]);
}

#[test]
fn what_only_looks_like_ours_stays() {
    let workshop = Workshop::new();
    workshop.root("root");
    let names = [".shrink-0123456789abcdef", ".shrink-new", ".shrink-notes"];
    for name in names {
        fs::create_dir(workshop.path(name)).expect("a directory");
        fs::write(workshop.path(name).join("thesis"), "mine").expect("a file");
    }
    fs::write(workshop.path("root/opt/.shrink-new"), "mine").expect("a file");

    workshop.shrink(&["make", "root", "-o", "small"]).fine();
    workshop.shrink(&["make", "root", "--in-place", "-t", "/opt/greet"]).fine();
    workshop.shrink(&["undo", "root.removed.tar"]).fine();

    assert_eq!(hidden(&workshop.path("")), names);
    for name in names {
        assert!(workshop.path(name).join("thesis").is_file());
    }
    assert_eq!(fs::read(workshop.path("root/opt/.shrink-new")).expect("it is there"), b"mine");
}

#[test]
fn what_was_left_in_a_root_is_cleaned_up_before_it_is_read() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    // A drawer: what was moved into it goes back under its name.
    fs::create_dir(root.join("opt/.etabli+0123456789abcdef")).expect("a directory");
    fs::write(root.join("opt/.etabli+0123456789abcdef/moved"), "moved").expect("a file");
    program(&root.join("opt/.etabli~0123456789abcdef"), "half");

    workshop.shrink(&["make", "root", "--in-place"]).fine();

    let after = snapshot(&root);
    assert!(after.contains_key(Path::new("opt/moved")));
    assert!(after.keys().all(|path| !path.to_str().expect("text").contains(".etabli")));
}

#[test]
fn a_ledger_is_written_over_a_ledger_and_over_nothing_else() {
    let workshop = Workshop::new();
    workshop.root("root");
    workshop.shrink(&["make", "root", "-o", "small"]).fine();
    fs::remove_dir_all(workshop.path("small")).expect("it is there");
    workshop.shrink(&["make", "root", "-o", "small"]).fine();
    fs::remove_dir_all(workshop.path("small")).expect("it is there");
    fs::write(workshop.path("small.shrink.json"), "[1, 2]").expect("a file");

    let run = workshop.shrink(&["make", "root", "-o", "small"]);

    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stderr.contains("what is there is none"), "{}", run.stderr);
    assert_eq!(fs::read(workshop.path("small.shrink.json")).expect("it is there"), b"[1, 2]");
    assert!(!workshop.path("small").exists());
}
