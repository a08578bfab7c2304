//! C for a board: this machine's cross compiler, which sees one C library and nothing else of it.
//!
//! Proof: `tests/surroundings.rs::a_poisoned_host_gives_the_same_bits`,
//! `tests/inputs.rs::a_header_of_this_machine_is_refused`

#![expect(clippy::disallowed_methods, reason = "it is being made in the store")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use names::shown;

use crate::board::Toolchain;
use crate::command;
use crate::recipe::Recipe;
use crate::recipe::userland::Libc;
use crate::sources::{Packages, Wanted, tree};
use crate::store::{Key, Store};
use crate::surroundings::tool;

/// Packages of the board that a static C program is made of: the C library and the kernel's headers.
const MUSL: [&str; 2] = ["musl-dev", "linux-libc-dev"];

/// GCC adds this machine's own directories with libraries wherever it links, unless it is told that
/// there are none: `-nostdlib` is about libraries and start files, not about where they are looked for.
const NO_DIRECTORIES: &str = "*link_libgcc:\n\n\n";

/// A compiler with the C library that it sees.
#[derive(Debug)]
pub(crate) struct C {
    /// What is run.
    compiler: PathBuf,
    /// What its programs depend on, but for what it reads.
    identity: Vec<String>,
}

/// Packages that come along with the recipe's own.
pub(super) fn packages(recipe: &Recipe) -> Vec<Wanted> {
    MUSL.iter().map(|name| Wanted::binary(name, &recipe.board.architecture)).collect()
}

/// A program of the board's cross tools, such as `gcc` or `ld`.
pub(crate) fn cross(recipe: &Recipe, name: &str) -> Command {
    tool(format!("{}{name}", recipe.board.toolchain.prefix))
}

impl C {
    /// Static programs with musl.
    pub(crate) fn with_musl(recipe: &Recipe, packages: &Packages, store: &Store) -> Result<Self> {
        let board = &recipe.board;
        let root = tree::unpack(packages, &MUSL, &board.architecture, store)?;
        let toolchain = &board.toolchain;
        let world = World {
            headers: vec![
                Headers::In(root.join("usr/include").join(&toolchain.musl)),
                Headers::Own,
                Headers::In(root.join("usr/include")),
                Headers::In(root.join("usr/include").join(&toolchain.multiarch)),
            ],
            libraries: vec![root.join("usr/lib").join(&toolchain.musl)],
            link: STATIC,
            root,
        };
        let identity = MUSL.iter().flat_map(|name| packages.identity(name, &board.architecture));
        Self::prepare(&world, identity, recipe, store)
    }

    /// Programs that are linked with the libraries of the recipe's packages, which stand below `root`.
    pub(crate) fn with_packages(
        root: &Path,
        recipe: &Recipe,
        packages: &Packages,
        store: &Store,
    ) -> Result<Self> {
        let multiarch = &recipe.board.toolchain.multiarch;
        let libraries = ["usr/lib", "lib"].map(|place| root.join(place).join(multiarch));
        let world = World {
            headers: vec![
                Headers::Own,
                Headers::In(root.join("usr/include").join(multiarch)),
                Headers::In(root.join("usr/include")),
            ],
            libraries: libraries.into(),
            link: DYNAMIC,
            root: root.to_owned(),
        };
        let names = recipe.all_packages();
        let architecture = &recipe.board.architecture;
        let identity = names.iter().flat_map(|name| packages.identity(name, architecture));
        Self::prepare(&world, identity, recipe, store)
    }

    /// With the C library that a program asks for.
    pub(crate) fn with(
        libc: Libc,
        root: Option<&Path>,
        recipe: &Recipe,
        packages: &Packages,
        store: &Store,
    ) -> Result<Self> {
        match libc {
            Libc::Musl => Self::with_musl(recipe, packages, store),
            Libc::Packages => {
                let root = root.context("the recipe names no packages")?;
                Self::with_packages(root, recipe, packages, store)
            }
        }
    }

    /// Writes down how the cross compiler is used with what it is to see.
    fn prepare<'a>(
        world: &World,
        identity: impl Iterator<Item = &'a str>,
        recipe: &Recipe,
        store: &Store,
    ) -> Result<Self> {
        let toolchain = &recipe.board.toolchain;
        let version = compiler_version(recipe)?;
        let key = Key::new().and("c").and(NO_DIRECTORIES).and(world.script(toolchain, "")?);
        let held = store.hold("compilers", &key)?;
        let specs = held.once("specs", |place| write(place, NO_DIRECTORIES, 0o644))?;
        let script = world.script(toolchain, &quoted(&specs)?)?;
        let compiler = held.once("cc", |place| write(place, &script, 0o755))?;
        let identity = identity.map(str::to_owned).chain(toolchain.flags.clone());
        let identity = identity.chain([world.link.to_owned(), version]).collect();
        Ok(Self { compiler, identity })
    }

    /// The compiler's path, for builds that run it themselves.
    pub(crate) fn path(&self) -> &Path {
        &self.compiler
    }

    /// The compiler, to be told what to do.
    pub(crate) fn command(&self) -> Command {
        tool(&self.compiler)
    }

    /// What its programs depend on, but for what it reads.
    pub(crate) fn identity(&self) -> &[String] {
        &self.identity
    }
}

