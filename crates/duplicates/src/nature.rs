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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Nature {
    /// What a link to the file itself would change.
    pub(crate) harm: Option<Harm>,
    /// Where the content leads to with `..`; matters for links to directories.
    pub(crate) reach: Reach,
}

/// Where a content leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To these places, or to none.
    To(Vec<Climb>),
    /// Nobody knows.
    Anywhere,
}

/// A relative path with `..` that a content holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Climb {
    pub(crate) path: Box<[u8]>,
    /// False where something stands before it that only a program knows, as in `$(src)/../lib`.
    pub(crate) whole: bool,
}

impl Default for Reach {
    fn default() -> Self {
        Self::To(Vec::new())
    }
}

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
    /// A script may climb without writing `../`.
    climbs_by_name: bool,
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

/// How a script that knows its own place may go up from there.
const CLIMBING: [&[u8]; 5] = [b"dirname", b"updir", b"parent", b"\"..\"", b"'..'"];

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
        Self {
            scope,
            rules: None,
            nature: Nature::default(),
            climbs_by_name: false,
            tail: Vec::new(),
        }
    }

    pub(crate) fn into_nature(self) -> Nature {
        let Self { mut nature, climbs_by_name, rules, .. } = self;
        let asks = rules.is_some_and(|rules| rules.always.is_none());
        if nature.harm == Some(Harm::Script) && asks && climbs_by_name {
            nature.reach = Reach::Anywhere;
        }
        nature
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
            match self.nature.harm {
                Some(Harm::Origin) => self.nature.reach.add_all(origin_climbs(bytes)),
                Some(Harm::Relocatable | Harm::LinkerScript) => self.nature.reach = Reach::Anywhere,
                _ if rules.names_paths => self.nature.reach.add_all(climbs(bytes)),
                _ => {}
            }
            let by_name = |word: &&[u8]| memmem::find(bytes, word).is_some();
            if !rules.telling.is_empty() && !self.climbs_by_name {
                self.climbs_by_name = CLIMBING.iter().any(by_name);
            }
        }
    }
}

impl Reach {
    fn add_all(&mut self, climbs: impl Iterator<Item = Climb>) {
        /// A content that leads to more places than that is not worth following.
        const MOST: usize = 64;
        for climb in climbs {
            let Self::To(known) = self else { return };
            if climb.path.len() > LONGEST_CLIMB || known.len() == MOST {
                *self = Self::Anywhere;
            } else if !known.contains(&climb) {
                known.push(climb);
            }
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

/// Where `$ORIGIN/../lib` leads to.
fn origin_climbs(bytes: &[u8]) -> impl Iterator<Item = Climb> {
    let origins: [&[u8]; 2] = [b"$ORIGIN/", b"${ORIGIN}/"];
    origins.into_iter().flat_map(move |origin| {
        memmem::find_iter(bytes, origin).filter_map(move |position| {
            let path = path_at_start(&bytes[position + origin.len()..]);
            (memmem::find(path, b"..").is_some()).then(|| Climb { path: path.into(), whole: true })
        })
    })
}

/// All relative paths with `..` in a text.
fn climbs(bytes: &[u8]) -> impl Iterator<Item = Climb> {
    let mut from = 0;
    memmem::find_iter(bytes, b"../").filter_map(move |position| {
        // The path that was found before goes on to here; or an ellipsis, as in `arch/.../mach-*`.
        if position < from || bytes[..position].ends_with(b".") {
            return None;
        }
        let before = &bytes[..position];
        let start = before.iter().rev().take(LONGEST_CLIMB).position(|&byte| !is_path_byte(byte));
        let start =
            start.map_or(position.saturating_sub(LONGEST_CLIMB), |length| position - length);
        let after = path_at_start(&bytes[position..]);
        from = position + after.len();
        let known_before = start == 0
            || !matches!(bytes[start - 1], b'$' | b'%' | b'{' | b'}' | b'(' | b')' | b'`');
        match (known_before, bytes[start]) {
            // An absolute path is the same from everywhere.
            (true, b'/') => None,
            (true, _) => Some(Climb { path: bytes[start..from].into(), whole: true }),
            (false, _) => Some(Climb { path: after.into(), whole: false }),
        }
    })
}

/// Longer ones are not followed.
const LONGEST_CLIMB: usize = 255;

fn path_at_start(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&byte| !is_path_byte(byte)).unwrap_or(bytes.len());
    // A full stop or a comma ends the sentence, not the path.
    let path = &bytes[..end];
    match path {
        [path @ .., b'.' | b','] if !path.ends_with(b".") => path,
        path => path,
    }
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-+/@~,=".contains(&byte) || byte >= 0x80
}
