//! Replaces duplicate files by relative symbolic links.
//!
//! The finding, planning and linking is done by the crate `duplicates`; this is its face.

pub mod cli;
pub mod messages;

mod progress;
mod prove;
mod reasons;
mod report;
mod state;
mod work;

use std::path::Path;

use anyhow::{Context, Result, bail};
use duplicates::survey::Survey;
use ui::Ended;

use cli::Cli;
use progress::Bar;
use report::{Done, Report};

/// Does what the command line asks for.
pub fn run(cli: &Cli) -> Result<Ended> {
    if let Some(journal) = &cli.undo {
        return take_back(cli, journal);
    }
    if cli.paths.is_empty() {
        bail!(ui::hinted(
            "no files or directories are given",
            "`clink .` is for the current directory"
        ));
    }
    let bar = Bar::new(cli.output.quiet);
    let changes = !cli.dry_run && !cli.check;
    let found =
        if changes { replaced(cli, &bar)? } else { Some((work::look(cli, &bar)?, Done::Planned)) };
    let Some((survey, done)) = found else { return Ok(Ended::Interrupted) };
    bar.clear();
    let report = Report::of(&survey, &done);
    report.write(&cli.output).context("cannot write the result")?;
    Ok(report.ended(cli.check))
}

/// Replaces what is planned, and where a proof is asked for, only what it holds for: nothing where
/// that was stopped.
fn replaced(cli: &Cli, bar: &Bar) -> Result<Option<(Survey, Done)>> {
    if let Some(command) = &cli.linking.prove {
        return prove::replace(cli, command, bar);
    }
    let survey = work::look(cli, bar)?;
    let done = work::replace(cli, &survey, bar)?;
    Ok(Some((survey, done)))
}

fn take_back(cli: &Cli, path: &Path) -> Result<Ended> {
    let moved_to = match cli.paths.as_slice() {
        [] => None,
        [path] => Some(path.as_path()),
        _ => bail!(ui::hinted(
            "more than one directory is given with --undo",
            "give none, or the one that the tree was moved to",
        )),
    };
    let bar = Bar::new(cli.output.quiet);
    bar.stop_on_signals().context("cannot prepare for Ctrl-C")?;
    let undone = work::take_back(path, moved_to, &bar)?;
    bar.clear();
    report::write_undone(&undone, &cli.output).context("cannot write the result")?;
    Ok(report::undo_ended(&undone))
}
