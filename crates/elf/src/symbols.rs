//! The symbols that a binary asks others for, and those that it offers, with their versions.

use std::collections::BTreeMap;

use object::pod::{Pod, from_bytes, slice_from_bytes};
use object::read::elf::{FileHeader, ProgramHeader, Sym};
use object::{Endianness, ReadRef, elf};

use crate::dynamic::Dynamic;
use crate::{Problem, with_header};

/// What a binary asks for and offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symbols {
    /// What others have to define.
    pub imports: Vec<Symbol>,
    /// What it defines for others.
    pub exports: Vec<Symbol>,
}

/// A symbol that the loader binds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol {
    /// Its name, as the compiler writes it.
    pub name: Vec<u8>,
    /// The version that is asked for or offered, as in `sqrt@GLIBC_2.4`.
    pub version: Option<Vec<u8>>,
    /// Among several versions that are offered, the one for who asks for none.
    pub is_default: bool,
    /// A variable rather than a function.
    pub is_data: bool,
    /// How many bytes it takes, where that is known.
    pub size: u64,
}

impl Symbol {
    /// Whether what is offered is what is asked for.
    #[must_use]
    pub fn satisfies(&self, asked: &Self) -> bool {
        // A symbol without a version may be bound to any, and a library without versions has one
        // for everybody.
        let agrees =
            asked.version.is_none() || self.version.is_none() || self.version == asked.version;
        self.name == asked.name && agrees
    }
}

/// Reads the symbols by which the loader links a binary.
///
/// # Errors
///
/// When it is no ELF binary, or a damaged one.
pub fn read<'data>(data: impl ReadRef<'data>) -> Result<Symbols, Problem> {
    with_header!(data, read_as)
}

fn read_as<'data, H, R>(data: R) -> Result<Symbols, Problem>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let segments = header.program_headers(endian, data)?;
    for segment in segments {
        if let Some(entries) = segment.dynamic(endian, data)? {
            return listed(&Dynamic::<H, R> { data, endian, segments, entries });
        }
    }
    Ok(Symbols::default())
}

fn listed<'data, H, R>(table: &Dynamic<'data, H, R>) -> Result<Symbols, Problem>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let mut listed = Symbols::default();
    let Some(strings) = table.strings()? else {
        return Ok(listed);
    };
    let symbols = table.symbols()?;
    let versions = Versions::read(table, symbols.len())?;
    for (number, symbol) in symbols.iter().enumerate().skip(1) {
        if !is_for_others(symbol, table.endian) {
            continue;
        }
        let name = symbol.name(table.endian, strings)?.to_vec();
        let (version, is_default) = versions.of(number);
        let read = Symbol {
            name,
            version: version.map(<[u8]>::to_vec),
            is_default,
            is_data: matches!(symbol.st_type(), elf::STT_OBJECT | elf::STT_TLS),
            size: symbol.st_size(table.endian).into(),
        };
        let is_import = symbol.is_undefined(table.endian);
        if is_import { &mut listed.imports } else { &mut listed.exports }.push(read);
    }
    Ok(listed)
}

/// Leaves out what is local, and what only stands for a version or a section.
fn is_for_others<S: Sym<Endian = Endianness>>(symbol: &S, endian: Endianness) -> bool {
    let is_named = symbol.st_name(endian) != 0;
    let stands_for_version = symbol.st_shndx(endian) == elf::SHN_ABS
        && symbol.st_type() == elf::STT_OBJECT
        && symbol.st_size(endian).into() == 0;
    is_named && !symbol.is_local() && !stands_for_version
}

/// The versions of symbols, by the numbers that these have in the table.
struct Versions<'data> {
    /// For each symbol, the number of its version, and whether that is hidden.
    of_symbols: Vec<elf::VersymIndex>,
    names: BTreeMap<u16, &'data [u8]>,
}

