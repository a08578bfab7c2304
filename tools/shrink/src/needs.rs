//! What a kept file needs: found by reading it, not by running it.

pub(crate) mod libraries;
pub(crate) mod mentions;
pub(crate) mod packages;
pub(crate) mod rules;
pub(crate) mod scripts;
