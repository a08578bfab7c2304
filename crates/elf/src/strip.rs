//! Plans what of a binary's file can go without a change to what is loaded.
//!
//! Nothing that a segment covers is moved or changed. So a stripped binary runs from the same bytes
//! at the same addresses; what is lost is what linkers and debuggers read.

use object::ReadRef;

use crate::{Kind, Layout, Problem};

/// How much goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Symbols and debugging information; the table of the remaining sections stays.
    Symbols,
    /// The table of sections too: the kernel and the loader never read it, but linkers, debuggers
    /// and later strips do.
    Sections,
}

/// Why a binary is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It does not parse.
    #[error(transparent)]
    Damaged(#[from] Problem),
    /// Object files and kernel modules consist of sections.
    #[error("an object or a kernel module, which is made of sections")]
    Object,
    /// Headers speak of more than there is.
    #[error("truncated: the headers speak of {described} bytes, the file has {length}")]
    Truncated {
        /// Where the headers say that it ends.
        described: u64,
        /// Where it ends.
        length: u64,
    },
    /// More follows than the headers know of, as in self-extracting archives.
    #[error("{bytes} bytes of payload follow the binary")]
    Payload {
        /// How many.
        bytes: u64,
    },
    /// A section that is not loaded and that the program may read from its own file.
    #[error("the section `{0}` may be read by the program itself")]
    UnknownSection(String),
    /// The table of sections cannot be shortened without changing what is loaded.
    #[error("loaded sections stand behind others in the table")]
    Interleaved,
}

/// What to do to a file: keep its beginning, change some bytes there, and append others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How many bytes of the file stay.
    pub kept: u64,
    /// Offsets, and the bytes that stand there from now on.
    pub patches: Vec<(u64, Vec<u8>)>,
    /// What follows.
    pub appended: Vec<u8>,
}

impl Plan {
    /// The length that the file will have.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.kept + self.appended.len() as u64
    }

    /// Carries the plan out on a file's content.
    ///
    /// # Panics
    ///
    /// When the content is not that of the file that the plan was made for.
    #[must_use]
    pub fn applied(&self, content: &[u8]) -> Vec<u8> {
        let kept = usize::try_from(self.kept).expect("the content is in memory");
        let mut stripped = content[..kept].to_vec();
        for (offset, bytes) in &self.patches {
            let start = usize::try_from(*offset).expect("a patch lies in what stays");
            stripped[start..start + bytes.len()].copy_from_slice(bytes);
        }
        stripped.extend_from_slice(&self.appended);
        stripped
    }
}

/// Plans the strip of a binary; `None` when there is nothing to gain.
///
/// # Errors
///
/// When the binary would be harmed, or may be.
pub fn plan<'data>(data: impl ReadRef<'data>, level: Level) -> Result<Option<Plan>, Refusal> {
    let layout = Layout::read(data)?;
    check(&layout)?;
    let plan = match level {
        Level::Sections => without_sections(&layout),
        Level::Symbols => without_symbols(&layout, data)?,
    };
    Ok(Some(plan).filter(|plan| plan.length() < layout.length))
}

fn check(layout: &Layout) -> Result<(), Refusal> {
    if !layout.has_segments || !matches!(layout.kind, Kind::Program | Kind::Shared) {
        return Err(Refusal::Object);
    }
    if layout.known_end > layout.length {
        return Err(Refusal::Truncated { described: layout.known_end, length: layout.length });
    }
    if layout.known_end < layout.length {
        return Err(Refusal::Payload { bytes: layout.length - layout.known_end });
    }
    let unknown = layout.sections.iter().find(|section| {
        !section.loaded && !section.name.is_empty() && !is_for_tools(&section.name)
    });
    match unknown {
        Some(section) => {
            Err(Refusal::UnknownSection(String::from_utf8_lossy(&section.name).into_owned()))
        }
        None => Ok(()),
    }
}

