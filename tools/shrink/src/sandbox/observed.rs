//! What came of a command.

use std::collections::{BTreeMap, BTreeSet};

use names::Bytes;
use serde::{Deserialize, Serialize};

/// What came of a command that was run in a root.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Observed {
    /// The command in the root.
    pub(crate) output: Output,
    /// The command outside that talked to it.
    pub(crate) client: Option<Output>,
    /// What it wrote, created and removed.
    pub(crate) written: BTreeMap<Bytes, Written>,
    /// Paths it named to the system, and what for: absolute, links not followed.
    pub(crate) used: BTreeMap<Bytes, Use>,
    /// Directories whose entries it read.
    pub(crate) listed: BTreeSet<Bytes>,
    /// Addresses beyond this machine that it tried to reach.
    pub(crate) reached_for: BTreeSet<String>,
    /// How long it took, in milliseconds.
    pub(crate) duration: u64,
}

/// How a command ended and what it printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Output {
    pub(crate) ending: Ending,
    pub(crate) stdout: Bytes,
    pub(crate) stderr: Bytes,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ending {
    /// With this exit code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It did not end in time.
    TimeLimit,
}

/// What a path was named for, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Use {
    /// To see whether and what it is, the last link not followed.
    LookedAtLink,
    /// To see whether and what it is.
    LookedAt,
    /// To read or write it.
    Opened,
    /// To run it.
    Executed,
}

/// What stands under a name that a command wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Written {
    /// Nothing any more.
    Removed,
    /// A file.
    File {
        /// Its permissions.
        mode: u32,
        /// The BLAKE3 hash of its content.
        digest: String,
        /// The same with every number taken as one, for what carries times and process numbers.
        without_numbers: String,
    },
    /// A directory with these permissions.
    Directory(u32),
    /// A link with this text.
    Link(Bytes),
    /// A pipe, a socket or a device.
    Other,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exit(code) => write!(formatter, "exit code {code}"),
            Self::Signal(signal) => write!(formatter, "ended by signal {signal}"),
            Self::TimeLimit => formatter.write_str("not ended in time"),
        }
    }
}
