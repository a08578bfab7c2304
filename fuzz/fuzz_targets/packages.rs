//! The records of dpkg and apk in a root, parted by zero bytes.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use shrink::rootfs::Root;

const RECORDS: [&str; 4] = [
    "var/lib/dpkg/status",
    "var/lib/dpkg/info/one.list",
    "var/lib/dpkg/info/two.list",
    "lib/apk/db/installed",
];

fuzz_target!(|content: &[u8]| {
    let scratch = tempfile::tempdir().expect("a directory");
    let directory = scratch.path().join("root");
    fs::create_dir_all(directory.join("var/lib/dpkg/info")).expect("a directory");
    fs::create_dir_all(directory.join("lib/apk/db")).expect("a directory");
    fs::create_dir_all(directory.join("bin")).expect("a directory");
    fs::write(directory.join("bin/one"), "").expect("a file");
    for (name, record) in RECORDS.iter().zip(content.split(|byte| *byte == 0)) {
        fs::write(directory.join(name), record).expect("a file");
    }
    let root = Root::open(&directory, scratch.path()).expect("a directory");
    shrink::fuzzing::packages(&root);
});
