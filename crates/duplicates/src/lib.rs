//! Finds files and directories with the same content and replaces them by links.
//!
//! [`survey::survey`] looks at trees and returns a plan; [`apply::apply`] carries it out, with a
//! [`journal::Journal`] from which [`undo::undo`] takes it back. In between nothing is decided: the
//! plan is data, to be shown, counted ([`figures::Figures`]) or thrown away.

pub mod survey;

pub mod exclude;
pub mod inventory;
pub mod medium;
pub mod walk;

mod attributes;
mod climb;
mod content;
mod header;
mod kind;
pub mod kinds;
mod nature;
mod shape;
mod surroundings;

mod judge;
mod rules;

mod closure;
mod directories;
mod equality;
pub mod plan;
mod relative;

pub mod apply;
pub mod figures;
pub mod journal;
pub mod undo;

#[doc(hidden)]
pub mod fuzzing;
pub mod problem;
pub mod progress;

mod crew;
mod reflink;
