//! The directory that fresh roots are made in: one root, and what the next will be made of.
//!
//! ```text
//! lock         held as long as anything here is used
//! base.tar     the clean root as mmdebstrap made it, and base.made-of, which says from what
//! kept/        packages and crates that were downloaded
//! root/        the root, with a mark beside it that says that it is ours
//! ```
//!
//! Proof: `src/fresh/place.rs::a_place_that_is_being_used_is_not_touched`,
//! `src/fresh/place.rs::a_root_that_these_chores_did_not_make_is_not_removed`

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use crate::problem::Advise;

/// The directory, as long as nobody else works in it.
pub(super) struct Place {
    directory: PathBuf,
    /// Let go of with us, or with the last process of a root.
    _lock: File,
}

/// What is kept from root to root, and where in a root it is looked for.
const KEPT: &[(&str, &str)] = &[
    ("packages", "var/cache/apt/archives"),
    ("crates/cache", "root/.cargo/registry/cache"),
    ("crates/index", "root/.cargo/registry/index"),
];

impl Place {
    /// Opens the directory, or makes it.
    pub(super) fn open(directory: &Path) -> Result<Self> {
        let cannot = || format!("cannot use `{}` for fresh roots", directory.display());
        fs::create_dir_all(directory).with_context(cannot)?;
        let directory = directory.canonicalize().with_context(cannot)?;
        let lock = File::create(directory.join("lock")).with_context(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(anyhow!("a fresh root is being used there"))
                    .with_context(cannot)
                    .hint("wait until it is done, or name another place with `--root`");
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(cannot),
        }
        // The processes that enter inherit it: were this one killed, the next run would otherwise
        // begin to remove a root whose processes are still being ended.
        fcntl(&lock, FcntlArg::F_SETFD(FdFlag::empty())).with_context(cannot)?;
        Ok(Self { directory, _lock: lock })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A directory for a new root. One that an earlier run left goes.
    pub(super) fn empty_root(&self) -> Result<PathBuf> {
        self.remove_root()?;
        let root = self.root();
        fs::write(self.mark(), "made by `cargo xtask fresh`, and removed by it\n")
            .with_context(|| format!("cannot write `{}`", self.mark().display()))?;
        fs::create_dir(&root).with_context(|| format!("cannot make `{}`", root.display()))?;
        Ok(root)
    }

    /// Removes the root, if it is one of ours and nothing is mounted in it.
    pub(super) fn remove_root(&self) -> Result<()> {
        let root = self.root();
        if !root.exists() {
            return Ok(());
        }
        let cannot = || format!("cannot remove `{}`", root.display());
        if !self.mark().exists() {
            return Err(anyhow!("these chores did not make it"))
                .with_context(cannot)
                .hint("name another place with `--root`");
        }
        let mounts = fs::read_to_string("/proc/self/mountinfo").with_context(cannot)?;
        if let Some(place) = mounted_below(&mounts, &root) {
            return Err(anyhow!("something is mounted at `{}`", place.display()))
                .with_context(cannot)
                .hint("unmount it: whatever it holds would be removed, too");
        }
        fs::remove_dir_all(&root).with_context(cannot)?;
        fs::remove_file(self.mark()).with_context(cannot)
    }

    /// The directories that are kept from root to root, each with its place in a root.
    pub(super) fn caches(&self) -> Result<Vec<(PathBuf, &'static str)>> {
        let mut caches = Vec::new();
        for (name, inside) in KEPT {
            let kept = self.directory.join("kept").join(name);
            fs::create_dir_all(&kept)
                .with_context(|| format!("cannot make `{}`", kept.display()))?;
            caches.push((kept, *inside));
        }
        Ok(caches)
    }

    fn root(&self) -> PathBuf {
        self.directory.join("root")
    }

    /// Beside the root, where no command inside can take it away.
    fn mark(&self) -> PathBuf {
        self.directory.join("root.is-ours")
    }
}

/// The first mount at or below the directory, in what the kernel says of all mounts.
fn mounted_below(mounts: &str, directory: &Path) -> Option<PathBuf> {
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(4));
    places
        .map(|place| PathBuf::from(place.replace("\\040", " ")))
        .find(|place| place.starts_with(directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T>(result: Result<T>) -> String {
        result.err().map(|error| crate::problem::describe(&error)).unwrap_or_default()
    }

    #[test]
    fn a_place_that_is_being_used_is_not_touched() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let first = Place::open(scratch.path()).expect("nobody is there");
        let root = first.empty_root().expect("a root");

        let second = refused(Place::open(scratch.path()));

        assert!(second.contains("because: a fresh root is being used there"), "{second}");
        assert!(root.is_dir());
        drop(first);
        assert!(Place::open(scratch.path()).is_ok());
    }

    #[test]
    fn a_root_that_was_left_behind_is_removed_before_the_next() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let place = Place::open(scratch.path()).expect("nobody is there");
        let root = place.empty_root().expect("a root");
        fs::write(root.join("left"), "").expect("a file");

        let root = place.empty_root().expect("another root");

        assert_eq!(fs::read_dir(&root).expect("a listing").count(), 0);
        place.remove_root().expect("it is ours");
        assert!(!root.exists());
    }

    #[test]
    fn a_root_that_these_chores_did_not_make_is_not_removed() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let precious = scratch.path().join("root/precious");
        fs::create_dir_all(precious.parent().expect("it has one")).expect("a directory");
        fs::write(&precious, "").expect("a file");
        let place = Place::open(scratch.path()).expect("nobody is there");

        let told = refused(place.empty_root());

        assert!(told.contains("because: these chores did not make it"), "{told}");
        assert!(precious.exists());
    }

    #[test]
    fn what_is_mounted_below_is_found_by_whole_names() {
        let mounts = "\
21 1 8:1 / / rw - ext4 /dev/vda rw
30 21 0:5 / /srv/fresh/root\\040old/dev rw - devtmpfs udev rw
31 21 0:5 / /srv/fresh/root/dev rw - devtmpfs udev rw
";
        let below = |place: &str| mounted_below(mounts, Path::new(place));

        assert_eq!(below("/srv/fresh/root"), Some("/srv/fresh/root/dev".into()));
        assert_eq!(below("/srv/fresh/root old"), Some("/srv/fresh/root old/dev".into()));
        assert_eq!(below("/srv/fresh/ro"), None);
    }
}
