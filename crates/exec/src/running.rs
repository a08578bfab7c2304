//! A program that runs, and the watch over its time.

use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use ui::Stop;

use crate::failure::{self, Stopped};
use crate::{Program, keeper};

/// A program that runs. It ends, with all that it started, at the latest when this goes.
#[derive(Debug)]
pub struct Running {
    /// The keeper: it ends after the program, and as the program did.
    pub(crate) child: Child,
    line: String,
    lifeline: Lifeline,
    watch: Option<Watch>,
}

impl Running {
    pub(crate) fn start(program: &mut Program) -> Result<Self> {
        let (theirs, ours) = std::io::pipe().context("cannot make a pipe")?;
        keeper::between(program, theirs.as_raw_fd());
        let child = match program.command.spawn() {
            Ok(child) => child,
            Err(error) => return Err(failure::not_started(program, error)),
        };
        let lifeline = Lifeline(Arc::new(Mutex::new(Some(ours.into()))));
        // From here on the program ends with what is returned, also where the watch cannot begin.
        let mut running = Self { child, line: program.line(), lifeline, watch: None };
        if program.limit.is_some() || program.stop.is_some() {
            running.watch = Some(Watch::over(running.lifeline.clone(), program)?);
        }
        Ok(running)
    }

    /// What it reads, where that is a pipe; once.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// What it prints, where that is a pipe; once.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// What it complains of, where that is a pipe; once.
    pub fn stderr(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot wait for `{}`", self.line))
    }

    /// Waits until it has ended with all that it started. That it took too long, or that somebody
    /// wanted it to stop, is an error; that it failed is not.
    pub fn wait(mut self) -> Result<ExitStatus> {
        let status = self.child.wait().with_context(|| format!("cannot wait for `{}`", self.line));
        match self.watch.take() {
            // Ctrl-C may have ended the program before the watch saw it.
            Some(watch) if watch.is_to_stop() => bail!(Stopped { line: self.line.clone() }),
            Some(Watch { late, limit: Some(limit), .. }) if late.load(Ordering::Acquire) => {
                bail!(failure::late(&self.line, limit))
            }
            _ => status,
        }
    }

    /// Ends it now, with all that it started.
    pub(crate) fn cut(&self) {
        self.lifeline.cut();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.lifeline.cut();
        // Nobody is left who could be told.
        let _ = self.child.wait();
    }
}

/// Our end of a pipe at which the keeper listens: when it goes, everything ends. It goes with us,
/// whatever ends us.
#[derive(Debug, Clone)]
struct Lifeline(Arc<Mutex<Option<OwnedFd>>>);

impl Lifeline {
    fn cut(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Cuts the lifeline when the time is up or somebody wants it to stop, unless this goes before.
#[derive(Debug)]
struct Watch {
    limit: Option<Duration>,
    late: Arc<AtomicBool>,
    stop: Option<Stop>,
    _until: mpsc::Sender<()>,
}

impl Watch {
    fn over(lifeline: Lifeline, program: &Program) -> Result<Self> {
        let (until, over) = mpsc::channel();
        let late = Arc::new(AtomicBool::new(false));
        let (limit, stop) = (program.limit, program.stop.clone());
        let watching = Self { limit, late: Arc::clone(&late), stop: stop.clone(), _until: until };
        let watch = move || {
            if let Some(cut) = cut(&over, limit, stop.as_ref()) {
                late.store(matches!(cut, Cut::Late), Ordering::Release);
                lifeline.cut();
            }
        };
        let builder = thread::Builder::new().name("time limit".to_owned());
        builder.spawn(watch).context("cannot watch the time of a program")?;
        Ok(watching)
    }

    fn is_to_stop(&self) -> bool {
        self.stop.as_ref().is_some_and(Stop::is_asked_for)
    }
}

/// Why the lifeline is cut.
enum Cut {
    Late,
    Stopped,
}

/// Waits until there is a reason to cut the lifeline, or until it is over.
fn cut(over: &Receiver<()>, limit: Option<Duration>, stop: Option<&Stop>) -> Option<Cut> {
    /// Nobody waits longer for an answer to Ctrl-C.
    const GLANCE: Duration = Duration::from_millis(50);
    let start = Instant::now();
    loop {
        let left = limit.map_or(Duration::MAX, |limit| limit.saturating_sub(start.elapsed()));
        let nap = if stop.is_some() { left.min(GLANCE) } else { left };
        if over.recv_timeout(nap) != Err(RecvTimeoutError::Timeout) {
            return None;
        }
        if stop.is_some_and(Stop::is_asked_for) {
            return Some(Cut::Stopped);
        }
        if limit.is_some_and(|limit| start.elapsed() >= limit) {
            return Some(Cut::Late);
        }
    }
}
