//! Why something stays.

use std::collections::BTreeMap;
use std::path::PathBuf;

use names::Bytes;
use serde::{Deserialize, Serialize};

use crate::sandbox::Use;

/// Why something stays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "because")]
pub(crate) enum Reason {
    /// No program is named, so all stays that no policy takes away.
    Whole,
    /// The user asked for it.
    Asked,
    /// The user's policy file protects it, or a policy that is switched off.
    Protected,
    /// A test was seen to use it.
    Test {
        /// Which one, counted from 1.
        test: usize,
        /// What for.
        what_for: Use,
    },
    /// Another kept file needs it.
    Needed {
        /// Which one.
        by: Bytes,
        /// As what: `library`, `interpreter` and so on.
        role: Role,
    },
    /// A rule says so.
    Rule {
        /// The rule's name.
        rule: String,
        /// The file that made it fire.
        by: Bytes,
    },
    /// It leads to something that stays.
    Way {
        /// What it leads to.
        to: Bytes,
    },
    /// A test failed without it.
    Restored {
        /// Which one, counted from 1.
        test: usize,
    },
    /// Every system has such a directory.
    Skeleton,
    /// It was to go or to change, but somebody else was at work with it.
    Meanwhile {
        /// What was seen.
        what: String,
    },
}

impl Reason {
    /// Whether a file is read in another way because of it: for more than what starts it.
    pub(crate) fn tells_how_to_read(&self) -> bool {
        matches!(self, Self::Asked | Self::Needed { role: Role::Part | Role::SamePackage, .. })
    }
}

/// As what a file needs another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// Loaded with it.
    Library,
    /// Loaded later: its name stands in the file.
    LaterLibrary,
    /// Runs it: a loader or a script's interpreter.
    Interpreter,
    /// A script runs it, or its name stands in a program.
    Command,
    /// Its path stands in the file.
    Mentioned,
    /// A shell script reads it as a part of itself.
    Part,
    /// It came in the same package.
    SamePackage,
    /// It came in a package that the program's package depends on.
    Dependency,
}

/// What stays, and why: all reasons, the one that was found first before the others.
pub(crate) type Reasons = BTreeMap<PathBuf, Vec<Reason>>;
