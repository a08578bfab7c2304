//! A folder for sockets, pictures and changed images, which goes with us.

#![expect(clippy::disallowed_methods, reason = "the folder is one of our own")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tempfile::TempDir;

/// A folder that is removed at the end, also when a signal is the end.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: TempDir,
    number: AtomicU32,
}

impl Scratch {
    /// Makes the folder where temporary files belong.
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tiny-").tempdir().with_context(|| {
            let place = std::env::temp_dir();
            ui::hinted(
                &format!("cannot work in `{}`", place.display()),
                "TMPDIR names a folder for temporary files that you may write to",
            )
        })?;
        go_with_us(folder.path().to_owned()).context("cannot prepare for Ctrl-C")?;
        Ok(Self { folder, number: AtomicU32::new(0) })
    }

    /// A path in it that nothing else has.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        self.folder.path().join(format!("{number}-{name}"))
    }
}

/// Removes the folder when a signal ends us; the machines end with us of themselves.
#[expect(clippy::exit, reason = "a signal ends the program, wherever it is")]
fn go_with_us(folder: PathBuf) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            remove(&folder);
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// What is being written meanwhile may come back once.
fn remove(folder: &Path) {
    for _ in 0..3 {
        if std::fs::remove_dir_all(folder).is_ok() {
            break;
        }
    }
}
