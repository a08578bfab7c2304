//! What tests, tour and benchmark work on, and what tests say of themselves.
//!
//! Nothing that a tool ships uses this crate.

mod said;
mod skip;

pub mod opendocument;
pub mod package;
pub mod roots;
pub mod screen;
pub mod syscalls;
pub mod tree;
pub mod web;

pub use said::without_progress;
pub use skip::{FULL, KEPT_IN, LEFT_TO_FULL, can, full, has, has_root, is_full, is_root, skip};
