//! What makes a broken link the same as one of another run: not where it stands, for a page that is
//! put in before it moves it, but what it says.

use names::Bytes;
use serde::{Deserialize, Serialize};

use crate::link::{Aside, Kind, Link};

/// What stays of a link when the text around it changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) document: Bytes,
    pub(crate) url: String,
    pub(crate) kind: Kind,
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    aside: Option<Aside>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) text: String,
}

impl Identity {
    /// That of a link in a document, by a name that the document has in all runs.
    pub(crate) fn of(document: Bytes, link: &Link) -> Self {
        Self {
            document,
            url: shortened(&link.address),
            kind: link.kind,
            aside: link.place.aside,
            text: shortened(&spaced(&link.text)),
        }
    }

    /// A number for the nth of those that are alike, from 0.
    pub(crate) fn fingerprint(&self, rule: &str, nth: usize) -> String {
        let fields = serde_json::to_vec(&(rule, self, nth)).expect("texts and numbers");
        blake3::hash(&fields).to_hex()[..32].to_owned()
    }
}

/// Words with one blank between them: where a line breaks says nothing.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is very long, such as a picture in its address, by its beginning and a number for the whole.
fn shortened(text: &str) -> String {
    const MOST: usize = 300;
    let Some((end, _)) = text.char_indices().nth(MOST) else { return text.to_owned() };
    format!("{}… {}", &text[..end], &blake3::hash(text.as_bytes()).to_hex()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_told_apart_by_all_of_it() {
        let (one, other) = ("é".repeat(300), format!("{}b", "é".repeat(300)));

        assert_eq!(shortened(&one), one);
        assert_eq!(shortened(&other), format!("{one}… {}", "26991e231bb1e9c6"));
        assert_ne!(shortened(&other), shortened(&format!("{other}c")));
    }
}
