//! What stands beside every image, as `FILE.tiny.json`: how it boots and what it promises.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::board::Machine;
use crate::compressor::Compressor;
use crate::image::Image;
use crate::part::{Part, Place};
use crate::promise::Promises;
use crate::recipe::Recipe;
use crate::store;

/// The form of manifests that this tiny writes and reads.
const VERSION: u32 = 1;

/// How an image boots and what it promises.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Manifest {
    /// The form of this document.
    version: u32,
    /// The name of the recipe.
    pub(crate) recipe: String,
    /// The name of the board.
    pub(crate) board: String,
    /// How the board is emulated.
    pub(crate) machine: Machine,
    /// The memory it boots with, in bytes.
    pub(crate) memory: u64,
    /// The size of the image in bytes: an image of another size is not the one described.
    pub(crate) image_size: u64,
    /// The words that the kernel is given.
    pub(crate) command_line: String,
    /// Where the device tree is inside the image; without one, QEMU hands the words over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) device_tree: Option<Place>,
    /// What the recipe promises.
    #[serde(default)]
    pub(crate) promises: Promises,
    /// How the kernel is packed.
    #[serde(default)]
    pub(crate) compressor: Compressor,
    /// The most bytes that the recipe allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) budget: Option<u64>,
    /// The techniques that the image was built with.
    #[serde(default)]
    pub(crate) techniques: Vec<String>,
    /// What it is made of.
    #[serde(default)]
    pub(crate) parts: Vec<Part>,
    /// The packages that it was built from, with their versions.
    #[serde(default)]
    pub(crate) packages: BTreeMap<String, String>,
}

/// What every manifest can be asked before its form is known.
#[derive(Deserialize)]
struct Form {
    version: u32,
}

impl Manifest {
    /// Describes an image.
    pub(crate) fn new(
        recipe: &Recipe,
        image: &Image,
        command_line: &str,
        compressor: Compressor,
    ) -> Self {
        Self {
            version: VERSION,
            recipe: recipe.name.clone(),
            board: recipe.board_name.clone(),
            machine: recipe.board.machine.clone(),
            memory: recipe.memory.bytes(),
            image_size: image.bytes.len() as u64,
            command_line: command_line.to_owned(),
            device_tree: image.device_tree,
            promises: recipe.promises.clone(),
            compressor,
            budget: recipe.budget,
            techniques: recipe.techniques.iter().map(|one| one.name.clone()).collect(),
            parts: Vec::new(),
            packages: BTreeMap::new(),
        }
    }

    /// Writes it beside its image.
    pub(crate) fn write(&self, image: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).context("cannot describe the image")?;
        text.push('\n');
        store::replace(&Self::path(image), text.as_bytes())
    }

    /// Where the manifest of an image stands.
    pub(crate) fn path(image: &Path) -> PathBuf {
        let mut path = OsString::from(image);
        path.push(".tiny.json");
        path.into()
    }

    /// The manifest of an image, which must be the image that it describes.
    pub(crate) fn of(image: &Path) -> Result<Self> {
        let size = fs::metadata(image)
            .with_context(|| {
                ui::hinted(
                    &format!("cannot read the image `{}`", image.display()),
                    "`tiny build RECIPE.toml` makes one",
                )
            })?
            .len();
        let path = Self::path(image);
        let text = fs::read_to_string(&path).with_context(|| {
            ui::hinted(
                &format!("cannot read `{}`, which says how the image boots", path.display()),
                "keep it beside the image, or build the image again",
            )
        })?;
        let manifest = Self::parse(&text).with_context(|| {
            ui::hinted(
                &format!("`{}` does not say how the image boots", path.display()),
                "build the image again with this tiny",
            )
        })?;
        if manifest.image_size != size {
            bail!(ui::hinted(
                &format!(
                    "`{}` has {size} bytes, but `{}` describes one of {}",
                    image.display(),
                    path.display(),
                    manifest.image_size
                ),
                "build the image again",
            ));
        }
        Ok(manifest)
    }

    /// Reads a manifest, of this version only.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let form: Form = serde_json::from_str(text)?;
        if form.version != VERSION {
            bail!("it is of version {}, and this tiny knows version {VERSION}", form.version);
        }
        Ok(serde_json::from_str(text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "version": 1,
  "recipe": "demo",
  "board": "versatile-pb",
  "machine": {
    "program": "qemu-system-arm",
    "package": "qemu-system-arm",
    "arguments": ["-M", "versatilepb"],
    "screen": true
  },
  "memory": 16777216,
  "image-size": 5,
  "command-line": "console=ttyAMA0",
  "device-tree": { "offset": 1, "length": 4 }
}"#;

    #[test]
    fn a_manifest_stands_beside_its_image_and_describes_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let image = folder.path().join("demo.img");
        fs::write(&image, "12345").expect("an image");
        fs::write(folder.path().join("demo.img.tiny.json"), TEXT).expect("a manifest");
        let manifest = Manifest::of(&image).expect("a manifest");
        assert_eq!(manifest.memory, 16 << 20);
        assert_eq!(manifest.device_tree, Some(Place { offset: 1, length: 4 }));
        assert_eq!(manifest.promises, Promises::default());

        fs::write(&image, "another one").expect("an image");
        let error = Manifest::of(&image).expect_err("the image is another one").to_string();
        assert!(error.ends_with("describes one of 5"), "{error}");
    }

    #[test]
    fn a_manifest_of_another_version_is_refused_by_its_number() {
        let error = Manifest::parse(r#"{ "version": 2, "colour": "blue" }"#);
        assert_eq!(
            error.expect_err("another version").to_string(),
            "it is of version 2, and this tiny knows version 1"
        );
    }
}
