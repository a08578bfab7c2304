//! The process that makes the surroundings of a command, runs it and watches it.
//!
//! It begins with one thread. It leaves all namespaces, hears which users it has, and forks into the
//! first process of its process namespace: when that ends, all that the command started ends.

#![allow(
    unsafe_code,
    reason = "forking, tracing and filtering have no safe form; each call says why it is sound"
)]

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use names::Bytes;
use nix::mount::{MntFlags, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid, chdir, fork, pivot_root, setsid};

use super::mounts::{self, Mounted};
use super::observed::{Ending, Observed, Output};
use super::trace::Tracer;
use super::{Order, filter, namespaces, written};

/// The word that starts this process; it is no part of the command line that users see.
pub(crate) const SUBCOMMAND: &str = "inside-sandbox";

/// What every command finds in its environment, and nothing else.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("HOME", "/root"),
    ("USER", "root"),
    ("LOGNAME", "root"),
    ("TERM", "dumb"),
];

/// More output than this is cut off: it is compared as far as it goes.
const MOST_OUTPUT: u64 = 16 << 20;
/// How long programs that the command left behind have to end.
const GRACE: Duration = Duration::from_secs(2);

/// Does all of it: the order comes on standard input, what came of it goes to standard output.
pub(crate) fn main() -> Result<()> {
    die_with_parent()?;
    let apart = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    unshare(apart).context("cannot make namespaces")?;
    println_ready()?;
    let order: Order =
        serde_json::from_reader(io::stdin().lock()).context("cannot hear what is to be run")?;
    // SAFETY: this process has one thread, so the child finds no lock held.
    match unsafe { fork() }.context("cannot fork")? {
        ForkResult::Parent { child } => {
            let status = wait_for(child)?;
            if status != 0 {
                bail!("the first process ended with {status}");
            }
            Ok(())
        }
        ForkResult::Child => {
            die_with_parent()?;
            let observed = as_first_process(&order)?;
            serde_json::to_writer(io::stdout().lock(), &observed)?;
            Ok(())
        }
    }
}

fn println_ready() -> Result<()> {
    let mut out = io::stdout().lock();
    // Our number is what tells us from the keeper that was started in our place.
    writeln!(out, "{}", std::process::id())
        .and_then(|()| out.flush())
        .context("cannot say that namespaces are made")
}

fn die_with_parent() -> Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .context("cannot tie our life to our parent's")
}

/// Waits for one process and gives its exit code, or 128 and its signal.
fn wait_for(process: Pid) -> Result<i32> {
    loop {
        let mut status = 0;
        // SAFETY: `status` is ours and lives longer than the call.
        let ended = unsafe { libc::waitpid(process.as_raw(), &raw mut status, 0) };
        if ended >= 0 {
            let code = libc::WEXITSTATUS(status);
            return Ok(if libc::WIFEXITED(status) { code } else { 128 + libc::WTERMSIG(status) });
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error).context("cannot wait for a process");
        }
    }
}

