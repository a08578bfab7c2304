//! The text of a relative link from one place to another.
//!
//! The system resolves `..` in a link from where the link really lies. Where both paths are
//! physical, climbing to the nearest common directory and down again always arrives.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The text of a link in the directory `from` that leads to `to`: absolute paths without symbolic
/// links and without `.` and `..`.
#[must_use]
pub fn between(from: &Path, to: &Path) -> Vec<u8> {
    let common =
        from.ancestors().find(|ancestor| to.starts_with(ancestor)).unwrap_or(Path::new("/"));
    let up = from.strip_prefix(common).map_or(0, |below| below.components().count());
    let down = to.strip_prefix(common).unwrap_or(to).as_os_str().as_bytes();
    let text = [&b"../".repeat(up), down].concat();
    match text.strip_suffix(b"/") {
        // The way up to a directory that is above.
        Some(above) => above.to_vec(),
        None if text.is_empty() => b".".to_vec(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_link_climbs_to_the_common_directory_and_descends() {
        let text = |from: &str, to: &str| {
            String::from_utf8(between(Path::new(from), Path::new(to))).expect("ASCII")
        };
        assert_eq!(text("/a/b", "/a/b/file"), "file");
        assert_eq!(text("/a/b", "/a/c/file"), "../c/file");
        assert_eq!(text("/a/b/c", "/file"), "../../../file");
        assert_eq!(text("/", "/a/file"), "a/file");
        assert_eq!(text("/a/bc", "/a/b/file"), "../b/file");
        assert_eq!(text("/a/b", "/a"), "..");
        assert_eq!(text("/a", "/a"), ".");
    }

    fn path() -> impl Strategy<Value = PathBuf> {
        let names = prop::collection::vec("[ab]{1,2}", 0..5);
        names.prop_map(|names| Path::new("/").join(names.join("/")))
    }

    proptest! {
        #[test]
        fn whoever_follows_the_text_arrives(from in path(), to in path()) {
            let text = between(&from, &to);
            let mut reached = from;
            for name in text.split(|&byte| byte == b'/') {
                match name {
                    b"." => {}
                    b".." => assert!(reached.pop()),
                    name => reached.push(std::ffi::OsStr::from_bytes(name)),
                }
            }
            prop_assert_eq!(reached, to);
        }
    }
}
