//! 64-bit x86's instructions, as far as they move numbers.
//!
//! What is not understood makes the registers that it may write unknown.

use iced_x86::{Decoder, DecoderOptions, Instruction, MemorySize, Mnemonic, OpKind};

use super::binary::Image;
use super::machine::{Next, Step, target};
use super::state::{Register, State, Value, low_bits};

pub(super) const STACK: Register = 4;
/// The longest instruction has so many bytes.
const LONGEST: usize = 15;
/// What instructions write without naming it: `rax`, `rcx`, `rdx`, `rbx`, `rsi` and `rdi`.
const UNNAMED: [Register; 6] = [0, 1, 2, 3, 6, 7];

pub(super) fn step(image: &Image, at: u64, state: &mut State) -> Step {
    let bytes = image.bytes(at);
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    if bytes.is_empty() {
        return Step::of(1, Next::Returns { conditional: false });
    }
    let instruction = Decoder::with_ip(64, bytes, at, DecoderOptions::NONE).decode();
    let length = u64::try_from(instruction.len()).unwrap_or(1).max(1);
    Step::of(length, execute(&instruction, state))
}

fn execute(instruction: &Instruction, state: &mut State) -> Next {
    let near = instruction.op0_kind() == OpKind::NearBranch64;
    let to = instruction.near_branch_target();
    match instruction.mnemonic() {
        Mnemonic::Syscall => Next::SystemCall,
        Mnemonic::Call if near => Next::Call { to: Some(to) },
        Mnemonic::Call => Next::Call { to: target(read(instruction, 0, state)) },
        Mnemonic::Jmp if near => Next::Jump { to, conditional: false },
        Mnemonic::Jmp => match target(read(instruction, 0, state)) {
            Some(to) => Next::Jump { to, conditional: false },
            None => Next::Somewhere,
        },
        _ if near => Next::Jump { to, conditional: true },
        // The last ones are no instructions, or raise exceptions.
        Mnemonic::Ret
        | Mnemonic::Retf
        | Mnemonic::Iretq
        | Mnemonic::Hlt
        | Mnemonic::Ud2
        | Mnemonic::Int3
        | Mnemonic::INVALID => Next::Returns { conditional: false },
        _ => {
            compute(instruction, state);
            Next::Falls
        }
    }
}

fn compute(instruction: &Instruction, state: &mut State) {
    match instruction.mnemonic() {
        Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Bt | Mnemonic::Nop | Mnemonic::Endbr64 => {}
        Mnemonic::Mov | Mnemonic::Movsxd | Mnemonic::Movzx | Mnemonic::Movsx => {
            let value = read(instruction, 1, state);
            write(instruction, value, state);
        }
        Mnemonic::Lea => {
            let value = address(instruction, state);
            write(instruction, value, state);
        }
        Mnemonic::Xor | Mnemonic::Sub if same_registers(instruction) => {
            write(instruction, Value::Number(0), state);
        }
        Mnemonic::Add => {
            let value = read(instruction, 0, state).plus(read(instruction, 1, state));
            write(instruction, value, state);
        }
        Mnemonic::Sub => {
            let value = read(instruction, 0, state).minus(read(instruction, 1, state));
            write(instruction, value, state);
        }
        // With all bits set, -1 whatever was there before.
        Mnemonic::Or if read(instruction, 1, state) == Value::Number(u64::MAX) => {
            write(instruction, Value::Number(u64::MAX), state);
        }
        Mnemonic::Push => {
            let value = read(instruction, 0, state);
            let top = state.get(STACK).minus(Value::Number(8));
            state.set(STACK, top);
            state.store(top, value);
        }
        Mnemonic::Pop => {
            let top = state.get(STACK);
            let value = state.load(top);
            state.set(STACK, top.plus(Value::Number(8)));
            write(instruction, value, state);
        }
        Mnemonic::Leave => {
            let frame = state.get(5);
            state.set(5, state.load(frame));
            state.set(STACK, frame.plus(Value::Number(8)));
        }
        mnemonic => {
            if instruction.op_count() > 0 {
                write(instruction, Value::Unknown, state);
            }
            // Additions to the second operand, and exchanges.
            if matches!(mnemonic, Mnemonic::Xchg | Mnemonic::Xadd) {
                state.forget(general(instruction.op1_register()).map(|(number, _)| number));
            }
            if writes_unnamed(mnemonic, instruction) {
                state.forget(UNNAMED);
            }
        }
    }
}

