//! Finds the relative paths in a content that lead out of its directory with `..`.

use memchr::memmem;

/// Where a content leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To these places, or to none.
    To(Vec<Climb>),
    /// Nobody knows.
    Anywhere,
}

/// A relative path with `..` that a content holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Climb {
    pub(crate) path: Box<[u8]>,
    /// False where something stands before it that only a program knows, as in `$(src)/../lib`.
    pub(crate) whole: bool,
}

impl Default for Reach {
    fn default() -> Self {
        Self::To(Vec::new())
    }
}

impl Reach {
    pub(crate) fn add_all(&mut self, climbs: impl Iterator<Item = Climb>) {
        /// A content that leads to more places than that is not worth following.
        const MOST: usize = 64;
        for climb in climbs {
            let Self::To(known) = self else { return };
            if climb.path.len() > LONGEST_CLIMB || known.len() == MOST {
                *self = Self::Anywhere;
            } else if !known.contains(&climb) {
                known.push(climb);
            }
        }
    }
}

/// Where `$ORIGIN/../lib` leads to.
pub(crate) fn from_origin(bytes: &[u8]) -> impl Iterator<Item = Climb> {
    let origins: [&[u8]; 2] = [b"$ORIGIN/", b"${ORIGIN}/"];
    origins.into_iter().flat_map(move |origin| {
        memmem::find_iter(bytes, origin).filter_map(move |position| {
            let path = path_at_start(&bytes[position + origin.len()..]);
            (memmem::find(path, b"..").is_some()).then(|| Climb { path: path.into(), whole: true })
        })
    })
}

/// All relative paths with `..` in a text.
pub(crate) fn in_text(bytes: &[u8]) -> impl Iterator<Item = Climb> {
    let mut from = 0;
    memmem::find_iter(bytes, b"../").filter_map(move |position| {
        // The path that was found before goes on to here; or an ellipsis, as in `arch/.../mach-*`.
        if position < from || bytes[..position].ends_with(b".") {
            return None;
        }
        let before = &bytes[..position];
        let start = before.iter().rev().take(LONGEST_CLIMB).position(|&byte| !is_path_byte(byte));
        let start =
            start.map_or(position.saturating_sub(LONGEST_CLIMB), |length| position - length);
        let after = path_at_start(&bytes[position..]);
        from = position + after.len();
        let known_before = start == 0
            || !matches!(bytes[start - 1], b'$' | b'%' | b'{' | b'}' | b'(' | b')' | b'`');
        match (known_before, bytes[start]) {
            // An absolute path is the same from everywhere.
            (true, b'/') => None,
            (true, _) => Some(Climb { path: bytes[start..from].into(), whole: true }),
            (false, _) => Some(Climb { path: after.into(), whole: false }),
        }
    })
}

/// Longer ones are not followed.
const LONGEST_CLIMB: usize = 255;

fn path_at_start(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&byte| !is_path_byte(byte)).unwrap_or(bytes.len());
    // A full stop or a comma ends the sentence, not the path.
    let path = &bytes[..end];
    match path {
        [path @ .., b'.' | b','] if !path.ends_with(b".") => path,
        path => path,
    }
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-+/@~,=".contains(&byte) || byte >= 0x80
}
