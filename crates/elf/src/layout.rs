//! Which parts of a binary's file belong to what is loaded, and which do not.

use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, ReadRef};

use crate::{Architecture, Kind, Problem, length, with_header};

/// Where the parts of a binary lie in its file; all offsets in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What it is.
    pub kind: Kind,
    /// For which machine it is made.
    pub architecture: Architecture,
    /// The loader that the kernel starts in its place (`PT_INTERP`).
    pub interpreter: Option<Vec<u8>>,
    /// Whether a loader finds a table of what it needs and offers (`PT_DYNAMIC`).
    pub is_dynamic: bool,
    /// The length of the file.
    pub length: u64,
    /// Where what is loaded ends: the last segment, or the table of segments.
    pub loaded_end: u64,
    /// Where everything ends that the headers know of.
    pub known_end: u64,
    /// Whether there are segments at all: object files and kernel modules have none.
    pub has_segments: bool,
    /// Where the table of sections begins, or 0.
    pub section_table: u64,
    /// The sections, in the order of their table.
    pub sections: Vec<Section>,
}

/// A section, as its header describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name, such as `.debug_info`.
    pub name: Vec<u8>,
    /// Whether it is part of what is loaded (`SHF_ALLOC`).
    pub loaded: bool,
    /// Where its content begins and ends in the file.
    pub range: (u64, u64),
}

impl Layout {
    /// Reads the layout.
    ///
    /// # Errors
    ///
    /// When it is no ELF binary, or a damaged one.
    pub fn read<'data>(data: impl ReadRef<'data>) -> Result<Self, Problem> {
        with_header!(data, read_as)
    }
}

fn read_as<'data, H, R>(data: R) -> Result<Layout, Problem>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let segments = header.program_headers(endian, data)?;
    let header_end = u64::from(header.e_ehsize(endian));
    let table: u64 = header.e_phoff(endian).into();
    let table_end = table.checked_add(size_of_val(segments) as u64);
    let mut loaded_end = header_end.max(table_end.ok_or(BEYOND)?);
    let (mut interpreter, mut is_dynamic) = (None, false);
    for segment in segments.iter().filter(|one| one.p_type(endian) != elf::PT_NULL) {
        let (start, size) = segment.file_range(endian);
        loaded_end = loaded_end.max(start.checked_add(size).ok_or(BEYOND)?);
        is_dynamic |= segment.p_type(endian) == elf::PT_DYNAMIC;
        // A cut file has none that could be read; that it is cut is said elsewhere.
        if let Ok(Some(path)) = segment.interpreter(endian, data) {
            interpreter = Some(path.to_vec());
        }
    }

    let length = length(data)?;
    let section_table: u64 = header.e_shoff(endian).into();
    let table_size = |count: u64| count * u64::from(header.e_shentsize(endian));
    let table_end = |count| section_table.checked_add(table_size(count)).ok_or(BEYOND);
    let described = table_end(u64::from(header.e_shnum(endian)))?;
    // What is not there cannot be read: the layout of a cut file ends where its headers say.
    let cut = described > length;
    let sections = if cut { Vec::new() } else { sections(header, endian, data)? };
    let mut known_end = loaded_end.max(described).max(table_end(sections.len() as u64)?);
    for section in &sections {
        known_end = known_end.max(section.range.1);
    }
    Ok(Layout {
        kind: match header.e_type(endian) {
            elf::ET_EXEC => Kind::Program,
            elf::ET_DYN => Kind::Shared,
            elf::ET_REL => Kind::Object,
            _ => Kind::Other,
        },
        architecture: Architecture {
            is_64: header.is_class_64(),
            is_little_endian: endian == Endianness::Little,
            machine: header.e_machine(endian).0,
        },
        interpreter,
        is_dynamic,
        length,
        loaded_end,
        known_end,
        has_segments: !segments.is_empty(),
        section_table,
        sections,
    })
}

const BEYOND: Problem = Problem::Malformed("a part ends beyond every file");

fn sections<'data, H, R>(header: &H, endian: Endianness, data: R) -> Result<Vec<Section>, Problem>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let table = header.sections(endian, data)?;
    let mut sections = Vec::with_capacity(table.len());
    for section in table.iter() {
        let range = match section.file_range(endian) {
            Some((start, size)) => (start, start.checked_add(size).ok_or(BEYOND)?),
            None => (0, 0),
        };
        sections.push(Section {
            name: table.section_name(endian, section)?.to_vec(),
            loaded: section.sh_flags(endian).contains(elf::SHF_ALLOC),
            range,
        });
    }
    Ok(sections)
}
