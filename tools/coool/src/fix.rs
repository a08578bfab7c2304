//! Writes what is proposed into documents: only the addresses change.
//!
//! The change is first a plan. A document is then written anew beside the old one, looked at again,
//! and takes its place in one step, when the old one has been kept as a backup.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::check::Checked;
use crate::gather::folder_of;
use crate::link::{Link, Spot};
use crate::verdict::{Finding, Verdict};

mod package;

/// What would be written into one document.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) document: PathBuf,
    /// The changes of each part.
    pub(crate) parts: BTreeMap<Arc<str>, Vec<Edit>>,
    /// Proposals that cannot be written back, with the reason.
    pub(crate) left: Vec<Left>,
}

/// An address to be written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) old: String,
    pub(crate) new: String,
    spot: Spot,
}

/// A proposal that stays one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Left {
    pub(crate) address: String,
    pub(crate) proposal: String,
    pub(crate) reason: &'static str,
}

impl Plan {
    /// What is to be written into a document that was checked.
    pub(crate) fn of(checked: &Checked) -> Self {
        let mut plan =
            Self { document: checked.path.clone(), parts: BTreeMap::new(), left: Vec::new() };
        let mut taken = HashSet::new();
        for (link, finding) in &checked.links {
            let wanted = matches!(finding.verdict, Verdict::Broken | Verdict::Redirected);
            let Some(proposal) = finding.proposal.as_ref().filter(|_| wanted) else { continue };
            match edit(link, proposal) {
                Ok(edit) => {
                    // One relationship may serve several links.
                    if taken.insert((Arc::clone(&edit.spot.part), edit.spot.range.start)) {
                        plan.parts.entry(Arc::clone(&edit.spot.part)).or_default().push(edit);
                    }
                }
                Err(reason) => plan.left.push(Left {
                    address: link.address.clone(),
                    proposal: proposal.clone(),
                    reason,
                }),
            }
        }
        for edits in plan.parts.values_mut() {
            edits.sort_by_key(|edit| edit.spot.range.start);
        }
        plan
    }

    /// The addresses that change, in the order of the parts.
    pub(crate) fn edits(&self) -> impl Iterator<Item = &Edit> {
        self.parts.values().flatten()
    }
}

/// Why some proposals stay proposals.
const NO_PLACE: &str = "this kind of link cannot be written back";
const BOTH_PARTS: &str = "its address stands in two places of the document";

fn edit(link: &Link, proposal: &str) -> Result<Edit, &'static str> {
    let spot = link.spot.clone().ok_or(NO_PLACE)?;
    let rest = proposal.strip_prefix(spot.before.as_str()).ok_or(BOTH_PARTS)?;
    let new = rest.strip_suffix(spot.after.as_str()).ok_or(BOTH_PARTS)?;
    Ok(Edit { old: link.address.clone(), new: new.to_owned(), spot })
}

/// Where the old document is kept.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) backup: PathBuf,
}

/// Carries out a plan. Until the last step nothing of the document has changed.
pub(crate) fn apply(plan: &Plan) -> Result<Applied> {
    let cannot = || format!("cannot put `{}` right", names::shown(&plan.document));
    let real = real(&plan.document).with_context(cannot)?;
    let before = fs::metadata(&real).with_context(cannot)?;
    let mut new = beside(&real).with_context(cannot)?;
    let mut old = File::open(&real).with_context(cannot)?;
    if package::is_package(&mut old).with_context(cannot)? {
        package::rewrite(&mut old, &plan.parts, new.as_file_mut()).with_context(cannot)?;
    } else {
        rewrite_file(&mut old, plan, new.as_file_mut()).with_context(cannot)?;
    }
    like(&before, new.as_file()).with_context(cannot)?;
    new.as_file().sync_all().with_context(cannot)?;
    let backup = keep(&real).with_context(cannot)?;
    if changed(&before, &fs::metadata(&real).with_context(cannot)?) {
        let _ = fs::remove_file(&backup);
        bail!(anyhow::anyhow!("somebody has changed it in the meantime").context(cannot()));
    }
    new.persist(&real).map_err(|error| error.error).with_context(cannot)?;
    File::open(folder_of(&real)).and_then(|folder| folder.sync_all()).with_context(cannot)?;
    Ok(Applied { backup })
}

