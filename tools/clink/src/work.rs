//! Looks at what the command line names, and replaces what the plan says.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use duplicates::apply::{Outcome, apply};
use duplicates::exclude::Exclude;
use duplicates::journal::Journal;
use duplicates::plan::{Age, Kind, Rules, Target, Wishes};
use duplicates::progress::Progress;
use duplicates::survey::{Survey, survey};
use duplicates::undo::{Undone, undo};
use duplicates::walk::Search;
use files::{Sighting, beneath};
use names::shown;

use crate::cli::{self, Cli, Linking};
use crate::progress::Bar;
use crate::report::Done;
use crate::state;

/// Looks at everything and makes the plan.
pub(crate) fn look(cli: &Cli, bar: &Bar) -> Result<Survey> {
    bar.looks();
    Ok(survey(&cli.paths, &search(cli)?, wishes(cli)?, bar))
}

/// Replaces what the plan says; all of it is in the journal first.
pub(crate) fn replace(cli: &Cli, survey: &Survey, bar: &Bar) -> Result<Done> {
    let mut journal = None;
    if !survey.plan.is_empty() && !cli.linking.no_journal {
        journal = Some(open_journal(&cli.linking)?);
    }
    bar.stop_on_signals().context("cannot prepare for Ctrl-C")?;
    let outcome: Outcome = apply(&survey.inventory, &survey.plan, journal.as_mut(), bar);
    // What could not be done may have been done in part.
    let may_be_taken_back = outcome.has_replaced(&survey.plan) || !outcome.problems.is_empty();
    let journal = journal.filter(|_| may_be_taken_back);
    Ok(Done::Replaced { outcome, journal: journal.map(|journal| journal.path().to_owned()) })
}

/// What a journal of ours is, to be told from what somebody puts in its place.
pub(crate) fn seen(journal: &Path) -> Result<Sighting> {
    let (directory, name) = beneath::open_parent(journal)?;
    Ok(Sighting::of_name(&directory, name).map_err(std::io::Error::from)?)
}

/// Removes a journal of ours that is not needed any more.
pub(crate) fn remove(journal: &Path, mut seen: Sighting) -> Result<()> {
    let (directory, name) = beneath::open_parent(journal)?;
    Ok(files::remove::remove(&directory, name, &mut seen)?)
}

/// Takes back what a journal records.
pub(crate) fn take_back(
    journal: &Path,
    moved_to: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Undone> {
    let records = File::open(journal)
        .with_context(|| format!("cannot read the journal `{}`", shown(journal)))?;
    undo(records, moved_to, progress)
        .with_context(|| format!("cannot take back what `{}` records", shown(journal)))
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
        target: linking.target.map(target),
    })
}

fn resolved(path: &Path) -> Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("cannot find `{}`, which is to be kept", shown(path)))
}

fn target(target: cli::Target) -> Target {
    match target {
        cli::Target::Tar => Target::Tar,
        cli::Target::Ext4 => Target::Ext4,
        cli::Target::Ext4SmallBlocks => Target::Ext4SmallBlocks,
        cli::Target::Erofs => Target::Erofs,
        cli::Target::Squashfs => Target::Squashfs,
    }
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