/// What the compiler says of itself: another one makes other code.
pub(crate) fn compiler_version(recipe: &Recipe) -> Result<String> {
    command::text(cross(recipe, "gcc").arg("--version")).context(ui::hinted(
        "there is no compiler for the board",
        format!("install the Debian package `{}`", recipe.board.toolchain.package),
    ))
}

/// The directory with the compiler's headers, `libgcc` and its own start files: nothing else of this
/// machine may enter a program.
pub(crate) fn own_directories(recipe: &Recipe) -> Result<Vec<PathBuf>> {
    let printed = command::text(cross(recipe, "gcc").arg("-print-libgcc-file-name"))?;
    let library = fs::canonicalize(&printed)
        .with_context(|| format!("cannot find the compiler's own library `{printed}`"))?;
    Ok(library.parent().map(Path::to_owned).into_iter().collect())
}

/// Headers, in the order of all.
enum Headers {
    /// The compiler's own.
    Own,
    In(PathBuf),
}

impl Headers {
    /// The directory as the script names it.
    fn place(&self) -> Result<String> {
        match self {
            Self::Own => Ok("\"$(\"$gcc\" -print-file-name=include)\"".to_owned()),
            Self::In(directory) => quoted(directory),
        }
    }
}

/// What a compiler sees.
struct World {
    /// Paths in linker scripts of packages begin here.
    root: PathBuf,
    headers: Vec<Headers>,
    libraries: Vec<PathBuf>,
    /// The end of the script: how programs are linked.
    link: &'static str,
}

/// `$lib` is the first directory with libraries.
const STATIC: &str = r#"exec "$gcc" -nostdlib -static -no-pie -Wl,--gc-sections,--build-id=none \
	-Wl,-z,norelro,-z,noseparate-code,-z,max-page-size=4096 \
	"$lib/crt1.o" "$lib/crti.o" "$@" -Wl,--start-group "$lib/libc.a" "$libgcc" -Wl,--end-group \
	"$lib/crtn.o"
"#;

/// As GCC's own order of a program whose place in memory is not fixed; the part of the C library that
/// is linked statically comes with `-lc`.
const DYNAMIC: &str = r#"own=${libgcc%/*}
exec "$gcc" -nostdlib -pie "$lib/Scrt1.o" "$lib/crti.o" "$own/crtbeginS.o" "$@" \
	"$libgcc" -lc "$libgcc" "$own/crtendS.o" "$lib/crtn.o"
"#;

impl World {
    /// A script that is used like GCC. The linker's `-nostdlib` makes it forget the directories that it
    /// was built with.
    fn script(&self, toolchain: &Toolchain, specs: &str) -> Result<String> {
        Ok(format!(
            "#!/bin/sh\n\
             # The board's compiler, which sees one C library and nothing else of this machine.\n\
             gcc={prefix}gcc\n\
             lib={lib}\n\
             for word; do\n\
             \tcase $word in -c|-S|-E|-M|-MM|-r) link=no ;; esac\n\
             done\n\
             set -- {flags} --sysroot={root} -specs={specs} -nostdinc{headers} \"$@\"\n\
             if [ \"$link\" ]; then\n\
             \texec \"$gcc\" \"$@\"\n\
             fi\n\
             libgcc=$(\"$gcc\" {flags} -print-libgcc-file-name)\n\
             set -- -Wl,-nostdlib{libraries} \"$@\"\n\
             {link}",
            prefix = toolchain.prefix,
            flags = toolchain.flags.join(" "),
            lib = quoted(&self.libraries[0])?,
            root = quoted(&self.root)?,
            headers = self.header_options()?,
            libraries = self.library_options()?,
            link = self.link,
        ))
    }

    fn header_options(&self) -> Result<String> {
        let option = |headers: &Headers| Ok(format!(" \\\n\t-isystem {}", headers.place()?));
        self.headers.iter().map(option).collect()
    }

    fn library_options(&self) -> Result<String> {
        let option = |directory: &PathBuf| {
            let directory = quoted(directory)?;
            Ok(format!(" \\\n\t\t-L{directory} -Wl,-rpath-link,{directory}"))
        };
        self.libraries.iter().map(option).collect()
    }
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> Result<String> {
    let text = path.to_str().with_context(|| {
        ui::hinted(
            &format!("`{}` has a name that is no text", shown(path)),
            "name another place for the store with --store",
        )
    })?;
    Ok(shlex::try_quote(text).context("a path holds what no shell reads")?.into_owned())
}

fn write(place: &Path, text: &str, mode: u32) -> Result<()> {
    fs::write(place, text)
        .and_then(|()| fs::set_permissions(place, fs::Permissions::from_mode(mode)))
        .with_context(|| format!("cannot write `{}`", shown(place)))
}