/// The first loaded section that neither a compiler nor a linker makes by itself: whoever put it
/// there may read it by its name, as the kernel reads `.resource_table` in firmware, Qt
/// `.qtmetadata` in plugins and a profiler `.PyRuntime` in Python.
#[must_use]
pub fn foreign_section(layout: &Layout) -> Option<&[u8]> {
    let loaded = layout.sections.iter().filter(|section| section.loaded);
    let mut names = loaded.map(|section| section.name.as_slice());
    names.find(|name| !name.is_empty() && !is_made_by_compilers(name))
}

/// Loaded sections that compilers and linkers make, and those of glibc, which its own code alone
/// refers to.
fn is_made_by_compilers(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b".interp",
        b".hash",
        b".gnu.hash",
        b".dynsym",
        b".dynstr",
        b".gnu.version",
        b".gnu.version_r",
        b".gnu.version_d",
        b".init",
        b".fini",
        b".plt",
        b".iplt",
        b".text",
        b".rodata",
        b".rodata1",
        b".eh_frame",
        b".eh_frame_hdr",
        b".gcc_except_table",
        b".tdata",
        b".tbss",
        b".preinit_array",
        b".init_array",
        b".fini_array",
        b".ctors",
        b".dtors",
        b".jcr",
        b".dynamic",
        b".got",
        b".data",
        b".data1",
        b".tm_clone_table",
        b".relro_padding",
        b".bss",
        b".dynbss",
        b".sdata",
        b".sbss",
        b".lbss",
        b".ldata",
        b".lrodata",
        b".noptrdata",
        b".noptrbss",
        b".typelink",
        b".itablink",
        b".gosymtab",
        b".gopclntab",
        b".go.buildinfo",
        b".go.fipsinfo",
        b".stapsdt.base",
        b".reginfo",
        b".MIPS.abiflags",
        b".MIPS.stubs",
        b".rld_map",
        b".opd",
        b".branch_lt",
        b".toc",
        b".glink",
        b"__libc_freeres_fn",
        b"__libc_freeres_ptrs",
        b"__libc_subfreeres",
        b"__libc_atexit",
        b"__libc_IO_vtables",
        b"__libc_thread_freeres_fn",
        b"__libc_thread_subfreeres",
        b"__rseq_cs",
        b"__rseq_cs_ptr_array",
    ];
    const BEGINNINGS: &[&[u8]] = &[
        b".note.",
        b".rela.",
        b".rel.",
        b".relr.",
        b".plt.",
        b".got.",
        b".text.",
        b".rodata.",
        b".data.rel.ro",
        b".init_array.",
        b".fini_array.",
        b".ARM.ex",
    ];
    NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// Sections that only linkers, debuggers and analysers read. Any other may be the program's own
/// data, such as the `pydata` of `PyInstaller`.
fn is_for_tools(name: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b".symtab",
        b".strtab",
        b".shstrtab",
        b".symtab_shndx",
        b".comment",
        b".line",
        b".stab",
        b".stabstr",
        b".gdb_index",
        b".annobin.notes",
        b".pdr",
        b".GCC.command.line",
        b".llvm_addrsig",
        b".SUNW_ctf",
        b".ctf",
        b".gnu_object_only",
        b".gnu.version_h",
    ];
    const BEGINNINGS: &[&[u8]] = &[
        b".debug_",
        b".zdebug_",
        b".gnu_debug",
        b".gnu.build.attributes",
        b".note.",
        b".mdebug",
        b".rela.",
        b".rel.",
        b".gnu.lto_",
        b".gnu.warning",
        b".stab.",
        b".debug",
    ];
    let attributes = name.ends_with(b".attributes");
    attributes
        || NAMES.contains(&name)
        || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

fn without_sections(layout: &Layout) -> Plan {
    let mut patches = vec![(fields(layout).table, vec![0; word(layout)])];
    // The number of sections, and which of them holds the names.
    patches.push((fields(layout).count, vec![0; 4]));
    Plan { kept: layout.loaded_end, patches, appended: Vec::new() }
}

