//! Instructions of coprocessors, of floating point and of vectors: what they write of the registers
//! that count.
//!
//! All of them name a register in the same places: the one that they are moved from or to in the
//! bits from 12, a second one or the one that points to memory in those from 16.

use std::ops::RangeInclusive;

use super::Encoded;
use super::execute::Execution;
use crate::audit::state::{Register, Value};

/// The highest bits of these instructions in Thumb, without bit 28, which tells newer ones.
const COPROCESSOR: u32 = 0b110;

/// As many words as all registers of floating point hold, and one for an older format: more, or
/// none, is not defined.
const WORDS: RangeInclusive<u32> = 1..=33;

impl Encoded {
    /// Whether it is one of them.
    pub(super) fn is_vector(self) -> bool {
        let top = self.word >> 24;
        if self.is_thumb() {
            // `vld1` and its kind stand apart.
            let elements = top == 0xf9 && self.word >> 20 & 1 == 0;
            return self.length == 4 && (matches!(top & 0xef, 0xec..=0xef) || elements);
        }
        let software = top & 0xf == 0xf;
        let unconditional = matches!(top, 0xf2 | 0xf3) || top == 0xf4 && self.word >> 20 & 1 == 0;
        unconditional || top >> 1 & 0b111 >= COPROCESSOR && !software
    }

    /// Whether it moves to or from memory, and so may move the register that points there.
    fn is_to_memory(self) -> bool {
        self.word >> 25 & 0b111 == COPROCESSOR && self.word >> 21 & 0b1101 != 0
    }

    /// Newer vectors compute where older ones move to and from memory.
    fn is_newer(self) -> bool {
        self.word >> 28 == 0xf
    }

    fn is_among_elements(self) -> bool {
        matches!(self.word >> 24, 0xf4 | 0xf9)
    }
}

impl Execution<'_, '_, '_> {
    /// Executes one of them.
    pub(super) fn vector(&mut self) {
        let word = self.encoded.word;
        let base: Register = low_bits(word >> 16);
        if self.encoded.is_to_memory() {
            let loads = word >> 20 & 1 == 1;
            if !loads {
                self.state.spoil(self.state.get(base));
            }
            if word >> 21 & 1 == 1 && (self.encoded.is_newer() || !WORDS.contains(&(word & 0xff))) {
                self.state.forget([base]);
            } else if word >> 21 & 1 == 1 {
                let by = Value::Number(u64::from(word & 0xff) * 4);
                let from = self.state.get(base);
                let moved = if word >> 23 & 1 == 1 { from.plus(by) } else { from.minus(by) };
                self.state.set(base, moved.in_32_bits());
            }
        } else {
            if self.encoded.is_among_elements() {
                self.state.spoil(self.state.get(base));
            }
            self.state.forget([base, low_bits(word >> 12)]);
        }
    }
}

fn low_bits(word: u32) -> Register {
    word.to_le_bytes()[0] & 0xf
}
