//! What a run without programs and tests takes away: only what nothing in a running system reads.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use support::{Workshop, output, paths, program, snapshot};

/// Compiles a text into the root, with debugging information.
fn compile(root: &Path, to: &str, text: &str, options: &[&str]) {
    let full = root.join(to);
    fs::create_dir_all(full.parent().expect("it has one")).expect("a directory");
    let source = root.with_extension("c");
    fs::write(&source, text).expect("a source");
    let [full, source] = [full, source].map(|path| path.to_str().expect("text").to_owned());
    output("cc", &[&["-g", "-o", &full], options, &[&source]].concat());
}

fn put(root: &Path, files: &[&str]) {
    for path in files {
        fs::create_dir_all(root.join(path).parent().expect("it has one")).expect("a directory");
        fs::write(root.join(path), path).expect("a file");
    }
}

/// Which of some files a default run keeps.
fn kept<'a>(workshop: &Workshop, files: &[&'a str]) -> Vec<&'a str> {
    workshop.shrink(&["make", "root", "-o", "small"]).fine();
    let kept = paths(&workshop.path("small"));
    files.iter().copied().filter(|path| kept.lines().any(|kept| kept == *path)).collect()
}

const LIBRARY: &[&str] = &["-shared", "-fPIC", "-nostdlib"];
const PLAIN: &str = "int number(void) { return 1; }";

#[test]
fn what_another_loader_reads_is_left_byte_for_byte() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    let firmware = r#"
        char table[4] __attribute__((section(".resource_table"))) = "abc";
        void _start(void) {}
    "#;
    let bare = ["-nostdlib", "-static", "-no-pie"];
    compile(&root, "lib/firmware/driver.elf", firmware, &bare);
    compile(&root, "opt/firmware/driver.elf", firmware, &bare);
    compile(&root, "opt/firmware/plain.elf", "void _start(void) {}", &bare);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(root.join("opt/firmware/plain.elf"), mode).expect("it is ours");
    compile(&root, "opt/object.o", PLAIN, &["-c"]);
    let section = r#"int number(void) { return 1; }
        const int data __attribute__((section(".qtmetadata"))) = 5;"#;
    compile(&root, "usr/lib/plugin.so", section, LIBRARY);
    compile(&root, "usr/lib/summed.so", PLAIN, LIBRARY);
    put(&root, &["usr/lib/.summed.so.hmac"]);
    compile(&root, "usr/lib/debug/library.so", "int debugged;", LIBRARY);
    // The number of the machine (`e_machine`) is that of BPF.
    compile(&root, "usr/lib/foreign.so", PLAIN, LIBRARY);
    let mut foreign = fs::read(root.join("usr/lib/foreign.so")).expect("a library");
    foreign[18..20].copy_from_slice(&247_u16.to_le_bytes());
    fs::write(root.join("usr/lib/foreign.so"), foreign).expect("a library");
    compile(&root, "usr/lib/library.so", "int other(void) { return 2; }", LIBRARY);
    // The same content: it shares the file of the one that has a checksum.
    compile(&root, "usr/lib/also-summed.so", PLAIN, LIBRARY);
    let before = snapshot(&root);

    workshop.shrink(&["make", "root", "-o", "small"]).fine();

    let small = snapshot(&workshop.path("small"));
    let elves =
        ["firmware/", ".o", "plugin.so", "-summed.so", "/summed.so", "debug/", "foreign.so"];
    let elves = before
        .iter()
        .filter(|(path, _)| elves.iter().any(|part| path.to_str().expect("text").contains(part)));
    assert!(elves.clone().count() >= 9);
    for (path, entry) in elves {
        assert_eq!(small[path].content, entry.content, "{}", path.display());
    }
    let library = Path::new("usr/lib/library.so");
    assert_ne!(small[library].content, before[library].content, "what is known is stripped");
}

#[test]
fn files_that_programs_read_stay_and_what_only_compilers_and_people_read_goes() {
    let read = [
        "usr/lib/x86_64-linux-gnu/ImageMagick-6/modules/coders/png.la",
        "usr/lib/ghc/lib/base.a",
        "usr/lib/postgresql/data.o",
        "usr/lib/debug/.build-id/00.debug",
        "usr/share/locale/en/LC_MESSAGES/ids.mo",
        "usr/share/locale/de/LC_SCRIPTS/script.js",
        "var/backups/shop.sql",
        "var/backups/dpkg.status.0",
        "var/lib/apt/lists/mirror_Packages",
        "var/log/dpkg.log",
        "var/cache/debconf/config.dat",
        "etc/passwd-",
    ];
    let unread = [
        "usr/include/stdio.h",
        "usr/lib/x86_64-linux-gnu/libc.a",
        "usr/lib/pkgconfig/zlib.pc",
        "usr/share/locale/de/LC_MESSAGES/ls.mo",
        "usr/share/doc/ls/README",
        "var/cache/apt/pkgcache.bin",
    ];
    let workshop = Workshop::new();
    let root = workshop.root("root");
    put(&root, &read);
    put(&root, &unread);

    assert_eq!(kept(&workshop, &[&read[..], &unread[..]].concat()), read);
    assert!(workshop.path("small/var/cache/apt").is_dir(), "apt does not make its directories");
}

#[test]
fn what_has_its_reader_in_the_root_stays() {
    let files = [
        "usr/share/man/man1/ls.1",
        "usr/include/stdio.h",
        "usr/share/locale/de/LC_MESSAGES/ls.mo",
        "usr/lib/locale/de_DE.utf8/LC_CTYPE",
    ];
    let workshop = Workshop::new();
    let root = workshop.root("root");
    put(&root, &files);
    fs::create_dir_all(root.join("usr/bin")).expect("a directory");
    for reader in ["usr/bin/man", "usr/bin/x86_64-linux-gnu-gcc-12"] {
        program(&root.join(reader), "#!/bin/sh\n");
    }

    assert_eq!(kept(&workshop, &files), files);
    let offered = workshop.shrink(&["report", "root"]).fine();
    for policy in ["documentation", "development", "locales"] {
        let line = offered.lines().find(|line| line.contains(policy)).expect(policy);
        assert!(line.contains('*'), "{line}");
    }
}

#[test]
fn what_a_kept_link_leads_to_stays() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    put(&root, &["usr/share/doc/shop/template", "usr/share/doc/shop/README"]);
    symlink("../usr/share/doc/shop/template", root.join("opt/template")).expect("a link");

    let files = ["usr/share/doc/shop/template", "usr/share/doc/shop/README"];
    assert_eq!(kept(&workshop, &files), files[..1]);
}

#[test]
fn settings_and_pages_that_are_the_same_today_are_not_made_one() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    fs::create_dir_all(root.join("usr/share")).expect("a directory");
    for directory in ["etc", "usr/share"] {
        for name in ["one", "two"] {
            fs::write(root.join(directory).join(name), vec![b'x'; 9000]).expect("a file");
        }
    }

    workshop.shrink(&["make", "root", "-o", "small"]).fine();

    let small = snapshot(&workshop.path("small"));
    assert_eq!(small[Path::new("etc/two")].first_name, Path::new("etc/two"));
    assert_eq!(small[Path::new("usr/share/two")].first_name, Path::new("usr/share/one"));
}
