//! Thumb's instructions of two and four bytes, as far as they move numbers.
//!
//! Encodings: Arm Architecture Reference Manual, Armv7-A and Armv7-R, chapter A6. What is not
//! understood makes the registers that it may write unknown.

use super::binary::Image;
use super::machine::{Next, Step, target};
use super::state::{Register, State, Value, low_bits};

const STACK: Register = 13;
const LINK: Register = 14;
const COUNTER: Register = 15;

pub(super) fn step(image: &Image, at: u64, state: &mut State) -> Step {
    let Some(first) = half(image, at) else {
        return Step::of(2, Next::Returns { conditional: false });
    };
    let second = if first >> 11 >= 0b11101 { half(image, at.wrapping_add(2)) } else { None };
    let before = (state.conditional > 0).then(|| state.clone());
    let mut instruction = Instruction { image, at, state, literal: None };
    let (length, next) = match second {
        Some(second) => (4, instruction.wide(first, second)),
        None => (2, instruction.narrow(first)),
    };
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
            state.conditional = before.conditional - 1;
            match next {
                Next::Jump { to, .. } => Next::Jump { to, conditional: true },
                Next::Somewhere | Next::Returns { .. } => Next::Returns { conditional: true },
                next => next,
            }
        }
    };
    Step { length, next, literal }
}

fn half(image: &Image, at: u64) -> Option<u32> {
    image.number(at, 2).and_then(|half| u32::try_from(half).ok())
}

fn low(word: u32, place: u32) -> Register {
    low_bits(word >> place, 3)
}

fn number(bits: u32) -> Value {
    Value::Number(u64::from(bits))
}

fn signed(bits: u32, width: u32) -> i64 {
    i64::from((bits << (32 - width)).cast_signed() >> (32 - width))
}

struct Instruction<'image, 'data, 'state> {
    image: &'image Image<'data>,
    at: u64,
    state: &'state mut State,
    literal: Option<u64>,
}

