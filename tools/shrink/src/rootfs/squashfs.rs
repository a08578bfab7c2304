//! Unpacks a squashfs image, by way of `sqfs2tar`, which knows all of its compressions.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::Root;
use super::staging::Staging;
use super::tape::{self, Names};

pub(super) fn unpack(image: &Path, scratch: &Path) -> Result<Root> {
    let mut child = Command::new("sqfs2tar")
        .arg(image)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(ui::hinted("cannot run `sqfs2tar`", "install squashfs-tools-ng"))?;
    let tape = child.stdout.take().expect("it is a pipe");
    let mut staging = Staging::new(scratch)?;
    let unpacked = tape::unpack(tape, Names::AsTheyAre, &mut staging);
    let output = child.wait_with_output().context("cannot wait for `sqfs2tar`")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`sqfs2tar` failed: {}", names::shown_text(said.trim()));
    }
    unpacked?;
    Root::staged(staging)
}
