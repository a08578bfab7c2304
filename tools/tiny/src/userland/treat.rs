//! What techniques do to the files of a userland: stripping.

use elf::strip::{self, Level};

use super::tree::Tree;
use crate::technique::{Step, Technique};

/// Strips every binary as far as the techniques say. What is no binary, or cannot be stripped without
/// harm, stays as it is.
pub(super) fn treat(tree: &mut Tree, techniques: &[Technique]) {
    let uses = |step| techniques.iter().any(|technique| technique.step == Some(step));
    let level = match (uses(Step::Strip), uses(Step::SuperStrip)) {
        (_, true) => Level::Sections,
        (true, false) => Level::Symbols,
        (false, false) => return,
    };
    for (_, content) in tree.files_mut() {
        if !content.starts_with(&elf::MAGIC) {
            continue;
        }
        if let Ok(Some(plan)) = strip::plan(content.as_slice(), level) {
            *content = plan.applied(content);
        }
    }
}
