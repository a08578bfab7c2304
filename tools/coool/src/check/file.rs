//! Links to other files, and to places in them.

use std::fs;
use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::address::{Jump, decoded};
use crate::config::Settings;
use crate::document::problem::Problem;
use crate::gather::folder_of;
use crate::link::{Class, Link};
use crate::targets::Speller;
use crate::verdict::Finding;

use super::inside;
use super::library::{Library, Reading};

/// What is written with percent signs in the path of an address (RFC 3986, section 3.3).
const IN_PATHS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`');

/// A link to a file.
pub(super) fn check(
    path: &str,
    fragment: Option<&str>,
    link: &Link,
    reading: &Reading,
    library: &mut Library,
    settings: &Settings,
) -> Finding {
    if let Some(finding) = no_path_of_ours(path) {
        return finding;
    }
    let target = folder_of(&reading.path).join(path);
    if !settings.allow_outside && leads_out(&target, &reading.root) {
        return Finding::could_not(
            "it leads out of the document's folder; `--allow-outside` follows it",
        );
    }
    let status = match fs::metadata(&target) {
        Ok(status) => status,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            return Finding::could_not(format!("cannot look at the file: {error}"));
        }
        Err(_) => return missing(path, fragment, link, reading, library),
    };
    match fragment {
        Some(fragment) if !fragment.is_empty() && status.is_file() => {
            place(fragment, &target, link, library)
        }
        _ => Finding::ok(),
    }
}

/// What looks like a path and is not one here.
fn no_path_of_ours(path: &str) -> Option<Finding> {
    let mut bytes = path.bytes();
    let is_drive = matches!((bytes.next(), bytes.next()), (Some(drive), Some(b':')) if drive.is_ascii_alphabetic());
    let path = path.trim_start_matches('/');
    let mut bytes = path.bytes();
    let is_drive = is_drive
        || matches!((bytes.next(), bytes.next()), (Some(drive), Some(b':' | b'|')) if drive.is_ascii_alphabetic());
    if is_drive {
        return Some(Finding::doubtful(
            "it names a drive of Windows, which readers elsewhere do not have",
        ));
    }
    if path.contains('\0') {
        return Some(Finding::broken("no file has such a name"));
    }
    None
}

/// Whether a path leads out of a folder, by its `..` or by symbolic links.
fn leads_out(target: &Path, root: &Path) -> bool {
    let Ok(root) = fs::canonicalize(root) else { return true };
    match fs::canonicalize(target) {
        Ok(real) => !real.starts_with(&root),
        // What is not there cannot be read; whether it would lie below decides about the message.
        Err(_) => {
            std::path::absolute(target).map_or(true, |path| !tidied(&path).starts_with(&root))
        }
    }
}

/// A path without `.` and `..`, as if no directory were a symbolic link.
fn tidied(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                tidy.pop();
            }
            Component::CurDir => {}
            other => tidy.push(other),
        }
    }
    tidy
}

fn place(fragment: &str, target: &Path, link: &Link, library: &mut Library) -> Finding {
    let jump = Jump::Fragment(fragment.to_owned());
    match library.targets(target) {
        Ok(targets) => {
            let proposal = |nearest: String| {
                let (path, _) = link.address.split_once('#').unwrap_or((&link.address, ""));
                format!("{path}#{nearest}")
            };
            inside::finding(targets.find(&jump, &library.speller), &jump, proposal)
        }
        // Pictures and programs have no places that coool knows.
        Err(Problem::Unknown) => Finding {
            notes: vec!["the place in the file was not checked".to_owned()],
            ..Finding::ok()
        },
        Err(problem) => Finding::could_not(format!("the file is there, but {problem}")),
    }
}

/// A file that is not there: it may have moved, have another name, or be a page of the web.
fn missing(
    path: &str,
    fragment: Option<&str>,
    link: &Link,
    reading: &Reading,
    library: &mut Library,
) -> Finding {
    if let Some(url) = forgotten_scheme(path, link) {
        let reason = format!("`{path}` is taken for the name of a file, for it has no `https://`");
        return Finding::broken(reason).propose(Some(url));
    }
    let target = folder_of(&reading.path).join(path);
    let found = target
        .file_name()
        .and_then(|name| library.moved_to(&reading.root, name))
        .or_else(|| similar(&target, &library.speller));
    let what =
        if link.kind.class() == Class::Resource { "the file that is loaded" } else { "the file" };
    let finding = Finding::broken(format!("{what} `{path}` is not there"));
    let Some(found) = found else { return finding };
    finding.propose(address_of(&found, fragment, link, reading, path))
}

/// `www.example.org/a`, typed without a scheme, or a name with a top-level domain that people know.
fn forgotten_scheme(path: &str, link: &Link) -> Option<String> {
    const ENDINGS: &[&str] = &["com", "org", "net", "edu", "gov", "info", "eu", "fr", "de", "uk"];
    let host = path.split('/').next()?;
    let ending = host.rsplit_once('.')?.1;
    let has_slash = path.contains('/');
    let is_host = host.starts_with("www.")
        || (has_slash && ENDINGS.contains(&ending))
        || (link.text.contains("://") && link.text.contains(host));
    let fragment =
        link.address.split_once('#').map_or(String::new(), |(_, rest)| format!("#{rest}"));
    let plain = !host.contains([' ', '@']);
    (is_host && plain).then(|| format!("https://{}{fragment}", utf8_percent_encode(path, CONTROLS)))
}

/// A file beside the missing one whose name differs by a slip.
fn similar(target: &Path, speller: &Speller) -> Option<PathBuf> {
    /// In a folder with more files, a likeness is chance, and the search long.
    const MOST: usize = 10_000;
    let wanted = target.file_name()?.to_str()?;
    let folder = target.parent()?;
    let names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .take(MOST)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let ending = Path::new(wanted).extension();
    let alike =
        names.iter().map(String::as_str).filter(|name| Path::new(name).extension() == ending);
    Some(folder.join(speller.nearest(wanted, alike)?))
}

/// The address of a file as this document would write it.
fn address_of(
    found: &Path,
    fragment: Option<&str>,
    link: &Link,
    reading: &Reading,
    path: &str,
) -> Option<String> {
    let folder = fs::canonicalize(folder_of(&reading.path)).ok()?;
    let relative = relative(&folder, &fs::canonicalize(found).ok()?);
    let escaped = utf8_percent_encode(relative.to_str()?, IN_PATHS).to_string();
    // A package counts as a folder, so that its addresses begin with `../`.
    let (stored, _) = link.address.split_once('#').unwrap_or((&link.address, ""));
    let above = decoded(stored).strip_prefix("../").is_some_and(|rest| rest == path);
    let start = if above { "../" } else { "" };
    let end = fragment.map_or(String::new(), |fragment| format!("#{fragment}"));
    Some(format!("{start}{escaped}{end}"))
}

/// A path seen from a folder; both are absolute and tidy.
fn relative(folder: &Path, path: &Path) -> PathBuf {
    let mut rest = path.components().peekable();
    let mut above = folder.components().peekable();
    while rest.peek().is_some() && rest.peek() == above.peek() {
        rest.next();
        above.next();
    }
    above.map(|_| Component::ParentDir).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_seen_from_a_folder() {
        let seen = |folder: &str, path: &str| relative(Path::new(folder), Path::new(path));

        assert_eq!(seen("/a/b", "/a/b/c.odt"), Path::new("c.odt"));
        assert_eq!(seen("/a/b", "/a/x/c.odt"), Path::new("../x/c.odt"));
    }
}
