//! Marks documents in order by an empty file beside them, as the first coool did.

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::check::Checked;

/// Touches `.NAME.checked` beside each clean document; removes it where the document is not.
pub(crate) fn mark(checked: &[Checked]) -> Result<()> {
    for document in checked {
        let Some(mark) = place(&document.path) else { continue };
        let cannot = || format!("cannot write `{}`", names::shown(&mark));
        if document.is_broken() || document.is_incomplete() {
            match fs::remove_file(&mark) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(cannot);
                }
                _ => continue,
            }
        }
        let file = File::options().create(true).append(true).open(&mark).with_context(cannot)?;
        let now = FileTimes::new().set_modified(SystemTime::now());
        file.set_times(now).with_context(cannot)?;
    }
    Ok(())
}

fn place(document: &Path) -> Option<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(document.file_name()?);
    name.push(".checked");
    Some(document.with_file_name(name))
}
