//! Links to other files, and to places in them.

use std::fs;
use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::address::{Base, Goal, Jump, decoded, goal, tidied};
use crate::config::Settings;
use crate::document::problem::Problem;
use crate::gather::folder_of;
use crate::link::{Class, Link};
use crate::proposal::Proposal;
use crate::targets::{Found, Speller, counts};
use crate::verdict::Finding;

use super::inside;
use super::library::{Library, Reading};
use super::propose::{self, Missing};
use super::typed;

/// What is written with percent signs in the path of an address (RFC 3986, section 3.3).
const IN_PATHS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`');

/// A link to a file.
pub(super) fn check(
    path: &str,
    fragment: Option<&str>,
    links: &[Link],
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
        Err(_) => return missing(path, fragment, &links[0], reading, library),
    };
    match fragment {
        Some(fragment) if !fragment.is_empty() && status.is_file() => {
            place(fragment, &target, links, library)
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

fn place(fragment: &str, target: &Path, links: &[Link], library: &mut Library) -> Finding {
    let jump = Jump::Fragment(fragment.to_owned());
    match library.targets(target) {
        Ok(targets) => {
            let found = targets.find(&jump, &library.speller);
            inside::finding(found, &jump, |spelled| {
                let missing = Missing { jump: &jump, links, spelled };
                let near = propose::name(missing, &*targets, &library.speller)?;
                let (path, _) = links[0].address.split_once('#').unwrap_or((&links[0].address, ""));
                Some(near.written(|near| format!("{path}#{near}")))
            })
        }
        Err(Problem::Unknown | Problem::Older) => inside::place_not_checked(),
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
    if let Some(finding) = inside::template(path, link) {
        return finding;
    }
    if let Some(meant) = typed::meant(path, link) {
        let reason = format!(
            "`{path}` is taken for the name of a file, for it has no `{}`",
            start_of(&meant)
        );
        return Finding::broken(reason).propose(Some(meant));
    }
    let what =
        if link.kind.class() == Class::Resource { "the file that is loaded" } else { "the file" };
    let finding = Finding::broken(format!("{what} `{path}` is not there"));
    finding.propose(found(path, reading, library).and_then(|(found, because)| {
        let address = address_of(&found, fragment, link, reading, path)?;
        let leads = leads_to(&address, link, reading, library);
        leads.then(|| Proposal::likely(address, because))
    }))
}

/// A file that may be the one that is missing, and why. Folders have numbers that count, too.
fn found(path: &str, reading: &Reading, library: &mut Library) -> Option<(PathBuf, String)> {
    let target = folder_of(&reading.path).join(path);
    let moved = library.moved_to(&reading.root, target.file_name()?);
    let moved = moved.filter(|moved| {
        let there = moved.strip_prefix(&reading.root).unwrap_or(moved).to_string_lossy();
        let there = counts::counting(&there);
        counts::counting(path).iter().all(|counted| there.contains(counted))
    });
    if let Some(moved) = moved {
        return Some((moved, "it is the only file of that name".to_owned()));
    }
    let near = similar(&target, &library.speller)?;
    Some((folder_of(&target).join(near.address), near.because))
}

/// Whether an address, written as this link writes it, leads to a file and to a place in it.
fn leads_to(address: &str, link: &Link, reading: &Reading, library: &mut Library) -> bool {
    let bases = [Base::Package, Base::Folder];
    let read = |base: &&Base| goal(&link.address, base) == link.goal;
    let Some(base) = bases.iter().find(read) else { return false };
    let Goal::File { path, fragment } = goal(address, base) else { return false };
    let target = folder_of(&reading.path).join(path);
    match fragment.filter(|fragment| !fragment.is_empty()) {
        None => target.exists(),
        Some(fragment) => library.targets(&target).is_ok_and(|targets| {
            targets.find(&Jump::Fragment(fragment), &library.speller) == Found::Yes
        }),
    }
}

/// What an address begins with: `https://`, `mailto:`.
fn start_of(proposal: &Proposal) -> &str {
    let address = &proposal.address;
    let end = address.find("://").map(|at| at + 3).or_else(|| address.find(':').map(|at| at + 1));
    &address[..end.unwrap_or_default()]
}

/// The name of a file beside the missing one that differs by a slip.
fn similar(target: &Path, speller: &Speller) -> Option<Proposal> {
    /// In a folder with more files, a likeness is chance, and the search long.
    const MOST: usize = 10_000;
    let wanted = target.file_name()?.to_str()?;
    let names: Vec<String> = fs::read_dir(target.parent()?)
        .ok()?
        .take(MOST)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let ending = Path::new(wanted).extension();
    let alike =
        names.iter().map(String::as_str).filter(|name| Path::new(name).extension() == ending);
    speller.nearest(wanted, alike)
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
