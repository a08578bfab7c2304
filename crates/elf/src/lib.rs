//! Reads what an ELF binary needs and offers, plans how to strip it, and finds functions that nothing
//! reaches.
//!
//! Formats are those of the System V ABI, chapters 4 and 5, and of the GNU extensions that glibc's
//! `elf.h` names. Binaries are foreign bytes: every table is bounded, and what does not parse is an
//! error, never a guess.

pub mod needs;
pub mod reach;
pub mod strip;
pub mod symbols;

mod dynamic;
mod layout;
mod problem;

use object::ReadRef;
use object::elf;

pub use layout::Layout;
pub use problem::Problem;

/// The four bytes that every ELF file begins with.
pub const MAGIC: [u8; 4] = *b"\x7fELF";

/// For which machine and with which word size a binary is made: only equals load each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Architecture {
    /// 64-bit words, otherwise 32-bit ones.
    pub is_64: bool,
    /// Little-endian, otherwise big-endian.
    pub is_little_endian: bool,
    /// The `e_machine` of the header.
    pub machine: u16,
}

impl Architecture {
    /// What the machine is called by those who build programs for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match (elf::Machine(self.machine), self.is_64) {
            (elf::EM_X86_64, true) => "x86-64",
            (elf::EM_X86_64, false) => "x32",
            (elf::EM_386, _) => "i386",
            (elf::EM_AARCH64, _) => "aarch64",
            (elf::EM_ARM, _) => "arm",
            (elf::EM_RISCV, true) => "riscv64",
            (elf::EM_RISCV, false) => "riscv32",
            (elf::EM_PPC64, _) => "ppc64",
            (elf::EM_PPC, _) => "powerpc",
            (elf::EM_S390, _) => "s390x",
            (elf::EM_MIPS, _) => "mips",
            _ => "unknown",
        }
    }
}

/// What kind of binary it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A program at a fixed address.
    Program,
    /// A library, or a program that can be loaded at any address.
    Shared,
    /// An object file or a kernel module.
    Object,
    /// Anything else, such as a core dump.
    Other,
}

/// Runs a function with the header of whichever class and byte order the binary has.
macro_rules! with_header {
    ($data:expr, $function:ident $(, $argument:expr)*) => {{
        let data = $data;
        match object::FileKind::parse(data)? {
            object::FileKind::Elf32 => {
                $function::<object::elf::FileHeader32<object::Endianness>, _>(data $(, $argument)*)
            }
            object::FileKind::Elf64 => {
                $function::<object::elf::FileHeader64<object::Endianness>, _>(data $(, $argument)*)
            }
            _ => Err(Problem::NotElf),
        }
    }};
}
pub(crate) use with_header;

/// The length of a file as the library sees it.
fn length<'data>(data: impl ReadRef<'data>) -> Result<u64, Problem> {
    data.len().map_err(|()| Problem::Malformed("the file's length cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_have_the_names_that_toolchains_give_them() {
        let name = |machine: elf::Machine, is_64| {
            Architecture { is_64, is_little_endian: true, machine: machine.0 }.name()
        };
        assert_eq!(name(elf::EM_X86_64, true), "x86-64");
        assert_eq!(name(elf::EM_X86_64, false), "x32");
        assert_eq!(name(elf::EM_386, false), "i386");
        assert_eq!(name(elf::EM_AARCH64, true), "aarch64");
        assert_eq!(name(elf::EM_ARM, false), "arm");
        assert_eq!(name(elf::EM_RISCV, true), "riscv64");
        assert_eq!(name(elf::EM_RISCV, false), "riscv32");
        assert_eq!(name(elf::EM_PPC64, true), "ppc64");
        assert_eq!(name(elf::EM_PPC, false), "powerpc");
        assert_eq!(name(elf::EM_S390, true), "s390x");
        assert_eq!(name(elf::EM_MIPS, false), "mips");
        assert_eq!(name(elf::Machine(0xfeed), true), "unknown");
    }
}