impl Instruction<'_, '_, '_> {
    fn get(&self, register: Register) -> Value {
        if register == COUNTER { Value::Number(self.at + 4) } else { self.state.get(register) }
    }

    fn set(&mut self, register: Register, value: Value) -> Next {
        if register != COUNTER {
            self.state.set(register, value.in_32_bits());
            return Next::Falls;
        }
        match (value, target(value)) {
            (Value::Entry(LINK), _) => Next::Returns { conditional: false },
            (_, Some(to)) => Next::Jump { to: to & !1, conditional: false },
            (_, None) => Next::Somewhere,
        }
    }

    fn branch(&self, offset: i64) -> u64 {
        self.at.wrapping_add(4).wrapping_add_signed(offset) & 0xffff_ffff
    }

    fn narrow(&mut self, half: u32) -> Next {
        let small = number(half & 0xff);
        let register = low(half, 8);
        match half >> 11 {
            0b00000 if half & 0x7c0 == 0 => self.set(low(half, 0), self.get(low(half, 3))),
            0b00011 if half >> 10 & 1 == 1 => {
                self.add(low(half, 0), low(half, 3), half >> 6 & 7, half >> 9 & 1 == 1)
            }
            0b00100 => self.set(register, small),
            0b00110 => self.add(register, register, half & 0xff, false),
            0b00111 => self.add(register, register, half & 0xff, true),
            0b01000 => self.with_registers(half),
            0b01001 => {
                let place = (self.at.wrapping_add(4) & !3) + u64::from(half & 0xff) * 4;
                self.set_literal(register, place)
            }
            0b01010 | 0b01011 if half >> 9 & 7 >= 3 => self.set(low(half, 0), Value::Unknown),
            0b00000..=0b00011 | 0b01101 | 0b01111 | 0b10001 => {
                self.set(low(half, 0), Value::Unknown)
            }
            0b10010 => {
                let address = self.on_stack(half);
                self.state.store(address, self.get(register));
                Next::Falls
            }
            0b10011 => self.set(register, self.state.load(self.on_stack(half))),
            0b10100 => {
                let place = (self.at.wrapping_add(4) & !3) + u64::from(half & 0xff) * 4;
                self.set(register, Value::Number(place))
            }
            0b10101 => self.set(register, self.on_stack(half)),
            0b10110 | 0b10111 => self.miscellaneous(half),
            // Several registers from or to where another one points, which moves on.
            0b11000 => self.set(register, Value::Unknown),
            0b11001 => {
                let list = (0..8).filter(|place| half >> place & 1 == 1);
                self.state.forget(list.chain([register]));
                Next::Falls
            }
            0b11010 | 0b11011 => match half >> 8 & 15 {
                15 => Next::SystemCall,
                14 => Next::Returns { conditional: false },
                _ => Next::Jump { to: self.branch(signed(half & 0xff, 8) * 2), conditional: true },
            },
            0b11100 => {
                let to = self.branch(signed(half & 0x7ff, 11) * 2);
                Next::Jump { to, conditional: false }
            }
            _ => Next::Falls,
        }
    }

    fn on_stack(&self, half: u32) -> Value {
        self.get(STACK).plus(number((half & 0xff) * 4))
    }

    fn add(&mut self, to: Register, from: Register, by: u32, minus: bool) -> Next {
        let from = self.get(from);
        self.set(to, if minus { from.minus(number(by)) } else { from.plus(number(by)) })
    }

    fn set_literal(&mut self, register: Register, place: u64) -> Next {
        self.literal = Some(place);
        let value = self.image.number(place, 4).map_or(Value::Unknown, Value::Number);
        self.set(register, value)
    }

    fn with_registers(&mut self, half: u32) -> Next {
        let to = low_bits(half & 7 | half >> 4 & 8, 4);
        let from = low_bits(half >> 3, 4);
        match half >> 8 & 7 {
            0b100 => self.set(to, self.get(to).plus(self.get(from))),
            0b101 => Next::Falls,
            0b110 if to == COUNTER && from == LINK => Next::Returns { conditional: false },
            0b110 => self.set(to, self.get(from)),
            0b111 if half >> 7 & 1 == 1 => {
                Next::Call { to: target(self.get(from)).map(|to| to & !1) }
            }
            0b111 if from == LINK => Next::Returns { conditional: false },
            0b111 => self.set(COUNTER, self.get(from)),
            // Of those that compute, these only compare.
            _ if matches!(half >> 6 & 15, 8 | 10 | 11) => Next::Falls,
            _ => self.set(low(half, 0), Value::Unknown),
        }
    }

    fn miscellaneous(&mut self, half: u32) -> Next {
        match half >> 8 & 15 {
            0b0000 => self.add(STACK, STACK, (half & 0x7f) * 4, half >> 7 & 1 == 1),
            0b0100 | 0b0101 => self.push(half & 0xff | half << 6 & 0x4000),
            0b1100 | 0b1101 => self.pop(half & 0xff | half << 7 & 0x8000),
            0b0001 | 0b0011 | 0b1001 | 0b1011 => {
                let offset = (half >> 3 & 0x1f) * 2 + (half >> 9 & 1) * 64;
                Next::Jump { to: self.branch(i64::from(offset)), conditional: true }
            }
            0b0010 | 0b1010 => self.set(low(half, 0), Value::Unknown),
            0b1111 if half & 15 != 0 => {
                self.state.conditional = 4 - low_bits((half & 15).trailing_zeros(), 2);
                Next::Falls
            }
            _ => Next::Falls,
        }
    }

    fn push(&mut self, list: u32) -> Next {
        let address = self.get(STACK).minus(number(list.count_ones() * 4));
        self.state.set(STACK, address);
        let listed = (0..16).filter(|place| list >> place & 1 == 1);
        for (place, register) in listed.enumerate() {
            let address = address.plus(Value::Number(place as u64 * 4));
            self.state.store(address, self.state.get(register));
        }
        Next::Falls
    }

    fn pop(&mut self, list: u32) -> Next {
        let address = self.get(STACK);
        let listed = (0..15).filter(|place| list >> place & 1 == 1);
        for (place, register) in listed.enumerate() {
            let address = address.plus(Value::Number(place as u64 * 4));
            self.state.set(register, self.state.load(address));
        }
        self.state.set(STACK, address.plus(number(list.count_ones() * 4)));
        if list >> 15 & 1 == 1 { Next::Returns { conditional: false } } else { Next::Falls }
    }

    fn wide(&mut self, first: u32, second: u32) -> Next {
        if first >> 11 == 0b11110 && second >> 15 == 1 {
            return self.wide_branch(first, second);
        }
        let (base, register) = (low_bits(first, 4), low_bits(second >> 12, 4));
        let destination = low_bits(second >> 8, 4);
        let plain = (first >> 10 & 1) << 11 | second >> 4 & 0x700 | second & 0xff;
        match (first, first & 0xfff0) {
            (0xe92d, _) => self.push(second),
            (0xe8bd, _) => self.pop(second),
            (_, 0xe8d0) if second & 0xffe0 == 0xf000 => Next::Somewhere,
            (0xea4f, _) if second & 0x70f0 == 0 => {
                self.set(destination, self.get(low_bits(second, 4)))
            }
            (0xf85d, _) if second & 0xfff == 0xb04 => self.pop(1 << register),
            (0xf84d, _) if second & 0xfff == 0xd04 => self.push(1 << register),
            (0xf85f | 0xf8df, _) => {
                let place = self.at.wrapping_add(4) & !3;
                let offset = u64::from(second & 0xfff);
                let place = if first >> 7 & 1 == 1 {
                    place.wrapping_add(offset)
                } else {
                    place.wrapping_sub(offset)
                };
                self.set_literal(register, place)
            }
            (_, 0xf8d0) => {
                let address = self.get(base).plus(number(second & 0xfff));
                self.set(register, self.state.load(address))
            }
            (_, 0xf8c0) => {
                let address = self.get(base).plus(number(second & 0xfff));
                self.state.store(address, self.get(register));
                Next::Falls
            }
            _ => match (first & 0xfbf0, first & 0xfbef) {
                (0xf240, _) => self.set(destination, number(plain | (first & 15) << 12)),
                (0xf2c0, _) => {
                    let high = u64::from(plain | (first & 15) << 12) << 16;
                    let value = match self.get(destination) {
                        Value::Number(low) => Value::Number(low & 0xffff | high),
                        _ => Value::Unknown,
                    };
                    self.set(destination, value)
                }
                (_, 0xf04f | 0xf05f) => self.set(destination, number(expanded(plain))),
                (_, 0xf06f | 0xf07f) => self.set(destination, number(!expanded(plain))),
                (0xf100, _) => self.add(destination, base, expanded(plain), false),
                (0xf1a0, _) => self.add(destination, base, expanded(plain), true),
                (0xf200, _) => self.add(destination, base, plain, false),
                (0xf2a0, _) => self.add(destination, base, plain, true),
                _ => {
                    self.state.forget([register, destination].into_iter().filter(|r| *r != STACK));
                    Next::Falls
                }
            },
        }
    }

    fn wide_branch(&self, first: u32, second: u32) -> Next {
        let sign = first >> 10 & 1;
        let (one, two) = (second >> 13 & 1, second >> 11 & 1);
        let far = |high: u32| {
            let (one, two) = (!(one ^ sign) & 1, !(two ^ sign) & 1);
            let bits = sign << 24 | one << 23 | two << 22 | high << 12 | (second & 0x7ff) << 1;
            self.branch(signed(bits, 25))
        };
        match (second >> 14 & 1, second >> 12 & 1) {
            (1, 1) => Next::Call { to: Some(far(first & 0x3ff)) },
            // To ARM's instructions, which begin at multiples of four.
            (1, _) => Next::Call { to: Some(far(first & 0x3ff) & !3) },
            (_, 1) => Next::Jump { to: far(first & 0x3ff), conditional: false },
            _ if first >> 6 & 0xe == 0xe => Next::Falls,
            _ => {
                let bits = sign << 20 | two << 19 | one << 18 | (first & 0x3f) << 12;
                let to = self.branch(signed(bits | (second & 0x7ff) << 1, 21));
                Next::Jump { to, conditional: true }
            }
        }
    }
}

/// The number that twelve bits of an instruction stand for.
fn expanded(bits: u32) -> u32 {
    let byte = bits & 0xff;
    match bits >> 8 {
        0 => byte,
        1 => byte << 16 | byte,
        2 => byte << 24 | byte << 8,
        3 => byte << 24 | byte << 16 | byte << 8 | byte,
        _ => (0x80 | bits & 0x7f).rotate_right(bits >> 7 & 31),
    }
}
