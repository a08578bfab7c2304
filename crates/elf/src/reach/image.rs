//! A binary as the loader sees it, in the same words for every class and byte order.

use std::ops::Range;

use object::elf;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, Rel, Rela, RelrIterator, Sym};
use object::{Endianness, ReadRef};

use crate::dynamic::{Dynamic, LARGEST_TABLE};
use crate::{Architecture, Problem, with_header};

/// Linkers make about a dozen.
const MOST_SEGMENTS: usize = 128;

/// What is loaded of a binary, and what the loader does to it.
pub(super) struct Image<'data> {
    pub(super) architecture: Architecture,
    /// Whether it is loaded by the name of a library, not started.
    pub(super) is_library: bool,
    pub(super) segments: Vec<Segment<'data>>,
    /// Where in the file the table of segments lies.
    pub(super) headers: Range<u64>,
    /// Where the loader and the kernel enter it.
    pub(super) entries: Vec<u64>,
    pub(super) symbols: Vec<Symbol<'data>>,
    pub(super) relocations: Vec<Relocation>,
    /// Where the table of global offsets begins (`DT_PLTGOT`).
    pub(super) offset_table: Option<u64>,
    /// Where the names of its symbols lie, and how many bytes they take.
    names: Option<(u64, u64)>,
    /// Where the index of unwinding information lies (`PT_GNU_EH_FRAME`), and its size.
    pub(super) frame_index: Option<(u64, u64)>,
    /// Whether the loader changes code (`DT_TEXTREL`), or in ways that we do not read.
    pub(super) relocates_otherwise: bool,
}

/// A part of the file that is loaded.
pub(super) struct Segment<'data> {
    pub(super) address: u64,
    /// Where it lies in the file.
    pub(super) offset: u64,
    pub(super) bytes: &'data [u8],
    pub(super) executable: bool,
}

/// A part of what is loaded.
pub(super) struct Content<'data> {
    /// Where it lies in the file.
    pub(super) offset: u64,
    pub(super) bytes: &'data [u8],
    pub(super) executable: bool,
}

/// A symbol for others or from others.
pub(super) struct Symbol<'data> {
    pub(super) name: &'data [u8],
    /// Its address, where it is defined here.
    pub(super) address: Option<u64>,
    /// A function that chooses the function that is meant (`STT_GNU_IFUNC`).
    pub(super) is_resolver: bool,
}

/// What the loader writes somewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relocation {
    pub(super) place: u64,
    /// The machine's number for it.
    pub(super) kind: u32,
    /// The number of a symbol; 0 for none.
    pub(super) symbol: usize,
    pub(super) addend: i64,
}

impl Segment<'_> {
    pub(super) fn end(&self) -> u64 {
        self.address + self.bytes.len() as u64
    }
}

impl<'data> Image<'data> {
    pub(super) fn read(data: &'data [u8]) -> Result<Self, Problem> {
        with_header!(data, read_as)
    }

    /// From where to where anything is loaded.
    pub(super) fn extent(&self) -> Range<u64> {
        let start = self.segments.iter().map(|segment| segment.address).min();
        let end = self.segments.iter().map(Segment::end).max();
        start.unwrap_or_default()..end.unwrap_or_default()
    }

    /// Whether segments lie over each other, in memory or in the file.
    pub(super) fn has_overlaps(&self) -> bool {
        let overlap = |begin: fn(&Segment) -> u64| {
            let filled = self.segments.iter().filter(|segment| !segment.bytes.is_empty());
            let mut parts: Vec<_> =
                filled.map(|one| (begin(one), begin(one) + one.bytes.len() as u64)).collect();
            parts.sort_unstable();
            parts.windows(2).any(|pair| pair[1].0 < pair[0].1)
        };
        overlap(|segment| segment.address) || overlap(|segment| segment.offset)
    }

    /// The segment that an address lies in.
    pub(super) fn segment(&self, address: u64) -> Option<&Segment<'data>> {
        let around = |segment: &&Segment| (segment.address..segment.end()).contains(&address);
        self.segments.iter().find(around)
    }

    pub(super) fn is_executable(&self, address: u64) -> bool {
        self.segment(address).is_some_and(|segment| segment.executable)
    }

    /// The bytes from an address to the end of its segment; none where nothing is loaded.
    pub(super) fn bytes_from(&self, address: u64) -> &'data [u8] {
        self.segment(address).map_or(&[], |segment| {
            let skipped = usize::try_from(address - segment.address).expect("it is in memory");
            &segment.bytes[skipped..]
        })
    }

    /// What is loaded but for the names of symbols.
    pub(super) fn contents(&self) -> Vec<Content<'data>> {
        let mut contents = Vec::new();
        for Segment { address, offset, bytes, executable } in &self.segments {
            let (start, size) = self.names.unwrap_or_default();
            let within = start.checked_sub(*address).and_then(|skipped| {
                let skipped = usize::try_from(skipped).ok()?;
                let end = skipped.checked_add(usize::try_from(size).ok()?)?;
                Some((bytes.get(..skipped)?, end, bytes.get(end..)?))
            });
            let (before, end, behind) = within.unwrap_or((&[], 0, bytes));
            for (skipped, bytes) in [(0, before), (end, behind)] {
                let offset = offset + skipped as u64;
                contents.push(Content { offset, bytes, executable: *executable });
            }
        }
        contents
    }
}

