//! What the system's loader looks for when it loads a binary.

use std::collections::BTreeSet;

use object::elf;
use object::read::elf::{Dyn, FileHeader, GnuHashTable, HashTable, ProgramHeader, Sym};
use object::{Endianness, ReadRef, StringTable};

use crate::{Architecture, Kind, Problem, with_header};

/// Tables larger than this are damage, not data: glibc's largest is a thousandth of it.
const LARGEST_TABLE: u64 = 256 << 20;

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
            table.describe(&mut needs)?;
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

/// The dynamic table, with what its addresses lead to.
struct Dynamic<'data, H: FileHeader, R> {
    data: R,
    endian: H::Endian,
    segments: &'data [H::ProgramHeader],
    entries: &'data [H::Dyn],
}

impl<'data, H, R> Dynamic<'data, H, R>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    fn describe(&self, needs: &mut Needs) -> Result<(), Problem> {
        let Some(strings) = self.strings()? else {
            return Ok(());
        };
        for entry in self.entries.iter().take_while(|entry| entry.tag(self.endian) != elf::DT_NULL)
        {
            let slot = match entry.tag(self.endian) {
                elf::DT_NEEDED | elf::DT_AUXILIARY | elf::DT_FILTER => {
                    needs.libraries.push(self.string(&strings, entry)?);
                    continue;
                }
                elf::DT_RPATH => &mut needs.rpath,
                elf::DT_RUNPATH => &mut needs.runpath,
                elf::DT_SONAME => &mut needs.soname,
                _ => continue,
            };
            *slot = Some(self.string(&strings, entry)?);
        }
        needs.imports = self.imports(&strings)?;
        Ok(())
    }

    fn string(&self, strings: &StringTable<'data, R>, entry: &H::Dyn) -> Result<Vec<u8>, Problem> {
        let offset = entry
            .val32(self.endian)
            .ok_or(Problem::Malformed("a name lies outside of the table of names"))?;
        let name = strings.get(offset);
        let name = name.map_err(|()| Problem::Malformed("a name has no end"))?;
        Ok(name.to_vec())
    }

    fn value(&self, tag: elf::DynamicTag) -> Option<u64> {
        let entry = self.entries.iter().find(|entry| entry.tag(self.endian) == tag)?;
        Some(entry.val(self.endian))
    }

    fn strings(&self) -> Result<Option<StringTable<'data, R>>, Problem> {
        let (Some(address), Some(size)) = (self.value(elf::DT_STRTAB), self.value(elf::DT_STRSZ))
        else {
            return Ok(None);
        };
        let start = self.offset(address)?;
        let end = start.checked_add(size).filter(|_| size <= LARGEST_TABLE);
        let end = end.ok_or(Problem::Malformed("the table of names is larger than any"))?;
        Ok(Some(StringTable::new(self.data, start, end)))
    }

    /// Where in the file an address lies.
    fn offset(&self, address: u64) -> Result<u64, Problem> {
        let loaded =
            self.segments.iter().filter(|segment| segment.p_type(self.endian) == elf::PT_LOAD);
        for segment in loaded {
            let start: u64 = segment.p_vaddr(self.endian).into();
            let size: u64 = segment.p_filesz(self.endian).into();
            let offset: u64 = segment.p_offset(self.endian).into();
            if let Some(inside) = address.checked_sub(start).filter(|inside| *inside < size) {
                return offset
                    .checked_add(inside)
                    .ok_or(Problem::Malformed("an address lies beyond every file"));
            }
        }
        Err(Problem::Malformed("an address lies in no loaded segment"))
    }

    /// The bytes from an address to the end of its segment.
    fn bytes_from(&self, address: u64) -> Result<&'data [u8], Problem> {
        let start = self.offset(address)?;
        let rest = crate::length(self.data)?.saturating_sub(start).min(LARGEST_TABLE);
        let ending_in_segment = self.segments.iter().find_map(|segment| {
            let offset: u64 = segment.p_offset(self.endian).into();
            let end = offset.checked_add(segment.p_filesz(self.endian).into())?;
            (segment.p_type(self.endian) == elf::PT_LOAD && (offset..end).contains(&start))
                .then(|| end - start)
        });
        let size = ending_in_segment.unwrap_or(rest).min(rest);
        self.data
            .read_bytes_at(start, size)
            .map_err(|()| Problem::Malformed("a table lies outside of the file"))
    }

    /// How many symbols there are: only the hash tables tell, for sections may be stripped.
    fn symbol_count(&self) -> Result<u32, Problem> {
        if let Some(address) = self.value(elf::DT_HASH) {
            let table = HashTable::<H>::parse(self.endian, self.bytes_from(address)?)?;
            return Ok(table.symbol_table_length());
        }
        let Some(address) = self.value(elf::DT_GNU_HASH) else {
            return Ok(0);
        };
        let table = GnuHashTable::<H>::parse(self.endian, self.bytes_from(address)?)?;
        // A table without exported symbols tells only where those would begin.
        Ok(table.symbol_table_length(self.endian).unwrap_or_else(|| table.symbol_base()))
    }

    fn imports(&self, strings: &StringTable<'data, R>) -> Result<BTreeSet<Vec<u8>>, Problem> {
        let Some(address) = self.value(elf::DT_SYMTAB) else {
            return Ok(BTreeSet::new());
        };
        let bytes = self.bytes_from(address)?;
        let count = self.symbol_count()? as usize;
        let most = bytes.len() / size_of::<H::Sym>();
        let (symbols, _) = object::pod::slice_from_bytes::<H::Sym>(bytes, count.min(most))
            .map_err(|()| Problem::Malformed("the table of symbols lies at an odd place"))?;
        let undefined = symbols.iter().filter(|symbol| symbol.is_undefined(self.endian));
        let names = undefined.filter_map(|symbol| symbol.name(self.endian, *strings).ok());
        Ok(names.filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect())
    }
}
