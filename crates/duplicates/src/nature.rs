//! What a file's content says about replacing the file by a symbolic link.
//!
//! A link is not quite a copy: a program that asks where it really lives gets another answer. The
//! rules below recognise such content by what it must hold to ask. They would rather leave a file
//! alone for nothing than link one that then behaves differently.

use memchr::memmem;

/// What is looked for in a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Nothing: the content alone decides.
    Nothing,
    /// What a symbolic link to the file would change.
    Files,
    /// Also what a symbolic link to a directory around it would change.
    Directories,
}

/// What was learned from a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Nature {
    /// What a link to the file itself would change.
    pub(crate) harm: Option<Harm>,
    /// How many directories up from its own the content reaches with `..`.
    pub(crate) reach: u8,
}

/// Reaches who knows where.
pub(crate) const ANYWHERE: u8 = u8::MAX;

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

/// Looks at a content block by block.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    scope: Scope,
    rules: Option<&'static Rules>,
    nature: Nature,
    /// The end of the block before, where something may have begun.
    tail: Vec<u8>,
}

/// What to look for in one kind of file.
#[derive(Debug)]
struct Rules {
    /// Harm that this kind of file comes to whatever it holds.
    always: Option<Harm>,
    /// Text, and the harm that a file with it comes to.
    telling: &'static [(&'static [u8], Harm)],
    /// Whether `..` in it means a directory.
    names_paths: bool,
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

static TEXT: Rules = Rules { always: None, telling: &[], names_paths: true };
static LINKER_SCRIPT: Rules = Rules { always: Some(Harm::LinkerScript), ..TEXT };
/// Its own directory comes first where it looks for modules, and that is the real one.
static MAIN_SCRIPT: Rules = Rules { always: Some(Harm::Script), ..TEXT };
static SHELL_OR_PERL: Rules = Rules { telling: REAL_PATHS, ..TEXT };
static PYTHON: Rules = Rules {
    telling: &[
        (b"__main__", Harm::Script),
        (b"realpath", Harm::Script),
        (b".resolve(", Harm::Script),
    ],
    ..TEXT
};
/// Node.js resolves every module to its real path before it looks for what the module requires.
static JAVASCRIPT: Rules = Rules {
    telling: &[
        (b"require(", Harm::Script),
        (b"import", Harm::Script),
        (b"__dirname", Harm::Script),
        (b"__filename", Harm::Script),
    ],
    ..TEXT
};
static RUBY: Rules = Rules {
    telling: &[
        (b"require_relative", Harm::Script),
        (b"__dir__", Harm::Script),
        (b"realpath", Harm::Script),
    ],
    ..TEXT
};
static PHP: Rules =
    Rules { telling: &[(b"__DIR__", Harm::Script), (b"__FILE__", Harm::Script)], ..TEXT };
static CMAKE: Rules = Rules { telling: &[(b"REALPATH", Harm::Script)], ..TEXT };
static LIBRARY: Rules = Rules {
    always: None,
    telling: &[(b"$ORIGIN", Harm::Origin), (b"${ORIGIN}", Harm::Origin)],
    names_paths: false,
};
static PROGRAM: Rules = Rules {
    always: None,
    telling: &[
        (b"$ORIGIN", Harm::Origin),
        (b"${ORIGIN}", Harm::Origin),
        (b"/proc/self/exe", Harm::Relocatable),
        (b"GCC_EXEC_PREFIX", Harm::Relocatable),
        (b"ldscripts", Harm::Relocatable),
    ],
    names_paths: false,
};
static OBJECT: Rules = Rules { always: None, telling: &[], names_paths: false };

/// One byte less than the longest text looked for, `../` runs aside.
const TAIL: usize = 64;

impl Scan {
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope, rules: None, nature: Nature::default(), tail: Vec::new() }
    }

    pub(crate) fn nature(&self) -> Nature {
        self.nature
    }

    /// Looks at the next block. `names` are names of files with this content: a script may be
    /// known only by its ending.
    pub(crate) fn see(&mut self, offset: u64, block: &[u8], names: &[&[u8]]) {
        if self.scope == Scope::Nothing {
            return;
        }
        let rules = match self.rules {
            Some(rules) => rules,
            None => {
                let rules = rules_for(block, names);
                self.nature.harm = rules.always;
                self.rules = Some(rules);
                rules
            }
        };
        if offset > 0 && !self.tail.is_empty() {
            let mut seam = std::mem::take(&mut self.tail);
            seam.extend_from_slice(&block[..block.len().min(TAIL)]);
            self.look(rules, &seam);
        }
        self.look(rules, block);
        self.tail.clear();
        self.tail.extend_from_slice(&block[block.len().saturating_sub(TAIL)..]);
    }

    fn look(&mut self, rules: &Rules, bytes: &[u8]) {
        for (text, harm) in rules.telling {
            if self.nature.harm.is_none() && memmem::find(bytes, text).is_some() {
                self.nature.harm = Some(*harm);
            }
        }
        if self.scope == Scope::Directories {
            let reach = match self.nature.harm {
                Some(Harm::Origin) => origin_reach(bytes),
                Some(Harm::Relocatable | Harm::LinkerScript) => ANYWHERE,
                Some(Harm::Script) if rules.always.is_none() => ANYWHERE,
                _ if rules.names_paths => longest_climb(bytes),
                _ => 0,
            };
            self.nature.reach = self.nature.reach.max(reach);
        }
    }
}

