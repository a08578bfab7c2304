//! ARM's instructions of four bytes, as far as they move numbers.
//!
//! Encodings: Arm Architecture Reference Manual, Armv7-A and Armv7-R, chapter A5. What is not
//! understood makes the registers that it may write unknown.

use super::binary::Image;
use super::machine::{Next, Step, target};
use super::state::{Register, State, Value, low_bits};

pub(super) const STACK: Register = 13;
const LINK: Register = 14;
const COUNTER: Register = 15;

pub(super) fn step(image: &Image, at: u64, state: &mut State) -> Step {
    let Some(word) = image.number(at, 4).and_then(|word| u32::try_from(word).ok()) else {
        return Step::of(4, Next::Returns { conditional: false });
    };
    let condition = word >> 28;
    if condition == 15 {
        return Step::of(4, unconditional(word, at));
    }
    let before = (condition != 14).then(|| state.clone());
    let mut instruction = Instruction { image, at, word, state, literal: None };
    let next = instruction.execute();
    let literal = instruction.literal;
    let next = match (before, next) {
        (None, next) => next,
        (Some(before), next) => {
            let left = matches!(next, Next::Returns { .. } | Next::Somewhere);
            // What leaves when it is executed has not been where the next one is.
            if left {
                *state = before.clone();
            } else {
                state.perhaps(&before);
            }
            match next {
                Next::Jump { to, .. } => Next::Jump { to, conditional: true },
                // What a table does not hold falls through: `addls pc, pc, r3, lsl #2`.
                Next::Somewhere | Next::Returns { .. } => Next::Returns { conditional: true },
                next => next,
            }
        }
    };
    Step { length: 4, next, literal }
}

/// Branches to Thumb; the other instructions of this space move no numbers.
fn unconditional(word: u32, at: u64) -> Next {
    if word >> 25 == 0b111_1101 {
        let half = u64::from(word >> 24 & 1) * 2;
        return Next::Call { to: Some(branch(word, at).wrapping_add(half) & 0xffff_ffff) };
    }
    Next::Falls
}

fn branch(word: u32, at: u64) -> u64 {
    let offset = (word << 8).cast_signed() >> 6;
    at.wrapping_add(8).wrapping_add_signed(i64::from(offset)) & 0xffff_ffff
}

struct Instruction<'image, 'data, 'state> {
    image: &'image Image<'data>,
    at: u64,
    word: u32,
    state: &'state mut State,
    literal: Option<u64>,
}

