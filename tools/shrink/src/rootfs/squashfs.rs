//! Unpacks a squashfs image, by way of `sqfs2tar`, which knows all of its compressions.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use exec::Program;

use super::Root;
use super::staging::Staging;
use super::tape::{self, Names};

/// Longer than an image of many gigabytes takes from a slow disk.
const LIMIT: Duration = Duration::from_hours(4);

pub(super) fn unpack(image: &Path, scratch: &Path) -> Result<Root> {
    let mut sqfs2tar = Program::new("sqfs2tar", LIMIT);
    let mut tape = sqfs2tar.arg(image).hint("install squashfs-tools-ng").reading()?;
    let mut staging = Staging::new(scratch)?;
    let unpacked = tape::unpack(&mut tape, Names::AsTheyAre, &mut staging);
    // An archive that is cut off is the consequence; why is what the program says.
    tape.finish()?;
    unpacked?;
    Root::staged(staging)
}
