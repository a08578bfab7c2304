//! Marks documents in order by an empty file beside them, as the first coool did.

use std::fs::{File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use files::{Failure, Sighting, beneath, remove};
use rustix::io::Errno;

use crate::check::Checked;

/// Touches `.NAME.checked` beside each clean document; removes it where the document is not.
pub(crate) fn mark(checked: &[Checked]) -> Result<()> {
    for document in checked {
        let Some(mark) = place(&document.path) else { continue };
        let cannot = || format!("cannot write `{}`", names::shown(&mark));
        if document.is_broken() || document.is_incomplete() {
            take_away(&mark).with_context(cannot)?;
            continue;
        }
        let file = File::options().create(true).append(true).open(&mark).with_context(cannot)?;
        let now = FileTimes::new().set_modified(SystemTime::now());
        file.set_times(now).with_context(cannot)?;
    }
    Ok(())
}

/// Removes a mark. A file that is not empty is none of ours, whatever it is called.
fn take_away(mark: &Path) -> Result<(), Failure> {
    let (folder, name) = beneath::open_parent(mark)?;
    match Sighting::of_name(&folder, name) {
        Ok(mut seen) if seen.kind().is_file() && seen.size == 0 => {
            remove::remove(&folder, name, &mut seen)
        }
        Ok(_) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

fn place(document: &Path) -> Option<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(document.file_name()?);
    name.push(".checked");
    Some(document.with_file_name(name))
}
