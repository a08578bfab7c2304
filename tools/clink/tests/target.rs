//! `--target`: what links gain in an archive or an image is reckoned, and then measured with the
//! programs that make them.

#![allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use expect_test::expect;
use support::Tree;
use support::image::Image;
use testkit::can;

/// All ways to link for an archive or image.
const WAYS: [&[&str]; 4] = [&[], &["--hard"], &["--mixed"], &["--directories"]];

/// So deep that a link to it is too long for the header of a tar archive, which its own path is not.
fn deep(top: &str) -> String {
    [top, &["d"; 4].map(|name| name.repeat(20)).join("/")].join("/")
}

/// Copies of all sizes that make a difference, near to each other and far apart; holes; a module of
/// which no symbolic link may take the place, and a directory that is there twice.
fn tree() -> Tree {
    let tree = Tree::by_itself(&[]);
    let near = ["a", "a/b", "c"].map(str::to_owned);
    let far = ["x", "y"].map(deep);
    for size in [1, 100, 512, 513, 1000, 1024, 1500, 4096, 5000, 20_000, 100_000] {
        for (name, places) in [("near", &near[..]), ("far", &far[..])] {
            let content = noise(name.len() * 1_000_000 + size, size);
            for place in places {
                tree.write(format!("{place}/{name}{size}.txt"), &content);
            }
        }
    }
    for place in ["a", "c"] {
        tree.mkdir(place);
        let file = fs::File::create(tree.path(format!("{place}/holes.txt"))).expect("a file");
        file.set_len(50_000).expect("a hole");
    }
    for place in &near {
        let path = format!("{place}/module.py");
        tree.write(&path, &noise(1, 3000)).date(&path, 1_000_000_000);
    }
    for place in ["p/same", "q/same"] {
        tree.write(format!("{place}/1.txt"), &noise(2, 700));
        tree.write(format!("{place}/deeper/2.txt"), &noise(3, 7000));
        tree.link(&format!("{place}/link.txt"), "1.txt");
    }
    tree
}

/// Bytes that no compression makes smaller and that are the same every time.
fn noise(seed: usize, length: usize) -> Vec<u8> {
    let mut state = seed as u64 + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// The links that clink makes for a target, and what it says beforehand that they gain.
fn link(tree: &Tree, target: &str, way: &[&str]) -> (u64, u64) {
    let arguments = [&["--target", target], way, &["."]].concat();
    let summary = tree.json(&[&["--dry-run"], &arguments[..]].concat())["summary"].take();
    let number = |key: &str| summary[key].as_u64().expect("a number");
    let run = tree.clink(&arguments);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    (number("links"), number("disk_before") - number("disk_after"))
}

/// Not all of them know `--version`.
fn is_installed(program: &str) -> bool {
    let starts = Command::new(program).arg("--help").output().is_ok();
    can(starts, &format!("`{program}` is not installed"))
}

/// Runs a program of an image builder.
fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program is installed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a plain text")
}

/// Where an archive or image of the tree is made.
fn image_of(tree: &Tree) -> PathBuf {
    tree.home().join("image")
}

/// The size of the archive that GNU tar makes of the tree.
fn tar(tree: &Tree) -> u64 {
    let archive = image_of(tree);
    let mut tar = Command::new("tar");
    run(tar.args(["--format=gnu", "-b1", "-C"]).arg(tree.root()).arg("-cf").arg(&archive).arg("."));
    fs::metadata(&archive).expect("an archive").len()
}

/// What the tree takes in an image of ext4, in bytes.
fn ext4(tree: &Tree, block: &str) -> u64 {
    let image = image_of(tree);
    let mut make = Command::new("mke2fs");
    make.args(["-q", "-F", "-t", "ext4", "-b", block, "-d"]).arg(tree.root());
    run(make.arg(&image).arg("16M"));
    let printed = run(Command::new("dumpe2fs").arg("-h").arg(&image));
    let number = |key: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix(key)).expect("the key");
        line.trim_start_matches(':').trim().parse::<u64>().expect("a number")
    };
    (number("Block count") - number("Free blocks")) * number("Block size")
}

/// What the tree takes in an image of EROFS, as its first block says.
fn erofs(tree: &Tree) -> u64 {
    let image = image_of(tree);
    run(Command::new("mkfs.erofs").arg(&image).arg(tree.root()));
    let image = fs::read(&image).expect("an image");
    let blocks = u32::from_le_bytes(image[1024 + 36..][..4].try_into().expect("four bytes"));
    u64::from(blocks) << image[1024 + 12]
}

