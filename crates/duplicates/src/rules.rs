//! Which duplicates may be linked, and how: what those who decide about files and about directories
//! are told, and what they give to each other.

use std::path::PathBuf;

use crate::inventory::DirectoryId;
use crate::medium::Target;

/// What takes the place of a duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A relative symbolic link.
    #[default]
    Symbolic,
    /// A hard link.
    Hard,
    /// The file itself, with its storage shared.
    Reflink,
}

/// Which duplicates may be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// What takes their place.
    pub kind: Kind,
    /// Content alone decides.
    pub all: bool,
    /// Mode, owner, group and extended attributes may differ.
    pub ignore_metadata: bool,
    /// Whole directories become links where they can.
    pub directories: bool,
    /// In bytes; smaller files are linked only with their directory.
    pub min_size: u64,
}

/// All that may be wished for: the rules, and what few ask for.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Which duplicates may be linked.
    pub rules: Rules,
    /// Files of kinds that nothing is known about count as inert.
    pub trust_unknown: bool,
    /// What no symbolic link may replace becomes a hard link, or shares its storage.
    pub mixed: bool,
    /// No link leads from one argument into another.
    pub within_each: bool,
    /// Copies at and below these directories are kept rather than others; absolute, with every
    /// symbolic link resolved.
    pub keep: Vec<PathBuf>,
    /// Which copy is kept by its age.
    pub age: Option<Age>,
    /// Where links have to gain something, if not on the file system at hand.
    pub target: Option<Target>,
}

/// Which of several copies is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// The one that was modified last.
    Newest,
    /// The one that was modified first.
    Oldest,
}

impl From<Rules> for Wishes {
    fn from(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }
}

/// Directories that become links to a kept one.
#[derive(Debug)]
pub struct DirectoryLinks {
    /// The directory that stays.
    pub kept: DirectoryId,
    /// Those that are replaced.
    pub replaced: Vec<DirectoryId>,
}
