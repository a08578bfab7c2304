//! Enters a root: with mounts, processes, host name and shared memory of its own, by `pivot_root`.
//!
//! Not by `chroot`, in which the kernel makes no user namespaces, and `shrink` needs them. All that
//! is mounted belongs to the namespace and is gone with it; the first process of the namespace is
//! this program, so that the kernel ends whatever the command leaves running, and so that orphans
//! are reaped as a real machine reaps them.
//!
//! Proof: `tests/fresh.rs::a_command_runs_in_a_root_of_its_own_and_nothing_stays_mounted`,
//! `tests/fresh.rs::what_a_command_leaves_running_ends_with_it`,
//! `tests/fresh.rs::user_namespaces_work_in_a_fresh_root`

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{Pid, pivot_root, sethostname};
use serde::{Deserialize, Serialize};

use crate::Verdict;
use crate::problem::{self, Advise};

/// The hidden command of these chores that enters.
pub(crate) const COMMAND: &str = "enter";

/// What the entering itself ends with when it fails, as `env` and its kind do; no chore does.
const CANNOT_ENTER: u8 = 125;

/// A command, and what it finds around it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) root: PathBuf,
    pub(crate) binds: Vec<Bind>,
    /// All of it: nothing else is inherited.
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) directory: PathBuf,
    pub(crate) words: Vec<String>,
}

/// A directory of this machine that is seen inside, too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Bind {
    outside: PathBuf,
    inside: PathBuf,
    read_only: bool,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    /// With this exit code; after a signal with 128 and its number, as a shell has it.
    Badly(i32),
}

/// The arguments of the hidden command.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// An `Entry` as JSON
    entry: String,
    /// Set for the first process of the namespaces
    #[arg(long)]
    first: bool,
}

impl Bind {
    pub(crate) fn for_reading(outside: impl Into<PathBuf>, inside: impl Into<PathBuf>) -> Self {
        Self { outside: outside.into(), inside: inside.into(), read_only: true }
    }

    pub(crate) fn for_writing(outside: impl Into<PathBuf>, inside: impl Into<PathBuf>) -> Self {
        Self { read_only: false, ..Self::for_reading(outside, inside) }
    }
}

impl Ended {
    pub(crate) fn verdict(self) -> Verdict {
        if self == Self::Well { Verdict::Good } else { Verdict::Faulty }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Well => text.write_str("ended well"),
            Self::Badly(code) => write!(text, "FAILED with exit code {code}"),
        }
    }
}

impl Entry {
    /// Runs the command in the root. That it fails is a result; that it could not start is an error.
    pub(crate) fn run(&self) -> Result<Ended> {
        let status = self.again(&[])?.status().context("cannot start the chores once more")?;
        match status.code() {
            Some(0) => Ok(Ended::Well),
            Some(code) if code == i32::from(CANNOT_ENTER) => {
                Err(anyhow::anyhow!("see above")).context(format!("cannot enter `{}`", self.root.display())).hint(
                    "mounts of one's own need root, in a container CAP_SYS_ADMIN: run it on a machine \
                     or in a virtual one",
                )
            }
            code => Ok(Ended::Badly(code.unwrap_or(i32::from(CANNOT_ENTER)))),
        }
    }

    /// This program once more. Its own file is found before the root changes.
    fn again(&self, options: &[&str]) -> Result<Command> {
        let program = env::current_exe().context("cannot find the program of the chores")?;
        let entry = serde_json::to_string(self).context("a path is not UTF-8")?;
        let mut command = Command::new(program);
        command.arg(COMMAND).args(options).arg(entry).stdin(Stdio::null());
        Ok(command)
    }
}

/// Enters and runs the command; what this returns is the exit code.
pub(crate) fn enter(arguments: &Arguments) -> u8 {
    let entered = serde_json::from_str(&arguments.entry).context("cannot understand the entry");
    let code = entered.and_then(|entry: Entry| {
        if arguments.first { in_the_root(&entry) } else { in_new_namespaces(&entry) }
    });
    code.unwrap_or_else(|error| {
        problem::show(&error);
        CANNOT_ENTER
    })
}

/// New namespaces; that of the processes begins with the next process.
fn in_new_namespaces(entry: &Entry) -> Result<u8> {
    end_with_parent()?;
    let own = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    unshare(own).context("cannot have mounts and processes of one's own")?;
    let nothing = None::<&str>;
    // What is mounted from here on is nobody else's.
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
        .context("cannot keep the mounts private")?;
    let status = entry.again(&["--first"])?.status().context("cannot start the first process")?;
    Ok(exit_code(status.code()))
}