/// What the tree takes in an image of squashfs, as its header says.
fn squashfs(tree: &Tree) -> u64 {
    let image = image_of(tree);
    let mut make = Command::new("gensquashfs");
    run(make.args(["--quiet", "--force", "--pack-dir"]).arg(tree.root()).arg(&image));
    let image = fs::read(&image).expect("an image");
    u64::from_le_bytes(image[40..48].try_into().expect("eight bytes"))
}

#[test]
fn what_is_reckoned_for_tar_is_gained_to_the_byte() {
    for way in WAYS {
        let tree = tree();
        let before = tar(&tree);

        let (links, reckoned) = link(&tree, "tar", way);

        assert!(links > 0);
        assert_eq!(before - tar(&tree), reckoned, "{way:?}");
    }
}

/// Paths that do not fit into the header take more; they go with their directory.
#[test]
fn a_directory_with_long_paths_gains_them_in_tar() {
    let tree = Tree::of(&[]);
    for top in ["a", "b"] {
        for length in [80, 89, 90, 91, 200] {
            tree.write(
                format!("{top}/d/{}/{}", "e".repeat(8), "f".repeat(length)),
                &noise(length, 9),
            );
            tree.link(&format!("{top}/d/{}", "g".repeat(length)), &"h".repeat(length + 10));
        }
        tree.mkdir(&format!("{top}/d/{}", "i".repeat(94))).mkdir(&format!("{top}/d/j"));
    }
    let before = tar(&tree);

    let (links, reckoned) = link(&tree, "tar", &["--directories"]);

    assert_eq!((links, tree.links().len()), (1, 6));
    assert_eq!(before - tar(&tree), reckoned);
}

#[test]
fn what_is_reckoned_for_ext4_is_gained_within_a_block_for_each_link() {
    if !is_installed("mke2fs") {
        return;
    }
    for (target, block) in [("ext4", "4096"), ("ext4-1k", "1024")] {
        for way in WAYS {
            let tree = tree();
            let before = ext4(&tree, block);

            let (links, reckoned) = link(&tree, target, way);

            let gained = before - ext4(&tree, block);
            let margin = links * block.parse::<u64>().expect("a number");
            assert!(gained.abs_diff(reckoned) <= margin, "{target} {way:?}: {gained} {reckoned}");
        }
    }
}

#[test]
fn what_is_reckoned_for_erofs_is_gained_within_a_block_for_each_link() {
    if !is_installed("mkfs.erofs") {
        return;
    }
    for way in WAYS {
        let tree = tree();
        let before = erofs(&tree);

        let (links, reckoned) = link(&tree, "erofs", way);

        let gained = before - erofs(&tree);
        assert!(links > 0);
        assert!(gained.abs_diff(reckoned) <= links * 4096, "{way:?}: {gained} {reckoned}");
    }
}

#[test]
fn squashfs_gains_nothing_by_links() {
    if !is_installed("gensquashfs") {
        return;
    }
    for way in WAYS {
        let tree = tree();
        let document = tree.json(&[way, &["--target", "squashfs", "."]].concat());
        assert_eq!(document["summary"]["links"], 0, "{way:?}");
        let before = squashfs(&tree);

        assert_eq!(tree.clink(&[way, &["."]].concat()).code, Some(0));

        let gained = before.saturating_sub(squashfs(&tree));
        let copies = document["summary"]["duplicates"].as_u64().expect("a number");
        assert!(gained < copies * 32, "{way:?}: {gained} for {copies} copies");
    }
}

/// The text of the link has 105 bytes.
#[test]
fn only_links_that_gain_something_in_the_target_are_made() {
    for (target, gains_nothing, gains) in
        [("tar", 1024, 1025), ("ext4", 4096, 4097), ("ext4-1k", 1024, 1025), ("erofs", 96, 200)]
    {
        let planned = |size: usize| {
            let content = noise(0, size);
            let tree = Tree::of(&[]);
            tree.write(deep("x") + "/f", &content).write(deep("y") + "/f", &content);
            let left = tree.left_alone(&["--target", target, "."]);
            (tree.planned(&["--target", target, "."]).len(), left)
        };
        let left = format!("./{}/f: frees_nothing", deep("y"));
        assert_eq!(planned(gains_nothing), (0, vec![left]), "{target}");
        assert_eq!(planned(gains), (1, vec![]), "{target}");
    }
}

