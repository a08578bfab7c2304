//! Looks at a PDF before it is parsed: what it packs must not be larger than allowed.
//!
//! The parser unpacks two kinds of streams by itself, without a bound: lists of objects and
//! streams of objects. Both say so by a key, `/W` or `/First`. Such streams are unpacked here, into
//! nothing, and counted; those that are packed in an unusual way are refused.

use std::io::{self, Read};

use flate2::read::ZlibDecoder;
use memchr::memmem;

use crate::document::limits::{Bound, Limits};
use crate::document::problem::Problem;

/// Refuses a document whose objects would need more room than allowed.
pub(super) fn refuse(bytes: &[u8], limits: &Limits) -> Result<(), Problem> {
    let mut left = limits.document;
    let mut before = 0;
    for at in memmem::find_iter(bytes, b"stream") {
        let is_end = at >= 3 && &bytes[at - 3..at] == b"end";
        if is_end {
            before = at;
            continue;
        }
        let dictionary = names_plain(dictionary(&bytes[before..at]));
        if holds(&dictionary, b"/W") || holds(&dictionary, b"/First") {
            let content = &bytes[at + b"stream".len()..];
            left = left
                .checked_sub(unpacked(content, &dictionary, left)?)
                .ok_or(Problem::Limit(Bound::Document, limits.document))?;
        }
    }
    Ok(())
}

/// What may be the dictionary of a stream: the bytes since the object began.
fn dictionary(before: &[u8]) -> &[u8] {
    match memmem::rfind(before, b" obj") {
        Some(start) => &before[start..],
        None => before,
    }
}

/// Without `#` escapes in names, which could hide a key.
fn names_plain(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, code) {
            (b'#', Some(code)) => {
                plain.push(code);
                rest = &after[2..];
            }
            _ => plain.push(*byte),
        }
    }
    plain
}

/// Whether a dictionary has a key.
fn holds(dictionary: &[u8], key: &[u8]) -> bool {
    memmem::find_iter(dictionary, key)
        .any(|at| dictionary.get(at + key.len()).is_none_or(|next| !next.is_ascii_alphanumeric()))
}

/// How large a stream of objects is, unpacked; no more than `most` is unpacked.
fn unpacked(content: &[u8], dictionary: &[u8], most: u64) -> Result<u64, Problem> {
    let Some(filter) = memmem::find(dictionary, b"/Filter").map(|at| &dictionary[at + 7..]) else {
        return Ok(0);
    };
    let filters = filter.iter().take_while(|byte| **byte != b']' && **byte != b'>');
    let filter: Vec<u8> = filters.copied().collect();
    let names = memchr::memchr_iter(b'/', &filter);
    let is_flate =
        memmem::find(&filter, b"FlateDecode").is_some() || memmem::find(&filter, b"/Fl ").is_some();
    let is_list = filter.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let is_reference =
        filter.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(u8::is_ascii_digit);
    if is_reference || !is_flate || (is_list && names.count() > 1) {
        return Err(Problem::Damaged {
            part: String::new(),
            why: "its objects are packed in a way that coool does not trust".to_owned(),
        });
    }
    let start = content.iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let mut unpacked = ZlibDecoder::new(&content[start..]).take(most + 1);
    // What is damaged ends here as it will in the parser.
    let mut count = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        match unpacked.read(&mut buffer) {
            Ok(0) => return Ok(count),
            Ok(read) => count += read as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Ok(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn stream(size: usize, keys: &str) -> Vec<u8> {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&vec![0; size]).expect("memory");
        let packed = packed.finish().expect("memory");
        let mut pdf = format!("%PDF-1.5\n1 0 obj <<{keys}>>\nstream\n").into_bytes();
        pdf.extend(packed);
        pdf.extend(b"\nendstream endobj");
        pdf
    }

    #[test]
    fn objects_that_unpack_to_more_than_allowed_are_refused() {
        let limits = Limits { document: 1 << 20, ..Limits::default() };
        let bomb = |keys| refuse(&stream(2 << 20, keys), &limits);

        let refused = Err(Problem::Limit(Bound::Document, 1 << 20));
        assert_eq!(bomb("/N 1 /First 5 /Filter /FlateDecode"), refused);
        assert_eq!(bomb("/N 1 /Fir#73t 5 /Filter/FlateDecode"), refused);
        assert!(bomb("/N 1 /First 5 /Filter [/ASCIIHexDecode /FlateDecode]").is_err());
        // An image is never unpacked.
        assert_eq!(bomb("/Width 5 /Filter /FlateDecode"), Ok(()));
    }
}
