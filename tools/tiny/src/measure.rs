//! How many instructions a boot takes, as the recipe says how to count them, and what it counted
//! itself.

#![expect(clippy::disallowed_methods, reason = "the folder is one of our own")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use names::shown;

use crate::check::command_line;
use crate::machine::command::Clock;
use crate::machine::limit::Limit;
use crate::machine::scratch::Scratch;
use crate::machine::{Start, count};
use crate::manifest::Manifest;
use crate::promise::Measured;

/// A boot that takes longer is not going to end.
const LIMIT: Duration = Duration::from_mins(2);

/// To the first program.
pub(crate) fn start(image: &[u8], manifest: &Manifest) -> Result<Option<u64>> {
    of(image, manifest, manifest.promises.instructions.userspace.as_ref())
}

/// To the first picture.
pub(crate) fn picture(image: &[u8], manifest: &Manifest) -> Result<Option<u64>> {
    of(image, manifest, manifest.promises.instructions.picture.as_ref())
}

/// To the first picture, otherwise to the first program.
pub(crate) fn picture_or_start(image: &[u8], manifest: &Manifest) -> Result<Option<u64>> {
    match picture(image, manifest)? {
        Some(counted) => Ok(Some(counted)),
        None => start(image, manifest),
    }
}

/// A word of the memory at the end of a boot whose first program ends at once.
pub(crate) fn word_at_end(image: &[u8], manifest: &Manifest, address: u64) -> Result<u32> {
    let scratch = Scratch::new()?;
    let file = write(image, &scratch)?;
    let measured = manifest.promises.instructions.userspace.as_ref();
    let program = measured.map_or("/bin/sh -c exit", |measured| &measured.start);
    let words = command_line(&manifest.command_line, program);
    let start = Start {
        command_line: Some(words),
        clock: Clock::Instructions,
        ..Start::of(&file, manifest)
    };
    start.watched(&scratch)?.word_at_end(address, Limit::after(LIMIT))
}

fn of(image: &[u8], manifest: &Manifest, measured: Option<&Measured>) -> Result<Option<u64>> {
    let Some(measured) = measured else {
        return Ok(None);
    };
    let scratch = Scratch::new()?;
    let file = write(image, &scratch)?;
    let words = command_line(&manifest.command_line, &measured.start);
    let start = Start { command_line: Some(words), ..Start::of(&file, manifest) };
    let counted = count::instructions(&start, &scratch, Limit::after(LIMIT))?;
    Ok(Some(counted.instructions))
}

fn write(image: &[u8], scratch: &Scratch) -> Result<std::path::PathBuf> {
    let file = scratch.path("measured.img");
    fs::write(&file, image)
        .with_context(|| format!("cannot write `{}`", shown(Path::new(&file))))?;
    Ok(file)
}
