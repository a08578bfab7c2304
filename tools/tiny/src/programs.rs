//! The programs of the recipe's author, built from source with the board's compilers.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use names::shown;

use crate::command::{self, Said, command};
use crate::kernel::compiler_version;
use crate::recipe::Recipe;
use crate::recipe::userland::{Libc, Origin, Program};
use crate::sources::Packages;
use crate::store::{Key, Store};
use crate::toolchain::{Rust, Toolchain};

/// How large a source file may be: more is no source.
const LARGEST_SOURCE: u64 = 64 << 20;

/// What programs are built with.
pub(crate) struct Workbench<'a> {
    pub(crate) recipe: &'a Recipe,
    pub(crate) toolchain: &'a Toolchain,
    /// The root of the recipe's packages, for headers and libraries.
    pub(crate) root: Option<&'a Path>,
    pub(crate) packages: &'a Packages,
    pub(crate) store: &'a Store,
    pub(crate) said: Said,
}

/// Builds a program, once for each state of its sources, and gives the binary.
pub(crate) fn build(program: &Program, bench: &Workbench<'_>) -> Result<PathBuf> {
    let built = match program.origin()? {
        Origin::Rust(root) => rust(root, bench),
        Origin::C(sources) => c(program, sources, bench),
        Origin::Binary(binary) => Ok(bench.recipe.directory.join(binary)),
    };
    built.with_context(|| format!("cannot build the program `{}`", program.name))
}

fn rust(root: &Path, bench: &Workbench<'_>) -> Result<PathBuf> {
    let root = bench.recipe.directory.join(root);
    let folder = root.parent().unwrap_or(Path::new("."));
    let rust = Rust::prepare(bench.recipe, bench.packages, bench.store)?;
    let key = Key::new().and("rust").and(rust.identity()).and(name_of(&root));
    let key = with_sources(key, &sources_below(folder)?, folder)?;
    let held = bench.store.hold("programs", &key)?;
    held.once("program", |place| rust.build(&root, place))
}

fn c(program: &Program, sources: &[PathBuf], bench: &Workbench<'_>) -> Result<PathBuf> {
    let board = &bench.recipe.board.toolchain;
    let directory = &bench.recipe.directory;
    let sources: Vec<_> = sources.iter().map(|source| directory.join(source)).collect();
    for source in &sources {
        fs::metadata(source).with_context(|| format!("cannot read `{}`", shown(source)))?;
    }
    let mut compiler = match program.libc {
        Libc::Musl => command(bench.toolchain.musl_compiler()),
        Libc::Packages => {
            let mut compiler = command(format!("{}gcc", board.prefix));
            compiler.args(&board.flags);
            compiler
        }
    };
    compiler.args(["-Os", "-ffunction-sections", "-fdata-sections"]);
    compiler.args(["-fno-unwind-tables", "-fno-asynchronous-unwind-tables"]);
    compiler.args(["-Wl,--gc-sections,--as-needed,--build-id=none", "-Wl,-z,noseparate-code"]);
    compiler.arg(format!("-ffile-prefix-map={}=.", directory.display())).args(&program.flags);
    if let Some(root) = bench.root.filter(|_| program.libc == Libc::Packages) {
        let libraries =
            [root.join("usr/lib").join(&board.multiarch), root.join("lib").join(&board.multiarch)];
        for headers in &program.headers {
            compiler.arg("-isystem").arg(root.join(headers));
        }
        for library in &libraries {
            compiler.arg(format!("-L{}", library.display()));
            compiler.arg(format!("-Wl,-rpath-link,{}", library.display()));
        }
    }
    let mut key = Key::new()
        .and("c")
        .and(bench.toolchain.identity())
        .and(compiler_version(bench.recipe)?)
        .and(command::line(&compiler))
        .and_all(&program.libraries);
    for name in bench.recipe.packages.names.iter().chain(&bench.recipe.packages.build) {
        key = key.and_all(bench.packages.identity(name));
    }
    // Headers stand beside what includes them.
    let mut all: BTreeSet<PathBuf> = sources.iter().cloned().collect();
    for source in &sources {
        all.extend(sources_below(source.parent().unwrap_or(Path::new(".")))?);
    }
    let key = with_sources(key, &all.into_iter().collect::<Vec<_>>(), directory)?;
    let held = bench.store.hold("programs", &key)?;
    held.once("program", |place| {
        compiler.args(&sources).arg("-o").arg(place);
        compiler.args(program.libraries.iter().map(|library| format!("-l{library}")));
        command::run(&mut compiler, bench.said)
    })
}

/// Every source file below a folder, in the order of the names.
fn sources_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read `{}`", shown(&folder)))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read `{}`", shown(&folder)))?;
            let kind = entry.file_type().context("cannot read a directory")?;
            let path = entry.path();
            let is_source = path
                .extension()
                .is_some_and(|end| ["c", "h", "rs", "S", "inc"].iter().any(|known| end == *known));
            if kind.is_dir() {
                folders.push(path);
            } else if is_source {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A key that changes with the names and the contents of sources, but not with their place.
fn with_sources(mut key: Key, sources: &[PathBuf], directory: &Path) -> Result<Key> {
    for source in sources {
        let length = fs::metadata(source).map_or(0, |found| found.len());
        if length > LARGEST_SOURCE {
            bail!("`{}` is no source: it has {length} bytes", shown(source));
        }
        let content =
            fs::read(source).with_context(|| format!("cannot read `{}`", shown(source)))?;
        let name = source.strip_prefix(directory).unwrap_or(source);
        key = key.and(name.as_os_str().as_encoded_bytes()).and(content);
    }
    Ok(key)
}

fn name_of(path: &Path) -> &[u8] {
    path.file_name().map_or(b"".as_slice(), |name| name.as_encoded_bytes())
}
