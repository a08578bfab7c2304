//! Paths and libraries that a file mentions somewhere in its content.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::reason::Role;
use crate::rootfs::Root;
use crate::rootfs::inventory::{Entry, Follow};

use super::edge::{Edge, Extent};

/// What a content mentions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    /// Absolute paths, as they are written.
    pub(crate) paths: BTreeSet<PathBuf>,
    /// Names such as `libgcc_s.so.1`.
    pub(crate) libraries: BTreeSet<Vec<u8>>,
    /// Names of programs that stand alone, as a program keeps the name of one that it runs.
    pub(crate) programs: BTreeSet<Vec<u8>>,
}

/// Longer words are no paths.
const LONGEST: usize = 1024;

/// Reads a file of the root and collects what it mentions; `programs` are those that there are.
pub(crate) fn of(
    root: &Root,
    path: &Path,
    programs: &BTreeSet<Vec<u8>>,
) -> std::io::Result<Mentions> {
    let mut mentions = Mentions::default();
    let mut file = root.read(path)?;
    let mut block = vec![0; 1 << 16];
    let mut word = Vec::new();
    let mut before = 0;
    loop {
        let length = file.read(&mut block)?;
        if length == 0 {
            break;
        }
        for byte in &block[..length] {
            if is_part(*byte) {
                if word.len() <= LONGEST {
                    word.push(*byte);
                }
            } else {
                mentions.add(&word);
                if before == 0 && *byte == 0 && programs.contains(&word) {
                    mentions.programs.insert(word.clone());
                }
                before = *byte;
                word.clear();
            }
        }
    }
    mentions.add(&word);
    Ok(mentions)
}

/// Edges to the files that a file names. Directories say too little about what is meant.
pub(crate) fn edges(
    root: &Root,
    paths: &BTreeSet<PathBuf>,
    by: &Path,
    extent: Extent,
) -> Vec<Edge> {
    let is_file = |path: &&PathBuf| {
        let end = root.inventory.resolve(Path::new(""), path, Follow::Last).end;
        end.and_then(|end| root.inventory.get(&end)).is_some_and(Entry::is_file)
    };
    let named = paths.iter().filter(is_file);
    named.map(|path| Edge::needed(path, by, Role::Mentioned, extent)).collect()
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._+-@~".contains(&byte)
}

impl Mentions {
    fn add(&mut self, word: &[u8]) {
        if word.len() < 5 || word.len() > LONGEST {
            return;
        }
        if word[0] == b'/' {
            if let Ok(text) = std::str::from_utf8(word) {
                self.paths.insert(PathBuf::from(text.trim_end_matches('.')));
            }
        } else if word.starts_with(b"lib") && is_library(word) {
            self.libraries.insert(word.to_vec());
        }
    }
}

/// Whether a name is `lib….so` with or without a version, and holds no directory.
fn is_library(word: &[u8]) -> bool {
    let Some(at) = word.windows(3).position(|part| part == b".so") else {
        return false;
    };
    !word.contains(&b'/')
        && word[at + 3..].iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_told_by_its_name() {
        assert!(is_library(b"libgcc_s.so.1"));
        assert!(is_library(b"libfoo.so"));
        assert!(!is_library(b"libfoo.source"));
        assert!(!is_library(b"libs/libfoo.so"));
    }
}