impl Instruction<'_, '_, '_> {
    fn execute(&mut self) -> Next {
        match self.bits(25, 3) {
            0b000 if self.bit(7) && self.bit(4) => self.multiply_or_move_half(),
            0b000 if self.bits(23, 2) == 0b10 && !self.bit(20) => self.miscellaneous(),
            0b001 if self.bits(23, 2) == 0b10 && !self.bit(20) => self.wide_number(),
            0b000 | 0b001 => self.compute(),
            0b010 => self.load_or_store(),
            0b011 if !self.bit(4) => self.load_or_store(),
            0b100 => self.several(),
            0b101 => {
                let to = branch(self.word, self.at);
                if self.bit(24) {
                    Next::Call { to: Some(to) }
                } else {
                    Next::Jump { to, conditional: false }
                }
            }
            0b111 if self.bit(24) => {
                // A number in the instruction itself is the old interface's.
                if self.bits(0, 24) == 0 { Next::SystemCall } else { Next::Falls }
            }
            _ => {
                self.state.forget([self.register(12), self.register(16)]);
                Next::Falls
            }
        }
    }

    fn bit(&self, place: u32) -> bool {
        self.bits(place, 1) == 1
    }

    fn bits(&self, place: u32, count: u32) -> u32 {
        self.word >> place & ((1 << count) - 1)
    }

    fn register(&self, place: u32) -> Register {
        low_bits(self.word >> place, 4)
    }

    fn get(&self, register: Register) -> Value {
        if register == COUNTER {
            Value::Number(self.at.wrapping_add(8) & 0xffff_ffff)
        } else {
            self.state.get(register)
        }
    }

    /// Writes a register; writing the program counter is a jump.
    fn set(&mut self, register: Register, value: Value) -> Next {
        if register != COUNTER {
            self.state.set(register, value.in_32_bits());
            return Next::Falls;
        }
        match (value, target(value)) {
            // What the caller left in the link register.
            (Value::Entry(LINK), _) => Next::Returns { conditional: false },
            (_, Some(to)) => Next::Jump { to: to & !1, conditional: false },
            (_, None) => Next::Somewhere,
        }
    }

    fn multiply_or_move_half(&mut self) -> Next {
        let (one, two) = (self.register(12), self.register(16));
        let pair = self.bits(4, 4) == 0b1101 && !self.bit(20);
        if self.bits(5, 2) == 0 {
            self.state.forget([one, two]);
        } else if self.bit(20) || pair {
            self.state.forget([one]);
            if pair {
                self.state.forget([one + 1]);
            }
        }
        if self.bits(5, 2) != 0 && (!self.bit(24) || self.bit(21)) {
            self.state.forget([two]);
        }
        Next::Falls
    }

    fn miscellaneous(&mut self) -> Next {
        let pointer = self.get(self.register(0));
        match self.bits(4, 8) {
            0xf1 if self.register(0) == LINK => Next::Returns { conditional: false },
            0xf1 => self.set(COUNTER, pointer),
            0xf3 => Next::Call { to: target(pointer).map(|to| to & !1) },
            _ => {
                self.state.forget([self.register(12), self.register(16)]);
                Next::Falls
            }
        }
    }

    /// `movw` and `movt`.
    fn wide_number(&mut self) -> Next {
        let number = u64::from(self.bits(16, 4) << 12 | self.bits(0, 12));
        let register = self.register(12);
        match (self.bit(22), self.get(register)) {
            _ if self.bit(21) => Next::Falls,
            (false, _) => self.set(register, Value::Number(number)),
            (true, Value::Number(low)) => {
                self.set(register, Value::Number(low & 0xffff | number << 16))
            }
            (true, _) => self.set(register, Value::Unknown),
        }
    }

    fn compute(&mut self) -> Next {
        let (first, second) = (self.get(self.register(16)), self.operand());
        let value = match self.bits(21, 4) {
            // These only compare.
            8..=11 => return Next::Falls,
            0b0010 => first.minus(second),
            0b0100 => first.plus(second),
            0b1101 => {
                if self.register(12) == COUNTER && self.word & 0x0200_0fff == u32::from(LINK) {
                    return Next::Returns { conditional: false };
                }
                second
            }
            0b1111 => match second {
                Value::Number(number) => Value::Number(!number),
                _ => Value::Unknown,
            },
            0b1100 => match (first, second) {
                (Value::Number(one), Value::Number(two)) => Value::Number(one | two),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        };
        self.set(self.register(12), value)
    }

    fn operand(&self) -> Value {
        if self.bit(25) {
            let number = self.bits(0, 8).rotate_right(self.bits(8, 4) * 2);
            return Value::Number(u64::from(number));
        }
        if self.bits(4, 8) == 0 { self.get(self.register(0)) } else { Value::Unknown }
    }

    fn load_or_store(&mut self) -> Next {
        let base = self.get(self.register(16));
        let offset = if !self.bit(25) {
            Value::Number(u64::from(self.bits(0, 12)))
        } else if self.bits(4, 8) == 0 {
            self.get(self.register(0))
        } else {
            Value::Unknown
        };
        let moved = if self.bit(23) { base.plus(offset) } else { base.minus(offset) };
        let moved = moved.in_32_bits();
        let before = self.bit(24);
        let address = if before { moved } else { base };
        let register = self.register(12);
        let value = if self.bit(22) { Value::Unknown } else { self.load(address) };
        if !self.bit(20) && !self.bit(22) {
            self.state.store(address, self.get(register));
        }
        if !before || self.bit(21) {
            self.state.set(self.register(16), moved);
        }
        match (self.bit(20), register) {
            (false, _) => Next::Falls,
            // Off the stack comes where the caller goes on.
            (true, COUNTER) if self.register(16) == STACK => Next::Returns { conditional: false },
            (true, _) => self.set(register, value),
        }
    }

    /// A word: those near the instructions are numbers written there by the compiler.
    fn load(&mut self, address: Value) -> Value {
        let counted = !self.bit(25) && self.register(16) == COUNTER;
        match address {
            Value::Number(address) if counted => {
                self.literal = Some(address);
                self.image.number(address, 4).map_or(Value::Unknown, Value::Number)
            }
            _ => self.state.load(address),
        }
    }

    fn several(&mut self) -> Next {
        let list = (0..16).filter(|place| self.bit(*place)).map(|place| low_bits(place, 4));
        let list: Vec<Register> = list.collect();
        let base = self.get(self.register(16));
        let size = Value::Number(list.len() as u64 * 4);
        let upwards = self.bit(23);
        let moved = if upwards { base.plus(size) } else { base.minus(size) };
        let lowest = if upwards { base } else { moved };
        let first = if self.bit(24) == upwards { lowest.plus(Value::Number(4)) } else { lowest };
        let loads = self.bit(20);
        for (place, register) in list.iter().enumerate() {
            let address = first.plus(Value::Number(place as u64 * 4));
            if loads && *register != COUNTER {
                self.state.set(*register, self.state.load(address));
            } else if !loads {
                self.state.store(address, self.get(*register));
            }
        }
        if self.bit(21) {
            self.state.set(self.register(16), moved.in_32_bits());
        }
        if loads && list.contains(&COUNTER) {
            return Next::Returns { conditional: false };
        }
        Next::Falls
    }
}
