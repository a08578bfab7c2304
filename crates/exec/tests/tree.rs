//! A limit, an end and a kill hold for all that a program has started.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use exec::Program;
use rustix::fs::FlockOperation;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use ui::Stop;

/// No test takes so long, on a machine however busy.
const EVER: Duration = Duration::from_mins(2);

/// Long enough for a shell to get ready, on a machine however busy.
const LIMIT: Duration = Duration::from_secs(5);

/// Starts a process that has neither our session nor a parent, holds the program's output open, and
/// never ends by itself. Its number is in the file `daemon`.
const DAEMON: &str = "(setsid sh -c 'echo $$ > new; mv new daemon; exec sleep 1000' &) &
    while [ ! -e daemon ]; do sleep 0.01; done";

/// A shell that runs this in a directory of its own.
struct Shell {
    directory: tempfile::TempDir,
    script: String,
}

impl Shell {
    fn new(script: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory to work in");
        Self { directory, script: script.to_owned() }
    }

    fn with_daemon(script: &str) -> Self {
        Self::new(&format!("{DAEMON}\n{script}"))
    }

    fn program(&self, limit: Duration) -> Program {
        let mut shell = Program::new("sh", limit);
        shell.args(["-c", &self.script]).current_dir(self.path());
        shell
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn daemon(&self) -> Pid {
        daemon(self.path())
    }
}

fn daemon(directory: &Path) -> Pid {
    let number = fs::read_to_string(directory.join("daemon")).expect("the daemon has started");
    number.trim().parse().ok().and_then(Pid::from_raw).expect("a number")
}

fn is_alive(process: Pid) -> bool {
    let status = format!("/proc/{}/stat", process.as_raw_nonzero());
    fs::read_to_string(status).is_ok_and(|status| !status.contains(") Z "))
}

fn wait_until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < EVER, "it does not come true");
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_process_that_has_left_its_session_and_its_parent_ends_at_the_limit() {
    let shell = Shell::with_daemon("sleep 1000");

    let error = shell.program(LIMIT).run().expect_err("it takes too long");

    assert!(error.to_string().ends_with("` took longer than 5 s and was ended"), "{error}");
    assert!(!is_alive(shell.daemon()));
}

#[test]
fn what_a_program_leaves_behind_ends_with_it() {
    let shell = Shell::with_daemon("echo done");

    let printed = shell.program(EVER).text().expect("it succeeds");

    assert_eq!(printed, "done");
    assert!(!is_alive(shell.daemon()));
}

#[test]
fn what_nobody_wants_any_more_ends() {
    let shell = Shell::with_daemon("sleep 1000");
    let running = shell.program(EVER).start().expect("it starts");
    wait_until(|| shell.path().join("daemon").exists());

    drop(running);

    assert!(!is_alive(shell.daemon()));
}

#[test]
fn a_program_is_asked_to_end_before_it_is_killed() {
    let shell = Shell::new("trap 'echo tidy > tidied; exit' TERM; sleep 1000 & wait");

    shell.program(LIMIT).run().expect_err("it takes too long");

    assert!(shell.path().join("tidied").exists());
}

#[test]
fn a_program_that_does_not_want_to_end_is_killed() {
    let shell = Shell::with_daemon("trap '' TERM INT HUP; while :; do sleep 1000; done");

    shell.program(LIMIT).run().expect_err("it takes too long");

    assert!(!is_alive(shell.daemon()));
}

#[test]
fn a_program_that_starts_others_again_and_again_is_ended_with_all_of_them() {
    let shell = Shell::new(
        "trap '' TERM
        again() { setsid sh -c 'while :; do sh -c \"echo $$ >> all; sleep 1000\" & sleep 0.02; done' & }
        again; again; sleep 1000",
    );

    shell.program(LIMIT).run().expect_err("it takes too long");

    let all = fs::read_to_string(shell.path().join("all")).expect("some were started");
    let all: Vec<_> =
        all.lines().filter_map(|number| Pid::from_raw(number.parse().ok()?)).collect();
    assert!(!all.is_empty());
    assert!(all.iter().all(|process| !is_alive(*process)));
}

#[test]
fn how_a_program_ended_is_told_as_it_was() {
    let status = |script: &str| {
        let running = Shell::new(script).program(EVER).stdout(Stdio::null()).start();
        running.expect("it starts").wait().expect("it ends")
    };

    assert_eq!(status("exit 0").code(), Some(0));
    assert_eq!(status("exit 7").code(), Some(7));
    assert_eq!(status("kill -TERM $$").signal(), Some(15));
    assert_eq!(status("kill -KILL $$").signal(), Some(9));
    assert_eq!(status("kill -SEGV $$").signal(), Some(11));
}

#[test]
fn a_program_runs_again_as_it_did_before() {
    let shell = Shell::new("echo again");
    let mut program = shell.program(EVER);

    assert_eq!(program.text().expect("it succeeds"), "again");
    assert_eq!(program.text().expect("it succeeds"), "again");
}

