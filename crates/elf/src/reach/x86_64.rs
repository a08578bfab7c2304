//! What x86-64 code refers to.
//!
//! Code that can be loaded anywhere names other code in three ways: by jumps and calls, by
//! addresses that count from the instruction's own, and by words that the loader relocates.

use iced_x86::{
    Code as Opcode, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind,
};
use object::elf;

use crate::reach::decoded::{Decoded, End, Meaning, Reference, Stub, Use};
use crate::reach::image::PACKED;

/// `int3`, which raises SIGTRAP.
pub(super) const TRAP: &[u8] = &[0xcc];

/// What a relocation means; `None` for one that no linker writes into a library.
pub(super) fn meaning(kind: u32) -> Option<Meaning> {
    Some(match elf::RelocationType(kind) {
        elf::R_X86_64_GLOB_DAT | elf::R_X86_64_JUMP_SLOT => Meaning::Slot,
        elf::R_X86_64_64 => Meaning::Symbol,
        elf::R_X86_64_RELATIVE | elf::R_X86_64_RELATIVE64 | elf::R_X86_64_IRELATIVE => {
            Meaning::Address
        }
        _ if kind == PACKED => Meaning::Address,
        elf::R_X86_64_NONE
        | elf::R_X86_64_COPY
        | elf::R_X86_64_SIZE64
        | elf::R_X86_64_DTPMOD64
        | elf::R_X86_64_DTPOFF64
        | elf::R_X86_64_TPOFF64
        | elf::R_X86_64_TLSDESC => Meaning::Nothing,
        _ => return None,
    })
}

/// Reads code from its beginning, and from every byte besides, for there may be data between the
/// instructions, behind which they would be read askew. What is found so is not sure.
pub(super) fn decode(code: &[u8], address: u64) -> Decoded {
    /// Shorter jumps stay in the neighbourhood; read from the middle of an instruction they are
    /// noise.
    const SHORTEST_FAR: usize = 5;
    let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    let mut said = Decoded::default();
    let mut next = 0;
    for start in 0..code.len() {
        decoder.set_position(start).expect("it is in the code");
        decoder.set_ip(address.wrapping_add(start as u64));
        decoder.decode_out(&mut instruction);
        let is_sure = start == next;
        if is_sure {
            next += instruction.len().max(1);
            note(&mut said, &instruction, &code[start..]);
        }
        if let Some((target, used)) = reference(&instruction)
            && (is_sure || instruction.len() >= SHORTEST_FAR)
        {
            said.references.push(Reference { target, used, is_sure });
        }
    }
    said
}

/// Reads a stub, of which linkers make one for each function of other libraries.
pub(super) fn stub(code: &[u8], address: u64) -> Option<Stub> {
    /// `endbr64`, a number that is pushed, and the jump.
    const LONGEST: usize = 3;
    let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
    for instruction in decoder.iter().take(LONGEST) {
        match (instruction.mnemonic(), reference(&instruction)) {
            (Mnemonic::Endbr64 | Mnemonic::Push | Mnemonic::Nop, _) => {}
            (Mnemonic::Jmp, Some((target, _))) if instruction.is_ip_rel_memory_operand() => {
                return Some(Stub::Through(target));
            }
            (Mnemonic::Jmp, Some((target, _))) => return Some(Stub::Binds(target)),
            _ => return None,
        }
    }
    None
}

/// Takes account of an instruction that stands in line.
fn note(decoded: &mut Decoded, instruction: &Instruction, code: &[u8]) {
    if is_padding(instruction, code) {
        return;
    }
    decoded.is_padding = false;
    if instruction.code() == Opcode::Mov_r64_imm64 {
        decoded.wide.insert(instruction.immediate64().cast_signed().into());
    }
    let mnemonic = instruction.mnemonic();
    let stub = matches!(mnemonic, Mnemonic::Endbr64 | Mnemonic::Push | Mnemonic::Jmp);
    decoded.is_stubs &= stub && !instruction.is_invalid();
    let is_known = reference(instruction).is_some();
    decoded.returns |= match mnemonic {
        Mnemonic::Jmp => !is_known,
        _ => goes_back(instruction) || instruction.is_invalid(),
    };
    decoded.end = match (mnemonic, reference(instruction)) {
        (Mnemonic::Call, Some((callee, _))) => End::Calls(callee),
        _ if goes_back(instruction) || stops(mnemonic) => End::Stops,
        _ => End::GoesOn,
    };
}

/// The address that an instruction names.
fn reference(instruction: &Instruction) -> Option<(u64, Use)> {
    let near = [OpKind::NearBranch16, OpKind::NearBranch32, OpKind::NearBranch64];
    let mnemonic = instruction.mnemonic();
    if instruction.code() == Opcode::INVALID {
        None
    } else if instruction.op_count() > 0 && near.contains(&instruction.op0_kind()) {
        let used = if mnemonic == Mnemonic::Call { Use::Call } else { Use::Jump };
        Some((instruction.near_branch_target(), used))
    } else if instruction.is_ip_rel_memory_operand() {
        let used = match mnemonic {
            Mnemonic::Lea => Use::Address,
            Mnemonic::Jmp => Use::Jump,
            _ => Use::Content,
        };
        Some((instruction.ip_rel_memory_address(), used))
    } else {
        None
    }
}

/// What compilers and linkers put between functions.
fn is_padding(instruction: &Instruction, code: &[u8]) -> bool {
    matches!(instruction.mnemonic(), Mnemonic::Nop | Mnemonic::Int3)
        || code.iter().take(instruction.len().max(1)).all(|byte| *byte == 0)
}

/// Whether an instruction goes back to who called, in whichever way.
fn goes_back(instruction: &Instruction) -> bool {
    instruction.flow_control() == FlowControl::Return
}

/// Whether the processor never goes on behind an instruction, though it goes nowhere back.
fn stops(mnemonic: Mnemonic) -> bool {
    use Mnemonic::{Hlt, Jmp, Ud0, Ud1, Ud2};
    matches!(mnemonic, Jmp | Ud0 | Ud1 | Ud2 | Hlt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_back_counts() {
        #[rustfmt::skip]
        let ways: [(&str, &[u8]); 7] = [
            ("ret",     &[0xc3]),
            ("retf",    &[0xcb]),
            ("iretd",   &[0xcf]),
            ("iretq",   &[0x48, 0xcf]),
            ("sysexit", &[0x0f, 0x35]),
            ("sysretd", &[0x0f, 0x07]),
            ("uiret",   &[0xf3, 0x0f, 0x01, 0xec]),
        ];
        for (name, code) in ways {
            let decoded = decode(code, 0x1000);
            assert!(decoded.returns, "{name}");
            assert_eq!(decoded.end, End::Stops, "{name}");
        }
    }
}
