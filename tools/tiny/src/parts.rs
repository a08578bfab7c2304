//! Where the bytes of an image come from.

use names::shown;

use crate::part::Part;
use crate::userland::tree::{Node, Tree};

/// The parts of the kernel and the files of the userland, with their sizes before they are packed.
pub(crate) fn of(kernel: Vec<Part>, userland: &Tree) -> Vec<Part> {
    let mut parts = kernel;
    for (path, node) in userland.iter() {
        if let Node::File { content, .. } = node {
            parts.push(Part { name: format!("/{}", shown(path)), bytes: content.len() as u64 });
        }
    }
    parts
}
