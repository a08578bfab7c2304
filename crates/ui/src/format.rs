//! The forms of a result that nearly every tool has.

use clap::ValueEnum;

/// A form of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One document for programs
    Json,
}
