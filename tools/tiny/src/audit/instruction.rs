//! What an instruction means for what follows it: the same words for every machine.

use super::state::Value;

/// What follows an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The next instruction.
    Falls,
    /// Another place, or the next instruction where it is a conditional jump.
    Jump { to: u64, conditional: bool },
    /// Another place that nobody knows: a table of cases, or a pointer to a function.
    Somewhere,
    /// The function that called.
    Returns { conditional: bool },
    /// A function, and then the next instruction.
    Call { to: Option<u64> },
    /// The kernel, and then the next instruction.
    SystemCall,
}

impl Next {
    /// The same of an instruction that is executed on a condition only.
    pub(super) fn on_condition(self) -> Self {
        match self {
            Self::Jump { to, .. } => Self::Jump { to, conditional: true },
            // What a table does not hold falls through: `addls pc, pc, r3, lsl #2`.
            Self::Somewhere | Self::Returns { .. } => Self::Returns { conditional: true },
            next => next,
        }
    }
}

/// What an instruction, whose result does not matter, writes beside the memory that it names and the
/// register that points there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writes {
    Nothing,
    /// The register that it names first.
    First,
    /// The registers that it names first and second.
    FirstTwo,
    /// Nobody knows.
    Anything,
}

/// An instruction: its length in bytes, and what follows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) length: u64,
    pub(super) next: Next,
    /// The word among the instructions that it reads: no instruction itself.
    pub(super) literal: Option<u64>,
}

impl Step {
    pub(super) fn of(length: u64, next: Next) -> Self {
        Self { length, next, literal: None }
    }
}

/// Where a pointer leads that a call or a jump takes.
pub(super) fn target(pointer: Value) -> Option<u64> {
    match pointer {
        Value::Number(address) | Value::Slot(address) => Some(address),
        _ => None,
    }
}