#[test]
fn a_small_file_becomes_a_link_whose_text_fits_into_the_header_or_the_inode() {
    for (target, fits) in [("tar", 100), ("ext4", 59), ("ext4-1k", 59)] {
        let planned = |text: usize| {
            let name = "f".repeat(text - "../x/".len());
            let tree =
                Tree::of(&[(&format!("x/{name}"), "small"), (&format!("y/{name}"), "small")]);
            tree.planned(&["--target", target, "."]).len()
        };
        assert_eq!((planned(fits), planned(fits + 1)), (1, 0), "{target}");
    }
}

/// `mke2fs` ends with an error where the text of a link does not fit into a block.
#[test]
fn no_link_is_made_for_which_the_image_has_no_room() {
    let very_deep = |top: &str| [top, &["d"; 5].map(|name| name.repeat(200)).join("/")].join("/");
    let tree = Tree::of(&[]);
    let content = noise(0, 20_000);
    tree.write(very_deep("x") + "/f", &content).write(very_deep("y") + "/f", &content);

    let left = format!("./{}/f: too_far", very_deep("y"));
    assert_eq!(tree.left_alone(&["--target", "ext4-1k", "."]), [left]);
    assert_eq!(tree.planned(&["--target", "ext4", "."]).len(), 1);
}

#[test]
fn the_summary_counts_in_the_target() {
    let tree = Tree::of(&[("a/one", &"large\n\n\n".repeat(1024)), ("b/small", "small")]);
    tree.write("b/one", "large\n\n\n".repeat(1024).as_bytes());

    expect![[r#"
        3 files with 16.00 KiB (19.50 KiB in a tar archive), 1 of them copies of another one
        1 file would become a symbolic link
        8.00 KiB in a tar archive would be freed: 19.50 KiB -> 11.50 KiB; by file sizes 16.00 KiB -> 8.01 KiB

        most of it in
              8.00 KiB  ./b
    "#]]
    .assert_eq(&tree.clink(&["-n", "--target", "tar", "."]).stdout);
}

#[test]
fn what_shares_equal_files_by_itself_is_said_and_nothing_is_linked() {
    let tree = Tree::of(&[("a/one", &"large\n\n\n".repeat(1024)), ("b/small", "small")]);
    tree.write("b/one", "large\n\n\n".repeat(1024).as_bytes());

    let run = tree.clink(&["--target", "squashfs", "."]);

    expect![[r#"
        3 files with 16.00 KiB (8.00 KiB in a squashfs image), 1 of them copies of another one
        nothing linked: equal files are stored only once in a squashfs image

        copies left alone
                     1  a link would take as much room
    "#]]
    .assert_eq(&run.stdout);
    assert_eq!((run.code, tree.links().len()), (Some(0), 0));
    assert_eq!(tree.clink(&["--check", "--target", "squashfs", "."]).code, Some(0));
    assert_eq!(tree.clink(&["--check", "--target", "tar", "."]).code, Some(1));
}

#[test]
fn the_document_names_the_target() {
    let tree = Tree::of(&[("a", "same"), ("b", "same")]);

    assert!(tree.json(&["-n", "."])["target"].is_null());
    for target in ["tar", "ext4", "ext4-1k", "erofs", "squashfs"] {
        assert_eq!(tree.json(&["-n", "--target", target, "."])["target"], target);
    }
}

#[test]
fn a_second_run_for_a_target_does_nothing_and_undo_restores_all() {
    let tree = tree();
    let before = tree.state();

    for way in WAYS {
        assert!(link(&tree, "tar", way).0 > 0, "{way:?}");
        assert_eq!(link(&tree, "tar", way).0, 0, "{way:?}");
        assert_eq!(tree.undo().code, Some(0));
        assert_eq!(tree.state(), before);
    }
}

/// What shares its storage on the disk is stored twice in an archive.
#[test]
fn no_storage_is_shared_for_a_target() {
    let tree = Tree::of(&[("a", "same"), ("b", "same")]);
    let run = tree.clink(&["--reflink", "--target", "tar", "."]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);

    let Some(image) = Image::made_by(&["mkfs.btrfs", "-q"]) else { return };
    let tree = image.tree();
    for path in ["a.py", "b.py"] {
        tree.write(path, &noise(0, 9000)).date(path, 1_000_000_000);
    }
    let kind = |options: &[&str]| {
        let document = tree.json(&[&["--dry-run", "--mixed"], options, &["."]].concat());
        document["groups"][0]["kind"].as_str().expect("a kind").to_owned()
    };
    assert_eq!(kind(&[]), "reflink");
    assert_eq!(kind(&["--target", "tar"]), "hard");
}
