//! What stands beside a thing in the store: the hash of its content and of what it was made of.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;
use serde::{Deserialize, Serialize};

use crate::inputs::Inputs;

/// A seal.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Seal {
    /// Of the thing itself.
    content: String,
    /// What it was made of, beyond its key.
    inputs: Vec<Input>,
}

/// A file that a compiler read.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Input {
    path: PathBuf,
    content: String,
}

impl Seal {
    /// Of a thing that was just made.
    pub(crate) fn of(thing: &Path, inputs: &Inputs) -> Result<Self> {
        let input = |path: &Path| {
            let content =
                hash_of(path).with_context(|| format!("cannot read `{}`", shown(path)))?;
            Ok(Input { path: path.to_owned(), content })
        };
        let content = hash_of(thing).with_context(|| format!("cannot read `{}`", shown(thing)))?;
        Ok(Self { content, inputs: inputs.paths().map(input).collect::<Result<_>>()? })
    }

    /// Reads one. A seal that cannot be understood is none.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>> {
        match fs::read(path) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read `{}`", shown(path))),
        }
    }

    /// Writes it, whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec(self).context("cannot write down what a thing is made of")?;
        super::replace(path, &text)
    }

    /// Whether a thing still is what was sealed.
    pub(crate) fn is_whole(&self, thing: &Path) -> bool {
        hash_of(thing).is_ok_and(|hash| hash == self.content)
    }

    /// Whether all that the thing was made of is still the same.
    pub(crate) fn is_new(&self) -> bool {
        self.inputs.iter().all(|input| hash_of(&input.path).is_ok_and(|hash| hash == input.content))
    }
}

/// Of a file, or of all that stands in a directory. Names, permissions and links count, times do not.
fn hash_of(thing: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    add(thing, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn add(thing: &Path, hasher: &mut blake3::Hasher) -> io::Result<()> {
    let found = fs::symlink_metadata(thing)?;
    if found.is_symlink() {
        add_bytes(b"link", fs::read_link(thing)?.as_os_str().as_bytes(), hasher);
    } else if found.is_dir() {
        let mut entries = fs::read_dir(thing)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        hasher.update(b"directory").update(&(entries.len() as u64).to_le_bytes());
        for entry in entries {
            add_bytes(b"name", entry.file_name().as_bytes(), hasher);
            add(&entry.path(), hasher)?;
        }
    } else {
        let mut content = blake3::Hasher::new();
        content.update_reader(File::open(thing)?)?;
        hasher.update(b"file").update(&(found.permissions().mode() & 0o7777).to_le_bytes());
        hasher.update(content.finalize().as_bytes());
    }
    Ok(())
}

/// Borders count: nothing of one thing can pass for another.
fn add_bytes(kind: &[u8], bytes: &[u8], hasher: &mut blake3::Hasher) {
    hasher.update(kind).update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
}
