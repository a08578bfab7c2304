//! What the audit takes from each instruction, compared with what a disassembler says of it: over
//! random bytes, and over what compilers make.
//!
//! A register that an instruction writes and that the audit goes on knowing would make it tell
//! wrong numbers. And every number that it does tell is reckoned again from the disassembler's
//! text.

mod listing;
mod reckoning;

use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::audit::binary::Mode;
use crate::audit::instruction::{Next, Step};
use crate::audit::machine;
use crate::audit::state::{REGISTERS, Register, State, Value};
use listing::Line;

/// As many bytes of random code: some eight thousand instructions.
const RANDOM: usize = 30_000;

/// As many bytes of a library, which has a few times as many.
const REAL: usize = 150_000;

/// The longest instruction has so many bytes.
const LONGEST: u64 = 15;

/// What a register holds before each instruction: large enough for no place in the code.
fn before(register: Register) -> u64 {
    0x4000_0000 + u64::from(register) * 0x0101_0000
}

/// What is seen of an instruction.
struct Seen {
    step: Step,
    after: State,
}

fn seen(image: &Image, mode: Mode, at: u64) -> Seen {
    let mut after = State::unknown();
    for register in 0..32 {
        after.set(register, Value::Number(before(register)));
    }
    let step = machine::step(image, mode, at, &mut after);
    Seen { step, after }
}

/// All that differs from what the disassembler says, and how often nothing was understood.
#[derive(Default)]
struct Comparison {
    wrong: Vec<String>,
    instructions: usize,
    forgotten: usize,
}

impl Comparison {
    fn of(machine: Machine, mode: Mode, code: &[u8]) -> Option<Self> {
        let data = program(machine, code);
        let mut image = Image::read(&data).expect("a program").expect("for this machine");
        image.regions.clear();
        let mut comparison = Self::default();
        // The last instruction may be cut in two.
        let end = AT + code.len() as u64 - LONGEST;
        for line in listing::of(mode, code)?.iter().filter(|line| line.at < end) {
            comparison.line(&image, mode, line);
        }
        Some(comparison)
    }

    fn line(&mut self, image: &Image, mode: Mode, line: &Line) {
        if !line.is_understood() {
            return;
        }
        let seen = seen(image, mode, line.at);
        self.instructions += 1;
        let known = (0..REGISTERS)
            .filter(|number| seen.after.get(u8::try_from(*number).unwrap_or(0)) != Value::Unknown);
        self.forgotten += usize::from(known.count() == 0);
        let mut faults = Vec::new();
        if seen.step.length != line.length {
            faults.push(format!("{} bytes long", seen.step.length));
        }
        faults.extend(flow(mode, line, seen.step.next));
        if !leaves(seen.step.next) {
            faults.extend(unseen(mode, line, &seen.after));
        }
        faults.extend(numbers(image, mode, line, &seen));
        self.wrong.extend(faults.iter().map(|fault| format!("{line}: {fault}")));
    }

    fn assert_right(&self) {
        let shown: Vec<&str> = self.wrong.iter().take(40).map(String::as_str).collect();
        assert!(shown.is_empty(), "{} wrong\n{}", self.wrong.len(), shown.join("\n"));
        assert!(self.instructions > 50, "the disassembler showed {}", self.instructions);
    }
}

/// Whether what the instruction writes is not there where the next one is.
fn leaves(next: Next) -> bool {
    matches!(next, Next::Somewhere | Next::Returns { .. })
}

/// Registers that the instruction writes and that are taken to hold what they held.
fn unseen(mode: Mode, line: &Line, after: &State) -> Vec<String> {
    let mut unseen = Vec::new();
    for register in reckoning::written(mode, line) {
        let held = before(register);
        let stays = reckoning::value(mode, line, register) == Some(held);
        if after.get(register) == Value::Number(held) && !stays {
            unseen.push(format!("register {register} is taken to stay"));
        }
    }
    unseen
}

/// Numbers that are told and that the text does not say.
fn numbers(image: &Image, mode: Mode, line: &Line, seen: &Seen) -> Vec<String> {
    let mut wrong = Vec::new();
    let literal = seen.step.literal.filter(|place| Some(*place) == line.named());
    // The program counter is not kept among the registers.
    let registers = if matches!(mode, Mode::Arm | Mode::Thumb) { 15 } else { 32 };
    for register in 0..registers {
        let Value::Number(told) = seen.after.get(register) else {
            continue;
        };
        let said = reckoning::value(mode, line, register);
        let read = literal.and_then(|place| reckoning::literal(image, mode, line, place, register));
        if told != before(register) && said.or(read) != Some(told) {
            wrong.push(format!("register {register} is told to hold {told:#x}, not {said:x?}"));
        }
    }
    wrong
}

