//! Which options the kernel is built with, and whether it took them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use names::shown;

use super::options::{Options, Value};
use super::{INITRAMFS, Tree};
use crate::command;
use crate::compressor::Compressor;
use crate::recipe::Recipe;
use crate::store;
use crate::surroundings::tool;

/// Options that change how a finished kernel is packed, but none of its objects.
pub(super) const OF_PACKING: [&str; 5] =
    ["KERNEL_XZ", "KERNEL_LZMA", "KERNEL_GZIP", "KERNEL_LZO", "KERNEL_LZ4"];

/// What every system of tiny needs: programs in an initramfs that the kernel itself holds. That is
/// packed with the kernel, better than on its own.
const ALWAYS: [(&str, bool); 7] = [
    ("EXPERT", true),
    ("EMBEDDED", true),
    ("BLK_DEV_INITRD", true),
    ("INITRAMFS_COMPRESSION_NONE", true),
    ("BINFMT_ELF", true),
    ("BINFMT_SCRIPT", true),
    ("TTY", true),
];

/// What the kernel is to be configured with: what the recipe's author says overrides techniques, these
/// the board.
pub(super) fn wanted(recipe: &Recipe, compressor: Compressor) -> Options {
    let mut options = board(recipe, compressor);
    for technique in &recipe.techniques {
        options.extend(&technique.options);
    }
    options.extend(&asked(recipe));
    options
}

/// What must come into effect. Techniques do as far as the board's kernel has what they are about.
fn must(recipe: &Recipe, compressor: Compressor) -> Options {
    let mut options = board(recipe, compressor);
    let changed = recipe.techniques.iter().flat_map(|technique| technique.options.iter());
    let changed: Vec<_> = changed.map(|(name, _)| name).collect();
    options = options.without(&changed);
    options.extend(&asked(recipe));
    options
}

fn board(recipe: &Recipe, compressor: Compressor) -> Options {
    let mut options = Options::default();
    for (name, value) in ALWAYS {
        options.set(name, Value::Switch(value));
    }
    options.set("INITRAMFS_SOURCE", Value::Text(INITRAMFS.to_owned()));
    options.extend(&recipe.board.kernel.options);
    // One of them is always on, even where a loader packs the kernel.
    if let Some(option) = compressor.option() {
        options.set(option, Value::Switch(true));
    }
    options
}

fn asked(recipe: &Recipe) -> Options {
    let mut options = Options::default();
    for feature in &recipe.kernel.features {
        options.extend(&recipe.board.features[feature].options);
    }
    options.extend(&recipe.kernel.options);
    options
}

/// Configures the kernel: the smallest configuration and what is wanted. What the kernel does not
/// take is an error, for whoever asks for a thing relies on it.
pub(super) fn apply(tree: &Tree<'_>, wanted: &Options) -> Result<Options> {
    let objects = tree.objects();
    let asked = objects.join("tiny.config");
    let smallest = tree.source.join("kernel/configs/tiny.config");
    let base = tree.source.join("kernel/configs/tiny-base.config");
    let mut text = String::new();
    for part in [&base, &smallest] {
        // Kernels before 5.17 and after 6.5 have only one of the two.
        text.push_str(&fs::read_to_string(part).unwrap_or_default());
    }
    text.push_str(&wanted.to_string());
    let stamp = objects.join("tiny.configured");
    if fs::read_to_string(&asked).is_ok_and(|old| old == text) && stamp.exists() {
        return read(&objects.join(".config"));
    }
    store::remove(&stamp)?;
    store::replace(&asked, text.as_bytes())?;
    let mut make = tree.make();
    make.env("KCONFIG_ALLCONFIG", &asked).arg("allnoconfig");
    command::run(&mut make, tree.said).context("cannot configure the kernel")?;
    let options = read(&objects.join(".config"))?;
    refused(&must(tree.recipe, tree.compressor), &options, &tree.source)?;
    store::replace(&stamp, b"")?;
    Ok(options)
}

fn read(path: &Path) -> Result<Options> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read `{}`", shown(path)))?;
    Ok(Options::parse(&text))
}

/// Says which options did not come into effect, and why as far as can be told.
fn refused(wanted: &Options, options: &Options, source: &Path) -> Result<()> {
    let mut lines = Vec::new();
    for (name, value) in wanted.iter() {
        let effective = options.get(name);
        let is_off = matches!(effective, None | Some(Value::Switch(false)));
        if effective == Some(value) || (*value == Value::Switch(false) && is_off) {
            continue;
        }
        let because = if is_known(name, source)? {
            match effective {
                Some(other) => format!("another option sets it to {other}"),
                None => "something that it depends on is not set".to_owned(),
            }
        } else {
            "this kernel has no such option".to_owned()
        };
        lines.push(format!("`{name}` cannot be {value}: {because}"));
    }
    if lines.is_empty() {
        return Ok(());
    }
    bail!(ui::hinted(
        &format!(
            "the kernel does not take what the recipe asks for:\n    {}",
            lines.join("\n    ")
        ),
        "options stand under [kernel] in the recipe, without `CONFIG_`; \
         `depends on` in the kernel's Kconfig files says what else an option needs",
    ))
}

/// Whether any Kconfig file speaks of an option.
fn is_known(name: &str, source: &Path) -> Result<bool> {
    let pattern = format!(r"^\s*(menu)?config {name}$");
    let mut grep = tool("grep");
    grep.args(["-rqE", "--include=Kconfig*", "-e", &pattern]).arg(source);
    let status = grep.status().context("cannot run `grep`")?;
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_does_not_take_is_named_with_the_reason() {
        let source = tempfile::tempdir().expect("a directory");
        fs::write(source.path().join("Kconfig"), "config FB\n\tdepends on HAS_IOMEM\nconfig HZ\n")
            .expect("a file");
        let mut wanted = Options::default();
        wanted.set("FB", Value::Switch(true));
        wanted.set("HZ", Value::Number(100));
        wanted.set("SOUND", Value::Switch(false));
        wanted.set("HOLOGRAM", Value::Switch(true));
        let taken = Options::parse("CONFIG_HZ=250\n");

        let error = refused(&wanted, &taken, source.path()).expect_err("three are not taken");

        assert_eq!(
            error.to_string(),
            "the kernel does not take what the recipe asks for:\n    \
             `FB` cannot be on: something that it depends on is not set\n    \
             `HOLOGRAM` cannot be on: this kernel has no such option\n    \
             `HZ` cannot be 100: another option sets it to 250"
        );
    }
}