/// Mounts what belongs there, makes it the root of everything, and runs the command.
fn in_the_root(entry: &Entry) -> Result<u8> {
    end_with_parent()?;
    let root = &entry.root;
    bind(root, root)?;
    mount_special(root)?;
    for Bind { outside, inside, read_only } in &entry.binds {
        let place = root.join(inside.strip_prefix("/").unwrap_or(inside));
        fs::create_dir_all(&place).with_context(|| format!("cannot make `{}`", place.display()))?;
        bind(outside, &place)?;
        if *read_only {
            let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
            mount_at(None, &place, None, flags)?;
        }
    }
    become_root(root)?;
    sethostname("fresh").context("cannot set the host name")?;
    umask(Mode::from_bits_truncate(0o022));
    run(entry)
}

/// What a running system has besides files on a disk.
fn mount_special(root: &Path) -> Result<()> {
    let place = |name: &str| {
        let place = root.join(name);
        fs::create_dir_all(&place).with_context(|| format!("cannot make `{}`", place.display()))?;
        Ok::<_, anyhow::Error>(place)
    };
    mount_at(Some("proc"), &place("proc")?, Some("proc"), MsFlags::empty())?;
    bind(Path::new("/sys"), &place("sys")?)?;
    // Of this machine: tests mount images through its loop devices.
    bind(Path::new("/dev"), &place("dev")?)?;
    let shared = root.join("dev/shm");
    if shared.is_dir() {
        mount_at(Some("tmpfs"), &shared, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV)?;
    }
    Ok(())
}

fn bind(from: &Path, to: &Path) -> Result<()> {
    let from = from.to_str().with_context(|| format!("`{}` is not UTF-8", from.display()))?;
    mount_at(Some(from), to, None, MsFlags::MS_BIND | MsFlags::MS_REC)
}

fn mount_at(what: Option<&str>, place: &Path, kind: Option<&str>, flags: MsFlags) -> Result<()> {
    mount(what, place, kind, flags, None::<&str>).with_context(|| {
        format!("cannot mount `{}` at `{}`", what.unwrap_or("it again"), place.display())
    })
}

/// The old root comes to lie beneath the new one, at the same place, and is taken away.
fn become_root(root: &Path) -> Result<()> {
    env::set_current_dir(root).with_context(|| format!("cannot go to `{}`", root.display()))?;
    pivot_root(".", ".").with_context(|| format!("cannot make `{}` the root", root.display()))?;
    umount2(".", MntFlags::MNT_DETACH).context("cannot let go of the old root")?;
    env::set_current_dir("/").context("cannot go to the new root")
}

fn run(entry: &Entry) -> Result<u8> {
    let [program, words @ ..] = &entry.words[..] else { bail!("no command is named") };
    let program = find(program, entry.environment.get("PATH"));
    let child = Command::new(&program)
        .args(words)
        .current_dir(&entry.directory)
        .env_clear()
        .envs(&entry.environment)
        .stdin(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot run `{}` in the root", program.display()))?;
    let child = Pid::from_raw(i32::try_from(child.id()).context("a process has a small number")?);
    // Orphans come to the first process, which has to bury them.
    loop {
        match wait().context("cannot wait for the command")? {
            WaitStatus::Exited(process, code) if process == child => {
                return Ok(exit_code(Some(code)));
            }
            WaitStatus::Signaled(process, signal, _) if process == child => {
                return Ok(exit_code(Some(128 + signal as i32)));
            }
            _ => {}
        }
    }
}

/// Where the command stands on the search path that it will have, not on ours.
fn find(program: &str, search_path: Option<&String>) -> PathBuf {
    let directories = search_path.map(String::as_str).unwrap_or_default();
    let mut places = env::split_paths(directories).map(|directory| directory.join(program));
    places.find(|place| place.is_file()).unwrap_or_else(|| program.into())
}

/// A chore that is killed takes everything with it: the kernel ends each process when the one that
/// started it is gone, and all processes of a namespace with its first.
fn end_with_parent() -> Result<()> {
    let parent = nix::unistd::getppid();
    set_pdeathsig(Signal::SIGKILL).context("cannot be tied to the life of the chores")?;
    ensure!(nix::unistd::getppid() == parent, "the chores are gone already");
    Ok(())
}

fn exit_code(code: Option<i32>) -> u8 {
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(CANNOT_ENTER)
}
