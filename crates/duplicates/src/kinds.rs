//! What is known about the kinds of files: the table, as data.
//!
//! A link is made only in place of a file that is known to be inert: read for its bytes and for
//! nothing else. What a program may run, import, include or ask for its own place stays, and so does
//! what no line of the table names. The same table stands in docs/clink.md.
//!
//! What it comes to is shown in `tools/clink/tests/kinds.rs`.

/// Why a file would not be the same behind a symbolic link, or why nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Harm {
    /// It loads libraries from beside itself: `$ORIGIN` in an ELF file.
    Origin,
    /// It looks for its other parts from where it really lives.
    Relocatable,
    /// It may be run: a program may ask where it really lives.
    Program,
    /// A script or module: what it loads may be looked for where it really lies.
    Script,
    /// It says what a package is; those who read it resolve where it lies first.
    Manifest,
    /// An archive that programs are loaded from.
    Bundle,
    /// It imports others by paths of their own.
    Imports,
    /// A header that is told apart by where it lies.
    Header,
    /// It tells a build what to do, and where.
    BuildFile,
    /// A linker script: the linker asks whether it lies below the root for its target.
    LinkerScript,
    /// A unit or a rule: a link to an identical one is an alias.
    Unit,
    /// Who reads it refuses symbolic links.
    Refused,
    /// A time zone: its name is read from where it really lies.
    TimeZone,
    /// A database: a program writes to it.
    Database,
    /// No rule is known for it.
    Unknown,
}

/// One kind of file: how it is recognised, and what is known about it.
#[derive(Debug)]
pub struct Kind {
    /// What it is, in a word or two.
    pub name: &'static str,
    /// What its bytes look like, where that tells.
    pub form: &'static str,
    /// How it may begin.
    pub(crate) starts: &'static [&'static [u8]],
    /// Which bytes it may have at a place further in.
    pub(crate) marks: &'static [(usize, &'static [u8])],
    /// Its names; with a star at their end, how they begin.
    pub names: &'static [&'static str],
    /// How its names may end, after the last dot.
    pub endings: &'static [&'static str],
    /// The directories that it lies in or below, by the end of their paths.
    pub places: &'static [&'static str],
    /// Why it always stays.
    pub stays: Option<Harm>,
    /// Texts in it, each with the reason to stay that it gives.
    pub telling: &'static [(&'static str, Harm)],
    /// Two texts that give a reason only together.
    pub(crate) together: Option<([&'static str; 2], Harm)>,
    /// Why it is linked, or is not.
    pub because: &'static str,
    /// Whether `..` in it means a directory.
    pub(crate) names_paths: bool,
    /// Something is built from it: who builds compares its time with that of the result.
    pub(crate) is_source: bool,
    /// Right to run does not make it a program: loaders ask for it.
    pub(crate) may_be_executable: bool,
}

impl Kind {
    /// Every kind stands in the table once.
    pub(crate) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }

    /// All texts that may give a reason.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &'static str> {
        let together = self.together.into_iter().flat_map(|(texts, _)| texts);
        self.telling.iter().map(|(text, _)| *text).chain(together)
    }

    /// Whether a content of this kind says itself whether it stays.
    pub(crate) fn has_to_be_read(&self) -> bool {
        !self.telling.is_empty() || self.is(&HEADER)
    }
}

const KIND: Kind = Kind {
    name: "",
    form: "",
    starts: &[],
    marks: &[],
    names: &[],
    endings: &[],
    places: &[],
    stays: None,
    telling: &[],
    together: None,
    because: "",
    names_paths: true,
    is_source: false,
    may_be_executable: false,
};

pub(crate) static PROGRAM: Kind = Kind {
    name: "programs",
    form: "ELF with an interpreter or an entry; `MZ`, Java classes, WebAssembly",
    starts: &[b"MZ", b"\xca\xfe\xba\xbe", b"\0asm"],
    stays: Some(Harm::Program),
    telling: &[
        ("$ORIGIN", Harm::Origin),
        ("${ORIGIN}", Harm::Origin),
        ("/proc/self/exe", Harm::Relocatable),
        ("GCC_EXEC_PREFIX", Harm::Relocatable),
        ("ldscripts", Harm::Relocatable),
    ],
    because: "a program, or a library that it loads, may ask where it really is",
    names_paths: false,
    ..KIND
};

