//! What stays is kept exactly: modes, owners, times, attributes, hard links, devices, odd names.

mod support;

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::time::SystemTime;

use support::{Workshop, odd_root, output, snapshot};
use testkit::is_root;

#[test]
fn everything_that_stays_is_as_it_was() {
    let workshop = Workshop::new();
    let root = odd_root(&workshop);
    let before = snapshot(&root);

    let words = ["--strip", "none", "--leave", "documentation"];
    workshop.shrink(&[&["make", "root", "-o", "same"], &words[..]].concat()).fine();

    let mut same = snapshot(&workshop.path("same"));
    for (path, entry) in &before {
        assert_eq!(same.get(path), Some(entry), "{}", path.display());
        same.remove(path);
    }
    assert!(same.is_empty());
}

#[test]
fn archives_and_images_carry_it_all() {
    let workshop = Workshop::new();
    let before = {
        let root = odd_root(&workshop);
        snapshot(&root)
    };
    let words = ["--strip", "none", "--leave", "documentation"];
    let mut from = "root".to_owned();
    // Each is made from the one before, so what one loses is missing at the end.
    for form in ["one.tar", "two.squashfs", "three.tar.gz", "four"] {
        workshop.shrink(&[&["make", &from, "-o", form], &words[..]].concat()).fine();
        from = form.to_owned();
    }

    let after = snapshot(&workshop.path("four"));

    for (path, entry) in &before {
        let mut expected = entry.clone();
        let mut found = after.get(path).unwrap_or_else(|| panic!("{}", path.display())).clone();
        // A squashfs image keeps whole seconds.
        (expected.modified.1, found.modified.1) = (0, 0);
        assert_eq!(found, expected, "{}", path.display());
    }
    assert_eq!(after.len(), before.len());
}

#[test]
fn what_tar_packs_is_read_as_tar_unpacks_it() {
    if !testkit::can(is_root(), "only root can unpack owners and devices") {
        return;
    }
    let workshop = Workshop::new();
    odd_root(&workshop);
    let [packed, unpacked] = ["packed.tar", "unpacked"].map(|name| workshop.path(name));
    fs::create_dir(&unpacked).expect("a directory");
    let [packed, unpacked_name] = [&packed, &unpacked].map(|path| path.to_str().expect("text"));
    for format in ["--format=gnu", "--format=posix", "--format=posix --sparse"] {
        let words: Vec<_> = format.split(' ').collect();
        let root = workshop.path("root");
        let tail = ["--xattrs", "-C", root.to_str().expect("text"), "-cf", packed, "."];
        output("tar", &[words.as_slice(), &tail].concat());

        let diff = workshop.shrink(&["diff", "root", "packed.tar"]);

        let attributes = if format.contains("gnu") { "attributes" } else { "nothing" };
        let unexpected: Vec<_> = diff
            .stdout
            .lines()
            .filter(|line| line.starts_with(['-', '+', '~']))
            // The classic header has whole seconds and no attributes.
            .filter(|line| !(format.contains("gnu") && line.ends_with(": time")))
            .filter(|line| !line.contains(attributes))
            .collect();
        assert!(unexpected.is_empty(), "{format}: {unexpected:#?}");
    }
    assert!(Path::new(unpacked_name).is_dir());
}

#[test]
fn identical_files_become_one_unless_that_is_unwanted() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    fs::copy(root.join("bin/busybox"), root.join("opt/busybox")).expect("a copy");
    let time = SystemTime::UNIX_EPOCH;
    for path in ["bin/busybox", "opt/busybox"] {
        let file = File::open(root.join(path)).expect("it is there");
        file.set_times(FileTimes::new().set_modified(time)).expect("it is ours");
    }

    workshop.shrink(&["make", "root", "-o", "shared"]).fine();
    workshop.shrink(&["make", "root", "-o", "apart", "--no-share"]).fine();

    let first_name = |result: &str| {
        let snapshot = snapshot(&workshop.path(result));
        snapshot[Path::new("opt/busybox")].first_name.display().to_string()
    };
    assert_eq!(first_name("shared"), "bin/busybox");
    assert_eq!(first_name("apart"), "opt/busybox");
}
