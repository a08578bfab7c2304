//! Writes a root filesystem: as a directory, a tar or cpio archive, or a squashfs image.

pub(crate) mod directory;

mod cpio;
pub(crate) mod tape;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use exec::{Program, Writing};
use flate2::Compression;
use flate2::write::GzEncoder;
use names::shown;

use crate::rootfs::inventory::Inventory;

/// Longer than packing many gigabytes takes with one slow processor.
const LIMIT: Duration = Duration::from_hours(12);

/// What a root is written as, by the ending of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Directory,
    Tape,
    CompressedTape,
    Cpio,
    CompressedCpio,
    Squashfs,
}

impl Form {
    pub(crate) fn of(output: &Path) -> Self {
        let name = output.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[".tar"]) {
            Self::Tape
        } else if ends(&[".tar.gz", ".tgz"]) {
            Self::CompressedTape
        } else if ends(&[".cpio"]) {
            Self::Cpio
        } else if ends(&[".cpio.gz"]) {
            Self::CompressedCpio
        } else if ends(&[".squashfs", ".sqfs", ".sqsh", ".sfs"]) {
            Self::Squashfs
        } else {
            Self::Directory
        }
    }
}

/// Puts a root that stands in a directory of the scratch where the user wants it: the last step is
/// one rename, never over what somebody has put there meanwhile.
pub(crate) fn hand_over(
    inventory: &Inventory,
    small: &Path,
    output: &Path,
    scratch: &Path,
) -> Result<()> {
    let write = || format!("cannot write `{}`", shown(output));
    let staged = match Form::of(output) {
        Form::Directory => small.to_owned(),
        form => {
            let staged = scratch.join("result");
            write_file(inventory, small, &staged, form).with_context(write)?;
            File::open(&staged).and_then(|file| file.sync_all()).with_context(write)?;
            staged
        }
    };
    files::output::hand_over(&staged, output).with_context(write)
}

fn write_file(inventory: &Inventory, small: &Path, staged: &Path, form: Form) -> Result<()> {
    if form == Form::Squashfs {
        return write_squashfs(inventory, small, staged);
    }
    let out = BufWriter::with_capacity(1 << 18, File::create_new(staged)?);
    let compressed = |out| GzEncoder::new(out, Compression::best());
    match form {
        Form::Tape => tape::write(inventory, small, out)?.flush()?,
        Form::CompressedTape => {
            tape::write(inventory, small, compressed(out))?.finish()?.flush()?;
        }
        Form::Cpio => cpio::write(inventory, small, out)?.flush()?,
        Form::CompressedCpio => {
            cpio::write(inventory, small, compressed(out))?.finish()?.flush()?;
        }
        Form::Directory | Form::Squashfs => {}
    }
    Ok(())
}

/// Writes a squashfs image by way of `tar2sqfs`, which takes all that an archive holds.
fn write_squashfs(inventory: &Inventory, small: &Path, staged: &Path) -> Result<()> {
    let mut tar2sqfs = tar2sqfs(staged)?;
    let written = tape::write(inventory, small, BufWriter::with_capacity(1 << 18, &mut tar2sqfs))
        .and_then(|mut out| Ok(out.flush()?));
    // That nobody reads what is written is the consequence; why is what the program says.
    tar2sqfs.finish()?;
    written
}

fn tar2sqfs(staged: &Path) -> Result<Writing> {
    let mut tar2sqfs = Program::new("tar2sqfs", LIMIT);
    tar2sqfs.args(["--quiet", "--force", "--compressor", "xz"]).arg(staged);
    tar2sqfs.hint("install squashfs-tools-ng").writing()
}
