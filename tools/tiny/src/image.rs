//! The one file: a loader, the device tree and the kernel with all that it starts; or the kernel
//! alone, where a board needs no more.

#![expect(clippy::disallowed_methods, reason = "the folder is one of our own")]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use names::shown;

use crate::board::{Board, Loader};
use crate::command::{self, Said};
use crate::compressor::Compressor;
use crate::kernel::Built;
use crate::part::Place;
use crate::surroundings::tool;

/// An image in memory.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) bytes: Vec<u8>,
    /// Where in it the device tree is.
    pub(crate) device_tree: Option<Place>,
}

/// What an image is made of.
pub(crate) struct Parts<'a> {
    pub(crate) board: &'a Board,
    pub(crate) kernel: &'a Built,
    pub(crate) device_tree: Option<&'a [u8]>,
    pub(crate) compressor: Compressor,
    /// Bytes at the end of the memory that the screen shows.
    pub(crate) picture: u64,
}

/// Room between the unpacked kernel and the loader, and what the loader needs above itself.
const ROOM: u64 = 4096;

/// Where the unpacked kernel begins.
const KERNEL: u64 = 0x8000;

/// How LZMA is told to look at ARM's instructions: four bytes long, at multiples of four.
const LZMA: (u8, u8, u8) = (1, 2, 2);

impl Parts<'_> {
    /// Puts an image together.
    pub(crate) fn assemble(&self) -> Result<Image> {
        let (Some(tree), Some(loader)) = (self.device_tree, &self.board.kernel.loader) else {
            return Ok(Image { bytes: self.kernel.image.clone(), device_tree: None });
        };
        let scratch = tempfile::tempdir().context("cannot make a directory for the loader")?;
        let work = Work { parts: self, tree, loader, directory: scratch.path() };
        let bytes = work.link()?;
        let at = memchr::memmem::find(&bytes, tree).context("the loader lost the device tree")?;
        let place = Place { offset: at as u64, length: tree.len() as u64 };
        Ok(Image { bytes, device_tree: Some(place) })
    }
}

/// The loader in the making.
struct Work<'a> {
    parts: &'a Parts<'a>,
    tree: &'a [u8],
    loader: &'a Loader,
    directory: &'a Path,
}

