//! Looks for programs where the system looks.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

/// Where a program is, which may be given by name or by path; none where it cannot be run.
#[must_use]
pub fn find(program: impl AsRef<OsStr>) -> Option<PathBuf> {
    let program = program.as_ref();
    if program.as_bytes().contains(&b'/') {
        return Some(PathBuf::from(program)).filter(|path| can_run(path));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|place| place.join(program)).find(|path| can_run(path))
}

fn can_run(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, Access::EXEC_OK).is_ok()
}
