//! The third tree: a kernel source twice, the second copy with a few edits spread over it.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::host;
use super::packages::{self, Cache};

const PACKAGE: &str = "linux-source-6.1";
const EDITS: usize = 48;

/// Unpacks the source as `a` and `b` below `directory`, and edits `b`.
pub(super) fn build(directory: &Path, cache: &Cache) -> Result<()> {
    let original = directory.join("a");
    let edited = directory.join("b");
    host::say("kernel: unpacking");
    unpack(&original, cache)?;
    host::say("kernel: copying and editing");
    host::run(Command::new("cp").arg("--archive").args([&original, &edited]))?;
    edit(&edited)
}

fn unpack(source: &Path, cache: &Cache) -> Result<()> {
    host::empty_directory(source)?;
    for package in cache.fetch(&[PACKAGE.to_owned()])? {
        let unpacked = source.with_extension("package");
        packages::unpack(&package, &unpacked)?;
        host::run(
            Command::new("tar")
                .args(["--extract", "--strip-components=1", "--file"])
                .arg(unpacked.join(format!("usr/src/{PACKAGE}.tar.xz")))
                .arg("--directory")
                .arg(source),
        )?;
        fs::remove_dir_all(&unpacked)
            .with_context(|| format!("cannot remove `{}`", unpacked.display()))?;
    }
    Ok(())
}

/// Appends a line to 48 C files, drawn as if by lot, and the same ones every time: those whose path
/// has the smallest hashes.
fn edit(source: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect_c_files(source, &mut files)
        .with_context(|| format!("cannot list `{}`", source.display()))?;
    files.sort_by_cached_key(|file| {
        let path = file.strip_prefix(source).unwrap_or(file);
        *blake3::hash(path.as_os_str().as_encoded_bytes()).as_bytes()
    });
    for (number, file) in (1..).zip(files.iter().take(EDITS)) {
        append(file, number).with_context(|| format!("cannot edit `{}`", file.display()))?;
    }
    Ok(())
}

fn collect_c_files(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() {
            collect_c_files(&path, files)?;
        } else if kind.is_file() && path.extension() == Some(OsStr::new("c")) {
            files.push(path);
        }
    }
    Ok(())
}

fn append(file: &Path, number: usize) -> io::Result<()> {
    writeln!(OpenOptions::new().append(true).open(file)?, "/* edit {number} of {EDITS} */")
}
