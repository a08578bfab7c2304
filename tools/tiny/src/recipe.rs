//! What a system is to be: the recipe as written, and as checked.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;
use serde::Deserialize;
use toml::Spanned;

use crate::board::Board;
use crate::compressor::Compressor;
use crate::kernel::options::Options;
use crate::promise::Promises;
use crate::size::Size;
use crate::technique::{self, Step, Technique};

pub(crate) mod userland;

use userland::{BusyBox, File, Libc, Packages, Program, Relink};

/// What programs that are linked with the libraries of packages are made of: the C library and the
/// kernel's headers. A recipe need not name them.
const LIBC: [&str; 3] = ["libc6", "libc6-dev", "linux-libc-dev"];

/// A recipe as its author wrote it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    board: Spanned<String>,
    memory: Size,
    budget: Option<u64>,
    #[serde(default)]
    compressor: Compressor,
    #[serde(default)]
    command_line: String,
    #[serde(default)]
    techniques: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    sources: Sources,
    kernel: WrittenKernel,
    busybox: Option<BusyBox>,
    #[serde(default)]
    program: Vec<Spanned<Program>>,
    #[serde(default)]
    packages: Packages,
    #[serde(default)]
    relink: Vec<Relink>,
    #[serde(default)]
    file: Vec<Spanned<File>>,
    start: Start,
    #[serde(default)]
    check: Promises,
}

/// Where packages come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Sources {
    /// The release of Debian, by its code name.
    #[serde(default = "bookworm")]
    pub(crate) release: String,
    /// Where the release is to be had; otherwise where this machine gets its own packages.
    pub(crate) mirror: Option<String>,
}

impl Default for Sources {
    fn default() -> Self {
        Self { release: bookworm(), mirror: None }
    }
}

/// Debian 12.
fn bookworm() -> String {
    "bookworm".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenKernel {
    #[serde(default = "linux_source")]
    source: String,
    #[serde(default)]
    features: Vec<Spanned<String>>,
    #[serde(default)]
    options: Options,
    #[serde(default)]
    device_tree: String,
}

fn linux_source() -> String {
    "linux-source-6.1".to_owned()
}

/// What runs first.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Start {
    /// The text of `/init`, a shell script, whose last line should not end.
    pub(crate) script: String,
}

/// A recipe that can be built.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// The file's name without its ending.
    pub(crate) name: String,
    /// Where the recipe stands: the files that it names are found from there.
    pub(crate) directory: PathBuf,
    pub(crate) board_name: String,
    pub(crate) board: Board,
    pub(crate) memory: Size,
    /// The most bytes that the image may have.
    pub(crate) budget: Option<u64>,
    pub(crate) compressor: Compressor,
    /// Words for the kernel, after those of the board and of the techniques.
    pub(crate) command_line: String,
    pub(crate) techniques: Vec<Technique>,
    pub(crate) sources: Sources,
    pub(crate) kernel: Kernel,
    pub(crate) busybox: Option<BusyBox>,
    pub(crate) programs: Vec<Program>,
    pub(crate) packages: Packages,
    pub(crate) relinked: Vec<Relink>,
    pub(crate) files: Vec<File>,
    pub(crate) start: Start,
    pub(crate) promises: Promises,
}

/// What the kernel is to be.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    /// The Debian package with its sources.
    pub(crate) source: String,
    /// Names of what the board can give, such as `framebuffer`.
    pub(crate) features: Vec<String>,
    /// Options that the recipe itself sets.
    pub(crate) options: Options,
    /// Source text that follows the board's device tree.
    pub(crate) device_tree: String,
}

