//! What a test leaves out, and why: said at once, and kept for the line at the end of a run.
//!
//! A test that returns early is green. So that nobody takes green for proven, every such return goes
//! through here, and where the environment variable `ETABLI_SKIPPED` names a file, a line of that
//! file tells it: the name of the test, a tab, and the reason.
//!
//! Proof: `tests/skipping.rs::what_is_left_out_is_kept_with_the_name_of_the_test`

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

/// Names the file that keeps what was left out.
pub const KEPT_IN: &str = "ETABLI_SKIPPED";

/// Set where the long proofs are asked for.
pub const FULL: &str = "ETABLI_FULL";

/// Stands in the place of a reason for what only a full run does.
pub const LEFT_TO_FULL: &str = "--full";

/// Says that something is not tested here, and why: `testkit::skip("there is no /dev/full")`.
pub fn skip(reason: &str) {
    say(&format!("skipped: {reason}"));
    keep(reason);
}

/// Whether something can be tested here; says and keeps the reason where it cannot be:
/// `if !testkit::can(works, "no mounts of one's own are allowed here") { return; }`.
#[must_use]
pub fn can(holds: bool, why_not: &str) -> bool {
    if !holds {
        skip(why_not);
    }
    holds
}

/// Whether the test runs as root, which it needs; skips it otherwise.
#[must_use]
pub fn has_root() -> bool {
    can(is_root(), "only root can do this")
}

/// Whether a program is installed and works, which the test needs; skips it otherwise.
#[must_use]
pub fn has(program: &str) -> bool {
    let version = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    let works = version.is_ok_and(|output| output.status.success());
    can(works, &format!("`{program}` is not installed"))
}

/// Whether the long proofs are asked for; says otherwise what is left to them:
/// `if !testkit::full("a second kernel is built") { return; }`.
#[must_use]
pub fn full(what: &str) -> bool {
    if !is_full() {
        say(&format!("left to {FULL}=1: {what}"));
        keep(LEFT_TO_FULL);
    }
    is_full()
}

/// Whether this process belongs to root: for a test that expects something else then.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether the long proofs are asked for: for a test that then tries more cases.
#[must_use]
pub fn is_full() -> bool {
    std::env::var_os(FULL).is_some_and(|value| value == "1")
}

#[expect(clippy::print_stderr, reason = "a test that shows nothing here says why")]
fn say(words: &str) {
    eprintln!("{words}");
}

fn keep(reason: &str) {
    // A property asks for the same thing for each of its cases: once is enough.
    static KEPT: LazyLock<Mutex<BTreeSet<String>>> = LazyLock::new(Mutex::default);
    let Some(path) = std::env::var_os(KEPT_IN) else { return };
    let line = format!("{}\t{reason}\n", test());
    if !KEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(line.clone()) {
        return;
    }
    // Tests of several processes write at the same time: one call that appends keeps lines whole.
    let file = File::options().append(true).create(true).open(path);
    file.expect("`ETABLI_SKIPPED` names a file that can be written to")
        .write_all(line.as_bytes())
        .expect("a line fits on the disk");
}

/// The name of the test that runs, which is that of its thread. With one thread for all tests it is
/// not known; then the program's name stands for it.
fn test() -> String {
    let program = || {
        let path = std::env::current_exe().unwrap_or_default();
        path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    };
    match thread::current().name() {
        None | Some("main") => program(),
        Some(name) => name.to_owned(),
    }
}
