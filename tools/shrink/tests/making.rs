//! `shrink make`: a root goes in, a smaller one comes out, and both are told apart.

mod support;

use std::fs;
use std::path::Path;

use expect_test::expect;
use support::{Workshop, output, paths, snapshot};

#[test]
fn without_programs_only_what_is_known_by_name_goes() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    let before = snapshot(&root);

    workshop.shrink(&["make", "root", "-o", "small"]).fine();

    assert_eq!(snapshot(&root), before, "the input is never changed");
    let small = snapshot(&workshop.path("small"));
    let gone: Vec<_> = before.keys().filter(|path| !small.contains_key(*path)).collect();
    let expected = [
        "usr/share/doc/greet",
        "usr/share/doc/greet/README",
        "usr/share/man/man1",
        "usr/share/man/man1/greet.1",
    ];
    let expected = expected.map(Path::new);
    assert_eq!(gone, expected);
}

#[test]
fn with_a_test_only_what_it_uses_stays_and_it_comes_to_the_same() {
    let workshop = Workshop::new();
    workshop.root("root");

    let said = workshop.shrink(&["make", "root", "-o", "small", "-t", "/opt/greet"]).fine();

    assert!(
        said.contains("test 1: the same in the small root (exit code 0): /opt/greet"),
        "{said}"
    );
    let kept = paths(&workshop.path("small"));
    for path in ["bin/busybox", "bin/sh", "opt/greet", "opt/greeting"] {
        assert!(kept.lines().any(|kept| kept == path), "{kept}");
    }
    for path in ["opt/unused", "bin/wc", "usr/share/doc/greet/README"] {
        assert!(!kept.contains(path), "{kept}");
    }
}

#[test]
fn with_a_program_what_it_needs_stays_although_nothing_ran() {
    let workshop = Workshop::new();
    workshop.root("root");

    let said = workshop.shrink(&["make", "root", "-o", "small", "--keep", "/opt/greet"]).fine();

    assert!(said.contains("nothing was run: what stays was found by reading alone"), "{said}");
    let kept = paths(&workshop.path("small"));
    for path in ["bin/cat", "bin/sh", "opt/greet", "opt/greeting"] {
        assert!(kept.lines().any(|kept| kept == path), "{path} in {kept}");
    }
    assert!(!kept.contains("opt/unused") && !kept.contains("bin/wc"), "{kept}");
}

