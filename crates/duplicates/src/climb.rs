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
            if known.contains(&climb) {
                continue;
            }
            if climb.path.len() > LONGEST_CLIMB || known.len() == MOST {
                *self = Self::Anywhere;
            } else {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(climbs: impl Iterator<Item = Climb>) -> Vec<String> {
        let sign = |climb: &Climb| if climb.whole { "" } else { "…" };
        climbs.map(|climb| format!("{}{}", sign(&climb), climb.path.escape_ascii())).collect()
    }

    #[test]
    fn a_path_that_climbs_is_found_from_its_beginning_to_its_end() {
        let text = |text: &str| shown(in_text(text.as_bytes()));
        assert_eq!(text("#include \"../conf.h\"\n"), ["../conf.h"]);
        assert_eq!(text("see docs/../README.md, and ../../x."), ["docs/../README.md", "../../x"]);
        assert_eq!(text("a/../b/../c"), ["a/../b/../c"], "one path is found once");
        assert_eq!(text("caf\u{e9}/../menu"), [r"caf\xc3\xa9/../menu"]);
    }

    #[test]
    fn of_a_path_that_only_a_program_completes_the_rest_is_known() {
        let text = |text: &str| shown(in_text(text.as_bytes()));
        assert_eq!(text("$(src)/../lib"), ["…../lib"]);
        assert_eq!(text("${dir}/../x $dir/../y"), ["…../x", "…../y"]);
    }

    #[test]
    fn what_leads_nowhere_else_is_passed_over() {
        let text = |text: &str| shown(in_text(text.as_bytes()));
        assert_eq!(text("/usr/lib/../share"), [""; 0], "an absolute path is one from everywhere");
        assert_eq!(text("arch/.../mach-*"), [""; 0], "an ellipsis");
        assert_eq!(text("a.b/c..d"), [""; 0]);
    }

    #[test]
    fn libraries_are_looked_for_from_where_the_binary_lies() {
        let bytes = b"\0$ORIGIN/../lib:${ORIGIN}/../../x\0$ORIGIN/beside\0";
        assert_eq!(shown(from_origin(bytes)), ["../lib", "../../x"]);
    }

    #[test]
    fn a_content_that_leads_to_more_places_than_can_be_followed_leads_anywhere() {
        let climb = |number: usize| Climb {
            path: format!("../{number}").into_bytes().into_boxed_slice(),
            whole: true,
        };
        let mut reach = Reach::default();
        reach.add_all((0..64).map(climb).chain([climb(1)]));
        assert!(matches!(&reach, Reach::To(known) if known.len() == 64));
        reach.add_all([climb(64)].into_iter());
        assert_eq!(reach, Reach::Anywhere);

        let mut reach = Reach::default();
        let long = format!("../{}", "x".repeat(LONGEST_CLIMB)).into_bytes().into_boxed_slice();
        reach.add_all([Climb { path: long, whole: true }].into_iter());
        assert_eq!(reach, Reach::Anywhere);
    }
}
