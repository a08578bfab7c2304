//! Reads files that people write and look over, which are small.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The text of a file of at most so many MiB.
pub(crate) fn read(path: &Path, most: u64) -> Result<String> {
    // Looked at first: opening a pipe would wait for somebody who writes to it.
    ensure!(fs::metadata(path)?.is_file(), "it is no file");
    let limit = most << 20;
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= limit, "it is longer than {most} MiB");
    String::from_utf8(bytes).context("it is not UTF-8")
}
