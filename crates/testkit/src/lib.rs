//! What tests, tour and benchmark work on, and what tests say of themselves.
//!
//! Nothing that a tool ships uses this crate.

mod skip;

pub mod opendocument;
pub mod package;
pub mod screen;
pub mod syscalls;
pub mod web;

pub use skip::{FULL, KEPT_IN, LEFT_TO_FULL, can, full, has, has_root, is_full, is_root, skip};
