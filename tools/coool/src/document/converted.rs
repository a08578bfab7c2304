//! Reads documents of older formats as LibreOffice converts them: copies of them, one after the other.
//!
//! Proof: `tests/converted.rs::documents_of_older_formats_are_read_as_libreoffice_converts_them`

#![expect(clippy::disallowed_methods, reason = "the folder is one of our own")]

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ui::hinted;

use super::limits::{Bound, Limits};
use super::problem::Problem;
use super::{Content, read_from};
use crate::address::{Goal, tidied};
use crate::libreoffice::LibreOffice;
use crate::link::Link;

/// The endings of what can be converted, and what it becomes.
pub(crate) const INTO: &[(&str, &str)] = &[
    ("doc", "odt"),
    ("dot", "odt"),
    ("rtf", "odt"),
    ("xls", "ods"),
    ("xlt", "ods"),
    ("xlsb", "ods"),
    ("ppt", "odp"),
    ("pot", "odp"),
    ("pps", "odp"),
];

/// A long text takes some seconds, and the first of a run as many again for LibreOffice's settings.
const LONGEST: Duration = Duration::from_mins(2);

/// Reads older documents by way of LibreOffice.
#[derive(Debug)]
pub(crate) struct Converter {
    office: LibreOffice,
}

impl Converter {
    /// Prepares it.
    pub(crate) fn new() -> Result<Self> {
        let cannot = "cannot read documents by way of LibreOffice";
        let missing = || hinted("there is no `soffice`", "install `libreoffice`");
        ensure!(LibreOffice::is_there(), anyhow::Error::from(missing()).context(cannot));
        let office = LibreOffice::new(LONGEST).context("cannot make a folder").context(cannot)?;
        Ok(Self { office })
    }

    /// What a document becomes; None where it is none for this.
    pub(crate) fn takes(path: &Path) -> Option<&'static str> {
        let ending = path.extension()?.to_ascii_lowercase();
        INTO.iter().find(|(from, _)| ending == *from).map(|(_, into)| *into)
    }

    /// Reads a document. Its addresses cannot be written back.
    pub(crate) fn read(
        &self,
        path: &Path,
        into: &str,
        limits: &Limits,
    ) -> Result<Content, Problem> {
        let io = |error: std::io::Error| Problem::Io(error.to_string());
        if fs::metadata(path).map_err(io)?.len() > limits.document {
            return Err(Problem::Limit(Bound::Document, limits.document));
        }
        let work = self.office.desk().map_err(io)?;
        let copy = copied(path, work.path()).map_err(io)?;
        let converted = self.converted(&copy, into)?;
        let mut content = read_from(converted, &copy.with_extension(into), limits)?;
        let nowhere: Arc<str> = Arc::from("");
        for link in &mut content.links {
            (link.part, link.spot) = (Arc::clone(&nowhere), None);
            as_in_original(link, &copy, work.path());
        }
        Ok(content)
    }

    /// What LibreOffice makes of a document, beside it.
    fn converted(&self, copy: &Path, into: &str) -> Result<File, Problem> {
        let unread = |why: String| Problem::Unconverted { into: into.to_owned(), why };
        for filter in filters(copy).map_err(|error| Problem::Io(error.to_string()))? {
            let result = self.office.convert_from(filter, copy, into, &copy.with_file_name(""));
            result.map_err(|error| unread(what_it_did(&error)))?;
            // Of what it cannot open it says nothing, and ends as if all were well.
            if let Ok(converted) = File::open(copy.with_extension(into)) {
                return Ok(converted);
            }
        }
        Err(unread("could not open it".to_owned()))
    }
}

/// The filters of LibreOffice that may read a document, by what it begins with and its ending: what
/// is called doc may be an rtf.
fn filters(copy: &Path) -> std::io::Result<&'static [&'static str]> {
    let mut head = [0; 4];
    File::open(copy)?.read_exact(&mut head)?;
    let ending = copy.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    Ok(match (&head, ending) {
        (b"{\\rt", _) => &["Rich Text Format"],
        (b"PK\x03\x04", _) => &["Calc MS Excel 2007 Binary"],
        (_, "xls" | "xlt" | "xlsb") => &["MS Excel 97"],
        (_, "ppt" | "pot" | "pps") => &["MS PowerPoint 97"],
        _ => &["MS Word 97", "MS Word 95"],
    })
}

/// What LibreOffice did, without its command line and what it says of folders of ours.
fn what_it_did(error: &anyhow::Error) -> String {
    let said = error.to_string();
    let said = said.lines().next().unwrap_or_default();
    said.rsplit_once("` ").map_or(said, |(_, did)| did).to_owned()
}

/// LibreOffice writes addresses of files as they are seen from the copy. What leads out of the folder
/// that it worked in was whole in the document.
fn as_in_original(link: &mut Link, copy: &Path, work: &Path) {
    let Goal::File { path, fragment } = &mut link.goal else { return };
    let end = fragment.as_ref().map_or(String::new(), |fragment| format!("#{fragment}"));
    let target = tidied(&copy.with_file_name("").join(&*path));
    let is_whole = target.is_absolute() && !target.starts_with(work);
    if let Some(whole) = target.to_str().filter(|_| is_whole) {
        link.address = format!("file://{whole}{end}");
        whole.clone_into(path);
    } else if let Some(address) = link.address.strip_prefix("../") {
        link.address = address.to_owned();
    }
}

/// A copy with a plain name. It lies so deep that addresses with `..` stay what they are.
fn copied(path: &Path, work: &Path) -> std::io::Result<PathBuf> {
    let folder = work.join("1/2/3/4/5/6/7/8/9/10/11/12");
    fs::create_dir_all(&folder)?;
    let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
    let copy = folder.join("document").with_extension(ending);
    fs::copy(path, &copy)?;
    Ok(copy)
}
