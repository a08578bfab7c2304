//! An address that a link should perhaps have: why, and how sure that is.
//!
//! What is sure is written by `--fix`; the rest is for somebody to decide.

use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

/// An address that a link should perhaps have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The address, or the part of it that is to change.
    pub address: String,
    /// Why this one, in plain words.
    pub because: String,
    /// How sure it is.
    pub confidence: Confidence,
}

/// How sure a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Much speaks for it, and it may be wrong.
    Likely,
    /// It is what was meant.
    Sure,
}

impl Proposal {
    /// One that somebody has to look at.
    pub fn likely(address: impl Into<String>, because: impl Into<String>) -> Self {
        let confidence = Confidence::Likely;
        Self { address: address.into(), because: because.into(), confidence }
    }

    /// One that is what was meant.
    pub fn sure(address: impl Into<String>, because: impl Into<String>) -> Self {
        Self { confidence: Confidence::Sure, ..Self::likely(address, because) }
    }

    /// The same with its address written otherwise.
    #[must_use]
    pub fn written(self, how: impl FnOnce(&str) -> String) -> Self {
        Self { address: how(&self.address), ..self }
    }

    /// Whether it is what was meant.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.confidence == Confidence::Sure
    }
}

impl Display for Confidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Likely => "likely",
            Self::Sure => "sure",
        })
    }
}
