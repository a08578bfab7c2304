//! 64-bit ARM's instructions, as far as they move numbers.
//!
//! Encodings: Arm Architecture Reference Manual for A-profile, chapter C4. What is not understood
//! makes the registers that it may write unknown.

use super::binary::Image;
use super::machine::{Next, Step, target};
use super::state::{Register, State, Value, low_bits};

pub(super) const STACK: Register = 31;

pub(super) fn step(image: &Image, at: u64, state: &mut State) -> Step {
    let Some(word) = image.number(at, 4).and_then(|word| u32::try_from(word).ok()) else {
        return Step::of(4, Next::Returns { conditional: false });
    };
    let mut instruction = Instruction { image, at, word, state, literal: None };
    let next = instruction.execute();
    Step { length: 4, next, literal: instruction.literal }
}

struct Instruction<'image, 'data, 'state> {
    image: &'image Image<'data>,
    at: u64,
    word: u32,
    state: &'state mut State,
    literal: Option<u64>,
}

impl Instruction<'_, '_, '_> {
    fn bits(&self, place: u32, count: u32) -> u32 {
        self.word >> place & ((1 << count) - 1)
    }

    fn register(&self, place: u32) -> Register {
        low_bits(self.word >> place, 5)
    }

    /// So many bits as a number with a sign, in words of four bytes.
    fn words(&self, place: u32, count: u32) -> i64 {
        let bits = self.word << (32 - count - place);
        i64::from(bits.cast_signed() >> (32 - count)) * 4
    }

    fn away(&self, offset: i64) -> u64 {
        self.at.wrapping_add_signed(offset)
    }

    /// Register 31 is the stack in some instructions; in the others it holds nothing and 0.
    fn set(&mut self, register: Register, value: Value) {
        if register != STACK {
            let wide = self.word >> 31 == 1;
            self.state.set(register, if wide { value } else { value.in_32_bits() });
        }
    }

    fn execute(&mut self) -> Next {
        match self.word >> 24 {
            _ if self.word & 0xffe0_001f == 0xd400_0001 => Next::SystemCall,
            _ if self.bits(26, 5) == 0b00101 => {
                let to = self.away(self.words(0, 26));
                if self.word >> 31 == 1 {
                    Next::Call { to: Some(to) }
                } else {
                    Next::Jump { to, conditional: false }
                }
            }
            0x54 | 0x34 | 0x35 | 0xb4 | 0xb5 => {
                Next::Jump { to: self.away(self.words(5, 19)), conditional: true }
            }
            0x36 | 0x37 | 0xb6 | 0xb7 => {
                Next::Jump { to: self.away(self.words(5, 14)), conditional: true }
            }
            0xd6 => self.by_register(),
            _ => {
                match self.bits(25, 4) {
                    0b1000 | 0b1001 => self.with_number(),
                    0b0101 | 0b1101 => self.with_registers(),
                    0b0100 | 0b0110 | 0b1100 | 0b1110 => self.memory(),
                    _ => self.set(self.register(0), Value::Unknown),
                }
                Next::Falls
            }
        }
    }

    fn by_register(&self) -> Next {
        let pointer = target(self.state.get(self.register(5)));
        match (self.bits(21, 3), pointer) {
            (0b000, Some(to)) => Next::Jump { to, conditional: false },
            (0b000, None) => Next::Somewhere,
            (0b001, to) => Next::Call { to },
            _ => Next::Returns { conditional: false },
        }
    }

    fn with_number(&mut self) {
        let register = self.register(0);
        let number = u64::from(self.bits(5, 16)) << (self.bits(21, 2) * 16);
        match (self.bits(23, 3), self.bits(29, 2)) {
            (0b101, 0b10) => self.set(register, Value::Number(number)),
            (0b101, 0b00) => self.set(register, Value::Number(!number)),
            (0b101, 0b11) => {
                let mask = 0xffff << (self.bits(21, 2) * 16);
                let value = match self.state.get(register) {
                    Value::Number(held) => Value::Number(held & !mask | number),
                    _ => Value::Unknown,
                };
                self.set(register, value);
            }
            (0b010, _) => self.add(),
            (0b000 | 0b001, _) => {
                let offset = self.words(5, 19) | i64::from(self.bits(29, 2));
                let page = self.word >> 31 == 1;
                let place = if page {
                    (self.at & !0xfff).wrapping_add_signed(offset << 12)
                } else {
                    self.away(offset)
                };
                self.state.set(register, Value::Number(place));
                if register == STACK {
                    self.state.set(STACK, Value::Unknown);
                }
            }
            _ => self.set(register, Value::Unknown),
        }
    }

    fn add(&mut self) {
        let number = Value::Number(u64::from(self.bits(10, 12)) << (self.bits(22, 1) * 12));
        let from = self.state.get(self.register(5));
        let value = if self.bits(30, 1) == 1 { from.minus(number) } else { from.plus(number) };
        let register = self.register(0);
        if self.bits(29, 1) == 0 && register == STACK {
            self.state.set(STACK, value);
        } else {
            self.set(register, value);
        }
    }

    fn with_registers(&mut self) {
        let moves = self.word & 0x7fe0_ffe0 == 0x2a00_03e0;
        let from = self.register(16);
        let value = match (moves, from) {
            (true, STACK) => Value::Number(0),
            (true, from) => self.state.get(from),
            (false, _) => Value::Unknown,
        };
        self.set(self.register(0), value);
    }

    fn memory(&mut self) {
        let register = self.register(0);
        let base = self.register(5);
        let size = self.word >> 30;
        if self.word & 0xbf00_0000 == 0x1800_0000 {
            let place = self.away(self.words(5, 19));
            self.literal = Some(place);
            let value = self.image.number(place, 4 << size).map_or(Value::Unknown, Value::Number);
            return self.state.set(register, value);
        }
        // Registers of floating point do not matter.
        let vector = self.bits(26, 1) == 1;
        match self.bits(27, 3) {
            0b101 => self.pair(vector),
            0b111 if self.bits(24, 1) == 1 => {
                let offset = u64::from(self.bits(10, 12)) << size;
                let address = self.state.get(base).plus(Value::Number(offset));
                self.one(address, vector);
            }
            0b111 if self.bits(21, 1) == 0 => {
                let offset = i64::from((self.word << 11).cast_signed() >> 23);
                let moved = self.state.get(base).plus(Value::Number(offset.cast_unsigned()));
                let kind = self.bits(10, 2);
                let address = if kind == 0b01 { self.state.get(base) } else { moved };
                self.one(address, vector);
                if kind & 1 == 1 {
                    self.state.set(base, moved);
                }
            }
            _ => self.state.forget([register, self.register(16)].into_iter().filter(|r| *r < 31)),
        }
    }

    fn one(&mut self, address: Value, vector: bool) {
        let register = self.register(0);
        let words = self.word >> 31 == 1 && !vector;
        match self.bits(22, 2) {
            0b00 if words => self.state.store(address, self.held(register)),
            0b01 if words => {
                let value = self.state.load(address);
                self.set(register, value);
            }
            0b00 => {}
            _ if vector => {}
            _ if register != STACK => self.state.set(register, Value::Unknown),
            _ => {}
        }
    }

    fn pair(&mut self, vector: bool) {
        let width = if vector { 4 << (self.word >> 30) } else { 4 << (self.word >> 31) };
        let offset = self.words(15, 7) / 4 * width;
        let base = self.register(5);
        let moved = self.state.get(base).plus(Value::Number(offset.cast_unsigned()));
        let kind = self.bits(23, 2);
        let first = if kind == 0b01 { self.state.get(base) } else { moved };
        let second = first.plus(Value::Number(width.cast_unsigned()));
        for (register, address) in [(self.register(0), first), (self.register(10), second)] {
            match self.bits(22, 1) {
                _ if vector => {}
                0 => self.state.store(address, self.held(register)),
                _ if register == STACK => {}
                _ => self.state.set(register, self.state.load(address)),
            }
        }
        if kind & 1 == 1 {
            self.state.set(base, moved);
        }
    }

    /// What is stored: register 31 stands for 0 there.
    fn held(&self, register: Register) -> Value {
        if register == STACK { Value::Number(0) } else { self.state.get(register) }
    }
}