fn rules_for(block: &[u8], names: &[&[u8]]) -> &'static Rules {
    if block.starts_with(b"\x7fELF") {
        return rules_for_elf(block);
    }
    if block.starts_with(b"!<arch>\n") || block.starts_with(b"!<thin>\n") {
        return &OBJECT;
    }
    if block.starts_with(b"/* GNU ld script") {
        return &LINKER_SCRIPT;
    }
    if let Some(line) = block.strip_prefix(b"#!") {
        return rules_for_interpreter(line);
    }
    names.iter().find_map(|name| rules_for_ending(name)).unwrap_or(&TEXT)
}

/// By the ELF header (System V ABI, chapter 4): objects are no programs, and a program is what
/// names its interpreter or is linked to a fixed address.
fn rules_for_elf(block: &[u8]) -> &'static Rules {
    const EXECUTABLE: u16 = 2;
    const SHARED: u16 = 3;
    let little_endian = block.get(5) == Some(&1);
    let kind = block.get(16..18).and_then(|bytes| bytes.try_into().ok()).map(|bytes| {
        if little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    });
    match kind {
        Some(SHARED) if !names_an_interpreter(block) => &LIBRARY,
        Some(EXECUTABLE | SHARED) | None => &PROGRAM,
        Some(_) => &OBJECT,
    }
}

/// The interpreter's path stands in the first page of what the linkers write.
fn names_an_interpreter(block: &[u8]) -> bool {
    let start = &block[..block.len().min(4096)];
    memmem::find(start, b"/ld").is_some()
}

fn rules_for_interpreter(line: &[u8]) -> &'static Rules {
    let line = line.split(|&byte| byte == b'\n').next().unwrap_or(line);
    let names = |name: &[u8]| memmem::find(line, name).is_some();
    let resolves_itself: [&[u8]; 7] =
        [b"python", b"pypy", b"node", b"bun", b"deno", b"ruby", b"php"];
    if resolves_itself.into_iter().any(names) { &MAIN_SCRIPT } else { &SHELL_OR_PERL }
}

fn rules_for_ending(name: &[u8]) -> Option<&'static Rules> {
    let ending = name.rsplit(|&byte| byte == b'.').next()?;
    Some(match ending {
        b"py" | b"pyw" => &PYTHON,
        b"js" | b"cjs" | b"mjs" | b"ts" | b"jsx" | b"tsx" => &JAVASCRIPT,
        b"rb" => &RUBY,
        b"php" => &PHP,
        b"cmake" => &CMAKE,
        b"pl" | b"pm" | b"sh" | b"bash" | b"tcl" => &SHELL_OR_PERL,
        _ => return None,
    })
}

/// How far `$ORIGIN/../..` goes.
fn origin_reach(bytes: &[u8]) -> u8 {
    let ends = [b"$ORIGIN".as_slice(), b"${ORIGIN}"];
    let starts = ends
        .into_iter()
        .flat_map(|text| memmem::find_iter(bytes, text).map(move |position| position + text.len()));
    starts
        .map(|start| leading_climb(bytes[start..].strip_prefix(b"/").unwrap_or(b"")))
        .max()
        .unwrap_or(0)
}

/// The most `../` in a row.
fn longest_climb(bytes: &[u8]) -> u8 {
    let mut longest = 0;
    let mut rest = bytes;
    while let Some(position) = memmem::find(rest, b"../") {
        rest = &rest[position..];
        let climb = leading_climb(rest);
        longest = longest.max(climb);
        rest = &rest[3 * usize::from(climb).max(1)..];
    }
    longest
}

fn leading_climb(mut bytes: &[u8]) -> u8 {
    let mut count: u8 = 0;
    while let Some(rest) = bytes.strip_prefix(b"..") {
        count = count.saturating_add(1);
        let Some(rest) = rest.strip_prefix(b"/") else { break };
        bytes = rest;
    }
    count
}
