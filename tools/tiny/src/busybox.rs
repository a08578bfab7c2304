//! BusyBox, with the commands that a recipe asks for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use names::shown;
use serde::Deserialize;

use crate::command::{self, Said, command, run};
use crate::kernel::options::{Options, Value};
use crate::kernel::{compiler_version, processors};
use crate::recipe::Recipe;
use crate::recipe::userland::BusyBox;
use crate::sources::Packages;
use crate::store::{self, Key, Store};
use crate::toolchain::Toolchain;

/// More than its configuration can ask.
const QUESTIONS: usize = 4096;

const DEFAULTS: &str = include_str!("../data/busybox.toml");

#[derive(Deserialize)]
struct Defaults {
    options: Options,
}

/// Builds it, once for each configuration, and gives the binary.
pub(crate) fn build(
    recipe: &Recipe,
    busybox: &BusyBox,
    toolchain: &Toolchain,
    packages: &Packages,
    store: &Store,
    said: Said,
) -> Result<PathBuf> {
    let asked = asked(busybox);
    let defaults: Defaults =
        toml::from_str(DEFAULTS).context("what BusyBox is built with is damaged")?;
    let mut wanted = defaults.options;
    wanted.extend(&asked);
    let key = Key::new()
        .and("busybox")
        .and_all(packages.identity(&busybox.source))
        .and(wanted.to_string())
        .and(toolchain.identity())
        .and(compiler_version(recipe)?);
    let held = store.hold("busybox", &key)?;
    held.once("busybox", |place| {
        let source =
            held.once("source", |place| unpack(packages.source(&busybox.source)?, place))?;
        let job = Job { source: &source, recipe, toolchain, said };
        job.configure(&wanted, &asked)?;
        job.make(&["busybox"])?;
        fs::copy(source.join("busybox"), place).context("cannot copy BusyBox")?;
        Ok(())
    })
}

/// The names of the commands that it has, `sh` among them.
pub(crate) fn names(busybox: &BusyBox) -> BTreeSet<&str> {
    busybox.applets.iter().map(String::as_str).chain(["sh"]).collect()
}

/// What the recipe asks for. The defaults come into effect as far as they suit that.
fn asked(busybox: &BusyBox) -> Options {
    let mut asked = Options::default();
    for name in ["STATIC", "ASH", "SH_IS_ASH"] {
        asked.set(name, Value::Switch(true));
    }
    for applet in &busybox.applets {
        asked.set(&option_of(applet), Value::Switch(true));
    }
    asked.extend(&busybox.options);
    asked
}

/// The option that brings a command.
fn option_of(applet: &str) -> String {
    match applet {
        "sh" => "SH_IS_ASH".to_owned(),
        "[" => "TEST1".to_owned(),
        "[[" => "TEST2".to_owned(),
        _ => applet.to_ascii_uppercase().replace('-', "_"),
    }
}

/// Unpacks a source package, with the distribution's own changes.
fn unpack(files: &[PathBuf], place: &Path) -> Result<()> {
    let description = files.first().context("the source package has no description")?;
    let mut dpkg = command("dpkg-source");
    // apt has checked the checksums, which the signatures of its lists cover.
    dpkg.args(["--no-check", "--extract"]).arg(description).arg(place);
    run(&mut dpkg, Said::Kept).context(ui::hinted(
        "cannot unpack the sources of BusyBox",
        "`dpkg-source` is in the Debian package `dpkg-dev`",
    ))
}

struct Job<'a> {
    source: &'a Path,
    recipe: &'a Recipe,
    toolchain: &'a Toolchain,
    said: Said,
}

impl Job<'_> {
    /// BusyBox's own `allnoconfig` takes no list, so its result is edited and completed.
    fn configure(&self, wanted: &Options, asked: &Options) -> Result<()> {
        self.make(&["allnoconfig"])?;
        let place = self.source.join(".config");
        let read = || {
            let text = fs::read_to_string(&place);
            text.map(|text| Options::parse(&text))
                .with_context(|| format!("cannot read `{}`", shown(&place)))
        };
        let mut options = read()?;
        let unknown: Vec<_> =
            wanted.iter().filter(|(name, _)| options.get(name).is_none()).collect();
        // Options that others hide are not listed before those are on.
        options.extend(wanted);
        store::replace(&place, options.to_string().as_bytes())?;
        self.complete()?;
        let taken = read()?;
        let refused = asked.iter().filter(|(name, value)| {
            let is = taken.get(name);
            is != Some(value) && !(is.is_none() && **value == Value::Switch(false))
        });
        let refused: Vec<_> = refused
            .map(|(name, value)| {
                let new = unknown.iter().any(|(unknown, _)| *unknown == name);
                let because = if new && taken.get(name).is_none() {
                    "it has no such command or option"
                } else {
                    "something that it depends on is not set"
                };
                format!("`{name}` cannot be {value}: {because}")
            })
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        bail!(ui::hinted(
            &format!(
                "BusyBox does not take what the recipe asks for:\n    {}",
                refused.join("\n    ")
            ),
            "look at `applets` and `options` under [busybox] in the recipe",
        ))
    }

    /// Completes the configuration: every question is answered by the default.
    fn complete(&self) -> Result<()> {
        let answers = self.source.join("tiny.answers");
        store::replace(&answers, "\n".repeat(QUESTIONS).as_bytes())?;
        let answers = fs::File::open(&answers).context("cannot read the answers")?;
        let mut make = self.command();
        command::run(make.arg("oldconfig").stdin(answers), self.said)
            .context("cannot configure BusyBox")
    }

    fn make(&self, targets: &[&str]) -> Result<()> {
        command::run(self.command().args(targets), self.said).context("cannot build BusyBox")
    }

    fn command(&self) -> Command {
        let board = &self.recipe.board;
        let mut make = command("make");
        make.arg("--silent")
            .arg(format!("--jobs={}", processors()))
            .arg("-C")
            .arg(self.source)
            .arg(format!("ARCH={}", board.kernel.architecture))
            .arg(format!("CROSS_COMPILE={}", board.toolchain.prefix))
            .arg(format!("CC={}", self.toolchain.musl_compiler().display()))
            // The banner and the configuration hold no time.
            .env("KCONFIG_NOTIMESTAMP", "1")
            .env("SOURCE_DATE_EPOCH", "0")
            .env_remove("MAKEFLAGS");
        make
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_whose_names_are_no_names_of_options_have_options_too() {
        assert_eq!(option_of("run-parts"), "RUN_PARTS");
        assert_eq!(option_of("["), "TEST1");
        assert_eq!(option_of("ls"), "LS");
    }
}
