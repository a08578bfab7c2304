//! How much the kernel's folders bring, by what the linker was given.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;

/// Reads what `size` prints of archives: the last line is the sum, its fourth column all bytes.
pub(crate) fn sum(printed: &str) -> Result<u64> {
    let last = printed.lines().last().context("`size` printed nothing")?;
    let column = last.split_whitespace().nth(3).context("`size` printed no sum")?;
    column.parse().with_context(|| format!("`{column}` is no size"))
}

/// The archives below a directory that kbuild links into the kernel, each named after its folder.
pub(crate) fn archives(objects: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    // Drivers and architectures hold most, and people know them by their second name.
    for (parent, deep) in [("", false), ("drivers", true), ("arch", true)] {
        let Ok(entries) = objects.join(parent).read_dir() else {
            continue;
        };
        for entry in entries.flatten() {
            let name = Path::new(parent).join(entry.file_name());
            let is_deep = ["drivers", "arch"].iter().any(|deep| name == Path::new(deep));
            let archives = ["built-in.a", "lib.a"].map(|file| entry.path().join(file));
            let there = archives.into_iter().filter(|path| path.is_file());
            if !is_deep || deep {
                found.extend(there.map(|path| (shown(&name), path)));
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_last_line() {
        let printed = "   text\t   data\t    bss\t    dec\t    hex\tfilename\n\
                        100\t     20\t      3\t    123\t     7b\ta.o (ex built-in.a)\n\
                        100\t     20\t      3\t    123\t     7b\t(TOTALS)\n";
        assert_eq!(sum(printed).expect("a sum"), 123);
    }
}
