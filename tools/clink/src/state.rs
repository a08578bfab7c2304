//! Where journals are kept when nobody says where.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// A name for a new journal in the user's state directory, which is made where it is missing (XDG
/// Base Directory Specification: `$XDG_STATE_HOME`, or else `~/.local/state`).
pub(crate) fn new_journal() -> io::Result<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
    let directory = state
        .ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "neither XDG_STATE_HOME nor HOME is set")
        })?
        .join("clink");
    std::fs::create_dir_all(&directory)?;
    Ok(unused_name(&directory))
}

/// Two runs in one second differ by their process.
fn unused_name(directory: &Path) -> PathBuf {
    let now = Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ");
    directory.join(format!("{now}-{}.journal", std::process::id()))
}
