//! What could not be done: the attempt, the place, the reason and what to do about it.

use std::path::{Path, PathBuf};

use files::failure::described;
use names::shown;
use rustix::io::Errno;

/// One thing that could not be done. The rest of the work went on without it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {attempt} `{}`", shown(path))]
pub struct Problem {
    /// What was attempted, as it follows "cannot": `read`, `replace`.
    pub attempt: &'static str,
    /// Where, as the user named it.
    pub path: PathBuf,
    /// Why it failed.
    #[source]
    pub reason: Reason,
}

/// Why something failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Reason {
    /// The system refused.
    #[error("{}", described(*.0))]
    System(Errno),
    /// Ours to explain: a finished sentence without its full stop.
    #[error("{0}")]
    Stated(String),
}

impl Problem {
    pub(crate) fn system(attempt: &'static str, path: &Path, errno: Errno) -> Self {
        Self { attempt, path: path.to_owned(), reason: Reason::System(errno) }
    }

    pub(crate) fn stated(attempt: &'static str, path: &Path, reason: impl Into<String>) -> Self {
        Self { attempt, path: path.to_owned(), reason: Reason::Stated(reason.into()) }
    }

    /// What the user can do about it, where there is something to say.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        let Reason::System(errno) = self.reason else { return None };
        match errno {
            Errno::ACCESS | Errno::PERM if rustix::process::geteuid().is_root() => {
                Some("`lsattr` shows whether it, or the directory it is in, is immutable")
            }
            Errno::ACCESS | Errno::PERM => Some("run as the owner of the files, or as root"),
            Errno::MFILE | Errno::NFILE => Some("allow more open files: `ulimit -n 1024`"),
            Errno::XDEV => Some(
                "an overlay, as containers have it, cannot rename directories of its lower layers: \
                 work without `--directories`",
            ),
            Errno::NOSPC | Errno::DQUOT => {
                Some("free some space and run again: what is done stays done")
            }
            Errno::ROFS => Some("remount the file system read-write, or work on a copy"),
            Errno::IO => Some("look at the kernel's log: the disk may be failing"),
            Errno::MLINK => Some("the file system allows no more hard links to one file"),
            Errno::OPNOTSUPP => Some("the file system cannot do this: use another kind of link"),
            Errno::NOENT => Some("check the spelling"),
            _ => None,
        }
    }
}
