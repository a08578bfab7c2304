//! What the programs that build see of this machine: an environment made from nothing.
//!
//! `CPATH` adds headers, `LIBRARY_PATH` libraries, `CFLAGS`, `KAFLAGS`, `XZ_OPT` or `GCC_EXEC_PREFIX`
//! change what comes out, and what came out is kept. Nobody can list all such names, so none is passed
//! on: neither what the user's own builds are told, nor the language, the time zone, the order of the
//! directories with programs, or what new files may be.
//!
//! What we start gets a signal when we end. What goes on all the same holds the lock of the place that
//! it works in (`store`).
//!
//! Proof: `tests/surroundings.rs::a_poisoned_host_gives_the_same_bits`

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::Mode;
use rustix::process::Signal;

use crate::command::command;

/// Where Debian installs programs, and nobody else does.
const PROGRAMS: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// What every program of a build is told. Nobody's home is there, so nobody's settings are read.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("HOME", "/nonexistent"),
    ("LC_ALL", "C"),
    ("PATH", PROGRAMS),
    ("SOURCE_DATE_EPOCH", "0"),
    ("TZ", "UTC"),
];

/// A program of this machine that a build runs.
pub(crate) fn tool(program: impl AsRef<OsStr>) -> Command {
    let mut command = command(program);
    command.env_clear().envs(ENVIRONMENT);
    // Where scratch files go changes no bit, and the usual place may be too small.
    if let Some(scratch) = env::var_os("TMPDIR") {
        command.env("TMPDIR", scratch);
    }
    // `make` hands this signal on to those that it has started, and removes what is half done.
    tie_to_us(&mut command);
    command
}

/// Has the process of a command asked to end when the thread that starts it ends, however it ends.
#[expect(unsafe_code, reason = "only between fork and exec can a process be tied to its parent")]
fn tie_to_us(command: &mut Command) {
    let us = rustix::process::getpid();
    // SAFETY: both are single system calls without locks or memory of the heap, which are allowed
    // between fork and exec.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
            // We may have ended before.
            match rustix::process::getppid() {
                Some(parent) if parent == us => Ok(()),
                _ => Err(io::ErrorKind::BrokenPipe.into()),
            }
        });
    }
}

/// Whether a build finds a program.
pub(crate) fn has(program: &str) -> bool {
    env::split_paths(PROGRAMS).any(|directory| Path::new(&directory).join(program).is_file())
}

/// What is made from now on has the permissions that its maker says: those of unpacked files enter
/// the image.
pub(crate) fn settle() {
    rustix::process::umask(Mode::WGRP | Mode::WOTH);
}