#[test]
fn why_tells_the_chain_of_reasons() {
    let workshop = Workshop::new();
    workshop.root("root");
    workshop.shrink(&["make", "root", "-o", "small", "--keep", "/opt/greet"]).fine();

    let why = |path: &str| workshop.shrink(&["why", path]).fine();

    expect![[r#"
        /opt/greeting is named in /opt/greet
        /opt/greet was asked for with --keep
    "#]]
    .assert_eq(&why("small/opt/greeting"));
    expect![[r#"
        /opt/unused is gone: nothing that stays needs it
    "#]]
    .assert_eq(&why("small/opt/unused"));
    expect![[r#"
        /usr/share/man/man1/greet.1 is gone: the policy `documentation` takes it away
    "#]]
    .assert_eq(&why("small/usr/share/man/man1/greet.1"));
    let unknown = workshop.shrink(&["why", "small/nowhere"]);
    assert_eq!(unknown.code, Some(2));
    assert_eq!(unknown.stderr, "shrink: `/nowhere` was never in this root\n");
}

#[test]
fn policies_are_switched_on_and_off_by_name() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    fs::create_dir_all(root.join("var/lib/dpkg")).expect("a directory");
    fs::write(root.join("var/lib/dpkg/status"), "").expect("a file");

    let words = ["--leave", "documentation", "--remove", "package-data"];
    workshop.shrink(&[&["make", "root", "-o", "small"], &words[..]].concat()).fine();

    let kept = paths(&workshop.path("small"));
    assert!(kept.contains("usr/share/doc/greet/README") && !kept.contains("dpkg"), "{kept}");
    let wrong = workshop.shrink(&["make", "root", "-o", "other", "--remove", "docs"]);
    assert_eq!(wrong.code, Some(2));
    expect![[r#"
        shrink: there is no policy `docs`
          hint: the policies are backups, caches, debugging, development, documentation, libtool, licences, locales, logs, package-data, package-lists
    "#]]
    .assert_eq(&wrong.stderr);
}

#[test]
fn a_policy_file_names_programs_tests_and_what_must_stay() {
    let workshop = Workshop::new();
    workshop.root("root");
    let policy = r#"
        keep-paths = ["opt/unused"]
        [policy.messages]
        says = "what is shown at log-in"
        default = true
        paths = ["etc/motd"]
        [[test]]
        run = "cat; echo $GREETING"
        input = "from standard input\n"
        environment = { GREETING = "good day" }
    "#;
    fs::write(workshop.path("policy.toml"), policy).expect("a file");

    let said = workshop.shrink(&["make", "root", "-o", "small", "--policy", "policy.toml"]).fine();

    assert!(said.contains("test 1: the same"), "{said}");
    let kept = paths(&workshop.path("small"));
    assert!(kept.contains("opt/unused") && !kept.contains("etc/motd"), "{kept}");
    let ledger = workshop.ledger("small");
    let shown = &ledger["proofs"][0]["expected"]["standard output"]["shown"];
    assert_eq!(shown, "from standard input\ngood day");
}

#[test]
fn the_ending_of_the_name_tells_the_form_and_every_form_holds_the_same() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    fs::hard_link(root.join("opt/greeting"), root.join("opt/greeting-too")).expect("a link");
    for form in ["small", "small.tar", "small.tar.gz", "small.squashfs", "small.cpio"] {
        workshop.shrink(&["make", "root", "-o", form]).fine();
    }

    for form in ["small.tar", "small.tar.gz", "small.squashfs"] {
        let diff = workshop.shrink(&["diff", "small", form]);
        let found = diff.stdout.lines().filter(|line| line.starts_with(['-', '+', '~']));
        // A squashfs image keeps whole seconds.
        let found: Vec<_> =
            found.filter(|line| form != "small.squashfs" || !line.ends_with(": time")).collect();
        assert!(found.is_empty(), "{form}: {found:#?}");
    }
    // tar and cpio have the last word on what an archive holds.
    for (form, unpack) in [
        ("small.tar", "tar -xf ../small.tar"),
        ("small.cpio", "cpio --quiet -idm --no-absolute-filenames < ../small.cpio"),
    ] {
        let directory = workshop.path(format!("unpacked-{form}"));
        fs::create_dir(&directory).expect("a directory");
        let command = format!("cd {} && {unpack}", directory.display());
        output("sh", &["-c", &command]);
        let (mut small, mut unpacked) = (snapshot(&workshop.path("small")), snapshot(&directory));
        for entry in small.values_mut().chain(unpacked.values_mut()) {
            if form == "small.cpio" {
                entry.modified = (0, 0);
            }
        }
        assert_eq!(unpacked, small, "{form}");
    }
}

#[test]
fn a_second_run_finds_nothing_more() {
    let workshop = Workshop::new();
    workshop.root("root");
    workshop.shrink(&["make", "root", "-o", "small", "-t", "/opt/greet"]).fine();

    workshop.shrink(&["make", "small", "-o", "smaller", "-t", "/opt/greet"]).fine();

    assert_eq!(snapshot(&workshop.path("smaller")), snapshot(&workshop.path("small")));
}

#[test]
fn a_dry_run_decides_and_proves_and_leaves_nothing() {
    let workshop = Workshop::new();
    workshop.root("root");

    let said = workshop.shrink(&["make", "root", "-o", "small", "-t", "/opt/greet", "-n"]).fine();

    assert!(said.contains("test 1: the same"), "{said}");
    let names: Vec<_> = fs::read_dir(workshop.path("")).expect("a directory").collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn what_is_there_is_not_written_over() {
    let workshop = Workshop::new();
    workshop.root("root");
    fs::write(workshop.path("small.tar"), "precious").expect("a file");

    let run = workshop.shrink(&["make", "root", "-o", "small.tar"]);

    assert_eq!(run.code, Some(2));
    expect![[r#"
        shrink: `small.tar` is there already
          hint: remove it first, or give another name
    "#]]
    .assert_eq(&run.stderr);
    assert_eq!(fs::read(workshop.path("small.tar")).expect("a file"), b"precious");
}
