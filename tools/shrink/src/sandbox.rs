//! Runs a command in a root filesystem, apart from everything else, and says what came of it.
//!
//! The command has namespaces of its own: users, mounts, processes, network, hostname. It sees the
//! root, a few devices and a loopback interface; what it writes goes to memory and is gone
//! afterwards. No privilege is needed. All of this is done by a process of its own, [`inside`],
//! which has one thread, so that it may fork.

pub(crate) mod filter;
pub(crate) mod inside;
mod mounts;
pub(crate) mod namespaces;
pub(crate) mod observed;
pub(crate) mod trace;
mod written;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use elf::Architecture;
use exec::Program;
use names::Bytes;
use serde::{Deserialize, Serialize};

pub(crate) use observed::{Observed, Output, Use, Written};
pub(crate) use written::without_numbers;

/// What is to be run, and where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// Directories that lie above each other as the root, the topmost first.
    pub(crate) layers: Vec<Bytes>,
    /// An empty directory to mount things at.
    pub(crate) workplace: Bytes,
    /// The program and its arguments, as paths in the root.
    pub(crate) command: Vec<Bytes>,
    /// What it reads on standard input.
    pub(crate) input: String,
    /// Variables besides those that every command gets.
    pub(crate) environment: Vec<(String, String)>,
    /// A command of this machine that talks to the one in the root, once that listens.
    pub(crate) client: Option<Client>,
    /// When the command is ended, in milliseconds from its start.
    pub(crate) limit: u64,
    /// How programs of another machine are run.
    pub(crate) emulator: Option<Emulator>,
}

/// A command outside of the root that shares only its network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Client {
    /// For the shell.
    pub(crate) command: String,
    /// The TCP port that is waited for.
    pub(crate) port: Option<u16>,
}

/// Runs programs of another machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Emulator {
    /// Its path on this machine; it must need no libraries.
    pub(crate) program: Bytes,
    /// The line that tells the kernel (`binfmt_misc`).
    pub(crate) registration: Bytes,
    /// 32-bit guests cannot read directories of large file systems, so the root is put into memory.
    pub(crate) in_memory: bool,
}

impl Emulator {
    /// What runs programs of an architecture; `None` when this machine runs them itself.
    pub(crate) fn of(architecture: Architecture) -> Result<Option<Self>> {
        let name = match (architecture.name(), architecture.is_little_endian) {
            ("x86-64" | "i386", _) if cfg!(target_arch = "x86_64") => return Ok(None),
            ("aarch64", _) if cfg!(target_arch = "aarch64") => return Ok(None),
            ("x86-64", _) => "x86_64",
            ("arm", false) => "armeb",
            ("ppc64", true) => "ppc64le",
            ("ppc", _) => "ppc",
            ("mips", true) => "mipsel",
            ("unknown", _) => bail!("no emulator is known for machine {}", architecture.machine),
            (name, _) => name,
        };
        let program = format!("qemu-{name}-static");
        let found = exec::find(&program).with_context(|| {
            ui::hinted(
                &format!("cannot run programs for {name}: `{program}` is not there"),
                "install qemu-user-static, or go without tests",
            )
        })?;
        Ok(Some(Self {
            registration: Bytes(registration(architecture, &found)),
            program: Bytes::of(&found),
            in_memory: !architecture.is_64,
        }))
    }
}

/// The header of programs and libraries for a machine, as `binfmt_misc` wants it: the first twenty
/// bytes, and which bits of them count.
fn registration(architecture: Architecture, emulator: &std::path::Path) -> Vec<u8> {
    let order = |number: u16| {
        if architecture.is_little_endian { number.to_le_bytes() } else { number.to_be_bytes() }
    };
    let mut magic = elf::MAGIC.to_vec();
    magic.push(if architecture.is_64 { 2 } else { 1 });
    magic.push(if architecture.is_little_endian { 1 } else { 2 });
    magic.push(1);
    magic.resize(16, 0);
    magic.extend(order(2));
    magic.extend(order(architecture.machine));
    let mut mask = vec![0xff; 20];
    // The system's number differs from toolchain to toolchain; the type is a program or shared.
    mask[7..16].fill(0);
    mask[if architecture.is_little_endian { 16 } else { 17 }] = 0xfe;
    let escaped =
        |bytes: &[u8]| bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    let mut line = format!(":shrink:M::{}:{}:", escaped(&magic), escaped(&mask)).into_bytes();
    line.extend(std::os::unix::ffi::OsStrExt::as_bytes(emulator.as_os_str()));
    line.extend_from_slice(b":POCF");
    line
}

/// Carries out an order.
///
/// # Errors
///
/// When the surroundings cannot be made. That the command fails is no error.
pub(crate) fn run(order: &Order) -> Result<Observed> {
    let mut inside = inside(order.limit).reading()?;
    let mut order_pipe = inside.stdin().expect("it is a pipe");
    let mut answers = BufReader::new(&mut inside);
    let mut process = String::new();
    answers.read_line(&mut process).context("cannot hear from the process that runs tests")?;
    // Where it could not begin, it ends without a word here, and says why elsewhere.
    let told = match process.trim().parse() {
        Err(_) => Ok(()),
        Ok(process) => namespaces::map_users(process)
            .and_then(|()| Ok(serde_json::to_writer(&mut order_pipe, order)?))
            .and_then(|()| Ok(order_pipe.flush()?)),
    };
    drop(order_pipe);
    let answer = serde_json::from_reader(&mut answers);
    drop(answers);
    let (status, said) = inside.ended()?;
    told?;
    match answer {
        Ok(observed) if status.success() => Ok(observed),
        _ => bail!(ui::hinted(
            &format!("cannot set a test apart:{said}"),
            "user namespaces must be allowed here (sysctl user.max_user_namespaces, or in a \
             container its seccomp profile); without --test nothing is run",
        )),
    }
}

/// The process that carries out an order, of which it hears on its standard input. It ends a command
/// at the limit itself; what it does around that has a limit, too.
fn inside(limit: u64) -> Program {
    /// Putting a large root into memory, and reading what was written.
    const AROUND: Duration = Duration::from_hours(1);
    let mut command = Command::new("/proc/self/exe");
    command.arg(inside::SUBCOMMAND).stdin(Stdio::piped());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    Program::of(command, Duration::from_millis(limit) + AROUND)
}