fn as_first_process(order: &Order) -> Result<Observed> {
    nix::unistd::sethostname("shrink").context("cannot name the host")?;
    let mounted = mounts::mount_all(order)?;
    let start = Instant::now();
    let command = Running::start(order, &mounted)?;
    let command = command.set_apart(&mounted)?;
    let (output, client, tracer) = command.watch(order, &mounted)?;
    Ok(Observed {
        output,
        client,
        written: written::collect(&mounted.upper).context("cannot see what was written")?,
        used: tracer.used,
        listed: tracer.listed,
        reached_for: tracer.reached_for,
        duration: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// Sets `IFF_UP` of `lo`, as `ip link set lo up` does (netdevice(7)).
fn loopback_up() -> io::Result<()> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0")?;
    // SAFETY: every field of the structure is a number, and zero is one.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = libc::c_char::try_from(*from).expect("it is ASCII");
    }
    request.ifr_ifru.ifru_flags = libc::c_short::try_from(libc::IFF_UP).expect("it is small");
    // SAFETY: the structure is what this request takes, and outlives the call.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A command that has been started and waits for its tracer.
struct Running {
    process: Pid,
    /// It says here that it has namespaces of its own.
    apart: OwnedFd,
    go: OwnedFd,
    output: Readers,
}

/// What reads a command's two outputs.
struct Readers {
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

impl Running {
    /// Forks the command. It waits until it is traced, then enters the root and runs.
    fn start(order: &Order, mounted: &Mounted) -> Result<Self> {
        let words: Vec<CString> = order
            .command
            .iter()
            .map(|word| CString::new(word.0.clone()).context("a word holds a zero byte"))
            .collect::<Result<_>>()?;
        let variables = ENVIRONMENT
            .iter()
            .copied()
            .chain(order.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let variables: Vec<CString> = variables
            .map(|(name, value)| CString::new(format!("{name}={value}")))
            .collect::<Result<_, _>>()
            .context("a variable holds a zero byte")?;
        let filter = filter::program();
        let (stdin, input) = pipe()?;
        let (stdout, to_stdout) = pipe()?;
        let (stderr, to_stderr) = pipe()?;
        let (apart, say_apart) = pipe()?;
        let (wait, go) = pipe()?;
        let streams = [&stdin, &to_stdout, &to_stderr].map(AsRawFd::as_raw_fd);
        // SAFETY: this process has one thread until `Readers` start, so the child finds no lock held.
        match unsafe { fork() }.context("cannot fork")? {
            ForkResult::Child => {
                drop((go, apart));
                let run = || -> Result<std::convert::Infallible> {
                    enter(mounted, streams)?;
                    leave_surroundings(say_apart, &wait)?;
                    install(&filter)?;
                    Ok(nix::unistd::execve(&words[0], &words, &variables)?)
                };
                let Err(error) = run();
                let program = words[0].to_string_lossy();
                let _ = writeln!(io::stderr(), "shrink: cannot run `{program}`: {error:#}");
                // SAFETY: nothing of the parent's is to be run or flushed at the end of the child.
                unsafe { libc::_exit(127) }
            }
            ForkResult::Parent { child } => {
                drop((stdin, to_stdout, to_stderr, wait, say_apart));
                feed(input, order.input.clone());
                let output = Readers { stdout: read_all(stdout), stderr: read_all(stderr) };
                Ok(Self { process: child, apart, go, output })
            }
        }
    }

    /// Gives the command the users that we have, and joins its network, for its client's sake.
    fn set_apart(self, mounted: &Mounted) -> Result<Self> {
        let mut byte = [0];
        if nix::unistd::read(&self.apart, &mut byte).context("cannot hear from the command")? == 0 {
            let said = self.output.finish(Ending::Exit(127)).stderr;
            bail!("{}", String::from_utf8_lossy(&said.0).trim());
        }
        let process = mounted.root.join("proc").join(self.process.to_string());
        namespaces::map_same_users(&process)?;
        let network = File::open(process.join("ns/net")).context("cannot see its network")?;
        setns(network, CloneFlags::CLONE_NEWNET).context("cannot join the command's network")?;
        loopback_up().context("cannot bring the loopback interface up")?;
        Ok(self)
    }

    /// Lets the command run until it, or its client, has ended; then ends all that is left.
    fn watch(self, order: &Order, mounted: &Mounted) -> Result<(Output, Option<Output>, Tracer)> {
        let mut tracer = Tracer::of(mounted.root.join("proc"));
        Tracer::seize(self.process)?;
        File::from(self.go).write_all(b"!").context("cannot start the command")?;

        let late = Arc::new(AtomicBool::new(false));
        let limit = Duration::from_millis(order.limit);
        end_after(limit, Arc::clone(&late));
        let client = order.client.as_ref().map(|client| Talk::start(client, limit)).transpose()?;

        let awaited = client.as_ref().map_or(self.process, |client| client.process);
        let mut statuses = tracer.until_ended(awaited)?;
        let late = late.load(Ordering::SeqCst);
        // Ending what is left lets servers write what they still hold.
        let _ = kill(Pid::from_raw(-1), Signal::SIGTERM);
        end_for_good_after(GRACE);
        tracer.until_none_is_left(&mut statuses)?;

        let ending = |process: Pid| match statuses.get(&process.as_raw()).copied() {
            _ if late => Ending::TimeLimit,
            Some(status) if libc::WIFEXITED(status) => Ending::Exit(libc::WEXITSTATUS(status)),
            Some(status) => Ending::Signal(libc::WTERMSIG(status)),
            None => Ending::Signal(libc::SIGKILL),
        };
        let output = self.output.finish(ending(self.process));
        let client = client.map(|talk| talk.output.finish(ending(talk.process)));
        Ok((output, client, tracer))
    }
}

/// Enters the root for good; the calls here are what a forked child may do.
fn enter(mounted: &Mounted, streams: [i32; 3]) -> Result<()> {
    for (number, stream) in (0..).zip(streams) {
        // SAFETY: both numbers are open descriptors of this process.
        if unsafe { libc::dup2(stream, number) } < 0 {
            return Err(io::Error::last_os_error()).context("cannot connect a stream");
        }
    }
    setsid().context("cannot make a session")?;
    unshare(CloneFlags::CLONE_NEWNS).context("cannot make a namespace for mounts")?;
    chdir(&mounted.root).context("cannot enter the root")?;
    pivot_root(".", ".").context("cannot make the root ours")?;
    umount2(".", MntFlags::MNT_DETACH).context("cannot leave the old root")?;
    chdir("/").context("cannot enter the root")?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    Ok(())
}

/// Leaves the users of the first process too, and waits until it traces us. Otherwise
/// `/proc/1/root` would be a way out to this machine, and so would be its client's; and what is
/// mounted could be taken off what it hides.
fn leave_surroundings(say_apart: OwnedFd, wait: &OwnedFd) -> Result<()> {
    let apart = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    unshare(apart).context("cannot make namespaces for the command")?;
    nix::unistd::write(&say_apart, b"!").context("cannot say that namespaces are made")?;
    drop(say_apart);
    let mut byte = [0];
    nix::unistd::read(wait, &mut byte).context("cannot wait for the tracer")?;
    Ok(())
}

fn install(filter: &[libc::sock_filter]) -> Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).expect("the filter is short"),
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies the program, which is alive, and writes nothing.
    let done =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    if done == 0 {
        return Ok(());
    }
    Err(io::Error::last_os_error()).context("cannot install the filter")
}

fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).context("cannot make a pipe")
}

