//! What is known of the registers and of the stack at a place in a program.

/// A register by its number, as the machine counts them.
pub(super) type Register = u8;

/// As many as the machine with the most of them has, the stack pointer of 64-bit ARM included.
pub(super) const REGISTERS: usize = 32;

/// What is remembered of the stack: more is forgotten, which only makes less known.
const SLOTS: usize = 32;

/// How many numbers one place may be reached with before they count as unknown.
const NUMBERS: usize = 6;

/// The lowest bits of a word, at most eight, as a register's number.
pub(super) fn low_bits(word: u32, count: u32) -> Register {
    word.to_le_bytes()[0] & (0xff >> (8 - count))
}

/// The register in which 32-bit ARM's kernel finds the number of a system call.
const KEPT_ON_ARM: Register = 7;

/// What a register or a word of the stack may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// Anything.
    Unknown,
    /// What this register held when the function was entered.
    Entry(Register),
    /// The address of the stack at the function's beginning, and so many bytes.
    Stack(i64),
    /// A number or an address.
    Number(u64),
    /// One of these small numbers; or, where it comes from many places, anything.
    Numbers { count: u8, numbers: [u16; NUMBERS], or_anything: bool },
    /// What the word at an address holds, such as a pointer to a function of a library.
    Slot(u64),
}

impl Value {
    /// What it may be where it comes from two places.
    fn or(self, other: Self) -> Self {
        if self == other {
            return self;
        }
        let mut all: Vec<u16> = self.small().into_iter().chain(other.small()).flatten().collect();
        all.sort_unstable();
        all.dedup();
        let or_anything = !self.is_told() || !other.is_told();
        let mut numbers = [0; NUMBERS];
        match (u8::try_from(all.len()), numbers.get_mut(..all.len())) {
            (Ok(count @ 1..), Some(room)) => {
                room.copy_from_slice(&all);
                Self::Numbers { count, numbers, or_anything }
            }
            _ => Self::Unknown,
        }
    }

    /// Whether it is one of its small numbers and nothing else.
    pub(super) fn is_told(self) -> bool {
        match self {
            Self::Number(number) => u16::try_from(number).is_ok(),
            Self::Numbers { or_anything, .. } => !or_anything,
            _ => false,
        }
    }

    /// The numbers it may be that are small enough to be system calls.
    pub(super) fn small(self) -> Option<Vec<u16>> {
        match self {
            Self::Number(number) => u16::try_from(number).ok().map(|number| vec![number]),
            Self::Numbers { count, numbers, .. } => Some(numbers[..usize::from(count)].to_vec()),
            _ => None,
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => Self::Number(one.wrapping_add(two)),
            (Self::Stack(from), Self::Number(by)) | (Self::Number(by), Self::Stack(from)) => {
                Self::Stack(from.wrapping_add(by.cast_signed()))
            }
            _ => Self::Unknown,
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        match other {
            Self::Number(by) => self.plus(Self::Number(by.wrapping_neg())),
            _ => Self::Unknown,
        }
    }

    /// The same with 32 bits, as the smaller machines keep it.
    pub(super) fn in_32_bits(self) -> Self {
        match self {
            Self::Number(number) => Self::Number(number & 0xffff_ffff),
            Self::Stack(at) => Self::Stack(at << 32 >> 32),
            other => other,
        }
    }
}

/// The registers and the stack at a place.
#[derive(Debug, Clone)]
pub(super) struct State {
    registers: [Value; REGISTERS],
    /// Words of the stack by their distance from the stack's address at the function's beginning.
    slots: Vec<(i64, Value)>,
    /// How many of the next instructions are executed on a condition only (Thumb's `IT`).
    pub(super) conditional: u8,
    /// Whether nothing is seen to lead here, so that every other way here says more.
    pub(super) guessed: bool,
}

impl State {
    /// At the beginning of a function, whose stack pointer is the register that is named.
    pub(super) fn entry(stack: Register) -> Self {
        let mut state = Self::unknown();
        for (number, value) in state.registers.iter_mut().enumerate() {
            *value = Value::Entry(u8::try_from(number).unwrap_or(0));
        }
        state.set(stack, Value::Stack(0));
        state
    }

