//! Names and paths as they are shown: in JSON text where they are UTF-8, and otherwise their bytes
//! in Base64; to people with escapes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that are mostly text. In JSON `"name"`, or `{"base64": "…"}` where they are not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    /// The bytes of a path.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self(path.as_os_str().as_bytes().to_vec())
    }

    /// As a path.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }
}

/// A path for people to read: what would command their terminal, and what is not UTF-8, is escaped.
#[must_use]
pub fn shown(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        text.push_str(&shown_text(chunk.valid()));
        text.extend(chunk.invalid().escape_ascii().map(char::from));
    }
    text
}

/// Text from a stranger for people to read: what would command their terminal, or turn the order of
/// the letters around, is escaped.
#[must_use]
pub fn shown_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || turns_text_around(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// The controls of the Unicode bidirectional algorithm (Unicode Standard Annex 9, section 2).
fn turns_text_around(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form<'text> {
    #[serde(borrow)]
    Text(std::borrow::Cow<'text, str>),
    Raw {
        base64: String,
    },
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match std::str::from_utf8(&self.0) {
            Ok(text) => Form::Text(text.into()),
            Err(_) => Form::Raw { base64: BASE64_STANDARD.encode(&self.0) },
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Text(text) => Ok(Self(text.into_owned().into_bytes())),
            Form::Raw { base64 } => {
                BASE64_STANDARD.decode(base64).map(Self).map_err(serde::de::Error::custom)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_commands_a_terminal() {
        let name = |bytes| shown(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(name("an été".as_bytes()), "an été");
        assert_eq!(name("a\u{202e}b".as_bytes()), "a\\u{202e}b");
        assert_eq!(name(b"a\nb\x1b[2J\xe9\x9b"), "a\\nb\\u{1b}[2J\\xe9\\x9b");
    }

    #[test]
    fn every_name_survives_json() {
        for (name, json) in [
            (b"plain".as_slice(), r#""plain""#),
            ("été\n".as_bytes(), r#""été\n""#),
            (b"caf\xe9", r#"{"base64":"Y2Fm6Q=="}"#),
        ] {
            let bytes = Bytes(name.to_vec());
            assert_eq!(serde_json::to_string(&bytes).expect("it can be written"), json);
            assert_eq!(serde_json::from_str::<Bytes>(json).expect("it can be read"), bytes);
        }
    }
}
