//! Binaries whose system calls are looked for: the code behind the first bytes of a program, which
//! choose the machine.

#![no_main]

use libfuzzer_sys::fuzz_target;

/// The machine's number, and how many bytes its addresses have.
const MACHINES: [(u16, usize); 3] = [(40, 4), (183, 8), (62, 8)];
const AT: u64 = 0x1_0000;

fuzz_target!(|content: &[u8]| {
    tiny::fuzzing::audit(content);
    if let Some((choice, code)) = content.split_first() {
        let (machine, word) = MACHINES[usize::from(*choice) % MACHINES.len()];
        tiny::fuzzing::audit(&program(machine, word, code));
    }
});

/// A program of nothing but this code.
fn program(machine: u16, word: usize, code: &[u8]) -> Vec<u8> {
    let wide = word == 8;
    let (header, entry) = if wide { (64_u64, 56_u64) } else { (52, 32) };
    let mut file = b"\x7fELF".to_vec();
    file.extend([if wide { 2 } else { 1 }, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut put = |value: u64, width: usize| file.extend(&value.to_le_bytes()[..width]);
    let length = code.len() as u64;
    for (value, width) in [(2, 2), (machine.into(), 2), (1, 4), (AT, word), (header, word)] {
        put(value, width);
    }
    let counts = [(0, word), (0, 4), (header, 2), (entry, 2), (1, 2), (0, 2), (0, 2), (0, 2)];
    for (value, width) in counts {
        put(value, width);
    }
    let start = header + entry;
    let segment = match wide {
        true => [(1, 4), (5, 4), (start, 8), (AT, 8), (AT, 8), (length, 8), (length, 8), (4, 8)],
        false => [(1, 4), (start, 4), (AT, 4), (AT, 4), (length, 4), (length, 4), (5, 4), (4, 4)],
    };
    for (value, width) in segment {
        put(value, width);
    }
    file.extend(code);
    file
}
