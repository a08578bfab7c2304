//! What is known of the registers and of the stack at a place in a program.

/// A register by its number, as the machine counts them.
pub(super) type Register = u8;

/// As many as the machine with the most of them has, the stack pointer of 64-bit ARM included.
pub(super) const REGISTERS: usize = 32;

/// What is remembered of the stack, in words: more is forgotten, which only makes less known.
const SLOTS: usize = 32;

/// How many numbers one place may be reached with before they count as unknown.
const NUMBERS: usize = 6;

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

    pub(super) fn inverted(self) -> Self {
        match self {
            Self::Number(number) => Self::Number(!number),
            _ => Self::Unknown,
        }
    }

    /// The bits that are set in one of two numbers.
    pub(super) fn united(self, other: Self) -> Self {
        match (self, other) {
            (Self::Number(one), Self::Number(two)) => Self::Number(one | two),
            _ => Self::Unknown,
        }
    }

    /// A number of 32 bits whose upper half is another one.
    pub(super) fn with_upper_half(self, upper: Self) -> Self {
        match (self, upper) {
            (Self::Number(low), Self::Number(upper)) => Self::Number(low & 0xffff | upper << 16),
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

/// A word of the stack.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// How far it is from the stack's address at the function's beginning.
    at: i64,
    size: u8,
    value: Value,
}

impl Slot {
    fn overlaps(&self, at: i64, size: u8) -> bool {
        at < self.at.saturating_add(self.size.into()) && self.at < at.saturating_add(size.into())
    }
}

/// Words that are smaller hold no pointers and no registers that a function keeps for its caller.
const SMALLEST: u8 = 4;

/// The registers and the stack at a place.
#[derive(Debug, Clone)]
pub(super) struct State {
    registers: [Value; REGISTERS],
    slots: Vec<Slot>,
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

    /// Forgets all, as after an instruction that may have written anything.
    pub(super) fn forget_all(&mut self) {
        self.registers = [Value::Unknown; REGISTERS];
        self.slots.clear();
    }

    /// What so many bytes at an address hold: the lower half of a word that is longer, too.
    pub(super) fn load(&self, address: Value, size: u8) -> Value {
        match address {
            _ if size < SMALLEST => Value::Unknown,
            Value::Stack(at) => {
                let slot = self.slots.iter().find(|slot| slot.at == at && slot.size >= size);
                slot.map_or(Value::Unknown, |slot| slot.value)
            }
            Value::Number(address) => Value::Slot(address),
            _ => Value::Unknown,
        }
    }

    /// What is stored where nobody knows is taken to change nothing that is known of the stack.
    ///
    /// Otherwise nothing would be known any more after the first line of most functions, and what
    /// compilers keep on the stack without ever taking its address is what this looks for.
    pub(super) fn store(&mut self, address: Value, size: u8, value: Value) {
        let Value::Stack(at) = address else {
            return;
        };
        self.slots.retain(|slot| !slot.overlaps(at, size));
        if value != Value::Unknown && size >= SMALLEST && self.slots.len() < SLOTS {
            self.slots.push(Slot { at, size, value });
        }
    }

    /// Forgets what is known of the stack where an address leads there and what is stored does not
    /// say how long it is.
    pub(super) fn spoil(&mut self, address: Value) {
        if matches!(address, Value::Stack(_)) {
            self.slots.clear();
        }
    }

    fn same_slot(&self, slot: &Slot) -> Value {
        let same = self.slots.iter().find(|other| other.at == slot.at && other.size == slot.size);
        same.map_or(Value::Unknown, |other| other.value)
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
        self.slots.retain_mut(|slot| {
            slot.value = slot.value.or(before.same_slot(slot));
            slot.value != Value::Unknown
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
        self.slots.retain_mut(|slot| {
            let joined = slot.value.or(other.same_slot(slot));
            changed |= joined != slot.value;
            slot.value = joined;
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
        state.store(address, 4, Value::Number(5));
        assert_eq!(state.load(Value::Stack(-4), 4), Value::Number(5));
        assert_eq!(state.load(Value::Stack(-8), 4), Value::Unknown);
    }

    #[test]
    fn a_store_forgets_every_word_that_it_touches() {
        let mut state = State::entry(13);
        for at in [-16, -12, -8, -4] {
            state.store(Value::Stack(at), 4, Value::Number(5));
        }
        state.store(Value::Stack(-13), 2, Value::Unknown);
        let known = [-16, -12, -8, -4].map(|at| state.load(Value::Stack(at), 4));
        assert_eq!(known[..2], [Value::Unknown; 2]);
        assert_eq!(known[2..], [Value::Number(5); 2]);
        state.store(Value::Stack(-8), 8, Value::Number(6));
        assert_eq!(state.load(Value::Stack(-4), 4), Value::Unknown);
    }
}
