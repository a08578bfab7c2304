//! The parts of a binary that an audit reads: its code, its symbols, and what it imports.

use std::collections::{BTreeMap, BTreeSet};

use object::elf as format;
use object::read::elf::{FileHeader, ProgramHeader, Rel, SectionHeader, Sym};
use object::{Endianness, read::elf::SectionTable};

use super::Machine;

/// Code beyond this is not read: glibc has a fortieth of it.
const MOST_CODE: u64 = 64 << 20;

/// In which way bytes are read as instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Mode {
    /// 32-bit ARM's instructions of four bytes.
    Arm,
    /// 32-bit ARM's instructions of two or four bytes.
    Thumb,
    /// 64-bit ARM.
    Aarch64,
    /// 64-bit x86.
    X86,
}

/// A run of code, read in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) mode: Mode,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// What is loaded of a binary, by address.
pub(super) struct Image<'data> {
    /// The machine that it is made for.
    pub(super) machine: Machine,
    /// The loaded parts: address and bytes.
    parts: Vec<(u64, &'data [u8])>,
    /// Where there is code.
    pub(super) regions: Vec<Region>,
    /// Where data stands among the code, by its beginning, and where it ends.
    pub(super) data: BTreeMap<u64, u64>,
    /// Where functions are known to begin: the entry and the symbols.
    pub(super) starts: BTreeSet<u64>,
    /// Where `syscall`, as C libraries have it, is defined, if it is.
    pub(super) syscall: Option<u64>,
    /// The words that hold the address of another library's `syscall`.
    pub(super) imported_syscall: BTreeSet<u64>,
}

impl<'data> Image<'data> {
    /// Reads it: nothing where the machine is none of those that are understood.
    pub(super) fn read(data: &'data [u8]) -> Result<Option<Self>, object::read::Error> {
        match object::FileKind::parse(data)? {
            object::FileKind::Elf32 => read_as::<format::FileHeader32<Endianness>>(data),
            object::FileKind::Elf64 => read_as::<format::FileHeader64<Endianness>>(data),
            _ => Ok(None),
        }
    }

    /// The bytes from an address to the end of what is loaded there.
    pub(super) fn bytes(&self, at: u64) -> &'data [u8] {
        for (start, bytes) in &self.parts {
            let inside = at.checked_sub(*start).and_then(|inside| usize::try_from(inside).ok());
            let rest = inside.and_then(|inside| bytes.get(inside..));
            if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
                return rest;
            }
        }
        &[]
    }

    /// The little-endian number of so many bytes at an address.
    pub(super) fn number(&self, at: u64, width: usize) -> Option<u64> {
        let bytes = self.bytes(at).get(..width)?;
        Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// All that is loaded, part by part.
    pub(super) fn contents(&self) -> impl Iterator<Item = &'data [u8]> {
        self.parts.iter().map(|(_, bytes)| *bytes)
    }
}

fn read_as<H>(data: &[u8]) -> Result<Option<Image<'_>>, object::read::Error>
where
    H: FileHeader<Endian = Endianness>,
{
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let (machine, mode) = match header.e_machine(endian) {
        format::EM_ARM => (Machine::Arm, Mode::Arm),
        format::EM_AARCH64 => (Machine::Aarch64, Mode::Aarch64),
        format::EM_X86_64 if header.is_class_64() => (Machine::X86_64, Mode::X86),
        _ => return Ok(None),
    };
    if endian != Endianness::Little {
        return Ok(None);
    }
    let mut image = Image {
        machine,
        parts: Vec::new(),
        regions: Vec::new(),
        data: BTreeMap::new(),
        starts: BTreeSet::new(),
        syscall: None,
        imported_syscall: BTreeSet::new(),
    };
    let mut runs = Vec::new();
    for segment in header.program_headers(endian, data)? {
        let bytes = segment.data(endian, data).unwrap_or_default();
        if segment.p_type(endian) != format::PT_LOAD || bytes.is_empty() {
            continue;
        }
        let address: u64 = segment.p_vaddr(endian).into();
        image.parts.push((address, bytes));
        if segment.p_flags(endian).contains(format::PF_X) {
            runs.push((address, address.saturating_add(bytes.len() as u64)));
        }
    }
    let even = if mode == Mode::Arm { !1 } else { !0 };
    image.starts.insert(Into::<u64>::into(header.e_entry(endian)) & even);
    // A binary without sections, or with damaged ones, is still loaded: its segments say enough.
    let mut modes = BTreeMap::new();
    if let Ok(sections) = header.sections(endian, data) {
        let from_sections = code_of_sections(&sections, endian);
        if !from_sections.is_empty() {
            runs = from_sections;
        }
        read_symbols(&sections, endian, data, even, &mut image, &mut modes);
        read_relocations(&sections, endian, data, &mut image);
    }
    let mut left = MOST_CODE;
    for (start, end) in runs {
        let end = end.min(start.saturating_add(left));
        left -= end.saturating_sub(start).min(left);
        let regions = regions(&image, mode, start, end, &modes);
        image.regions.extend(regions);
        image.data.extend(data_among(start, end, &modes));
    }
    Ok(Some(image))
}

