//! What tests, tour and benchmark work on: small documents and a web server of their own.
//!
//! Nothing that a tool ships uses this crate.

pub mod opendocument;
pub mod package;
pub mod syscalls;
pub mod web;
