//! Replaces duplicate files by relative symbolic links.
//!
//! The finding, planning and linking is done by the crate `duplicates`; this is its face.

pub mod cli;
pub mod messages;

mod progress;
mod report;
mod state;

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use duplicates::apply::{Outcome, apply};
use duplicates::exclude::Exclude;
use duplicates::journal::Journal;
use duplicates::plan::{Age, Kind, Rules, Wishes};
use duplicates::survey::{Survey, survey};
use duplicates::undo::undo;
use duplicates::walk::Search;
use names::shown;
use ui::Ended;

use cli::{Cli, Linking};
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
    let survey = survey(&cli.paths, &search(cli)?, wishes(cli)?, &bar);
    let changes = !cli.dry_run && !cli.check;
    let done = if changes { replace(cli, &survey, &bar)? } else { Done::Planned };
    bar.clear();
    let report = Report::of(&survey, &done);
    report.write(&cli.output).context("cannot write the result")?;
    Ok(report.ended(cli.check))
}

/// Replaces what the plan says; all of it is in the journal first.
fn replace(cli: &Cli, survey: &Survey, bar: &Bar) -> Result<Done> {
    let mut journal = None;
    if !survey.plan.is_empty() && !cli.linking.no_journal {
        journal = Some(open_journal(&cli.linking)?);
    }
    bar.stop_on_signals().context("cannot prepare for Ctrl-C")?;
    let outcome: Outcome = apply(&survey.inventory, &survey.plan, journal.as_mut(), bar);
    Ok(Done::Replaced { outcome, journal: journal.map(|journal| journal.path().to_owned()) })
}

fn open_journal(linking: &Linking) -> Result<Journal> {
    let path = match &linking.journal {
        Some(path) => path.clone(),
        None => state::new_journal().context(ui::hinted(
            "cannot make the directory for the journal",
            "give `--journal FILE`, or `--no-journal` to go without undo",
        ))?,
    };
    Journal::create(&path).with_context(|| {
        ui::hinted(
            &format!("cannot make the journal `{}`", shown(&path)),
            "give `--journal` a new file in a directory that you may write to",
        )
    })
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
    let journal =
        File::open(path).with_context(|| format!("cannot read the journal `{}`", shown(path)))?;
    let bar = Bar::new(cli.output.quiet);
    bar.stop_on_signals().context("cannot prepare for Ctrl-C")?;
    let undone = undo(journal, moved_to, &bar)
        .with_context(|| format!("cannot take back what `{}` records", shown(path)))?;
    bar.clear();
    report::write_undone(&undone, &cli.output).context("cannot write the result")?;
    Ok(report::undo_ended(&undone))
}

fn search(cli: &Cli) -> Result<Search> {
    let exclude = Exclude::new(&cli.search.exclude).context("cannot use an `--exclude` pattern")?;
    Ok(Search {
        exclude,
        cross_file_systems: cli.search.no_one_file_system,
        follow_arguments: cli.search.follow_args,
    })
}

fn wishes(cli: &Cli) -> Result<Wishes> {
    let linking = &cli.linking;
    let age = match (linking.newest, linking.oldest) {
        (true, _) => Some(Age::Newest),
        (_, true) => Some(Age::Oldest),
        _ => None,
    };
    Ok(Wishes {
        rules: rules(cli),
        trust_unknown: linking.trust_unknown,
        mixed: linking.mixed,
        within_each: linking.within_each,
        keep: linking.keep.iter().map(|path| resolved(path)).collect::<Result<_>>()?,
        age,
    })
}

fn resolved(path: &Path) -> Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("cannot find `{}`, which is to be kept", shown(path)))
}

fn rules(cli: &Cli) -> Rules {
    let linking = &cli.linking;
    let kind = match (linking.hard, linking.reflink) {
        (true, _) => Kind::Hard,
        (_, true) => Kind::Reflink,
        _ => Kind::Symbolic,
    };
    Rules {
        kind,
        all: linking.all,
        ignore_metadata: linking.ignore_metadata || linking.all,
        directories: linking.directories,
        min_size: cli.search.min_size,
    }
}
