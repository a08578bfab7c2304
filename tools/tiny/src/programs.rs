//! The programs of the recipe's author, built from source with the board's compilers.
//!
//! A program is built anew when anything has changed that it is made of, by the compilers' own account:
//! C by what the preprocessor gives, so that a header which appears where none was counts too, and
//! beyond that by what the assembler and the linker took; Rust by what its compiler read.
//!
//! Proof: `tests/inputs.rs::whatever_a_program_is_made_of_makes_it_anew_when_it_changes`,
//! `tests/inputs.rs::a_header_that_appears_before_another_counts`

use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use anyhow::{Context, Result, bail};
use names::shown;

use crate::command::{self, Said};
use crate::inputs::Inputs;
use crate::recipe::Recipe;
use crate::recipe::userland::{Libc, Origin, Program};
use crate::sources::Packages;
use crate::store::{Key, Store};
use crate::toolchain::{C, Rust, own_directories};

/// How large a source file may be: more is no source.
const LARGEST_SOURCE: u64 = 64 << 20;

/// What every C program here is compiled and linked with.
const C_FLAGS: [&str; 7] = [
    "-Os",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-Wl,--gc-sections,--as-needed,--build-id=none",
    "-Wl,-z,noseparate-code",
];

/// What programs are built with.
pub(crate) struct Workbench<'a> {
    pub(crate) recipe: &'a Recipe,
    /// The root of the recipe's packages, for headers and libraries.
    pub(crate) root: Option<&'a Path>,
    pub(crate) packages: &'a Packages,
    pub(crate) store: &'a Store<'a>,
    pub(crate) said: Said,
}

/// Builds a program, once for each state of what it is made of, and gives the binary.
pub(crate) fn build(program: &Program, bench: &Workbench<'_>) -> Result<PathBuf> {
    bench.store.tell(&format!("building the program {}", program.name));
    let built = match program.origin()? {
        Origin::Rust(root) => rust(root, bench),
        Origin::C(sources) => c(program, sources, bench),
        Origin::Binary(binary) => Ok(bench.recipe.directory.join(binary)),
    };
    built.with_context(|| format!("cannot build the program `{}`", program.name))
}

fn rust(root: &Path, bench: &Workbench<'_>) -> Result<PathBuf> {
    let root = absolute(bench.recipe.directory.join(root)).context("cannot tell where we are")?;
    check(&root)?;
    // A library beside it is taken once it is there, whatever stood in the program's own list.
    let has_library = root.with_file_name("lib.rs").is_file();
    let key = Rust::identity(bench.recipe, bench.packages)?
        .and("program")
        .and(root.as_os_str().as_encoded_bytes())
        .and([u8::from(has_library)]);
    let held = bench.store.hold("programs", &key)?;
    held.once_of("program", |place| {
        let rust = Rust::prepare(bench.recipe, bench.packages, bench.store)?;
        let read = rust.build(&root, place)?;
        Ok(read.without(bench.store.path()))
    })
}

fn c(program: &Program, sources: &[PathBuf], bench: &Workbench<'_>) -> Result<PathBuf> {
    let directory = absolute(&bench.recipe.directory).context("cannot tell where we are")?;
    let sources: Vec<_> = sources.iter().map(|source| directory.join(source)).collect();
    for source in &sources {
        check(source)?;
    }
    let compiler = C::with(program.libc, bench.root, bench.recipe, bench.packages, bench.store)?;
    let work = Work { program, compiler: &compiler, directory: &directory, bench };
    let key = Key::new()
        .and("c")
        .and_all(compiler.identity())
        .and(command::line(&work.command()))
        .and_all(&program.libraries)
        .and_all(sources.iter().map(|source| source.as_os_str().as_encoded_bytes()));
    let key = sources
        .iter()
        .try_fold(key, |key, source| Ok::<_, anyhow::Error>(key.and(work.preprocessed(source)?)))?;
    let held = bench.store.hold("programs", &key)?;
    held.once_of("program", |place| work.build(&sources, place))
}

/// A C program in the making.
struct Work<'a> {
    program: &'a Program,
    compiler: &'a C,
    /// Where the recipe stands.
    directory: &'a Path,
    bench: &'a Workbench<'a>,
}

impl Work<'_> {
    /// The compiler with what it is told of the whole program. Programs may say which file they are
    /// made of, but not in which folder that stood.
    fn command(&self) -> Command {
        let mut compiler = self.compiler.command();
        compiler.current_dir(self.directory).args(C_FLAGS);
        compiler.arg(format!("-ffile-prefix-map={}=.", self.directory.display()));
        compiler.args(&self.program.flags);
        if let Some(root) = self.bench.root.filter(|_| self.program.libc == Libc::Packages) {
            for headers in &self.program.headers {
                compiler.arg("-isystem").arg(root.join(headers));
            }
        }
        compiler
    }

    /// All that the compiler will see of a source file.
    fn preprocessed(&self, source: &Path) -> Result<Vec<u8>> {
        command::output(self.command().arg("-E").arg(source))
            .with_context(|| format!("cannot read `{}` as a compiler does", shown(source)))
    }

    /// Compiles and links, and says what was read.
    fn build(&self, sources: &[PathBuf], place: &Path) -> Result<Inputs> {
        let scratch = tempfile::tempdir().context("cannot make a directory for a program")?;
        let mut read = Inputs::default();
        let mut objects = Vec::new();
        for (number, source) in sources.iter().enumerate() {
            let object = scratch.path().join(format!("{number}.o"));
            self.compile(source, &object, &mut read)?;
            objects.push(object);
        }
        let list = scratch.path().join("linked");
        let mut linker = self.command();
        linker.args(&objects).arg("-o").arg(place);
        linker.args(self.program.libraries.iter().map(|library| format!("-l{library}")));
        linker.arg(format!("-Wl,--dependency-file={}", list.display()));
        command::run(&mut linker, self.bench.said)?;
        read.add_listed(&list, self.directory)?;
        let read = read.without(scratch.path());
        read.refuse_this_machine(&own_directories(self.bench.recipe)?)?;
        Ok(read)
    }

    fn compile(&self, source: &Path, object: &Path, read: &mut Inputs) -> Result<()> {
        let (included, assembled) =
            (object.with_extension("c.list"), object.with_extension("s.list"));
        let mut compiler = self.command();
        compiler.arg("-c").arg(source).arg("-o").arg(object).arg("-MD").arg("-MF").arg(&included);
        // What `.incbin` brings is known to the assembler alone.
        compiler.arg(format!("-Wa,--MD,{}", assembled.display()));
        command::run(&mut compiler, self.bench.said)?;
        read.add_listed(&included, self.directory)?;
        read.add_assembled(&assembled, self.directory)
    }
}

/// A source must be there, and be one.
fn check(source: &Path) -> Result<()> {
    let found = fs::metadata(source).with_context(|| format!("cannot read `{}`", shown(source)))?;
    if found.len() > LARGEST_SOURCE {
        bail!("`{}` is no source: it has {} bytes", shown(source), found.len());
    }
    Ok(())
}
