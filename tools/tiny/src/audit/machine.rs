//! What an instruction does on each machine, as far as it matters for the numbers of system calls.

use super::binary::{Image, Mode};
use super::instruction::{Next, Step};
use super::state::{Register, State};
use super::{aarch64, arm, x86};

/// The registers that matter to the kernel and to functions.
pub(super) struct Convention {
    pub(super) stack: Register,
    /// Which one holds the number of a system call.
    pub(super) number: Register,
    /// Which one holds a function's first argument.
    pub(super) first_argument: Register,
    /// What a function may leave changed.
    pub(super) changed_by_calls: &'static [Register],
    /// What the kernel leaves changed.
    pub(super) changed_by_kernel: &'static [Register],
}

pub(super) fn convention(mode: Mode) -> &'static Convention {
    match mode {
        Mode::Arm | Mode::Thumb => &Convention {
            stack: arm::STACK,
            number: 7,
            first_argument: 0,
            changed_by_calls: &[0, 1, 2, 3, 12, 14],
            changed_by_kernel: &[0],
        },
        Mode::Aarch64 => &Convention {
            stack: aarch64::STACK,
            number: 8,
            first_argument: 0,
            changed_by_calls: &[
                0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 30,
            ],
            changed_by_kernel: &[0],
        },
        Mode::X86 => &Convention {
            stack: x86::STACK,
            number: 0,
            first_argument: 7,
            changed_by_calls: &[0, 1, 2, 6, 7, 8, 9, 10, 11],
            changed_by_kernel: &[0, 1, 11],
        },
    }
}

/// Executes the instruction at an address on what is known.
///
/// It is always at least one byte long, so that whoever goes on comes to an end.
pub(super) fn step(image: &Image, mode: Mode, at: u64, state: &mut State) -> Step {
    match mode {
        Mode::Arm | Mode::Thumb => arm::step(image, mode, at, state),
        Mode::Aarch64 => aarch64::step(image, at, state),
        Mode::X86 => x86::step(image, at, state),
    }
}

/// Forgets what a function that was called, or the kernel, may have changed.
pub(super) fn come_back(mode: Mode, next: Next, state: &mut State) {
    let convention = convention(mode);
    match next {
        Next::Call { .. } => state.forget(convention.changed_by_calls.iter().copied()),
        Next::SystemCall => state.forget(convention.changed_by_kernel.iter().copied()),
        _ => {}
    }
}
