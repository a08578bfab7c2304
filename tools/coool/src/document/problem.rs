//! Why a document, or a part of it, could not be read.

use std::io;

use super::limits::Bound;

/// Why a document, or a part of it, could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The operating system refused.
    #[error("{0}")]
    Io(String),
    /// It is none of the formats that coool reads.
    #[error("it is no document of a kind that coool knows")]
    Unknown,
    /// It is of a format that only LibreOffice reads.
    #[error("its format is an older one, which `--with-libreoffice` reads")]
    Older,
    /// LibreOffice was asked to read it, and did not.
    #[error(
        "LibreOffice was to write it as `{into}` and {why}; open it there, where more is said, and \
         save it as `{into}`"
    )]
    Unconverted {
        /// The format that it was to become.
        into: String,
        /// What LibreOffice did.
        why: String,
    },
    /// It needs a password.
    #[error("it is encrypted")]
    Encrypted,
    /// It breaks the rules of its format.
    #[error("{}", damaged(part, why))]
    Damaged {
        /// The part of the package; empty where the document is one file.
        part: String,
        /// What is wrong.
        why: String,
    },
    /// It asks for more than it may.
    #[error("{0}; if you trust it, raise the limit of {1} with `--limit {name}=NUMBER`", name = .0.name())]
    Limit(Bound, u64),
}

fn damaged(part: &str, why: &str) -> String {
    if part.is_empty() {
        format!("it is damaged: {why}")
    } else {
        format!("its part `{part}` is damaged: {why}")
    }
}

impl Problem {
    /// A reader's error: a problem of ours that travelled through it, or damage, or the operating
    /// system's refusal.
    pub(crate) fn of_io(part: &str, error: &io::Error) -> Self {
        if let Some(problem) = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            return problem.clone();
        }
        if error.raw_os_error().is_some() {
            return Self::Io(error.to_string());
        }
        Self::Damaged { part: part.to_owned(), why: error.to_string() }
    }

    /// To be carried through a reader, and taken out again by [`Problem::of_io`].
    pub(crate) fn into_io(self) -> io::Error {
        io::Error::other(self)
    }
}
