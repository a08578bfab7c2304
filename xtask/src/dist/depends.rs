//! Which Debian packages a binary needs, from the libraries and versions it asks for.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::commands;
use crate::problem::Advise;

/// The value of a package's `Depends` field.
pub(super) fn of(binary: &Path) -> Result<String> {
    let headers = commands::output(Command::new("objdump").arg("-p").arg(binary))?;
    from_headers(&headers).with_context(|| format!("cannot say what `{}` needs", binary.display()))
}

fn from_headers(headers: &str) -> Result<String> {
    let mut needs_libc = false;
    let mut depends = Vec::new();
    for library in needed(headers) {
        match library {
            "libc.so.6" | "libm.so.6" => needs_libc = true,
            "libgcc_s.so.1" => depends.push("libgcc-s1 (>= 4.2)".to_owned()),
            // The loader comes with libc6.
            library if library.starts_with("ld-linux") => {}
            library => {
                return Err(anyhow::anyhow!("`{library}` has no known package"))
                    .hint("name its package in xtask/src/dist/depends.rs");
            }
        }
    }
    if needs_libc {
        depends.insert(0, format!("libc6 (>= {})", newest_glibc(headers)?));
    }
    Ok(depends.join(", "))
}

fn needed(headers: &str) -> impl Iterator<Item = &str> {
    headers.lines().filter_map(|line| Some(line.trim().strip_prefix("NEEDED")?.trim()))
}

/// The newest `GLIBC_x.y` that any symbol asks for.
fn newest_glibc(headers: &str) -> Result<String> {
    let versions = headers.split_whitespace().filter_map(|word| word.strip_prefix("GLIBC_"));
    let newest = versions.max_by_key(|version| {
        let numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
        numbers.collect::<Vec<_>>()
    });
    match newest {
        Some(version) => Ok(version.to_owned()),
        None => bail!("it needs libc but states no version of it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: &str = "\
Dynamic Section:
  NEEDED               libgcc_s.so.1
  NEEDED               libc.so.6
  NEEDED               ld-linux-x86-64.so.2

Version References:
  required from libgcc_s.so.1:
    0x09265f61 0x00 09 GCC_3.3
  required from libc.so.6:
    0x06969186 0x00 06 GLIBC_2.6
    0x069691b4 0x00 03 GLIBC_2.34
    0x09691a75 0x00 11 GLIBC_2.2.5
";

    #[test]
    fn the_newest_version_that_a_symbol_asks_for_counts() {
        let depends = from_headers(HEADERS).expect("every library is known");

        assert_eq!(depends, "libc6 (>= 2.34), libgcc-s1 (>= 4.2)");
    }

    #[test]
    fn a_static_binary_needs_nothing() {
        assert_eq!(from_headers("Program Header:\n").expect("nothing is unknown"), "");
    }

    #[test]
    fn a_library_without_a_known_package_is_an_error() {
        let error = from_headers("  NEEDED   libcups.so.2\n").expect_err("nobody knows it");

        assert!(format!("{error:?}").contains("`libcups.so.2` has no known package"));
    }
}