/// What is wrong about where the processor goes on.
fn flow(mode: Mode, line: &Line, next: Next) -> Option<String> {
    let right = match (reckoning::destination(mode, line), next) {
        (Some(said), Next::Jump { to, .. } | Next::Call { to: Some(to) }) => said == to,
        (Some(_), _) => false,
        (None, Next::SystemCall) => line.mnemonic.starts_with("svc") || line.mnemonic == "syscall",
        (None, _) => !line.mnemonic.starts_with("syscall"),
    };
    (!right).then(|| format!("{next:x?}"))
}

fn is_full() -> bool {
    std::env::var_os("ETABLI_FULL").is_some_and(|value| value == "1")
}

/// As many bytes of random code: the same every time (xorshift), of which `--full` takes more.
fn random() -> Vec<u8> {
    let length = if is_full() { RANDOM * 50 } else { RANDOM };
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes
}

/// Bytes most of whose instructions are executed always, as compilers make them.
fn always(mut code: Vec<u8>) -> Vec<u8> {
    for word in code.as_chunks_mut::<4>().0 {
        if word[0] & 3 != 0 {
            word[3] = word[3] & 0xf | 0xe0;
        }
    }
    code
}

/// Bytes most of whose instructions have four bytes.
fn long(mut code: Vec<u8>) -> Vec<u8> {
    for word in code.as_chunks_mut::<4>().0 {
        if word[0] & 3 != 0 {
            word[1] = [0xe8, 0xf0, 0xf8][usize::from(word[0]) % 3] | word[1] & 7;
        }
    }
    code
}

#[test]
fn random_words_of_arm_write_no_register_unseen() {
    for code in [random(), always(random())] {
        let Some(comparison) = Comparison::of(Machine::Arm, Mode::Arm, &code) else {
            return;
        };
        comparison.assert_right();
    }
}

#[test]
fn random_halves_of_thumb_write_no_register_unseen() {
    for code in [random(), long(random())] {
        let Some(comparison) = Comparison::of(Machine::Arm, Mode::Thumb, &code) else {
            return;
        };
        comparison.assert_right();
    }
}

#[test]
fn random_words_of_64_bit_arm_write_no_register_unseen() {
    let Some(comparison) = Comparison::of(Machine::Aarch64, Mode::Aarch64, &random()) else {
        return;
    };
    comparison.assert_right();
}

/// The code of a binary, as its first part that is executed holds it.
fn code_of(binary: &Path, mode: Mode) -> Vec<u8> {
    let data = fs::read(binary).expect("it is there");
    let image = Image::read(&data).expect("a binary").expect("for a machine that is read");
    let region = image.regions.iter().filter(|region| region.mode == mode);
    let region = region.max_by_key(|region| region.end - region.start).expect("code");
    let length = usize::try_from(region.end - region.start).expect("it is in memory");
    let length = if is_full() { length } else { length.min(REAL) };
    image.bytes(region.start)[..length].to_vec()
}

/// Of real code nearly everything is understood.
fn assert_understood(comparison: &Comparison) {
    comparison.assert_right();
    let share = comparison.forgotten * 1000 / comparison.instructions;
    assert!(share < 20, "{share} of 1000 instructions are not understood");
}

#[test]
fn the_c_library_for_arm_is_read_as_the_disassembler_reads_it() {
    let library = Path::new("/usr/arm-linux-gnueabi/lib/libc.so.6");
    if !testkit::can(library.exists(), "the C library for ARM is not installed") {
        return;
    }
    let code = code_of(library, Mode::Arm);
    if let Some(comparison) = Comparison::of(Machine::Arm, Mode::Arm, &code) {
        assert_understood(&comparison);
    }
}

#[test]
fn compiled_thumb_is_read_as_the_disassembler_reads_it() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let flags = ["-mthumb", "-march=armv7-a", "-mfloat-abi=soft", "-O2"];
    let Some(binary) = compiled("arm-linux-gnueabi-gcc", &flags, scratch.path()) else {
        testkit::skip("`arm-linux-gnueabi-gcc` links no program in Thumb");
        return;
    };
    let code = code_of(&binary, Mode::Thumb);
    if let Some(comparison) = Comparison::of(Machine::Arm, Mode::Thumb, &code) {
        comparison.assert_right();
    }
}

#[test]
fn the_c_library_of_this_machine_is_read_as_the_disassembler_reads_it() {
    let shown = Command::new("cc").arg("-print-file-name=libc.so.6").output();
    let path = String::from_utf8(shown.expect("cc is there").stdout).expect("a path");
    let code = code_of(Path::new(path.trim_end()), Mode::X86);
    let comparison = Comparison::of(Machine::X86_64, Mode::X86, &code).expect("objdump is there");
    assert_understood(&comparison);
}
