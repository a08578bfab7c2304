//! A root is entered for real: what is inside sees nothing outside, and leaves nothing behind.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A root with BusyBox, or none where the test cannot enter one.
fn tiny_root() -> Option<TempDir> {
    if !testkit::has_root() {
        return None;
    }
    let busybox =
        ["/bin/busybox", "/usr/bin/busybox"].iter().find(|place| Path::new(place).exists());
    let Some(busybox) = busybox else {
        testkit::skip("`busybox` is not installed");
        return None;
    };
    let root = tempfile::tempdir().expect("a scratch directory");
    fs::create_dir_all(root.path().join("bin")).expect("a directory");
    fs::copy(busybox, root.path().join("bin/busybox")).expect("a program");
    symlink("busybox", root.path().join("bin/sh")).expect("a link");
    Some(root)
}

/// Runs a line of shell in the root, as the chores do.
fn enter(root: &Path, binds: &[(&Path, &str, bool)], line: &str) -> Output {
    let binds: Vec<_> = binds
        .iter()
        .map(|(outside, inside, read_only)| {
            serde_json::json!({"outside": outside, "inside": inside, "read_only": read_only})
        })
        .collect();
    let entry = serde_json::json!({
        "root": root,
        "binds": binds,
        "environment": BTreeMap::from([("PATH", "/bin"), ("HOME", "/root")]),
        "directory": "/",
        "words": ["sh", "-c", line],
    });
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["enter", &entry.to_string()])
        .env("OF_THE_HOST", "yes")
        .output()
        .expect("the chores run")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_command_runs_in_a_root_of_its_own_and_nothing_stays_mounted() {
    let Some(root) = tiny_root() else { return };
    let line = "busybox env | busybox sort; echo $$; busybox hostname; busybox ls /; \
        busybox wc -l < /proc/mounts > /bin/mounts";

    let output = enter(root.path(), &[], line);

    assert_eq!(text(&output.stderr), "");
    assert_eq!(
        text(&output.stdout),
        "HOME=/root\nPATH=/bin\nPWD=/\nSHLVL=1\n2\nfresh\nbin\ndev\nproc\nsys\n"
    );
    let mounts = fs::read_to_string(root.path().join("bin/mounts")).expect("it was written");
    assert!(mounts.trim().parse::<u32>().expect("a number") >= 4, "{mounts}");
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("the mounts of this machine");
    assert!(!mounts.contains(root.path().to_str().expect("text")), "{mounts}");
    assert_eq!(fs::read_dir(root.path().join("dev")).expect("a listing").count(), 0);
}

#[test]
fn a_directory_that_is_lent_can_be_read_and_not_written() {
    let Some(root) = tiny_root() else { return };
    let lent = tempfile::tempdir().expect("a scratch directory");
    fs::write(lent.path().join("word"), "lent").expect("a file");
    let kept = tempfile::tempdir().expect("a scratch directory");
    let binds = [(lent.path(), "/opt/lent", true), (kept.path(), "/var/kept", false)];
    let line = "busybox cat /opt/lent/word; echo new > /var/kept/new; echo new > /opt/lent/new";

    let output = enter(root.path(), &binds, line);

    assert_eq!(text(&output.stdout), "lent");
    assert!(text(&output.stderr).contains("Read-only file system"), "{}", text(&output.stderr));
    assert!(kept.path().join("new").exists());
    assert!(!lent.path().join("new").exists());
}

#[test]
fn what_a_command_leaves_running_ends_with_it() {
    let Some(root) = tiny_root() else { return };
    // A time that nobody else sleeps.
    let line = "busybox setsid busybox sleep 86399 & echo started; exit 7";

    let output = enter(root.path(), &[], line);

    assert_eq!(text(&output.stdout), "started\n");
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(processes_that_sleep("86399"), Vec::<PathBuf>::new());
}

#[test]
fn a_chore_that_is_killed_takes_everything_with_it() {
    let Some(root) = tiny_root() else { return };
    let entry = serde_json::json!({
        "root": root.path(), "binds": [], "environment": {"PATH": "/bin"}, "directory": "/",
        "words": ["busybox", "sleep", "86398"],
    });
    let mut chore = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["enter", &entry.to_string()])
        .spawn()
        .expect("the chores run");
    wait_until(|| !processes_that_sleep("86398").is_empty());

    chore.kill().expect("it runs");
    chore.wait().expect("it has ended");

    wait_until(|| processes_that_sleep("86398").is_empty());
}

#[test]
fn user_namespaces_work_in_a_fresh_root() {
    let Some(root) = tiny_root() else { return };

    let output = enter(root.path(), &[], "busybox unshare -U -r busybox id -u");

    assert_eq!((text(&output.stdout), text(&output.stderr)), ("0\n".to_owned(), String::new()));
}

#[test]
fn a_root_that_cannot_be_entered_is_told_from_a_command_that_fails() {
    let output = enter(Path::new("/nowhere/at/all"), &[], "true");

    assert_eq!(output.status.code(), Some(125));
    assert!(text(&output.stderr).starts_with("error: cannot "), "{}", text(&output.stderr));
}

/// The command lines in `/proc` that end with these seconds.
fn processes_that_sleep(seconds: &str) -> Vec<PathBuf> {
    let sleeps = |process: &PathBuf| {
        fs::read(process.join("cmdline"))
            .is_ok_and(|line| line.ends_with(format!("\0{seconds}\0").as_bytes()))
    };
    let processes = fs::read_dir("/proc").expect("a listing").flatten();
    processes.map(|process| process.path()).filter(sleeps).collect()
}

fn wait_until(holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it did not come to it in 30 s");
}

#[test]
fn where_no_root_can_be_had_that_is_said_before_and_after_the_command_runs_here() {
    let in_the_way = tempfile::NamedTempFile::new().expect("a scratch file");
    let place = in_the_way.path().to_str().expect("text");

    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["fresh", "sizes", "--or-here", "--root", place])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the chores run");

    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    let warnings: Vec<_> = said.match_indices("NOT IN A FRESH ROOT").collect();
    let [(before, _), (after, _)] = warnings[..] else { panic!("{said}") };
    assert!(said[before..after].contains("the ten longest functions in production"), "{said}");
}
