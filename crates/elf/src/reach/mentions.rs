//! Names of functions that stand in files, for a program may look up by its name what it uses.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use crate::reach::code::Code;
use crate::reach::image::{Content, Image};

/// Names to look for in files.
#[derive(Debug)]
pub struct Names {
    names: Vec<Vec<u8>>,
    search: AhoCorasick,
}

impl Names {
    /// Prepares the search for names.
    ///
    /// # Errors
    ///
    /// When these are too many.
    pub fn new(names: BTreeSet<Vec<u8>>) -> Result<Self, aho_corasick::BuildError> {
        let names: Vec<_> = names.into_iter().filter(|name| !name.is_empty()).collect();
        let search = AhoCorasick::new(&names)?;
        Ok(Self { names, search })
    }

    /// Adds those names that a file mentions. Of a library whose code was read, names that its
    /// functions point at are left to these.
    pub fn add_found(&self, content: &[u8], code: Option<&Code>, found: &mut BTreeSet<Vec<u8>>) {
        let starts = code.map_or(&[][..], |code| code.starts.as_slice());
        match Image::read(content) {
            Ok(image) => {
                for part in image.contents() {
                    self.search(part.bytes, found, |start, end| {
                        in_binary(&part, start, end, starts)
                    });
                }
            }
            Err(_) => self.search(content, found, |start, end| in_text(content, start, end)),
        }
    }

    fn search(
        &self,
        bytes: &[u8],
        found: &mut BTreeSet<Vec<u8>>,
        is_meant: impl Fn(usize, usize) -> bool,
    ) {
        for one in self.search.find_overlapping_iter(bytes) {
            let name = &self.names[one.pattern()];
            if !found.contains(name) && is_meant(one.start(), one.end()) {
                found.insert(name.clone());
            }
        }
    }
}

/// Whether a name in a binary may be meant: it ends as C's texts do. Where something points at the
/// beginning of a longer text, nothing points at its end. Between instructions any will do that is
/// too long to stand there by accident.
fn in_binary(part: &Content, start: usize, end: usize, starts: &[u64]) -> bool {
    const NO_ACCIDENT: usize = 5;
    let ends = part.bytes.get(end).is_none_or(|byte| *byte == 0);
    if part.executable {
        return ends || end - start >= NO_ACCIDENT;
    }
    let is_start = |at: usize| starts.binary_search(&(part.offset + at as u64)).is_ok();
    let text = part.bytes[..start].iter().rposition(|byte| *byte == 0).map_or(0, |zero| zero + 1);
    ends && !is_start(start) && !is_start(text)
}

/// Whether a name in another file may be meant: it is a word, or its length stands before it, as in
/// compiled Python.
fn in_text(content: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).map(|before| content[before]);
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_word = !before.is_some_and(goes_on) && !content.get(end).copied().is_some_and(goes_on);
    is_word || before.is_some_and(|length| usize::from(length) == end - start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the bytes lie in the file, of which each test shows some.
    const OFFSET: u64 = 100;

    /// Whether a name is meant in these bytes, some of which something points at.
    fn is_meant(name: &str, executable: bool, bytes: &[u8], pointed_at: &[u64]) -> bool {
        let start = bytes.windows(name.len()).position(|part| part == name.as_bytes());
        let start = start.expect("it stands there");
        let starts: Vec<_> = pointed_at.iter().map(|place| OFFSET + place).collect();
        let part = Content { offset: OFFSET, bytes, executable };
        in_binary(&part, start, start + name.len(), &starts)
    }

    #[test]
    fn a_name_in_data_is_meant_where_a_text_ends_that_no_function_points_at() {
        let in_data = |bytes: &[u8], pointed_at: &[u64]| is_meant("open", false, bytes, pointed_at);
        assert!(in_data(b"a\0open\0b", &[]));
        assert!(in_data(b"a\0fdopen\0b", &[]));
        assert!(in_data(b"a\0open", &[]), "what follows is zero");
        assert!(!in_data(b"a\0opened\0b", &[]));

        assert!(!in_data(b"a\0open\0b", &[2]), "left to who points at it");
        assert!(!in_data(b"a\0fdopen\0b", &[2]), "left to who points at the longer one");
        assert!(!in_data(b"a\0fdopen\0b", &[4]), "left to who points at its end");
        assert!(!in_data(b"fdopen\0b", &[0]));
        assert!(in_data(b"a\0fdopen\0b", &[0, 1, 3, 9]), "these are others");
    }

    #[test]
    fn a_name_in_code_is_meant_unless_it_may_stand_there_by_accident() {
        let in_code = |name, bytes: &[u8]| is_meant(name, true, bytes, &[1]);
        assert!(in_code("fopen", b"\x90fopen\x90"));
        assert!(!in_code("open", b"\x90open\x90"));
        assert!(in_code("open", b"\x90open\0"));
    }
}
