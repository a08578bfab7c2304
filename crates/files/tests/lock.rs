//! Who changes one file system waits for the other.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use files::lock;

/// Longer than a machine however busy needs to begin with something.
const EVER: Duration = Duration::from_mins(2);

#[test]
fn of_two_on_one_file_system_the_second_says_that_it_waits_and_then_has_its_turn() {
    let base = tempfile::tempdir().expect("a directory to work in");
    let [one, other] = ["one", "other"].map(|name| base.path().join(name));
    std::fs::create_dir(&one).expect("a directory");
    std::fs::create_dir(&other).expect("a directory");
    let first = lock::wait([&*one, &*other].into_iter(), &|| {}).expect("our turn");

    let (says, said) = mpsc::channel();
    let second = thread::spawn(move || {
        let waiting = || says.send("it waits").expect("we listen");
        let lock = lock::wait(std::iter::once(&*other), &waiting).expect("its turn");
        says.send("it works").expect("we listen");
        drop(lock);
    });
    assert_eq!(said.recv_timeout(EVER), Ok("it waits"));
    assert!(said.recv_timeout(Duration::from_millis(50)).is_err(), "we are not done");
    drop(first);
    assert_eq!(said.recv_timeout(EVER), Ok("it works"));
    second.join().expect("it ends");
}

#[test]
fn who_changes_another_file_system_waits_for_nobody() {
    let base = tempfile::tempdir().expect("a directory to work in");
    let _held = lock::wait(std::iter::once(base.path()), &|| {}).expect("our turn");
    let waits = || panic!("it waits");
    lock::wait(std::iter::once(Path::new("/proc/self")), &waits).expect("its turn");
}
