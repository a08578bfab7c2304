//! What is kept from one build to the next: sources, and what was made of them, by what they are
//! made of.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;
use rustix::fs::FlockOperation;

use crate::messages::VOICE;

/// Changes whenever what stands in the store under an old key is no longer right.
const FORM: &str = "tiny 1";

/// The store.
#[derive(Debug)]
pub(crate) struct Store {
    directory: PathBuf,
}

/// A name for what is made of given things: equal things, equal name.
#[derive(Debug, Clone)]
pub(crate) struct Key(blake3::Hasher);

/// A place in the store that nobody else works in meanwhile.
#[derive(Debug)]
pub(crate) struct Held {
    directory: PathBuf,
    /// Let go of with us.
    _lock: File,
}

impl Store {
    /// The store in this directory, otherwise the user's own.
    pub(crate) fn open(directory: Option<&Path>) -> Result<Self> {
        let directory = match directory {
            Some(directory) => directory.to_owned(),
            None => usual_place()?,
        };
        make_directory(&directory)?;
        // The compiler is told paths of the store, from wherever it is run.
        let directory = fs::canonicalize(&directory)
            .with_context(|| format!("cannot find `{}`", shown(&directory)))?;
        Ok(Self { directory })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.directory
    }

    /// Where packages are kept.
    pub(crate) fn packages(&self) -> PathBuf {
        self.directory.join("packages")
    }

    /// Where apt keeps its lists of a release.
    pub(crate) fn lists(&self) -> PathBuf {
        self.directory.join("apt")
    }

    /// A directory to work in, which waits until nobody else does.
    pub(crate) fn hold(&self, kind: &str, key: &Key) -> Result<Held> {
        let directory = self.directory.join(kind).join(key.text());
        make_directory(&directory)?;
        let path = directory.join(".lock");
        let lock =
            File::create(&path).with_context(|| format!("cannot write `{}`", shown(&path)))?;
        take(&lock, || VOICE.note("another tiny is at work here: waiting until it has finished"))
            .with_context(|| format!("cannot lock `{}`", shown(&path)))?;
        Ok(Held { directory, _lock: lock })
    }
}

impl Held {
    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.directory
    }

    /// A place in it, for what is made at once or not at all: `make` is given another place, whose
    /// content then takes this one. What is there already is not made again.
    pub(crate) fn once(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let place = self.directory.join(name);
        if place.exists() {
            return Ok(place);
        }
        let unfinished = self.directory.join(format!("{name}.unfinished"));
        remove(&unfinished)?;
        make(&unfinished)?;
        fs::rename(&unfinished, &place)
            .with_context(|| format!("cannot write `{}`", shown(&place)))?;
        Ok(place)
    }
}

impl Key {
    /// The beginning of every key.
    pub(crate) fn new() -> Self {
        Self(blake3::Hasher::new()).and(FORM)
    }

    /// Of one thing more. Their borders count: `ab`, `c` is not `a`, `bc`.
    pub(crate) fn and(mut self, thing: impl AsRef<[u8]>) -> Self {
        let thing = thing.as_ref();
        self.0.update(&(thing.len() as u64).to_le_bytes());
        self.0.update(thing);
        self
    }

    /// Of several things more.
    pub(crate) fn and_all<T: AsRef<[u8]>>(self, things: impl IntoIterator<Item = T>) -> Self {
        things.into_iter().fold(self, Self::and)
    }

    /// As the name of a directory.
    pub(crate) fn text(&self) -> String {
        self.0.finalize().to_hex()[..24].to_owned()
    }
}

/// Takes a lock, and says so before where somebody else has it: that may take as long as a build.
fn take(lock: &File, waiting: impl FnOnce()) -> std::io::Result<()> {
    if rustix::fs::flock(lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
        return Ok(());
    }
    waiting();
    Ok(rustix::fs::flock(lock, FlockOperation::LockExclusive)?)
}

/// `$XDG_CACHE_HOME/tiny`, otherwise `~/.cache/tiny`.
fn usual_place() -> Result<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    let cache = cache.context(ui::hinted(
        "cannot tell where to keep sources",
        "set HOME, or name a directory with --store",
    ))?;
    Ok(cache.join("tiny"))
}

/// Makes a directory with those above it.
pub(crate) fn make_directory(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make the directory `{}`", shown(directory)))
}

/// Removes a file or a directory, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    removed.with_context(|| format!("cannot remove `{}`", shown(path)))
}

/// Writes a file unless it says the same already, for builds that look at times.
pub(crate) fn replace_changed(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    replace(path, content)
}

/// Writes a file, whole or not at all.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let write = || {
        let mut file = tempfile::Builder::new()
            .prefix(".tiny-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(parent)?;
        std::io::Write::write_all(&mut file, content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok::<_, std::io::Error>(())
    };
    write().with_context(|| format!("cannot write `{}`", shown(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_once_is_not_made_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(Some(directory.path())).expect("a store");
        let held = store.hold("things", &Key::new().and("this")).expect("a place");

        let failed = held.once("thing", |_| anyhow::bail!("the disk is full"));
        assert_eq!(failed.expect_err("it failed").to_string(), "the disk is full");
        let first = held.once("thing", |place| Ok(fs::write(place, "made")?)).expect("a thing");
        let second = held.once("thing", |_| panic!("it is there")).expect("a thing");

        assert_eq!(first, second);
        assert_eq!(fs::read_to_string(second).expect("it is there"), "made");
    }

    #[test]
    fn who_has_to_wait_for_another_says_so() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("lock");
        let mut ours = Some(File::create(&path).expect("a file"));
        take(ours.as_ref().expect("it is ours"), || panic!("nobody has it")).expect("a lock");

        let mut said = false;
        let theirs = File::open(&path).expect("a file");
        take(&theirs, || {
            said = true;
            ours = None;
        })
        .expect("a lock");

        assert!(said);
    }

    #[test]
    fn the_borders_of_what_a_key_is_made_of_count() {
        assert_ne!(Key::new().and("ab").and("c").text(), Key::new().and("a").and("bc").text());
        assert_eq!(Key::new().and("ab").text(), Key::new().and_all(["ab"]).text());
    }
}
