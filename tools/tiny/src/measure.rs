//! How many instructions a boot takes, as the recipe says how to count them.

use anyhow::Result;

use crate::machine;
use crate::manifest::Manifest;
use crate::promise::Measured;

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

fn of(image: &[u8], manifest: &Manifest, measured: Option<&Measured>) -> Result<Option<u64>> {
    let Some(measured) = measured.filter(|_| manifest.machine.counter.is_some()) else {
        return Ok(None);
    };
    machine::count::of_bytes(image, manifest, &measured.start).map(Some)
}
