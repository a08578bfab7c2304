//! The memory that a program's output takes: alone in its process, which is measured.

use std::time::Duration;

use exec::Program;

#[test]
fn a_lot_of_output_takes_little_memory() {
    let peak = || {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("the peak");
        line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok()).expect("a number")
    };
    let before = peak();

    let mut shell = Program::new("sh", Duration::from_mins(2));
    shell.args(["-c", "yes | head -c 10000000; head -c 10000000 /dev/zero"]);
    shell.run().expect("it succeeds");

    assert!(peak() - before < 4_000, "{} kB more", peak() - before);
}
