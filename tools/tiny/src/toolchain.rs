//! The compilers for a board, of packages that are unpacked and not installed: the C library musl
//! with this machine's cross compiler, and Rust without a library.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;

use crate::command::{self, Said, command};
use crate::recipe::Recipe;
use crate::sources::apt::host_architecture;
use crate::sources::{Packages, Wanted, tree};
use crate::store::{Held, Key, Store};

/// Packages of the board that a static C program is made of: the C library and the kernel's headers.
const MUSL: [&str; 2] = ["musl-dev", "linux-libc-dev"];

/// Packages of this machine that hold the Rust compiler, with the libraries that not every machine
/// has, and the sources of Rust's library. Debian keeps a current Rust for its browsers.
const RUST: [&str; 10] = [
    "rustc-web",
    "libstd-rust-web-1.96",
    "libllvm22",
    "libbsd0",
    "libedit2",
    "libffi8",
    "libicu72",
    "libmd0",
    "libxml2",
    "libz3-4",
];
const RUST_SOURCE: &str = "rust-web-src";

/// The compilers of a recipe.
#[derive(Debug)]
pub(crate) struct Toolchain {
    held: Held,
    identity: Vec<String>,
}

/// Packages that the compilers of a recipe come from.
pub(crate) fn packages(recipe: &Recipe) -> Result<Vec<Wanted>> {
    let board = &recipe.board.architecture;
    let of_board = MUSL.map(|name| binary(name, board));
    let mut wanted = of_board.to_vec();
    if recipe.programs.iter().any(|program| program.rust.is_some()) {
        let host = host_architecture()?;
        wanted.extend(RUST.iter().chain([&RUST_SOURCE]).map(|name| binary(name, &host)));
    }
    Ok(wanted)
}

fn binary(name: &str, architecture: &str) -> Wanted {
    Wanted::Binary { name: name.to_owned(), architecture: architecture.to_owned() }
}

impl Toolchain {
    /// Unpacks musl and writes down how the cross compiler is used with it.
    pub(crate) fn prepare(recipe: &Recipe, packages: &Packages, store: &Store) -> Result<Self> {
        let musl = tree::unpack(packages, &MUSL, store)?;
        let script = script(recipe, &musl);
        let held = store.hold("compilers", &Key::new().and("musl").and(&script))?;
        held.once("cc", |place| {
            fs::write(place, &script)
                .and_then(|()| fs::set_permissions(place, fs::Permissions::from_mode(0o755)))
                .with_context(|| format!("cannot write `{}`", shown(place)))
        })?;
        let identity = MUSL.iter().flat_map(|name| packages.identity(name)).map(str::to_owned);
        let identity = identity.chain(recipe.board.toolchain.flags.clone()).collect();
        Ok(Self { held, identity })
    }

    /// A C compiler whose programs are static and linked with musl.
    pub(crate) fn musl_compiler(&self) -> PathBuf {
        self.held.path().join("cc")
    }

    /// What its programs depend on, but for the compiler itself.
    pub(crate) fn identity(&self) -> Vec<u8> {
        self.identity.join("\n").into_bytes()
    }
}

/// The cross compiler with musl's headers, start files and library in place of glibc's.
fn script(recipe: &Recipe, musl: &Path) -> String {
    let toolchain = &recipe.board.toolchain;
    let gcc = format!("{}gcc", toolchain.prefix);
    let flags = toolchain.flags.join(" ");
    let root = shown(&musl.join("usr"));
    let (musl, multiarch) = (&toolchain.musl, &toolchain.multiarch);
    format!(
        r#"#!/bin/sh
# The board's compiler with musl in place of glibc: static programs.
for word; do
	case $word in -c|-S|-E|-M|-MM|-r) link=no ;; esac
done
set -- {flags} -nostdinc -isystem '{root}/include/{musl}' \
	-isystem "$({gcc} -print-file-name=include)" \
	-isystem '{root}/include' -isystem '{root}/include/{multiarch}' "$@"
if [ "$link" ]; then
	exec {gcc} "$@"
fi
lib='{root}/lib/{musl}'
exec {gcc} -nostdlib -static -no-pie -Wl,--gc-sections,--build-id=none \
	-Wl,-z,norelro,-z,noseparate-code,-z,max-page-size=4096 \
	"$lib/crt1.o" "$lib/crti.o" "$@" -Wl,--start-group "$lib/libc.a" -lgcc -Wl,--end-group \
	"$lib/crtn.o"
"#
    )
}

/// A Rust compiler for a board, with the part of Rust's library that needs no system.
#[derive(Debug)]
pub(crate) struct Rust {
    root: PathBuf,
    library: PathBuf,
    target: String,
    flags: Vec<String>,
    linker: String,
    identity: Vec<String>,
}