pub(crate) static LIBRARY: Kind = Kind {
    name: "shared libraries",
    form: "ELF, shared, `.so` in its name, no interpreter",
    telling: &[
        ("$ORIGIN", Harm::Origin),
        ("${ORIGIN}", Harm::Origin),
        ("/proc/self/exe", Harm::Relocatable),
        ("/proc/self/maps", Harm::Relocatable),
    ],
    together: Some((["dladdr", "realpath"], Harm::Relocatable)),
    because: "the loader opens it by the name it was asked for; those that ask where they are stay. \
              Two copies loaded by one program become one",
    names_paths: false,
    may_be_executable: true,
    ..KIND
};

pub(crate) static OBJECT: Kind = Kind {
    name: "static archives and objects",
    form: "`ar` archives, relocatable ELF",
    starts: &[b"!<arch>\n", b"!<thin>\n"],
    because: "the linker reads their bytes",
    names_paths: false,
    may_be_executable: true,
    ..KIND
};

pub(crate) static DEBUG: Kind = Kind {
    name: "debug files",
    form: "ELF",
    endings: &["debug", "dwo", "dwp"],
    places: &["lib/debug"],
    telling: &[(".gnu_debugaltlink", Harm::Relocatable)],
    because: "found by build number; those that name a second file beside them stay",
    names_paths: false,
    ..KIND
};

pub(crate) static KERNEL_MODULE: Kind = Kind {
    name: "kernel modules",
    endings: &["ko"],
    stays: Some(Harm::Program),
    because: "they are run, and looked up by the directory of their release",
    names_paths: false,
    ..KIND
};

pub(crate) static SCRIPT: Kind = Kind {
    name: "scripts and modules of any language",
    form: "`#!`, `<?php`",
    starts: &[b"#!", b"<?php"],
    endings: &[
        "py", "pyw", "pyi", "pyx", "pyc", "pyo", "pth", "js", "cjs", "mjs", "jsx", "ts", "cts",
        "mts", "tsx", "vue", "svelte", "coffee", "rb", "rake", "erb", "gemspec", "php", "phtml",
        "pl", "pm", "t", "sh", "bash", "zsh", "fish", "ksh", "csh", "tcl", "tk", "lua", "el",
        "elc", "vim", "jl", "r", "R", "awk", "sed", "ps1", "bat", "cmd", "go", "rs", "java",
        "class", "kt", "kts", "scala", "clj", "groovy", "ex", "exs", "erl", "beam", "hs", "ml",
        "mli", "scm", "nim", "zig", "d", "swift", "dart", "nix", "m", "mm",
    ],
    stays: Some(Harm::Script),
    because: "Node.js, Python, PHP, Ruby and others look for what it loads where it really lies; \
              launchers follow links by themselves; one module becomes one state",
    ..KIND
};

pub(crate) static MANIFEST: Kind = Kind {
    name: "manifests of packages",
    names: &[
        "package.json",
        "package-lock.json",
        "tsconfig.json",
        "jsconfig.json",
        "composer.json",
        "go.mod",
        "go.sum",
        "go.work",
        "Cargo.toml",
        "Cargo.lock",
        "pyproject.toml",
        "setup.cfg",
        "requirements*",
        "constraints*",
        "pyvenv.cfg",
        "pom.xml",
        "Gemfile",
        "top_level.txt",
        "entry_points.txt",
        "SOURCES.txt",
        "requires.txt",
    ],
    stays: Some(Harm::Manifest),
    because: "it says what the directory around it is, to programs that resolve links first",
    ..KIND
};

pub(crate) static BUNDLE: Kind = Kind {
    name: "archives of programs",
    form: "zip",
    starts: &[b"PK\x03\x04"],
    endings: &["jar", "war", "ear", "jmod", "zip", "whl", "egg", "apk", "phar"],
    stays: Some(Harm::Bundle),
    because: "`Class-Path` and the like are resolved from where they really lie",
    names_paths: false,
    ..KIND
};

pub(crate) static IMPORTS: Kind = Kind {
    name: "what imports others",
    endings: &[
        "css", "scss", "sass", "less", "styl", "mdx", "proto", "thrift", "graphql", "xsl", "xslt",
        "xsd", "dtd", "qml",
    ],
    stays: Some(Harm::Imports),
    because: "bundlers and compilers resolve links before they follow an import",
    ..KIND
};

pub(crate) static BUILD_FILE: Kind = Kind {
    name: "build files",
    names: &[
        "Makefile*",
        "makefile",
        "GNUmakefile",
        "CMakeLists.txt",
        "Kconfig*",
        "Kbuild*",
        "meson.build",
        "meson_options.txt",
        "SConstruct",
        "SConscript",
        "BUILD",
        "WORKSPACE",
        "Dockerfile*",
        "Containerfile*",
        "Rakefile",
        "Justfile",
        "configure",
    ],
    endings: &[
        "mk", "mak", "cmake", "ninja", "gyp", "gypi", "bzl", "bazel", "gradle", "am", "ac", "m4",
    ],
    stays: Some(Harm::BuildFile),
    because: "`realpath`, `REALPATH` and `$(CURDIR)` are asked in them",
    ..KIND
};

