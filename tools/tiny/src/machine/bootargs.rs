//! Changes the command line that the device tree inside an image tells the kernel.
//!
//! How much memory there is, the boot loader tells; nothing is changed for that. Format: Devicetree
//! Specification 0.4, section 5 (flattened device tree), 3.6 (chosen).

use anyhow::{Context, Result, bail, ensure};
use dtoolkit::Node;
use dtoolkit::fdt::Fdt;
use dtoolkit::model::{DeviceTree, DeviceTreeNode, DeviceTreeProperty};

use crate::part::Place;

/// Trees have a handful of levels; one that has more is no tree of a board.
const DEEPEST: usize = 64;
/// Trees of boards have some ten kilobytes.
const LONGEST: usize = 1 << 20;

/// The image with another command line in its device tree.
///
/// Where the tree is the end of the image it may grow; inside, it must fit where it was.
pub(crate) fn changed(image: &[u8], place: Place, command_line: &str) -> Result<Vec<u8>> {
    let (begin, end) = bounds(image, place)?;
    let mut tree = parse(&image[begin..end]).context("cannot read the device tree of the image")?;
    set_command_line(&mut tree.root, command_line)?;
    let mut blob = tree.to_dtb();
    if end < image.len() {
        let room = end - begin;
        ensure!(
            blob.len() <= room,
            "the changed device tree has {} bytes, and the image has room for {room}",
            blob.len()
        );
        blob.resize(room, 0);
    }
    Ok([&image[..begin], &blob, &image[end..]].concat())
}

/// Where the tree begins and ends.
fn bounds(image: &[u8], place: Place) -> Result<(usize, usize)> {
    let begin = usize::try_from(place.offset).ok();
    let end = place.offset.checked_add(place.length).and_then(|end| usize::try_from(end).ok());
    match (begin, end) {
        (Some(begin), Some(end)) if end <= image.len() && end - begin <= LONGEST => {
            Ok((begin, end))
        }
        _ => bail!(
            "the image has {} bytes, and its device tree would be {} from {}",
            image.len(),
            place.length,
            place.offset
        ),
    }
}

/// Reads a tree that may be followed by padding.
fn parse(bytes: &[u8]) -> Result<DeviceTree> {
    let length = bytes.get(4..8).and_then(|length| <[u8; 4]>::try_from(length).ok());
    let length = length.map(u32::from_be_bytes).context("it is too short")?;
    let bytes = bytes.get(..usize::try_from(length)?).context("it is cut off")?;
    let flat = Fdt::new(bytes)?;
    ensure!(is_shallow(flat), "its nodes are nested deeper than {DEEPEST} levels");
    Ok(DeviceTree::from_fdt(&flat))
}

/// Whether the tree can be walked by recursion.
fn is_shallow(flat: Fdt<'_>) -> bool {
    let mut branches = vec![flat.root().children()];
    while let Some(branch) = branches.last_mut() {
        match branch.next() {
            Some(_) if branches.len() >= DEEPEST => return false,
            Some(node) => branches.push(node.children()),
            None => {
                branches.pop();
            }
        }
    }
    true
}

fn set_command_line(root: &mut DeviceTreeNode, command_line: &str) -> Result<()> {
    ensure!(!command_line.contains('\0'), "a command line holds no byte of nought");
    if root.child("chosen").is_none() {
        root.add_child(DeviceTreeNode::new("chosen")?);
    }
    let chosen = root.child_mut("chosen").context("the tree takes no node `chosen`")?;
    set(chosen, "bootargs", command_line.to_owned())
}

