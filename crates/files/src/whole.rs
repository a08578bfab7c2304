//! Writes a file whole or not at all, and returns when it is on the disk.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{self, Mode};

use crate::beneath;
use crate::expected::Expected;
use crate::failure::Failure;
use crate::staged::{Aside, NewFile};

/// What may stand under the name when the new file takes it.
pub enum Over<'old> {
    /// Nothing: `EEXIST` where something does, which stays.
    Nothing,
    /// This and nothing else.
    Seen(&'old mut dyn Expected),
    /// Whatever it is. Only for what is ours alone, such as a cache.
    Anything,
}

/// Writes `content` to `path`, with the mode that new files have.
pub fn write(path: &Path, content: &[u8], over: Over<'_>) -> Result<(), Failure> {
    let mut whole = Whole::beside(path, NEW)?;
    whole.write_all(content)?;
    whole.commit(over)
}

/// The mode of new files, of which the user's mask takes its share.
pub const NEW: Mode = Mode::from_raw_mode(0o666);
/// The mode of what nobody else may read.
pub const PRIVATE: Mode = Mode::from_raw_mode(0o600);

/// A file that is being written and has no name yet, or a temporary one.
#[derive(Debug)]
pub struct Whole {
    directory: Arc<OwnedFd>,
    name: Vec<u8>,
    new: NewFile<Arc<OwnedFd>>,
    file: File,
}

impl Whole {
    /// A new file that is going to be `path`. Its directory is there.
    pub fn beside(path: &Path, mode: Mode) -> Result<Self, Failure> {
        let (parent, name) = beneath::open_parent(path)?;
        Self::create(parent, name, mode)
    }

    /// The same in an open directory.
    pub fn create(directory: OwnedFd, name: &[u8], mode: Mode) -> Result<Self, Failure> {
        let directory = Arc::new(directory);
        let new = NewFile::create(Arc::clone(&directory), mode)?;
        let file = File::from(new.file().try_clone()?);
        Ok(Self { directory, name: name.to_vec(), new, file })
    }

    /// The file, to be written and dressed.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives it its name and returns when both are on the disk.
    pub fn commit(self, over: Over<'_>) -> Result<(), Failure> {
        let directory = Arc::clone(&self.directory);
        self.file.sync_all()?;
        match over {
            Over::Nothing => self.new.put_new(&self.name)?,
            Over::Anything => self.new.stage()?.put_over(&self.name)?,
            Over::Seen(old) => self.new.stage()?.replace(&self.name, old)?,
        }
        Ok(fs::fsync(&*directory)?)
    }

    /// Changes places with `old`, which is left to the caller, and so is to have the directory
    /// written to the disk.
    pub fn change_places(self, old: &mut dyn Expected) -> Result<Aside<Arc<OwnedFd>>, Failure> {
        self.file.sync_all()?;
        self.new.stage()?.change_places(&self.name, old)
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Whole {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl AsFd for Whole {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.file.as_fd()
    }
}
