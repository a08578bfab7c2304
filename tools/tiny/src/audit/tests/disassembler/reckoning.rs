//! What the text of a disassembler says that an instruction writes, and which numbers.
//!
//! What stands first is written, unless the instruction is one of those that only look.

mod aarch64;
mod arm;
mod x86;

use std::collections::BTreeSet;

use super::before;
use super::listing::Line;
use crate::audit::binary::{Image, Mode};
use crate::audit::state::Register;

/// The registers that an instruction writes, the program counter left out.
pub(super) fn written(mode: Mode, line: &Line) -> BTreeSet<Register> {
    let mut written = match mode {
        Mode::Arm | Mode::Thumb => arm::written(line),
        Mode::Aarch64 => aarch64::written(line),
        Mode::X86 => x86::written(line),
    };
    written.extend(line.operands.iter().filter_map(|operand| moved_base(mode, line, operand)));
    if is_32_bit(mode) {
        written.remove(&15);
    }
    written
}

fn is_32_bit(mode: Mode) -> bool {
    matches!(mode, Mode::Arm | Mode::Thumb)
}

/// The number that an instruction leaves in a register, where that follows from its text.
pub(super) fn value(mode: Mode, line: &Line, of: Register) -> Option<u64> {
    let value = match mode {
        Mode::X86 => x86::value(line, of),
        _ => moved(mode, line, of).or_else(|| match mode {
            Mode::Aarch64 => aarch64::value(line, of),
            _ => arm::value(mode, line, of),
        }),
    }?;
    Some(if is_32_bit(mode) { value & 0xffff_ffff } else { value })
}

/// The number that an instruction reads from a place that it names.
pub(super) fn literal(
    image: &Image,
    mode: Mode,
    line: &Line,
    place: u64,
    of: Register,
) -> Option<u64> {
    let into = line.operands.first()?;
    let width = if into.starts_with('x') { 8 } else { 4 };
    let reads = line.mnemonic.starts_with("ldr") && register(mode, into) == Some(of);
    image.number(place, width).filter(|_| reads)
}

/// Where an instruction says that the processor goes on.
pub(super) fn destination(mode: Mode, line: &Line) -> Option<u64> {
    const OTHERS: [&str; 10] =
        ["bic", "bfi", "bfc", "bkpt", "bti", "bsl", "bit", "bif", "brk", "bf"];
    let begins = |one: &&str| line.mnemonic.starts_with(*one);
    let branches = match mode {
        Mode::X86 => ["j", "call"].iter().any(begins),
        _ => ["b", "cb", "tb"].iter().any(begins) && !OTHERS.iter().any(begins),
    };
    let place = line.operands.last().filter(|_| branches)?;
    let place = u64::from_str_radix(place.strip_prefix("0x")?, 16).ok()?;
    Some(if is_32_bit(mode) { place & 0xffff_ffff } else { place })
}

/// The register that an operand names, where that is all that it does.
fn register(mode: Mode, operand: &str) -> Option<Register> {
    let operand = operand.trim_end_matches('!');
    match mode {
        Mode::Arm | Mode::Thumb => arm::register(operand),
        Mode::Aarch64 => aarch64::register(operand),
        Mode::X86 => x86::register(operand),
    }
}

/// The registers that some of the operands name.
fn named(mode: Mode, operands: &[String]) -> Vec<Register> {
    operands.iter().filter_map(|operand| register(mode, operand)).collect()
}

fn begins(line: &Line, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| line.mnemonic.starts_with(prefix))
}

/// What a register of ARM or a number holds before the instruction.
fn held(mode: Mode, line: &Line, operand: &str) -> Option<u64> {
    if let Some(number) = operand.strip_prefix('#') {
        return match number.strip_prefix('-') {
            Some(number) => Some(number_of(number)?.wrapping_neg()),
            None => number_of(number),
        };
    }
    match register(mode, operand) {
        Some(15) if mode == Mode::Arm => Some(line.at + 8),
        Some(15) if mode == Mode::Thumb => Some(line.at + 4),
        Some(number) => Some(before(number)),
        None => matches!(operand, "xzr" | "wzr").then_some(0),
    }
}

fn number_of(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The register of ARM that points to memory and is moved: `[r1, #4]!`, `[r1], #4`, and `ldm r1!`.
fn moved_base(mode: Mode, line: &Line, operand: &str) -> Option<Register> {
    if mode == Mode::X86 {
        return None;
    }
    let Some(inside) = operand.strip_prefix('[') else {
        return operand.ends_with('!').then(|| register(mode, operand)).flatten();
    };
    let (inside, behind) = inside.split_once(']')?;
    let base = register(mode, inside.split([',', ':']).next()?.trim())?;
    let last = line.operands.last()?;
    // Coprocessors have an option there that moves nothing.
    (behind == "!" || last != operand && !last.starts_with('{')).then_some(base)
}

/// What a register of ARM holds that points to memory and moves.
fn moved(mode: Mode, line: &Line, of: Register) -> Option<u64> {
    if let Some(list) = line.operands.iter().find(|operand| operand.starts_with('{'))
        && !line.operands.iter().any(|operand| operand.starts_with('['))
    {
        return arm::moved_by_list(line, list, of);
    }
    let place = line.operands.iter().position(|operand| operand.starts_with('['))?;
    let (inside, behind) = line.operands[place][1..].split_once(']')?;
    let mut parts = inside.split(',').map(str::trim);
    let base = parts.next().filter(|base| register(mode, base) == Some(of))?;
    let offset: Vec<&str> = match behind {
        "!" => parts.collect(),
        _ => line.operands[place + 1..].iter().map(String::as_str).collect(),
    };
    let base = held(mode, line, base)?;
    match offset[..] {
        [] => Some(base),
        [one] => match one.strip_prefix('-') {
            Some(one) => Some(base.wrapping_sub(held(mode, line, one)?)),
            None => Some(base.wrapping_add(held(mode, line, one)?)),
        },
        _ => None,
    }
}
