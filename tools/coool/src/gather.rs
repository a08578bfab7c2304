//! Finds the documents that the arguments stand for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::config::Settings;
use crate::document::converted;

/// A document to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Links may lead to files in this folder: that of the document, or the argument it lies below.
    pub(crate) root: PathBuf,
}

/// What people call documents. Others are read when they are named or linked to.
const ENDINGS: &[&str] = &[
    "odt", "odp", "ods", "odg", "odm", "odf", "odc", "odi", "odb", "ott", "otp", "ots", "otg",
    "oth", "fodt", "fodp", "fods", "fodg", "sxw", "sxi", "sxc", "sxd", "sxg", "stw", "sti", "stc",
    "std", "docx", "docm", "dotx", "dotm", "pptx", "pptm", "potx", "potm", "ppsx", "ppsm", "xlsx",
    "xlsm", "xltx", "xltm", "pdf", "epub",
];

/// What the arguments stand for.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// In order, each once.
    pub(crate) documents: Vec<Found>,
    /// How many documents of each kind, by their endings, are in the folders and cannot be read.
    pub(crate) passed_over: BTreeMap<&'static str, usize>,
    /// What could not be looked at.
    pub(crate) errors: Vec<anyhow::Error>,
}

/// The documents that the arguments stand for.
pub(crate) fn documents(arguments: &[PathBuf], settings: &Settings) -> Gathered {
    let mut gathered = Gathered::default();
    for argument in arguments {
        match fs::metadata(argument) {
            Ok(status) if status.is_dir() => walk(argument, argument, settings, &mut gathered),
            // What it is shows when it is read; the error is about that.
            Ok(_) => {
                let root = folder_of(argument);
                gathered.documents.push(Found { path: argument.clone(), root });
            }
            Err(error) => gathered.errors.push(
                anyhow::Error::new(error)
                    .context(format!("cannot look at `{}`", argument.display())),
            ),
        }
    }
    let mut seen = std::collections::HashSet::new();
    gathered.documents.retain(|document| {
        seen.insert(fs::canonicalize(&document.path).unwrap_or_else(|_| document.path.clone()))
    });
    gathered
}

/// Links are not followed, so that there are no circles; what is hidden is no document.
fn walk(folder: &Path, root: &Path, settings: &Settings, gathered: &mut Gathered) {
    let Settings { filter, converter, .. } = settings;
    let listing = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = listing.with_context(|| format!("cannot list `{}`", folder.display()));
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return gathered.errors.push(error),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let Ok(kind) = entry.file_type() else { continue };
        let hidden = name.as_encoded_bytes().starts_with(b".");
        let below = path.strip_prefix(root).unwrap_or(&path);
        if hidden || filter.leaves_out_file(Path::new(&name), below) {
            continue;
        }
        if kind.is_dir() {
            walk(&path, root, settings, gathered);
        } else if kind.is_file() {
            take(path, root, converter.is_some(), gathered);
        }
    }
}

/// Takes a file that is called as documents are.
fn take(path: PathBuf, root: &Path, converts: bool, gathered: &mut Gathered) {
    // Office programs leave such files beside a document while it is open.
    let is_lock = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"~$"));
    let Some(ending) = path.extension().filter(|_| !is_lock) else { return };
    let ending = ending.to_ascii_lowercase();
    let older = converted::INTO.iter().map(|(kind, _)| *kind).find(|known| ending == **known);
    match older {
        Some(kind) if !converts => *gathered.passed_over.entry(kind).or_default() += 1,
        None if !ENDINGS.iter().any(|known| ending == *known) => {}
        _ => gathered.documents.push(Found { path, root: root.to_owned() }),
    }
}

/// The folder that a document lies in.
pub(crate) fn folder_of(document: &Path) -> PathBuf {
    match document.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
