//! A program under strace, which kills it, makes a call fail or stops it at a chosen system call.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A system call of the main thread: the name and which of that name it is, counted from 1 as
/// strace counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// As in its manual page.
    pub name: String,
    /// From 1.
    pub number: usize,
}

/// What happens at a call.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Killed before the call is made. After a call is before the next one: in between nothing
    /// changes.
    Kill,
    /// The call is not made and returns this error.
    Error(&'static str),
    /// The call is made, with this signal.
    Signal(&'static str),
}

/// Calls that change what a name stands for.
const RENAMING: &[&str] = &[
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "rmdir",
    "symlink",
    "symlinkat",
    "mkdir",
    "mkdirat",
];

/// Other calls without which nothing on the disk would change.
const CHANGING: &[&str] = &[
    "fsync",
    "fdatasync",
    "syncfs",
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "sendfile",
    "copy_file_range",
    "ftruncate",
    "truncate",
    "fallocate",
    "ioctl",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "utimensat",
    "fsetxattr",
    "fremovexattr",
    "fcntl",
    "flock",
];

/// Calls besides that may fail on a real disk.
const READING: &[&str] = &[
    "open",
    "openat",
    "openat2",
    "read",
    "pread64",
    "statx",
    "fstat",
    "newfstatat",
    "readlink",
    "readlinkat",
    "getdents64",
    "flistxattr",
    "fgetxattr",
];

/// Calls that are made or not as threads happen to meet: the first of them in one run is no moment of
/// another.
const BY_CHANCE: &[&str] = &["futex", "sched_yield", "restart_syscall"];

impl Call {
    /// Whether it stands for the same moment in every run.
    #[must_use]
    pub fn is_a_moment(&self) -> bool {
        !BY_CHANCE.contains(&&*self.name)
    }

    /// Whether something on the disk may change by it.
    #[must_use]
    pub fn is_changing(&self) -> bool {
        self.is_renaming() || CHANGING.contains(&&*self.name)
    }

    /// Whether it changes what a name stands for.
    #[must_use]
    pub fn is_renaming(&self) -> bool {
        RENAMING.contains(&&*self.name)
    }

    /// Whether a disk can make it fail.
    #[must_use]
    pub fn may_fail(&self) -> bool {
        self.is_changing() || READING.contains(&&*self.name)
    }
}

/// Why nothing can be traced here; None where it can.
#[must_use]
pub fn why_not() -> Option<&'static str> {
    let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    match traced {
        Ok(output) if output.status.success() => None,
        Ok(_) => Some("strace may not trace programs here"),
        Err(_) => Some("`strace` is not installed"),
    }
}

/// A command that is going to run under strace.
pub struct Traced<'a> {
    command: Command,
    trace: PathBuf,
    /// Calls that always fail, and how.
    never: &'a [(&'a str, &'a str)],
    faults: Vec<String>,
}

impl<'a> Traced<'a> {
    /// `trace` is where strace may write what it sees.
    #[must_use]
    pub fn new(command: Command, trace: PathBuf, never: &'a [(&'a str, &'a str)]) -> Self {
        Self { command, trace, never, faults: Vec::new() }
    }

    /// Lets something happen at a call.
    #[must_use]
    pub fn with(mut self, call: &Call, fault: Fault) -> Self {
        let what = match fault {
            Fault::Kill => "signal=KILL".to_owned(),
            Fault::Error(error) => format!("error={error}"),
            Fault::Signal(signal) => format!("signal={signal}"),
        };
        self.faults.push(format!("inject={}:{what}:when={}", call.name, call.number));
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// Where strace does not start, as all of these do.
    #[must_use]
    pub fn output(&self) -> Output {
        self.under_strace().output().expect("strace starts")
    }

    /// Runs it undisturbed; what it printed, and all its calls that are moments.
    ///
    /// # Panics
    /// Where strace writes nothing.
    #[must_use]
    pub fn calls(&self) -> (Output, Vec<Call>) {
        let output = self.output();
        let trace = fs::read_to_string(&self.trace).expect("what strace wrote");
        let mut counts = BTreeMap::new();
        let mut calls = Vec::new();
        for line in trace.lines() {
            let Some((name, _)) = line.split_once('(') else { continue };
            if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                continue;
            }
            let number = counts.entry(name).and_modify(|count| *count += 1).or_insert(1);
            calls.extend(
                Some(Call { name: name.to_owned(), number: *number }).filter(Call::is_a_moment),
            );
        }
        (output, calls)
    }

    /// Runs it, stops it when a call has been made, lets something happen, and goes on. None where
    /// the call was not made.
    ///
    /// # Panics
    /// Where it does not stop within a minute.
    pub fn stopped_at(self, call: &Call, happens: impl FnOnce()) -> Option<Output> {
        fs::write(&self.trace, "").expect("a place for the trace");
        let stopping = self.with(call, Fault::Signal("STOP"));
        let mut command = stopping.under_strace();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut strace = command.spawn().expect("strace starts");
        if !stopping.wait_for_stop(&mut strace, call) {
            return None;
        }
        happens();
        let children = format!("/proc/{0}/task/{0}/children", strace.id());
        for child in fs::read_to_string(children).expect("strace has a child").split_whitespace() {
            let child = child.parse().ok().and_then(Pid::from_raw).expect("a process's number");
            kill_process(child, Signal::CONT).expect("it goes on");
        }
        Some(strace.wait_with_output().expect("it ends"))
    }

    fn wait_for_stop(&self, strace: &mut Child, call: &Call) -> bool {
        let start = Instant::now();
        loop {
            let trace = fs::read(&self.trace).expect("the trace");
            if String::from_utf8_lossy(&trace).contains("--- stopped by SIGSTOP") {
                return true;
            }
            if strace.try_wait().expect("the state of strace").is_some() {
                return false;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "it does not stop at {call:?}");
            sleep(Duration::from_millis(1));
        }
    }

    fn under_strace(&self) -> Command {
        let mut command = Command::new("strace");
        command.arg("-o").arg(&self.trace);
        for (call, error) in self.never {
            command.args(["-e", &format!("inject={call}:error={error}")]);
        }
        for fault in &self.faults {
            command.args(["-e", fault]);
        }
        command.arg("--").arg(self.command.get_program()).args(self.command.get_args());
        command.env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        for (name, value) in self.command.get_envs() {
            value.map(|value| command.env(name, value));
        }
        if let Some(directory) = self.command.get_current_dir() {
            command.current_dir(directory);
        }
        command
    }
}
