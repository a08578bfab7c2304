//! Runs as a whole: folders, Ctrl-C, two at once, mistakes.

mod support;

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use support::server::{Response, Server};
use support::{Desk, Run, odf};

#[test]
fn the_documents_of_a_folder_come_in_their_order_however_they_are_read() {
    let desk = Desk::new();
    let names: Vec<String> = (0..60).map(|number| format!("{number:02}/a.odt")).collect();
    for name in &names {
        desk.put(name, odf::odt(&odf::paragraph("#Gone", name), ""));
    }
    desk.put(".hidden/a.odt", "").put("notes.txt", "").put("~$a.odt", "").put("page.html", "");

    let document = desk.json(&["."]);

    let links = document["links"].as_array().expect("a list");
    let found: Vec<&str> = links.iter().map(|link| link["text"].as_str().expect("text")).collect();
    assert_eq!(found, names);
    let some = desk.json(&[".", "--exclude-file", "0*", "--exclude-file", "[1-4]*/a.odt"]);
    assert_eq!(some["totals"]["documents"], 10);
}

#[test]
fn a_folder_without_documents_is_no_success() {
    let desk = Desk::with("notes.txt", "");

    let run = desk.coool(&["."]);

    assert_eq!((run.code, &*run.stdout), (Some(2), ""));
    assert_eq!(
        run.stderr,
        "coool: there is no document to look at\n  hint: name one: only in folders coool goes by \
         endings\n"
    );
}

#[test]
fn a_document_that_is_named_twice_is_checked_once() {
    let desk = Desk::with("a.fodt", odf::text(&odf::paragraph("#Gone", "x")));

    let run = desk.coool(&["a.fodt", "./a.fodt", "."]);

    assert!(run.stdout.ends_with("1 document, 1 link: 1 broken\n"), "{run:?}");
}

#[test]
fn ctrl_c_ends_the_run_with_what_is_known() {
    let server = Server::new(|request| match request.path.as_str() {
        "/good" => Response::of(200),
        _ => Response::nothing(),
    });
    let links = [odf::paragraph("#Gone", "x"), odf::paragraph(&server.url("/slow"), "y")].concat();
    let desk = Desk::with("a.fodt", odf::text(&links));
    let begin = Instant::now();
    let coool = desk
        .command(&["a.fodt"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("coool starts");
    while server.asked().is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(20), "the server is never asked");
        std::thread::sleep(Duration::from_millis(10));
    }
    let process = rustix::process::Pid::from_child(&coool);
    rustix::process::kill_process(process, rustix::process::Signal::INT).expect("it runs");

    let run = Run::of(&coool.wait_with_output().expect("coool ends"));

    assert_eq!(run.code, Some(130), "{run:?}");
    assert!(run.stdout.contains("broken: #Gone"), "{run:?}");
    assert!(run.stdout.contains("because: the run was ended before"), "{run:?}");
    assert!(begin.elapsed() < Duration::from_secs(15), "it does not wait for the server");
}

#[test]
fn two_runs_at_once_share_a_cache() {
    let server = Server::new(|_| Response::of(200));
    let desk = Desk::new();
    for name in ["a", "b"] {
        let links: String = (0..40)
            .map(|number| odf::paragraph(&server.url(&format!("/{name}{number}")), "x"))
            .collect();
        desk.put(&format!("{name}.fodt"), odf::text(&links));
    }
    let runs = ["a.fodt", "b.fodt"].map(|name| {
        desk.command(&[name, "--cache"]).stdout(Stdio::null()).spawn().expect("coool starts")
    });
    for mut run in runs {
        assert!(run.wait().expect("it ends").success());
    }

    let cache = fs::read(desk.home().join(".cache/coool/answers.json")).expect("a cache");
    serde_json::from_slice::<serde_json::Value>(&cache).expect("it is whole");
    assert_eq!(desk.coool(&["a.fodt", "b.fodt", "--cache"]).code, Some(0));
}

#[test]
fn a_cache_that_is_damaged_or_old_is_not_believed() {
    let server = Server::new(|_| Response::of(200));
    let desk = Desk::with("a.fodt", odf::text(&odf::paragraph(&server.url("/x"), "x")));
    fs::create_dir_all(desk.home().join(".cache/coool")).expect("a folder");
    fs::write(desk.home().join(".cache/coool/answers.json"), "{\"version\": 1, ").expect("a file");

    assert_eq!(desk.coool(&["a.fodt", "--cache"]).code, Some(0));
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(desk.coool(&["a.fodt", "--cache=0"]).code, Some(0));
    assert_eq!(desk.coool(&["a.fodt", "--cache=1h"]).code, Some(0));

    assert_eq!(server.asked(), ["HEAD /x", "HEAD /x"]);
}

#[test]
fn mistakes_are_explained() {
    let desk = Desk::with("a.fodt", odf::text(""));
    for (arguments, said) in [
        (
            &["--exclude-regex", "("][..],
            "coool: cannot use an `--exclude-regex` pattern\n  because: ",
        ),
        (&["--exclude", "[z"], "coool: cannot use an `--exclude` pattern\n  because: "),
        (&["--remap", "x"], "coool: cannot use `--remap x`\n  because: write it as FROM=TO\n"),
        (&["--limit", "size=1"], "no limit is called `size`: use part, document, ratio, "),
        (&["--limit", "part=1T"], "unknown unit `T`: use K, M or G"),
        (&["--timeout", "soon"], "`` is not a whole number"),
        (&["--delay", "99999999d"], "longer than anybody waits"),
        (&["--delay", "18446744073709551615ms"], "longer than anybody waits"),
        (&["--dry-run"], "--fix"),
        (&["-o", "missing/x"], "coool: cannot write the result to `missing/x`\n  because: "),
        (&["-t", "0"], "0 is not in 1..=10000"),
    ] {
        let run = desk.coool(&[&["a.fodt"], arguments].concat());
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
    }
    fs::write(desk.home().join(".cooolrc"), "max_treads = 3\n").expect("a file");
    let run = desk.coool(&["a.fodt"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("because: line 1: `max_treads = 3`\n"), "{}", run.stderr);
}

#[test]
fn a_result_that_nobody_reads_to_its_end_is_no_error() {
    let links = odf::paragraph("#Gone", "x").repeat(20_000);
    let desk = Desk::with("a.fodt", odf::text(&links));
    let mut coool = desk
        .command(&["a.fodt", "--format", "jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("coool starts");
    drop(coool.stdout.take());

    let run = Run::of(&coool.wait_with_output().expect("it ends"));

    assert_eq!((run.code, &*run.stderr), (Some(0), ""));
}

#[test]
fn a_pipe_is_no_document_and_nobody_waits_for_it() {
    let desk = Desk::new();
    let made = std::process::Command::new("mkfifo").arg(desk.path("a.odt")).status();
    assert!(made.is_ok_and(|status| status.success()));

    let run = desk.coool(&["a.odt"]);

    assert_eq!(run.code, Some(2), "{run:?}");
}
