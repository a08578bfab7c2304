//! Makes a shared library again from an archive of its objects, with only what is asked of it.
//!
//! A distribution's library holds whatever anybody may ask for. Where its objects come as
//! position-independent code too, the linker can put together the few that the programs of an image
//! need: of libstdc++, `DirectFB` asks for 32 symbols, which is 25 KB of 424 after compression. The
//! linker follows what one object needs of another, so nothing is guessed, and every symbol keeps
//! the version that programs were linked with.
//!
//! Names that a program looks up while it runs (`dlsym`) leave no trace in it and have to be given.

#![expect(clippy::disallowed_methods, reason = "it is being made in the store")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use elf::Problem;
use elf::symbols::{self, Symbol};
use ui::hinted;

use crate::inputs::Inputs;

/// Why a library cannot be made again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It, or something that uses it, does not parse.
    #[error(transparent)]
    Damaged(#[from] Problem),
    /// Programs could not ask for it.
    #[error("the library has no name (DT_SONAME)")]
    Nameless,
    /// It is not needed at all.
    #[error("nothing asks for any of its symbols")]
    Unasked,
    /// An archive has one definition of a name.
    #[error("an older version of a symbol is asked for: {0}")]
    OldVersion(String),
    /// A linker's script is about symbols with versions, or about symbols without.
    #[error("symbols with versions and symbols without are asked for")]
    MixedVersions,
    /// It cannot be written into a linker's script.
    #[error("a symbol has an odd name: {0}")]
    OddName(String),
    /// What was asked for is not what was made.
    #[error("the new library lacks {0}")]
    Lacking(String),
    /// Programs copy variables by the size that they had.
    #[error("the variable {name} has {made} bytes instead of {expected}")]
    OtherSize {
        /// Which one.
        name: String,
        /// In the library as it was.
        expected: u64,
        /// In the new one.
        made: u64,
    },
}

/// What is kept of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The name by which programs ask for it.
    pub(crate) name: String,
    /// What they ask for.
    pub(crate) kept: Vec<Symbol>,
}

impl Plan {
    /// Keeps what the users of a library ask for, and what they look up by name while they run.
    pub(crate) fn new(
        library: &[u8],
        users: &[&[u8]],
        looked_up: &[&str],
    ) -> Result<Self, Refusal> {
        let name = elf::needs::read(library)?.soname.ok_or(Refusal::Nameless)?;
        let mut asked: BTreeMap<Vec<u8>, Vec<Symbol>> = BTreeMap::new();
        for user in users {
            for symbol in asked_by(user)? {
                asked.entry(symbol.name.clone()).or_default().push(symbol);
            }
        }
        let is_asked = |offered: &Symbol| {
            let imports = asked.get(&offered.name).into_iter().flatten();
            imports.into_iter().any(|import| offered.satisfies(import))
                || looked_up.iter().any(|name| name.as_bytes() == offered.name)
        };
        let exports = symbols::read(library)?.exports;
        let kept: BTreeSet<_> = exports.into_iter().filter(is_asked).collect();
        let plan = Self { name: text(&name)?, kept: kept.into_iter().collect() };
        plan.check_that_it_can_be_said()?;
        Ok(plan)
    }

    fn check_that_it_can_be_said(&self) -> Result<(), Refusal> {
        if self.kept.is_empty() {
            return Err(Refusal::Unasked);
        }
        for symbol in &self.kept {
            text(&symbol.name)?;
            text(symbol.version.as_deref().unwrap_or_default())?;
            if !symbol.is_default {
                return Err(Refusal::OldVersion(shown(symbol)));
            }
        }
        let versioned = self.kept.iter().filter(|symbol| symbol.version.is_some()).count();
        if versioned != 0 && versioned != self.kept.len() {
            return Err(Refusal::MixedVersions);
        }
        Ok(())
    }

    /// Tells the linker which symbols others see, and in which versions.
    fn version_script(&self) -> String {
        let mut versions: BTreeMap<&[u8], Vec<&Symbol>> = BTreeMap::new();
        for symbol in &self.kept {
            versions.entry(symbol.version.as_deref().unwrap_or_default()).or_default().push(symbol);
        }
        let mut script = String::new();
        let last = versions.len() - 1;
        for (number, (version, symbols)) in versions.into_iter().enumerate() {
            let _ = writeln!(script, "{} {{ global:", String::from_utf8_lossy(version));
            for symbol in symbols {
                let _ = writeln!(script, "  {};", String::from_utf8_lossy(&symbol.name));
            }
            // A pattern may stand in one version only, and is about all of them.
            script.push_str(if number == last { "local: *; };\n" } else { "};\n" });
        }
        script
    }

