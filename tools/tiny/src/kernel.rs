//! The kernel: configured for what a recipe needs, built, and linked with what it starts.

pub(crate) mod options;

mod configuration;
mod device_tree;
mod sizes;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use names::shown;

use crate::command::{self, Said};
use crate::compressor::Compressor;
use crate::part::Part;
use crate::recipe::Recipe;
use crate::sources::Packages;
use crate::store::{self, Held, Key, Store, Workplace};
use crate::surroundings::tool;
use crate::toolchain::{compiler_version, cross};
use options::Options;

/// What the kernel's build is told so that its output depends on nothing but its input:
/// `Documentation/kbuild/reproducible-builds.rst`.
const REPRODUCIBLE: [(&str, &str); 5] = [
    ("KBUILD_BUILD_TIMESTAMP", "@0"),
    ("KBUILD_BUILD_USER", "tiny"),
    ("KBUILD_BUILD_HOST", "tiny"),
    ("KBUILD_BUILD_VERSION", "1"),
    ("LOCALVERSION", ""),
];

/// The packages with a kernel's sources are for all architectures.
pub(crate) const SOURCE_ARCHITECTURE: &str = "all";

/// The file with what the kernel starts, as its configuration names it: beside its objects.
const INITRAMFS: &str = "tiny.cpio";

/// A kernel whose objects are in the store, so that another initramfs takes seconds.
pub(crate) struct Tree<'a> {
    recipe: &'a Recipe,
    source: PathBuf,
    objects: Workplace,
    /// Around it: nobody else works here meanwhile.
    held: Held,
    compressor: Compressor,
    said: Said,
    /// What it was configured with in the end.
    pub(crate) options: Options,
}

/// What the kernel's build made.
#[derive(Debug)]
pub(crate) struct Built {
    /// The kernel that unpacks itself, with what it starts; empty where a loader unpacks it.
    pub(crate) image: Vec<u8>,
    /// The kernel as it stands in memory.
    pub(crate) in_memory: PathBuf,
    /// Addresses of its symbols.
    pub(crate) symbols: PathBuf,
}

impl<'a> Tree<'a> {
    /// Unpacks and configures. Everything that was asked for must come into effect.
    pub(crate) fn configure(
        recipe: &'a Recipe,
        compressor: Compressor,
        packages: &Packages,
        store: &Store,
        said: Said,
    ) -> Result<Self> {
        let source = source::unpack(recipe, packages, store, said)?;
        let wanted = configuration::wanted(recipe, compressor);
        let compiler = compiler_version(recipe)?;
        let objects = wanted.without(&configuration::OF_PACKING);
        let key = Key::new()
            .and("kernel")
            .and_all(packages.identity(&recipe.kernel.source, SOURCE_ARCHITECTURE))
            .and(source::edits(recipe))
            .and(&recipe.board_name)
            .and(objects.to_string())
            .and(compiler);
        let held = store.hold("kernels", &key)?;
        let objects = held.workplace("objects")?;
        let options = Options::default();
        let mut tree = Self { recipe, source, objects, held, compressor, said, options };
        tree.options = configuration::apply(&tree, &wanted)?;
        Ok(tree)
    }

    /// Links and packs the kernel with what it starts.
    pub(crate) fn build(&self, initramfs: &[u8]) -> Result<Built> {
        store::replace_changed(&self.objects().join(INITRAMFS), initramfs)?;
        let kernel = &self.recipe.board.kernel;
        let (in_memory, packed) = (Path::new(&kernel.in_memory), Path::new(&kernel.packed));
        let mut make = self.make();
        make.arg("vmlinux").args(in_memory.file_name());
        let is_packed = kernel.loader.is_none() || self.compressor.packs_itself();
        if is_packed {
            make.args(packed.file_name());
        }
        command::run(&mut make, self.said).context("cannot build the kernel")?;
        self.objects.seal()?;
        let image = if is_packed { read(&self.objects().join(packed))? } else { Vec::new() };
        Ok(Built {
            image,
            in_memory: self.objects().join(in_memory),
            symbols: self.objects().join("System.map"),
        })
    }

    /// What it is packed with.
    pub(crate) fn compressor(&self) -> Compressor {
        self.compressor
    }

    /// The device tree with a command line, where the board has one.
    pub(crate) fn device_tree(&self, command_line: &str) -> Result<Option<Vec<u8>>> {
        device_tree::compile(self, command_line)
    }

    /// What the linker was given, by the folder of the sources, and what stands around it.
    pub(crate) fn sizes(&self, built: &Built) -> Result<Vec<Part>> {
        let mut folders: BTreeMap<String, u64> = BTreeMap::new();
        for (folder, archive) in sizes::archives(self.objects()) {
            let mut command = cross(self.recipe, "size");
            let printed = command::text(command.arg("--totals").arg(&archive))?;
            *folders.entry(format!("kernel: {folder}")).or_default() += sizes::sum(&printed)?;
        }
        // It holds the programs, which are counted file by file.
        folders.remove("kernel: usr");
        let there = folders.into_iter().filter(|(_, bytes)| *bytes > 0);
        let mut parts: Vec<_> = there.map(|(name, bytes)| Part { name, bytes }).collect();
        let whole = fs::metadata(&built.in_memory).context("the kernel is not there")?.len();
        parts.push(Part { name: "all of it, in memory".to_owned(), bytes: whole });
        Ok(parts)
    }

    /// Where objects and configuration are.
    fn objects(&self) -> &Path {
        self.objects.path()
    }

    /// A place for what is made beside the objects, whose seal covers nothing else.
    fn beside(&self, name: &str) -> PathBuf {
        self.held.path().join(name)
    }

    fn make(&self) -> Command {
        let board = &self.recipe.board;
        let mut make = tool("make");
        make.arg("--silent")
            .arg(format!("--jobs={}", processors()))
            .arg("-C")
            .arg(&self.source)
            .arg(format!("O={}", self.objects().display()))
            .arg(format!("ARCH={}", board.kernel.architecture))
            .arg(format!("CROSS_COMPILE={}", board.toolchain.prefix))
            .envs(REPRODUCIBLE);
        make
    }
}

/// How many compilers run at once.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", shown(path)))
}