pub(crate) static LINKER_SCRIPT: Kind = Kind {
    name: "linker scripts and what libtool and pkg-config read",
    form: "`/* GNU ld script`; a text named `.so` or `.a`",
    starts: &[b"/* GNU ld script"],
    endings: &["so", "a", "ld", "lds", "la", "pc"],
    places: &["ldscripts"],
    stays: Some(Harm::LinkerScript),
    because: "the linker asks whether they lie below the root for its target",
    ..KIND
};

pub(crate) static UNIT: Kind = Kind {
    name: "units and rules",
    endings: &[
        "service",
        "socket",
        "timer",
        "target",
        "mount",
        "automount",
        "path",
        "slice",
        "swap",
        "network",
        "netdev",
        "link",
        "nspawn",
        "desktop",
        "rules",
    ],
    stays: Some(Harm::Unit),
    because: "systemd takes a unit that is a link for an alias of the other",
    ..KIND
};

pub(crate) static REFUSED: Kind = Kind {
    name: "files of git",
    names: &[".gitignore", ".gitattributes", ".gitmodules", ".mailmap"],
    stays: Some(Harm::Refused),
    because: "git does not follow links there. Everything stays in work trees of version control, \
              for which a link is a change; below a `go.mod` and where `.go` files are (`go:embed` \
              refuses links), below a `package.json` (`npm pack` leaves them out), in sites of Hugo \
              and Jekyll (they pass over them)",
    ..KIND
};

pub(crate) static TIME_ZONE: Kind = Kind {
    name: "time zones",
    form: "`TZif`",
    starts: &[b"TZif"],
    stays: Some(Harm::TimeZone),
    because: "programs read the zone's name from where `/etc/localtime` really leads",
    names_paths: false,
    ..KIND
};

pub(crate) static DATABASE: Kind = Kind {
    name: "databases",
    form: "SQLite, Berkeley DB, LMDB, gdbm, tdb, Tokyo and Kyoto Cabinet",
    starts: &[
        b"SQLite format 3\0",
        b"\xcd\x9a\x57\x13",
        b"\xce\x9a\x57\x13",
        b"\xcf\x9a\x57\x13",
        b"\x13\x57\x9a\xcd",
        b"\x13\x57\x9a\xce",
        b"\x13\x57\x9a\xcf",
        b"TDB file\n",
        b"ToKyO CaBiNeT\n",
        b"KC\n\0",
    ],
    marks: &[
        // Berkeley DB: btree, hash, queue, heap, in both orders of bytes.
        (12, b"\x62\x31\x05\x00"),
        (12, b"\x61\x15\x06\x00"),
        (12, b"\x53\x22\x04\x00"),
        (12, b"\x82\x45\x07\x00"),
        (12, b"\x00\x05\x31\x62"),
        (12, b"\x00\x06\x15\x61"),
        (12, b"\x00\x04\x22\x53"),
        (12, b"\x00\x07\x45\x82"),
        // LMDB, likewise.
        (16, b"\xde\xc0\xef\xbe"),
        (16, b"\xbe\xef\xc0\xde"),
    ],
    endings: &[
        "db",
        "db-wal",
        "db-shm",
        "db-journal",
        "sqlite",
        "sqlite-wal",
        "sqlite-shm",
        "sqlite-journal",
        "sqlite3",
        "gdbm",
        "mdb",
        "tdb",
        "ibd",
        "MYD",
        "MYI",
        "frm",
    ],
    stays: Some(Harm::Database),
    because: "a program writes to one of them and would change both",
    names_paths: false,
    ..KIND
};

pub(crate) static HEADER: Kind = Kind {
    name: "headers of C and C++",
    endings: &["h", "hh", "hpp", "hxx", "H", "tcc", "ipp"],
    places: &["include"],
    because: "compilers look for includes where they found the header. Stay: `#include_next`, \
              an include with `..`; without an include guard also `#pragma once`, `#import` and \
              an include in quotes",
    is_source: true,
    ..KIND
};

pub(crate) static SOURCE: Kind = Kind {
    name: "sources in C, C++, assembler, device trees",
    endings: &["c", "cc", "cpp", "cxx", "C", "S", "s", "asm", "dts", "dtsi", "dtso"],
    because: "compilers look for includes where they found the source; only copies of the same time \
              are linked, for make compares it",
    is_source: true,
    ..KIND
};