/// Keeps the headers of the loaded sections, whose numbers symbols refer to, and of no others.
fn without_symbols<'data>(layout: &Layout, data: impl ReadRef<'data>) -> Result<Plan, Refusal> {
    let loaded = layout.sections.iter().skip(1).take_while(|section| section.loaded).count();
    if layout.sections.iter().skip(1 + loaded).any(|section| section.loaded) {
        return Err(Refusal::Interleaved);
    }
    if layout.sections.is_empty() {
        return Ok(without_sections(layout));
    }
    let entry = if layout.architecture.is_64 { 64 } else { 40 };
    let table = data
        .read_bytes_at(layout.section_table, entry as u64 * (loaded as u64 + 1))
        .map_err(|()| Problem::Malformed("the table of sections lies outside of the file"))?;

    let mut names = vec![0_u8];
    let mut headers = table.to_vec();
    for (number, section) in layout.sections.iter().enumerate().take(1 + loaded).skip(1) {
        let offset = names.len() as u64;
        names.extend_from_slice(&section.name);
        names.push(0);
        put(layout, &mut headers[number * entry..][..4], offset);
        // A link may only lead to a section that stays.
        let link =
            &mut headers[number * entry + if layout.architecture.is_64 { 40 } else { 24 }..][..4];
        if get(layout, link) > loaded as u64 {
            link.fill(0);
        }
    }
    let name_of_names = names.len() as u64;
    names.extend_from_slice(b".shstrtab\0");

    let names_start = layout.loaded_end;
    let table_start = (names_start + names.len() as u64).next_multiple_of(8);
    headers.extend_from_slice(&header_of_names(layout, name_of_names, names_start, names.len()));
    let mut appended = names;
    appended.resize(usize::try_from(table_start - names_start).expect("a few names"), 0);
    appended.extend_from_slice(&headers);

    let mut table_offset = vec![0; word(layout)];
    put(layout, &mut table_offset, table_start);
    let mut counts = vec![0; 4];
    put(layout, &mut counts[..2], loaded as u64 + 2);
    put(layout, &mut counts[2..], loaded as u64 + 1);
    let patches = vec![(fields(layout).table, table_offset), (fields(layout).count, counts)];
    Ok(Plan { kept: layout.loaded_end, patches, appended })
}

/// The header of the section that holds the names: type `SHT_STRTAB`, byte by byte.
fn header_of_names(layout: &Layout, name: u64, start: u64, size: usize) -> Vec<u8> {
    let word = word(layout);
    let mut header = Vec::new();
    let mut field = |value: u64, width: usize| {
        let mut bytes = vec![0; width];
        put(layout, &mut bytes, value);
        header.extend_from_slice(&bytes);
    };
    field(name, 4);
    field(3, 4);
    field(0, word); // flags
    field(0, word); // address
    field(start, word);
    field(size as u64, word);
    field(0, 4); // link
    field(0, 4); // info
    field(1, word); // alignment
    field(0, word); // size of an entry
    header
}

/// Where in the file's header the table of sections is spoken of.
struct Fields {
    /// `e_shoff`.
    table: u64,
    /// `e_shnum`, which `e_shstrndx` follows.
    count: u64,
}

fn fields(layout: &Layout) -> Fields {
    if layout.architecture.is_64 {
        Fields { table: 0x28, count: 0x3c }
    } else {
        Fields { table: 0x20, count: 0x30 }
    }
}

fn word(layout: &Layout) -> usize {
    if layout.architecture.is_64 { 8 } else { 4 }
}

/// Writes a number of as many bytes as there are, in the binary's byte order.
fn put(layout: &Layout, bytes: &mut [u8], value: u64) {
    let width = bytes.len();
    if layout.architecture.is_little_endian {
        bytes.copy_from_slice(&value.to_le_bytes()[..width]);
    } else {
        bytes.copy_from_slice(&value.to_be_bytes()[8 - width..]);
    }
}

fn get(layout: &Layout, bytes: &[u8]) -> u64 {
    let fold = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    if layout.architecture.is_little_endian {
        bytes.iter().rev().fold(0, fold)
    } else {
        bytes.iter().fold(0, fold)
    }
}
