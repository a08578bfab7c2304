//! Progress as it is seen: each test runs one of those at the end of this file in a terminal.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use testkit::screen::Seen;
use ui::numbers::Unit;
use ui::{Line, Show, Voice};

const VOICE: Voice = Voice::of("tool");

/// This test program once more, running one test alone.
fn again(test: &str) -> Command {
    let itself = std::env::current_exe().expect("this program");
    let mut command = Command::new(itself);
    command.args([test, "--exact", "--ignored", "--nocapture"]).stdout(Stdio::null());
    command
}

fn in_terminal(test: &str, columns: u16) -> Seen {
    let seen = Seen::of(again(test), columns);
    assert!(seen.status.success(), "{}", seen.at_end());
    seen
}

#[test]
fn on_a_terminal_of_80_columns_one_sees_what_is_done() {
    let seen = in_terminal("work", 80);

    assert!(seen.ever("building the kernel"), "{:?}", seen.pictures);
    assert!(seen.ever("comparing"), "{:?}", seen.pictures);
    assert!(seen.ever("500 of 1,000 https://example.org/"), "{:?}", seen.pictures);
    assert!(!seen.ever("0/0"), "{:?}", seen.pictures);
    assert_eq!(seen.at_end().trim(), "tool: another tool is at work", "the line itself is gone");
}

#[test]
fn a_message_stands_on_a_line_of_its_own() {
    let seen = in_terminal("work", 80);

    let lines =
        |picture: &str| picture.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    let both = seen.pictures.iter().map(|picture| lines(picture)).find(|lines| lines.len() == 2);
    let both = both.expect("the message and the line below");
    assert_eq!(both[0], "tool: another tool is at work");
    assert!(both[1].contains("building the kernel"), "{both:?}");
}

#[test]
fn a_long_step_is_cut_to_the_width() {
    let seen = in_terminal("long_work", 40);

    assert!(seen.ever("a step with a very long nam"), "{:?}", seen.pictures);
    let most = seen.pictures.iter().map(|picture| picture.lines().count()).max();
    assert_eq!(most, Some(1), "{:?}", seen.pictures);
}

#[test]
fn without_a_terminal_short_work_says_only_what_matters() {
    let output = again("work").output().expect("it starts again");

    assert_eq!(String::from_utf8_lossy(&output.stderr), "tool: another tool is at work\n");
}

#[test]
fn each_step_has_its_line_where_other_programs_speak() {
    let seen = in_terminal("steps", 80);

    assert_eq!(seen.at_end(), "tool: configuring\ntool: building");
}

#[test]
#[ignore = "the tests above run it in a terminal"]
fn work() {
    let line = Line::new(VOICE, Show::Progress);
    line.say("building the kernel");
    sleep(Duration::from_millis(400));
    VOICE.note("another tool is at work");
    sleep(Duration::from_millis(400));
    line.measure("comparing", 1000, Unit::Things);
    line.add(500);
    line.detail("https://example.org/");
    sleep(Duration::from_millis(400));
    line.clear();
}

#[test]
#[ignore = "the tests above run it in a terminal"]
fn long_work() {
    let line = Line::new(VOICE, Show::Progress);
    line.say("a step with a very long name that does not fit into forty columns");
    sleep(Duration::from_millis(400));
}

#[test]
#[ignore = "the tests above run it in a terminal"]
fn steps() {
    let line = Line::new(VOICE, Show::Steps);
    line.say("configuring");
    line.say("building");
}
