//! Boots a small system in QEMU: its console, its screen, its keyboard, its clock, and all ways in
//! which a boot can go wrong.

mod support;

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use expect_test::expect;
use serde_json::{Value, json};

use support::{Image, Said, WORDS};

/// Nothing but the prompt is promised.
fn nothing() -> Value {
    json!({})
}

fn lines_without_times(said: &Said) -> String {
    let kept = said.out.lines().filter(|line| !line.starts_with("boot to the prompt"));
    kept.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_command_is_run_and_tiny_ends_as_it_did() {
    let image = Image::new(WORDS, &nothing());
    let said = image.tiny("shell", &["-c", "echo a  b"]);
    assert_eq!((said.out.as_str(), said.error.as_str(), said.code), ("a  b\n", "", Some(0)));
    assert_eq!(image.tiny("shell", &["-c", "exit 3"]).code, Some(3));
    // The line editor of the board wraps what is typed: that is no output.
    let long = "x".repeat(500);
    let said = image.tiny("shell", &["-c", &format!("echo {long}")]);
    assert_eq!(said.out, format!("{long}\n"));
}

#[test]
fn the_console_of_run_is_the_terminal() {
    let image = Image::new("stop", &nothing());
    // What the board says before it resets itself again and again; a pipe is closed to end it.
    let mut child = image
        .command("run", &[])
        .env("TMPDIR", image.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tiny runs");
    let mut line = String::new();
    let out = child.stdout.take().expect("a pipe");
    std::io::BufRead::read_line(&mut BufReader::new(out), &mut line).expect("a line");
    child.kill().expect("tiny is ended");
    child.wait().expect("tiny has ended");
    assert_eq!(line, "a board of the tests\r\n");
}

#[test]
fn the_command_line_can_be_printed() {
    let image = Image::without_tree("console=ttyAMA0 quiet", &nothing());
    let said = image.tiny("run", &["--print-command", "--memory", "8M"]);
    expect![[r#"
        qemu-system-arm -M versatilepb -audiodev 'none,id=silence' -global 'pl041.audiodev=silence' -m 8M -kernel board.img -append 'console=ttyAMA0 quiet' -nic none -serial mon:stdio -display none
    "#]]
    .assert_eq(&said.out);
    assert_eq!(image.tiny("run", &["--memory", "16MB"]).code, Some(2));
}

#[test]
fn a_screenshot_waits_until_something_is_drawn() {
    let image = Image::new(WORDS, &nothing());
    let said = image.tiny("screenshot", &["--command", "draw", "-o", "drawn.png"]);
    assert_eq!((said.error.as_str(), said.code), ("", Some(0)));
    let (size, pixels) = read_png(&image.folder().join("drawn.png"));
    assert_eq!(size, (320, 240));
    assert_eq!(pixels[(20 * 320 + 10) * 3..][..3], [10, 20, 0x40]);
}

fn read_png(path: &Path) -> ((u32, u32), Vec<u8>) {
    let file = BufReader::new(File::open(path).expect("a picture"));
    let mut reader = png::Decoder::new(file).read_info().expect("a picture");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let frame = reader.next_frame(&mut pixels).expect("a picture");
    ((frame.width, frame.height), pixels)
}

#[test]
fn what_is_promised_is_proven() {
    let promises = json!({
        "command": [
            { "run": "words", "prints": WORDS },
            { "run": "noisy", "contains": "4" },
            { "run": "exit 3", "code": 3 },
        ],
        "picture": [
            { "run": "draw", "colours": 1000, "marks": [{ "at": [10, 20], "colour": "#0a1440" }] },
            { "run": "move", "moves": true },
        ],
        "input": [{
            "run": "hear", "ready": "listening",
            "send": ["key a", "move 20 10", "button left"],
            "prints": ["key 1c", "key f0", "mouse 09"],
        }],
        "instructions": {
            "userspace": { "start": "true", "prints": "well", "at-most": 10_000_000 },
            "picture": { "start": "draw now", "prints": "well" },
        },
    });
    let image = Image::new(WORDS, &promises);
    let said = image.tiny("check", &["--boots", "2", "--pictures", "pictures"]);
    let shown = lines_without_times(&said);
    let (proofs, figures) = shown.split_once("instructions to userspace: ").expect("figures");
    expect![[r#"
        board.img: board on versatile-pb with 16M of memory
          kept    boots to the prompt
          kept    `words` prints "told in the tree"
          kept    `noisy` prints …"4"…
          kept    `exit 3` ends with 3
          kept    `draw` draws
          kept    `draw` has #0a1440 at 10, 20
          kept    `move` moves
          kept    `hear` hears key a, move 20 10, button left
          kept    the instructions to userspace are the same twice
          kept    at most 10,000,000 instructions to userspace
          kept    the instructions to picture are the same twice
    "#]]
    .assert_eq(proofs);
    assert!(figures.ends_with("11 of 11 promises are kept\n"), "{figures}");
    assert_eq!((said.error.as_str(), said.code), ("", Some(0)));
    assert_eq!(read_png(&image.folder().join("pictures/1-draw.png")).0, (320, 240));
}

#[test]
fn instructions_are_counted_as_the_board_executes_them() {
    let promises = json!({ "instructions": { "userspace": { "start": "true" } } });
    let image = Image::without_tree(WORDS, &promises);
    let said = image.tiny("check", &["--boots", "0", "--format", "json"]);
    let document: Value = serde_json::from_str(&said.out).expect("a document");
    // A million rounds of six instructions; the compiler's next version may need one more or less.
    let count = document["instructions"][0]["count"].as_u64().expect("a count");
    assert!((4_000_000..9_000_000).contains(&count), "{count}");
    assert_eq!((&document["tool"], &document["format"]), (&json!("tiny"), &json!(1)));
}

#[test]
fn what_is_not_kept_is_shown_with_what_was_seen() {
    let promises = json!({
        "command": [
            { "run": "echo 41", "prints": "42" },
            { "run": "nosuch" },
        ],
        "picture": [
            { "run": "draw", "colours": 1_000_000, "marks": [
                { "at": [10, 20], "colour": "#ff0000" }, { "at": [320, 0], "colour": "#ff0000" },
            ]},
            { "run": "nosuch" },
            { "run": "draw", "moves": true },
        ],
        "input": [{ "run": "hear", "ready": "never", "send": ["key a"], "prints": "key 1c" }],
        "instructions": {
            "userspace": { "start": "bad", "prints": "well" },
            "picture": { "start": "true" },
        },
    });
    let image = Image::new(WORDS, &promises);
    let said = image.tiny("check", &["--boots", "0", "--limit", "8"]);
    expect![[r#"
        board.img: board on versatile-pb with 16M of memory
          kept    boots to the prompt
          BROKEN  `echo 41` prints "42"
                  expected: "42" and exit code 0
                  seen: "41" and 0
          BROKEN  `nosuch` ends with 0
                  expected: exit code 0
                  seen: "not found" and 127
          BROKEN  `draw` draws
                  expected: a picture of at least 1000000 colours
                  seen: 320×240 pixels of 61440 colours
          BROKEN  `draw` has #ff0000 at 10, 20
                  expected: #ff0000 within 8
                  seen: #0a1440
          BROKEN  `draw` has #ff0000 at 320, 0
                  expected: #ff0000
                  seen: a picture of 320×240, which has no such place
          BROKEN  `nosuch` draws
                  expected: a picture of at least 2 colours
                  seen: the command ended with 127: not found; 640×480 pixels of 2 colours
          BROKEN  `draw` moves
                  expected: a picture of at least 2 colours
                  seen: it did not move; 320×240 pixels of 61440 colours
          BROKEN  `hear` hears key a
                  expected: "never"
                  seen: it took too long, after "listening\nmouse fa"
          BROKEN  `bad` runs as the first program
                  expected: that it ends well
                  seen: it did not print "well": bad
          BROKEN  `true` runs as the first program
                  expected: that it ends well
                  seen: nothing was drawn
        1 of 11 promises are kept
    "#]]
    .assert_eq(&said.out);
    assert_eq!(said.code, Some(1));
}

#[test]
fn the_least_memory_is_found() {
    // The board wants three megabytes, and learns from the boot loader how many it has.
    let promises = json!({
        "picture": [{ "run": "draw" }],
        "least-memory": { "shell": "3M", "picture": "2M" },
    });
    let image = Image::without_tree(WORDS, &promises);
    image.change(|manifest| manifest["memory"] = json!(6 << 20));
    let said = image.tiny("check", &["--boots", "1", "--least-memory"]);
    expect![[r#"
        board.img: board on versatile-pb with 6M of memory
          kept    boots to the prompt
          kept    `draw` draws
          kept    3M of memory is enough for a shell
          BROKEN  2M of memory is enough for a picture
                  expected: 2M
                  seen: 3M
        least memory for a shell: 3M
        least memory for a picture: 3M
        3 of 4 promises are kept
    "#]]
    .assert_eq(&lines_without_times(&said));
    assert_eq!(said.code, Some(1));
}

#[test]
fn a_boot_that_fails_says_how_and_what_to_look_at() {
    let failure = |words: &str| {
        let said = Image::new(words, &nothing()).tiny("check", &["--limit", "5"]);
        assert_eq!((said.error.as_str(), said.code), ("", Some(1)));
        said.out
    };
    expect![[r#"
        board.img: board on versatile-pb with 16M of memory
          BROKEN  boots to the prompt
                  expected: a prompt
                  seen: the console said nothing at all: it took too long
                  hint: look at the memory (an image needs room to unpack), at `console=` on the command line, and at the driver of the console in the kernel
        0 of 1 promises are kept
    "#]].assert_eq(&failure("silent"));
    expect![[r#"
        board.img: board on versatile-pb with 16M of memory
          BROKEN  boots to the prompt
                  expected: a prompt
                  seen: the kernel panicked: Kernel panic - not syncing: No working init found.
                  | a board of the tests
                  | VFS: no root
                  | Kernel panic - not syncing: No working init found.
                  hint: the lines before the panic say what the kernel lacked: memory, a driver, or the first program
        0 of 1 promises are kept
    "#]].assert_eq(&failure("panic"));
    expect![[r#"
        board.img: board on versatile-pb with 16M of memory
          BROKEN  boots to the prompt
                  expected: a prompt
                  seen: the console said something, but no prompt: it took too long
                  | a board of the tests
                  hint: look at what runs at start, and whether the recipe's `prompt` is the one that the shell shows
        0 of 1 promises are kept
    "#]].assert_eq(&failure("promptless"));
    expect![[r#"
        board.img: board on versatile-pb with 16M of memory
          BROKEN  boots to the prompt
                  expected: a prompt
                  seen: the machine stopped itself before there was a prompt
                  | a board of the tests
                  hint: look at the first program: it ended, or started the machine again
        0 of 1 promises are kept
    "#]]
    .assert_eq(&failure("stop"));
}

#[test]
fn a_machine_that_never_stops_talking_is_given_up() {
    let image = Image::new("endless", &nothing());
    let said = image.tiny("check", &["--limit", "5"]);
    assert!(said.out.contains("the console said something, but no prompt"), "{}", said.out);
    assert!(said.out.len() < 4_000, "{}", said.out.len());

    let image = Image::new(WORDS, &nothing());
    let said = image.tiny("shell", &["-c", "endless", "--limit", "60"]);
    expect![[r#"
        tiny: cannot see the end of `endless`
          because: it printed more than 256 KiB
    "#]]
    .assert_eq(&said.error);
}

#[test]
fn a_board_that_qemu_does_not_have_is_told_from_an_image_that_does_not_boot() {
    let image = Image::new(WORDS, &nothing());
    image.change(|manifest| manifest["machine"]["arguments"] = json!(["-M", "nosuch"]));
    let said = image.tiny("shell", &["-c", "words"]);
    assert!(said.error.contains("QEMU did not start"), "{}", said.error);
    assert!(said.error.contains("it is QEMU that refuses"), "{}", said.error);

    image.change(|manifest| manifest["machine"]["program"] = json!("qemu-system-nosuch"));
    let said = image.tiny("shell", &["-c", "words"]);
    expect![[r#"
        tiny: cannot boot `board.img` to its prompt
          because: cannot run `qemu-system-nosuch`
          because: no such program is installed
          hint: apt-get install qemu-system-arm
    "#]]
    .assert_eq(&said.error);
    assert_eq!(said.code, Some(2));
}

#[test]
fn no_machine_is_left_over_however_tiny_ends() {
    for signal in ["-TERM", "-KILL"] {
        let image = Image::new(WORDS, &nothing());
        let mut command = image.command("shell", &["-c", "hang"]);
        let scratch = image.folder().join("scratch");
        fs::create_dir(&scratch).expect("a folder");
        command.env("TMPDIR", &scratch).stdin(Stdio::null());
        let mut tiny = command.spawn().expect("tiny runs");
        let id = tiny.id().to_string();
        let machine = wait_for(|| child_of(&child_of(&id)?));
        let status = Command::new("kill").args([signal, &id]).status().expect("kill runs");
        assert!(status.success());
        tiny.wait().expect("tiny has ended");
        wait_for(|| (!is_alive(&machine)).then_some(()));
        if signal == "-TERM" {
            assert_eq!(fs::read_dir(&scratch).expect("a folder").count(), 0);
        }
    }
}

/// The first process that a process has started: of tiny the keeper, of the keeper the machine.
fn child_of(process: &str) -> Option<String> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).ok()?;
    children.split_whitespace().next().map(str::to_owned)
}

/// Whether a process runs: one that has ended and waits for its parent does not.
fn is_alive(process: &str) -> bool {
    fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn wait_for<T>(look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it did not come in time");
        thread::sleep(Duration::from_millis(20));
    }
}
