//! Amounts of memory, as people write them: `16M`.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a megabyte has in bytes.
pub(crate) const MEGABYTE: u64 = 1 << 20;

const UNITS: &[(char, u64)] = &[('G', 1 << 30), ('M', MEGABYTE), ('K', 1 << 10)];

/// An amount of memory in bytes, written with `K`, `M` or `G` (1024 each) or as a plain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Size(u64);

/// A text that is no amount of memory.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no amount of memory such as `16M` or `4096K`")]
pub(crate) struct NoSize(String);

impl Size {
    /// So many bytes.
    pub(crate) const fn of_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// So many megabytes.
    pub(crate) const fn of_megabytes(megabytes: u64) -> Self {
        Self(megabytes * MEGABYTE)
    }

    pub(crate) const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = NoSize;

    fn from_str(text: &str) -> Result<Self, NoSize> {
        let unit =
            UNITS.iter().find(|(letter, _)| text.ends_with([*letter, letter.to_ascii_lowercase()]));
        let (digits, factor) = match unit {
            Some((_, factor)) => (&text[..text.len() - 1], *factor),
            None => (text, 1),
        };
        let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse::<u64>().ok().filter(|_| only_digits);
        let bytes = number.and_then(|number| number.checked_mul(factor)).filter(|bytes| *bytes > 0);
        bytes.map(Self).ok_or_else(|| NoSize(text.to_owned()))
    }
}

impl TryFrom<String> for Size {
    type Error = NoSize;

    fn try_from(text: String) -> Result<Self, NoSize> {
        text.parse()
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.to_string()
    }
}

/// With the largest unit that loses nothing.
impl Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, factor)| self.0.is_multiple_of(*factor)) {
            Some((letter, factor)) => write!(formatter, "{}{letter}", self.0 / factor),
            None => write!(formatter, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_and_written_alike() {
        for (text, bytes) in
            [("16M", 16 << 20), ("1G", 1 << 30), ("4097K", 4097 << 10), ("800001", 800_001)]
        {
            let size: Size = text.parse().expect("a size");
            assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, text));
        }
        assert_eq!("8m".parse(), Ok(Size::of_megabytes(8)));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "M", "0", "-1M", "+1M", "1.5M", "16 M", "16MB", "99999999999G", "١M"] {
            assert_eq!(text.parse::<Size>(), Err(NoSize(text.to_owned())));
        }
    }
}
