//! Writes what is proposed into documents: only the addresses change.
//!
//! The change is first a plan. A document is then written anew beside the old one and changes places
//! with it, when the old one has a second name as a backup. What was there is looked at again before
//! it goes: an office program saves by renaming, and what it has saved in between stays.
//!
//! Proof: `tests/saving.rs::a_document_that_is_saved_meanwhile_is_kept`,
//! `tests/saving.rs::a_kill_at_any_moment_leaves_the_old_document_or_the_new_one`

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use files::dress::Dress;
use files::remove::remove;
use files::tree::{self, Name};
use files::whole::{self, Over, Whole};
use files::{Failure, Sighting, Watched, beneath, exact, leftovers, lock, staged, temporary};
use rustix::io::Errno;
use serde::Serialize;
use ui::hinted;

use crate::check::Checked;
use crate::gather::folder_of;
use crate::link::{Link, Spot};
use crate::proposal::{Confidence, Proposal};
use crate::verdict::{Finding, Verdict};

mod package;
mod taken;

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
    pub(crate) proposal: Proposal,
    spot: Spot,
}

/// A proposal that stays one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Left {
    pub(crate) address: String,
    pub(crate) proposal: String,
    pub(crate) proposal_reason: String,
    pub(crate) confidence: Confidence,
    pub(crate) reason: &'static str,
}

