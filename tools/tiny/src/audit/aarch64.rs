//! 64-bit ARM's instructions, as far as they move numbers.
//!
//! yaxpeax-arm decodes them; what it is believed, the list in `aarch64/writes.rs` says. After any
//! other instruction, every register may hold anything.
//!
//! Proof: `src/audit/tests/disassembler.rs::random_words_of_64_bit_arm_write_no_register_unseen`

mod writes;

use yaxpeax_arch::{Decoder, U8Reader};
use yaxpeax_arm::armv8::a64::{
    InstDecoder, Instruction, Opcode, Operand, SIMDSizeCode, ShiftStyle, SizeCode,
};

use super::binary::Image;
use super::instruction::{Next, Step, Writes, target};
use super::state::{Register, State, Value};

pub(super) const STACK: Register = 31;
/// In most places, register 31 holds nothing and is read as 0.
const NOTHING: u16 = 31;

pub(super) fn step(image: &Image, at: u64, state: &mut State) -> Step {
    let Some(word) = image.number(at, 4).and_then(|word| u32::try_from(word).ok()) else {
        return Step::of(4, Next::Returns { conditional: false });
    };
    let decoded = InstDecoder::default().decode(&mut U8Reader::new(&word.to_le_bytes()));
    let mut execution = Execution { image, at, word, state, literal: None };
    let next = match &decoded {
        Ok(instruction) => execution.decoded(instruction),
        Err(_) => execution.unknown(),
    };
    Step { length: 4, next, literal: execution.literal }
}

struct Execution<'image, 'data, 'state> {
    image: &'image Image<'data>,
    at: u64,
    word: u32,
    state: &'state mut State,
    literal: Option<u64>,
}

/// Memory that an instruction names.
#[derive(Debug, Clone, Copy)]
struct Memory {
    address: Value,
    base: Register,
    /// What the base holds afterwards, where that is something else.
    moved: Option<Value>,
}

