//! BusyBox, with the commands that a recipe asks for.

#![expect(clippy::disallowed_methods, reason = "it is being made in the store")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use names::shown;
use serde::Deserialize;

use crate::command::{self, Said, run};
use crate::inputs::Inputs;
use crate::kernel::options::{Options, Value};
use crate::kernel::processors;
use crate::recipe::Recipe;
use crate::recipe::userland::BusyBox;
use crate::sources::Packages;
use crate::store::{self, Key, Store};
use crate::surroundings::tool;
use crate::toolchain::{C, own_directories};

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
    compiler: &C,
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
        .and_all(packages.source_identity(&busybox.source))
        .and(wanted.to_string())
        .and_all(compiler.identity());
    let held = store.hold("busybox", &key)?;
    held.once("busybox", |place| {
        store.tell("building BusyBox");
        let source =
            held.once("source", |place| unpack(packages.source(&busybox.source)?, place))?;
        let job = Job { source: &source, recipe, compiler, said };
        job.configure(&wanted, &asked)?;
        job.make(&["busybox"])?;
        job.read()?.refuse_this_machine(&own_directories(recipe)?)?;
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
    let mut dpkg = tool("dpkg-source");
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
    compiler: &'a C,
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

    /// What went into it, by the lists that its build keeps for itself: of each object what the
    /// compiler read, and of the whole what the linker took.
    fn read(&self) -> Result<Inputs> {
        let mut read = Vec::new();
        commands(self.source, &mut |text| {
            read.extend(compiled_from(text, &self.compiler.path().to_string_lossy()));
        })?;
        let map = self.source.join("busybox_unstripped.map");
        let map =
            fs::read_to_string(&map).with_context(|| format!("cannot read `{}`", shown(&map)))?;
        read.extend(map.lines().filter_map(|line| line.strip_prefix("LOAD ")).map(str::to_owned));
        Ok(read.into_iter().map(|path| self.source.join(path)).collect())
    }

    fn command(&self) -> Command {
        let board = &self.recipe.board;
        let mut make = tool("make");
        make.arg("--silent")
            .arg(format!("--jobs={}", processors()))
            .arg("-C")
            .arg(self.source)
            .arg(format!("ARCH={}", board.kernel.architecture))
            .arg(format!("CROSS_COMPILE={}", board.toolchain.prefix))
            .arg(format!("CC={}", self.compiler.path().display()))
            // The configuration holds no time, and the banner the one that every tool is told.
            .env("KCONFIG_NOTIMESTAMP", "1");
        make
    }
}

/// Looks at every `.NAME.cmd` below a directory: Kbuild writes one beside each thing that it makes.
fn commands(directory: &Path, look: &mut impl FnMut(&str)) -> Result<()> {
    let failed = || format!("cannot read `{}`", shown(directory));
    for entry in fs::read_dir(directory).with_context(failed)? {
        let path = entry.with_context(failed)?.path();
        if path.is_dir() {
            commands(&path, look)?;
        } else if path.extension().is_some_and(|end| end == "cmd") {
            look(
                &fs::read_to_string(&path)
                    .with_context(|| format!("cannot read `{}`", shown(&path)))?,
            );
        }
    }
    Ok(())
}

/// What an object was compiled from, unless another compiler made it: that is a program of the build.
fn compiled_from<'a>(command: &'a str, compiler: &str) -> impl Iterator<Item = String> + use<'a> {
    let is_ours = command.lines().next().is_some_and(|line| line.contains(compiler));
    let list = command.split_once("\ndeps_").and_then(|(_, rest)| rest.split_once(":= \\\n"));
    let list = list.filter(|_| is_ours).map_or("", |(_, rest)| rest);
    let names = list.lines().take_while(|line| !line.is_empty());
    names
        .map(|line| line.trim_end_matches('\\').trim().to_owned())
        .filter(|name| !name.starts_with('$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_object_was_compiled_from_is_read() {
        let text = "cmd_a.o := /store/cc -c a.c\n\ndeps_a.o := \\\n  a.c \\\n    $(wildcard include/config/x.h) \\\n  /usr/include/stdio.h \\\n\na.o: $(deps_a.o)\n";
        let names = |compiler| compiled_from(text, compiler).collect::<Vec<_>>();
        assert_eq!(names("/store/cc"), ["a.c", "/usr/include/stdio.h"]);
        assert!(names("gcc-12").is_empty());
    }

    #[test]
    fn commands_whose_names_are_no_names_of_options_have_options_too() {
        assert_eq!(option_of("run-parts"), "RUN_PARTS");
        assert_eq!(option_of("["), "TEST1");
        assert_eq!(option_of("ls"), "LS");
    }
}
