//! Changes files so that nothing of anybody is lost, whoever else is at work.
//!
//! A new state is *staged* under a temporary name beside the old one and takes its place by
//! exchange (`renameat2`, `RENAME_EXCHANGE`). The old one, which nobody else can reach by its name
//! any more, is then looked at again: it goes only if it still is what was planned to go, otherwise
//! it is given back. [`staged::Staged::replace`], [`remove::remove`] and
//! [`staged::Staged::put_new`] are these changes; [`whole::write`] is all of it for a content and a
//! path. A name that holds what nobody planned is never written over.
//!
//! In the terms of the field: atomic replace by compare-and-swap, with roll-back.
//!
//! What remains: where leases (`F_SETLEASE`) cannot be had, as on network file systems or for files
//! of other owners, somebody who has a file open for writing and writes after the last look writes
//! to a file without a name; see [`watched`]. A mapping that outlives the descriptor counts as open.
//!
//! Proof: `tests/changes.rs::a_file_that_is_saved_between_the_look_and_the_change_keeps_its_name`,
//! `tests/changes.rs::a_file_that_is_saved_right_after_the_change_keeps_its_name`,
//! `tests/changes.rs::a_file_that_somebody_has_open_for_writing_is_not_touched`,
//! `tests/changes.rs::who_waits_to_write_gets_the_file_back_under_its_name`,
//! `tests/changes.rs::a_new_name_is_never_put_over_another_one`

#![expect(clippy::disallowed_methods, reason = "this is where files are changed")]

pub mod output;
pub mod remove;
pub mod staged;
pub mod whole;

mod drawer;
pub mod expected;
pub mod failure;
mod lease;
mod settle;
pub mod watched;

pub mod attributes;
pub mod beneath;
pub mod dress;
pub mod exact;
pub mod flags;
pub mod leftovers;
pub mod lock;
pub mod relative;
pub mod sighting;
pub mod temporary;
pub mod tree;

pub use expected::Expected;
pub use failure::Failure;
pub use sighting::{Sighting, Time};
pub use staged::Staged;
pub use watched::Watched;
