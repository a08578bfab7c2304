//! What an image consists of, in numbers.

use serde::{Deserialize, Serialize};

/// A part of what an image is made of, before it is packed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Part {
    /// A file of the system, such as `/bin/busybox`, or a folder of the kernel, as `kernel: mm`.
    pub(crate) name: String,
    /// Its size.
    pub(crate) bytes: u64,
}

/// A part of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Place {
    /// Where it begins, in bytes.
    pub(crate) offset: u64,
    /// How long it is, in bytes.
    pub(crate) length: u64,
}
