//! What became of a link.

use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

use crate::proposal::Proposal;

/// What became of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It leads where it says.
    Ok,
    /// It leads there by way of other addresses.
    Redirected,
    /// Nobody can say for sure, for example because only people are let in.
    Doubtful,
    /// It leads nowhere.
    Broken,
    /// It was not checked; the reason says why.
    Unchecked,
}

impl Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ok => "ok",
            Self::Redirected => "redirected",
            Self::Doubtful => "doubtful",
            Self::Broken => "broken",
            Self::Unchecked => "unchecked",
        })
    }
}

/// A step on the way that a page's address leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The status that the server answered with, such as 301.
    pub status: u16,
    /// Where it sent on to.
    pub url: String,
    /// Whether the address has changed for good (301, 308).
    pub permanent: bool,
}

/// What was found out about a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What became of it.
    pub verdict: Verdict,
    /// Why, in plain words; empty where there is nothing to say.
    pub reason: String,
    /// The address that it should perhaps have.
    pub proposal: Option<Proposal>,
    /// The way that the address led.
    pub hops: Vec<Hop>,
    /// What else is worth knowing, such as a certificate that is about to end.
    pub notes: Vec<String>,
    /// Whether it is unchecked for a reason that nobody chose.
    pub could_not: bool,
    /// Whether it is broken and the baseline knows so.
    pub known: bool,
}

impl Finding {
    /// A link in order.
    #[must_use]
    pub fn ok() -> Self {
        Self::of(Verdict::Ok, String::new())
    }

    /// A broken link.
    #[must_use]
    pub fn broken(reason: impl Into<String>) -> Self {
        Self::of(Verdict::Broken, reason.into())
    }

    /// A link that may be in order.
    #[must_use]
    pub fn doubtful(reason: impl Into<String>) -> Self {
        Self::of(Verdict::Doubtful, reason.into())
    }

    /// A link that was left alone because somebody chose so.
    #[must_use]
    pub fn unchecked(reason: impl Into<String>) -> Self {
        Self::of(Verdict::Unchecked, reason.into())
    }

    /// A link that could not be checked.
    #[must_use]
    pub fn could_not(reason: impl Into<String>) -> Self {
        Self { could_not: true, ..Self::of(Verdict::Unchecked, reason.into()) }
    }

    /// With the address that it should perhaps have.
    #[must_use]
    pub fn propose(self, proposal: Option<Proposal>) -> Self {
        Self { proposal, ..self }
    }

    fn of(verdict: Verdict, reason: String) -> Self {
        Self {
            verdict,
            reason,
            proposal: None,
            hops: Vec::new(),
            notes: Vec::new(),
            could_not: false,
            known: false,
        }
    }
}
