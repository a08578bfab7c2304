//! Reads documents: their links, and what a link can lead to in them. Opens no socket.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use crate::link::Link;
use crate::targets::Targets;

pub mod limits;
pub mod problem;

mod cells;
pub(crate) mod converted;
mod css;
mod epub;
mod formula;
pub(crate) mod html;
mod markdown;
mod odf;
mod ooxml;
mod package;
mod pdf;
mod xml;

use limits::{Bound, Limits};
use package::Package;
pub(crate) use package::composed;
use problem::Problem;

/// What reading a document gives.
#[derive(Debug)]
pub struct Content {
    /// In the order in which they stand in the document.
    pub links: Vec<Link>,
    /// What links can lead to in it.
    pub targets: Box<dyn Targets>,
    /// What could not be read; links may be missing.
    pub problems: Vec<Problem>,
    /// The parts of its package.
    pub parts: HashSet<Arc<str>>,
}

/// Reads a document, whatever its kind: its content tells, not its name.
pub fn read(path: &Path, limits: &Limits) -> Result<Content, Problem> {
    // Looked at first: opening a pipe would wait for somebody who writes to it.
    let status = fs::metadata(path).map_err(|error| Problem::Io(error.to_string()))?;
    if !status.is_file() {
        return Err(Problem::Unknown);
    }
    let mut file = File::open(path).map_err(|error| Problem::Io(error.to_string()))?;
    read_from(&mut file, path, limits)
}

/// Reads a document from anything that can be read and searched; the path tells text formats apart.
pub fn read_from<R: Read + Seek>(
    mut file: R,
    path: &Path,
    limits: &Limits,
) -> Result<Content, Problem> {
    let head = head(&mut file).map_err(|error| Problem::of_io("", &error))?;
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return read_package(Package::open(file, limits)?, limits);
    }
    if head.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        return Err(old_office(file));
    }
    if head.starts_with(b"{\\rtf") {
        return Err(Problem::Older);
    }
    if is_flat(&head) {
        return odf::read_flat(package::bounded(file, limits), limits);
    }
    if memchr::memmem::find(&head[..head.len().min(1_024)], b"%PDF-").is_some() {
        let mut bytes = Vec::new();
        let mut file = package::bounded(file, limits);
        file.read_to_end(&mut bytes).map_err(|error| Problem::of_io("", &error))?;
        return pdf::read(bytes, limits);
    }
    // Texts look alike: only their names tell.
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
    match ending.as_deref() {
        Some("html" | "htm" | "xhtml") => html::read(package::bounded(file, limits), limits),
        Some("md" | "markdown") => markdown::read(package::bounded(file, limits), limits),
        _ => Err(Problem::Unknown),
    }
}

fn read_package<R: Read + Seek>(package: Package<R>, limits: &Limits) -> Result<Content, Problem> {
    if ooxml::is_one(&package) {
        return ooxml::read(package, limits);
    }
    if package.has("META-INF/container.xml") {
        return epub::read(package, limits);
    }
    if package.has("content.xml") || package.has("styles.xml") {
        return odf::read(package, limits);
    }
    Err(Problem::Unknown)
}

/// The beginning of a file, which says what it is.
fn head<R: Read + Seek>(file: &mut R) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.by_ref().take(4 << 10).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(head)
}

/// A flat OpenDocument file begins with its one element.
fn is_flat(head: &[u8]) -> bool {
    let text: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let text = String::from_utf8_lossy(&text);
    text.contains("<office:document")
        || text.contains("urn:oasis:names:tc:opendocument:xmlns:office")
}

/// Microsoft's binary container holds old documents, and new ones that are encrypted.
fn old_office<R: Read + Seek>(file: R) -> Problem {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut start = Vec::new();
    // The directory of a container stands anywhere; in an encrypted document, near its ends.
    let _ = file.take(64 << 20).read_to_end(&mut start);
    if start.windows(name.len()).any(|window| window == name) {
        Problem::Encrypted
    } else {
        Problem::Older
    }
}

/// Collects links, up to the limit.
#[derive(Debug, Default)]
pub(crate) struct Links {
    links: Vec<Link>,
    most: u64,
}

impl Links {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { links: Vec::new(), most: limits.links }
    }

    /// Takes one more link.
    pub(crate) fn push(&mut self, link: Link) -> Result<(), Problem> {
        if self.links.len() as u64 >= self.most {
            return Err(Problem::Limit(Bound::Links, self.most));
        }
        self.links.push(link);
        Ok(())
    }

    pub(crate) fn into_vec(self) -> Vec<Link> {
        self.links
    }

    /// Those found so far, to complete what is known only later.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [Link] {
        &mut self.links
    }
}
