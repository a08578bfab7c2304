//! Rust for a board: Debian's own compiler, unpacked and not installed, and of Rust's library the part
//! that needs no system.

#![expect(clippy::disallowed_methods, reason = "it is being made in the store")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use names::shown;

use crate::command::{self, Said};
use crate::inputs::Inputs;
use crate::recipe::Recipe;
use crate::sources::apt::host_architecture;
use crate::sources::{Packages, Wanted, tree};
use crate::store::{Key, Store, make_directory};
use crate::surroundings::tool;

/// The package that holds the compiler: Debian keeps a current Rust for its browsers. The libraries that
/// it needs change with every version, so the archive is asked for them.
const COMPILER: &str = "rustc-web";

/// The package with the sources of Rust's library.
const SOURCE: &str = "rust-web-src";

/// Starts the linker without the libraries that the compiler was given: it is this machine's own.
const LINKER: &str = "#!/bin/sh\nunset LD_LIBRARY_PATH\nexec ";

/// Packages of this machine.
pub(super) fn packages(host: &str) -> [Wanted; 2] {
    [Wanted::program(COMPILER, host), Wanted::binary(SOURCE, host)]
}

/// A Rust compiler for a board, with the part of Rust's library that needs no system.
#[derive(Debug)]
pub(crate) struct Rust {
    root: PathBuf,
    library: PathBuf,
    linker: PathBuf,
    target: String,
    flags: Vec<String>,
}

impl Rust {
    /// What its programs depend on, but for what the compiler reads.
    pub(crate) fn identity(recipe: &Recipe, packages: &Packages) -> Result<Key> {
        let host = host_architecture()?;
        let toolchain = &recipe.board.toolchain;
        let mut key = Key::new().and("rust").and_all(packages.identity(SOURCE, &host));
        for name in packages.program(COMPILER)? {
            key = key.and_all(packages.identity(name, &host));
        }
        Ok(key.and(&toolchain.rust_target).and_all(&toolchain.rust_flags))
    }

    /// Unpacks the compiler and builds the library, once for each version and board.
    pub(crate) fn prepare(recipe: &Recipe, packages: &Packages, store: &Store) -> Result<Self> {
        let names = packages.program(COMPILER)?;
        let root = tree::unpack(packages, &names, &host_architecture()?, store)?;
        let toolchain = &recipe.board.toolchain;
        let held = store.hold("compilers", &Self::identity(recipe, packages)?.and("core"))?;
        let linker = format!("{LINKER}{}ld \"$@\"\n", toolchain.prefix);
        let mut rust = Self {
            root,
            library: PathBuf::new(),
            linker: held.once("ld", |place| write_program(place, &linker))?,
            target: toolchain.rust_target.clone(),
            flags: toolchain.rust_flags.clone(),
        };
        let source = held.once("source", |place| unpack_library(packages, place))?;
        rust.library = held.once("library", |place| {
            store.tell("building Rust's core library");
            rust.build_library(&source, place)
        })?;
        Ok(rust)
    }

