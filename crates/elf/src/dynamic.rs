//! The table by which the system's loader links a binary, with the tables that it leads to.

use object::elf;
use object::read::elf::{Dyn, FileHeader, GnuHashTable, HashTable, ProgramHeader};
use object::{Endianness, ReadRef, StringTable};

use crate::Problem;

/// Tables larger than this are damage, not data: glibc's largest is a thousandth of it.
pub(crate) const LARGEST_TABLE: u64 = 256 << 20;

/// The dynamic table, with what its addresses lead to.
pub(crate) struct Dynamic<'data, H: FileHeader, R> {
    pub(crate) data: R,
    pub(crate) endian: H::Endian,
    pub(crate) segments: &'data [H::ProgramHeader],
    pub(crate) entries: &'data [H::Dyn],
}

impl<'data, H, R> Dynamic<'data, H, R>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    /// The text that an entry speaks of.
    pub(crate) fn string(
        &self,
        strings: &StringTable<'data, R>,
        entry: &H::Dyn,
    ) -> Result<Vec<u8>, Problem> {
        let offset = entry
            .val32(self.endian)
            .ok_or(Problem::Malformed("a name lies outside of the table of names"))?;
        let name = strings.get(offset);
        let name = name.map_err(|()| Problem::Malformed("a name has no end"))?;
        Ok(name.to_vec())
    }

    /// The value of the first entry with a tag.
    pub(crate) fn value(&self, tag: elf::DynamicTag) -> Option<u64> {
        let entry = self.entries.iter().find(|entry| entry.tag(self.endian) == tag)?;
        Some(entry.val(self.endian))
    }

    /// The table of names.
    pub(crate) fn strings(&self) -> Result<Option<StringTable<'data, R>>, Problem> {
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
    pub(crate) fn offset(&self, address: u64) -> Result<u64, Problem> {
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
    pub(crate) fn bytes_from(&self, address: u64) -> Result<&'data [u8], Problem> {
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
    pub(crate) fn symbol_count(&self) -> Result<u32, Problem> {
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

    /// The table of symbols.
    pub(crate) fn symbols(&self) -> Result<&'data [H::Sym], Problem> {
        let Some(address) = self.value(elf::DT_SYMTAB) else {
            return Ok(&[]);
        };
        let bytes = self.bytes_from(address)?;
        let count = self.symbol_count()? as usize;
        let (symbols, _) = object::pod::slice_from_bytes::<H::Sym>(bytes, count)
            .map_err(|()| Problem::Malformed("the table of symbols has no end"))?;
        Ok(symbols)
    }
}