    /// What the compiler is told, besides what to link.
    fn options(&self, version_script: &Path) -> String {
        let mut options = String::from("-shared\n-nostdlib\n-s\n");
        for option in [
            &format!("-soname,{}", self.name),
            &format!("--version-script={}", version_script.display()),
            "--gc-sections,--as-needed,--hash-style=gnu,--build-id=none,-O1",
            "-z,defs,-z,noseparate-code",
        ] {
            let _ = writeln!(options, "-Wl,{option}");
        }
        // An archive's object is only taken when something asks for it.
        for symbol in &self.kept {
            let _ = writeln!(options, "-Wl,-u,{}", String::from_utf8_lossy(&symbol.name));
        }
        options
    }

    /// Checks that a library which was made offers what is asked for.
    fn check(&self, made: &[u8]) -> Result<(), Refusal> {
        let offered = symbols::read(made)?.exports;
        for asked in &self.kept {
            let found = offered.iter().find(|symbol| {
                symbol.name == asked.name && symbol.version == asked.version && symbol.is_default
            });
            let Some(found) = found else {
                return Err(Refusal::Lacking(shown(asked)));
            };
            if asked.is_data && found.size != asked.size {
                let (expected, made) = (asked.size, found.size);
                return Err(Refusal::OtherSize { name: shown(asked), expected, made });
            }
        }
        Ok(())
    }
}

/// What a binary asks others for.
///
/// A program may have room for a library's variable in itself, and has the loader copy its first
/// value there: then the program defines what it asks for.
fn asked_by(user: &[u8]) -> Result<Vec<Symbol>, Refusal> {
    let symbols = symbols::read(user)?;
    let mut asked = symbols.imports;
    if elf::needs::read(user)?.interpreter.is_some() {
        asked.extend(symbols.exports.into_iter().filter(|symbol| symbol.is_data));
    }
    Ok(asked)
}

/// Links the library with a compiler for its machine.
///
/// The inputs are archives, and libraries that these need, in the order in which a linker wants
/// them: who asks stands before who is asked. The result appears only when it is what was planned.
///
/// Says what the linker read: besides its inputs, libraries that these need.
pub(crate) fn link(
    plan: &Plan,
    mut compiler: Command,
    inputs: &[PathBuf],
    result: &Path,
) -> Result<Inputs> {
    let attempt = || format!("cannot relink `{}`", plan.name);
    let scratch = tempfile::tempdir().with_context(attempt)?;
    let in_scratch = |name| scratch.path().join(name);
    let (script, options) = (in_scratch("versions"), in_scratch("options"));
    let (list, made) = (in_scratch("list"), in_scratch("made"));
    std::fs::write(&script, plan.version_script()).with_context(attempt)?;
    std::fs::write(&options, plan.options(&script)).with_context(attempt)?;

    compiler.arg(format!("@{}", options.display()));
    for directory in inputs.iter().filter_map(|input| input.parent()).collect::<BTreeSet<_>>() {
        compiler.arg(format!("-Wl,-rpath-link,{}", directory.display()));
    }
    compiler.arg(format!("-Wl,--dependency-file={}", list.display()));
    let output = compiler.args(inputs).arg("-o").arg(&made).output().with_context(|| {
        hinted(
            "cannot start the compiler",
            "install the cross compiler; `tiny doctor` says which package has it",
        )
    })?;
    if !output.status.success() {
        bail!(anyhow::Error::msg(complaints(&output.stderr)).context(hinted(
            &attempt(),
            "add the archive or library that defines what is missing, behind those that use it",
        )));
    }
    plan.check(&std::fs::read(&made).with_context(attempt)?).with_context(attempt)?;
    std::fs::copy(&made, result).with_context(attempt)?;
    let mut read = Inputs::default();
    read.add_listed(&list, Path::new("/"))?;
    Ok(read.without(scratch.path()))
}

/// The linker's first complaints; the others mostly repeat them.
fn complaints(output: &[u8]) -> String {
    let output = String::from_utf8_lossy(output);
    let lines = output.lines().filter(|line| line.contains(": ") && !line.contains("in function"));
    lines.take(3).map(str::trim).collect::<Vec<_>>().join("; ")
}

/// A name as text, when a linker's script can hold it.
fn text(name: &[u8]) -> Result<String, Refusal> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.$+-".contains(byte);
    let text = String::from_utf8_lossy(name).into_owned();
    if name.iter().all(fits) { Ok(text) } else { Err(Refusal::OddName(text)) }
}

fn shown(symbol: &Symbol) -> String {
    let name = String::from_utf8_lossy(&symbol.name);
    match &symbol.version {
        Some(version) => format!("{name}@{}", String::from_utf8_lossy(version)),
        None => name.into_owned(),
    }
}

#[cfg(test)]
mod tests;
