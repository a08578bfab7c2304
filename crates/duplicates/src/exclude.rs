//! Names and paths that are left out.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

/// Patterns of what is left out.
#[derive(Debug, Default)]
pub struct Exclude {
    names: GlobSet,
    paths: GlobSet,
}

impl Exclude {
    /// Patterns without a slash are for names, those with one for paths below an argument.
    pub fn new(patterns: &[String]) -> Result<Self, globset::Error> {
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            let for_a_path = pattern.trim_end_matches('/').contains('/');
            let glob = glob(pattern.trim_matches('/'))?;
            if for_a_path {
                paths.add(glob)
            } else {
                names.add(glob)
            };
        }
        Ok(Self { names: names.build()?, paths: paths.build()? })
    }

    /// Whether the file or directory at `path` below an argument is left out.
    pub(crate) fn matches(&self, path: &[u8]) -> bool {
        if self.names.is_empty() && self.paths.is_empty() {
            return false;
        }
        let path = Path::new(OsStr::from_bytes(path));
        path.file_name().is_some_and(|name| self.names.is_match(name)) || self.paths.is_match(path)
    }
}

fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excluded(pattern: &str, path: &str) -> bool {
        let exclude = Exclude::new(&[pattern.to_owned()]).expect("a good pattern");
        exclude.matches(path.as_bytes())
    }

    #[test]
    fn a_pattern_without_a_slash_is_for_names() {
        assert!(excluded("*.o", "deep/down/main.o"));
        assert!(excluded("build", "deep/build"));
        assert!(excluded("build/", "deep/build"));
        assert!(!excluded("build", "build-2/main.c"));
    }

    #[test]
    fn a_pattern_with_a_slash_is_for_paths_below_the_argument() {
        assert!(excluded("/usr/share", "usr/share"));
        assert!(excluded("usr/*/doc", "usr/share/doc"));
        assert!(!excluded("usr/*/doc", "usr/share/more/doc"));
        assert!(excluded("usr/**/doc", "usr/share/more/doc"));
        assert!(!excluded("share/doc", "usr/share/doc"));
    }
}