impl Rust {
    /// Unpacks the compiler and builds the library, once for each version and board.
    pub(crate) fn prepare(recipe: &Recipe, packages: &Packages, store: &Store) -> Result<Self> {
        let root = tree::unpack(packages, &RUST, store)?;
        let toolchain = &recipe.board.toolchain;
        let key = Key::new()
            .and("core")
            .and_all(packages.identity(RUST_SOURCE))
            .and_all(packages.identity(RUST[0]))
            .and(&toolchain.rust_target)
            .and_all(&toolchain.rust_flags);
        let held = store.hold("compilers", &key)?;
        let mut rust = Self {
            root,
            library: PathBuf::new(),
            target: toolchain.rust_target.clone(),
            flags: toolchain.rust_flags.clone(),
            identity: packages.identity(RUST[0]).into_iter().map(str::to_owned).collect(),
            linker: format!("{}ld", toolchain.prefix),
        };
        let source = held.once("source", |place| unpack_library(packages, place))?;
        rust.library = held.once("library", |place| rust.build_library(&source, place))?;
        Ok(rust)
    }

    /// What its programs depend on.
    pub(crate) fn identity(&self) -> Vec<u8> {
        [self.identity.as_slice(), &self.flags].concat().join("\n").into_bytes()
    }

    /// The compiler, told what every program here is told.
    fn compiler(&self) -> std::process::Command {
        let mut rustc = command(self.root.join("usr/bin/rustc"));
        let libraries =
            self.root.join("usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH));
        rustc
            .env("LD_LIBRARY_PATH", libraries)
            // The library's own sources use what is not stable.
            .env("RUSTC_BOOTSTRAP", "1")
            .env_remove("RUSTFLAGS")
            .args(["--edition", "2024", "--target", &self.target])
            .args(["-C", "panic=abort", "-C", "opt-level=s", "-C", "relocation-model=static"])
            .args(["-C", "force-unwind-tables=no", "-C", "overflow-checks=off"])
            .args(&self.flags);
        rustc
    }

    /// `core`, and `compiler_builtins` with what processors lack and what copies memory.
    fn build_library(&self, source: &Path, place: &Path) -> Result<()> {
        crate::store::make_directory(place)?;
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

    /// Builds a program that has no library but `core`, and no start files but its own. A `lib.rs`
    /// beside its root is a library of its own, named after the folder, as with cargo.
    pub(crate) fn build(&self, root: &Path, place: &Path) -> Result<()> {
        let mut rustc = self.compiler();
        let library = root.with_file_name("lib.rs");
        if library.is_file() {
            let name = folder(root)?.replace('-', "_");
            let archive = place.with_file_name(format!("lib{name}.rlib"));
            self.build_rlib(&library, &name, &archive)?;
            rustc.arg(format!("--extern={name}={}", archive.display()));
        }
        rustc
            .args(["--crate-type", "bin", "--crate-name", "program"])
            .args(["-C", "lto=fat", "-C", "codegen-units=1", "-C", "strip=symbols"])
            .arg(remapped(root))
            .arg(format!("-Clinker={}", self.linker))
            .args(["-C", "linker-flavor=ld", "-C", "link-arg=--gc-sections"])
            .args(["-C", "link-arg=--build-id=none", "-C", "link-arg=-znoseparate-code"])
            .arg("-L")
            .arg(&self.library)
            .arg("-o")
            .arg(place)
            .arg(root);
        command::run(&mut rustc, Said::Kept)
            .with_context(|| format!("cannot build `{}`", shown(root)))
    }

    fn build_rlib(&self, root: &Path, name: &str, place: &Path) -> Result<()> {
        let mut rustc = self.compiler();
        rustc
            .args(["--crate-type", "rlib", "--crate-name", name, "-C", "linker-plugin-lto"])
            .arg(remapped(root))
            .arg("-L")
            .arg(&self.library)
            .arg("-o")
            .arg(place)
            .arg(root);
        command::run(&mut rustc, Said::Kept)
            .with_context(|| format!("cannot build `{}`", shown(root)))
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

/// Of Rust's sources the library alone, which is a tenth of them.
fn unpack_library(packages: &Packages, place: &Path) -> Result<()> {
    let package = packages.binary(RUST_SOURCE)?;
    crate::store::make_directory(place)?;
    let mut dpkg = command("dpkg-deb");
    dpkg.arg("--fsys-tarfile").arg(package).stdout(std::process::Stdio::piped());
    let mut tape = dpkg.spawn().context("cannot run `dpkg-deb`")?;
    let mut tar = command("tar");
    tar.stdin(tape.stdout.take().expect("it is a pipe"))
        .args(["--extract", "--strip-components=5", "--wildcards", "--directory"])
        .arg(place)
        .arg("./usr/src/rustc-*/library/*");
    command::run(&mut tar, Said::Kept).context("cannot unpack the sources of Rust's library")?;
    tape.wait().context("cannot wait for `dpkg-deb`")?;
    Ok(())
}