fn feed(input: OwnedFd, text: String) {
    // The command need not read it.
    thread::spawn(move || File::from(input).write_all(text.as_bytes()));
}

fn read_all(stream: impl Into<OwnedFd>) -> JoinHandle<Vec<u8>> {
    let mut stream = File::from(stream.into());
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = (&mut stream).take(MOST_OUTPUT).read_to_end(&mut text);
        // The rest is read and forgotten, so that the command is not held up.
        let _ = io::copy(&mut stream, &mut io::sink());
        text
    })
}

impl Readers {
    fn finish(self, ending: Ending) -> Output {
        let text = |reader: JoinHandle<Vec<u8>>| Bytes(reader.join().unwrap_or_default());
        Output { ending, stdout: text(self.stdout), stderr: text(self.stderr) }
    }
}

/// Ends everything when the time is over.
fn end_after(limit: Duration, late: Arc<AtomicBool>) {
    thread::spawn(move || {
        thread::sleep(limit);
        late.store(true, Ordering::SeqCst);
        let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
    });
}

fn end_for_good_after(grace: Duration) {
    thread::spawn(move || {
        thread::sleep(grace);
        let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
    });
}

/// A client that talks to the command from outside of the root.
struct Talk {
    process: Pid,
    output: Readers,
}

impl Talk {
    /// Starts the client's shell, which goes on once the port is listened to.
    fn start(client: &super::Client, limit: Duration) -> Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", "read -r _; eval \"$1\" </dev/null", "sh", &client.command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run `/bin/sh` for the client")?;
        let mut gate = shell.stdin.take().expect("it is a pipe");
        let port = client.port;
        thread::spawn(move || {
            if let Some(port) = port {
                wait_for_listener(port, limit);
            }
            gate.write_all(b"go\n")
        });
        Ok(Self {
            process: Pid::from_raw(i32::try_from(shell.id()).expect("process numbers are small")),
            output: Readers {
                stdout: read_all(shell.stdout.take().expect("it is a pipe")),
                stderr: read_all(shell.stderr.take().expect("it is a pipe")),
            },
        })
    }
}

fn wait_for_listener(port: u16, limit: Duration) {
    let begin = Instant::now();
    let addresses =
        ["127.0.0.1", "::1"].map(|host| SocketAddr::new(host.parse().expect("an address"), port));
    let listens = || addresses.iter().any(|address| TcpStream::connect(address).is_ok());
    while !listens() && begin.elapsed() < limit {
        thread::sleep(Duration::from_millis(10));
    }
}
