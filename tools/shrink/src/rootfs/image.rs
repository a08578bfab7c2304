//! Unpacks container images: OCI image layouts and what `docker save` writes.
//!
//! Formats: OCI image specification 1.1, "Image Layout" and "Manifest"; Docker's `manifest.json`.

#![expect(
    clippy::disallowed_methods,
    reason = "layers are unpacked into a scratch directory of our own"
)]

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tempfile::TempDir;

use super::Root;
use super::inventory::inside;
use super::staging::Staging;
use super::tape::{self, Names};

/// Manifests and indexes are small; larger ones are no such thing.
const LARGEST_DOCUMENT: u64 = 16 << 20;

/// Unpacks a tar archive that holds a root filesystem, or an image of one.
pub(super) fn unpack_archive(path: &Path, scratch: &Path) -> Result<Root> {
    let mut file = File::open(path)?;
    if is_image(&mut file)? {
        let parts = unpack_parts(&mut file, scratch)?;
        return unpack_layout(parts.path(), scratch);
    }
    file.rewind()?;
    let mut staging = Staging::new(scratch)?;
    tape::unpack(tape::uncompressed(file)?, Names::AsTheyAre, &mut staging)?;
    let root = Root::staged(staging)?;
    if root.inventory.len() < 2 {
        bail!("the archive is empty");
    }
    Ok(root)
}

/// Whether an archive holds an image: its parts are few and stand at the top.
fn is_image(file: &mut File) -> Result<bool> {
    /// Roots begin with directories, images with `blobs/` or a directory for a layer.
    const LOOKED_AT: usize = 4096;
    let mut archive = tar::Archive::new(tape::uncompressed(&mut *file)?);
    for entry in archive.entries()?.take(LOOKED_AT) {
        let entry = entry.context("the archive is damaged")?;
        match inside(&entry.path_bytes()).as_deref().and_then(Path::to_str) {
            Some("manifest.json" | "oci-layout") => return Ok(true),
            // No image has such a directory, and no root's archive needs to be read to its end.
            Some("usr" | "bin" | "etc") => return Ok(false),
            _ => {}
        }
    }
    Ok(false)
}

/// The parts of an image archive, as files.
fn unpack_parts(file: &mut File, scratch: &Path) -> Result<TempDir> {
    file.rewind()?;
    let directory = tempfile::Builder::new().prefix(".shrink-").tempdir_in(scratch)?;
    let mut archive = tar::Archive::new(tape::uncompressed(file)?);
    for entry in archive.entries()? {
        let mut entry = entry.context("the image is damaged")?;
        let Some(path) = inside(&entry.path_bytes()) else {
            bail!("the image holds a path that leads out of it");
        };
        if entry.header().entry_type().is_file() {
            let full = directory.path().join(path);
            std::fs::create_dir_all(full.parent().unwrap_or(directory.path()))?;
            std::io::copy(&mut entry, &mut File::create(full)?)?;
        }
    }
    Ok(directory)
}

/// Unpacks the layers of an image, one on top of the other.
pub(super) fn unpack_layout(directory: &Path, scratch: &Path) -> Result<Root> {
    let layers = if directory.join("index.json").is_file() {
        layers_of_index(directory)?
    } else {
        layers_of_docker(directory)?
    };
    let mut staging = Staging::new(scratch)?;
    for layer in layers {
        let file = super::open_beneath(directory, &layer)
            .with_context(|| format!("cannot read the layer `{}`", names::shown(&layer)))?;
        tape::unpack(tape::uncompressed(file)?, Names::OfALayer, &mut staging)?;
    }
    Root::staged(staging)
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    architecture: String,
}

fn layers_of_index(directory: &Path) -> Result<Vec<PathBuf>> {
    /// An index may lead to another index, for each platform one.
    const DEEPEST: usize = 3;
    let index: Index = document(directory, Path::new("index.json"))?;
    let mut descriptor = only(index.manifests)?;
    for _ in 0..DEEPEST {
        let manifest: Manifest = document(directory, &blob(&descriptor.digest)?)?;
        if let Some(layers) = manifest.layers {
            return layers.iter().map(|layer| blob(&layer.digest)).collect();
        }
        descriptor = only(manifest.manifests.unwrap_or_default())?;
    }
    bail!("the image's index leads to no manifest")
}

/// The one image that is meant: the only one, or the only one for this machine.
fn only(mut descriptors: Vec<Descriptor>) -> Result<Descriptor> {
    if descriptors.len() > 1 {
        let here = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        descriptors.retain(|one| {
            one.platform.as_ref().is_some_and(|platform| platform.architecture == here)
        });
    }
    match <[Descriptor; 1]>::try_from(descriptors) {
        Ok([one]) => Ok(one),
        Err(_) => bail!(ui::hinted(
            "the layout holds several images, or none for this machine",
            "export one image into a layout of its own",
        )),
    }
}

fn blob(digest: &str) -> Result<PathBuf> {
    let parts = digest.split_once(':').filter(|(algorithm, value)| {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain(algorithm) && plain(value)
    });
    let (algorithm, value) = parts.with_context(|| format!("`{digest}` is no digest"))?;
    Ok(Path::new("blobs").join(algorithm).join(value))
}

#[derive(Deserialize)]
struct Saved {
    #[serde(rename = "Layers")]
    layers: Vec<PathBuf>,
}

fn layers_of_docker(directory: &Path) -> Result<Vec<PathBuf>> {
    let saved: Vec<Saved> = document(directory, Path::new("manifest.json"))?;
    match <[Saved; 1]>::try_from(saved) {
        Ok([one]) => Ok(one.layers),
        Err(_) => bail!(ui::hinted("the archive holds several images", "save one image alone")),
    }
}

fn document<T: for<'de> Deserialize<'de>>(directory: &Path, path: &Path) -> Result<T> {
    let read = || format!("cannot read `{}` of the image", names::shown(path));
    let file = super::open_beneath(directory, path).with_context(read)?;
    serde_json::from_reader(file.take(LARGEST_DOCUMENT)).with_context(read)
}
