//! A door for the fuzz targets, which feed bytes of others to it: no part of the interface.

use std::path::{Path, PathBuf};

use crate::audit::{self, Machine};
use crate::kernel::options::Options;
use crate::machine::console::text;
use crate::machine::picture::Picture;
use crate::recipe::Recipe;
use crate::sources::lock::Lock;

/// Reads a recipe: whether it is one.
#[must_use]
pub fn recipe(text: &str) -> bool {
    Recipe::parse(text, "fuzz".to_owned(), PathBuf::from(".")).is_ok()
}

/// Reads a lock file: whether it is one.
#[must_use]
pub fn lock(path: &Path) -> bool {
    Lock::read(path).is_ok()
}

/// Reads what a machine says on its console.
pub fn console(said: &[u8]) {
    text::panic_line(said);
    text::last_lines(&String::from_utf8_lossy(said), 5);
}

/// Reads a picture of a screen: how many colours it has.
#[must_use]
pub fn picture(bytes: &[u8]) -> Option<usize> {
    Picture::from_ppm(bytes).ok().map(|picture| picture.colours())
}

/// Reads the kernel's configuration.
pub fn options(text: &str) {
    Options::parse(text);
}

/// Audits a binary for every machine.
pub fn audit(data: &[u8]) {
    for machine in [Machine::Arm, Machine::Aarch64, Machine::X86_64] {
        let binaries = [(PathBuf::from("fuzz"), data.to_vec())];
        if let Ok(audit) = audit::audit(&binaries, &Options::default(), machine) {
            audit::report::text(&audit);
        }
    }
}
