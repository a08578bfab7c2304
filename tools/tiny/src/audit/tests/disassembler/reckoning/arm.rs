//! The text of 32-bit ARM's instructions.

use std::collections::BTreeSet;

use super::super::before;
use super::super::listing::Line;
use super::{begins, held, named};
use crate::audit::binary::Mode;
use crate::audit::state::Register;

/// Those that write none of the registers that they name first.
const LOOK: [&str; 43] = [
    "cmp", "cmn", "tst", "teq", "str", "stm", "stc", "stl", "push", "pop", "ldm", "srs", "rfe",
    "b", "cbz", "cbnz", "tbb", "tbh", "svc", "udf", "nop", "msr", "mcr", "cdp", "pld", "pli",
    "dmb", "dsb", "isb", "it", "setend", "cps", "clrex", "vst", "vpush", "vmsr", "hlt", "cf",
    "hvc", "smc", "vldm", "fldm", "fstm",
];
/// Those that begin like one of these, and write.
const WRITE: [&str; 5] = ["strex", "stlex", "bic", "bfi", "bfc"];
/// Those that write the first two.
const TWO: [&str; 9] =
    ["umull", "smull", "umlal", "smlal", "umaal", "smlsld", "ldrd", "ldrexd", "ldaexd"];

pub(super) fn written(line: &Line) -> BTreeSet<Register> {
    let operands = &line.operands[..];
    let first = |count: usize| named(Mode::Arm, &operands[..count.min(operands.len())]);
    let mut written = BTreeSet::new();
    if begins(line, &["ldm", "pop"]) {
        let list = operands.iter().find(|operand| operand.starts_with('{'));
        written.extend(list.map(|list| listed(list)).unwrap_or_default());
    }
    if begins(line, &["push", "pop", "vpush", "vpop"]) {
        written.insert(13);
    } else if begins(line, &["mrc", "mrrc"]) {
        written.extend(named(Mode::Arm, operands));
    } else if begins(line, &TWO) && !is_accumulated(line) || is_pair_of_vector(line) {
        written.extend(first(2));
        // The second one is sometimes left out.
        if line.mnemonic.starts_with("ldrd") && first(2).len() == 1 {
            written.extend(first(1).first().map(|one| one + 1));
        }
    } else if !begins(line, &LOOK) || begins(line, &WRITE) {
        written.extend(first(1));
    }
    written
}

/// Those that begin like the long ones and write one register.
fn is_accumulated(line: &Line) -> bool {
    line.operands.len() < 4 && !line.mnemonic.starts_with("ldr")
}

fn is_pair_of_vector(line: &Line) -> bool {
    let first = &line.operands[..line.operands.len().min(2)];
    line.mnemonic.starts_with("vmov") && named(Mode::Arm, first).len() == 2
}

/// The number of a register that is named.
pub(super) fn register(name: &str) -> Option<Register> {
    match name {
        "sl" => Some(10),
        "fp" => Some(11),
        "ip" => Some(12),
        "sp" => Some(13),
        "lr" => Some(14),
        "pc" => Some(15),
        other => other.strip_prefix('r')?.parse().ok().filter(|number| *number < 16),
    }
}

/// The registers between braces.
fn listed(list: &str) -> Vec<Register> {
    let inside = list.trim_matches(['{', '}', '^', ' ']);
    inside.split(',').filter_map(|one| register(one.trim())).collect()
}

/// What the instruction leaves in the register that it names first.
pub(super) fn value(mode: Mode, line: &Line, of: Register) -> Option<u64> {
    let operands = &line.operands[..];
    if super::register(mode, operands.first()?) != Some(of) {
        return None;
    }
    let mnemonic = line.mnemonic.split('.').next()?;
    let (last, counted) = last(mode, line)?;
    let first = match counted {
        3 => held(mode, line, &operands[1]),
        _ => Some(before(of)),
    };
    Some(match mnemonic.get(..3)? {
        "mov" if mnemonic.starts_with("movt") => before(of) & 0xffff | last? << 16,
        "mov" => last?,
        "mvn" => !last?,
        // Thumb's short one counts from whole words.
        "add" | "sub" if line.names_place() => line.named()?,
        "add" => first?.wrapping_add(last?),
        "sub" => first?.wrapping_sub(last?),
        "orr" => first? | last?,
        "adr" => line.named()?,
        "lsl" if last? == 0 => first?,
        _ => return None,
    })
}

/// The last operand, and how many there are: a number may be shown with how it is rotated.
fn last(mode: Mode, line: &Line) -> Option<(Option<u64>, usize)> {
    let shown = line.operands.len();
    let last = line.operands.last()?;
    let Ok(by) = last.parse::<u32>() else {
        return Some((held(mode, line, last), shown));
    };
    let number = held(mode, line, line.operands.get(shown.checked_sub(2)?)?);
    let rotated = number.and_then(|number| u32::try_from(number).ok());
    Some((rotated.map(|number| number.rotate_right(by).into()), shown - 1))
}

/// What a register holds behind a list that is pushed, popped, stored or loaded.
pub(super) fn moved_by_list(line: &Line, list: &str, of: Register) -> Option<u64> {
    let size = size_of(list);
    if of == 13 && begins(line, &["push", "vpush"]) {
        return Some(before(13) - size);
    }
    if of == 13 && begins(line, &["pop", "vpop"]) {
        return Some(before(13) + size);
    }
    let base = line.operands.first()?.strip_suffix('!')?;
    let stem = line.mnemonic.trim_start_matches(['v', 'f']);
    let kind = stem.strip_prefix("ldm").or(stem.strip_prefix("stm"))?;
    let down = kind.starts_with("db") || kind.starts_with("da");
    let size = if kind.contains('x') { size + 4 } else { size };
    let moved = if down { before(of).wrapping_sub(size) } else { before(of) + size };
    (register(base) == Some(of)).then_some(moved)
}

/// How many bytes the registers of a list have, those of floating point as well.
fn size_of(list: &str) -> u64 {
    let inside = list.trim_matches(['{', '}', '^', ' ']);
    let number = |name: &str| name.trim_start_matches(['s', 'd']).parse::<u64>().ok();
    let count = |one: &str| match one.split_once('-') {
        Some((from, to)) => {
            number(to).zip(number(from)).map_or(1, |(b, a)| b.saturating_sub(a) + 1)
        }
        None => 1,
    };
    let width = if inside.starts_with('d') { 8 } else { 4 };
    inside.split(',').map(|one| count(one.trim()) * width).sum()
}
