//! What tiny knows of a board: data, so that another board is another file.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::audit;
use crate::compressor::Compressor;
use crate::kernel::options::Options;

/// The boards that come with tiny: name and description.
const BOARDS: &[(&str, &str)] = &[
    ("versatile-pb", include_str!("../data/boards/versatile-pb.toml")),
    ("microvm", include_str!("../data/boards/microvm.toml")),
];

/// The files that loaders are compiled from.
const LOADER: &[(&str, &str)] = &[
    ("versatile-pb.S", include_str!("../data/loader/versatile-pb.S")),
    ("versatile-pb.c", include_str!("../data/loader/versatile-pb.c")),
    ("versatile-pb.dts", include_str!("../data/loader/versatile-pb.dts")),
    ("unpack-itself.h", include_str!("../data/loader/unpack-itself.h")),
    ("unpack-lz4.h", include_str!("../data/loader/unpack-lz4.h")),
    ("unpack-lzma.h", include_str!("../data/loader/unpack-lzma.h")),
    ("unpack-none.h", include_str!("../data/loader/unpack-none.h")),
];

/// A board.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Board {
    /// What it is, for people.
    pub(crate) says: String,
    /// What Debian calls its programs' architecture, such as `armel`.
    pub(crate) architecture: String,
    /// Which system calls its programs use.
    pub(crate) audited: audit::Machine,
    /// How programs are built for it.
    pub(crate) toolchain: Toolchain,
    /// How its kernel is built.
    pub(crate) kernel: Kernel,
    /// The device file of its console.
    pub(crate) console: Device,
    /// How it is emulated.
    pub(crate) machine: Machine,
    /// Kernel options of what a recipe asks for by name, such as `framebuffer`.
    #[serde(default)]
    pub(crate) features: BTreeMap<String, Feature>,
}

/// How programs are built for a board.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Toolchain {
    /// What stands before `gcc` in the compiler's name, such as `arm-linux-gnueabi-`.
    pub(crate) prefix: String,
    /// The Debian package that brings the compiler.
    pub(crate) package: String,
    /// What the compiler must be told about the processor.
    #[serde(default)]
    pub(crate) flags: Vec<String>,
    /// What Rust calls the target.
    pub(crate) rust_target: String,
    /// What the Rust compiler must be told about the processor.
    #[serde(default)]
    pub(crate) rust_flags: Vec<String>,
    /// What Debian calls the directory of its libraries, such as `arm-linux-gnueabi`.
    pub(crate) multiarch: String,
    /// What musl calls it, such as `arm-linux-musleabi`.
    pub(crate) musl: String,
}

/// How a board's kernel is built.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Kernel {
    /// What the kernel calls the architecture, such as `arm`.
    pub(crate) architecture: String,
    /// The kernel as it stands in memory, as its build names it, such as `arch/arm/boot/Image`.
    pub(crate) in_memory: String,
    /// The kernel that unpacks itself, such as `arch/arm/boot/zImage`.
    pub(crate) packed: String,
    /// Options without which it would not boot here at all.
    pub(crate) options: Options,
    /// Headers of this machine that the kernel's build needs for its own programs.
    #[serde(default)]
    pub(crate) headers: Vec<Header>,
    /// What starts the kernel, where the board needs more than the kernel itself.
    pub(crate) loader: Option<Loader>,
    /// Words that its command line begins with.
    #[serde(default)]
    pub(crate) command_line: String,
    /// The compressors' options that the architecture knows, such as `KERNEL_XZ`.
    #[serde(default)]
    pub(crate) compressors: Vec<String>,
    /// The virtual address at which its memory begins, where that is fixed.
    pub(crate) virtual_start: Option<u64>,
}

/// A header of this machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Header {
    /// Where it stands below `/usr/include`.
    pub(crate) name: String,
    /// The Debian package that brings it.
    pub(crate) package: String,
}

/// A loader of tiny's own, with the board's device tree: its files stand in `data/loader`.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Loader {
    /// The name that its files have.
    name: String,
}

impl Loader {
    /// What it is compiled from, under the names by which its parts know each other.
    pub(crate) fn sources(&self) -> Result<Vec<(&'static str, &'static str)>> {
        let mut sources = vec![("start.S", self.file("S")?), ("loader.c", self.file("c")?)];
        let unpackers = LOADER.iter().filter(|(name, _)| name.starts_with("unpack-"));
        sources.extend(unpackers.copied());
        Ok(sources)
    }

    /// The source text of the board's device tree.
    pub(crate) fn device_tree(&self) -> Result<&'static str> {
        self.file("dts")
    }

    fn file(&self, ending: &str) -> Result<&'static str> {
        let name = format!("{}.{ending}", self.name);
        let found = LOADER.iter().find(|(known, _)| *known == name);
        found.map(|(_, text)| *text).with_context(|| format!("there is no `{name}`"))
    }
}

/// How a board is emulated.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Machine {
    /// The program, such as `qemu-system-arm`.
    pub(crate) program: String,
    /// The Debian package that brings it.
    pub(crate) package: String,
    /// What it must be told to be this board.
    pub(crate) arguments: Vec<String>,
    /// Whether the board has a screen, a keyboard and a mouse.
    pub(crate) screen: bool,
}

/// What a recipe can ask for by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Feature {
    /// What it is, for people.
    pub(crate) says: String,
    /// The kernel options that it takes.
    #[serde(default)]
    pub(crate) options: Options,
    /// The device files that programs find it by.
    #[serde(default)]
    pub(crate) devices: Vec<Device>,
    /// Bytes at the end of the memory that the loader gives to the screen.
    #[serde(default)]
    pub(crate) picture: u64,
}

/// A character device.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Device {
    /// Its path, such as `dev/fb0`.
    pub(crate) path: String,
    /// Its major and minor number: `Documentation/admin-guide/devices.txt` of the kernel.
    pub(crate) number: (u32, u32),
}

impl Board {
    /// The compressors that its kernel can be packed with.
    pub(crate) fn compressors(&self) -> impl Iterator<Item = Compressor> {
        Compressor::ALL.into_iter().filter(|compressor| match compressor.option() {
            Some(option) => self.kernel.compressors.iter().any(|known| known == option),
            None => self.kernel.loader.is_some(),
        })
    }

    /// The board with this name.
    pub(crate) fn named(name: &str) -> Result<Self> {
        let Some((_, text)) = BOARDS.iter().find(|(known, _)| *known == name) else {
            bail!(ui::hinted(
                &format!("there is no board `{name}`"),
                format!("the boards are {}", names().collect::<Vec<_>>().join(", ")),
            ));
        };
        toml::from_str(text).with_context(|| format!("the board `{name}` is badly described"))
    }
}

/// The boards that there are.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BOARDS.iter().map(|(name, _)| *name)
}

/// All boards with their names.
pub(crate) fn all() -> Result<Vec<(&'static str, Board)>> {
    names().map(|name| Ok((name, Board::named(name)?))).collect()
}

/// What Debian calls the architectures of the boards.
pub(crate) fn architectures() -> Result<BTreeSet<String>> {
    Ok(all()?.into_iter().map(|(_, board)| board.architecture).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_board_is_well_described() {
        for name in names() {
            Board::named(name).expect("a board");
        }
    }
}
