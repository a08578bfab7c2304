//! Which registers an instruction of 64-bit ARM writes whose result does not matter.
//!
//! What is not listed may write anything. The library gives what is written first.

use yaxpeax_arm::armv8::a64::Opcode;

use crate::audit::instruction::Writes;

/// What an opcode writes.
#[expect(clippy::match_same_arms, reason = "a line for each kind of instruction")]
pub(super) fn of(opcode: Opcode) -> Writes {
    use Opcode as O;
    match opcode {
        O::STRB | O::STRH | O::STURB | O::STURH | O::STTR | O::STTRB | O::STTRH => Writes::Nothing,
        O::STLR | O::STLRB | O::STLRH | O::STLUR | O::STLURB | O::STLURH => Writes::Nothing,
        O::CCMP | O::CCMN | O::PRFM | O::PRFUM | O::CLREX => Writes::Nothing,
        O::DMB(_) | O::DSB(_) | O::ISB | O::MSR => Writes::Nothing,
        O::ADC | O::ADCS | O::SBC | O::SBCS => Writes::First,
        O::ADD | O::ADDS | O::SUB | O::SUBS => Writes::First,
        O::AND | O::ANDS | O::ORR | O::ORN | O::EOR | O::EON | O::BIC | O::BICS => Writes::First,
        O::BFM | O::UBFM | O::SBFM | O::EXTR => Writes::First,
        O::CSEL | O::CSINC | O::CSINV | O::CSNEG => Writes::First,
        O::RBIT | O::REV | O::REV16 | O::REV32 | O::CLZ | O::CLS => Writes::First,
        O::MADD | O::MSUB | O::SMADDL | O::SMSUBL | O::UMADDL | O::UMSUBL => Writes::First,
        O::SMULH | O::UMULH | O::UDIV | O::SDIV => Writes::First,
        O::LSLV | O::LSRV | O::ASRV | O::RORV | O::MRS => Writes::First,
        O::CRC32B | O::CRC32H | O::CRC32W | O::CRC32X => Writes::First,
        O::CRC32CB | O::CRC32CH | O::CRC32CW | O::CRC32CX => Writes::First,
        O::LDR | O::LDRB | O::LDRH | O::LDRSB | O::LDRSH | O::LDRSW => Writes::First,
        O::LDUR | O::LDURB | O::LDURH | O::LDURSB | O::LDURSH | O::LDURSW => Writes::First,
        O::LDTR | O::LDTRB | O::LDTRH | O::LDTRSB | O::LDTRSH | O::LDTRSW => Writes::First,
        O::LDAR | O::LDARB | O::LDARH | O::LDXR | O::LDXRB | O::LDXRH => Writes::First,
        O::LDAXR | O::LDAXRB | O::LDAXRH | O::LDAPR | O::LDAPRB | O::LDAPRH => Writes::First,
        O::STXR | O::STXRB | O::STXRH | O::STLXR | O::STLXRB | O::STLXRH => Writes::First,
        O::STXP | O::STLXP => Writes::First,
        O::CAS(_) | O::CASB(_) | O::CASH(_) => Writes::First,
        O::LDP | O::LDPSW | O::LDNP | O::LDXP | O::LDAXP => Writes::FirstTwo,
        _ => Writes::Anything,
    }
}
