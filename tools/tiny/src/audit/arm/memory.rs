//! Where an instruction of ARM reads or writes memory, and how it moves the register that points
//! there.

use yaxpeax_arm::armv7::{Operand, RegShift, RegShiftStyle, ShiftStyle};

use super::execute::Execution;
use crate::audit::state::{Register, Value};

/// Memory that an instruction names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    pub(super) address: Value,
    pub(super) base: Register,
    /// What the base holds afterwards, where that is something else.
    pub(super) moved: Option<Value>,
    /// Whether the instruction alone says where it is, as with the words between functions.
    pub(super) is_fixed: bool,
}

impl Execution<'_, '_, '_> {
    /// The memory that an operand names.
    pub(super) fn memory(&self, operand: Operand) -> Option<Memory> {
        use Operand as O;
        let number = |offset: u16| Value::Number(offset.into());
        Some(match operand {
            O::RegDeref(base) => self.at(base.number(), number(0), true, false),
            O::RegDerefPreindexOffset(base, offset, add, moves) => {
                self.at(base.number(), number(offset), add, moves)
            }
            // In Thumb, this is not defined.
            O::RegDerefPostindexOffset(base, _, add, false) if self.encoded.is_thumb() => {
                self.behind(base.number(), Value::Unknown, add)
            }
            O::RegDerefPostindexOffset(base, offset, add, _) => {
                self.behind(base.number(), number(offset), add)
            }
            O::RegDerefPreindexReg(base, offset, add, moves) => {
                let offset = self.get(offset.number());
                Memory { is_fixed: false, ..self.at(base.number(), offset, add, moves) }
            }
            O::RegDerefPostindexReg(base, offset, add, _) => {
                self.behind(base.number(), self.get(offset.number()), add)
            }
            O::RegDerefPreindexRegShift(base, offset, add, moves) => {
                let offset = self.shifted(offset);
                Memory { is_fixed: false, ..self.at(base.number(), offset, add, moves) }
            }
            O::RegDerefPostindexRegShift(base, offset, add, _) => {
                self.behind(base.number(), self.shifted(offset), add)
            }
            _ => return None,
        })
    }

    /// So far from where a register points.
    fn at(&self, base: Register, offset: Value, add: bool, moves: bool) -> Memory {
        let address = apart(self.pointer(base), offset, add);
        let is_fixed = base == super::COUNTER;
        Memory { address, base, moved: moves.then_some(address), is_fixed }
    }

    /// Where a register points, which then moves.
    fn behind(&self, base: Register, offset: Value, add: bool) -> Memory {
        let address = self.pointer(base);
        Memory { address, base, moved: Some(apart(address, offset, add)), is_fixed: false }
    }

    /// A register that is shifted by nothing; any other is unknown.
    pub(super) fn shifted(&self, register: RegShift) -> Value {
        match register.into_shift() {
            RegShiftStyle::RegImm(shift)
                if shift.stype() == ShiftStyle::LSL && shift.imm() == 0 =>
            {
                self.get(shift.shiftee().number())
            }
            _ => Value::Unknown,
        }
    }
}

fn apart(from: Value, offset: Value, add: bool) -> Value {
    let address = if add { from.plus(offset) } else { from.minus(offset) };
    address.in_32_bits()
}