/// A link to a document leads to where the document really is; the link stays.
fn real(document: &Path) -> io::Result<PathBuf> {
    if fs::symlink_metadata(document)?.is_symlink() {
        fs::canonicalize(document)
    } else {
        Ok(document.to_owned())
    }
}

/// A new file in the document's folder: nobody sees it under the document's name.
fn beside(document: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".coool-").tempfile_in(folder_of(document))
}

/// The mode and, where that is allowed, the owner of the old document.
fn like(old: &fs::Metadata, new: &File) -> io::Result<()> {
    new.set_permissions(old.permissions())?;
    let status = new.metadata()?;
    if (status.uid(), status.gid()) != (old.uid(), old.gid()) {
        // Only root gives files away; for others the new file is theirs, as with an editor.
        let _ = std::os::unix::fs::fchown(new, Some(old.uid()), Some(old.gid()));
        new.set_permissions(old.permissions())?;
    }
    Ok(())
}

/// Gives the old document a second name, and never one that is taken.
fn keep(document: &Path) -> Result<PathBuf> {
    for number in 0..1_000 {
        let mut name = document.as_os_str().to_owned();
        name.push(".bak");
        if number > 0 {
            name.push(number.to_string());
        }
        let backup = PathBuf::from(name);
        match fs::hard_link(document, &backup) {
            Ok(()) => return Ok(backup),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // Some file systems know one name a file.
            Err(_) => return copy(document, &backup),
        }
    }
    bail!("there are a thousand backups already: remove some");
}

fn copy(document: &Path, backup: &Path) -> Result<PathBuf> {
    let mut new = File::create_new(backup)
        .with_context(|| format!("cannot make the backup `{}`", names::shown(backup)))?;
    io::copy(&mut File::open(document)?, &mut new)?;
    new.sync_all()?;
    Ok(backup.to_owned())
}

fn changed(before: &fs::Metadata, now: &fs::Metadata) -> bool {
    let state = |status: &fs::Metadata| {
        (status.dev(), status.ino(), status.size(), status.mtime(), status.mtime_nsec())
    };
    state(before) != state(now)
}

/// A document that is one file.
fn rewrite_file(old: &mut File, plan: &Plan, new: &mut File) -> Result<()> {
    let mut content = Vec::new();
    old.seek(SeekFrom::Start(0))?;
    old.read_to_end(&mut content)?;
    let edits = plan.parts.get("").map_or(&[][..], Vec::as_slice);
    new.write_all(&edited(&content, edits)?)?;
    Ok(())
}

/// A part with its new addresses. Every place is looked at again before it is believed.
fn edited(content: &[u8], edits: &[Edit]) -> Result<Vec<u8>> {
    let mut new = Vec::with_capacity(content.len());
    let mut done = 0;
    for edit in edits {
        let (start, end) =
            (usize::try_from(edit.spot.range.start)?, usize::try_from(edit.spot.range.end)?);
        let stands = content.get(start..end).filter(|_| start >= done);
        if stands != Some(edit.spot.raw.as_bytes()) {
            bail!("the address `{}` is not where it was read", names::shown_text(&edit.old));
        }
        new.extend_from_slice(&content[done..start]);
        new.extend_from_slice(quick_xml::escape::escape(edit.new.as_str()).as_bytes());
        done = end;
    }
    new.extend_from_slice(&content[done..]);
    Ok(new)
}

/// Whether a link that was broken would be mended.
pub(crate) fn would_mend(finding: &Finding) -> bool {
    finding.verdict == Verdict::Broken && finding.proposal.is_some()
}
