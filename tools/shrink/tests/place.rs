//! `shrink make --in-place` and `shrink undo`: a root changes where it stands, and back.

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use expect_test::expect;
use support::{Workshop, snapshot};

/// A root with duplicates, hard links and something to strip.
fn root(workshop: &Workshop) {
    let root = workshop.root("root");
    fs::hard_link(root.join("opt/unused"), root.join("etc/unused")).expect("a link");
    fs::hard_link(root.join("opt/greeting"), root.join("etc/greeting")).expect("a link");
    for name in ["one", "two"] {
        fs::write(root.join("opt").join(name), vec![b'x'; 9000]).expect("a file");
    }
    support::output(
        "cc",
        &[
            "-g",
            "-x",
            "c",
            "-o",
            root.join("opt/program").to_str().expect("text"),
            "-include",
            "stdio.h",
            "/dev/null",
            "-Wl,--defsym=main=0",
        ],
    );
}

#[test]
fn undo_brings_everything_back_exactly() {
    let workshop = Workshop::new();
    root(&workshop);
    let before = snapshot(&workshop.path("root"));

    workshop.shrink(&["make", "root", "--in-place", "-t", "/opt/greet"]).fine();
    let small = snapshot(&workshop.path("root"));
    let undone = workshop.shrink(&["undo", "root.removed.tar"]).fine();

    assert!(small.len() < before.len());
    assert!(undone.ends_with("names are as they were\n"), "{undone}");
    let after = snapshot(&workshop.path("root"));
    for (path, entry) in &before {
        assert_eq!(after.get(path), Some(entry), "{}", path.display());
    }
    assert_eq!(after.len(), before.len());
}

#[test]
fn a_root_without_programs_is_stripped_and_shared_in_place_and_back() {
    let workshop = Workshop::new();
    root(&workshop);
    let before = snapshot(&workshop.path("root"));

    workshop.shrink(&["make", "root", "--in-place", "--archive", "kept.tar"]).fine();
    let small = snapshot(&workshop.path("root"));
    let nowhere = workshop.shrink(&["undo", "kept.tar"]);
    workshop.shrink(&["undo", "kept.tar", "root"]).fine();

    assert_ne!(small, before);
    expect![[r#"
        shrink: the name `kept.tar` does not say what it was taken from
          hint: name the root after the archive
    "#]]
    .assert_eq(&nowhere.stderr);
    assert_eq!(snapshot(&workshop.path("root")), before);
}

#[test]
fn an_archive_is_never_written_over() {
    let workshop = Workshop::new();
    root(&workshop);
    let before = snapshot(&workshop.path("root"));
    fs::write(workshop.path("root.removed.tar"), "precious").expect("a file");

    let run = workshop.shrink(&["make", "root", "--in-place"]);

    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("nothing was changed; name another place with --archive"));
    assert_eq!(snapshot(&workshop.path("root")), before);
}

#[test]
fn a_kill_at_any_moment_loses_nothing() {
    let pauses = if testkit::is_full() { 400 } else { 40 };
    for pause in 0..pauses {
        let workshop = Workshop::new();
        root(&workshop);
        let before = snapshot(&workshop.path("root"));
        let mut command = workshop.command(&["make", "root", "--in-place"]);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("shrink runs");
        std::thread::sleep(Duration::from_millis(pause * 40 / pauses * 5));
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");

        if workshop.path("root.removed.tar").exists() {
            workshop.shrink(&["undo", "root.removed.tar"]).fine();
        }

        let after = snapshot(&workshop.path("root"));
        for (path, entry) in &before {
            assert_eq!(after.get(path), Some(entry), "{} at {pause}", path.display());
        }
        assert_eq!(after.len(), before.len());
    }
}

#[test]
fn a_kill_leaves_no_half_result_under_its_name() {
    for pause in 0..30 {
        let workshop = Workshop::new();
        root(&workshop);
        let before = snapshot(&workshop.path("root"));
        let mut command = workshop.command(&["make", "root", "-o", "small.tar"]);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("shrink runs");
        std::thread::sleep(Duration::from_millis(pause * 5));
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");

        if workshop.path("small.tar").exists() {
            workshop.shrink(&["make", "root", "-o", "whole.tar"]).fine();
            workshop.shrink(&["diff", "small.tar", "whole.tar"]).fine();
        }
        assert_eq!(snapshot(&workshop.path("root")), before);
    }
}

#[test]
fn a_signal_leaves_nothing_behind() {
    let workshop = Workshop::new();
    root(&workshop);
    let words = ["make", "root", "-o", "small", "-t", "sleep 60"];
    let mut child = workshop
        .command(&words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("shrink runs");
    std::thread::sleep(Duration::from_millis(600));

    support::output("kill", &["-INT", &child.id().to_string()]);

    assert_eq!(child.wait().expect("it is ours").code(), Some(130));
    std::thread::sleep(Duration::from_millis(300));
    let names: Vec<_> = fs::read_dir(workshop.path(""))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["root"]);
}

#[test]
fn a_test_ends_when_shrink_is_killed() {
    let workshop = Workshop::new();
    root(&workshop);
    let words = ["make", "root", "-o", "small", "-t", "sleep 54321"];
    let mut child = workshop
        .command(&words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("shrink runs");
    let runs = || {
        let is_ours = |entry: fs::DirEntry| {
            let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            words.windows(11).any(|part| part == b"sleep\x0054321")
        };
        fs::read_dir("/proc").expect("a directory").flatten().any(is_ours)
    };
    let eventually = |wanted: bool| {
        (0..600).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            runs() == wanted
        })
    };
    assert!(eventually(true), "the test runs");

    child.kill().expect("it is ours");
    child.wait().expect("it is ours");

    assert!(eventually(false), "nothing goes on running");
}

