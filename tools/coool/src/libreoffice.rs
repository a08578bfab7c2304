//! LibreOffice, as it may be given the documents of strangers: with settings of its own, by which it
//! runs no macro, loads nothing that a document links to and reaches no network. It works in a folder
//! of ours for a limited time, and all that it started ends with it.
//!
//! Proof: `tests/pictures.rs::a_picture_is_taken_without_asking_the_network`,
//! `tests/converted.rs::what_is_converted_asks_nobody_and_is_never_written_to`

#![expect(clippy::disallowed_methods, reason = "the folder is one of our own")]

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

/// Who tries to load something all the same finds a proxy that is not there: port 9 throws away what
/// it gets, where anybody listens to it at all.
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
pub(crate) struct LibreOffice {
    folder: TempDir,
    /// What one step may take.
    limit: Duration,
    /// Two with the same settings do not run side by side.
    turn: Mutex<()>,
}

impl LibreOffice {
    /// Whether it is installed.
    pub(crate) fn is_there() -> bool {
        exec::find("soffice").is_some()
    }

    /// Prepares it; each step may take so long.
    pub(crate) fn new(limit: Duration) -> io::Result<Self> {
        let office = Self { folder: tempfile::tempdir()?, limit, turn: Mutex::new(()) };
        let user = office.settings().join("user");
        fs::create_dir_all(&user)?;
        fs::write(user.join("registrymodifications.xcu"), written())?;
        Ok(office)
    }

    /// A folder to work on one document.
    pub(crate) fn desk(&self) -> io::Result<TempDir> {
        TempDir::new_in(self.folder.path())
    }

    /// Writes a document in another form into a folder, under its own name with another ending. That
    /// it succeeds does not say that it has written anything.
    pub(crate) fn convert(&self, document: &Path, form: &str, into: &Path) -> Result<()> {
        self.run(document, &[], form, into)
    }

    /// The same for a document of the one format that an import filter reads. Left to itself,
    /// LibreOffice takes what is damaged for a text, and succeeds.
    pub(crate) fn convert_from(
        &self,
        filter: &str,
        document: &Path,
        form: &str,
        into: &Path,
    ) -> Result<()> {
        self.run(document, &[format!("--infilter={filter}")], form, into)
    }

    fn run(&self, document: &Path, more: &[String], form: &str, into: &Path) -> Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let settings = self.settings();
        let mut office = exec::Program::new("soffice", self.limit);
        office
            .arg(format!("-env:UserInstallation=file://{}", settings.display()))
            .args(["--headless", "--norestore"])
            .args(more)
            .args(["--convert-to", form, "--outdir"])
            .args([into, document])
            .env("HOME", &settings);
        office.run()
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("settings")
    }
}

/// The settings as LibreOffice keeps them.
fn written() -> String {
    let mut text = String::from(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">"#,
    );
    for (path, name, value) in SETTINGS {
        write!(
            text,
            r#"<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>"#
        )
        .expect("a text can be written to");
    }
    text + "</oor:items>"
}
