//! A process of ours between us and a program, which ends all that the program started.
//!
//! A time limit for one process is none: what it started goes on. Groups and sessions can be left
//! (`setsid`), and a process whose parent has ended belongs to nobody. But every such orphan falls to
//! the nearest ancestor that has declared itself reaper (`PR_SET_CHILD_SUBREAPER`). That is a
//! property of a whole process, which a library must not change for its user; and who is killed
//! reaps nothing. So the child that `Command` forks becomes the keeper, and forks the program:
//!
//! ```text
//! we ── keeper ── program ── …
//!          └── whoever loses its parent
//! ```
//!
//! The keeper listens at a pipe whose other end is ours alone. When that end goes, because the time
//! is up, nobody wants the program any more, or we are gone, be it by `kill -9`, the program is asked
//! to end, and after a moment everything is killed: children again and again until there are none.
//! When the program ends by itself, what it left behind is killed, too. Then the keeper ends as the
//! program did. The program stays in our process group, so that Ctrl-C reaches it; the keeper leaves
//! group and session and heeds no signal.
//!
//! It never calls `exec`, so everything here is what may be called between fork and exec of a program
//! with threads: system calls, and no memory of the heap, whose lock another thread may have held.
//!
//! Proof: `tests/tree.rs::a_process_that_has_left_its_session_and_its_parent_ends_at_the_limit`,
//! `tests/tree.rs::what_a_program_leaves_behind_ends_with_it`,
//! `tests/tree.rs::all_of_them_end_when_we_are_killed`,
//! `tests/tree.rs::a_program_is_asked_to_end_before_it_is_killed`,
//! `tests/tree.rs::the_end_of_a_program_hangs_up_on_nobody`

#![expect(
    unsafe_code,
    reason = "forking and signals have no safe form; each call says why it is sound"
)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal, WaitOptions, WaitStatus};

use crate::Program;

/// So long a program that is asked to end may tidy up: `make` removes what is half made.
const GRACE: Duration = Duration::from_secs(2);

/// So long the killing goes on. What is left then cannot be killed: it belongs to somebody else, or
/// hangs in a broken device.
const KILLING: Duration = Duration::from_secs(5);

/// Between two rounds of killing; who ends wakes us before.
const ROUND: Duration = Duration::from_millis(20);

/// The longest sleep of the keeper, should a wake-up ever get lost.
const NAP: Duration = Duration::from_secs(1);

/// Where a program's next keeper finds its end of the lifeline.
pub(crate) type Slot = Arc<AtomicI32>;

/// Puts a keeper between us and a program: its next start finds this end of the lifeline.
pub(crate) fn between(program: &mut Program, lifeline: RawFd) {
    if let Some(slot) = &program.keeper {
        slot.store(lifeline, Ordering::Release);
        return;
    }
    let slot = Slot::new(AtomicI32::new(lifeline));
    program.keeper = Some(Arc::clone(&slot));
    let held: Vec<RawFd> = program.held.iter().map(AsRawFd::as_raw_fd).collect();
    // SAFETY: what is called there is allowed between fork and exec; see the head of this file.
    unsafe {
        program.command.pre_exec(move || begin(slot.load(Ordering::Acquire), &held));
    }
}

/// Runs in the child that was to become the program. Returns in a child of its own, which does.
fn begin(lifeline: RawFd, held: &[RawFd]) -> io::Result<()> {
    let keeper = rustix::process::getpid();
    rustix::process::set_child_subreaper(Some(keeper))?;
    // SAFETY: the handler is the system's own. Where we ignore ended children, their status is lost.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    // SAFETY: both processes have one thread, and call nothing that needs a lock.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => end_with(keeper),
        child => keep(Pid::from_raw(child), lifeline, held),
    }
}

/// Should somebody kill the keeper, the program at least goes with it.
fn end_with(keeper: Pid) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have been killed before.
    if rustix::process::getppid() == Some(keeper) { Ok(()) } else { Err(Errno::PIPE.into()) }
}

/// The life of the keeper.
fn keep(program: Option<Pid>, lifeline: RawFd, held: &[RawFd]) -> ! {
    // Who kills our whole process group must not kill the keeper: it has to see to those who have
    // left the group. A group in our own session would not do: the end of the program could then
    // orphan ours, and where a member of an orphaned group is stopped, the system hangs up on all.
    let _ = rustix::process::setsid();
    // A name in lists of processes; without it nothing is lost.
    let _ = rustix::thread::set_name(c"exec keeper");
    // Whoever reads what the program prints waits until the last writer has closed his end, and
    // `Command` waits for ours.
    close_all_but(lifeline, held);
    let mut tree = Tree { program, status: None, ended: heed_no_signal() };
    tree.wait_for_program_or(lifeline);
    if tree.status.is_none() {
        tree.ask_to_end();
    }
    tree.kill();
    end_as(tree.status)
}

/// All processes below the keeper.
struct Tree {
    program: Option<Pid>,
    /// How the program ended.
    status: Option<WaitStatus>,
    /// Can be read when a child has ended.
    ended: RawFd,
}

/// Whether there are processes below the keeper.
#[derive(PartialEq, Eq)]
enum Left {
    Some,
    None,
}

impl Tree {
    fn wait_for_program_or(&mut self, lifeline: RawFd) {
        while self.reap() == Left::Some && self.status.is_none() {
            // Nobody writes to it: that there is something to read means that it is closed.
            if sleep([lifeline, self.ended], NAP)[0] {
                return;
            }
        }
    }