impl Plan {
    /// What is to be written into a document that was checked: the proposals that are accepted.
    pub(crate) fn of(checked: &Checked, accept: &mut Accept) -> Self {
        let mut plan =
            Self { document: checked.path.clone(), parts: BTreeMap::new(), left: Vec::new() };
        let mut taken = HashSet::new();
        for (link, finding) in &checked.links {
            let wanted = matches!(finding.verdict, Verdict::Broken | Verdict::Redirected);
            let Some(proposal) = finding.proposal.as_ref().filter(|_| wanted) else { continue };
            match edit(link, proposal) {
                // One relationship may serve several links.
                Ok(edit) if taken.contains(&edit.spot.key()) => {}
                Ok(edit) if accept(checked, link, finding) => {
                    taken.insert(edit.spot.key());
                    plan.parts.entry(Arc::clone(&edit.spot.part)).or_default().push(edit);
                }
                Ok(_) => plan.left.push(left(link, proposal, NOT_SURE)),
                Err(reason) => plan.left.push(left(link, proposal, reason)),
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

/// Says whether the proposal for a link of a document is to be written.
pub(crate) type Accept<'run> = dyn FnMut(&Checked, &Link, &Finding) -> bool + 'run;

/// Why some proposals stay proposals.
const NO_PLACE: &str = "this kind of link cannot be written back";
const BOTH_PARTS: &str = "its address stands in two places of the document";
const NOT_SURE: &str = "it is not sure, and nobody has agreed to it";

fn left(link: &Link, proposal: &Proposal, reason: &'static str) -> Left {
    Left {
        address: link.address.clone(),
        proposal: proposal.address.clone(),
        proposal_reason: proposal.because.clone(),
        confidence: proposal.confidence,
        reason,
    }
}

fn edit(link: &Link, proposal: &Proposal) -> Result<Edit, &'static str> {
    let spot = link.spot.clone().ok_or(NO_PLACE)?;
    let rest = proposal.address.strip_prefix(spot.before.as_str()).ok_or(BOTH_PARTS)?;
    let new = rest.strip_suffix(spot.after.as_str()).ok_or(BOTH_PARTS)?;
    let (old, new) = (link.address.clone(), new.to_owned());
    Ok(Edit { old, new, proposal: proposal.clone(), spot })
}

/// Where the old document is kept.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) backup: PathBuf,
}

/// Carries out a plan. Until the last step nothing of the document has changed, and that one is
/// taken back where somebody has saved the document in the meantime.
pub(crate) fn apply(plan: &Plan, waiting: &dyn Fn()) -> Result<Applied> {
    rewritten(plan, waiting)
        .with_context(|| format!("cannot put `{}` right", names::shown(&plan.document)))
}

fn rewritten(plan: &Plan, waiting: &dyn Fn()) -> Result<Applied> {
    let place = Place::of(&plan.document)?;
    let _lock = lock::wait(std::iter::once(&*place.path), waiting).map_err(io::Error::from)?;
    let open = beneath::open_content(place.folder.as_fd(), &place.name).map_err(io::Error::from)?;
    let seen = Sighting::of_open(&open).map_err(io::Error::from)?;
    must_be_free(&place)?;
    let mut new = new_document(plan, File::from(open.try_clone()?), &place)?;
    like(&open, new.file())?;
    let mut old = Watched::seen_before(open, &seen, None).map_err(told)?;
    let backup = keep(&mut old, &place)?;
    let aside = match new.change_places(&mut old) {
        Ok(aside) => aside,
        Err(failure) => {
            // What is to be reported is why; the backup is a second name of what is still there.
            let _ = Sighting::of_name(&place.folder, &backup)
                .map(|mut ours| remove(&place.folder, &backup, &mut ours));
            return Err(told(failure));
        }
    };
    // The old document has its backup's name; should this one stay, the next run cleans it up.
    let _ = aside.remove();
    rustix::fs::fsync(&place.folder).map_err(io::Error::from)?;
    Ok(Applied { backup: place.beside(&backup) })
}

/// How many other names a document has: they keep what it was, for the new one is another file.
///
/// Proof: `tests/saving.rs::it_is_said_that_other_names_of_a_document_keep_what_it_was`
pub(crate) fn other_names(document: &Path) -> u64 {
    fs::metadata(document).map_or(0, |status| status.nlink().saturating_sub(1))
}

/// What an earlier run has left beside a document because it was killed.
pub(crate) fn clean_up(document: &Path, waiting: &dyn Fn()) -> Result<()> {
    let place = Place::of(document)?;
    let names = tree::list(&place.folder).map_err(io::Error::from)?;
    if names.iter().any(|Name(name)| temporary::is_temporary(name)) {
        let _lock = lock::wait(std::iter::once(&*place.path), waiting).map_err(io::Error::from)?;
        leftovers::clean_all(&place.folder).map_err(io::Error::from)?;
    }
    Ok(())
}

fn must_be_free(place: &Place) -> Result<()> {
    let Some(sign) = taken::sign(place) else {
        return Ok(());
    };
    let sign = names::shown(&place.beside(&sign));
    Err(hinted(
        &format!("an office program has it open, as `{sign}` says"),
        format!("close it there, and run again; if none has it open, remove `{sign}`"),
    )
    .into())
}

/// What can be said of a failure, and what can be done about it.
fn told(failure: Failure) -> anyhow::Error {
    if failure == Failure::InUse {
        return hinted(&failure.to_string(), "close it there, and run again").into();
    }
    failure.into()
}

/// Where a document really is. A link to a document stays.
struct Place {
    /// Of the folder, as far as the document was named.
    path: PathBuf,
    folder: OwnedFd,
    name: Vec<u8>,
}

impl Place {
    fn of(document: &Path) -> io::Result<Self> {
        let real = if fs::symlink_metadata(document)?.is_symlink() {
            fs::canonicalize(document)?
        } else {
            document.to_owned()
        };
        let (folder, name) = beneath::open_parent(&real)?;
        Ok(Self { folder, name: name.to_vec(), path: folder_of(&real) })
    }

    /// A path in the same folder, shown as the document was named.
    fn beside(&self, name: &[u8]) -> PathBuf {
        let name = Path::new(std::ffi::OsStr::from_bytes(name));
        if self.path == Path::new(".") { name.to_owned() } else { self.path.join(name) }
    }
}

/// Writes the document anew, and nobody sees it yet.
fn new_document(plan: &Plan, mut old: File, place: &Place) -> Result<Whole> {
    let folder = place.folder.try_clone()?;
    let mut new = Whole::create(folder, &place.name, whole::PRIVATE)?;
    if package::is_package(&mut old)? {
        package::rewrite(&mut old, &plan.parts, new.file())?;
    } else {
        rewrite_file(&mut old, plan, new.file())?;
    }
    Ok(new)
}

/// Mode, attributes and, where that is allowed, owner of the old document. Only root gives files
/// away; for others the new file is theirs, as with an editor.
fn like(old: impl AsFd, new: &File) -> io::Result<()> {
    Ok(Dress::of(old)?.put_on_new_state(new)?)
}

/// Gives the old document a second name, and never one that is taken.
fn keep(old: &mut Watched, place: &Place) -> Result<Vec<u8>> {
    for number in 0..1_000 {
        let ending = if number > 0 { format!(".bak{number}") } else { ".bak".to_owned() };
        let backup = [&*place.name, ending.as_bytes()].concat();
        match staged::link(old.file(), &place.folder, &backup) {
            Ok(()) => {
                old.look_after_our_change().map_err(told)?;
                return Ok(backup);
            }
            Err(Errno::EXIST) => {}
            // Some file systems know one name a file.
            Err(_) => return copy(old, place, backup),
        }
    }
    bail!("there are a thousand backups already: remove some");
}

fn copy(old: &Watched, place: &Place, backup: Vec<u8>) -> Result<Vec<u8>> {
    let cannot = || format!("cannot make the backup `{}`", names::shown(&place.beside(&backup)));
    let mut from = File::from(old.file().try_clone()?);
    from.seek(SeekFrom::Start(0))?;
    let mut new =
        Whole::create(place.folder.try_clone()?, &backup, whole::PRIVATE).with_context(cannot)?;
    like(old, new.file()).with_context(cannot)?;
    exact::copy(from, old.seen().size, &mut new).map_err(told).with_context(cannot)?;
    new.commit(Over::Nothing).with_context(cannot)?;
    Ok(backup)
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
