//! Tests in the full root and in the small one: what is proven, what is put back, what is said.

mod support;

use std::fs;

use expect_test::expect;
use support::{Workshop, paths, program};

/// The paragraph about the tests in what shrink says.
fn proofs(said: &str) -> String {
    let lines = said.lines().skip_while(|line| !line.starts_with("test 1"));
    lines.take_while(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_only_a_listing_shows_is_put_back() {
    let workshop = Workshop::new();
    workshop.root("root");

    let said = workshop.shrink(&["make", "root", "-o", "small", "-t", "echo /opt/*"]).fine();

    assert!(said.contains("test 1: the same"), "{said}");
    let kept = paths(&workshop.path("small"));
    for path in ["opt/greet", "opt/greeting", "opt/unused"] {
        assert!(kept.contains(path), "{kept}");
    }
    assert!(!kept.contains("etc/motd") && !kept.contains("README"), "{kept}");
    let why = workshop.shrink(&["why", "small/opt/unused"]).fine();
    assert_eq!(why, "/opt/unused was missed by test 1, `echo /opt/*`\n");
}

#[test]
fn output_exit_code_and_written_files_are_compared() {
    let workshop = Workshop::new();
    workshop.root("root");
    let test = "echo out; echo err >&2; echo text > /tmp/file; mkdir /tmp/new; exit 7";

    let said = workshop.shrink(&["make", "root", "-o", "small", "-t", test]).fine();

    assert!(said.contains("test 1: the same in the small root (exit code 7)"), "{said}");
    let ledger = workshop.ledger("small");
    let expected = ledger["proofs"][0]["expected"].as_object().expect("parts");
    let parts: Vec<_> = expected.keys().map(String::as_str).collect();
    let files = ["file tmp", "file tmp/file", "file tmp/new"];
    assert_eq!(parts, [&["end"], &files[..], &["standard error", "standard output"]].concat());
    assert!(!workshop.path("root/tmp/file").exists(), "the root is not written to");
}

#[test]
fn what_changes_from_run_to_run_is_named_and_not_trusted() {
    let workshop = Workshop::new();
    workshop.root("root");
    let test = "cat /proc/uptime; cat /proc/sys/kernel/random/uuid >&2";

    let said = workshop.shrink(&["make", "root", "-o", "small", "-t", test]).fine();

    expect![[r#"
        test 1: the same in the small root (exit code 0): cat /proc/uptime; cat /proc/sys/kernel/random/uuid >&2
          not compared, for it changes from run to run: standard error
          compared without its numbers, which change: standard output
    "#]]
    .assert_eq(&proofs(&said));
}

#[test]
fn a_clock_that_shows_seconds_is_noticed_however_short_the_test_is() {
    let workshop = Workshop::new();
    workshop.root("root");

    let said =
        workshop.shrink(&["make", "root", "-o", "small", "-t", "date +%T > /tmp/log"]).fine();

    expect![[r#"
        test 1: the same in the small root (exit code 0): date +%T > /tmp/log
          compared without its numbers, which change: file tmp/log
    "#]]
    .assert_eq(&proofs(&said));
    workshop.shrink(&["prove", "small"]).fine();
}

#[test]
fn a_test_that_hangs_is_ended_and_so_is_all_that_it_started() {
    let workshop = Workshop::new();
    workshop.root("root");
    let test = "sleep 7654321 & sleep 7654321";

    let run = workshop.shrink(&["make", "root", "-o", "small", "-t", test, "--limit", "1"]);

    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    assert!(run.stdout.contains("(not ended in time)"), "{}", run.stdout);
    let processes = support::output("ps", &["-eo", "args"]);
    assert!(!processes.contains("7654321"), "{processes}");
}

#[test]
fn a_test_has_no_network_and_it_is_said_when_it_reaches_for_one() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    std::os::unix::fs::symlink("busybox", root.join("bin/nc")).expect("a link");
    let test = "nc 192.0.2.1 80; true";

    let said = workshop.shrink(&["make", "root", "-o", "small", "-t", test]).fine();

    assert!(said.contains("it reached for 192.0.2.1; tests have no network"), "{said}");
}

#[test]
fn a_client_of_this_machine_talks_to_a_server_in_the_root() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    for applet in ["nc", "httpd"] {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(applet)).expect("a link");
    }
    fs::create_dir(root.join("www")).expect("a directory");
    fs::write(root.join("www/index.html"), "served\n").expect("a page");
    fs::write(root.join("www/other.html"), "not asked for\n").expect("a page");
    let policy = r#"
        [[test]]
        run = "exec httpd -f -p 8080 -h /www"
        client = '''
            exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080; printf "GET / HTTP/1.0\r\n\r\n" >&3; tail -n 1 <&3'
        '''
        port = 8080
    "#;
    fs::write(workshop.path("policy.toml"), policy).expect("a file");

    let said = workshop.shrink(&["make", "root", "-o", "small", "--policy", "policy.toml"]).fine();

    assert!(said.contains("test 1: the same"), "{said}");
    let ledger = workshop.ledger("small");
    let expected = &ledger["proofs"][0]["expected"];
    assert_eq!(expected["client's standard output"]["shown"], "served", "{expected:#}");
    let kept = paths(&workshop.path("small"));
    assert!(kept.contains("www/index.html") && !kept.contains("www/other.html"), "{kept}");
}

#[test]
fn a_finished_root_is_proven_again_and_a_spoiled_one_is_found_out() {
    let workshop = Workshop::new();
    workshop.root("root");
    workshop.shrink(&["make", "root", "-o", "small", "-t", "/opt/greet"]).fine();

    let again = workshop.shrink(&["prove", "small"]).fine();
    let new = ["prove", "small", "--against", "root", "-t", "cat /etc/passwd"];
    let new = workshop.shrink(&new).fine();
    fs::write(workshop.path("small/opt/greeting"), "goodbye\n").expect("a file");
    let spoiled = workshop.shrink(&["prove", "small"]);

    assert_eq!(again, "test 1: the same in the small root (exit code 0): /opt/greet\n\n");
    assert_eq!(new, "test 1: the same in the small root (exit code 0): cat /etc/passwd\n\n");
    assert_eq!(spoiled.code, Some(1));
    expect![[r#"
        test 1: DIFFERS in the small root: /opt/greet
          standard output:
            in the full root  hello
            in the small root goodbye

    "#]]
    .assert_eq(&spoiled.stdout);
    let unknown = workshop.shrink(&["prove", "small", "-t", "date"]);
    expect![[r#"
        shrink: nothing is noted of the test `date`
          hint: name the full root with --against, to see there what it should come to
    "#]]
    .assert_eq(&unknown.stderr);
}

#[test]
fn what_no_file_can_mend_is_reported_and_the_exit_code_tells() {
    let workshop = Workshop::new();
    workshop.root("root");
    // A directory's number of names is not restored by files: the small root has fewer directories.
    let test = "ls /usr/share | wc -l; [ -e /opt/unused ] || echo gone";

    let run = workshop.shrink(&["make", "root", "-o", "small", "-t", test]);

    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(workshop.path("small/usr/share/man").is_dir());
}

#[test]
fn a_root_without_a_shell_runs_plain_words() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    fs::remove_file(root.join("bin/sh")).expect("it is there");

    let said =
        workshop.shrink(&["make", "root", "-o", "small", "-t", "cat '/opt/greeting'"]).fine();
    let more = workshop.shrink(&["make", "root", "-o", "other", "-t", "cat /opt/greeting | wc"]);

    assert!(said.contains("test 1: the same in the small root (exit code 0)"), "{said}");
    assert_eq!(more.code, Some(2));
    expect![[r#"
        shrink: cannot run the test `cat /opt/greeting | wc`
          because: the root has no shell that could run it
          hint: name one program with its arguments
    "#]]
    .assert_eq(&more.stderr);
}

#[test]
fn nothing_of_this_machine_is_seen_by_a_test() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    std::os::unix::fs::symlink("busybox", root.join("bin/env")).expect("a link");
    program(
        &root.join("opt/look"),
        "#!/bin/sh\nls / /dev; env; cat /proc/net/dev; ls /proc/1/root\n",
    );

    workshop.shrink(&["make", "root", "-o", "small", "-t", "/opt/look"]).fine();

    let ledger = workshop.ledger("small");
    let seen = ledger["proofs"][0]["expected"]["standard output"]["shown"].as_str();
    let seen = seen.expect("text").to_owned();
    for secret in ["CARGO", "eth0", "sda", "shrink-"] {
        assert!(!seen.contains(secret), "{seen}");
    }
    assert!(
        seen.contains("urandom") && seen.contains("TERM=dumb") && seen.contains("lo:"),
        "{seen}"
    );
}

#[test]
fn somebody_who_is_not_root_gets_the_same() {
    // Without root every other test has shown it already.
    if !testkit::is_root() {
        return;
    }
    let workshop = Workshop::new();
    workshop.root("root");
    support::output(
        "tar",
        &[
            "-C",
            workshop.path("").to_str().expect("text"),
            "-cf",
            workshop.path("root.tar").to_str().expect("text"),
            "root/bin",
            "root/opt",
            "root/etc",
        ],
    );
    let place = workshop.path("");
    support::output("chmod", &["-R", "a+rwX", place.to_str().expect("text")]);
    let shrink = workshop.path("shrink");
    fs::copy(env!("CARGO_BIN_EXE_shrink"), &shrink).expect("a copy");
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&shrink);
    command.args(["make", "root", "-o", "small.tar", "-t", "/opt/greet"]).current_dir(&place);

    let run = support::run(command);

    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    assert!(
        run.stdout.contains("test 1: the same in the small root (exit code 0)"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_test_finds_no_way_to_this_machine() {
    let workshop = Workshop::new();
    workshop.root("root");
    let test = "ls /proc/1/root && echo a way; read now < /proc/sys/kernel/panic; \
                echo $now > /proc/sys/kernel/panic && echo a setting; \
                read now < /proc/sys/net/ipv4/ip_forward; \
                echo $now > /proc/sys/net/ipv4/ip_forward";

    workshop.shrink(&["make", "root", "-o", "small", "-t", test]).fine();

    let expected = &workshop.ledger("small")["proofs"][0]["expected"];
    assert_eq!(expected["standard output"]["shown"], "", "{expected}");
    let error = &expected["standard error"]["shown"];
    let error = error.as_str().expect("text");
    assert!(error.starts_with("ls: /proc/1/root: Permission denied\n"), "{error}");
    assert!(error.ends_with("/proc/sys/kernel/panic: Read-only file system"), "{error}");
    assert_eq!(expected["end"]["shown"], "exit code 0", "the settings of its network are its own");
}

#[test]
fn a_test_that_did_not_run_or_cannot_be_compared_proves_nothing_and_the_headline_says_so() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    fs::write(root.join("opt/data"), [0, 1, 2]).expect("a file");
    let words = ["make", "root", "-n", "-o", "small", "--limit", "1"];
    let said = |test: &str| {
        let run = workshop.shrink(&[&words[..], &["-t", test]].concat());
        assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""), "{test}: {}", run.stdout);
        let headline = run.stdout.lines().nth(2).expect("a headline");
        assert_eq!(headline, "NOT PROVEN: test 1 proves nothing", "{}", run.stdout);
        proofs(&run.stdout)
    };

    let absent = said("no-such-program");
    let data = said("/opt/greeting");
    let endless = said("sleep 100");
    let random = said("cat /proc/sys/kernel/random/uuid");

    expect![[r#"
        test 1: PROVES NOTHING (exit code 127): no-such-program
          in the full root a command was not found
    "#]]
    .assert_eq(&absent);
    assert!(data.contains("  in the full root a command cannot be run"), "{data}");
    assert!(endless.contains("  in the full root it does not end either"), "{endless}");
    expect![[r#"
        test 1: PROVES NOTHING (exit code 0): cat /proc/sys/kernel/random/uuid
          its standard output changes from run to run, so it cannot be compared
          not compared, for it changes from run to run: standard output
    "#]]
    .assert_eq(&random);
}

#[test]
fn a_root_is_not_changed_in_place_by_what_is_not_proven() {
    let workshop = Workshop::new();
    let root = workshop.root("root");
    let before = support::snapshot(&root);

    let run = workshop.shrink(&["make", "root", "--in-place", "-t", "no-such-program"]);

    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert_eq!(
        run.stderr,
        "shrink: nothing was changed: what is not proven is not done in place\n"
    );
    assert_eq!(support::snapshot(&root), before);
    assert!(!workshop.path("root.removed.tar").exists());
}