    /// Gives the program a moment to end by itself.
    fn ask_to_end(&mut self) {
        if let Some(program) = self.program {
            let _ = rustix::process::kill_process(program, Signal::TERM);
        }
        let until = Instant::now() + GRACE;
        while self.reap() == Left::Some && self.status.is_none() && Instant::now() < until {
            sleep([-1, self.ended], ROUND);
        }
    }

    /// Kills the children until there are none: those of each that is killed become ours.
    fn kill(&mut self) {
        let until = Instant::now() + KILLING;
        while self.reap() == Left::Some && Instant::now() < until {
            if !kill_children()
                && let Some(program) = self.program.filter(|_| self.status.is_none())
            {
                let _ = rustix::process::kill_process(program, Signal::KILL);
            }
            sleep([-1, self.ended], ROUND);
        }
    }

    /// Takes note of those that have ended.
    fn reap(&mut self) -> Left {
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((child, status))) if Some(child) == self.program => {
                    self.status = Some(status);
                }
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return Left::Some,
                Err(_) => return Left::None,
            }
        }
    }
}

/// Kills all children that the system lists. False where it lists none of ours.
fn kill_children() -> bool {
    let mut list = [0; 4096];
    let Some(length) = list_children(&mut list) else { return false };
    // The last number may be cut; its process is there in the next round, too.
    let whole = list[..length].iter().rposition(|&byte| byte == b' ').unwrap_or(0);
    for number in list[..whole].split(|&byte| byte == b' ') {
        if let Some(child) = number_of(number).and_then(Pid::from_raw) {
            let _ = rustix::process::kill_process(child, Signal::KILL);
        }
    }
    true
}

fn list_children(list: &mut [u8]) -> Option<usize> {
    let mut name = [0; 16];
    let length = rustix::fs::readlinkat_raw(CWD, c"/proc/self", &mut name[..]).ok()?;
    // Where `/proc` belongs to another process namespace its numbers are those of strangers.
    let ours = rustix::process::getpid().as_raw_nonzero().get();
    if number_of(&name[..length]) != Some(ours) {
        return None;
    }
    let file = c"/proc/thread-self/children";
    let file = rustix::fs::openat(CWD, file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    rustix::io::read(file.ok()?, list).ok()
}

fn number_of(digits: &[u8]) -> Option<i32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Sleeps until one of these can be read, or so long. Which of them can; one that is negative cannot.
fn sleep(descriptors: [RawFd; 2], time: Duration) -> [bool; 2] {
    let mut polled = descriptors.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    let milliseconds = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the array is ours, is as long as told, and lives longer than the call.
    unsafe { libc::poll(polled.as_mut_ptr(), 2, milliseconds) };
    let [_, ended] = &polled;
    if ended.revents != 0 {
        let mut news = [0_u8; 128];
        // SAFETY: the descriptor is open for as long as this process lives, and the buffer is ours.
        unsafe { libc::read(ended.fd, news.as_mut_ptr().cast(), news.len()) };
    }
    polled.map(|polled| polled.revents != 0)
}

/// From now on no signal but that of the kill disturbs us. What is returned can be read when a child
/// has ended; it is negative where the system has no such thing, and then naps are short.
fn heed_no_signal() -> RawFd {
    let mut signals = MaybeUninit::uninit();
    // SAFETY: the set is ours, and filled before it is read.
    unsafe {
        libc::sigfillset(signals.as_mut_ptr());
        libc::sigprocmask(libc::SIG_BLOCK, signals.as_ptr(), std::ptr::null_mut());
        libc::sigemptyset(signals.as_mut_ptr());
        libc::sigaddset(signals.as_mut_ptr(), libc::SIGCHLD);
        libc::signalfd(-1, signals.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
    }
}

/// Closes everything that we have inherited, but for the lifeline and what is held.
fn close_all_but(lifeline: RawFd, held: &[RawFd]) {
    let is_kept = |descriptor: RawFd| descriptor == lifeline || held.contains(&descriptor);
    let mut first = 0;
    // The kept ones are few and the numbers small: a walk needs no list that is sorted.
    let last = held.iter().copied().fold(lifeline, RawFd::max);
    for descriptor in 0..=last {
        if is_kept(descriptor) {
            close(first, descriptor - 1);
            first = descriptor + 1;
        }
    }
    close(first, RawFd::MAX);
}

/// Closes all descriptors in a range.
fn close(first: RawFd, last: RawFd) {
    /// Without `close_range`, before Linux 5.9, so many are tried.
    const TRIED: RawFd = 4096;
    if first > last {
        return;
    }
    // SAFETY: nothing in this process uses any of these again.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    if closed != 0 {
        for descriptor in first..=last.min(TRIED) {
            // SAFETY: as before.
            unsafe { libc::close(descriptor) };
        }
    }
}

/// Ends as the program did, so that who waits for us learns how.
fn end_as(status: Option<WaitStatus>) -> ! {
    let code = status.and_then(WaitStatus::exit_status);
    let signal = status.map_or(Some(libc::SIGKILL), WaitStatus::terminating_signal);
    if let Some(signal) = signal {
        // The program has left its core already, if any.
        let _ = rustix::process::setrlimit(
            Resource::Core,
            Rlimit { current: Some(0), maximum: Some(0) },
        );
        let mut signals = MaybeUninit::uninit();
        // SAFETY: the set is ours, and filled before it is read; the handler is the system's own.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::sigfillset(signals.as_mut_ptr());
            libc::sigprocmask(libc::SIG_UNBLOCK, signals.as_ptr(), std::ptr::null_mut());
            libc::kill(libc::getpid(), signal);
        }
    }
    // SAFETY: it only ends the process, without what our own program does at its end.
    unsafe { libc::_exit(code.unwrap_or(1)) }
}
