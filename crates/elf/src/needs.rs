//! What the system's loader looks for when it loads a binary.

use std::collections::BTreeSet;

use object::elf;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, Sym};
use object::{Endianness, ReadRef};

use crate::dynamic::{Dynamic, LARGEST_TABLE};
use crate::{Architecture, Kind, Problem, with_header};

/// What a binary says about itself and about what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// For which machine it is made.
    pub architecture: Architecture,
    /// What it is.
    pub kind: Kind,
    /// The loader that the kernel starts in its place (`PT_INTERP`).
    pub interpreter: Option<Vec<u8>>,
    /// The libraries that are loaded with it (`DT_NEEDED`), and filters and auditors.
    pub libraries: Vec<Vec<u8>>,
    /// Where they are looked for first (`DT_RPATH`), where there is no `runpath`; colons divide it.
    pub rpath: Option<Vec<u8>>,
    /// Where its own libraries are looked for (`DT_RUNPATH`), not theirs; colons divide it.
    pub runpath: Option<Vec<u8>>,
    /// The name under which others ask for it (`DT_SONAME`).
    pub soname: Option<Vec<u8>>,
    /// The names of symbols that others have to define.
    pub imports: BTreeSet<Vec<u8>>,
    /// Libraries that it says it may load later (the `.note.dlopen` of systemd's ELF notes).
    pub may_load: Vec<Vec<u8>>,
}

/// Reads what a binary needs.
///
/// # Errors
///
/// When it is no ELF binary, or a damaged one.
pub fn read<'data>(data: impl ReadRef<'data>) -> Result<Needs, Problem> {
    with_header!(data, read_as)
}

fn read_as<'data, H, R>(data: R) -> Result<Needs, Problem>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let segments = header.program_headers(endian, data)?;
    let mut needs = Needs {
        architecture: Architecture {
            is_64: header.is_class_64(),
            is_little_endian: endian == Endianness::Little,
            machine: header.e_machine(endian).0,
        },
        kind: kind(header.e_type(endian)),
        interpreter: None,
        libraries: Vec::new(),
        rpath: None,
        runpath: None,
        soname: None,
        imports: BTreeSet::new(),
        may_load: Vec::new(),
    };
    for segment in segments {
        if let Some(path) = segment.interpreter(endian, data)? {
            needs.interpreter = Some(path.to_vec());
        }
        if let Some(notes) = bounded(segment, endian)?.notes(endian, data)? {
            needs.may_load.extend(announced(notes, endian));
        }
    }
    for segment in segments {
        if let Some(entries) = bounded(segment, endian)?.dynamic(endian, data)? {
            let table: Dynamic<H, R> = Dynamic { data, endian, segments, entries };
            describe(&table, &mut needs)?;
        }
    }
    Ok(needs)
}

fn kind(file_type: elf::FileType) -> Kind {
    match file_type {
        elf::ET_EXEC => Kind::Program,
        elf::ET_DYN => Kind::Shared,
        elf::ET_REL => Kind::Object,
        _ => Kind::Other,
    }
}

fn bounded<S: ProgramHeader>(segment: &S, endian: S::Endian) -> Result<&S, Problem> {
    let table = matches!(segment.p_type(endian), elf::PT_DYNAMIC | elf::PT_NOTE);
    if table && segment.p_filesz(endian).into() > LARGEST_TABLE {
        return Err(Problem::Malformed("a table is larger than any real one"));
    }
    Ok(segment)
}

/// The sonames in notes of type `0x407c0c0a` of the owner `FDO`, which hold a JSON text.
///
/// The text is not parsed as JSON: every string in it that names a library counts.
fn announced<H: FileHeader<Endian = Endianness>>(
    mut notes: object::read::elf::NoteIterator<'_, H>,
    endian: Endianness,
) -> Vec<Vec<u8>> {
    const DLOPEN: elf::NoteType = elf::NoteType(0x407c_0c0a);
    let mut found = Vec::new();
    while let Ok(Some(note)) = notes.next() {
        if note.name() == b"FDO" && note.n_type(endian) == DLOPEN {
            let strings = note.desc().split(|byte| *byte == b'"');
            let libraries = strings.filter(|text| text.windows(3).any(|part| part == b".so"));
            found.extend(libraries.map(<[u8]>::to_vec));
        }
    }
    found
}

fn describe<'data, H, R>(table: &Dynamic<'data, H, R>, needs: &mut Needs) -> Result<(), Problem>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let Some(strings) = table.strings()? else {
        return Ok(());
    };
    let endian = table.endian;
    for entry in table.entries.iter().take_while(|entry| entry.tag(endian) != elf::DT_NULL) {
        let slot = match entry.tag(endian) {
            elf::DT_NEEDED | elf::DT_AUXILIARY | elf::DT_FILTER => {
                needs.libraries.push(table.string(&strings, entry)?);
                continue;
            }
            elf::DT_RPATH => &mut needs.rpath,
            elf::DT_RUNPATH => &mut needs.runpath,
            elf::DT_SONAME => &mut needs.soname,
            _ => continue,
        };
        *slot = Some(table.string(&strings, entry)?);
    }
    let undefined = table.symbols()?.iter().filter(|symbol| symbol.is_undefined(endian));
    let names = undefined.filter_map(|symbol| symbol.name(endian, strings).ok());
    needs.imports = names.filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect();
    Ok(())
}
