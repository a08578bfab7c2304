//! How many instructions a boot takes, as the recipe says how to count them, and what it counted
//! itself.

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
const LIMIT: Duration = Duration::from_secs(300);

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

/// A word of the memory at the end of a boot that runs no program.
pub(crate) fn word_at_end(image: &[u8], manifest: &Manifest, address: u64) -> Result<u32> {
    let scratch = Scratch::new()?;
    let file = write(image, &scratch)?;
    // There is no such program, and a kernel without its first program stops.
    let words = command_line(&manifest.command_line, "/none");
    let start = Start {
        command_line: Some(words),
        clock: Clock::Instructions,
        ..Start::of(&file, manifest)
    };
    let limit = Limit::after(LIMIT);
    start.watched(&scratch, limit)?.word_at_end(address, limit)
}

fn of(image: &[u8], manifest: &Manifest, measured: Option<&Measured>) -> Result<Option<u64>> {
    let Some(measured) = measured.filter(|_| manifest.machine.counter.is_some()) else {
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
    fs::write(&file, image).with_context(|| format!("cannot write `{}`", shown(Path::new(&file))))?;
    Ok(file)
}