fn code_of_sections<H: FileHeader<Endian = Endianness>>(
    sections: &SectionTable<'_, H>,
    endian: Endianness,
) -> Vec<(u64, u64)> {
    let code = format::SHF_EXECINSTR;
    let executable = sections.iter().filter(|section| {
        section.sh_flags(endian).contains(code) && section.sh_type(endian) == format::SHT_PROGBITS
    });
    let ranges = executable.map(|section| {
        let start: u64 = section.sh_addr(endian).into();
        (start, start.saturating_add(section.sh_size(endian).into()))
    });
    ranges.collect()
}

/// What a mapping symbol of ARM says of the bytes that follow it: `None` stands for data.
type Modes = BTreeMap<u64, Option<Mode>>;

fn read_symbols<'data, H: FileHeader<Endian = Endianness>>(
    sections: &SectionTable<'data, H>,
    endian: Endianness,
    data: &'data [u8],
    even: u64,
    image: &mut Image<'data>,
    modes: &mut Modes,
) {
    for kind in [format::SHT_SYMTAB, format::SHT_DYNSYM] {
        let Ok(symbols) = sections.symbols(endian, data, kind) else {
            continue;
        };
        for symbol in symbols.iter().filter(|symbol| !symbol.is_undefined(endian)) {
            let address: u64 = symbol.st_value(endian).into();
            let name = symbol.name(endian, symbols.strings()).unwrap_or_default();
            match name {
                [b'$', kind @ (b'a' | b't' | b'd' | b'x'), rest @ ..]
                    if rest.first().is_none_or(|byte| *byte == b'.') =>
                {
                    let mode = match kind {
                        b'a' => Some(Mode::Arm),
                        b't' => Some(Mode::Thumb),
                        b'x' => Some(Mode::Aarch64),
                        _ => None,
                    };
                    modes.insert(address, mode);
                }
                _ if symbol.st_type() == format::STT_FUNC => {
                    image.starts.insert(address & even);
                    if name == b"syscall" {
                        image.syscall = Some(address & even);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Finds the words that the loader fills with the address of a C library's `syscall`.
fn read_relocations<'data, H: FileHeader<Endian = Endianness>>(
    sections: &SectionTable<'data, H>,
    endian: Endianness,
    data: &'data [u8],
    image: &mut Image<'data>,
) {
    let Ok(symbols) = sections.symbols(endian, data, format::SHT_DYNSYM) else {
        return;
    };
    let mut note = |place: u64, symbol: Option<object::SymbolIndex>| {
        let symbol = symbol.and_then(|index| symbols.symbol(index).ok());
        let name = symbol.and_then(|symbol| symbol.name(endian, symbols.strings()).ok());
        if name == Some(b"syscall") {
            image.imported_syscall.insert(place);
        }
    };
    for section in sections.iter() {
        if let Ok(Some((relocations, _))) = section.rel(endian, data) {
            for relocation in relocations {
                note(relocation.r_offset(endian).into(), relocation.symbol(endian));
            }
        }
        if let Ok(Some((relocations, _))) = section.rela(endian, data) {
            for relocation in relocations {
                let symbol = object::read::elf::Rela::symbol(relocation, endian, false);
                note(object::read::elf::Rela::r_offset(relocation, endian).into(), symbol);
            }
        }
    }
}

/// Cuts a run of code where mapping symbols say that it is read in another way.
fn regions(image: &Image, mode: Mode, start: u64, end: u64, modes: &Modes) -> Vec<Region> {
    if end <= start {
        return Vec::new();
    }
    if modes.range(start..end).next().is_none() {
        let mode = if mode == Mode::Arm { likelier(image, start, end) } else { mode };
        return vec![Region { mode, start, end }];
    }
    let mut regions: Vec<Region> = Vec::new();
    let changes = modes.range(start..end).filter_map(|(at, mode)| Some((*at, (*mode)?)));
    let mut current = (start, mode);
    for (at, next) in changes.chain([(end, mode)]) {
        if next != current.1 || at == end {
            regions.push(Region { mode: current.1, start: current.0, end: at });
            current = (at, next);
        }
    }
    regions.retain(|region| region.end > region.start);
    regions
}

/// What mapping symbols say is data.
fn data_among(start: u64, end: u64, modes: &Modes) -> Vec<(u64, u64)> {
    if end <= start {
        return Vec::new();
    }
    let mut all = modes.range(start..end).peekable();
    let mut data = Vec::new();
    while let Some((at, mode)) = all.next() {
        let next = all.peek().map_or(end, |(next, _)| **next);
        if mode.is_none() {
            data.push((*at, next));
        }
    }
    data
}

/// Without symbols, ARM's instructions are told from Thumb's by their conditions.
///
/// Most instructions of four bytes are executed always, which their highest four bits say as 14;
/// in Thumb's code, these bits say 14 now and then.
fn likelier(image: &Image, start: u64, end: u64) -> Mode {
    let length = usize::try_from(end - start).unwrap_or(usize::MAX);
    let bytes = image.bytes(start);
    let bytes = &bytes[..length.min(bytes.len())];
    let words = bytes.as_chunks::<4>().0;
    let always = words.iter().filter(|word| word[3] >> 4 == 14).count();
    if always * 2 >= words.len() { Mode::Arm } else { Mode::Thumb }
}
