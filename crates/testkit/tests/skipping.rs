//! What a test leaves out is kept for the end of the run: the tests here run themselves again.

use std::fs;
use std::process::{Command, Output};

/// Runs one of the tests at the end of this file, and gives what it kept and said.
fn again(test: &str, environment: &[(&str, &str)]) -> (String, String) {
    let directory = tempfile::tempdir().expect("a directory to work in");
    let kept = directory.path().join("skipped");
    let itself = std::env::current_exe().expect("this program");
    let Output { status, stderr, .. } = Command::new(itself)
        .args([test, "--exact", "--ignored", "--nocapture", "--test-threads=2"])
        .env_remove(testkit::FULL)
        .env(testkit::KEPT_IN, &kept)
        .envs(environment.iter().copied())
        .output()
        .expect("it starts again");
    assert!(status.success());
    let said = String::from_utf8(stderr).expect("text");
    (fs::read_to_string(kept).unwrap_or_default(), said)
}

#[test]
fn what_is_left_out_is_kept_with_the_name_of_the_test() {
    let (kept, said) = again("wanting", &[]);

    assert_eq!(
        kept,
        "wanting\tthe moon is not full\n\
         wanting\t`no-such-program` is not installed\n"
    );
    assert_eq!(
        said,
        "skipped: the moon is not full\n\
         skipped: the moon is not full\n\
         skipped: `no-such-program` is not installed\n"
    );
}

#[test]
fn what_is_left_to_a_full_run_is_kept_apart() {
    let (kept, said) = again("long", &[]);

    assert_eq!(kept, "long\t--full\n");
    assert_eq!(said, "left to ETABLI_FULL=1: every number is tried\n");
    assert_eq!(again("long", &[("ETABLI_FULL", "1")]), (String::new(), String::new()));
}

#[test]
#[ignore = "the tests above run it"]
fn wanting() {
    for _ in 0..2 {
        assert!(!testkit::can(false, "the moon is not full"));
    }
    assert!(testkit::can(true, "never said"));
    assert!(!testkit::has("no-such-program"));
}

#[test]
#[ignore = "the tests above run it"]
fn long() {
    assert_eq!(testkit::full("every number is tried"), testkit::is_full());
}
