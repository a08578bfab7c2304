//! What a command wrote: everything in the upper directory of its overlay.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use names::Bytes;

use super::observed::Written;

/// What the surroundings put there themselves.
const OURS: &[&str] = &["dev", "proc", "sys"];

/// Lists what stands in the upper directory of an overlay.
pub(super) fn collect(upper: &Path) -> std::io::Result<BTreeMap<Bytes, Written>> {
    let mut written = BTreeMap::new();
    let mut directories = vec![PathBuf::new()];
    while let Some(directory) = directories.pop() {
        for child in fs::read_dir(upper.join(&directory))? {
            let path = directory.join(child?.file_name());
            if OURS.iter().any(|ours| path == Path::new(ours)) {
                continue;
            }
            let what = describe(&upper.join(&path))?;
            if matches!(what, Written::Directory(_)) {
                directories.push(path.clone());
            }
            written.insert(Bytes::of(&path), what);
        }
    }
    Ok(written)
}

fn describe(path: &Path) -> std::io::Result<Written> {
    let metadata = fs::symlink_metadata(path)?;
    let file_type = metadata.file_type();
    let mode = metadata.mode() & 0o7777;
    Ok(if file_type.is_dir() {
        Written::Directory(mode)
    } else if file_type.is_symlink() {
        Written::Link(Bytes(fs::read_link(path)?.as_os_str().as_bytes().to_vec()))
    } else if file_type.is_char_device() && metadata.rdev() == 0 {
        // What overlayfs calls a whiteout.
        Written::Removed
    } else if file_type.is_file() {
        let (digest, without_numbers) = digests(path)?;
        Written::File { mode, digest, without_numbers }
    } else {
        Written::Other
    })
}

fn digests(path: &Path) -> std::io::Result<(String, String)> {
    let mut file = fs::File::open(path)?;
    let mut exact = blake3::Hasher::new();
    let mut loose = blake3::Hasher::new();
    let mut block = vec![0; 1 << 16];
    let mut in_number = false;
    loop {
        let length = file.read(&mut block)?;
        if length == 0 {
            break;
        }
        exact.update(&block[..length]);
        loose.update(&without_numbers(&block[..length], &mut in_number));
    }
    Ok((exact.finalize().to_hex().to_string(), loose.finalize().to_hex().to_string()))
}

/// A text with every run of digits as one `#`; `in_number` tells whether the text before ended in
/// one.
pub(crate) fn without_numbers(text: &[u8], in_number: &mut bool) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    for byte in text {
        if byte.is_ascii_digit() {
            if !*in_number {
                plain.push(b'#');
            }
            *in_number = true;
        } else {
            plain.push(*byte);
            *in_number = false;
        }
    }
    plain
}
