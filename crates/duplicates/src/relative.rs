//! The text of a relative link from one place of the inventory to another.
//!
//! The system resolves `..` in a link from where the link really lies. All paths here are physical,
//! so climbing to the nearest common directory and down again always arrives.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::inventory::{DirectoryId, FileId, Inventory};

/// The text of a link in the directory of `link` that leads to `target`.
pub(crate) fn text(inventory: &Inventory, link: FileId, target: FileId) -> Vec<u8> {
    between(inventory, link.directory, target.directory, inventory.name_bytes(target))
}

/// The text of a link that takes the place of the directory `link` and leads to `target`.
pub(crate) fn directory_text(
    inventory: &Inventory,
    link: DirectoryId,
    target: DirectoryId,
) -> Vec<u8> {
    let parent = |id: DirectoryId| {
        inventory.directory(id).parent.expect("an argument itself is never replaced")
    };
    match inventory.directory(target).parent {
        Some(above) => between(inventory, parent(link), above, &inventory.directory(target).name),
        None => {
            let from = inventory.physical_directory(parent(link));
            files::relative::between(&from, &inventory.root_of(target).physical)
        }
    }
}

fn between(inventory: &Inventory, from: DirectoryId, to: DirectoryId, name: &[u8]) -> Vec<u8> {
    let Some((common, up)) = common_ancestor(inventory, from, to) else {
        let target = inventory.physical_directory(to).join(OsStr::from_bytes(name));
        return files::relative::between(&inventory.physical_directory(from), &target);
    };
    let mut down: Vec<&[u8]> = names_up_to(inventory, to, common).collect();
    down.reverse();
    down.push(name);
    [b"../".repeat(up), down.join(&b'/')].concat()
}

/// The length of that text, without putting it together.
pub(crate) fn length(inventory: &Inventory, link: FileId, target: FileId) -> usize {
    let Some((common, up)) = common_ancestor(inventory, link.directory, target.directory) else {
        return text(inventory, link, target).len();
    };
    let down = names_up_to(inventory, target.directory, common).map(|name| name.len() + 1);
    3 * up + down.sum::<usize>() + usize::from(inventory.file(target).name_length)
}

/// What a hard link to a file takes besides its name.
pub(crate) fn taken_by_hard_link(inventory: &Inventory, kept: FileId) -> u64 {
    let path = inventory.length_in_archive(kept.directory) + inventory.name_bytes(kept).len();
    inventory.medium(kept.directory).path(path)
}

/// The deepest directory that both lie in, and how many steps up it is. None when they lie below
/// different arguments.
fn common_ancestor(
    inventory: &Inventory,
    from: DirectoryId,
    to: DirectoryId,
) -> Option<(DirectoryId, usize)> {
    let mut up = 0;
    let mut common = from;
    while !(common <= to && to.0 < inventory.directory(common).end) {
        common = inventory.directory(common).parent?;
        up += 1;
    }
    Some((common, up))
}

/// The names of a directory and those above it, below `top`.
fn names_up_to(
    inventory: &Inventory,
    from: DirectoryId,
    top: DirectoryId,
) -> impl Iterator<Item = &[u8]> {
    let parent = |id: &DirectoryId| inventory.directory(*id).parent;
    let ids = std::iter::successors(Some(from), parent).take_while(move |id| *id != top);
    ids.map(|id| &*inventory.directory(id).name)
}
