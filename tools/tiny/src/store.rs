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
//! `tests/killed.rs::nobody_builds_where_a_killed_build_still_does`,
//! `src/store/tests.rs::a_thing_is_whole_or_not_there_whenever_a_build_is_killed`

#![expect(
    clippy::disallowed_methods,
    reason = "what lies in the store is ours, and a seal tells it"
)]

mod seal;

pub(crate) use seal::Seal;

use std::cell::RefCell;
use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use files::whole::{Over, Whole};
use files::{Staged, leftovers};
use names::shown;
use rustix::fs::{CWD, FlockOperation, Mode, RenameFlags, renameat_with};
use rustix::io::{Errno, FdFlags};

use ui::Line;

use crate::inputs::Inputs;

/// Changes whenever what stands in the store under an old key is no longer right.
const FORM: &str = "tiny 2";

/// The store.
#[derive(Debug)]
pub(crate) struct Store<'a> {
    directory: PathBuf,
    /// Where people see what is done.
    line: &'a Line,
    step: RefCell<String>,
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

impl<'a> Store<'a> {
    /// The store in this directory, otherwise the user's own.
    pub(crate) fn open(directory: Option<&Path>, line: &'a Line) -> Result<Self> {
        let directory = match directory {
            Some(directory) => directory.to_owned(),
            None => usual_place()?,
        };
        make_directory(&directory)?;
        // The compiler is told paths of the store, from wherever it is run.
        let directory = fs::canonicalize(&directory)
            .with_context(|| format!("cannot find `{}`", shown(&directory)))?;
        Ok(Self { directory, line, step: RefCell::default() })
    }

    /// Another store, whose waiting is seen where that for this one is.
    pub(crate) fn another(&self, directory: &Path) -> Result<Self> {
        Self::open(Some(directory), self.line)
    }

    /// Says which step of the work begins.
    pub(crate) fn tell(&self, step: &str) {
        self.line.say(step);
        step.clone_into(&mut self.step.borrow_mut());
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
        let failed = || format!("cannot lock `{}`", shown(&path));
        let lock = File::create(&path).with_context(failed)?;
        let mut waited = false;
        take(&lock, || {
            self.line.say(&format!("waiting for another build that works on the {kind}"));
            waited = true;
        })
        .with_context(failed)?;
        if waited {
            self.line.say(&self.step.borrow());
        }
        rustix::io::fcntl_setfd(&lock, FdFlags::empty()).with_context(failed)?;
        // Nobody else is at work here: what stands under a temporary name was left by a kill.
        let open = File::open(&directory).with_context(failed)?;
        leftovers::clean_all(&open)
            .with_context(|| format!("cannot clean up in `{}`", shown(&directory)))?;
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
        let scratch = Scratch::beside(&place)?;
        let unfinished = scratch.path.join(name);
        let inputs = make(&unfinished)?;
        let sealed = Seal::of(&unfinished, &inputs)?;
        settle(&unfinished, &place).with_context(|| format!("cannot write `{}`", shown(&place)))?;
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

/// A directory for what is being made, which goes with us, or when the next one comes.
struct Scratch {
    path: PathBuf,
    _staged: Staged<File>,
}

impl Scratch {
    fn beside(place: &Path) -> Result<Self> {
        let parent = place.parent().unwrap_or(Path::new("."));
        let make = || Ok::<_, io::Error>(Staged::directory(File::open(parent)?)?);
        let staged = make().with_context(|| format!("cannot write to `{}`", shown(parent)))?;
        Ok(Self { path: parent.join(OsStr::from_bytes(staged.name())), _staged: staged })
    }
}

/// Gives a thing its place. What stands there, which was found to be damaged or old, changes places
/// with it, so that the place is never empty.
fn settle(thing: &Path, place: &Path) -> io::Result<()> {
    let rename = |flags| renameat_with(CWD, thing, CWD, place, flags);
    match rename(RenameFlags::NOREPLACE) {
        Err(Errno::EXIST) => Ok(rename(RenameFlags::EXCHANGE)?),
        done => Ok(done?),
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

/// What everybody may read.
const READABLE: Mode = Mode::from_raw_mode(0o644);

/// Writes a file, whole or not at all, and returns when it is on the disk.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let write = || {
        let mut whole = Whole::beside(path, READABLE)?;
        io::Write::write_all(&mut whole, content)?;
        whole.commit(Over::Anything)
    };
    write().with_context(|| format!("cannot write `{}`", shown(path)))
}

#[cfg(test)]
mod tests;