impl Execution<'_, '_, '_> {
    /// What may write anything. Vectors name what they write of other registers in one place only,
    /// and so do the scalable ones, which the library does not know, in four.
    fn unknown(&mut self) -> Next {
        let fields =
            |places: &[u32]| places.iter().map(|place| low_bits(self.word >> place)).collect();
        let fields: Vec<Register> = match self.word >> 25 & 0b1111 {
            0b0111 | 0b1111 => fields(&[0]),
            0b0010 => fields(&[0, 5, 10, 16]),
            _ => {
                self.state.forget_all();
                return Next::Falls;
            }
        };
        self.state.forget(fields);
        Next::Falls
    }

    fn decoded(&mut self, instruction: &Instruction) -> Next {
        let [first, second, third, _] = instruction.operands;
        let away = [first, second, third].into_iter().find_map(|operand| match operand {
            Operand::PCOffset(offset) => Some(self.at.wrapping_add_signed(offset)),
            _ => None,
        });
        match (instruction.opcode, away) {
            (Opcode::SVC, _) => Next::SystemCall,
            (Opcode::UDF | Opcode::BRK | Opcode::HLT, _) => Next::Returns { conditional: false },
            (Opcode::RET | Opcode::RETAA | Opcode::RETAB | Opcode::ERET, _) => {
                Next::Returns { conditional: false }
            }
            (Opcode::B, Some(to)) => Next::Jump { to, conditional: false },
            (Opcode::BL, to @ Some(_)) => Next::Call { to },
            (Opcode::Bcc(_) | Opcode::BCcc(_) | Opcode::CBZ | Opcode::CBNZ, Some(to)) => {
                Next::Jump { to, conditional: true }
            }
            (Opcode::TBZ | Opcode::TBNZ, Some(to)) => Next::Jump { to, conditional: true },
            (Opcode::BR, _) => match self.value(first).and_then(target) {
                Some(to) => Next::Jump { to, conditional: false },
                None => Next::Somewhere,
            },
            (Opcode::BRAA | Opcode::BRAAZ | Opcode::BRAB | Opcode::BRABZ, _) => Next::Somewhere,
            (Opcode::BLR, _) => Next::Call { to: self.value(first).and_then(target) },
            (Opcode::BLRAA | Opcode::BLRAAZ | Opcode::BLRAB | Opcode::BLRABZ, _) => {
                Next::Call { to: None }
            }
            _ if self.is_hint() => {
                // Pointers are signed and checked in places that are not named.
                self.state.forget([16, 17, 30]);
                Next::Falls
            }
            _ => self.moving(instruction, away),
        }
    }

    /// What older processors pass over.
    fn is_hint(&self) -> bool {
        self.word & 0xffff_f01f == 0xd503_201f
    }

    /// What moves numbers between registers and memory.
    fn moving(&mut self, instruction: &Instruction, away: Option<u64>) -> Next {
        use Opcode as O;
        let operands = instruction.operands;
        let memory = operands.iter().find_map(|operand| self.memory(*operand));
        match (instruction.opcode, operands, memory) {
            (O::LDR | O::LDUR, [Operand::Register(size, register), ..], Some(memory)) => {
                let value = self.state.load(memory.address, bytes(size));
                self.move_base(memory);
                self.set(size, register, value);
            }
            (O::LDR, [Operand::Register(size, register), Operand::PCOffset(_), ..], _) => {
                let value = self.literal(away, size);
                self.set(size, register, value);
            }
            (
                O::LDP,
                [Operand::Register(size, one), Operand::Register(_, two), ..],
                Some(memory),
            ) => {
                let second = memory.address.plus(Value::Number(bytes(size).into()));
                let one = (one, self.state.load(memory.address, bytes(size)));
                let two = (two, self.state.load(second, bytes(size)));
                self.move_base(memory);
                for (register, value) in [one, two] {
                    self.set(size, register, value);
                }
            }
            (O::STR | O::STUR, [held, ..], Some(memory)) => self.store(&[held], memory),
            (O::STP | O::STNP, [one, two, ..], Some(memory)) => self.store(&[one, two], memory),
            _ => return self.computing(instruction, away),
        }
        Next::Falls
    }

    /// The number that stands between functions.
    fn literal(&mut self, place: Option<u64>, size: SizeCode) -> Value {
        self.literal = place;
        let number = place.and_then(|place| self.image.number(place, bytes(size).into()));
        number.map_or(Value::Unknown, Value::Number)
    }

    fn store(&mut self, held: &[Operand], memory: Memory) {
        let mut address = memory.address;
        for operand in held {
            let size = match *operand {
                Operand::Register(size, _) => bytes(size),
                Operand::SIMDRegister(size, _) => vector_bytes(size),
                _ => return self.state.spoil(address),
            };
            let value = self.value(*operand).unwrap_or(Value::Unknown);
            self.state.store(address, size, value);
            address = address.plus(Value::Number(size.into()));
        }
        self.move_base(memory);
    }

    /// What computes in registers.
    fn computing(&mut self, instruction: &Instruction, away: Option<u64>) -> Next {
        let [into, from, by, _] = instruction.operands;
        let (Operand::Register(size, _) | Operand::RegisterOrSP(size, _)) = into else {
            return self.forget_written(instruction);
        };
        let values = (self.value(from), self.value(by));
        let value = match (instruction.opcode, values, away) {
            (Opcode::MOVZ, (Some(number), _), _) => number,
            (Opcode::MOVN, (Some(number), _), _) => number.inverted(),
            (Opcode::MOVK, ..) => self.replaced(into, from),
            (Opcode::ADD | Opcode::ADDS, (Some(one), Some(two)), _) => one.plus(two),
            (Opcode::SUB | Opcode::SUBS, (Some(one), Some(two)), _) => one.minus(two),
            // That is how registers are moved.
            (Opcode::ORR, (Some(Value::Number(0)), Some(value)), _) => value,
            (Opcode::ORR, (Some(one), Some(two)), _) => one.united(two),
            (Opcode::ADR, _, Some(place)) => Value::Number(place),
            (Opcode::ADRP, _, Some(place)) => Value::Number(place & !0xfff),
            _ => return self.forget_written(instruction),
        };
        self.write(into, size, value);
        Next::Falls
    }

    /// Sixteen bits of a number, replaced by others.
    fn replaced(&self, held: Operand, by: Operand) -> Value {
        match (self.value(held), by) {
            (Some(Value::Number(held)), Operand::ImmShift(number, shift)) if shift < 64 => {
                Value::Number(held & !(0xffff << shift) | u64::from(number) << shift)
            }
            _ => Value::Unknown,
        }
    }

    /// Forgets what an instruction writes whose result does not matter.
    fn forget_written(&mut self, instruction: &Instruction) -> Next {
        let written = match writes::of(instruction.opcode) {
            _ if self.is_vector_to_memory() => 0,
            Writes::Nothing => 0,
            Writes::First => 1,
            Writes::FirstTwo => 2,
            Writes::Anything => return self.unknown(),
        };
        let memory = instruction.operands.iter().find_map(|operand| self.memory(*operand));
        if let Some(memory) = memory {
            self.state.spoil(memory.address);
            self.move_base(memory);
        }
        for operand in &instruction.operands[..written] {
            match *operand {
                Operand::Register(size, _) | Operand::RegisterOrSP(size, _) => {
                    self.write(*operand, size, Value::Unknown);
                }
                _ => return self.unknown(),
            }
        }
        Next::Falls
    }

    /// Loads and stores of vectors write no other register than the one that points to memory.
    fn is_vector_to_memory(&self) -> bool {
        self.word >> 25 & 0b0101 == 0b0100 && self.word >> 26 & 1 == 1
    }

    /// The memory that an operand names.
    fn memory(&self, operand: Operand) -> Option<Memory> {
        let (base, offset, moves) = match operand {
            Operand::RegPreIndex(base, offset, moves) => (base, offset, moves),
            Operand::RegPostIndex(base, offset) => {
                let memory = self.at(base, Value::Number(0));
                let moved = self.at(base, number(offset)).address;
                return Some(Memory { moved: Some(moved), ..memory });
            }
            Operand::RegPostIndexReg(base, _) => {
                let memory = self.at(base, Value::Number(0));
                return Some(Memory { moved: Some(Value::Unknown), ..memory });
            }
            Operand::RegRegOffset(base, ..) => return Some(self.at(base, Value::Unknown)),
            _ => return None,
        };
        let memory = self.at(base, number(offset));
        Some(Memory { moved: moves.then_some(memory.address), ..memory })
    }

    fn at(&self, base: u16, offset: Value) -> Memory {
        let base = number_of(base);
        Memory { address: self.state.get(base).plus(offset), base, moved: None }
    }

    fn move_base(&mut self, memory: Memory) {
        if let Some(moved) = memory.moved {
            self.state.set(memory.base, moved);
        }
    }

    /// What an operand holds, where it is a number or a register.
    fn value(&self, operand: Operand) -> Option<Value> {
        Some(match operand {
            Operand::Register(_, NOTHING) => Value::Number(0),
            Operand::Register(size, register) | Operand::RegisterOrSP(size, register) => {
                sized(size, self.state.get(number_of(register)))
            }
            Operand::RegShift(ShiftStyle::LSL, 0, size, register) => {
                self.value(Operand::Register(size, register))?
            }
            Operand::RegShift(..) => Value::Unknown,
            Operand::Immediate(number) => Value::Number(number.into()),
            Operand::Imm64(number) => Value::Number(number),
            Operand::Imm16(number) => Value::Number(number.into()),
            Operand::ImmShift(number, shift) if shift < 64 => {
                Value::Number(u64::from(number) << shift)
            }
            _ => return None,
        })
    }

    /// Writes the register that an operand names.
    fn write(&mut self, operand: Operand, size: SizeCode, value: Value) {
        match operand {
            Operand::RegisterOrSP(_, NOTHING) => self.state.set(STACK, sized(size, value)),
            Operand::Register(_, register) | Operand::RegisterOrSP(_, register) => {
                self.set(size, register, value);
            }
            _ => {}
        }
    }

    fn set(&mut self, size: SizeCode, register: u16, value: Value) {
        if register != NOTHING {
            self.state.set(number_of(register), sized(size, value));
        }
    }
}

fn sized(size: SizeCode, value: Value) -> Value {
    match size {
        SizeCode::X => value,
        // Half of an address is none.
        SizeCode::W if matches!(value, Value::Stack(_)) => Value::Unknown,
        SizeCode::W => value.in_32_bits(),
    }
}

fn bytes(size: SizeCode) -> u8 {
    match size {
        SizeCode::X => 8,
        SizeCode::W => 4,
    }
}

fn vector_bytes(size: SIMDSizeCode) -> u8 {
    match size {
        SIMDSizeCode::B => 1,
        SIMDSizeCode::H => 2,
        SIMDSizeCode::S => 4,
        SIMDSizeCode::D => 8,
        SIMDSizeCode::Q => 16,
    }
}

fn number(offset: i32) -> Value {
    Value::Number(i64::from(offset).cast_unsigned())
}

fn number_of(register: u16) -> Register {
    u8::try_from(register).unwrap_or(STACK)
}

fn low_bits(word: u32) -> Register {
    word.to_le_bytes()[0] & 0x1f
}