/// Instructions without operands, with the string registers as operands, or with one operand, such
/// as multiplications, write registers that they do not name; so do comparisons with exchange.
fn writes_unnamed(mnemonic: Mnemonic, instruction: &Instruction) -> bool {
    let one = matches!(
        mnemonic,
        Mnemonic::Mul | Mnemonic::Imul | Mnemonic::Div | Mnemonic::Idiv | Mnemonic::Mulx
    );
    let exchange =
        matches!(mnemonic, Mnemonic::Cmpxchg | Mnemonic::Cmpxchg8b | Mnemonic::Cmpxchg16b);
    let string = instruction.op_kinds().any(|kind| {
        matches!(kind, OpKind::MemorySegRSI | OpKind::MemorySegRDI | OpKind::MemoryESRDI)
    });
    one || exchange || string || instruction.op_count() == 0
}

/// A general register: its number, and how many bits of it are named.
fn general(register: iced_x86::Register) -> Option<(Register, u32)> {
    use iced_x86::Register as R;
    let place = register as u32;
    let among = |first: R, last: R| {
        (first as u32..=last as u32).contains(&place).then(|| low_bits(place - first as u32, 5))
    };
    if let Some(number) = among(R::RAX, R::R15) {
        Some((number, 64))
    } else if let Some(number) = among(R::EAX, R::R15D) {
        Some((number, 32))
    } else if let Some(number) = among(R::AX, R::R15W) {
        Some((number, 16))
    } else {
        // `ah` to `bh` stand between `bl` and `spl`.
        among(R::AL, R::R15L).map(|place| (if place < 4 { place } else { place - 4 }, 8))
    }
}

/// Whether a word of memory is long enough to hold what is looked for.
fn whole(instruction: &Instruction) -> bool {
    use MemorySize::{Int8, Int16, UInt8, UInt16};
    !matches!(instruction.memory_size(), Int8 | Int16 | UInt8 | UInt16)
}

fn same_registers(instruction: &Instruction) -> bool {
    instruction.op0_kind() == OpKind::Register
        && instruction.op1_kind() == OpKind::Register
        && instruction.op0_register() == instruction.op1_register()
}

fn read(instruction: &Instruction, operand: u32, state: &State) -> Value {
    match instruction.op_kind(operand) {
        OpKind::Register => match general(instruction.op_register(operand)) {
            Some((number, 64)) => state.get(number),
            Some((number, 32)) => in_32_bits(state.get(number)),
            _ => Value::Unknown,
        },
        OpKind::Memory if whole(instruction) => state.load(address(instruction, state)),
        OpKind::Memory => Value::Unknown,
        _ => match instruction.try_immediate(operand) {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Unknown,
        },
    }
}

/// A number loses its upper half; the argument that a function passes on stays what it is.
fn in_32_bits(value: Value) -> Value {
    match value {
        Value::Stack(_) => Value::Unknown,
        other => other.in_32_bits(),
    }
}

fn write(instruction: &Instruction, value: Value, state: &mut State) {
    match instruction.op0_kind() {
        OpKind::Register => {
            let Some((number, bits)) = general(instruction.op0_register()) else {
                return;
            };
            let value = match bits {
                64 => value,
                32 => in_32_bits(value),
                _ => Value::Unknown,
            };
            state.set(number, value);
        }
        OpKind::Memory => {
            let address = address(instruction, state);
            state.store(address, if whole(instruction) { value } else { Value::Unknown });
        }
        _ => {}
    }
}

/// The address of the operand in memory, where it is known.
fn address(instruction: &Instruction, state: &State) -> Value {
    if instruction.segment_prefix() != iced_x86::Register::None {
        return Value::Unknown;
    }
    if instruction.is_ip_rel_memory_operand() {
        return Value::Number(instruction.ip_rel_memory_address());
    }
    let mut address = Value::Number(instruction.memory_displacement64());
    if instruction.memory_base() != iced_x86::Register::None {
        address = address.plus(of_register(instruction.memory_base(), state));
    }
    if instruction.memory_index() != iced_x86::Register::None {
        let index = of_register(instruction.memory_index(), state);
        let scaled = match (index, instruction.memory_index_scale()) {
            (value, 1) => value,
            (Value::Number(number), scale) => Value::Number(number.wrapping_mul(u64::from(scale))),
            _ => Value::Unknown,
        };
        address = address.plus(scaled);
    }
    address
}

fn of_register(register: iced_x86::Register, state: &State) -> Value {
    general(register).map_or(Value::Unknown, |(number, _)| state.get(number))
}