impl Work<'_> {
    /// Compiles the loader for this kernel and links all of it to one place in memory.
    fn link(&self) -> Result<Vec<u8>> {
        for (name, text) in self.loader.sources()? {
            self.write(name, text.as_bytes())?;
        }
        let mut plain = read(&self.parts.kernel.in_memory)?;
        plain.resize(plain.len().next_multiple_of(16), 0);
        let payload = self.pack(&plain)?;
        self.write("payload", &payload)?;
        self.write("tree", self.tree)?;
        let home = (KERNEL + plain.len() as u64 + ROOM) & !15;
        self.write("script", script(home).as_bytes())?;
        self.compile(plain.len())?;
        let prefix = &self.parts.board.toolchain.prefix;
        let mut ld = tool(format!("{prefix}ld"));
        ld.args(["-T", "script", "-o", "linked", "start.o", "loader.o", "parts.o"]);
        self.run(&mut ld)?;
        let mut objcopy = tool(format!("{prefix}objcopy"));
        objcopy.args(["-O", "binary", "-R", ".bss", "linked", "image"]);
        self.run(&mut objcopy)?;
        read(&self.directory.join("image"))
    }

    fn compile(&self, size: usize) -> Result<()> {
        let (lc, lp, pb) = LZMA;
        let mut c = self.compiler();
        c.args(["-Os", "-marm", "-ffreestanding", "-fno-builtin", "-fno-pic", "-fno-pie"])
            .args(["-fno-tree-loop-distribute-patterns", "-fno-stack-protector"])
            .arg(format!("-DUNPACK=\"unpack-{}.h\"", unpacker(self.parts.compressor)))
            .arg(format!("-DSIZE={size}u"))
            .arg(format!("-DTREE_SIZE={}u", self.tree.len()))
            .arg(format!("-DPICTURE={}u", self.parts.picture))
            .args([format!("-DLC={lc}"), format!("-DLP={lp}"), format!("-DPB={pb}")]);
        if self.parts.compressor.packs_itself() {
            c.arg("-DUNPACKS_ITSELF");
        }
        self.run(c.args(["-c", "loader.c", "-o", "loader.o"]))?;
        self.run(self.compiler().args(["-c", "start.S", "-o", "start.o"]))?;
        self.write(
            "parts.S",
            b".section .tree,\"a\"\n.incbin \"tree\"\n.section .payload,\"a\"\n.incbin \"payload\"\n",
        )?;
        self.run(self.compiler().args(["-c", "parts.S", "-o", "parts.o"]))
    }

    fn compiler(&self) -> std::process::Command {
        let toolchain = &self.parts.board.toolchain;
        let mut compiler = tool(format!("{}gcc", toolchain.prefix));
        compiler.args(&toolchain.flags);
        compiler
    }

    /// Packs a kernel as the loader unpacks it.
    fn pack(&self, plain: &[u8]) -> Result<Vec<u8>> {
        match self.parts.compressor {
            Compressor::None => Ok(plain.to_vec()),
            Compressor::Lzma => {
                let (lc, lp, pb) = LZMA;
                let lzma = format!(
                    "--lzma1=preset=9e,nice=273,mf=bt4,mode=normal,depth=1000,dict=4MiB,lc={lc},lp={lp},pb={pb}"
                );
                self.write("plain", plain)?;
                let mut xz = tool("xz");
                xz.args(["--stdout", "--format=raw", "--arm", &lzma, "plain"]);
                command::output(xz.current_dir(self.directory)).context("cannot pack the kernel")
            }
            Compressor::Lz4 => {
                self.write("plain", plain)?;
                let mut lz4 = tool("lz4");
                lz4.args(["-q", "-12", "-B7", "-BI", "--no-frame-crc", "-c", "plain"]);
                let frame = command::output(lz4.current_dir(self.directory))
                    .context("cannot pack the kernel")?;
                block(&frame).map(<[u8]>::to_vec)
            }
            _ => Ok(self.parts.kernel.image.clone()),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.directory.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write `{}`", shown(&path)))
    }

    fn run(&self, command: &mut std::process::Command) -> Result<()> {
        command::run(command.current_dir(self.directory), Said::Kept)
            .context("cannot build the loader")
    }
}

fn unpacker(compressor: Compressor) -> &'static str {
    match compressor {
        Compressor::Lzma => "lzma",
        Compressor::Lz4 => "lz4",
        Compressor::None => "none",
        Compressor::Xz | Compressor::Gzip | Compressor::Lzo => "itself",
    }
}

/// Where everything of the loader goes; the tables of LZMA and the stack lie behind it.
fn script(home: u64) -> String {
    format!(
        "SECTIONS {{\n\
         . = {home};\n\
         .text : {{\n\
         *(.start) *(.text*) *(.rodata*) *(.data*)\n\
         . = ALIGN(4); device_tree = .; *(.tree)\n\
         . = ALIGN(16); payload = .; *(.payload)\n\
         . = ALIGN(16); image_end = .;\n\
         }}\n\
         probabilities = .; . += 65536; stack_top = .;\n\
         .bss : {{ *(.bss*) }}\n\
         /DISCARD/ : {{ *(.ARM*) *(.comment) *(.note*) }}\n\
         }}\n"
    )
}

/// The one block of a frame: the LZ4 frame format, version 1.6.
fn block(frame: &[u8]) -> Result<&[u8]> {
    /// Magic number, two bytes of descriptor and its checksum.
    const HEADER: usize = 7;
    let length = frame.get(HEADER..HEADER + 4).context("`lz4` wrote no block")?;
    let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
    let block = &frame[HEADER + 4..];
    let length = usize::try_from(length).context("a block is too long")?;
    ensure!(
        block.get(length..) == Some(&[0; 4]),
        "`lz4` wrote more than one block, or one that is not packed"
    );
    Ok(&block[..length])
}

fn read(path: &PathBuf) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", shown(path)))
}
