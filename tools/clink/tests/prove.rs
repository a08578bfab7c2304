//! `--prove COMMAND`: links that change what a command prints are found, named and not made.

mod support;

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use support::{Run, Tree};

/// Copies of which `b/3` is asked for its real place.
fn copies() -> Tree {
    let names: Vec<String> =
        ["a", "b"].iter().flat_map(|top| (0..8).map(move |n| format!("{top}/{n}"))).collect();
    let files: Vec<(&str, String)> =
        names.iter().map(|name| (&**name, name[2..].repeat(9))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, &**text)).collect();
    Tree::of(&files)
}

#[test]
fn a_command_that_comes_to_the_same_lets_all_links_be() {
    let tree = copies();

    let run = tree.clink(&["--prove", "cat b/*", "."]);

    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(tree.links().len(), 8);
    assert_eq!(tree.undo().code, Some(0));
}

#[test]
fn a_terminal_shows_that_the_command_is_waited_for() {
    let tree = copies();
    let command = tree.command(&["--prove", "sleep 0.4; cat b/*", "."]);

    let seen = testkit::screen::Seen::of(command, 80);

    assert!(seen.status.success());
    assert!(seen.ever("running the command of the proof"), "{:?}", seen.pictures);
}

#[test]
fn the_links_that_change_what_a_command_prints_are_found_and_not_made() {
    let tree = copies();
    let command = "readlink -f b/3; readlink -f b/6 >&2; cat b/*";

    let run = tree.clink(&["--prove", command, "-v", "."]);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let links = tree.links();
    assert_eq!(links.len(), 6);
    assert!(!links.iter().any(|link| link.contains("b/3") || link.contains("b/6")), "{links:?}");
    let named =
        |name: &str| format!("{}` changes what the command prints\n", tree.path(name).display());
    assert!(run.stderr.contains(&named("b/3")), "{}", run.stderr);
    assert!(run.stderr.contains(&named("b/6")), "{}", run.stderr);
    assert!(run.stdout.contains("b/3: left alone: with a link the command of --prove"));
    assert_eq!(tree.journals().len(), 1, "those of the search are gone");
    assert_eq!(tree.undo().stdout, "6 restored\n");
}

#[test]
fn an_exit_code_that_differs_is_a_difference() {
    let tree = Tree::of(&[("a/f", "same"), ("b/f", "same")]);

    let run = tree.clink(&["--prove", "test ! -h b/f", "."]);

    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(tree.links().is_empty());
    assert_eq!(tree.contents()[Path::new("b/f")], b"same");
}

#[test]
fn a_command_that_prints_something_else_each_time_proves_nothing() {
    let tree = copies();

    let run = tree.clink(&["--prove", "echo $$", "."]);

    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("does not print the same twice"), "{}", run.stderr);
    assert!(tree.links().is_empty());
}

#[test]
fn a_command_that_is_not_there_proves_nothing() {
    let tree = copies();

    let run = tree.clink(&["--prove", "no-such-program", "."]);

    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("was not found or cannot be run"), "{}", run.stderr);
    assert!(tree.links().is_empty());
}

const STOPPED: &str = "clink: stopped before the end of the proof: no link stays\n";

/// clink, in a process group of its own, with a proof whose command never ends from its run `number`
/// on; when that has begun.
fn waiting_for_run(tree: &Tree, number: usize, command: &str) -> Child {
    let runs = tree.home().join("runs");
    let never_ends = format!("test $(wc -l < ~/runs) -lt {number} || sleep 1000");
    let command = format!("echo run >> ~/runs; {never_ends}; {command}");
    let mut clink = tree.command(&["--prove", &command, "."]);
    clink.env("PATH", "/usr/bin:/bin").process_group(0).stderr(Stdio::piped());
    let mut clink = clink.spawn().expect("clink starts");
    while std::fs::read_to_string(&runs).unwrap_or_default().lines().count() < number {
        assert!(clink.try_wait().expect("it is ours").is_none(), "it waits for run {number}");
        std::thread::sleep(Duration::from_millis(5));
    }
    clink
}

/// What clink says after this signal to a process or, with a dash before it, to a group.
fn signalled(clink: Child, signal: &str, to: &str) -> Run {
    let kill = Command::new("kill").args([signal, "--", to]).status();
    assert!(kill.expect("kill").success());
    Run::of(&clink.wait_with_output().expect("it ends"))
}

/// A terminal's Ctrl-C reaches all of the group.
#[test]
fn a_proof_that_is_interrupted_takes_its_links_back() {
    let tree = copies();
    let before = tree.state();
    let clink = waiting_for_run(&tree, 3, "cat b/*");
    assert!(!tree.links().is_empty(), "they stand while the command runs");

    let group = format!("-{}", clink.id());
    let run = signalled(clink, "-INT", &group);

    assert_eq!((run.code, run.stderr.as_str()), (Some(130), STOPPED));
    assert_eq!(tree.state(), before);
    assert!(tree.journals().is_empty());
}

/// In the fifth run, some of the links stand to find out which of them is wrong.
#[test]
fn a_signal_to_clink_alone_ends_the_command_and_takes_the_links_back() {
    for (signal, run) in [("-TERM", 3), ("-INT", 5)] {
        let tree = copies();
        let before = tree.state();
        let clink = waiting_for_run(&tree, run, "readlink -f b/3");
        assert!(!tree.links().is_empty(), "they stand while the command runs");

        let process = clink.id().to_string();
        let run = signalled(clink, signal, &process);

        assert_eq!((run.code, run.stderr.as_str()), (Some(130), STOPPED), "{signal}");
        assert_eq!(tree.state(), before, "{signal}");
        assert!(tree.journals().is_empty(), "{signal}");
    }
}

#[test]
fn a_proof_without_a_journal_or_without_changes_is_an_error() {
    let tree = copies();
    for option in ["--no-journal", "--dry-run", "--check"] {
        assert_eq!(tree.clink(&["--prove", "true", option, "."]).code, Some(2), "{option}");
    }
}
