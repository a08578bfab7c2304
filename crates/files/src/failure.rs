//! Why a change was not made.

use std::io;

use rustix::io::Errno;

/// Why a change was not made. What was there is as it was, or as somebody else has made it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It is not what was looked at any more.
    #[error("somebody has changed it in the meantime")]
    Changed,
    /// Somebody may still write to it through an open descriptor.
    #[error("somebody has it open for writing")]
    InUse,
    /// It changed again while it was given back. The newest state has its name; an older one, which
    /// is not what was planned either, stands beside it under this one.
    #[error(
        "somebody has changed it more than once in the meantime; an older state is kept as `{}`",
        String::from_utf8_lossy(.0)
    )]
    Aside(Vec<u8>),
    /// The system refused.
    #[error("{}", described(*.0))]
    System(Errno),
}

/// The system's words for an error, in lower case and without its number.
#[must_use]
pub fn described(errno: Errno) -> String {
    let text = io::Error::from(errno).to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

impl Failure {
    /// What an error means that came of a name which had been seen before: somebody took away the
    /// file or a directory on its path, or put a link in its place.
    #[must_use]
    pub fn at_seen_name(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::STALE => Self::Changed,
            other => Self::System(other),
        }
    }
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::System(errno)
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::System(errno) => errno.into(),
            other => io::Error::other(other),
        }
    }
}

impl From<io::Error> for Failure {
    /// The engine's own failures come back as they were.
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            Some(failure) => failure.clone(),
            None => Self::System(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_survives_the_way_through_an_io_error() {
        let aside = Failure::Aside(b".etabli-0000000000000001".to_vec());
        for failure in [Failure::Changed, Failure::InUse, aside, Failure::System(Errno::NOSPC)] {
            assert_eq!(Failure::from(io::Error::from(failure.clone())), failure);
        }
    }

    #[test]
    fn the_system_speaks_without_a_capital_and_a_number() {
        let full = Failure::System(Errno::NOSPC);
        assert_eq!(full.to_string(), "no space left on device");
    }

    #[test]
    fn an_error_without_a_number_is_one_of_input_and_output() {
        assert_eq!(Failure::from(io::Error::other("some")), Failure::System(Errno::IO));
    }

    #[test]
    fn a_seen_name_that_is_gone_has_changed_and_a_full_disk_is_full() {
        for errno in [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::STALE] {
            assert_eq!(Failure::at_seen_name(errno), Failure::Changed);
        }
        assert_eq!(Failure::at_seen_name(Errno::NOSPC), Failure::System(Errno::NOSPC));
    }
}
