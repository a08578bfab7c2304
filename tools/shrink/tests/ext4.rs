//! ext2, ext3 and ext4 images: read exactly, without mounting, and never believed too much.

mod support;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use expect_test::expect;
use proptest::prelude::*;
use rustix::fs::XattrFlags;
use shrink::rootfs::Root;
use support::{Workshop, odd_root, output, snapshot};

/// Nothing is done to anything.
const AS_IT_IS: &[&str] = &["--strip", "none", "--no-share", "--leave", "documentation"];

/// Makes an image of a directory, of as many megabytes as are asked for.
fn image(workshop: &Workshop, options: &str, size: &str) {
    let _ = fs::remove_file(workshop.path("root.img"));
    let text = |name| workshop.path(name).to_str().expect("text").to_owned();
    let (root, image) = (text("root"), text("root.img"));
    let words: Vec<_> = options.split(' ').collect();
    let tail = ["-q", "-F", "-d", &root, &image, size];
    output("mke2fs", &[&["-t"], words.as_slice(), &tail].concat());
}

/// Changes an image as a debugger of file systems does.
fn debugfs(workshop: &Workshop, orders: &[&str]) {
    let mut child = Command::new("debugfs")
        .args(["-w", "-f", "-", "root.img"])
        .current_dir(workshop.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("debugfs");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    stdin.write_all((orders.join("\n") + "\n").as_bytes()).expect("it reads");
    drop(stdin);
    assert!(child.wait().expect("debugfs").success());
}

/// A root with what images hold in a way of their own.
fn odd_image_root(workshop: &Workshop) {
    let root = odd_root(workshop);
    // Links and files on both sides of what an inode holds itself.
    for length in [59, 60, 61, 100, 160] {
        symlink("z".repeat(length), root.join(format!("opt/link-{length}"))).expect("a link");
        fs::write(root.join(format!("opt/file-{length}")), "z".repeat(length)).expect("a file");
    }
    fs::write(root.join("opt/empty"), "").expect("a file");
    fs::create_dir(root.join("opt/few")).expect("a directory");
    for number in 0..12 {
        fs::write(root.join(format!("opt/few/{number}")), "few\n").expect("a file");
    }
    // A directory that gets a tree of hashes.
    fs::create_dir(root.join("opt/many")).expect("a directory");
    for number in 0..700 {
        let name = format!("opt/many/{number}-{}", "name".repeat(30));
        fs::write(root.join(name), "many\n").expect("a file");
    }
    // Holes, and so much of them that blocks of 1 kB need three levels of numbers.
    let mut holes = File::create(root.join("opt/holes")).expect("a file");
    for (place, text) in [(0, "first"), (70 << 10, "second"), (70 << 20, "last")] {
        holes.seek(SeekFrom::Start(place)).expect("a place");
        holes.write_all(text.as_bytes()).expect("it is written");
    }
    // Owner rw, user 1000 rw, group r, mask rw, others nothing (linux/posix_acl_xattr.h).
    let entries = [(1, 6, u32::MAX), (2, 6, 1000), (4, 4, u32::MAX), (16, 6, u32::MAX)];
    let mut acl = vec![2, 0, 0, 0];
    for (tag, permissions, id) in entries.into_iter().chain([(32, 0, u32::MAX)]) {
        acl.extend([tag, 0, permissions, 0]);
        acl.extend(u32::to_le_bytes(id));
    }
    let listed = root.join("opt/empty");
    let _ = rustix::fs::setxattr(&listed, "system.posix_acl_access", &acl, XattrFlags::empty());
    let long = root.join("opt/few/1");
    let _ = rustix::fs::setxattr(&long, "user.long", &[b'a'; 900], XattrFlags::empty());
}

#[test]
fn everything_in_an_image_is_as_it_was_in_the_directory() {
    let workshop = Workshop::new();
    odd_image_root(&workshop);
    let before = snapshot(&workshop.path("root"));
    for options in [
        "ext4",
        "ext4 -O inline_data",
        "ext4 -I 1024 -O inline_data,large_dir,mmp",
        "ext4 -I 128 -O ^metadata_csum,^64bit",
        "ext4 -O ^extent,^64bit",
        "ext3 -b 1024",
        "ext2 -b 2048 -O ^dir_index,^filetype",
    ] {
        image(&workshop, options, "64M");
        // Gives large directories their trees of hashes; its exit code says that it did.
        let tree = Command::new("e2fsck")
            .args(["-fyD", "root.img"])
            .current_dir(workshop.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(tree.expect("e2fsck").code().is_some_and(|code| code < 2));

        workshop.shrink(&[&["make", "root.img", "-o", "out"], AS_IT_IS].concat()).fine();

        let mut after = snapshot(&workshop.path("out"));
        after.remove(Path::new("lost+found")).expect("mke2fs makes it");
        for (path, entry) in &before {
            let mut expected = entry.clone();
            // This is how mke2fs fills an image.
            expected.modified.1 = 0;
            assert_eq!(after.remove(path), Some(expected), "{}, {options}", path.display());
        }
        assert!(after.is_empty(), "{options}: {:?}", after.keys());
        let holes = fs::metadata(workshop.path("out/opt/holes")).expect("it is there");
        assert!(holes.blocks() * 512 < 8 << 20, "{options}: {}", holes.blocks());
        fs::remove_dir_all(workshop.path("out")).expect("it is ours");
        fs::remove_file(workshop.path("out.shrink.json")).expect("it is ours");
    }
}

#[test]
fn times_have_nanoseconds_and_go_on_after_2038() {
    let workshop = Workshop::new();
    workshop.root("root");
    image(&workshop, "ext4", "16M");
    // The lower two bits lengthen the seconds, the others are the nanoseconds.
    let later =
        format!("set_inode_field /opt/unused mtime_extra {:#x}", (123_456_789_u32 << 2) | 1);
    debugfs(&workshop, &["set_inode_field /opt/unused mtime 0x10", &later]);

    workshop.shrink(&[&["make", "root.img", "-o", "out"], AS_IT_IS].concat()).fine();

    let unused = fs::metadata(workshop.path("out/opt/unused")).expect("it is there");
    assert_eq!((unused.mtime(), unused.mtime_nsec()), ((1 << 32) + 16, 123_456_789));
}

#[test]
fn an_image_that_was_not_unmounted_is_read_as_its_journal_says() {
    let workshop = Workshop::new();
    workshop.root("root");
    image(&workshop, "ext4 -b 1024", "16M");
    debugfs(&workshop, &["blocks /opt/unused", "dump /opt/unused before"]);
    let place = output(
        "debugfs",
        &["-R", "blocks /opt/unused", workshop.path("root.img").to_str().expect("text")],
    );
    let mut block = b"from the journal\n".to_vec();
    block.resize(1024, 0);
    fs::write(workshop.path("block"), block).expect("a file");
    let write = format!("journal_write -b {} block", place.trim());
    debugfs(&workshop, &["journal_open", &write, "journal_close"]);

    workshop.shrink(&[&["make", "root.img", "-o", "out"], AS_IT_IS].concat()).fine();

    let unused = fs::read_to_string(workshop.path("out/opt/unused")).expect("it is there");
    assert_eq!(unused, "from the journal\n\0");
}

#[test]
fn what_is_no_bare_image_is_refused_with_a_way_out() {
    let workshop = Workshop::new();
    workshop.root("root");
    image(&workshop, "ext4 -O encrypt", "16M");
    let say = |name: &str| workshop.shrink(&["report", name]).stderr;
    expect![[r#"
        shrink: cannot open `root.img` as a root filesystem
          because: it is damaged, or has a feature that shrink does not know
          because: unsupported incompatible feature(s) encrypt: the reader cannot be certain it interprets the on-disk format correctly
          hint: let `e2fsck -f` look at a copy of it, or mount it read-only and give the directory
    "#]].assert_eq(&say("root.img"));

    image(&workshop, "ext4", "16M");
    output("gzip", &[workshop.path("root.img").to_str().expect("text")]);
    expect![[r#"
        shrink: cannot open `root.img.gz` as a root filesystem: it is a compressed image
          hint: an image is read here and there, so decompress it first, with gunzip, unxz or unzstd
    "#]]
    .assert_eq(&say("root.img.gz"));

    // A disk with one Linux partition that begins at sector 2048.
    let mut sector = vec![0; 1 << 20];
    sector[446..462].copy_from_slice(&[0, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 128, 0, 0]);
    sector[510..512].copy_from_slice(b"\x55\xaa");
    fs::write(workshop.path("disk.img"), sector).expect("a file");
    expect![[r#"
        shrink: cannot open `disk.img` as a root filesystem: it is a whole disk, with partitions
          hint: copy the partition with the root out of it: `fdisk -l` shows where each begins and ends, `dd skip= count=` copies
    "#]].assert_eq(&say("disk.img"));
}

#[test]
fn a_directory_in_itself_is_refused() {
    let workshop = Workshop::new();
    fs::create_dir_all(workshop.root("root").join("opt/a/b")).expect("a directory");
    image(&workshop, "ext4", "16M");
    debugfs(&workshop, &["link /opt/a /opt/a/b/again"]);

    let run = workshop.shrink(&["make", "root.img", "-o", "out"]);

    assert_eq!(run.code, Some(2), "{}", run.stdout);
    expect![[r#"
        shrink: cannot open `root.img` as a root filesystem
          because: the directory `opt/a/b/again` has two places
    "#]]
    .assert_eq(&run.stderr);
    assert!(!workshop.path("out").exists());
}

#[test]
fn a_hole_that_is_larger_than_any_root_is_refused_at_once() {
    let workshop = Workshop::new();
    workshop.root("root");
    image(&workshop, "ext4", "16M");
    debugfs(&workshop, &["set_inode_field /opt/unused size 0x7fffffff000"]);

    let run = workshop.shrink(&["make", "root.img", "-o", "out"]);

    assert_eq!(run.code, Some(2), "{}", run.stdout);
    expect![[r#"
        shrink: cannot open `root.img` as a root filesystem
          because: cannot unpack `opt/unused`
          because: more than 64 GiB are in it
    "#]]
    .assert_eq(&run.stderr);
}

#[test]
fn a_name_that_leads_out_is_refused() {
    let workshop = Workshop::new();
    fs::write(workshop.root("root").join("opt/xxxoutside"), "").expect("a file");
    image(&workshop, "ext4 -O ^metadata_csum", "16M");
    let path = workshop.path("root.img");
    let mut content = fs::read(&path).expect("an image");
    let name = b"xxxoutside";
    let place = content.windows(name.len()).position(|part| part == name).expect("it is there");
    content[place..place + name.len()].copy_from_slice(b"../outside");
    fs::write(&path, content).expect("a file");

    let run = workshop.shrink(&["make", "root.img", "-o", "out"]);

    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(!workshop.path("outside").exists());
}

/// Small images of every kind, for spoiling.
fn images() -> &'static [Vec<u8>] {
    static IMAGES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    IMAGES.get_or_init(|| {
        let workshop = Workshop::new();
        let root = workshop.path("root");
        fs::create_dir_all(root.join("bin/deep/deeper")).expect("a directory");
        for length in [0, 10, 100, 5000, 40_000] {
            fs::write(root.join(format!("bin/{length}")), vec![b'x'; length]).expect("a file");
        }
        fs::hard_link(root.join("bin/10"), root.join("bin/deep/10")).expect("a link");
        symlink("bin", root.join("lib")).expect("a link");
        symlink("y".repeat(70), root.join("long")).expect("a link");
        fs::write(root.join(OsStr::from_bytes(b"\xff")), "").expect("a file");
        let kinds = [
            "ext4 -O ^has_journal -N 32",
            "ext4 -O ^has_journal,^metadata_csum -N 32",
            "ext4 -O ^has_journal,^metadata_csum,inline_data -N 32",
            "ext2 -b 1024 -N 32",
        ];
        let content = kinds.iter().map(|options| {
            image(&workshop, options, "512K");
            fs::read(workshop.path("root.img")).expect("an image")
        });
        content.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if testkit::is_full() { 20_000 } else { 300 }))]

    #[test]
    fn a_spoiled_image_is_read_or_refused(
        kind in 0_usize..4,
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        in_tables in any::<bool>(),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut content = images()[kind].clone();
        let reach = if in_tables { 48 << 10 } else { content.len() };
        for (place, byte) in &spoils {
            content[place.index(reach)] = *byte;
        }
        if let Some(cut) = cut {
            content.truncate(cut.index(content.len()));
        }
        let workshop = Workshop::new();
        fs::write(workshop.path("spoiled.img"), content).expect("a file");

        if let Ok(root) = Root::open(&workshop.path("spoiled.img"), &workshop.path("")) {
            for (path, _) in root.inventory.iter() {
                prop_assert!(!path.is_absolute() && !path.starts_with(".."));
            }
        }
    }
}
