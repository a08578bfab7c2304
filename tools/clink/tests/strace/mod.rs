//! clink under strace, which kills it, makes a call fail or stops it at a chosen system call.

#![allow(dead_code, reason = "every test file uses its part")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use testkit::{can, has};

use crate::support::{Run, Tree};

/// A system call of the main thread, which is the one that changes things: the name and which of
/// that name it is, counted from 1 as strace counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) number: usize,
}

/// What happens at a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Killed before the call is made. After a call is before the next one: in between nothing
    /// changes.
    Kill,
    /// The call is not made and returns this error.
    Error(&'static str),
    /// The call is made, with this signal.
    Signal(&'static str),
}

/// Calls without which nothing on the disk would change.
const CHANGING: &[&str] = &[
    "symlinkat",
    "linkat",
    "rename",
    "renameat",
    "renameat2",
    "unlinkat",
    "mkdirat",
    "fsync",
    "fdatasync",
    "write",
    "ioctl",
    "fchmod",
    "utimensat",
];

impl Call {
    pub(crate) fn is_changing(&self) -> bool {
        CHANGING.contains(&&*self.name)
    }
}

/// Whether a program may be traced here; says so if not.
pub(crate) fn is_possible() -> bool {
    let traced = || Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    let works = || traced().is_ok_and(|output| output.status.success());
    has("strace") && can(works(), "strace may not trace programs here")
}

/// All calls that clink makes from its lock on; it changes nothing before.
pub(crate) fn calls(tree: &Tree, arguments: &[&str]) -> Vec<Call> {
    let trace = tree.home().join("trace");
    let output = under_strace(tree, arguments, &[]).output().expect("strace starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let trace = fs::read_to_string(trace).expect("what strace wrote");
    let mut counts = BTreeMap::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let Some((name, _)) = line.split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let number = counts.entry(name).and_modify(|count| *count += 1).or_insert(1);
        calls.push(Call { name: name.to_owned(), number: *number });
    }
    let lock = calls.iter().position(|call| call.name == "flock").expect("clink takes its lock");
    calls.split_off(lock)
}

/// The calls that a test tries: those that change something, and every fifth of the others; all
/// of them in a full test.
pub(crate) fn chosen(calls: Vec<Call>) -> Vec<Call> {
    let all = testkit::is_full();
    let chosen = |(index, call): &(usize, Call)| all || call.is_changing() || index % 5 == 0;
    calls.into_iter().enumerate().filter(chosen).map(|(_, call)| call).collect()
}

/// Runs clink in the tree with a fault at one call.
pub(crate) fn run(tree: &Tree, arguments: &[&str], call: &Call, fault: Fault) -> Run {
    let inject = inject(call, fault);
    Run::of(&under_strace(tree, arguments, &["-e", &inject]).output().expect("strace starts"))
}

/// Runs clink in the tree, stops it when a call has been made, lets something happen, and goes on.
/// None where the call was not made.
pub(crate) fn interrupted(
    tree: &Tree,
    arguments: &[&str],
    call: &Call,
    happens: impl FnOnce(),
) -> Option<Run> {
    let trace = tree.home().join("trace");
    fs::write(&trace, "").expect("a place for the trace");
    let inject = inject(call, Fault::Signal("STOP"));
    let mut command = under_strace(tree, arguments, &["-e", &inject]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut strace = command.spawn().expect("strace starts");
    let start = Instant::now();
    loop {
        if fs::read_to_string(&trace).expect("the trace").contains("--- stopped by SIGSTOP") {
            break;
        }
        if strace.try_wait().expect("the state of strace").is_some() {
            return None;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "clink does not stop at {call:?}");
        sleep(Duration::from_millis(2));
    }
    happens();
    let children = format!("/proc/{0}/task/{0}/children", strace.id());
    for child in fs::read_to_string(children).expect("strace has a child").split_whitespace() {
        let child = child.parse().ok().and_then(Pid::from_raw).expect("the number of a process");
        kill_process(child, Signal::CONT).expect("clink goes on");
    }
    Some(Run::of(&strace.wait_with_output().expect("clink ends")))
}

/// Everything that can be read in the tree, without what an interrupted run leaves under names of
/// its own.
pub(crate) fn readable(tree: &Tree) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut contents = tree.contents();
    contents.retain(|path, _| !is_leftover(path));
    contents
}

/// What an interrupted run has left in the tree.
pub(crate) fn leftovers(tree: &Tree) -> Vec<PathBuf> {
    tree.entries().into_keys().filter(|path| is_leftover(path)).collect()
}

fn is_leftover(path: &Path) -> bool {
    path.iter().any(|name| name.as_encoded_bytes().starts_with(b".etabli"))
}

fn inject(call: &Call, fault: Fault) -> String {
    let what = match fault {
        Fault::Kill => "signal=KILL".to_owned(),
        Fault::Error(error) => format!("error={error}"),
        Fault::Signal(signal) => format!("signal={signal}"),
    };
    format!("inject={}:{what}:when={}", call.name, call.number)
}

fn under_strace(tree: &Tree, arguments: &[&str], options: &[&str]) -> Command {
    let clink = tree.command(arguments);
    let mut command = Command::new("strace");
    command.arg("-o").arg(tree.home().join("trace")).args(options);
    command.arg("--").arg(clink.get_program()).args(clink.get_args());
    command.current_dir(tree.root()).env_clear().stdin(Stdio::null());
    command.env("HOME", tree.home()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}