fn read_as<'data, H, R>(data: R) -> Result<Image<'data>, Problem>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let headers = header.program_headers(endian, data)?;
    let table: u64 = header.e_phoff(endian).into();
    let mut image = Image {
        architecture: Architecture {
            is_64: header.is_class_64(),
            is_little_endian: header.is_little_endian(),
            machine: header.e_machine(endian).0,
        },
        is_library: header.e_type(endian) == elf::ET_DYN,
        segments: Vec::new(),
        headers: table..table.saturating_add(size_of_val(headers) as u64),
        entries: vec![header.e_entry(endian).into()],
        symbols: Vec::new(),
        relocations: Vec::new(),
        offset_table: None,
        names: None,
        frame_index: None,
        relocates_otherwise: false,
    };
    if headers.len() > MOST_SEGMENTS {
        return Err(Problem::Malformed("more segments than any binary has"));
    }
    for segment in headers {
        let address: u64 = segment.p_vaddr(endian).into();
        match segment.p_type(endian) {
            elf::PT_LOAD => image.segments.push(loaded::<H, R>(segment, endian, data)?),
            elf::PT_GNU_EH_FRAME => {
                image.frame_index = Some((address, segment.p_memsz(endian).into()));
            }
            _ => {}
        }
    }
    for segment in headers.iter().filter(|one| one.p_type(endian) == elf::PT_DYNAMIC) {
        if segment.p_filesz(endian).into() > LARGEST_TABLE {
            return Err(Problem::Malformed("a table is larger than any real one"));
        }
        if let Some(entries) = segment.dynamic(endian, data)? {
            let ends = |entry: &&H::Dyn| entry.tag(endian) != elf::DT_NULL;
            let count = entries.iter().take_while(ends).count();
            let entries = &entries[..count];
            link(&mut image, &Dynamic::<H, R> { data, endian, segments: headers, entries })?;
        }
    }
    Ok(image)
}

fn loaded<'data, H, R>(
    segment: &H::ProgramHeader,
    endian: Endianness,
    data: R,
) -> Result<Segment<'data>, Problem>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let (offset, size) = segment.file_range(endian);
    let outside = Problem::Malformed("a segment lies outside of the file");
    let bytes = data.read_bytes_at(offset, size).map_err(|()| outside)?;
    let address: u64 = segment.p_vaddr(endian).into();
    if address.checked_add(size).is_none() {
        return Err(Problem::Malformed("a segment lies outside of the memory"));
    }
    let executable = segment.p_flags(endian).contains(elf::PF_X);
    Ok(Segment { address, offset, bytes, executable })
}

/// Takes over what the dynamic table says.
fn link<'data, H, R>(image: &mut Image<'data>, table: &Dynamic<'data, H, R>) -> Result<(), Problem>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let flags = |tag| table.value(tag).unwrap_or_default();
    let is_started = flags(elf::DT_FLAGS_1) & elf::DF_1_PIE.0 != 0;
    image.is_library &= !is_started;
    image.entries.extend([elf::DT_INIT, elf::DT_FINI].iter().filter_map(|tag| table.value(*tag)));
    image.offset_table = table.value(elf::DT_PLTGOT);
    image.names = table.value(elf::DT_STRTAB).zip(table.value(elf::DT_STRSZ));
    let others = [elf::DT_TEXTREL, elf::DT_ANDROID_REL, elf::DT_ANDROID_RELA, elf::DT_ANDROID_RELR];
    image.relocates_otherwise = others.iter().any(|tag| table.value(*tag).is_some())
        || flags(elf::DT_FLAGS) & elf::DF_TEXTREL.0 != 0;

    let endian = table.endian;
    if let Some(names) = table.strings()? {
        for symbol in table.symbols()? {
            let name = symbol.name(endian, names)?;
            let here = !symbol.is_undefined(endian) && symbol.st_type() != elf::STT_TLS;
            let is_resolver = symbol.st_type() == elf::STT_GNU_IFUNC;
            let address = here.then(|| symbol.st_value(endian).into());
            image.symbols.push(Symbol { name, address, is_resolver });
        }
    }
    let of_calls = match table.value(elf::DT_PLTREL).map(|tag| tag.cast_signed() == elf::DT_RELA.0)
    {
        Some(true) => Relocations::WithAddends,
        _ => Relocations::WithoutAddends,
    };
    for (tag, size, form) in [
        (elf::DT_RELA, elf::DT_RELASZ, Relocations::WithAddends),
        (elf::DT_REL, elf::DT_RELSZ, Relocations::WithoutAddends),
        (elf::DT_RELR, elf::DT_RELRSZ, Relocations::Packed),
        (elf::DT_JMPREL, elf::DT_PLTRELSZ, of_calls),
    ] {
        if let (Some(address), Some(size)) = (table.value(tag), table.value(size)) {
            relocations(image, table, (address, size), form)?;
        }
    }
    Ok(())
}

