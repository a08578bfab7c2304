//! The kinds of files that a link may harm, and how they are recognised: rules as data.

use memchr::memmem;

/// Why a content would not be the same behind a symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Harm {
    /// It loads libraries from beside itself: `$ORIGIN` in an ELF file.
    Origin,
    /// It looks for its other parts from where it really lives: relocatable compilers and others
    /// that ask for `/proc/self/exe`.
    Relocatable,
    /// A script that looks for others beside itself.
    Script,
    /// A linker script: the linker asks whether it lies below the root for its target.
    LinkerScript,
}

/// What to look for in one kind of file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Harm that this kind of file comes to whatever it holds.
    pub(crate) always: Option<Harm>,
    /// Text, and the harm that a file with it comes to.
    pub(crate) telling: &'static [(&'static [u8], Harm)],
    /// Whether `..` in it means a directory.
    pub(crate) names_paths: bool,
    /// Text with which it reaches what lies beside it, if somebody starts it.
    pub(crate) beside: Option<&'static [u8]>,
}

const REAL_PATHS: &[(&[u8], Harm)] = &[
    (b"realpath", Harm::Script),
    (b"readlink", Harm::Script),
    (b"abs_path", Harm::Script),
    (b"RealBin", Harm::Script),
    (b"pwd -P", Harm::Script),
    (b"cd -P", Harm::Script),
    (b"file normalize", Harm::Script),
];

/// How a script that knows its own place may go up from there.
pub(crate) const CLIMBING: [&[u8]; 5] = [b"dirname", b"updir", b"parent", b"\"..\"", b"'..'"];

static TEXT: Kind = Kind { always: None, telling: &[], names_paths: true, beside: None };
static LINKER_SCRIPT: Kind = Kind { always: Some(Harm::LinkerScript), ..TEXT };
/// Its own directory comes first where it looks for modules, and that is the real one.
static MAIN_SCRIPT: Kind = Kind { always: Some(Harm::Script), ..TEXT };
static SHELL_OR_PERL: Kind = Kind { telling: REAL_PATHS, ..TEXT };
static PYTHON: Kind = Kind {
    telling: &[
        (b"__main__", Harm::Script),
        (b"realpath", Harm::Script),
        (b".resolve(", Harm::Script),
    ],
    beside: Some(b"import "),
    ..TEXT
};
/// Node.js resolves every module to its real path before it looks for what the module requires.
static JAVASCRIPT: Kind = Kind {
    telling: &[
        (b"require(", Harm::Script),
        (b"import", Harm::Script),
        (b"__dirname", Harm::Script),
        (b"__filename", Harm::Script),
    ],
    ..TEXT
};
static RUBY: Kind = Kind {
    telling: &[
        (b"require_relative", Harm::Script),
        (b"__dir__", Harm::Script),
        (b"realpath", Harm::Script),
    ],
    ..TEXT
};
static PHP: Kind =
    Kind { telling: &[(b"__DIR__", Harm::Script), (b"__FILE__", Harm::Script)], ..TEXT };
static CMAKE: Kind = Kind { telling: &[(b"REALPATH", Harm::Script)], ..TEXT };
static MAKE: Kind = Kind { telling: &[(b"realpath", Harm::Script)], ..TEXT };
static LIBRARY: Kind = Kind {
    always: None,
    telling: &[(b"$ORIGIN", Harm::Origin), (b"${ORIGIN}", Harm::Origin)],
    names_paths: false,
    beside: None,
};
static PROGRAM: Kind = Kind {
    always: None,
    telling: &[
        (b"$ORIGIN", Harm::Origin),
        (b"${ORIGIN}", Harm::Origin),
        (b"/proc/self/exe", Harm::Relocatable),
        (b"GCC_EXEC_PREFIX", Harm::Relocatable),
        (b"ldscripts", Harm::Relocatable),
    ],
    names_paths: false,
    beside: None,
};
static OBJECT: Kind = Kind { always: None, telling: &[], names_paths: false, beside: None };

/// The kind of a content by how it begins, and where that does not tell, by the names it has.
pub(crate) fn of(block: &[u8], names: &[&[u8]]) -> &'static Kind {
    if block.starts_with(b"\x7fELF") {
        return of_elf(block, names);
    }
    if block.starts_with(b"!<arch>\n") || block.starts_with(b"!<thin>\n") {
        return &OBJECT;
    }
    if block.starts_with(b"/* GNU ld script") {
        return &LINKER_SCRIPT;
    }
    if let Some(line) = block.strip_prefix(b"#!") {
        return of_interpreter(line);
    }
    by_names(names)
}

/// The kind of a content that tells nothing itself. Another name may make it another kind.
pub(crate) fn by_names(names: &[&[u8]]) -> &'static Kind {
    names.iter().find_map(|name| by_name(name)).unwrap_or(&TEXT)
}

/// Whether the names decide what kind a content is.
pub(crate) fn depends_on_names(block: &[u8]) -> bool {
    let telling: [&[u8]; 5] = [b"\x7fELF", b"!<arch>\n", b"!<thin>\n", b"/* GNU ld script", b"#!"];
    !telling.into_iter().any(|start| block.starts_with(start))
}

/// By the ELF header (System V ABI, chapter 4). A shared object may be a program, too: it is taken
/// for a library only if it is named like one and names no interpreter.
fn of_elf(block: &[u8], names: &[&[u8]]) -> &'static Kind {
    const EXECUTABLE: u16 = 2;
    const SHARED: u16 = 3;
    let little_endian = block.get(5) == Some(&1);
    let kind = block.get(16..18).and_then(|bytes| bytes.try_into().ok()).map(|bytes| {
        if little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    });
    let is_library = names.iter().all(|name| memmem::find(name, b".so").is_some());
    match kind {
        Some(SHARED) if is_library && !names_an_interpreter(block) => &LIBRARY,
        Some(EXECUTABLE | SHARED) | None => &PROGRAM,
        Some(_) => &OBJECT,
    }
}

/// The interpreter's path stands in the first page of what the linkers write.
fn names_an_interpreter(block: &[u8]) -> bool {
    let start = &block[..block.len().min(4096)];
    memmem::find(start, b"/ld").is_some()
}

fn of_interpreter(line: &[u8]) -> &'static Kind {
    let line = line.split(|&byte| byte == b'\n').next().unwrap_or(line);
    let names = |name: &[u8]| memmem::find(line, name).is_some();
    let resolves_itself: [&[u8]; 7] =
        [b"python", b"pypy", b"node", b"bun", b"deno", b"ruby", b"php"];
    if resolves_itself.into_iter().any(names) { &MAIN_SCRIPT } else { &SHELL_OR_PERL }
}

/// The kind of a file by its name, where that tells.
pub(crate) fn by_name(name: &[u8]) -> Option<&'static Kind> {
    match name {
        b"Makefile" | b"makefile" | b"GNUmakefile" => return Some(&MAKE),
        b"CMakeLists.txt" => return Some(&CMAKE),
        _ => {}
    }
    let ending = name.rsplit(|&byte| byte == b'.').next()?;
    Some(match ending {
        b"py" | b"pyw" => &PYTHON,
        b"js" | b"cjs" | b"mjs" | b"ts" | b"jsx" | b"tsx" => &JAVASCRIPT,
        b"rb" => &RUBY,
        b"php" => &PHP,
        b"cmake" => &CMAKE,
        b"mk" | b"mak" => &MAKE,
        b"pl" | b"pm" | b"sh" | b"bash" | b"tcl" => &SHELL_OR_PERL,
        _ => return None,
    })
}
