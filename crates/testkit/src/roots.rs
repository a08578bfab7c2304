//! Debian roots as archives, each made once for all who work on it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root called `name`, made by mmdebstrap with these words if it is not there yet. It stands in
/// `roots` below cargo's target directory: tests and tour, which work on the same, share it.
///
/// # Errors
///
/// Where it cannot be made, with what mmdebstrap said.
pub fn debian(target: &Path, name: &str, words: &[&str]) -> io::Result<PathBuf> {
    let directory = target.join("roots");
    fs::create_dir_all(&directory)?;
    let lock = File::create(directory.join(format!("{name}.lock")))?;
    // Others who want the same root wait; those who want another one make it meanwhile.
    lock.lock()?;
    let root = directory.join(format!("{name}.tar"));
    if !root.exists() {
        let fresh = directory.join(format!("{name}-fresh.tar"));
        let mut mmdebstrap = Command::new("mmdebstrap");
        mmdebstrap.arg("--quiet").args(words).arg("bookworm").arg(&fresh);
        let output = mmdebstrap.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(io::Error::other(format!("mmdebstrap failed: {complaint}")));
        }
        fs::rename(&fresh, &root)?;
    }
    Ok(root)
}
