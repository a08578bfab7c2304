//! Numbers as people read them: "1,676,592", "1.60 MiB".

pub use indicatif::{BinaryBytes, DecimalBytes, HumanCount as Count};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Files, names, addresses.
    Things,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// So much of it.
    #[must_use]
    pub fn shown(self, count: u64) -> String {
        match self {
            Self::Things => Count(count).to_string(),
            Self::Bytes => BinaryBytes(count).to_string(),
        }
    }
}
