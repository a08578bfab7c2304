//! 64-bit x86's instructions, as far as they move numbers.
//!
//! What an instruction writes, iced-x86 says (`instr_info`): also the registers that it does not
//! name, and how many bytes of memory. Results are computed of the few that matter.
//!
//! Proof: `src/audit/tests.rs::a_register_that_x86_writes_without_naming_it_is_no_longer_known`,
//! `src/audit/tests/disassembler.rs::the_c_library_of_this_machine_is_read_as_the_disassembler_reads_it`

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, UsedMemory,
};

use super::binary::Image;
use super::instruction::{Next, Step, target};
use super::state::{Register, State, Value};

pub(super) const STACK: Register = 4;
/// The longest instruction has so many bytes.
const LONGEST: usize = 15;
/// A word of the stack.
const WORD: u8 = 8;

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
    match (instruction.mnemonic(), instruction.flow_control()) {
        (Mnemonic::Syscall, _) => Next::SystemCall,
        // Programs are not allowed to wait for interrupts.
        (Mnemonic::Hlt | Mnemonic::Int3, _) | (_, FlowControl::Return | FlowControl::Exception) => {
            Next::Returns { conditional: false }
        }
        (_, FlowControl::Next) => {
            compute(instruction, state);
            Next::Falls
        }
        (_, FlowControl::UnconditionalBranch) if near => Next::Jump { to, conditional: false },
        // `loop` counts in a register.
        (_, FlowControl::ConditionalBranch | FlowControl::XbeginXabortXend) if near => {
            forget_written(instruction, state);
            Next::Jump { to, conditional: true }
        }
        (_, FlowControl::Call) if near => Next::Call { to: Some(to) },
        (_, FlowControl::IndirectCall) => Next::Call { to: target(read(instruction, 0, state)) },
        (_, FlowControl::IndirectBranch) => match target(read(instruction, 0, state)) {
            Some(to) => Next::Jump { to, conditional: false },
            None => Next::Somewhere,
        },
        // Interrupts, the calls of virtual machines: what comes back, others decide.
        _ => {
            state.forget_all();
            Next::Falls
        }
    }
}

fn compute(instruction: &Instruction, state: &mut State) {
    match instruction.mnemonic() {
        Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Nop | Mnemonic::Endbr64 => {}
        Mnemonic::Mov => {
            let value = read(instruction, 1, state);
            write(instruction, value, state);
        }
        Mnemonic::Movsxd => {
            let value = with_sign(read(instruction, 1, state));
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
        _ => match instruction.stack_pointer_increment() {
            -8 if instruction.mnemonic() == Mnemonic::Push => push(instruction, state),
            8 if instruction.mnemonic() == Mnemonic::Pop => pop(instruction, state),
            _ if instruction.mnemonic() == Mnemonic::Leave => leave(state),
            _ => forget_written(instruction, state),
        },
    }
}

fn push(instruction: &Instruction, state: &mut State) {
    let value = read(instruction, 0, state);
    let top = state.get(STACK).minus(Value::Number(WORD.into()));
    state.set(STACK, top);
    state.store(top, WORD, value);
}

fn pop(instruction: &Instruction, state: &mut State) {
    let top = state.get(STACK);
    let value = state.load(top, WORD);
    state.set(STACK, top.plus(Value::Number(WORD.into())));
    write(instruction, value, state);
}

fn leave(state: &mut State) {
    const FRAME: Register = 5;
    let frame = state.get(FRAME);
    state.set(FRAME, state.load(frame, WORD));
    state.set(STACK, frame.plus(Value::Number(WORD.into())));
}

/// Forgets what an instruction writes: registers that it names and those that it does not, and
/// memory.
fn forget_written(instruction: &Instruction, state: &mut State) {
    if instruction.is_save_restore_instruction() {
        // Of these not every register is told.
        return state.forget_all();
    }
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(instruction);
    let stores = info.used_memory().iter().filter(|memory| writes(memory.access()));
    for memory in stores {
        let address = place(memory, instruction, state);
        match u8::try_from(memory.memory_size().size()) {
            Ok(size @ 1..) => state.store(address, size, Value::Unknown),
            _ => state.spoil(address),
        }
    }
    let written = info.used_registers().iter().filter(|register| writes(register.access()));
    state.forget(written.filter_map(|used| general(used.register())).map(|(number, _)| number));
}

fn writes(access: OpAccess) -> bool {
    use OpAccess::{CondWrite, ReadCondWrite, ReadWrite, Write};
    matches!(access, Write | CondWrite | ReadWrite | ReadCondWrite)
}

/// A general register: its number, and how many bits of it are named.
fn general(register: iced_x86::Register) -> Option<(Register, u32)> {
    use iced_x86::Register as R;
    let place = register as u32;
    let among = |first: R, last: R| {
        (first as u32..=last as u32)
            .contains(&place)
            .then(|| u8::try_from(place - first as u32).unwrap_or(0))
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

/// How many bytes of memory an instruction reads or writes: none where that is not told.
fn size(instruction: &Instruction) -> u8 {
    u8::try_from(instruction.memory_size().size()).unwrap_or(0)
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
        OpKind::Memory => state.load(address(instruction, state), size(instruction)),
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

/// A number of 32 bits with a sign, as a longer one; what is a small argument stays what it is.
fn with_sign(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let low = u32::try_from(number & 0xffff_ffff).unwrap_or(0);
            Value::Number(i64::from(low.cast_signed()).cast_unsigned())
        }
        Value::Stack(_) => Value::Unknown,
        other => other,
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
            state.store(address, size(instruction), value);
        }
        _ => {}
    }
}

/// The address of the operand in memory, where it is known.
fn address(instruction: &Instruction, state: &State) -> Value {
    if instruction.is_ip_rel_memory_operand() {
        let address = Value::Number(instruction.ip_rel_memory_address());
        return if has_segment(instruction) { Value::Unknown } else { address };
    }
    let index = (instruction.memory_index(), instruction.memory_index_scale());
    sum(instruction, instruction.memory_base(), index, instruction.memory_displacement64(), state)
}

/// The address of memory that an instruction uses, named or not.
fn place(memory: &UsedMemory, instruction: &Instruction, state: &State) -> Value {
    let index = (memory.index(), memory.scale());
    sum(instruction, memory.base(), index, memory.displacement(), state)
}

fn sum(
    instruction: &Instruction,
    base: iced_x86::Register,
    (index, scale): (iced_x86::Register, u32),
    displacement: u64,
    state: &State,
) -> Value {
    if has_segment(instruction) {
        return Value::Unknown;
    }
    let mut address = Value::Number(displacement);
    if base != iced_x86::Register::None {
        address = address.plus(of_register(base, state));
    }
    if index != iced_x86::Register::None {
        address = address.plus(scaled(of_register(index, state), scale));
    }
    address
}

/// The other segments begin at 0.
fn has_segment(instruction: &Instruction) -> bool {
    use iced_x86::Register::{FS, GS};
    matches!(instruction.segment_prefix(), FS | GS)
}

fn scaled(index: Value, scale: u32) -> Value {
    match (index, scale) {
        (value, 1) => value,
        (Value::Number(number), scale) => Value::Number(number.wrapping_mul(u64::from(scale))),
        _ => Value::Unknown,
    }
}

fn of_register(register: iced_x86::Register, state: &State) -> Value {
    match general(register) {
        Some((number, 64)) => state.get(number),
        _ => Value::Unknown,
    }
}
