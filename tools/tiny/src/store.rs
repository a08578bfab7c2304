//! What is kept from one build to the next: sources, and what was made of them, by what they are
//! made of.
//!
//! Beside each thing that was made stands its seal: the hash of its content, and what it was made of
//! as far as its key does not tell. A thing without a seal is a leftover; one whose content is another
//! was damaged on the disk; one of whose inputs has changed is old. All three are made anew, so that
//! neither a kill nor a crash nor a flipped bit shows.
//!
//! Proof: `tests/inputs.rs::a_flipped_byte_in_what_is_kept_does_not_reach_the_program`,
//! `tests/inputs.rs::whatever_a_program_is_made_of_makes_it_anew_when_it_changes`,
//! `tests/killed.rs::nobody_builds_where_a_killed_build_still_does`

mod seal;

pub(crate) use seal::Seal;

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;
use rustix::fs::FlockOperation;
use rustix::io::FdFlags;

use crate::inputs::Inputs;

use crate::messages::VOICE;

/// Changes whenever what stands in the store under an old key is no longer right.
const FORM: &str = "tiny 2";

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

/// A directory in the store in which a build goes on where the last one stopped.
#[derive(Debug)]
pub(crate) struct Workplace {
    directory: PathBuf,
    seal: PathBuf,
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

    /// A directory to work in, which waits until nobody else does. The programs that we start meanwhile
    /// hold it too: when we are killed, nobody comes in before the last of them has ended.
    pub(crate) fn hold(&self, kind: &str, key: &Key) -> Result<Held> {
        let directory = self.directory.join(kind).join(key.text());
        make_directory(&directory)?;
        let path = directory.join(".lock");
        let lock =
            File::create(&path).with_context(|| format!("cannot write `{}`", shown(&path)))?;
        take(&lock, || VOICE.note("another tiny is at work here: waiting until it has finished"))
            .with_context(|| format!("cannot lock `{}`", shown(&path)))?;
        rustix::io::fcntl_setfd(&lock, FdFlags::empty())
            .with_context(|| format!("cannot hand on `{}`", shown(&path)))?;
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
        self.once_of(name, |place| make(place).map(|()| Inputs::default()))
    }

    /// The same for what is made of more than the key tells: `make` says what it read. The thing is
    /// made again when any of that has another content.
    pub(crate) fn once_of(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> Result<Inputs>,
    ) -> Result<PathBuf> {
        let place = self.directory.join(name);
        let seal = self.directory.join(format!("{name}.seal"));
        if Seal::read(&seal)?.is_some_and(|seal| seal.is_whole(&place) && seal.is_new()) {
            return Ok(place);
        }
        // Nothing is sealed while it changes.
        remove(&seal)?;
        remove(&place)?;
        let unfinished = self.directory.join(format!("{name}.unfinished"));
        remove(&unfinished)?;
        let inputs = make(&unfinished)?;
        let sealed = Seal::of(&unfinished, &inputs)?;
        fs::rename(&unfinished, &place)
            .with_context(|| format!("cannot write `{}`", shown(&place)))?;
        sealed.write(&seal)?;
        Ok(place)
    }

    /// A directory for a build that knows itself what is left to do, as `make` does. It is emptied
    /// where that cannot be relied upon: what was sealed is damaged, or the machine went down while
    /// somebody worked in it, which leaves files that are newer than what stands in them.
    pub(crate) fn workplace(&self, name: &str) -> Result<Workplace> {
        let directory = self.directory.join(name);
        let seal = self.directory.join(format!("{name}.seal"));
        let begun = self.directory.join(format!("{name}.begun"));
        let is_good = match Seal::read(&seal)? {
            Some(sealed) => sealed.is_whole(&directory),
            None => fs::read(&begun).is_ok_and(|then| then == this_uptime()),
        };
        if !is_good {
            remove(&directory)?;
        }
        replace(&begun, &this_uptime())?;
        remove(&seal)?;
        make_directory(&directory)?;
        Ok(Workplace { directory, seal })
    }
}

/// Another one whenever the machine starts.
fn this_uptime() -> Vec<u8> {
    fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

impl Workplace {
    /// The directory to work in.
    pub(crate) fn path(&self) -> &Path {
        &self.directory
    }

    /// Seals what the work has come to.
    pub(crate) fn seal(&self) -> Result<()> {
        Seal::of(&self.directory, &Inputs::default())?.write(&self.seal)
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