/// This test program once more, in a process group of its own, running what `victim` runs.
fn end_me(shell: &Shell) -> Child {
    let itself = std::env::current_exe().expect("this program");
    let child = Command::new(itself)
        .args(["victim", "--exact", "--ignored", "--nocapture"])
        .env("DIRECTORY", shell.path())
        .env("SCRIPT", &shell.script)
        .process_group(0)
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts again");
    wait_until(|| shell.path().join("daemon").exists());
    child
}

#[test]
#[ignore = "the tests run it in a process that they end"]
fn victim() {
    // The first Ctrl-C is ours to heed, as in every tool; who dies of it has the rest ended at once.
    Stop::default().listen().expect("signals can be heard");
    let directory = PathBuf::from(std::env::var_os("DIRECTORY").expect("a directory"));
    let lock = File::create(directory.join("lock")).expect("a lock");
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).expect("our turn");
    let mut shell = Program::new("sh", EVER);
    shell.args(["-c", &std::env::var("SCRIPT").expect("a script")]).current_dir(&directory);
    let _ = shell.hold(&lock).expect("it can be held").run();
}

#[test]
fn all_of_them_end_when_we_are_killed() {
    let shell = Shell::with_daemon("sleep 1000");
    let mut victim = end_me(&shell);

    victim.kill().expect("it runs");
    victim.wait().expect("it ends");

    wait_until(|| !is_alive(shell.daemon()));
}

#[test]
fn who_has_left_the_process_group_ends_even_when_all_of_the_group_are_killed() {
    let shell = Shell::with_daemon("sleep 1000");
    let mut victim = end_me(&shell);

    kill_process_group(Pid::from_child(&victim), Signal::KILL).expect("it runs");
    victim.wait().expect("it ends");

    wait_until(|| !is_alive(shell.daemon()));
}

#[test]
fn a_held_lock_is_free_only_when_the_last_process_has_ended() {
    let shell = Shell::with_daemon("trap '' TERM; echo set > trap; sleep 1000");
    let mut victim = end_me(&shell);
    wait_until(|| shell.path().join("trap").exists());
    let lock = File::open(shell.path().join("lock")).expect("a lock");
    let is_free = || rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();

    victim.kill().expect("it runs");
    victim.wait().expect("it ends");

    assert!(!is_free(), "the program is still being ended");
    wait_until(is_free);
    assert!(!is_alive(shell.daemon()));
}

#[test]
fn ctrl_c_reaches_the_program_and_ends_the_rest() {
    let shell = Shell::with_daemon(
        "trap 'echo heard > heard; exit 130' INT; echo set > trap; sleep 1000 & wait",
    );
    let mut victim = end_me(&shell);
    wait_until(|| shell.path().join("trap").exists());

    let group = Pid::from_child(&victim);
    kill_process_group(group, Signal::INT).expect("it runs");
    victim.wait().expect("it ends");

    assert!(shell.path().join("heard").exists());
    assert!(!is_alive(shell.daemon()));
}

/// Where no shell of the same session is around it, the system hangs up on a process group with a
/// stopped member as soon as the last process goes whose parent is in another group.
#[test]
fn the_end_of_a_program_hangs_up_on_nobody() {
    let itself = std::env::current_exe().expect("this program");
    let status = Command::new("setsid")
        .arg("--wait")
        .arg(itself)
        .args(["with_a_stopped_neighbour", "--exact", "--ignored"])
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("it starts").success());
}

#[test]
#[ignore = "a test runs it in a session of its own"]
fn with_a_stopped_neighbour() {
    let mut neighbour = Command::new("sleep").arg("1000").spawn().expect("it starts");
    let id = Pid::from_child(&neighbour);
    kill_process(id, Signal::STOP).expect("it runs");
    let status = format!("/proc/{}/stat", id.as_raw_nonzero());
    wait_until(|| fs::read_to_string(&status).is_ok_and(|status| status.contains(") T ")));

    Program::new("true", EVER).run().expect("it succeeds");

    neighbour.kill().expect("it is still there");
    neighbour.wait().expect("it ends");
}

#[test]
fn the_program_ends_when_somebody_kills_the_process_between() {
    let shell = Shell::new("echo $$ > new; mv new daemon; exec sleep 1000");
    let running = shell.program(EVER).start().expect("it starts");
    wait_until(|| shell.path().join("daemon").exists());
    let program = shell.daemon();
    let status = fs::read_to_string(format!("/proc/{}/stat", program.as_raw_nonzero()));
    let status = status.expect("it runs");
    let parent = status.split_whitespace().nth(3).expect("its parent");
    let parent = parent.parse().ok().and_then(Pid::from_raw).expect("a number");

    kill_process(parent, Signal::KILL).expect("it is ours");

    assert_eq!(running.wait().expect("it ends").signal(), Some(9));
    wait_until(|| !is_alive(program));
}
