//! What is left of a build that is killed.

mod workshop;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use workshop::{Workshop, store, text};

const RECIPE: &str = r#"
board = "versatile-pb"
memory = "16M"
[kernel]
[busybox]
applets = ["ls", "vi", "awk", "sed"]
[start]
script = "exec sh"
"#;

/// The processes that work below a directory.
fn at_work(directory: &Path) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("a directory").flatten();
    let working = processes.filter(|process| {
        fs::read_link(process.path().join("cwd")).is_ok_and(|place| place.starts_with(directory))
    });
    let names = working.map(|process| fs::read_to_string(process.path().join("comm")));
    names.flatten().map(|name| name.trim().to_owned()).collect()
}

/// The lock of the one BusyBox in a store.
fn lock(store: &Path) -> Option<PathBuf> {
    let entry = fs::read_dir(store.join("busybox")).ok()?.next()?.ok()?;
    Some(entry.path().join(".lock"))
}

fn is_free(lock: &Path) -> bool {
    let lock = File::open(lock).expect("a lock");
    rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(3), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn nobody_builds_where_a_killed_build_still_does() {
    let workshop = Workshop::new();
    let recipe = workshop.recipe("killed.toml", RECIPE);
    let (apart, packages) = (workshop.store_apart("store"), store().with_file_name("killed.lock"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_tiny"));
    command.args(["build", text(&recipe), "--lock", text(&packages), "--store", text(&apart)]);
    let mut tiny = command.stderr(Stdio::null()).spawn().expect("tiny runs");
    // The configuration is done by then, and most of the work is left.
    let begun = |lock: &Path| lock.with_file_name("source/applets/built-in.o").exists();
    wait_until("nothing was compiled", || {
        assert!(tiny.try_wait().expect("a child").is_none(), "it ended by itself");
        lock(&apart).is_some_and(|lock| begun(&lock))
    });
    let lock = lock(&apart).expect("a lock");
    assert!(!is_free(&lock));

    // KILL: nothing can be cleaned up.
    tiny.kill().expect("it is killed");
    tiny.wait().expect("it has ended");

    wait_until("somebody goes on", || {
        // The order counts: who has the lock first finds nobody afterwards.
        let is_free = is_free(&lock);
        let working = at_work(&apart);
        assert!(!is_free || working.is_empty(), "{working:?}");
        is_free
    });
    // It did not go on to its end, either: this is the last of its libraries.
    assert!(!lock.with_file_name("source/util-linux/lib.a").exists());
}
