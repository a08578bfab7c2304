//! What an instruction of ARM does to the registers and the stack.

use yaxpeax_arm::armv7::{ConditionCode, Instruction, Opcode, Operand};

use super::memory::Memory;
use super::writes;
use super::{COUNTER, Encoded, LINK, STACK};
use crate::audit::binary::{Image, Mode};
use crate::audit::instruction::{Next, Writes, target};
use crate::audit::state::{Register, State, Value};

const WORD: u8 = 4;

/// An instruction that is executed on what is known.
pub(super) struct Execution<'image, 'data, 'state> {
    pub(super) image: &'image Image<'data>,
    pub(super) at: u64,
    pub(super) encoded: Encoded,
    pub(super) state: &'state mut State,
    pub(super) literal: Option<u64>,
}

impl Execution<'_, '_, '_> {
    pub(super) fn any(&mut self, decoded: Option<&Instruction>) -> Next {
        match decoded {
            Some(instruction) => self.decoded(instruction),
            None if self.encoded.is_vector() => {
                self.vector();
                Next::Falls
            }
            None => self.unknown(),
        }
    }

    /// What may write anything.
    fn unknown(&mut self) -> Next {
        self.state.forget_all();
        Next::Falls
    }

    fn decoded(&mut self, instruction: &Instruction) -> Next {
        let [first, second, ..] = instruction.operands;
        match (instruction.opcode, first, second) {
            (Opcode::SVC, Operand::Imm32(number), _) => self.ask(number),
            (Opcode::UDF, ..) => Next::Returns { conditional: false },
            (Opcode::IT, _, Operand::Imm32(mask)) => {
                self.state.conditional =
                    u8::try_from(4 - (mask & 15 | 16).trailing_zeros()).unwrap_or(4);
                Next::Falls
            }
            (Opcode::TBB | Opcode::TBH, ..) => Next::Somewhere,
            (Opcode::BX, Operand::Reg(register), _) if register.number() == LINK => {
                Next::Returns { conditional: false }
            }
            (Opcode::BX, Operand::Reg(register), _) => {
                self.set(COUNTER, self.get(register.number()))
            }
            (Opcode::BLX, Operand::Reg(register), _) => {
                let to = target(self.get(register.number())).map(|to| to & !1);
                Next::Call { to }
            }
            (Opcode::B | Opcode::BL | Opcode::BLX, ..) => self.branch(instruction),
            (Opcode::CBZ | Opcode::CBNZ, _, offset) => {
                match self.destination(instruction, offset) {
                    Some(to) => Next::Jump { to, conditional: true },
                    None => self.unknown(),
                }
            }
            _ => self.moving(instruction),
        }
    }

    /// A number in the instruction itself is the old interface's.
    fn ask(&mut self, number: u32) -> Next {
        if number == 0 {
            return Next::SystemCall;
        }
        self.state.forget([0]);
        Next::Falls
    }

    fn branch(&mut self, instruction: &Instruction) -> Next {
        let Some(to) = self.destination(instruction, instruction.operands[0]) else {
            return self.unknown();
        };
        match (instruction.opcode, self.encoded.mode) {
            (Opcode::B, _) => Next::Jump { to, conditional: false },
            // To ARM's instructions, which begin at multiples of four.
            (Opcode::BLX, Mode::Thumb) => Next::Call { to: Some(to & !3) },
            _ => Next::Call { to: Some(to) },
        }
    }

    /// Where a branch leads. The library counts from different places, as they grew.
    fn destination(&self, instruction: &Instruction, offset: Operand) -> Option<u64> {
        let (from, by) = match offset {
            Operand::BranchOffset(words) => (0, i64::from(words) * 4),
            Operand::BranchThumbOffset(halves) => {
                let is_short = self.encoded.length == 2;
                let is_conditional = instruction.condition != ConditionCode::AL;
                let compares = matches!(instruction.opcode, Opcode::CBZ | Opcode::CBNZ);
                let from = match self.encoded.mode {
                    Mode::Thumb if is_short && (compares || is_conditional) => 2,
                    Mode::Thumb => 4,
                    _ => 8,
                };
                (from, i64::from(halves) * 2)
            }
            _ => return None,
        };
        Some(self.at.wrapping_add(from).wrapping_add_signed(by) & 0xffff_ffff)
    }

    /// What moves numbers between registers and memory.
    fn moving(&mut self, instruction: &Instruction) -> Next {
        use Opcode as O;
        let operands = &instruction.operands[..];
        match (instruction.opcode, operands) {
            (O::PUSH, [list, ..]) => match listed(*list) {
                Some(list) => self.push(&list),
                None => self.unknown(),
            },
            (O::POP, [list, ..]) => match listed(*list) {
                Some(list) => self.pop(&list),
                None => self.unknown(),
            },
            (
                O::LDM(add, before, ..),
                [Operand::RegWBack(base, moves), Operand::RegList(list), ..],
            ) => {
                let block = Block { base: base.number(), moves: *moves, add, before };
                self.load_several(block, &registers(*list))
            }
            (
                O::STM(add, before, ..),
                [Operand::RegWBack(base, moves), Operand::RegList(list), ..],
            ) => {
                let block = Block { base: base.number(), moves: *moves, add, before };
                self.store_several(block, &registers(*list))
            }
            (O::LDR, [Operand::Reg(register), memory, ..]) => match self.memory(*memory) {
                Some(memory) => self.load(register.number(), memory),
                None => self.unknown(),
            },
            (O::STR, [Operand::Reg(register), memory, ..]) => match self.memory(*memory) {
                Some(memory) => self.store(register.number(), memory),
                None => self.unknown(),
            },
            (O::LDRD, [Operand::Reg(one), Operand::Reg(two), memory, ..]) => {
                self.pair(one.number(), two.number(), *memory, true)
            }
            (O::STRD, [Operand::Reg(one), Operand::Reg(two), memory, ..]) => {
                self.pair(one.number(), two.number(), *memory, false)
            }
            _ => self.computing(instruction),
        }
    }

    /// What computes in registers.
    fn computing(&mut self, instruction: &Instruction) -> Next {
        let Operand::Reg(register) = instruction.operands[0] else {
            return self.forget_written(instruction);
        };
        let register = register.number();
        let Some(last) = instruction.operands.iter().rfind(|one| **one != Operand::Nothing) else {
            return self.unknown();
        };
        let Some(second) = self.value(*last) else {
            return self.forget_written(instruction);
        };
        // Thumb's short ones name what they change only once.
        let first = match instruction.operands[1..] {
            [Operand::Reg(from), three, _] if three != Operand::Nothing => self.get(from.number()),
            _ => self.get(register),
        };
        let value = match instruction.opcode {
            Opcode::MOV if register == COUNTER && *last == instruction.operands[1] => {
                return self.jump_to(*last);
            }
            Opcode::MOV => second,
            Opcode::MVN => second.inverted(),
            Opcode::ADD => first.plus(second),
            Opcode::SUB => first.minus(second),
            Opcode::ORR => first.united(second),
            Opcode::MOVT => self.get(register).with_upper_half(second),
            Opcode::ADR if self.counts_down() => self.pointer(COUNTER).minus(second),
            Opcode::ADR => self.pointer(COUNTER).plus(second),
            Opcode::LSL if second == Value::Number(0) => first,
            _ => return self.forget_written(instruction),
        };
        self.set(register, value)
    }

    /// Whether an address that counts from the instruction lies before it: the library does not say.
    fn counts_down(&self) -> bool {
        let bit = self.encoded.word >> 23 & 1 == 1;
        if self.encoded.is_thumb() { self.encoded.length == 4 && bit } else { !bit }
    }

    fn jump_to(&mut self, operand: Operand) -> Next {
        match operand {
            Operand::Reg(register) if register.number() == LINK => {
                Next::Returns { conditional: false }
            }
            _ => self.set(COUNTER, self.value(operand).unwrap_or(Value::Unknown)),
        }
    }

    /// Forgets what an instruction writes whose result does not matter.
    fn forget_written(&mut self, instruction: &Instruction) -> Next {
        let memory = instruction.operands.iter().find_map(|operand| self.memory(*operand));
        if let (Some(memory), Some(size)) = (memory, writes::stores(instruction.opcode)) {
            self.state.store(memory.address, size, Value::Unknown);
        }
        let named = match writes::of(instruction.opcode) {
            _ if !instruction.operands.iter().all(|operand| self.is_plain(*operand)) => {
                return self.unknown();
            }
            Writes::Nothing => 0,
            Writes::First => 1,
            Writes::FirstTwo => 2,
            Writes::Anything => return self.unknown(),
        };
        if let Some(memory) = memory {
            self.move_base(memory);
        }
        let mut next = Next::Falls;
        for operand in &instruction.operands[..named] {
            let Operand::Reg(register) = operand else {
                return self.unknown();
            };
            if self.set(register.number(), Value::Unknown) != Next::Falls {
                next = Next::Somewhere;
            }
        }
        next
    }

    /// Whether an operand is of a kind that hides nothing that is written.
    fn is_plain(&self, operand: Operand) -> bool {
        use Operand as O;
        let status = matches!(operand, O::APSR | O::CPSR | O::SPSR | O::StatusRegMask(_));
        let is_known = self.value(operand).or(self.memory(operand).map(|one| one.address));
        status || matches!(operand, O::Nothing | O::Ror(_)) || is_known.is_some()
    }

    /// What an operand holds, where it is a number or a register.
    fn value(&self, operand: Operand) -> Option<Value> {
        match operand {
            Operand::Reg(register) => Some(self.get(register.number())),
            Operand::Imm12(number) => Some(Value::Number(number.into())),
            Operand::Imm32(number) => Some(Value::Number(number.into())),
            Operand::RegShift(shift) => Some(self.shifted(shift)),
            _ => None,
        }
    }

    /// Reads a register: the program counter is ahead of the instruction.
    pub(super) fn get(&self, register: Register) -> Value {
        let ahead = if self.encoded.is_thumb() { 4 } else { 8 };
        match register {
            COUNTER => Value::Number(self.at.wrapping_add(ahead) & 0xffff_ffff),
            register => self.state.get(register),
        }
    }

    /// Reads a register that an address counts from: the program counter in whole words.
    pub(super) fn pointer(&self, register: Register) -> Value {
        match (register, self.get(register)) {
            (COUNTER, Value::Number(at)) => Value::Number(at & !3),
            (_, value) => value,
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

    fn move_base(&mut self, memory: Memory) {
        if let Some(moved) = memory.moved {
            self.state.set(memory.base, moved);
        }
    }

    /// Reads a word: those near the instructions are numbers written there by the compiler.
    fn load(&mut self, register: Register, memory: Memory) -> Next {
        let value = match memory.address {
            Value::Number(address) if memory.is_fixed => {
                self.literal = Some(address);
                self.image.number(address, WORD.into()).map_or(Value::Unknown, Value::Number)
            }
            address => self.state.load(address, WORD),
        };
        self.move_base(memory);
        // Off the stack comes where the caller goes on.
        if register == COUNTER && memory.base == STACK {
            return Next::Returns { conditional: false };
        }
        self.set(register, value)
    }

    fn store(&mut self, register: Register, memory: Memory) -> Next {
        self.state.store(memory.address, WORD, self.get(register));
        self.move_base(memory);
        Next::Falls
    }

    fn pair(&mut self, one: Register, two: Register, memory: Operand, loads: bool) -> Next {
        let Some(memory) = self.memory(memory).filter(|_| one.max(two) < COUNTER) else {
            return self.unknown();
        };
        let second = memory.address.plus(Value::Number(WORD.into()));
        let places = [(one, memory.address), (two, second)];
        if !loads {
            for (register, address) in places {
                self.state.store(address, WORD, self.get(register));
            }
        }
        self.move_base(memory);
        if loads {
            for (register, address) in places {
                let value = self.state.load(address, WORD);
                self.set(register, value);
            }
        }
        Next::Falls
    }

    fn push(&mut self, list: &[Register]) -> Next {
        self.store_several(Block { base: STACK, moves: true, add: false, before: true }, list)
    }

    fn pop(&mut self, list: &[Register]) -> Next {
        self.load_several(Block { base: STACK, moves: true, add: true, before: false }, list)
    }

    fn load_several(&mut self, block: Block, list: &[Register]) -> Next {
        let places = self.places(block, list.len());
        let values: Vec<Value> = places.iter().map(|at| self.state.load(*at, WORD)).collect();
        self.move_block(block, list.len());
        let mut next = Next::Falls;
        for (register, value) in list.iter().zip(values) {
            match *register {
                COUNTER => next = Next::Returns { conditional: false },
                register => self.state.set(register, value),
            }
        }
        next
    }

    fn store_several(&mut self, block: Block, list: &[Register]) -> Next {
        for (register, address) in list.iter().zip(self.places(block, list.len())) {
            self.state.store(address, WORD, self.get(*register));
        }
        self.move_block(block, list.len());
        Next::Falls
    }

    /// Where each of so many words lies, the lowest first.
    fn places(&self, block: Block, count: usize) -> Vec<Value> {
        let base = self.state.get(block.base);
        let lowest = if block.add { base } else { base.minus(words(count)) };
        // Thumb's short ones begin where the register points, whatever the library says.
        let ahead = self.encoded.length == 4 && block.before == block.add;
        let first = if ahead { lowest.plus(words(1)) } else { lowest };
        (0..count).map(|place| first.plus(words(place)).in_32_bits()).collect()
    }

    fn move_block(&mut self, block: Block, count: usize) {
        if block.moves {
            let base = self.state.get(block.base);
            let moved = if block.add { base.plus(words(count)) } else { base.minus(words(count)) };
            self.state.set(block.base, moved.in_32_bits());
        }
    }
}

/// Several words of memory, one behind the other.
#[derive(Debug, Clone, Copy)]
struct Block {
    base: Register,
    moves: bool,
    /// Whether it lies where the base points and above, or below.
    add: bool,
    /// Whether the base moves before each word.
    before: bool,
}

fn words(count: usize) -> Value {
    Value::Number(count as u64 * u64::from(WORD))
}

/// The registers of a list that `push` and `pop` name.
fn listed(operand: Operand) -> Option<Vec<Register>> {
    match operand {
        Operand::Reg(register) => Some(vec![register.number()]),
        Operand::RegList(list) => Some(registers(list)),
        _ => None,
    }
}

fn registers(list: u16) -> Vec<Register> {
    (0..16).filter(|place| list >> place & 1 == 1).collect()
}