/// How a table of relocations is written.
#[derive(Clone, Copy)]
enum Relocations {
    WithAddends,
    WithoutAddends,
    Packed,
}

/// The kind that a packed relocation is of is the machine's for "add where it is loaded".
pub(super) const PACKED: u32 = u32::MAX;

fn relocations<'data, H, R>(
    image: &mut Image<'data>,
    table: &Dynamic<'data, H, R>,
    (address, size): (u64, u64),
    form: Relocations,
) -> Result<(), Problem>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let odd = |()| Problem::Malformed("a table of relocations lies at an odd place");
    let short = Problem::Malformed("a table of relocations has no end");
    let size = usize::try_from(size).map_err(|_| short.clone())?;
    if size == 0 {
        return Ok(());
    }
    let bytes = table.bytes_from(address)?.get(..size).ok_or(short)?;
    let endian = table.endian;
    match form {
        Relocations::WithAddends => {
            let entries = object::pod::slice_from_all_bytes::<H::Rela>(bytes).map_err(odd)?;
            image.relocations.extend(entries.iter().map(|entry| Relocation {
                place: entry.r_offset(endian).into(),
                kind: entry.r_type(endian, false).0,
                symbol: entry.r_sym(endian, false) as usize,
                addend: entry.r_addend(endian).into(),
            }));
        }
        Relocations::WithoutAddends => {
            let entries = object::pod::slice_from_all_bytes::<H::Rel>(bytes).map_err(odd)?;
            for entry in entries {
                let place = entry.r_offset(endian).into();
                image.relocations.push(Relocation {
                    place,
                    kind: entry.r_type(endian).0,
                    symbol: entry.r_sym(endian) as usize,
                    addend: word(image, place),
                });
            }
        }
        Relocations::Packed => {
            let entries = object::pod::slice_from_all_bytes::<H::Relr>(bytes).map_err(odd)?;
            for place in RelrIterator::<H>::new(endian, entries) {
                let place = place.into();
                let addend = word(image, place);
                image.relocations.push(Relocation { place, kind: PACKED, symbol: 0, addend });
            }
        }
    }
    Ok(())
}

/// The word that stands somewhere before the loader comes.
pub(super) fn word(image: &Image, place: u64) -> i64 {
    let bytes = image.bytes_from(place);
    let wide = bytes.first_chunk::<8>();
    let narrow = bytes.first_chunk::<4>();
    let little = image.architecture.is_little_endian;
    match (image.architecture.is_64, wide, narrow) {
        (true, Some(bytes), _) if little => i64::from_le_bytes(*bytes),
        (true, Some(bytes), _) => i64::from_be_bytes(*bytes),
        (false, _, Some(bytes)) if little => u32::from_le_bytes(*bytes).into(),
        (false, _, Some(bytes)) => u32::from_be_bytes(*bytes).into(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_as_wide_and_in_the_order_that_the_binary_says() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 0x88];
        let read = |is_64, is_little_endian, bytes: &[u8]| {
            let segment = Segment { address: 0x1000, offset: 0, bytes, executable: false };
            let image = Image {
                architecture: Architecture { is_64, is_little_endian, machine: 0 },
                is_library: true,
                segments: vec![segment],
                headers: 0..0,
                entries: Vec::new(),
                symbols: Vec::new(),
                relocations: Vec::new(),
                offset_table: None,
                names: None,
                frame_index: None,
                relocates_otherwise: false,
            };
            word(&image, 0x1000)
        };
        assert_eq!(read(true, true, &bytes).cast_unsigned(), 0x8807_0605_0403_0201);
        assert_eq!(read(true, false, &bytes), 0x0102_0304_0506_0788);
        assert_eq!(read(false, true, &bytes[4..]), 0x8807_0605);
        assert_eq!(read(false, false, &bytes), 0x0102_0304);
        assert_eq!(read(true, true, &bytes[4..]), 0, "it is cut off");
    }
}
