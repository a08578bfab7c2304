//! The text of 64-bit ARM's instructions.

use std::collections::BTreeSet;

use super::super::before;
use super::super::listing::Line;
use super::{begins, held, named};
use crate::audit::binary::Mode;
use crate::audit::state::Register;

/// Those that write none of the registers that they name first.
const LOOK: [&str; 22] = [
    "cmp", "cmn", "tst", "ccmp", "ccmn", "prf", "b.", "bc.", "cb", "tb", "msr", "dmb", "st",
    "braa", "brab", "blraa", "blrab", "ret", "setf", "rmif", "ctermeq", "ctermne",
];
/// Those that begin like one of these, and write.
const WRITE: [&str; 4] = ["stxr", "stlxr", "stxp", "stlxp"];
/// Those that are one of these.
const CONTROL: [&str; 9] = ["b", "bl", "br", "blr", "nop", "sys", "dc", "ic", "tlbi"];
/// Those that write the first two.
const TWO: [&str; 4] = ["ldp", "ldnp", "ldxp", "ldaxp"];
/// Those that write the second one only.
const SECOND: [&str; 9] =
    ["ldadd", "ldclr", "ldeor", "ldset", "ldsmax", "ldsmin", "ldumax", "ldumin", "swp"];

pub(super) fn written(line: &Line) -> BTreeSet<Register> {
    let mnemonic = line.mnemonic.as_str();
    let named = |range: std::ops::Range<usize>| {
        let operands = line.operands.get(range).unwrap_or_default();
        named(Mode::Aarch64, operands)
    };
    let looks = begins(line, &LOOK) && !begins(line, &WRITE) || CONTROL.contains(&mnemonic);
    let mut written = BTreeSet::new();
    if begins(line, &TWO) {
        written.extend(named(0..2));
    } else if begins(line, &SECOND) {
        written.extend(named(1..2));
    } else if !looks {
        written.extend(named(0..1));
    }
    if mnemonic.ends_with("1716") {
        written.insert(17);
    }
    if mnemonic.starts_with("xpaclri") || mnemonic.ends_with("iasp") || mnemonic.ends_with("ibsp") {
        written.insert(30);
    }
    written
}

/// The number of a register that is named.
pub(super) fn register(name: &str) -> Option<Register> {
    match name {
        "sp" | "wsp" => Some(31),
        other => other.strip_prefix(['x', 'w'])?.parse().ok().filter(|number| *number < 31),
    }
}

/// What the instruction leaves in the register that it names first.
pub(super) fn value(line: &Line, of: Register) -> Option<u64> {
    let first = line.operands.first()?;
    if register(first) != Some(of) {
        return None;
    }
    let narrow = first.starts_with('w');
    let low = |value: u64| if narrow { value & 0xffff_ffff } else { value };
    let number = |place: usize| held(Mode::Aarch64, line, line.operands.get(place)?).map(low);
    let shift = |place: usize| match line.operands.get(place) {
        None => Some(0),
        Some(text) if text == "uxtx" || text == "uxtw" => Some(0),
        Some(text) => text.strip_prefix("lsl #")?.parse::<u32>().ok(),
    };
    let value = match line.mnemonic.as_str() {
        "mov" | "movz" => number(1)? << shift(2)?,
        "movn" | "mvn" => !(number(1)? << shift(2)?),
        "movk" => before(of) & !(0xffff << shift(2)?) | number(1)? << shift(2)?,
        "add" | "adds" => number(1)?.wrapping_add(number(2)? << shift(3)?),
        "sub" | "subs" => number(1)?.wrapping_sub(number(2)? << shift(3)?),
        "neg" | "negs" => 0_u64.wrapping_sub(number(1)? << shift(2)?),
        "orr" => number(1)? | number(2)? << shift(3)?,
        "adr" | "adrp" => {
            u64::from_str_radix(line.operands.get(1)?.strip_prefix("0x")?, 16).ok()?
        }
        _ => return None,
    };
    Some(low(value))
}