impl<'data> Versions<'data> {
    fn read<H, R>(table: &Dynamic<'data, H, R>, count: usize) -> Result<Self, Problem>
    where
        H: FileHeader<Endian = Endianness>,
        R: ReadRef<'data>,
    {
        let mut versions = Self { of_symbols: Vec::new(), names: BTreeMap::new() };
        let (Some(address), Some(strings)) = (table.value(elf::DT_VERSYM), table.strings()?) else {
            return Ok(versions);
        };
        let endian = table.endian;
        let (numbers, _) =
            slice_from_bytes::<elf::Versym<Endianness>>(table.bytes_from(address)?, count)
                .map_err(|()| Problem::Malformed("the table of versions is too short"))?;
        versions.of_symbols = numbers.iter().map(|number| number.0.get(endian)).collect();

        let mut name = |number: u16, offset: u32| {
            let name = strings.get(offset).map_err(|()| NO_NAME)?;
            versions.names.insert(number, name);
            Ok::<_, Problem>(())
        };
        for_each::<elf::Verdef<Endianness>>(table, elf::DT_VERDEF, |definition, rest| {
            let first: &elf::Verdaux<Endianness> = at(rest, definition.vd_aux.get(endian))?;
            name(definition.vd_ndx.get(endian).0, first.vda_name.get(endian))?;
            Ok(definition.vd_next.get(endian))
        })?;
        for_each::<elf::Verneed<Endianness>>(table, elf::DT_VERNEED, |need, mut rest| {
            let mut next = need.vn_aux.get(endian);
            for _ in 0..need.vn_cnt.get(endian) {
                rest = from(rest, next)?;
                let version: &elf::Vernaux<Endianness> = at(rest, 0)?;
                name(version.vna_other.get(endian).0, version.vna_name.get(endian))?;
                next = version.vna_next.get(endian);
            }
            Ok(need.vn_next.get(endian))
        })?;
        Ok(versions)
    }

    /// The version of a symbol, and whether it is the one for who asks for none.
    fn of(&self, symbol: usize) -> (Option<&'data [u8]>, bool) {
        let Some(number) = self.of_symbols.get(symbol) else {
            return (None, true);
        };
        let is_special = number.index().is_special();
        let name = self.names.get(&number.index().0).filter(|_| !is_special);
        (name.copied(), !number.is_hidden())
    }
}

const NO_NAME: Problem = Problem::Malformed("a version has no name");
const NOWHERE: Problem = Problem::Malformed("a version lies outside of its table");

/// Visits the entries of a chain, each of which says how far the next one is, or 0.
fn for_each<'data, T: Pod>(
    table: &Dynamic<'data, impl FileHeader<Endian = Endianness>, impl ReadRef<'data>>,
    tag: elf::DynamicTag,
    mut visit: impl FnMut(&'data T, &'data [u8]) -> Result<u32, Problem>,
) -> Result<(), Problem> {
    let Some(address) = table.value(tag) else {
        return Ok(());
    };
    let mut rest = table.bytes_from(address)?;
    loop {
        match visit(at(rest, 0)?, rest)? {
            0 => return Ok(()),
            next => rest = from(rest, next)?,
        }
    }
}

fn from(bytes: &[u8], offset: u32) -> Result<&[u8], Problem> {
    bytes.get(offset as usize..).ok_or(NOWHERE)
}

fn at<T: Pod>(bytes: &[u8], offset: u32) -> Result<&T, Problem> {
    let (entry, _) = from_bytes(from(bytes, offset)?).map_err(|()| NOWHERE)?;
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(version: Option<&str>) -> Symbol {
        let version = version.map(|version| version.as_bytes().to_vec());
        Symbol { name: b"answer".to_vec(), version, is_default: true, is_data: false, size: 0 }
    }

    #[test]
    fn a_symbol_satisfies_who_asks_for_its_version_or_for_none() {
        let (one, two, none) = (answer(Some("ONE")), answer(Some("TWO")), answer(None));
        assert!(one.satisfies(&one) && one.satisfies(&none) && none.satisfies(&one));
        assert!(!one.satisfies(&two));
        let other = Symbol { name: b"question".to_vec(), ..none.clone() };
        assert!(!other.satisfies(&one) && !other.satisfies(&none));
    }
}
