//! Input that is wrong, or means harm: it is refused with a reason, and nothing outside is touched.

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use expect_test::expect;
use proptest::prelude::*;
use shrink::rootfs::Root;
use support::Workshop;
use tar::{Builder, EntryType, Header};

/// What it is, its name, where it leads.
type Member<'a> = (EntryType, &'a [u8], &'a [u8]);

/// An archive with entries whose names and links are not checked.
fn archive(path: &Path, entries: &[Member]) {
    let mut tape = Builder::new(File::create(path).expect("a file"));
    for (kind, name, link) in entries {
        let mut header = Header::new_ustar();
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(0);
        let ustar = header.as_ustar_mut().expect("it is made so");
        ustar.name[..name.len()].copy_from_slice(name);
        ustar.linkname[..link.len()].copy_from_slice(link);
        header.set_cksum();
        tape.append(&header, &b""[..]).expect("it is written");
    }
    tape.finish().expect("it is written");
}

#[test]
fn an_archive_writes_nowhere_but_into_its_root() {
    let workshop = Workshop::new();
    let outside = workshop.path("outside");
    fs::create_dir(&outside).expect("a directory");
    let outside_name = outside.to_str().expect("text").as_bytes().to_vec();
    let evil = workshop.path("evil.tar");
    let refused: [(&[Member], &str); 3] = [
        (&[(EntryType::Regular, b"../outside/file", b"")], "leads out of the archive"),
        (&[(EntryType::Link, b"file", b"../outside/file")], "leads out of the archive"),
        (&[(EntryType::Link, b"file", b"etc/shadow")], "which is no file"),
    ];
    for (entries, why) in refused {
        archive(&evil, entries);
        let run = workshop.shrink(&["make", "evil.tar", "-o", "small"]);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains(why), "{}", run.stderr);
    }

    // A link out of the root is no harm: it leads to a place in the root.
    archive(
        &evil,
        &[
            (EntryType::Symlink, b"out", &outside_name),
            (EntryType::Regular, b"out/file", b""),
            (EntryType::Symlink, b"up", b"../../../.."),
            (EntryType::Regular, b"up/file", b""),
        ],
    );
    let run = workshop.shrink(&["make", "evil.tar", "-o", "small"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(fs::read_dir(&outside).expect("a directory").count(), 0);
    assert!(workshop.path("small/file").is_file());
}

#[test]
fn what_is_no_root_is_named() {
    let workshop = Workshop::new();
    fs::write(workshop.path("text"), "hello").expect("a file");
    fs::write(workshop.path("damaged.tar.gz"), b"\x1f\x8b\x08\0damaged").expect("a file");
    let say = |words: &[&str]| workshop.shrink(words).stderr;

    expect![[r#"
        shrink: cannot open `text` as a root filesystem: it is in none of the forms that shrink knows
          hint: give a directory, a tar archive (plain, gzip, xz or zstd), an image layout, a squashfs or an ext4 image
    "#]]
    .assert_eq(&say(&["report", "text"]));
    expect![[r#"
        shrink: cannot open `nowhere` as a root filesystem
          because: no such file or directory
          hint: give a directory, a tar archive, an image layout or an image
    "#]]
    .assert_eq(&say(&["report", "nowhere"]));
    assert!(say(&["report", "damaged.tar.gz"]).contains("because: "));
    expect![[r#"
        shrink: cannot keep `nginx`: the root has no such program
          hint: give its path in the root, such as /usr/sbin/nginx
    "#]]
    .assert_eq(&{
        workshop.root("root");
        say(&["make", "root", "-o", "small", "--keep", "nginx"])
    });
}

#[test]
fn a_cut_archive_is_refused_and_leaves_nothing() {
    let workshop = Workshop::new();
    workshop.root("root");
    workshop.shrink(&["make", "root", "-o", "whole.tar"]).fine();
    let whole = fs::read(workshop.path("whole.tar")).expect("an archive");
    fs::write(workshop.path("cut.tar"), &whole[..whole.len() / 2]).expect("a file");

    let run = workshop.shrink(&["make", "cut.tar", "-o", "small"]);

    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(!workshop.path("small").exists());
}

#[test]
fn damaged_binaries_are_left_alone_and_named() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    let whole = fs::read("/bin/ls").expect("a program");
    support::program(&root.join("opt/cut"), "");
    support::program(&root.join("opt/payload"), "");
    fs::write(root.join("opt/cut"), &whole[..whole.len() / 2]).expect("a file");
    let mut payload = whole.clone();
    payload.extend_from_slice(b"PK and an archive");
    fs::write(root.join("opt/payload"), &payload).expect("a file");

    let said = workshop.shrink(&["make", "root", "-o", "small", "-v"]).fine();

    assert!(said.contains("not stripped opt/cut: truncated"), "{said}");
    assert!(said.contains("not stripped opt/payload: 17 bytes of payload follow"), "{said}");
    assert_eq!(fs::read(workshop.path("small/opt/payload")).expect("a file"), payload);
}

#[test]
fn a_full_disk_is_said_and_leaves_no_half_result() {
    if !testkit::can(testkit::is_root(), "only root can mount a small file system") {
        return;
    }
    let workshop = Workshop::new();
    workshop.root("root");
    fs::create_dir(workshop.path("disk")).expect("a directory");
    let script = format!(
        "mount -t tmpfs -o size=1M none disk && cd disk && {} make ../root -o small; echo $?; ls -A",
        env!("CARGO_BIN_EXE_shrink")
    );
    let mut command = std::process::Command::new("unshare");
    command.args(["-m", "sh", "-c", &script]).current_dir(workshop.path(""));

    let run = support::run(command);

    assert_eq!(run.stdout, "2\n", "{}", run.stderr);
    assert!(run.stderr.contains("no space left on device"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_read_is_not_left_out_in_silence() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    fs::create_dir(root.join("secret")).expect("a directory");
    let place = workshop.path("");
    support::output("chmod", &["-R", "a+rwX", place.to_str().expect("text")]);
    support::output("chmod", &["0", root.join("secret").to_str().expect("text")]);
    if !testkit::can(testkit::is_root(), "root is needed to become somebody who may not read") {
        return;
    }
    let shrink = workshop.path("shrink");
    fs::copy(env!("CARGO_BIN_EXE_shrink"), &shrink).expect("a copy");
    let run_as_nobody = |words: &[&str]| {
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&shrink);
        command.args(words).current_dir(&place);
        support::run(command)
    };

    let refused = run_as_nobody(&["make", "root", "-o", "small"]);
    let asked = run_as_nobody(&["make", "root", "-o", "small.tar", "--skip-unreadable"]);

    expect![[r#"
        shrink: cannot list `root/secret`: Permission denied (os error 13)
          hint: run as root, or leave such files out with --skip-unreadable
    "#]]
    .assert_eq(&refused.stderr);
    assert_eq!(asked.code, Some(0), "{}", asked.stderr);
}

/// Of what indexes and manifests of images are made.
const PARTS: &[&str] = &[
    r#"{"manifests":[{"digest":"sha256:0"}]}"#,
    r#"{"layers":[{"digest":"sha256:0"}]}"#,
    r#"{"manifests":[{"digest":"sha256:../../0"}],"layers":["#,
    r#""digest":"sha256:0","platform":{"architecture":"amd64"}"#,
    r#"{"manifests":["#,
    "]}",
    "{",
    "}",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if testkit::is_full() { 3_000 } else { 60 }))]

    #[test]
    fn a_spoiled_layout_is_read_or_refused(
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        parts in prop::collection::vec(0..PARTS.len(), 1..9),
    ) {
        let mut index = parts.iter().map(|part| PARTS[*part]).collect::<String>().into_bytes();
        for (place, byte) in &spoils {
            let place = place.index(index.len());
            index[place] = *byte;
        }
        let workshop = Workshop::new();
        let layout = workshop.path("layout");
        fs::create_dir_all(layout.join("blobs/sha256")).expect("a directory");
        fs::write(layout.join("oci-layout"), "{}").expect("a file");
        for document in ["index.json", "blobs/sha256/0"] {
            fs::write(layout.join(document), &index).expect("a file");
        }

        if let Ok(root) = Root::open(&layout, &workshop.path("")) {
            prop_assert!(root.inventory.iter().all(|(path, _)| path.is_relative()));
        }
    }

    #[test]
    fn a_spoiled_archive_is_read_or_refused(
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let workshop = Workshop::new();
        let tape = workshop.path("spoiled.tar");
        archive(
            &tape,
            &[
                (EntryType::Directory, b"bin/", b""),
                (EntryType::Regular, b"bin/file", b""),
                (EntryType::Link, b"bin/other", b"bin/file"),
                (EntryType::Symlink, b"lib", b"bin"),
                (EntryType::Regular, b"lib/file", b""),
                (EntryType::Fifo, b"pipe", b""),
            ],
        );
        let mut content = fs::read(&tape).expect("an archive");
        for (place, byte) in &spoils {
            let place = place.index(content.len());
            content[place] = *byte;
        }
        if let Some(cut) = cut {
            content.truncate(cut.index(content.len()));
        }
        File::create(&tape).expect("a file").write_all(&content).expect("it is written");

        let run = workshop.shrink(&["make", "spoiled.tar", "-o", "small.tar"]);

        prop_assert!(matches!(run.code, Some(0 | 2)), "{:?}", run);
        prop_assert!(!run.stderr.contains("panicked"), "{:?}", run);
    }
}
