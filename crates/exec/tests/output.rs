//! What a program says: kept, told, bounded, and shown when it fails.

use std::io::{Read, Write};
use std::time::Duration;

use exec::Program;

const EVER: Duration = Duration::from_mins(2);

fn shell(script: &str) -> Program {
    let mut shell = Program::new("sh", EVER);
    shell.args(["-c", script]);
    shell
}

#[test]
fn a_program_that_fails_is_shown_with_its_last_words() {
    let error = shell("echo one; echo two >&2; exit 3").run().expect_err("it fails");

    assert_eq!(
        error.to_string(),
        "`sh -c 'echo one; echo two >&2; exit 3'` failed, exit status: 3\n    one\n    two"
    );
}

#[test]
fn only_the_last_lines_are_shown_and_none_commands_the_terminal() {
    let error = shell("seq 100; printf '\\033[2Jclear\\n'; exit 1").run().expect_err("it fails");

    let text = error.to_string();
    let lines: Vec<&str> = text.lines().skip(1).map(str::trim).collect();
    assert_eq!(lines[..2], ["90", "91"]);
    assert_eq!(lines[lines.len() - 1], "\\u{1b}[2Jclear");
}

#[test]
fn a_program_that_is_not_there_is_named_with_what_to_do() {
    let mut nothing = Program::new("no-such-program", EVER);
    let error = nothing.hint("`apt-get install such` brings it").run().expect_err("none is there");

    assert_eq!(format!("{error:#}"), "cannot run `no-such-program`: no such program is installed");
    let hinted = error.downcast_ref::<ui::Hinted>().expect("advice");
    assert_eq!(hinted.hint(), "`apt-get install such` brings it");
}

#[test]
fn a_directory_that_is_not_there_is_no_missing_program() {
    let mut here = Program::new("true", EVER);
    let error = here.hint("install it").current_dir("/no/such/place").run().expect_err("no place");

    assert_eq!(format!("{error:#}"), "cannot run `true`: No such file or directory (os error 2)");
}

#[test]
fn each_line_is_told_as_it_comes_from_either_stream() {
    let mut told = Vec::new();
    let mut tell = |line: &str| told.push(line.to_owned());

    shell("echo one; echo two >&2; printf three").run_telling(&mut tell).expect("it succeeds");

    assert_eq!(told, ["one", "two", "three"]);
}

#[test]
fn a_line_without_end_is_told_in_pieces() {
    let mut longest = 0;
    let mut tell = |line: &str| longest = longest.max(line.len());

    shell("head -c 100000 /dev/zero | tr '\\0' x").run_telling(&mut tell).expect("it succeeds");

    assert_eq!(longest, 8 << 10);
}

#[test]
fn a_result_is_whole_and_apart_from_complaints() {
    let printed = shell("echo result; echo complaint >&2").text().expect("it succeeds");

    assert_eq!(printed, "result");
}

#[test]
fn a_result_larger_than_allowed_is_refused_at_once() {
    let error = shell("yes").most_output(1000).output().expect_err("it never ends");

    assert_eq!(error.to_string(), "`sh -c yes` printed more than 1000 bytes");
}

#[test]
fn a_failed_question_shows_what_was_printed_and_said() {
    let error = shell("echo result; echo complaint >&2; false").output().expect_err("it fails");

    assert!(error.to_string().ends_with("exit status: 1\n    result\n    complaint"), "{error}");
}

#[test]
fn a_result_is_read_while_the_program_runs() {
    let mut reading = shell("seq 3; exit 0").reading().expect("it starts");
    let mut text = String::new();
    reading.read_to_string(&mut text).expect("text");
    reading.finish().expect("it succeeds");
    assert_eq!(text, "1\n2\n3\n");

    let mut reading = Program::new("yes", EVER).reading().expect("it starts");
    reading.read_exact(&mut [0; 4]).expect("some");
    reading.finish().expect("who has read enough may leave the rest");

    let reading = shell("echo why >&2; exit 2").reading().expect("it starts");
    let error = reading.finish().expect_err("it fails");
    assert!(error.to_string().ends_with("exit status: 2\n    why"), "{error}");
}

#[test]
fn an_input_is_written_while_the_program_runs() {
    let directory = tempfile::tempdir().expect("a directory to work in");
    let mut cat = shell("cat > copy; echo why; exit $(wc -l < copy)");
    let mut writing = cat.current_dir(directory.path()).writing().expect("it starts");
    writeln!(writing, "one line").expect("it reads");

    let error = writing.finish().expect_err("it ends with 1");

    assert!(error.to_string().ends_with("exit status: 1\n    why"), "{error}");
}

#[test]
fn a_reader_is_let_go_when_the_time_is_up() {
    let mut sleeping = Program::new("sleep", Duration::from_secs(1));
    let mut reading = sleeping.arg("1000").reading().expect("it starts");

    assert_eq!(reading.read(&mut [0]).expect("the end"), 0);

    let error = reading.finish().expect_err("it takes too long");
    assert_eq!(error.to_string(), "`sleep 1000` took longer than 1 s and was ended");
}
