//! 32-bit ARM's instructions of both sets, A32 and Thumb, as far as they move numbers.
//!
//! yaxpeax-arm decodes them, and is not believed blindly: an instruction counts as understood only
//! where its opcode and the kinds of its operands stand in a list here; after any other, every
//! register may hold anything. Coprocessors and vectors, which the library hardly knows, are read
//! from their encoding: chapters A5 to A7 of the Arm Architecture Reference Manual, Armv7-A.
//!
//! Proof: `src/audit/tests/disassembler.rs::random_words_of_arm_write_no_register_unseen`,
//! `src/audit/tests/disassembler.rs::random_halves_of_thumb_write_no_register_unseen`

mod execute;
mod memory;
mod vectors;
mod writes;

use yaxpeax_arch::{Decoder, U8Reader};
use yaxpeax_arm::armv7::{ConditionCode, InstDecoder, Instruction, Opcode};

use super::binary::{Image, Mode};
use super::instruction::{Next, Step};
use super::state::{Register, State};
use execute::Execution;

pub(super) const STACK: Register = 13;
const LINK: Register = 14;
const COUNTER: Register = 15;

pub(super) fn step(image: &Image, mode: Mode, at: u64, state: &mut State) -> Step {
    let Some(encoded) = Encoded::read(image, mode, at) else {
        let length = if mode == Mode::Thumb { 2 } else { 4 };
        return Step::of(length, Next::Returns { conditional: false });
    };
    let decoded = encoded.decode();
    let before = is_conditional(encoded, decoded.as_ref(), state).then(|| state.clone());
    let mut execution = Execution { image, at, encoded, state, literal: None };
    let next = execution.any(decoded.as_ref());
    let literal = execution.literal;
    let next = match before {
        Some(before) => on_condition(next, &before, state),
        None => next,
    };
    Step { length: encoded.length, next, literal }
}

/// An instruction as it is encoded.
#[derive(Debug, Clone, Copy)]
struct Encoded {
    mode: Mode,
    /// Four bytes as the manual numbers their bits; Thumb's short ones are the lower half.
    word: u32,
    length: u64,
}

impl Encoded {
    fn read(image: &Image, mode: Mode, at: u64) -> Option<Self> {
        let number = |at, width| image.number(at, width).and_then(|word| u32::try_from(word).ok());
        if mode == Mode::Arm {
            return Some(Self { mode, word: number(at, 4)?, length: 4 });
        }
        let first = number(at, 2)?;
        if first >> 11 < 0b11101 {
            return Some(Self { mode, word: first, length: 2 });
        }
        let second = number(at.wrapping_add(2), 2)?;
        Some(Self { mode, word: first << 16 | second, length: 4 })
    }

    fn is_thumb(self) -> bool {
        self.mode == Mode::Thumb
    }

    /// Reads it with the library: nothing where that does not know it.
    fn decode(self) -> Option<Instruction> {
        if self.is_vector() || self.is_beyond_the_last_register() {
            return None;
        }
        let halves = [self.word >> 16, self.word & 0xffff];
        let bytes = match (self.mode, self.length) {
            (Mode::Thumb, 4) => (halves[0] | halves[1] << 16).to_le_bytes(),
            _ => self.word.to_le_bytes(),
        };
        let decoder = InstDecoder::default().with_thumb_mode(self.is_thumb());
        decoder.decode(&mut U8Reader::new(&bytes)).ok()
    }

    /// Loads and stores of half-words, bytes with a sign and pairs may not name the last register:
    /// what they do then is nowhere said, and the library panics at pairs.
    fn is_beyond_the_last_register(self) -> bool {
        let is_one = self.word & 0x0e00_0090 == 0x0000_0090 && self.word & 0x60 != 0;
        !self.is_thumb() && is_one && self.word & 0xf000 == 0xf000
    }
}

/// Whether an instruction is executed on a condition only.
fn is_conditional(encoded: Encoded, decoded: Option<&Instruction>, state: &State) -> bool {
    match encoded.mode {
        Mode::Thumb => {
            let jumps =
                |one: &Instruction| one.opcode == Opcode::B && one.condition != ConditionCode::AL;
            state.conditional > 0 || decoded.is_some_and(jumps)
        }
        _ => encoded.word >> 28 < 14,
    }
}

/// What is known after an instruction that may have been executed or not.
fn on_condition(next: Next, before: &State, state: &mut State) -> Next {
    // What leaves when it is executed has not been where the next one is.
    if matches!(next, Next::Returns { .. } | Next::Somewhere) {
        *state = before.clone();
    } else {
        state.perhaps(before);
    }
    state.conditional = before.conditional.saturating_sub(1);
    next.on_condition()
}