fn set(node: &mut DeviceTreeNode, name: &str, value: impl dtoolkit::ToPropertyValue) -> Result<()> {
    match node.property_mut(name) {
        Some(property) => property.set_value(value),
        None => node.add_property(DeviceTreeProperty::new(name, value)?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    const TREE: &str = r#"/dts-v1/;
/ {
    #address-cells = <1>;
    #size-cells = <1>;
    memory { device_type = "memory"; reg = <0 0x8000000>; };
    chosen { bootargs = "console=ttyAMA0"; };
};
"#;

    /// Translates a device tree with its compiler.
    fn dtc(from: &str, to: &str, input: &[u8]) -> Vec<u8> {
        let mut child = Command::new("dtc")
            .args(["-q", "-I", from, "-O", to])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("dtc, of the package device-tree-compiler, runs");
        child.stdin.take().expect("a pipe").write_all(input).expect("dtc reads");
        child.wait_with_output().expect("dtc ends").stdout
    }

    /// An image with a tree in it, and where.
    fn image(before: &str, tree: &[u8], after: &str) -> (Vec<u8>, Place) {
        let image = [before.as_bytes(), tree, after.as_bytes()].concat();
        (image, Place { offset: before.len() as u64, length: tree.len() as u64 })
    }

    #[test]
    fn a_tree_at_the_end_of_an_image_may_grow() {
        let (image, place) = image("the kernel", &dtc("dts", "dtb", TREE.as_bytes()), "");
        let words = format!("quiet {}", "x".repeat(500));
        let image = changed(&image, place, &words).expect("a changed image");
        assert!(image.starts_with(b"the kernel"));
        let tree = String::from_utf8(dtc("dtb", "dts", &image[10..])).expect("text");
        assert!(tree.contains("bootargs = \"quiet xxx"), "{tree}");
        assert!(tree.contains("reg = <0x00 0x8000000>"), "{tree}");
        assert!(tree.contains("device_type = \"memory\""), "{tree}");
    }

    #[test]
    fn a_tree_inside_an_image_stays_where_it_is() {
        let mut tree = dtc("dts", "dtb", TREE.as_bytes());
        tree.resize(tree.len() + 300, 0);
        let (image, place) = image("the kernel", &tree, "the rest");
        let changed_image = changed(&image, place, "rdinit=/bin/true").expect("an image");
        assert_eq!(changed_image.len(), image.len());
        assert!(changed_image.ends_with(b"the rest"));

        let error = changed(&image, place, &"x".repeat(400)).expect_err("it is too long");
        assert!(error.to_string().contains("and the image has room for"), "{error}");
    }

    #[test]
    fn a_tree_without_a_command_line_gets_one() {
        let (image, place) = image("", &dtc("dts", "dtb", b"/dts-v1/; / { };"), "");
        let changed = changed(&image, place, "quiet").expect("an image");
        let tree = String::from_utf8(dtc("dtb", "dts", &changed)).expect("text");
        assert!(tree.contains("chosen {\n\t\tbootargs = \"quiet\";"), "{tree}");
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let (good, place) = image("", &dtc("dts", "dtb", TREE.as_bytes()), "");
        let cut = Place { length: place.length - 8, ..place };
        let beyond = Place { offset: u64::MAX, ..place };
        for place in [cut, beyond] {
            changed(&good, place, "quiet").expect_err("there is no tree");
        }
        let deep = format!("/dts-v1/; / {{ {} {} }};", "a {".repeat(100), "};".repeat(100));
        let (deep, place) = image("", &dtc("dts", "dtb", deep.as_bytes()), "");
        let error = changed(&deep, place, "quiet").expect_err("the tree is too deep");
        assert!(format!("{error:#}").contains("deeper than 64 levels"), "{error:#}");
    }

    proptest! {
        #[test]
        fn hostile_bytes_do_no_harm(
            place in 0_usize..200,
            bytes in proptest::collection::vec(any::<u8>(), 1..40),
        ) {
            let mut tree = dtc_once().to_vec();
            let place = place % tree.len();
            let end = (place + bytes.len()).min(tree.len());
            tree[place..end].copy_from_slice(&bytes[..end - place]);
            let whole = Place { offset: 0, length: tree.len() as u64 };
            // Refused or changed: that it comes back is what counts.
            let _ = changed(&tree, whole, "quiet");
        }
    }

    /// The tree of the tests, compiled once.
    fn dtc_once() -> &'static [u8] {
        static TREE_BYTES: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        TREE_BYTES.get_or_init(|| dtc("dts", "dtb", TREE.as_bytes()))
    }
}
