//! Finds the paths of devices and of the kernel's own file systems in a binary's texts.

use std::collections::BTreeSet;

use super::binary::Image;
use super::table::Leading;

/// A path longer than this is cut when it is shown.
const LONGEST: usize = 40;

/// The paths that begin as one of these, with the place of the one that it begins as.
///
/// A path counts at the beginning of a text only, which the usage of a program is not; of several
/// beginnings, the longest counts.
pub(super) fn find(image: &Image, paths: &[Leading]) -> BTreeSet<(usize, String)> {
    let mut found = BTreeSet::new();
    for part in image.contents() {
        for text in part.split(|byte| *byte != b' ' && !byte.is_ascii_graphic()) {
            if text.first() != Some(&b'/') {
                continue;
            }
            let text = text.split(|byte| *byte == b' ').next().unwrap_or_default();
            let leading = paths.iter().enumerate().filter(|(_, path)| begins(text, path));
            if let Some((place, _)) = leading.max_by_key(|(_, path)| path.begins.len()) {
                let shown = &text[..text.len().min(LONGEST)];
                found.insert((place, String::from_utf8_lossy(shown).into_owned()));
            }
        }
    }
    found
}

fn begins(text: &[u8], path: &Leading) -> bool {
    let Some(rest) = text.strip_prefix(path.begins.as_bytes()) else {
        return false;
    };
    match rest.first() {
        None | Some(b'/') => !path.digit,
        // Programs count devices: `/dev/fb%d`.
        Some(byte) => byte.is_ascii_digit() || rest.starts_with(b"%d") || rest.starts_with(b"%u"),
    }
}
