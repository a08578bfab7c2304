//! The real LibreOffice, which converts documents.

use std::path::Path;
use std::process::{Command, Stdio};

/// Converts a document into another format, beside it. False, with the reason printed, where there
/// is no LibreOffice.
pub(crate) fn convert(document: &Path, format: &str) -> bool {
    let profile = tempfile::tempdir().expect("a directory for its settings");
    let status = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", profile.path().display()))
        .args(["--headless", "--convert-to", format, "--outdir"])
        .arg(super::folder_of(document))
        .arg(document)
        .env("HOME", profile.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let Ok(status) = status else {
        return testkit::can(false, "LibreOffice is not installed");
    };
    assert!(status.success(), "LibreOffice cannot convert `{}`", document.display());
    let ending = format.split(':').next().expect("a format");
    let converted = document.with_extension(ending);
    assert!(converted.exists(), "LibreOffice made no `{}`", converted.display());
    true
}
