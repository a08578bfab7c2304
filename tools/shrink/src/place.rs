//! Changes a root where it stands, and takes that back.
//!
//! What goes and what changes is in an archive and on the disk before the first change is made. So
//! whatever happens afterwards, `shrink undo` brings everything back. The root may be that of a
//! running system: whatever is not as it was when it was read, in either direction, stays as it is
//! and is named, and no name that stays is missing for a moment.
//!
//! Proof: `tests/place.rs::undo_brings_everything_back_exactly`,
//! `tests/disturbed.rs::a_kill_at_any_call_loses_nothing`,
//! `tests/disturbed.rs::what_somebody_does_meanwhile_stays`,
//! `tests/disturbed.rs::a_kill_of_undo_at_any_call_loses_nothing`,
//! `tests/disturbed.rs::what_somebody_does_while_undo_is_at_work_stays`

mod archive;
mod hand;
mod plan;
mod steps;
mod undo;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use files::Failure;
use names::{Bytes, shown};
use serde::Serialize;

use crate::make::Made;
use crate::rootfs::leftovers::alone;
use plan::Plan;

pub(crate) use undo::{Undone, undo};

const ENDING: &str = ".removed.tar";

/// Where what goes is kept when the user does not say: beside the root.
pub(crate) fn archive_of(root: &Path) -> PathBuf {
    let mut name = root.file_name().unwrap_or_default().to_owned();
    name.push(ENDING);
    root.with_file_name(name)
}

/// How the user takes it back: an archive with another name does not say of what it is.
fn undo_line(root: &Path, archive: &Path) -> String {
    let mut line = format!("shrink undo {}", shown(archive));
    if archive != archive_of(root) {
        write!(line, " {}", shown(root)).expect("a text can be written to");
    }
    line
}

/// What was to change and is as it was, or as somebody else has made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Stays {
    pub(crate) path: Bytes,
    pub(crate) because: String,
}

impl Stays {
    fn because(path: &Path, failure: &Failure) -> Self {
        Self { path: Bytes::of(path), because: failure.to_string() }
    }
}

/// Makes the root what was made of it elsewhere; gives what stays all the same.
pub(crate) fn replace(made: &Made, root: &Path, archive: &Path) -> Result<Vec<Stays>> {
    let _lock = alone(root)?;
    let mut plan = Plan::between(&made.root.inventory, &made.inventory, &made.filled);
    let mut stays = archive::keep(&mut plan, made, archive)?;
    stays.extend(steps::carry_out(&plan, made, root).with_context(|| {
        ui::hinted(
            "the root is changed in part",
            format!("`{}` brings everything back", undo_line(root, archive)),
        )
    })?);
    Ok(stays)
}