#[test]
fn undo_writes_nothing_outside_of_the_root() {
    let workshop = Workshop::new();
    root(&workshop);
    workshop.shrink(&["make", "root", "--in-place", "-t", "/opt/greet"]).fine();
    let outside = workshop.path("outside");
    fs::rename(workshop.path("root/opt"), &outside).expect("it is moved");
    std::os::unix::fs::symlink(&outside, workshop.path("root/opt")).expect("a link");
    let before = snapshot(&outside);

    let undone = workshop.shrink(&["undo", "root.removed.tar"]);

    assert_eq!(undone.code, Some(2));
    assert!(undone.stderr.contains("`root/opt` is no directory any more"), "{}", undone.stderr);
    assert_eq!(snapshot(&outside), before);
}

/// Runs `make --in-place` with a test that takes a second, in which `happens` happens.
fn make_while(workshop: &Workshop, happens: impl FnOnce()) -> support::Run {
    let mut command =
        workshop.command(&["make", "root", "--in-place", "-t", "cat /opt/log; sleep 2"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("shrink runs");
    std::thread::sleep(Duration::from_secs(1));
    happens();
    let output = child.wait_with_output().expect("it is ours");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    support::Run {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

#[test]
fn a_file_that_became_shorter_or_longer_while_a_test_ran_stays_and_nothing_behind_it_is_lost() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    // In the order of the archive something stands before each, and something behind.
    for name in ["a", "cut", "grown", "z"] {
        fs::write(root.join("opt").join(name), name.repeat(3000)).expect("a file");
    }
    fs::write(root.join("opt/log"), "first\n").expect("a file");
    let before = snapshot(&root);

    let run = make_while(&workshop, || {
        fs::write(root.join("opt/cut"), "").expect("as logrotate's copytruncate does");
        fs::write(root.join("opt/grown"), "grown".repeat(3001)).expect("a longer file");
    });
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    expect![[r#"
        shrink: `root/opt/cut` stays as it is: somebody has changed it in the meantime
        shrink: `root/opt/grown` stays as it is: somebody has changed it in the meantime
    "#]]
    .assert_eq(&run.stderr);
    assert!(!root.join("opt/a").exists() && !root.join("opt/z").exists());
    let why = workshop.shrink(&["why", "root/opt/cut"]).fine();
    assert_eq!(why, "/opt/cut was left as it is: somebody has changed it in the meantime\n");

    workshop.shrink(&["undo", "root.removed.tar"]).fine();
    let after = snapshot(&root);
    assert_eq!(fs::read(root.join("opt/cut")).expect("it is there"), b"");
    assert_eq!(fs::read(root.join("opt/grown")).expect("it is there").len(), 15_005);
    for (path, entry) in before {
        let theirs = path.ends_with("cut") || path.ends_with("grown");
        assert!(theirs || after.get(&path) == Some(&entry), "{}", path.display());
    }
}

#[test]
fn undo_leaves_what_was_made_since() {
    let workshop = Workshop::new();
    root(&workshop);
    let root = workshop.path("root");
    workshop.shrink(&["make", "root", "--in-place", "-t", "/opt/greet"]).fine();
    fs::write(root.join("opt/unused"), "somebody needs it after all").expect("a file");

    let run = workshop.shrink(&["undo", "root.removed.tar"]);

    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert_eq!(
        run.stderr,
        "shrink: `root/opt/unused` stays as it is: somebody has changed it in the meantime\n"
    );
    let kept = fs::read(root.join("opt/unused")).expect("it is there");
    assert_eq!(kept, b"somebody needs it after all");
    assert!(root.join("etc/unused").is_file(), "the other name of what it was is back");
}

#[test]
fn what_the_archive_could_not_give_back_stays() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    let name = format!("new\nline{}", "x".repeat(120));
    fs::write(root.join("opt").join(&name), "kept").expect("a file");

    let run = workshop.shrink(&["make", "root", "--in-place", "-t", "/opt/greet"]);

    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stderr.contains("could not give its name or attributes back"), "{}", run.stderr);
    assert_eq!(fs::read(root.join("opt").join(&name)).expect("it is there"), b"kept");
    workshop.shrink(&["undo", "root.removed.tar"]).fine();
    assert!(root.join("opt/unused").is_file());
}

/// Runs shrink where directories of this machine are mounted in the root.
fn with_mounts(workshop: &Workshop, mounts: &str, words: &[&str]) -> Option<support::Run> {
    // Not the whole root: where something is mounted in it, only its owner can bind it elsewhere.
    let here = workshop.path("");
    let mut tried = Command::new("unshare");
    tried.args(["-rm", "mount", "--bind"]).args([&here, &here]);
    let is_allowed = tried.output().is_ok_and(|output| output.status.success());
    if !testkit::can(is_allowed, "no mounts of one's own are allowed here") {
        return None;
    }
    let shrink = workshop.command(words);
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &format!("{mounts}\nexec \"$0\" \"$@\"")]);
    command.arg(shrink.get_program()).args(shrink.get_args()).current_dir(workshop.path(""));
    Some(support::run(command))
}

#[test]
fn what_is_mounted_in_the_root_is_not_touched() {
    let workshop = Workshop::new();
    workshop.root("root");
    let doc = workshop.path("root/usr/share/doc");
    for name in ["one", "two"] {
        fs::create_dir_all(doc.join(name)).expect("a directory");
        fs::write(doc.join(name).join("README"), "read me").expect("a file");
    }
    fs::create_dir(workshop.path("home")).expect("a directory");
    fs::write(workshop.path("home/letter"), "dear all").expect("a file");
    fs::write(workshop.path("page"), "a page").expect("a file");
    let mounts = "mount --bind home root/usr/share/doc/one
        mount --bind page root/usr/share/doc/two/README";

    let Some(run) = with_mounts(&workshop, mounts, &["make", "root", "--in-place"]) else {
        return;
    };

    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("one` stays as it is: device or resource busy"), "{run:?}");
    assert_eq!(fs::read_to_string(workshop.path("home/letter")).expect("a letter"), "dear all");
    assert_eq!(fs::read_to_string(workshop.path("page")).expect("a page"), "a page");
    // What lies below a mount cannot be seen, so it stays.
    for name in ["one", "two"] {
        assert_eq!(fs::read_to_string(doc.join(name).join("README")).expect("it"), "read me");
    }
}
