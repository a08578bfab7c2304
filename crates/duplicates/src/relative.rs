//! The text of a relative link from one place of the inventory to another.
//!
//! The system resolves `..` in a link from where the link really lies. All paths here are physical,
//! so climbing to the nearest common directory and down again always arrives.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::inventory::{DirectoryId, FileId, Inventory};

/// Longer texts cannot be made into a link (`PATH_MAX` with its end).
pub(crate) const LONGEST: usize = 4095;

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
            between_paths(&from, &inventory.root_of(target).physical)
        }
    }
}

fn between(inventory: &Inventory, from: DirectoryId, to: DirectoryId, name: &[u8]) -> Vec<u8> {
    let Some((common, up)) = common_ancestor(inventory, from, to) else {
        let target = inventory.physical_directory(to).join(OsStr::from_bytes(name));
        return between_paths(&inventory.physical_directory(from), &target);
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

/// Between absolute paths without symbolic links.
fn between_paths(from: &Path, to: &Path) -> Vec<u8> {
    let common =
        from.ancestors().find(|ancestor| to.starts_with(ancestor)).unwrap_or(Path::new("/"));
    let up = from.strip_prefix(common).map_or(0, |below| below.components().count());
    let down = to.strip_prefix(common).unwrap_or(to).as_os_str().as_bytes();
    [&b"../".repeat(up), down].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_climbs_to_the_common_directory_and_descends() {
        let text = |from: &str, to: &str| {
            String::from_utf8(between_paths(Path::new(from), Path::new(to))).expect("ASCII")
        };
        assert_eq!(text("/a/b", "/a/b/file"), "file");
        assert_eq!(text("/a/b", "/a/c/file"), "../c/file");
        assert_eq!(text("/a/b/c", "/file"), "../../../file");
        assert_eq!(text("/", "/a/file"), "a/file");
        assert_eq!(text("/a/bc", "/a/b/file"), "../b/file");
    }
}
