//! Reads documents of older formats as LibreOffice converts them: copies of them, in a folder of its
//! own, one after the other and with a limit of time; it runs no macro and asks no network.
//!
//! Proof: `tests/converted.rs::documents_of_older_formats_are_read_as_libreoffice_converts_them`,
//! `tests/converted.rs::what_is_converted_asks_nobody_and_is_never_written_to`

#![expect(clippy::disallowed_methods, reason = "the folder is one of our own")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use ui::hinted;

use super::limits::{Bound, Limits};
use super::problem::Problem;
use super::{Content, read_from};
use crate::address::{Goal, tidied};
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

/// No macros and no active content; nothing is loaded from elsewhere, and who tries to finds a proxy
/// that is not there: port 9 throws away what it gets, where anybody listens to it at all.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Inet/Settings", "ooInetProxyType", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
    ("Inet/Settings", "ooInetNoProxy", ""),
];

/// LibreOffice, with a folder for its settings and for what it works on.
#[derive(Debug)]
pub(crate) struct Converter {
    scratch: TempDir,
    /// Two of one user's do not run side by side.
    turn: Mutex<()>,
}

impl Converter {
    /// Prepares it.
    pub(crate) fn new() -> Result<Self> {
        let cannot = "cannot read documents by way of LibreOffice";
        let there = exec::find("soffice").is_some();
        let missing = || hinted("there is no `soffice`", "install `libreoffice`");
        ensure!(there, anyhow::Error::from(missing()).context(cannot));
        let scratch = tempfile::tempdir().context("cannot make a folder").context(cannot)?;
        let converter = Self { scratch, turn: Mutex::new(()) };
        let settings = converter.profile().join("user");
        fs::create_dir_all(&settings)
            .and_then(|()| fs::write(settings.join("registrymodifications.xcu"), written()))
            .context(cannot)?;
        Ok(converter)
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
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let work = TempDir::new_in(self.scratch.path()).map_err(io)?;
        let copy = copied(path, work.path()).map_err(io)?;
        self.convert(&copy, into).map_err(|error| Problem::Damaged {
            part: String::new(),
            why: format!("LibreOffice does not open it: {}", error.root_cause()),
        })?;
        let converted = File::open(copy.with_extension(into)).map_err(|_| Problem::Damaged {
            part: String::new(),
            why: "LibreOffice does not open it".to_owned(),
        })?;
        let mut content = read_from(converted, &copy.with_extension(into), limits)?;
        let nowhere: Arc<str> = Arc::from("");
        for link in &mut content.links {
            (link.part, link.spot) = (Arc::clone(&nowhere), None);
            as_in_original(link, &copy, work.path());
        }
        Ok(content)
    }

    fn convert(&self, copy: &Path, into: &str) -> Result<()> {
        let profile = format!("-env:UserInstallation=file://{}", self.profile().display());
        let mut soffice = exec::Program::new("soffice", LONGEST);
        soffice.arg(profile).args(["--headless", "--convert-to", into, "--outdir"]);
        soffice.arg(copy.with_file_name("")).arg(copy).env("HOME", self.scratch.path());
        soffice.run()
    }

    fn profile(&self) -> PathBuf {
        self.scratch.path().join("profile")
    }
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

/// The settings as LibreOffice keeps them.
fn written() -> String {
    let mut text = String::from(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">"#,
    );
    for (path, name, value) in SETTINGS {
        text.push_str(&format!(
            r#"<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>"#
        ));
    }
    text + "</oor:items>"
}
