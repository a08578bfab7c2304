//! Which registers an instruction of ARM writes whose result does not matter.
//!
//! What is not listed may write anything. The library gives what is written first.

use yaxpeax_arm::armv7::Opcode;

use crate::audit::instruction::Writes;

/// What an opcode writes.
#[expect(clippy::match_same_arms, reason = "a line for each kind of instruction")]
pub(super) fn of(opcode: Opcode) -> Writes {
    use Opcode as O;
    match opcode {
        O::CMP | O::CMN | O::TST | O::TEQ => Writes::Nothing,
        O::NOP | O::YIELD | O::WFE | O::WFI | O::SEV | O::CSDB | O::ESB | O::BTI => Writes::Nothing,
        O::HINT | O::DBG | O::DSB | O::DMB | O::ISB | O::PLD | O::PLI => Writes::Nothing,
        O::CLREX | O::SETEND | O::BKPT => Writes::Nothing,
        O::STRB | O::STRH | O::STRT | O::STRBT | O::STRHT => Writes::Nothing,
        O::STL | O::STLB | O::STLH => Writes::Nothing,
        O::AND | O::EOR | O::RSB | O::ADC | O::SBC | O::RSC | O::BIC | O::ORN => Writes::First,
        O::LSL | O::LSR | O::ASR | O::ROR | O::RRX => Writes::First,
        O::CLZ | O::RBIT | O::REV | O::REV16 | O::REVSH => Writes::First,
        O::MUL | O::MLA | O::MLS | O::SDIV | O::UDIV => Writes::First,
        O::SMUL(..) | O::SMLA(..) | O::SMULW(_) | O::SMLAW(_) => Writes::First,
        O::SXTB | O::SXTH | O::UXTB | O::UXTH | O::SXTB16 | O::UXTB16 => Writes::First,
        O::SXTAB | O::SXTAH | O::UXTAB | O::UXTAH | O::SXTAB16 | O::UXTAB16 => Writes::First,
        O::UBFX | O::SBFX | O::BFI | O::BFC | O::PKHBT | O::PKHTB | O::SEL => Writes::First,
        O::SSAT | O::USAT | O::SSAT16 | O::USAT16 => Writes::First,
        O::QADD | O::QSUB | O::QDADD | O::QDSUB => Writes::First,
        O::MRS => Writes::First,
        O::LDRB | O::LDRH | O::LDRSB | O::LDRSH => Writes::First,
        O::LDRT | O::LDRBT | O::LDRHT | O::LDRSBT | O::LDRSHT => Writes::First,
        O::LDREX | O::LDREXB | O::LDREXH | O::LDA | O::LDAB | O::LDAH => Writes::First,
        O::STREX | O::STREXB | O::STREXH | O::STREXD | O::SWP | O::SWPB => Writes::First,
        O::UMULL | O::SMULL | O::UMLAL | O::SMLAL | O::UMAAL => Writes::FirstTwo,
        O::SMLAL_halfword(..) | O::SMLALD(_) | O::SMLSLD(_) | O::LDREXD => Writes::FirstTwo,
        _ => Writes::Anything,
    }
}

/// How many bytes an opcode that writes memory writes there.
pub(super) fn stores(opcode: Opcode) -> Option<u8> {
    use Opcode as O;
    match opcode {
        O::STRB | O::STRBT | O::STREXB | O::STLB | O::SWPB => Some(1),
        O::STRH | O::STRHT | O::STREXH | O::STLH => Some(2),
        O::STR | O::STRT | O::STREX | O::STL | O::SWP => Some(4),
        O::STREXD => Some(8),
        _ => None,
    }
}
