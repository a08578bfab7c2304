//! A directory for what is in the making, which goes with us.
//!
//! Where we are killed it stays. The next run that works in the same place finds it by its name,
//! sees that nobody holds the lock of its mark any more, and removes it.
//!
//! Proof: `tests/leftovers.rs::what_a_killed_run_left_is_removed_by_the_next`,
//! `tests/leftovers.rs::what_only_looks_like_ours_stays`

#![expect(
    clippy::disallowed_methods,
    reason = "the directories are ours, as their mark and their lock tell"
)]

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result};
use names::shown;
use rustix::fs::{FlockOperation, fcntl_lock};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tempfile::TempDir;

const PREFIX: &str = ".shrink-";
/// So many letters and digits follow.
const LETTERS: usize = 16;
/// Stands in the directory, so that nobody else's is taken for it.
const MARK: &str = "made-by-shrink";

/// A directory that is removed at the end, also when a signal is the end.
pub(crate) struct Scratch {
    directory: TempDir,
    /// The lock of its mark tells others that we are at work.
    _held: File,
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
        clean(parent);
        let (directory, held) = make(parent).with_context(|| {
            ui::hinted(
                &format!("cannot work in `{}`", shown(parent)),
                "the directory must be there, and you must be allowed to write to it",
            )
        })?;
        go_with_us(directory.path().to_owned()).context("cannot prepare for Ctrl-C")?;
        Ok(Self { directory, _held: held })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// Makes a directory and holds the lock of its mark. Before we hold it, another run may take the
/// directory for a leftover; then there is another one to make.
fn make(parent: &Path) -> std::io::Result<(TempDir, File)> {
    loop {
        let directory =
            tempfile::Builder::new().prefix(PREFIX).rand_bytes(LETTERS).tempdir_in(parent)?;
        let mark = directory.path().join(MARK);
        let held = match File::create_new(&mark) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            other => other?,
        };
        fcntl_lock(&held, FlockOperation::LockExclusive)?;
        if mark.symlink_metadata().is_ok() {
            return Ok((directory, held));
        }
    }
}

/// Removes what killed runs have left. What cannot be removed is none of this run's business.
fn clean(parent: &Path) {
    let Ok(children) = fs::read_dir(parent) else {
        return;
    };
    for child in children.filter_map(Result::ok) {
        if is_ours(child.file_name().as_bytes()) {
            let _ = remove_if_left(&child.path());
        }
    }
}

fn is_ours(name: &[u8]) -> bool {
    let letters = name.strip_prefix(PREFIX.as_bytes());
    letters.is_some_and(|letters| {
        letters.len() == LETTERS && letters.iter().all(u8::is_ascii_alphanumeric)
    })
}

fn remove_if_left(directory: &Path) -> std::io::Result<()> {
    let metadata = fs::symlink_metadata(directory)?;
    if !metadata.is_dir() || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    match File::options().write(true).open(directory.join(MARK)) {
        Ok(mark) => {
            fcntl_lock(&mark, FlockOperation::NonBlockingLockExclusive)?;
            fs::remove_dir_all(directory)
        }
        // It was made and not marked yet. What holds anything stays.
        Err(_) => fs::remove_dir(directory),
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
                if fs::remove_dir_all(&directory).is_ok() {
                    break;
                }
            }
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}
