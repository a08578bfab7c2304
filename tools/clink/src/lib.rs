//! Replaces duplicate files by relative symbolic links.

pub mod cli;
