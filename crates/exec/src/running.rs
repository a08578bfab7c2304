//! A program that runs, and the watch over its time.

use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::{Program, failure, keeper};

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
        if let Some(limit) = program.limit {
            running.watch = Some(Watch::over(running.lifeline.clone(), limit)?);
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

    /// Waits until it has ended with all that it started. That it took too long is an error; that it
    /// failed is not.
    pub fn wait(mut self) -> Result<ExitStatus> {
        let status = self.child.wait().with_context(|| format!("cannot wait for `{}`", self.line));
        match self.watch.take() {
            Some(watch) if watch.late.load(Ordering::Acquire) => {
                bail!(failure::late(&self.line, watch.limit))
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

/// Cuts the lifeline when the time is up, unless this goes before.
#[derive(Debug)]
struct Watch {
    limit: Duration,
    late: Arc<AtomicBool>,
    _until: mpsc::Sender<()>,
}

impl Watch {
    fn over(lifeline: Lifeline, limit: Duration) -> Result<Self> {
        let (until, over) = mpsc::channel();
        let late = Arc::new(AtomicBool::new(false));
        let is_late = Arc::clone(&late);
        let watch = move || {
            if over.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                is_late.store(true, Ordering::Release);
                lifeline.cut();
            }
        };
        let builder = thread::Builder::new().name("time limit".to_owned());
        builder.spawn(watch).context("cannot watch the time of a program")?;
        Ok(Self { limit, late, _until: until })
    }
}
