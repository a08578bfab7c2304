//! How a kernel is packed: smaller, or quicker to start.

use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

/// A compressor that the kernel knows, or none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Compressor {
    /// The smallest.
    #[default]
    Xz,
    /// Nearly as small.
    Lzma,
    /// The oldest.
    Gzip,
    /// Quick to unpack.
    Lzo,
    /// Quicker.
    Lz4,
    /// Not packed at all: the quickest start.
    None,
}

impl Compressor {
    /// All there are.
    pub(crate) const ALL: [Self; 6] =
        [Self::Xz, Self::Lzma, Self::Gzip, Self::Lzo, Self::Lz4, Self::None];

    /// Whether the kernel's own build packs it, with what unpacks it again.
    pub(crate) fn packs_itself(self) -> bool {
        matches!(self, Self::Xz | Self::Gzip | Self::Lzo)
    }

    /// The kernel's option that chooses it.
    pub(crate) fn option(self) -> Option<&'static str> {
        match self {
            Self::Xz => Some("KERNEL_XZ"),
            Self::Lzma => Some("KERNEL_LZMA"),
            Self::Gzip => Some("KERNEL_GZIP"),
            Self::Lzo => Some("KERNEL_LZO"),
            Self::Lz4 => Some("KERNEL_LZ4"),
            Self::None => None,
        }
    }

    /// The program that the kernel's build runs, and the Debian package that brings it.
    pub(crate) fn program(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Xz => Some(("xz", "xz-utils")),
            Self::Lzma => Some(("lzma", "xz-utils")),
            Self::Gzip => Some(("gzip", "gzip")),
            Self::Lzo => Some(("lzop", "lzop")),
            Self::Lz4 => Some(("lz4", "lz4")),
            Self::None => None,
        }
    }
}

impl Display for Compressor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Gzip => "gzip",
            Self::Lzo => "lzo",
            Self::Lz4 => "lz4",
            Self::None => "none",
        })
    }
}