    /// The compiler, told what every program here is told.
    fn compiler(&self) -> Command {
        let mut rustc = tool(self.root.join("usr/bin/rustc"));
        let multiarch = format!("{}-linux-gnu", std::env::consts::ARCH);
        let libraries = ["usr/lib", "lib"].map(|place| self.root.join(place).join(&multiarch));
        let libraries = std::env::join_paths(libraries).unwrap_or_default();
        rustc
            .env("LD_LIBRARY_PATH", libraries)
            // The library's own sources use what is not stable.
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["--edition", "2024", "--target", &self.target])
            .args(["-C", "panic=abort", "-C", "opt-level=s", "-C", "relocation-model=static"])
            .args(["-C", "force-unwind-tables=no", "-C", "overflow-checks=off"])
            .args(&self.flags);
        rustc
    }

    /// `core`, and `compiler_builtins` with what processors lack and what copies memory.
    fn build_library(&self, source: &Path, place: &Path) -> Result<()> {
        make_directory(place)?;
        let library = |name: &str| {
            let mut rustc = self.compiler();
            rustc
                .args(["--crate-type", "rlib", "--crate-name", name, "--cap-lints", "allow"])
                .arg(format!("--remap-path-prefix={}=library", source.display()))
                .arg("--out-dir")
                .arg(place);
            rustc
        };
        let mut core = library("core");
        core.args(["-C", "linker-plugin-lto"]).arg(source.join("core/src/lib.rs"));
        command::run(&mut core, Said::Kept).context("cannot build Rust's core library")?;
        let mut builtins = library("compiler_builtins");
        builtins
            .args(["-C", "codegen-units=64"])
            .args(["--cfg", "feature=\"compiler-builtins\"", "--cfg", "feature=\"mem\""])
            .arg(format!("--extern=core={}", place.join("libcore.rlib").display()))
            .arg(source.join("compiler-builtins/compiler-builtins/src/lib.rs"));
        command::run(&mut builtins, Said::Kept).context("cannot build Rust's compiler library")
    }

    /// Builds a program that has no library but `core`, and no start files but its own, and says what it
    /// read. A `lib.rs` beside its root is a library of its own, named after the folder, as with cargo.
    pub(crate) fn build(&self, root: &Path, place: &Path) -> Result<Inputs> {
        let scratch = tempfile::tempdir().context("cannot make a directory for a program")?;
        let mut inputs = Inputs::default();
        let mut rustc = self.compiler();
        let library = root.with_file_name("lib.rs");
        if library.is_file() {
            let name = folder(root)?.replace('-', "_");
            let archive = scratch.path().join(format!("lib{name}.rlib"));
            self.build_rlib(&library, &name, &archive, &mut inputs)?;
            rustc.arg(format!("--extern={name}={}", archive.display()));
        }
        rustc
            .args(["--crate-type", "bin", "--crate-name", "program"])
            .args(["-C", "lto=fat", "-C", "codegen-units=1", "-C", "strip=symbols"])
            .arg(format!("-Clinker={}", self.linker.display()))
            .args(["-C", "linker-flavor=ld", "-C", "link-arg=--gc-sections"])
            .args(["-C", "link-arg=--build-id=none", "-C", "link-arg=-znoseparate-code"]);
        self.compile(rustc, root, place, &mut inputs)?;
        Ok(inputs.without(scratch.path()))
    }

    fn build_rlib(&self, root: &Path, name: &str, place: &Path, inputs: &mut Inputs) -> Result<()> {
        let mut rustc = self.compiler();
        rustc.args(["--crate-type", "rlib", "--crate-name", name, "-C", "linker-plugin-lto"]);
        self.compile(rustc, root, place, inputs)
    }

    fn compile(
        &self,
        mut rustc: Command,
        root: &Path,
        place: &Path,
        inputs: &mut Inputs,
    ) -> Result<()> {
        let list = tempfile::NamedTempFile::new().context("cannot make a list of what is read")?;
        rustc
            .arg(remapped(root))
            .arg("-L")
            .arg(&self.library)
            .arg(format!("--emit=link={}", place.display()))
            .arg(format!("--emit=dep-info={}", list.path().display()))
            .arg(root);
        command::run(&mut rustc, Said::Kept)
            .with_context(|| format!("cannot build `{}`", shown(root)))?;
        let directory = std::env::current_dir().context("cannot tell where we are")?;
        inputs.add_listed(list.path(), &directory)
    }
}

/// Programs say where they panic, but not in which folder they were built.
fn remapped(root: &Path) -> String {
    let folder = root.parent().unwrap_or(Path::new("."));
    format!("--remap-path-prefix={}=.", folder.display())
}

/// The name of the folder that a program's sources stand in, `src` not counted.
fn folder(root: &Path) -> Result<String> {
    let root = std::path::absolute(root).context("cannot tell where a program stands")?;
    let mut names = root.ancestors().skip(1).filter_map(Path::file_name);
    let name = names.find(|name| *name != "src").context("a program stands in no folder")?;
    Ok(shown(Path::new(name)))
}

fn write_program(place: &Path, text: &str) -> Result<()> {
    fs::write(place, text)
        .and_then(|()| fs::set_permissions(place, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write `{}`", shown(place)))
}

/// Of Rust's sources the library alone, which is a tenth of them.
fn unpack_library(packages: &Packages, place: &Path) -> Result<()> {
    let package = packages.binary(SOURCE, &host_architecture()?)?;
    make_directory(place)?;
    let mut dpkg = tool("dpkg-deb");
    dpkg.arg("--fsys-tarfile").arg(package).stdout(Stdio::piped());
    let mut tape = dpkg.spawn().context("cannot run `dpkg-deb`")?;
    let mut tar = tool("tar");
    tar.stdin(tape.stdout.take().expect("it is a pipe"))
        .args(["--extract", "--strip-components=5", "--wildcards", "--directory"])
        .arg(place)
        .arg("./usr/src/rustc-*/library/*");
    command::run(&mut tar, Said::Kept).context("cannot unpack the sources of Rust's library")?;
    let ended = tape.wait().context("cannot wait for `dpkg-deb`")?;
    ensure!(ended.success(), "`dpkg-deb` failed, {ended}");
    Ok(())
}
