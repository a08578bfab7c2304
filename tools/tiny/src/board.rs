//! What tiny knows of a board: data, so that another board is another file.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::kernel::options::Options;

/// The boards that come with tiny: name and description.
const BOARDS: &[(&str, &str)] =
    &[("versatile-pb", include_str!("../data/boards/versatile-pb.toml"))];

/// A board.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Board {
    /// What it is, for people.
    pub(crate) says: String,
    /// What Debian calls its programs' architecture, such as `armel`.
    pub(crate) architecture: String,
    /// How programs are built for it.
    pub(crate) toolchain: Toolchain,
    /// How its kernel is built.
    pub(crate) kernel: Kernel,
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
    /// The file that boots, as the kernel's build names it, such as `arch/arm/boot/zImage`.
    pub(crate) image: String,
    /// Options without which it would not boot here at all.
    pub(crate) options: Options,
    /// The device tree that is appended, where the board has one.
    pub(crate) device_tree: Option<DeviceTree>,
    /// Words that its command line begins with.
    #[serde(default)]
    pub(crate) command_line: String,
}

/// A device tree of the kernel's sources, and what is changed in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DeviceTree {
    /// The file below `arch/ARCH/boot/dts`.
    pub(crate) source: String,
    /// Source text that follows it.
    #[serde(default)]
    pub(crate) changes: String,
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
    /// A counter that runs with the clock, from which instructions are counted.
    pub(crate) counter: Option<Counter>,
}

/// A free-running 32-bit counter in the memory of a board, zero at reset.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Counter {
    /// Its physical address.
    pub(crate) address: u64,
    /// How often it counts in a second.
    pub(crate) hertz: u64,
}

/// What a recipe can ask for by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Feature {
    /// What it is, for people.
    pub(crate) says: String,
    /// The kernel options that it takes.
    pub(crate) options: Options,
}

impl Board {
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
