//! Somebody else, at work in the same tree.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Place;

/// What somebody does to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Writes over its beginning, so that it is as long and looks as old as before.
    Write,
    /// Cuts it short.
    Shorten,
    /// Appends to it.
    Lengthen,
    /// Puts a new file in its place, as long and as old, by a rename: as editors save.
    Replace,
    /// Deletes it.
    Delete,
}

impl Deed {
    /// Each of them.
    pub const ALL: [Self; 5] =
        [Self::Write, Self::Shorten, Self::Lengthen, Self::Replace, Self::Delete];
}

/// Somebody at work. Who opens a file for writing may have to wait for the command, which stands
/// still; so they work beside.
pub(super) struct Somebody {
    work: JoinHandle<io::Result<Option<Vec<u8>>>>,
    /// All names that the file had at that moment, links followed.
    pub(super) same_file: Vec<String>,
    /// Whether the command made them wait, so that they come after it.
    pub(super) has_to_wait: bool,
}

impl Somebody {
    /// Begins; returns when it is done, or has to wait.
    pub(super) fn starts(place: &Place, deed: Deed, path: &str) -> Self {
        // Who is not done after that waits for the command. Names change without waiting.
        let long = match deed {
            Deed::Replace | Deed::Delete => Duration::from_mins(1),
            _ => Duration::from_millis(30),
        };
        let full = place.tree().join(path);
        let same_file = same_file(place, path);
        let work = std::thread::spawn(move || done(deed, &full));
        let start = Instant::now();
        while !work.is_finished() && start.elapsed() < long {
            std::thread::sleep(Duration::from_micros(200));
        }
        let has_to_wait = !work.is_finished();
        Self { work, same_file, has_to_wait }
    }

    /// Returns when it is done: what the file then held, where it was there.
    pub(super) fn ends(self) -> Option<Vec<u8>> {
        match self.work.join().expect("somebody ends") {
            Ok(theirs) => theirs,
            // The name was not there at that moment, or led nowhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => panic!("somebody cannot do it: {error}"),
        }
    }
}

/// All names in the tree of the file that `path` is, links followed.
pub(super) fn same_file(place: &Place, path: &str) -> Vec<String> {
    let identity = |path: PathBuf| fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
    let theirs = identity(place.tree().join(path));
    let is_same = |path: &String| theirs.is_some() && identity(place.tree().join(path)) == theirs;
    place.contents().into_keys().filter(is_same).collect()
}

fn done(deed: Deed, path: &Path) -> io::Result<Option<Vec<u8>>> {
    match deed {
        Deed::Write | Deed::Shorten | Deed::Lengthen => written(deed, path).map(Some),
        Deed::Replace => replaced(path).map(Some),
        Deed::Delete => fs::remove_file(path).map(|()| None),
    }
}

fn written(deed: Deed, path: &Path) -> io::Result<Vec<u8>> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let before = file.metadata()?;
    match deed {
        Deed::Shorten => file.set_len(before.len() / 2)?,
        Deed::Lengthen => {
            file.seek(SeekFrom::End(0))?;
            file.write_all(b" and theirs")?;
        }
        _ => file.write_all(&b"THEIRS"[..before.len().min(6).try_into().unwrap_or(6)])?,
    }
    file.set_times(FileTimes::new().set_modified(before.modified()?))?;
    let mut content = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut content)?;
    Ok(content)
}

fn replaced(path: &Path) -> io::Result<Vec<u8>> {
    let (content, modified) = match fs::metadata(path) {
        Ok(before) => (vec![b'T'; usize::try_from(before.len()).unwrap_or(1)], before.modified()?),
        Err(_) => (b"theirs".to_vec(), std::time::SystemTime::now()),
    };
    let new = path.with_file_name("somebody's");
    fs::write(&new, &content)?;
    File::open(&new)?.set_times(FileTimes::new().set_modified(modified))?;
    fs::rename(new, path)?;
    Ok(content)
}
