//! Watches processes and notes which paths they name, before the kernel looks at them.
//!
//! ptrace(2) with a seccomp filter: only the calls of [`filter`] stop a process.

#![allow(
    unsafe_code,
    reason = "ptrace and waitpid have no safe form that knows every signal; each call says why it \
              is sound"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::Bytes;
use nix::sys::ptrace::{self, Options};
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;

use super::filter::{self, Named};
use super::observed::Use;

/// What `at` calls take for the current directory.
const CURRENT_DIRECTORY: i32 = libc::AT_FDCWD;
/// As many paths as a test may name; then it has read a whole disk, and the rest is not noted.
const MOST_PATHS: usize = 4_000_000;

/// A watcher of processes, and what it noted.
pub(super) struct Tracer {
    proc: PathBuf,
    pub(super) used: BTreeMap<Bytes, Use>,
    pub(super) listed: BTreeSet<Bytes>,
    pub(super) reached_for: BTreeSet<String>,
}

/// How processes ended: what waitpid(2) says, by process number.
pub(super) type Statuses = BTreeMap<i32, i32>;

impl Tracer {
    /// A tracer that finds processes in this `/proc`.
    pub(super) fn of(proc: PathBuf) -> Self {
        Self { proc, used: BTreeMap::new(), listed: BTreeSet::new(), reached_for: BTreeSet::new() }
    }

    /// Begins to watch a process and all that it will start.
    pub(super) fn seize(process: Pid) -> Result<()> {
        let options = Options::PTRACE_O_TRACESECCOMP
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_EXITKILL;
        ptrace::seize(process, options).context("cannot trace the command")
    }

    /// Watches until a process has ended.
    pub(super) fn until_ended(&mut self, awaited: Pid) -> Result<Statuses> {
        let mut statuses = Statuses::new();
        while !statuses.contains_key(&awaited.as_raw()) && self.one_event(&mut statuses)? {}
        Ok(statuses)
    }

    /// Watches until no process is left.
    pub(super) fn until_none_is_left(&mut self, statuses: &mut Statuses) -> Result<()> {
        while self.one_event(statuses)? {}
        Ok(())
    }

    /// Waits for one event and lets the process go on; `false` when no process is left.
    fn one_event(&mut self, statuses: &mut Statuses) -> Result<bool> {
        let mut status = 0;
        // SAFETY: `status` is ours and lives longer than the call.
        let process = unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL) };
        if process < 0 {
            let error = io::Error::last_os_error();
            return match error.raw_os_error() {
                Some(libc::ECHILD) => Ok(false),
                Some(libc::EINTR) => Ok(true),
                _ => Err(error).context("cannot wait for a process"),
            };
        }
        if !libc::WIFSTOPPED(status) {
            statuses.insert(process, status);
            return Ok(true);
        }
        let (event, signal) = (status >> 16, libc::WSTOPSIG(status));
        match event {
            0 => go_on(process, signal),
            libc::PTRACE_EVENT_SECCOMP => {
                self.note(Pid::from_raw(process));
                go_on(process, 0);
            }
            libc::PTRACE_EVENT_STOP if is_group_stop(signal) => listen(process),
            _ => go_on(process, 0),
        }
        Ok(true)
    }

    /// Notes what a process that stands at a system call names. A process may be killed at any
    /// moment: then there is nothing to note.
    fn note(&mut self, process: Pid) {
        let Ok(info) = ptrace::syscall_info(process) else {
            return;
        };
        if info.op != libc::PTRACE_SYSCALL_INFO_SECCOMP {
            return;
        }
        // SAFETY: `op` says that this is the part that the kernel filled.
        let call = unsafe { info.u.seccomp };
        let number = i64::try_from(call.nr).unwrap_or(-1);
        for named in filter::named(info.arch, number) {
            match named {
                Named::Path { directory, path, mut what_for, flags } => {
                    let nofollow = u64::try_from(libc::AT_SYMLINK_NOFOLLOW).expect("a flag");
                    if flags.is_some_and(|flags| call.args[flags] & nofollow != 0) {
                        what_for = Use::LookedAtLink;
                    }
                    let directory = directory
                        .map_or(CURRENT_DIRECTORY, |argument| descriptor(call.args[argument]));
                    self.note_path(process, directory, call.args[path], what_for);
                }
                Named::Listing(argument) => {
                    let link = format!("fd/{}", descriptor(call.args[argument]));
                    if let Some(path) = self.link(process, &link) {
                        self.listed.insert(Bytes::of(&path));
                    }
                }
                Named::Address(place, length) => {
                    if let Some(address) =
                        read_address(process, call.args[place], call.args[length])
                    {
                        self.reached_for.insert(address);
                    }
                }
            }
        }
    }

    fn note_path(&mut self, process: Pid, directory: i32, address: u64, what_for: Use) {
        let Some(text) = read_text(process, address) else {
            return;
        };
        let path = Path::new(std::ffi::OsStr::from_bytes(&text));
        let mut full = PathBuf::from("/");
        if let Some(root) = self.link(process, "root") {
            full.push(root);
        }
        if path.is_absolute() {
            full.push(path.strip_prefix("/").unwrap_or(path));
        } else {
            let link = if directory == CURRENT_DIRECTORY {
                "cwd".to_owned()
            } else {
                format!("fd/{directory}")
            };
            let Some(base) = self.link(process, &link) else {
                return;
            };
            full = base;
            if !text.is_empty() {
                full.push(path);
            }
        }
        if self.used.len() < MOST_PATHS {
            let noted = self.used.entry(Bytes::of(&full)).or_insert(what_for);
            *noted = (*noted).max(what_for);
        }
    }

    /// What a link of a process in `/proc` says.
    fn link(&self, process: Pid, name: &str) -> Option<PathBuf> {
        let path = fs::read_link(self.proc.join(process.to_string()).join(name)).ok()?;
        path.is_absolute().then_some(path)
    }
}