impl Recipe {
    /// Reads a recipe. What is wrong in it is shown with its place.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| {
            ui::hinted(
                &format!("cannot read the recipe `{}`", shown(path)),
                "give the path of a TOML file",
            )
        })?;
        let name = path.file_stem().map_or_else(String::new, |stem| shown(Path::new(stem)));
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Self::parse(&text, name, directory).with_context(|| {
            ui::hinted(
                &format!("cannot use the recipe `{}`", shown(path)),
                "docs/tiny.md says what a recipe may hold",
            )
        })
    }

    /// Whether a technique is used.
    pub(crate) fn uses(&self, step: Step) -> bool {
        self.techniques.iter().any(|technique| technique.step == Some(step))
    }

    /// Bytes of memory that the screen shows: nought without one.
    pub(crate) fn picture(&self) -> u64 {
        let features = self.kernel.features.iter().map(|name| &self.board.features[name]);
        features.map(|feature| feature.picture).sum()
    }

    /// All packages of the board that files are taken from and that programs are built with.
    pub(crate) fn all_packages(&self) -> Vec<&str> {
        let packages = &self.packages;
        let mut names: Vec<_> =
            packages.names.iter().chain(&packages.build).map(String::as_str).collect();
        if self.programs.iter().any(|program| program.libc == Libc::Packages) {
            let missing = LIBC.iter().filter(|name| !names.contains(name));
            names.extend(missing.copied().collect::<Vec<_>>());
        }
        names
    }

    pub(crate) fn parse(text: &str, name: String, directory: PathBuf) -> Result<Self> {
        let written: Written = toml::from_str(text)?;
        let mistakes = Mistakes { text };
        let board = Board::named(written.board.get_ref())
            .with_context(|| mistakes.at(&written.board.span()))?;
        for feature in &written.kernel.features {
            if !board.features.contains_key(feature.get_ref()) {
                let known: Vec<_> = board.features.keys().map(String::as_str).collect();
                return Err(anyhow::anyhow!(
                    "the board has no feature `{}`: it has {}",
                    feature.get_ref(),
                    known.join(", ")
                ))
                .context(mistakes.at(&feature.span()));
            }
        }
        let techniques: Vec<_> = match written.techniques {
            None => technique::all()?,
            Some(names) => names
                .iter()
                .map(|name| {
                    technique::named(name.get_ref()).with_context(|| mistakes.at(&name.span()))
                })
                .collect::<Result<_>>()?,
        };
        let architecture = &board.kernel.architecture;
        let techniques = techniques.into_iter().filter(|one| one.is_for(architecture)).collect();
        let mut programs = Vec::new();
        let mut installed = BTreeSet::new();
        for program in written.program {
            let span = program.span();
            let program = program.into_inner();
            program.check(&mut installed).with_context(|| mistakes.at(&span))?;
            programs.push(program);
        }
        let mut files = Vec::new();
        for file in written.file {
            let span = file.span();
            let file = file.into_inner();
            file.check().with_context(|| mistakes.at(&span))?;
            files.push(file);
        }
        Ok(Self {
            name,
            directory,
            board_name: written.board.into_inner(),
            board,
            memory: written.memory,
            budget: written.budget,
            compressor: written.compressor,
            command_line: written.command_line,
            techniques,
            sources: written.sources,
            kernel: Kernel {
                source: written.kernel.source,
                features: written.kernel.features.into_iter().map(Spanned::into_inner).collect(),
                options: written.kernel.options,
                device_tree: written.kernel.device_tree,
            },
            busybox: written.busybox,
            programs,
            packages: written.packages,
            relinked: written.relink,
            files,
            start: written.start,
            promises: written.check,
        })
    }
}

/// Shows where in a text something is wrong.
struct Mistakes<'a> {
    text: &'a str,
}

impl Mistakes<'_> {
    /// `line 12: memory = "12 bananas"`
    fn at(&self, span: &Range<usize>) -> String {
        let before = &self.text[..span.start.min(self.text.len())];
        let number = before.matches('\n').count();
        let line = self.text.lines().nth(number).unwrap_or_default();
        format!("line {}: `{}`", number + 1, names::shown_text(line.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = r#"
board = "versatile-pb"
memory = "16M"

[kernel]

[start]
script = "exec sh"
"#;

    fn mistake(recipe: &str) -> String {
        let error = Recipe::parse(recipe, "test".to_owned(), ".".into()).expect_err("a mistake");
        error.chain().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_recipe_needs_a_board_memory_and_what_runs_first() {
        let recipe = Recipe::parse(SMALLEST, "test".to_owned(), ".".into()).expect("a recipe");

        assert_eq!(recipe.memory.bytes(), 16 << 20);
        assert_eq!(recipe.kernel.source, "linux-source-6.1");
    }

    #[test]
    fn what_is_wrong_is_shown_with_its_place() {
        assert_eq!(
            mistake(&SMALLEST.replace("versatile-pb", "versatile-bp")),
            "line 2: `board = \"versatile-bp\"`\n\
             there is no board `versatile-bp`"
        );
        let unknown = SMALLEST.replace("[kernel]", "[kernel]\nfeatures = [\"hologram\"]");
        let unknown = mistake(&unknown);
        assert!(unknown.starts_with("line 6: `features = [\"hologram\"]`\n"), "{unknown}");
        let misspelt = mistake(&SMALLEST.replace("memory", "memroy"));
        assert!(misspelt.contains("line 3") && misspelt.contains("memroy"), "{misspelt}");
    }

    #[test]
    fn two_programs_of_one_name_are_a_mistake() {
        let twice = format!(
            "{SMALLEST}\n[[program]]\nname = \"a\"\nc = [\"a.c\"]\n\n[[program]]\nname = \"a\"\nc = [\"b.c\"]\n"
        );
        assert!(mistake(&twice).ends_with("two programs are called `a`"), "{}", mistake(&twice));
    }
}
