//! Pictures of the pages and slides on which links are broken, as LibreOffice shows them.
//!
//! Proof: `tests/pictures.rs::a_picture_is_taken_without_asking_the_network`

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::check::Checked;
use crate::libreoffice::LibreOffice;
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
        if !wanted.is_empty() && !LibreOffice::is_there() {
            pictures.note("no pictures: there is no `soffice`, which comes with LibreOffice");
            return Ok(pictures);
        }
        if wanted.len() > MOST {
            let left = wanted.len() - MOST;
            pictures.note(&format!("pictures of {MOST} pages, and none of {left} others"));
        }
        let office = LibreOffice::new(STEP).context("cannot prepare for pictures")?;
        bar.to_draw(wanted.len().min(MOST));
        for (document, number) in wanted.into_iter().take(MOST) {
            if bar.stopped() {
                break;
            }
            let picture = picture(&office, &document, number);
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

/// One page of a document. LibreOffice sees the document by a link, so that what it leaves beside a
/// document lies there.
fn picture(office: &LibreOffice, document: &Path, number: u32) -> Result<Vec<u8>> {
    let exporter = exporter(document).context("LibreOffice does not show such documents")?;
    let work = office.desk()?;
    let ending = document.extension().unwrap_or_default();
    let seen = work.path().join("document").with_extension(ending);
    std::os::unix::fs::symlink(fs::canonicalize(document)?, &seen)?;
    let options = format!(
        "{{\"PageRange\":{{\"type\":\"string\",\"value\":\"{number}\"}},\
         \"ExportHiddenSlides\":{{\"type\":\"boolean\",\"value\":\"true\"}}}}"
    );
    let made = work.path().join("made");
    office.convert(&seen, &format!("pdf:{exporter}:{options}"), &made)?;
    let page = made.join("document.pdf");
    // It says neither.
    ensure!(page.exists(), "LibreOffice cannot read the document, or lays it out on fewer pages");
    office.convert(&page, "png:draw_png_Export", &made)?;
    fs::read(made.join("document.png")).context("LibreOffice has made none")
}
