//! Why a binary cannot be read.

use thiserror::Error;

/// Why a binary cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// It is something else.
    #[error("not an ELF binary")]
    NotElf,
    /// It says that it is one, and is none.
    #[error("a damaged ELF binary: {0}")]
    Malformed(&'static str),
    /// The parser's own words.
    #[error("a damaged ELF binary: {0}")]
    Unreadable(#[from] object::Error),
}