    /// At a place of which nothing is known.
    pub(super) fn unknown() -> Self {
        Self {
            registers: [Value::Unknown; REGISTERS],
            slots: Vec::new(),
            conditional: 0,
            guessed: false,
        }
    }

    /// At a place that nothing is seen to lead to.
    pub(super) fn guessed() -> Self {
        Self { guessed: true, ..Self::unknown() }
    }

    pub(super) fn get(&self, register: Register) -> Value {
        self.registers.get(usize::from(register)).copied().unwrap_or(Value::Unknown)
    }

    pub(super) fn set(&mut self, register: Register, value: Value) {
        if let Some(held) = self.registers.get_mut(usize::from(register)) {
            *held = value;
        }
    }

    pub(super) fn forget(&mut self, registers: impl IntoIterator<Item = Register>) {
        for register in registers {
            self.set(register, Value::Unknown);
        }
    }

    /// What a word at an address holds.
    pub(super) fn load(&self, address: Value) -> Value {
        match address {
            Value::Stack(at) => {
                let slot = self.slots.iter().find(|(place, _)| *place == at);
                slot.map_or(Value::Unknown, |(_, value)| *value)
            }
            Value::Number(address) => Value::Slot(address),
            _ => Value::Unknown,
        }
    }

    /// What is stored where nobody knows is taken to change nothing that is known of the stack.
    pub(super) fn store(&mut self, address: Value, value: Value) {
        let Value::Stack(at) = address else {
            return;
        };
        self.slots.retain(|(place, _)| *place != at);
        if value != Value::Unknown && self.slots.len() < SLOTS {
            self.slots.push((at, value));
        }
    }

    /// Takes back what an instruction did that is executed on a condition only.
    ///
    /// A register of which nothing was known, or that a function only keeps for its caller, holds
    /// what it was given: its other value comes on the opposite condition.
    pub(super) fn perhaps(&mut self, before: &Self) {
        for (mine, old) in self.registers.iter_mut().zip(&before.registers) {
            let untold = matches!(old, Value::Unknown | Value::Entry(KEPT_ON_ARM));
            if !untold {
                *mine = mine.or(*old);
            }
        }
        self.slots.retain_mut(|(at, value)| {
            *value = value.or(before.load(Value::Stack(*at)));
            *value != Value::Unknown
        });
    }

    /// Takes in what may be otherwise because the place is reached from elsewhere too, and says
    /// whether that changed anything.
    pub(super) fn join(&mut self, other: &Self) -> bool {
        if self.guessed != other.guessed {
            let better = self.guessed;
            if better {
                *self = other.clone();
            }
            return better;
        }
        let mut changed = false;
        for (mine, theirs) in self.registers.iter_mut().zip(&other.registers) {
            let joined = mine.or(*theirs);
            changed |= joined != *mine;
            *mine = joined;
        }
        self.slots.retain_mut(|(at, value)| {
            let joined = value.or(other.load(Value::Stack(*at)));
            changed |= joined != *value;
            *value = joined;
            joined != Value::Unknown
        });
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reached_with_two_numbers_holds_either() {
        let mut state = State::entry(13);
        state.set(7, Value::Number(162));
        let mut other = state.clone();
        other.set(7, Value::Number(265));
        assert!(state.join(&other));
        assert_eq!(state.get(7).small(), Some(vec![162, 265]));
        assert!(!state.join(&other), "the second time it is known");
    }

    #[test]
    fn what_is_stored_on_the_stack_is_found_there() {
        let mut state = State::entry(13);
        let address = state.get(13).minus(Value::Number(4));
        state.store(address, Value::Number(5));
        assert_eq!(state.load(Value::Stack(-4)), Value::Number(5));
        assert_eq!(state.load(Value::Stack(-8)), Value::Unknown);
    }
}