fn descriptor(argument: u64) -> i32 {
    // The kernel takes the lower half of the register, and so do we.
    i32::from_ne_bytes(u32::try_from(argument & 0xffff_ffff).expect("half a word").to_ne_bytes())
}

fn is_group_stop(signal: i32) -> bool {
    matches!(signal, libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU)
}

fn go_on(process: i32, signal: i32) {
    // SAFETY: PTRACE_CONT takes no address; a process that is gone gives an error, which is right.
    unsafe { libc::ptrace(libc::PTRACE_CONT, process, 0, signal) };
}

fn listen(process: i32) {
    // SAFETY: PTRACE_LISTEN takes neither an address nor data.
    unsafe { libc::ptrace(libc::PTRACE_LISTEN, process, 0, 0) };
}

/// Reads a text that ends in a zero byte, page by page, for the next page may not be there.
fn read_text(process: Pid, address: u64) -> Option<Vec<u8>> {
    const PAGE: usize = 4096;
    let mut text = Vec::new();
    let mut at = usize::try_from(address).ok().filter(|address| *address != 0)?;
    while text.len() <= PAGE {
        let part = read_memory(process, at, PAGE - at % PAGE)?;
        if let Some(end) = part.iter().position(|byte| *byte == 0) {
            text.extend_from_slice(&part[..end]);
            return Some(text);
        }
        at += part.len();
        text.extend(part);
    }
    None
}

fn read_memory(process: Pid, base: usize, length: usize) -> Option<Vec<u8>> {
    let mut part = vec![0; length];
    let mut local = [io::IoSliceMut::new(&mut part)];
    let read = process_vm_readv(process, &mut local, &[RemoteIoVec { base, len: length }]).ok()?;
    part.truncate(read);
    (read > 0).then_some(part)
}

/// The address of a socket that lies beyond this machine: `sockaddr_in` and `sockaddr_in6`.
fn read_address(process: Pid, place: u64, length: u64) -> Option<String> {
    let place = usize::try_from(place).ok().filter(|place| *place != 0)?;
    let length = usize::try_from(length).ok().filter(|length| (16..=128).contains(length))?;
    let bytes = read_memory(process, place, length)?;
    let family = i32::from(u16::from_ne_bytes([*bytes.first()?, *bytes.get(1)?]));
    let address: IpAddr = match family {
        libc::AF_INET => <[u8; 4]>::try_from(bytes.get(4..8)?).map(Ipv4Addr::from).ok()?.into(),
        libc::AF_INET6 => <[u8; 16]>::try_from(bytes.get(8..24)?).map(Ipv6Addr::from).ok()?.into(),
        _ => return None,
    };
    let here = address.is_loopback() || address.is_unspecified();
    (!here).then(|| address.to_string())
}
