//! Colours, written as `#204060`.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Colour(pub(crate) [u8; 3]);

/// A text that is no colour.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no colour such as `#204060`")]
pub(crate) struct NoColour(String);

impl Colour {
    /// Whether each of red, green and blue differs by at most this much.
    pub(crate) fn is_near(self, other: Self, within: u8) -> bool {
        self.0.iter().zip(other.0).all(|(one, other)| one.abs_diff(other) <= within)
    }
}

impl FromStr for Colour {
    type Err = NoColour;

    fn from_str(text: &str) -> Result<Self, NoColour> {
        let digits = text.strip_prefix('#').filter(|digits| {
            digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let [_, red, green, blue] = number.ok_or_else(|| NoColour(text.to_owned()))?.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl TryFrom<String> for Colour {
    type Error = NoColour;

    fn try_from(text: String) -> Result<Self, NoColour> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

impl Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_read_and_written_alike() {
        let colour: Colour = "#2040ff".parse().expect("a colour");
        assert_eq!(colour, Colour([0x20, 0x40, 0xff]));
        assert_eq!(colour.to_string(), "#2040ff");
    }

    #[test]
    fn what_is_no_colour_is_refused() {
        for text in ["", "#", "204060", "#2040", "#20406g", "#+20406", "blue"] {
            assert_eq!(text.parse::<Colour>(), Err(NoColour(text.to_owned())));
        }
    }
}