pub(crate) static TRANSLATION: Kind = Kind {
    name: "translations and locales",
    endings: &["mo", "gmo", "po", "pot", "qm"],
    places: &["share/locale", "share/i18n", "lib/locale", "LC_MESSAGES"],
    because: "read by name for their bytes",
    ..KIND
};

pub(crate) static DOCUMENTATION: Kind = Kind {
    name: "documentation",
    names: &[
        "README*",
        "NEWS*",
        "ChangeLog*",
        "CHANGELOG*",
        "CHANGES*",
        "HISTORY*",
        "AUTHORS*",
        "THANKS*",
        "CREDITS*",
        "MAINTAINERS*",
        "CONTRIBUTORS*",
        "CONTRIBUTING*",
        "HACKING*",
        "INSTALL*",
    ],
    endings: &["md", "markdown", "rst", "txt", "text", "pod", "pdf", "ps", "dvi", "info"],
    places: &[
        "share/doc",
        "share/man",
        "share/info",
        "share/help",
        "share/gtk-doc",
        "share/lintian",
        "share/bug",
    ],
    telling: &[
        (".. include::", Harm::Imports),
        ("literalinclude::", Harm::Imports),
        (".. kernel-include::", Harm::Imports),
        ("\n.so ", Harm::Imports),
    ],
    because: "read by people; what includes others stays",
    ..KIND
};

pub(crate) static LICENCE: Kind = Kind {
    name: "licences",
    names: &["COPYING*", "LICENSE*", "LICENCE*", "NOTICE*", "COPYRIGHT*", "copyright*", "PATENTS*"],
    places: &["share/common-licenses", "share/licenses"],
    because: "read by people",
    ..KIND
};

pub(crate) static FONT: Kind = Kind {
    name: "fonts",
    endings: &[
        "ttf", "otf", "ttc", "woff", "woff2", "pcf", "pfa", "pfb", "pfm", "afm", "bdf", "psf",
        "psfu",
    ],
    places: &["share/fonts", "share/consolefonts"],
    because: "read by name for their bytes",
    names_paths: false,
    ..KIND
};

pub(crate) static PICTURE: Kind = Kind {
    name: "pictures, sounds and films",
    endings: &[
        "png", "jpg", "jpeg", "gif", "bmp", "ico", "xpm", "tif", "tiff", "webp", "avif", "ppm",
        "pgm", "pbm", "pnm", "tga", "cur", "icns", "wav", "ogg", "oga", "ogv", "opus", "mp3",
        "flac", "mp4", "webm", "mkv", "avi",
    ],
    places: &["share/icons", "share/pixmaps", "share/sounds"],
    because: "read by name for their bytes",
    names_paths: false,
    ..KIND
};

pub(crate) static DRAWING: Kind = Kind {
    name: "drawings",
    endings: &["svg"],
    telling: &[
        ("<image", Harm::Imports),
        ("@import", Harm::Imports),
        ("<!ENTITY", Harm::Imports),
        ("include", Harm::Imports),
    ],
    because: "those that show or include another file stay: it is looked for where they really lie",
    names_paths: false,
    ..KIND
};

pub(crate) static DATA: Kind = Kind {
    name: "tables of terminals, devices, colours and words",
    names: &["hwdb.bin", "pci.ids", "usb.ids", "rgb.txt"],
    endings: &["hwdb", "icc", "icm", "aff", "dic"],
    places: &["share/terminfo", "lib/terminfo", "share/misc", "share/color"],
    because: "read by name for their bytes",
    names_paths: false,
    ..KIND
};

pub(crate) static UNKNOWN: Kind = Kind {
    name: "everything else",
    stays: Some(Harm::Unknown),
    because: "nobody told clink about it: `--trust-unknown` links it, `--mixed` otherwise",
    ..KIND
};

/// All kinds, in the order of the table: what stays, what is linked, and the rest.
pub static KINDS: [&Kind; 25] = [
    &PROGRAM,
    &KERNEL_MODULE,
    &SCRIPT,
    &MANIFEST,
    &BUNDLE,
    &IMPORTS,
    &BUILD_FILE,
    &LINKER_SCRIPT,
    &UNIT,
    &REFUSED,
    &TIME_ZONE,
    &DATABASE,
    &LIBRARY,
    &OBJECT,
    &DEBUG,
    &HEADER,
    &SOURCE,
    &TRANSLATION,
    &DOCUMENTATION,
    &LICENCE,
    &FONT,
    &PICTURE,
    &DRAWING,
    &DATA,
    &UNKNOWN,
];
