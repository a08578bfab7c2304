//! `papers TOOL FOLDER`: writes a tool's man page and its shell completions, from the definitions
//! that its `--help` is made of, and prints how the tool describes itself.
//!
//! A program of its own, because it has all tools within it: the chores would take minutes to
//! compile before their first line, and only `dist` wants these papers.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Command, CommandFactory, Parser};
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;

/// Writes a tool's man page and completions
#[derive(Debug, Parser)]
struct Cli {
    /// The tool
    tool: String,
    /// Where the files are written to
    folder: PathBuf,
    /// The version that the man page states
    #[arg(long, default_value = "")]
    release: String,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody listens on a closed standard error, and the exit code says it, too.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let command = command(&cli.tool)
        .with_context(|| format!("`{}` has no line in xtask/papers/src/main.rs", cli.tool))?;
    write_man_page(cli, &command)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut command.clone(), &cli.tool, &cli.folder)
            .with_context(|| format!("cannot write the completions for {shell}"))?;
    }
    let about = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    writeln!(io::stdout(), "{about}").context("cannot print how the tool describes itself")
}

/// The command line of a tool: a new tool adds its line here.
fn command(tool: &str) -> Option<Command> {
    Some(match tool {
        "clink" => clink::cli::Cli::command(),
        "coool" => coool::cli::Cli::command(),
        "shrink" => shrink::cli::Cli::command(),
        "tiny" => tiny::cli::Cli::command(),
        _ => return None,
    })
}

fn write_man_page(cli: &Cli, command: &Command) -> Result<()> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .source(format!("{} {}", cli.tool, cli.release))
        .manual("Établi")
        .render(&mut page)?;
    write(&cli.folder.join(format!("{}.1", cli.tool)), &page)
}

fn write(file: &Path, content: &[u8]) -> Result<()> {
    fs::write(file, content).with_context(|| format!("cannot write `{}`", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_gets_a_man_page_and_completions_for_three_shells() {
        for tool in ["clink", "coool", "shrink", "tiny"] {
            let folder = tempfile::tempdir().expect("a scratch directory");
            let cli = Cli {
                tool: tool.to_owned(),
                folder: folder.path().to_owned(),
                release: "1.0".to_owned(),
            };

            run(&cli).expect("it is a tool");

            let mut written: Vec<_> = fs::read_dir(folder.path())
                .expect("a listing")
                .map(|file| file.expect("a file").file_name().into_string().expect("a name"))
                .collect();
            written.sort();
            let named = |name: &str| name.replace("TOOL", tool);
            assert_eq!(written, ["_TOOL", "TOOL.1", "TOOL.bash", "TOOL.fish"].map(named));
        }
    }

    #[test]
    fn a_tool_that_nobody_knows_is_an_error_that_says_where_its_line_belongs() {
        let cli = Cli { tool: "saw".to_owned(), folder: "nowhere".into(), release: String::new() };

        let error = run(&cli).expect_err("there is no saw");

        assert_eq!(error.to_string(), "`saw` has no line in xtask/papers/src/main.rs");
    }
}
