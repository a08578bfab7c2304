//! The text of 64-bit x86's instructions: what stands last is written.

use std::collections::BTreeSet;

use super::super::before;
use super::super::listing::Line;
use super::begins;
use crate::audit::state::Register;

/// Those that write none of the registers that they name.
const LOOK: [&str; 12] =
    ["cmp", "test", "j", "call", "nop", "ret", "prefetch", "ud", "push", "rep", "wr", "vptest"];
/// The older registers, in the order of their numbers.
const OLD: [&str; 8] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];

pub(super) fn written(line: &Line) -> BTreeSet<Register> {
    let mut written = BTreeSet::new();
    // A longer `nop`.
    if line.mnemonic == "xchg" && line.operands.first() == line.operands.get(1) {
        return written;
    }
    let last = line.operands.last().and_then(|operand| register(operand));
    let alone = line.operands.len() == 1 && begins(line, &["mul", "div", "imul", "idiv"]);
    let tests = line.mnemonic == "bt" || line.mnemonic.starts_with("ptest");
    if !begins(line, &LOOK) && !alone && !tests || line.mnemonic.starts_with("cmpxchg") {
        written.extend(last);
    }
    if begins(line, &["cmpxchg", "cpuid", "rdtsc"]) || alone {
        written.insert(0);
    }
    if begins(line, &["push", "pop", "leave"]) && !line.mnemonic.starts_with("popcnt") {
        written.insert(4);
    }
    if begins(line, &["xchg", "xadd"]) {
        written.extend(line.operands.first().and_then(|operand| register(operand)));
    }
    if begins(line, &["rep"]) {
        written.extend([1, 7]);
    }
    written
}

/// The number of a register that is named.
pub(super) fn register(name: &str) -> Option<Register> {
    let name = name.strip_prefix('%')?;
    let newer = name.strip_prefix('r').map(|name| name.trim_end_matches(['d', 'w', 'b']));
    if let Some(number @ 8..16) = newer.and_then(|number| number.parse().ok()) {
        return Some(number);
    }
    let stem = name.strip_prefix(['r', 'e']).unwrap_or(name);
    let stem = match stem.strip_suffix(['l', 'h']) {
        Some(stem) if stem.len() == 1 => format!("{stem}x"),
        Some(stem) => stem.to_owned(),
        None => stem.to_owned(),
    };
    OLD.iter().position(|old| *old == stem).and_then(|number| u8::try_from(number).ok())
}

/// What the instruction leaves in a register.
pub(super) fn value(line: &Line, of: Register) -> Option<u64> {
    let mnemonic = line.mnemonic.as_str();
    match mnemonic {
        _ if of != 4 => {}
        "push" | "pushq" => return Some(before(4) - 8),
        "pop" | "popq" if register(line.operands.first()?) != Some(4) => {
            return Some(before(4) + 8);
        }
        "leave" | "leaveq" => return Some(before(5) + 8),
        _ => {}
    }
    let last = line.operands.last().filter(|last| register(last) == Some(of))?;
    let low = |value: u64| match last.as_bytes() {
        [b'%', b'e', ..] | [.., b'd'] => value & 0xffff_ffff,
        _ => value,
    };
    let held = |place: usize| {
        let operand = line.operands.get(place)?;
        match operand.strip_prefix("$0x") {
            Some(number) => u64::from_str_radix(number, 16).ok(),
            None => register(operand).map(before).map(low),
        }
    };
    let same = line.operands.first() == line.operands.get(1);
    Some(low(match mnemonic.trim_end_matches(['q', 'l', 'w']) {
        "mov" | "movabs" | "movs" => held(0)?,
        "add" => held(1)?.wrapping_add(held(0)?),
        "sub" | "xor" if same => 0,
        "sub" => held(1)?.wrapping_sub(held(0)?),
        "or" => u64::MAX,
        "lea" => address(line)?,
        _ => return None,
    }))
}

/// The address that `lea` reckons.
fn address(line: &Line) -> Option<u64> {
    if let Some(place) = line.named() {
        return Some(place);
    }
    let (displacement, inside) = line.operands.first()?.strip_suffix(')')?.split_once('(')?;
    let number = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    let displacement = match displacement.strip_prefix('-') {
        Some(text) => number(text)?.wrapping_neg(),
        None if displacement.is_empty() => 0,
        None => number(displacement)?,
    };
    let mut parts = inside.split(',');
    let mut next = || match parts.next() {
        None | Some("") => Some(0),
        Some(name) => register(name).map(before),
    };
    let (base, index) = (next()?, next()?);
    let scale: u64 = parts.next().map_or(Some(1), |scale| scale.parse().ok())?;
    Some(displacement.wrapping_add(base).wrapping_add(index.wrapping_mul(scale)))
}
