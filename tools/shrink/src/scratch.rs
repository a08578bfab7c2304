//! A directory for what is in the making, which goes with us.

use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result};
use names::shown;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tempfile::TempDir;

/// A directory that is removed at the end, also when a signal is the end.
pub(crate) struct Scratch {
    directory: TempDir,
}

impl Scratch {
    /// Makes the directory beside what will be the result, so that handing that over is a rename.
    pub(crate) fn beside(output: &Path) -> Result<Self> {
        let parent = match output.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Self::at(&parent)
    }

    /// Makes the directory where temporary files belong.
    pub(crate) fn somewhere() -> Result<Self> {
        Self::at(&std::env::temp_dir())
    }

    fn at(parent: &Path) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix(".shrink-").tempdir_in(parent);
        let directory = directory.with_context(|| {
            ui::hinted(
                &format!("cannot work in `{}`", shown(parent)),
                "the directory must be there, and you must be allowed to write to it",
            )
        })?;
        go_with_us(directory.path().to_owned()).context("cannot prepare for Ctrl-C")?;
        Ok(Self { directory })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Removes the directory when a signal ends us.
#[expect(clippy::exit, reason = "a signal ends the program, wherever it is")]
fn go_with_us(directory: PathBuf) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // What is being written meanwhile may come back once.
            for _ in 0..3 {
                if std::fs::remove_dir_all(&directory).is_ok() {
                    break;
                }
            }
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}
