//! The device tree: the board's, with what the recipe changes.

use std::fs;

use anyhow::{Context, Result};

use super::Tree;
use crate::command;
use crate::store;
use crate::surroundings::tool;
use crate::toolchain::cross;

/// Room in the tree for longer command lines, so that they can be changed in a finished image.
const ROOM: &str = "512";

/// Compiles the device tree, with the kernel's own compiler. Nothing where the board has none.
pub(super) fn compile(tree: &Tree<'_>, command_line: &str) -> Result<Option<Vec<u8>>> {
    let kernel = &tree.recipe.board.kernel;
    let Some(loader) = &kernel.loader else {
        return Ok(None);
    };
    let place = tree.beside("tiny.dts");
    let text = format!(
        "{}\n{}\n/ {{ chosen {{ bootargs = \"{}\"; }}; }};\n",
        loader.device_tree()?,
        tree.recipe.kernel.device_tree,
        command_line.replace('\\', "\\\\").replace('"', "\\\"")
    );
    store::replace(&place, text.as_bytes())?;
    let mut preprocessor = cross(tree.recipe, "cpp");
    if tree.recipe.picture() > 0 {
        preprocessor.arg("-DPICTURE");
    }
    preprocessor
        .args(["-nostdinc", "-undef", "-D__DTS__", "-x", "assembler-with-cpp", "-P"])
        .arg("-I")
        .arg(tree.source.join("scripts/dtc/include-prefixes"))
        .arg(&place);
    let expanded = command::output(&mut preprocessor).context("cannot read the device tree")?;
    let expanded_place = tree.beside("tiny.expanded.dts");
    store::replace(&expanded_place, &expanded)?;
    let blob = tree.beside("tiny.dtb");
    let mut compiler = tool(tree.objects().join("scripts/dtc/dtc"));
    // The kernel's own trees are not free of what the compiler warns of.
    compiler
        .args(["-q", "-q", "-p", ROOM, "-I", "dts", "-O", "dtb", "-o"])
        .arg(&blob)
        .arg(&expanded_place);
    command::run(&mut compiler, tree.said).context(ui::hinted(
        "cannot compile the device tree",
        "look at `device-tree` under [kernel] in the recipe",
    ))?;
    fs::read(&blob).context("cannot read the device tree").map(Some)
}
