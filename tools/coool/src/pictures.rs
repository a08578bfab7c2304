//! Pictures of the pages and slides on which links are broken, as LibreOffice shows them.
//!
//! LibreOffice is given the documents of strangers. So it has settings of its own, by which it runs no
//! macro, loads nothing that a document links to and reaches no network; it has a minute for each
//! step, and all that it started ends with it. It sees a document by a link in a folder of ours, so
//! that what it leaves beside a document lies there.
//!
//! Proof: `tests/pictures.rs::a_picture_is_taken_without_asking_the_network`

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use exec::Program;
use tempfile::TempDir;

use crate::check::Checked;
use crate::link::{Link, Page};
use crate::progress::Bar;
use crate::verdict::Verdict;

/// A page is made in a second or two; a machine that is busy takes longer.
const STEP: Duration = Duration::from_mins(1);

/// Nobody looks at more, and each takes seconds.
const MOST: usize = 20;

/// A document and the number of a page or slide of it.
type Spot = (PathBuf, u32);

/// Pictures by what they show, as PNG.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    taken: BTreeMap<Spot, Vec<u8>>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
}

impl Pictures {
    /// The picture of the page on which a link stands, and its number.
    pub(crate) fn of(&self, document: &Path, link: &Link) -> Option<(u32, &[u8])> {
        let number = number(link)?;
        Some((number, self.taken.get(&(document.to_owned(), number))?))
    }

    /// Takes pictures of what is broken and not known to be, in the order of the documents, until
    /// somebody wants no more.
    pub(crate) fn take(checked: &[Checked], bar: &Bar) -> Result<Self> {
        let mut pictures = Self::default();
        let wanted: Vec<Spot> = checked.iter().flat_map(spots).collect();
        if !wanted.is_empty() && exec::find("soffice").is_none() {
            pictures.note("no pictures: there is no `soffice`, which comes with LibreOffice");
            return Ok(pictures);
        }
        if wanted.len() > MOST {
            let left = wanted.len() - MOST;
            pictures.note(&format!("pictures of {MOST} pages, and none of {left} others"));
        }
        let studio = Studio::new().context("cannot prepare for pictures")?;
        bar.to_draw(wanted.len().min(MOST));
        for (document, number) in wanted.into_iter().take(MOST) {
            if bar.stopped() {
                break;
            }
            let picture = studio.picture(&document, number);
            bar.drew(&document, number);
            match picture {
                Ok(picture) => {
                    pictures.taken.insert((document, number), picture);
                }
                Err(error) => pictures.note(&format!(
                    "no picture of page {number} of `{}`: {error:#}",
                    names::shown(&document)
                )),
            }
        }
        bar.clear();
        Ok(pictures)
    }

    fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }
}

/// The pages of a document that are wanted.
fn spots(document: &Checked) -> impl Iterator<Item = Spot> {
    let broken = document.links.iter().filter(|(_, it)| it.verdict == Verdict::Broken && !it.known);
    let numbers: BTreeSet<u32> = broken.filter_map(|(link, _)| number(link)).collect();
    let can_be_shown = exporter(&document.path).is_some();
    numbers.into_iter().filter(move |_| can_be_shown).map(|number| (document.path.clone(), number))
}

fn number(link: &Link) -> Option<u32> {
    match link.place.page {
        Some(Page::Exact(number) | Page::About(number)) => Some(number),
        None => link.place.slide,
    }
}

/// What of LibreOffice turns a page of such a document into a PDF, by the ending of its name.
fn exporter(document: &Path) -> Option<&'static str> {
    match document.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "odt" | "ott" | "fodt" | "sxw" | "stw" | "docx" | "docm" | "dotx" | "dotm" => {
            Some("writer_pdf_Export")
        }
        "odp" | "otp" | "fodp" | "sxi" | "sti" | "pptx" | "pptm" | "potx" | "potm" | "ppsx"
        | "ppsm" => Some("impress_pdf_Export"),
        "odg" | "otg" | "fodg" | "pdf" => Some("draw_pdf_Export"),
        _ => None,
    }
}

/// A folder of LibreOffice's own.
struct Studio {
    folder: TempDir,
}

impl Studio {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::create_dir_all(folder.path().join("settings/user"))?;
        let file = folder.path().join("settings/user/registrymodifications.xcu");
        files::output::write(&file, |out| out.write_all(SETTINGS.as_bytes()))?;
        Ok(Self { folder })
    }

    /// One page of a document.
    fn picture(&self, document: &Path, number: u32) -> Result<Vec<u8>> {
        let exporter = exporter(document).context("LibreOffice does not show such documents")?;
        let work = tempfile::tempdir_in(self.folder.path())?;
        let ending = document.extension().unwrap_or_default();
        let seen = work.path().join("document").with_extension(ending);
        std::os::unix::fs::symlink(fs::canonicalize(document)?, &seen)?;
        let options = format!(
            "{{\"PageRange\":{{\"type\":\"string\",\"value\":\"{number}\"}},\
             \"ExportHiddenSlides\":{{\"type\":\"boolean\",\"value\":\"true\"}}}}"
        );
        let made = work.path().join("made");
        self.convert(&seen, &format!("pdf:{exporter}:{options}"), &made)?;
        let page = made.join("document.pdf");
        // It says neither.
        ensure!(
            page.exists(),
            "LibreOffice cannot read the document, or lays it out on fewer pages"
        );
        self.convert(&page, "png:draw_png_Export", &made)?;
        fs::read(made.join("document.png")).context("LibreOffice has made none")
    }

    fn convert(&self, from: &Path, form: &str, into: &Path) -> Result<()> {
        let settings = self.folder.path().join("settings");
        let mut office = Program::new("soffice", STEP);
        office
            .arg(format!("-env:UserInstallation=file://{}", settings.display()))
            .args(["--headless", "--norestore", "--convert-to", form, "--outdir"])
            .arg(into)
            .arg(from)
            .env("HOME", &settings);
        office.output().map(drop)
    }
}

/// No macros, nothing from elsewhere, and a proxy that is none.
const SETTINGS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetProxyType" oor:op="fuse"><value>2</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPProxyName" oor:op="fuse"><value>127.0.0.1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPProxyPort" oor:op="fuse"><value>9</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPSProxyName" oor:op="fuse"><value>127.0.0.1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPSProxyPort" oor:op="fuse"><value>9</value></prop></item>
</oor:items>
"#;
