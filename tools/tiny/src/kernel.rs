//! The kernel: configured for what a recipe needs, built, and linked with what it starts.

pub(crate) mod options;
