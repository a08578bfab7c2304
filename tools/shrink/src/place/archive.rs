//! Keeps what goes and what changes, whole and on the disk.
//!
//! What is not as it was when the root was read, or changes while it is copied, is not in the
//! archive: then it neither goes nor changes.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use files::Failure;
use files::sighting::Sighting;
use files::whole::{self, Over, Whole};
use names::{Bytes, shown};

use crate::make::Made;
use crate::rootfs::inventory::{Entry, Kind};
use crate::write::tape::{Tape, can_be_read_back};

use super::Stays;
use super::hand::Hand;
use super::plan::Plan;

/// Stands before what undo has to know, in a comment of the archive.
const REMARK: &str = "shrink: ";

/// What undo has to know of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remark {
    /// The file became this, by the BLAKE3 hash of its content.
    Became(String),
    /// Something in the directory went or changed.
    Touched,
}

impl Remark {
    fn text(&self) -> String {
        match self {
            Self::Became(hash) => format!("{REMARK}became {hash}"),
            Self::Touched => format!("{REMARK}touched"),
        }
    }

    pub(super) fn of(comment: &str) -> Option<Self> {
        match comment.strip_prefix(REMARK)?.split_once(' ') {
            Some(("became", hash)) => Some(Self::Became(hash.to_owned())),
            None => Some(Self::Touched),
            Some(_) => None,
        }
    }
}

/// Writes the archive; afterwards it is on the disk. What cannot be kept is taken off the plan and
/// given back.
pub(super) fn keep(plan: &mut Plan, made: &Made, archive: &Path) -> Result<Vec<Stays>> {
    let write = || {
        ui::hinted(
            &format!("cannot keep what goes in `{}`", shown(archive)),
            "nothing was changed; name another place with --archive",
        )
    };
    let whole = Whole::beside(archive, whole::PRIVATE).with_context(write)?;
    let mut keeper = Keeper {
        hand: Hand::on(&made.root.base)?,
        made,
        touched: plan.touched_directories().into_iter().map(Path::to_owned).collect(),
        tape: Tape::of(BufWriter::with_capacity(1 << 18, whole)),
    };
    let stays = keeper.keep_all(plan).with_context(write)?;
    let out = keeper.tape.finish().with_context(write)?;
    let whole = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(write)?;
    whole.commit(Over::Nothing).with_context(write)?;
    Ok(stays)
}

struct Keeper<'a> {
    hand: Hand,
    made: &'a Made,
    touched: BTreeSet<PathBuf>,
    tape: Tape<BufWriter<Whole>>,
}

impl Keeper<'_> {
    fn keep_all(&mut self, plan: &mut Plan) -> Result<Vec<Stays>> {
        let mut stays = Vec::new();
        for (path, entry) in plan.archived(&self.made.root.inventory).iter() {
            if !can_be_read_back(path, entry) {
                let because = "the archive could not give its name or attributes back".to_owned();
                if plan.leave(path) {
                    stays.push(Stays { path: Bytes::of(path), because });
                }
                continue;
            }
            let remark = self.remark(plan, path, entry)?;
            let position = self.tape.out().stream_position()?;
            let added = self.add(path, entry, remark.as_ref());
            let Err(error) = added else {
                continue;
            };
            let failure = changed(error)?;
            // Nobody misses what is gone already.
            let is_gone = self.hand.spot(path).is_ok_and(|spot| spot.is_free());
            if plan.leave(path) && !is_gone {
                stays.push(Stays::because(path, &failure));
            }
            self.back_to(position)?;
        }
        Ok(stays)
    }

    fn remark(&self, plan: &Plan, path: &Path, entry: &Entry) -> Result<Option<Remark>> {
        if entry.kind == Kind::Directory {
            return Ok(self.touched.contains(path).then_some(Remark::Touched));
        }
        if !plan.changed.contains(path) {
            return Ok(None);
        }
        let new: OwnedFd = crate::rootfs::open_beneath(&self.made.small, path)?.into();
        Ok(Some(Remark::Became(files::tree::hash(&new)?.0.to_hex().to_string())))
    }

    /// Adds an entry that is as it was when the root was read, before and after it is copied.
    fn add(&mut self, path: &Path, entry: &Entry, remark: Option<&Remark>) -> Result<()> {
        if entry.kind == Kind::Directory {
            let remark = remark.map(Remark::text);
            return self.tape.add(path, entry, &mut nothing, remark.as_deref());
        }
        let spot = self.hand.spot(path)?;
        let seen = self.made.root.sighting(path);
        let must_be_it = |now: Result<Sighting, _>| -> Result<(), Failure> {
            let now = now.map_err(Failure::at_seen_name)?;
            if Some(now) == seen { Ok(()) } else { Err(Failure::Changed) }
        };
        must_be_it(spot.look())?;
        let mut open = || Ok(spot.open().map_err(io::Error::from)?.into());
        self.tape.add(path, entry, &mut open, remark.map(Remark::text).as_deref())?;
        Ok(must_be_it(spot.look())?)
    }

    /// Takes back what was written after a position.
    fn back_to(&mut self, position: u64) -> io::Result<()> {
        let out = self.tape.out();
        out.flush()?;
        out.get_mut().file().set_len(position)?;
        out.seek(SeekFrom::Start(position)).map(|_| ())
    }
}

fn nothing() -> io::Result<std::fs::File> {
    Err(io::Error::other("a directory has no content"))
}

/// The failure in an error, if it says that somebody has changed what was to be kept.
pub(super) fn changed(error: anyhow::Error) -> Result<Failure> {
    let failure = error.chain().find_map(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        let inner = io.and_then(io::Error::get_ref).and_then(|inner| inner.downcast_ref());
        inner.or_else(|| cause.downcast_ref::<Failure>()).cloned()
    });
    match failure {
        None | Some(Failure::System(_)) => Err(error),
        Some(failure) => Ok(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_is_read_as_it_is_written_and_others_are_not_ours() {
        for remark in [Remark::Became("00ff".to_owned()), Remark::Touched] {
            assert_eq!(Remark::of(&remark.text()), Some(remark));
        }
        assert_eq!(Remark::of("made by hand"), None);
    }
}
