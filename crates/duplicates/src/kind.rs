//! Tells of what kind a file is: by how it begins, else by its name, else by its place.
//!
//! What it comes to is shown in `tools/clink/tests/kinds.rs`.

use std::collections::HashMap;
use std::sync::LazyLock;

use memchr::memmem;

use crate::kinds::{DEBUG, HEADER, KERNEL_MODULE, KINDS, LIBRARY, OBJECT, PROGRAM, UNKNOWN};
pub(crate) use crate::kinds::{Harm, Kind};

/// What the first bytes of a content say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Form {
    /// Nothing: name and place tell.
    #[default]
    Silent,
    /// Its kind, whatever it is called.
    Is(&'static Kind),
    /// A shared ELF file without an interpreter: the name tells whether it is a library.
    Shared,
    /// A relocatable ELF file.
    Relocatable,
    /// A program by its bytes; or the debug file of one, which its name tells.
    Executable,
}

/// Where a file stands: its name, and the kind of what lies in its directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'name> {
    pub(crate) name: &'name [u8],
    pub(crate) place: Option<&'static Kind>,
}

impl Form {
    /// The form of what begins like this.
    pub(crate) fn of(block: &[u8]) -> Self {
        if block.starts_with(b"\x7fELF") {
            return of_elf(block);
        }
        let has =
            |at: usize, bytes: &[u8]| block.get(at..).is_some_and(|rest| rest.starts_with(bytes));
        let is_marked = |kind: &&&Kind| {
            kind.starts.iter().any(|start| has(0, start))
                || kind.marks.iter().any(|&(at, mark)| has(at, mark))
        };
        match KINDS.iter().find(is_marked) {
            Some(kind) => Self::Is(kind),
            None => Self::Silent,
        }
    }

    /// The kind of a file of this form.
    pub(crate) fn kind(self, named: Named<'_>) -> &'static Kind {
        let is = |kind: &'static Kind| by_name(named.name).is_some_and(|by| by.is(kind));
        let is_debug =
            || is(&DEBUG) || by_name(named.name).is_none() && named.place.is_some_and(is_for_debug);
        match self {
            Self::Is(kind) => kind,
            Self::Relocatable if memmem::find(named.name, b".ko").is_some() => &KERNEL_MODULE,
            Self::Relocatable => &OBJECT,
            Self::Shared | Self::Executable if is_debug() => &DEBUG,
            Self::Shared if memmem::find(named.name, b".so").is_some() => &LIBRARY,
            Self::Shared | Self::Executable => &PROGRAM,
            Self::Silent => by_name(named.name).or(named.place).unwrap_or(&UNKNOWN),
        }
    }

    /// Whether its directory alone says that it is a header.
    pub(crate) fn is_header_by_place(self, named: Named<'_>) -> bool {
        let place = named.place.is_some_and(|place| place.is(&HEADER));
        place && matches!(self, Self::Silent) && by_name(named.name).is_none()
    }
}

fn is_for_debug(place: &'static Kind) -> bool {
    place.is(&DEBUG)
}

/// By the ELF header (System V ABI, chapter 4). A shared object may be a program, too: it is taken
/// for a library only if it names no interpreter.
fn of_elf(block: &[u8]) -> Form {
    const EXECUTABLE: u16 = 2;
    const SHARED: u16 = 3;
    let little_endian = block.get(5) == Some(&1);
    let kind = block.get(16..18).and_then(|bytes| bytes.try_into().ok()).map(|bytes| {
        if little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    });
    match kind {
        Some(SHARED) if !names_an_interpreter(block) => Form::Shared,
        Some(EXECUTABLE | SHARED) | None => Form::Executable,
        Some(_) => Form::Relocatable,
    }
}

/// The interpreter's path stands in the first page of what the linkers write.
fn names_an_interpreter(block: &[u8]) -> bool {
    let start = &block[..block.len().min(4096)];
    memmem::find(start, b"/ld").is_some()
}

type ByText = HashMap<&'static [u8], &'static Kind>;

static BY_NAME: LazyLock<ByText> = LazyLock::new(|| by_text(|kind| kind.names));
static BY_BEGINNING: LazyLock<ByText> = LazyLock::new(|| {
    let starred =
        |(name, kind): (&&'static [u8], &&'static Kind)| Some((name.strip_suffix(b"*")?, *kind));
    BY_NAME.iter().filter_map(starred).collect()
});
static BY_ENDING: LazyLock<ByText> = LazyLock::new(|| by_text(|kind| kind.endings));

fn by_text(texts: fn(&Kind) -> &'static [&'static str]) -> ByText {
    let mut all = ByText::new();
    for kind in KINDS {
        all.extend(texts(kind).iter().map(|text| (text.as_bytes(), kind)));
    }
    all
}

/// The kind of a file by its name, where that tells: the whole name, its beginning, its ending. A
/// beginning that tells of nothing but readers, as `LICENSE` does, comes after the ending.
fn by_name(name: &[u8]) -> Option<&'static Kind> {
    if let Some(kind) = BY_NAME.get(name) {
        return Some(kind);
    }
    let dot = name.iter().rposition(|&byte| byte == b'.').filter(|&dot| dot > 0);
    let ending = dot.and_then(|dot| BY_ENDING.get(&name[dot + 1..])).copied();
    match by_beginning(name) {
        Some(kind) if kind.stays.is_some() => Some(kind),
        beginning => ending.or(beginning),
    }
}

/// `README`, `README.fr` and `LICENSE-MIT`, but not `READMEASURE`.
fn by_beginning(name: &[u8]) -> Option<&'static Kind> {
    let end = name.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(name.len());
    BY_BEGINNING.get(&name[..end]).copied()
}

/// The kind of what lies in a directory and is of no other kind; `path` ends with its name.
pub(crate) fn by_place(path: &[u8]) -> Option<&'static Kind> {
    let lies_in = |kind: &&&Kind| kind.places.iter().any(|end| ends_with(path, end));
    KINDS.iter().find(lies_in).copied()
}

/// Whether a path ends with these names.
pub(crate) fn ends_with(path: &[u8], end: &str) -> bool {
    path.strip_suffix(end.as_bytes()).is_some_and(|start| start.is_empty() || start.ends_with(b"/"))
}

/// How a script that knows its own place may go up from there.
pub(crate) const CLIMBING: [&[u8]; 5] = [b"dirname", b"updir", b"parent", b"\"..\"", b"'..'"];
