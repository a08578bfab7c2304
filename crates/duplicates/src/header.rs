//! Looks whether a header of C or C++ is the same wherever a compiler finds it.
//!
//! GCC looks for `"conf.h"` where it found the header, by the name it was asked for; clang takes
//! two names of one file for one, and the first for the right one. With an include guard that makes
//! no difference, for nobody reads the header a second time.
//!
//! Proof: `src/header.rs::a_guard_makes_includes_in_quotes_safe`,
//! `src/header.rs::includes_by_the_search_path_are_safe_and_those_that_climb_are_not`

use memchr::memmem;

/// What was seen in a header so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Includes {
    guarded: bool,
    /// Read a second time it may be another one: it includes something that is looked for beside it
    /// first, or says `#pragma once`, for which compilers compare content and time, or inodes. Not
    /// looked for behind a guard.
    read_once: bool,
    /// It includes something by a path with `..`, or the next of its name on the search path.
    climbing: bool,
}

impl Includes {
    /// What the first block says.
    pub(crate) fn of(block: &[u8]) -> Self {
        Self { guarded: is_guarded(block), ..Self::default() }
    }

    pub(crate) fn see(&mut self, bytes: &[u8]) {
        let once: [&[u8]; 2] = [b"pragma once", b"#import"];
        if !self.guarded {
            self.read_once |= once.iter().any(|text| memmem::find(bytes, text).is_some());
        }
        for position in memmem::find_iter(bytes, b"include") {
            let after = bytes[position + b"include".len()..].trim_ascii_start();
            self.climbing |= after.starts_with(b"_next");
            let Some(path) = after.strip_prefix(b"\"") else { continue };
            self.read_once = true;
            let end = path.iter().position(|&byte| byte == b'"').unwrap_or(path.len());
            self.climbing |= memmem::find(&path[..end], b"..").is_some();
        }
    }

    pub(crate) fn is_safe(self) -> bool {
        !self.climbing && (self.guarded || !self.read_once)
    }
}

/// Whether the first two directives are `#ifndef NAME` and `#define NAME`, with nothing but comments
/// before them.
fn is_guarded(block: &[u8]) -> bool {
    let mut lines = code_lines(block);
    let Some(first) = lines.next().and_then(directive) else { return false };
    let name = first.strip_prefix(b"ifndef").or_else(|| first.strip_prefix(b"if !defined"));
    let Some(name) = name.and_then(word) else { return false };
    let second = lines.next().and_then(directive);
    second.and_then(|line| line.strip_prefix(b"define")).and_then(word) == Some(name)
}

/// The lines with something besides comments.
fn code_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut within = false;
    text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(move |line| {
        let comment = within || line.starts_with(b"/*");
        if comment {
            within = !line.ends_with(b"*/");
        }
        !comment && !line.is_empty() && !line.starts_with(b"//")
    })
}

fn directive(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(b"#").map(<[u8]>::trim_ascii_start)
}

/// The first name in a text.
fn word(text: &[u8]) -> Option<&[u8]> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let text = &text[text.iter().position(is_part)?..];
    Some(&text[..text.iter().position(|byte| !is_part(byte)).unwrap_or(text.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_safe(text: &str) -> bool {
        let mut includes = Includes::of(text.as_bytes());
        includes.see(text.as_bytes());
        includes.is_safe()
    }

    #[test]
    fn a_guard_makes_includes_in_quotes_safe() {
        assert!(is_safe("#ifndef A_H\n#define A_H\n#include \"b.h\"\n#endif\n"));
        assert!(is_safe(
            "/* by\n * me */\n\n# if !defined(A_H)\n# define A_H 1\n#include \"b.h\"\n"
        ));
        assert!(!is_safe("#include \"b.h\"\n"));
        assert!(is_safe("#ifndef A_H\n#define A_H\n#pragma once\n"));
        assert!(!is_safe("#pragma once\nint a;\n"));
        assert!(!is_safe("#ifndef A_H\n#define B_H\n#include \"b.h\"\n"));
        assert!(!is_safe("int a;\n#ifndef A_H\n#define A_H\n#include \"b.h\"\n"));
    }

    #[test]
    fn includes_by_the_search_path_are_safe_and_those_that_climb_are_not() {
        assert!(is_safe("#include <b.h>\n"));
        assert!(!is_safe("#ifndef A_H\n#define A_H\n#include \"../b.h\"\n"));
    }
}
