//! Runs a program once and says what it took.

use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use wait4::Wait4;

use super::host;

/// What one run took, the threads and children of the program included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// User and system time together.
    pub(super) cpu: Duration,
    pub(super) wall: Duration,
    /// The most that was resident at once, in bytes; never less than what the program that starts
    /// it had resident, which is why the benchmark itself keeps small.
    pub(super) memory: f64,
}

/// Whether files are in memory when a program starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PageCache {
    Warm,
    Cold,
}

impl PageCache {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Cold => "cold",
        }
    }
}

/// Runs `command` once, without anybody reading what it prints.
pub(super) fn run(command: &mut Command, cache: PageCache) -> Result<Sample> {
    if cache == PageCache::Cold {
        drop_page_cache().context("cannot drop the page cache")?;
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begin = Instant::now();
    let used = command
        .spawn()
        .and_then(|mut child| child.wait4())
        .with_context(|| format!("cannot run `{}`", host::line(command)))?;
    let wall = begin.elapsed();
    require_end(command, used.status)?;
    let usage = used.rusage;
    #[expect(clippy::cast_precision_loss, reason = "no process has 2^52 bytes resident")]
    let memory = usage.maxrss as f64;
    Ok(Sample { cpu: usage.utime + usage.stime, wall, memory })
}

/// A figure counts only when the program did its work.
fn require_end(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!(
        "`{}` ended with {status}, its figures would mean nothing: run it by hand to see why",
        host::line(command)
    )
}

fn drop_page_cache() -> io::Result<()> {
    // Only clean pages are dropped.
    rustix::fs::sync();
    std::fs::write("/proc/sys/vm/drop_caches", "3")
}
