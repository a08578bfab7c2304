//! Makes a root filesystem small, with a reason for every file and a proof that nothing was lost.
//!
//! `rootfs → needs, tests → graph → build → prove → report`. Nothing is removed that a kept file
//! needs; every kept file has a reason that can be shown.

pub mod cli;
pub mod messages;

mod make;

pub mod build;
pub mod rootfs;

mod fill;
#[doc(hidden)]
pub mod fuzzing;
mod globs;
mod graph;
mod ledger;
mod needs;
mod place;
mod policy;
mod prove;
mod reason;
mod report;
mod sandbox;
mod scratch;
mod strippable;
mod survey;
mod test;
mod write;

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use names::shown;
use ui::{Ended, Line};

use cli::{Action, Cli, Diff, Make, Prove, Undo, Why};
use ledger::Ledger;
use messages::VOICE;
use prove::Bench;
use rootfs::Root;
use scratch::Scratch;
use test::Test;

/// Does what the command line asks for.
pub fn run(cli: &Cli) -> Result<Ended> {
    match &cli.action {
        Action::Report(report) => survey(report),
        Action::Make(make) if make.in_place => make_in_place(make),
        Action::Make(make) => make_new(make),
        Action::Why(why) => explain(why),
        Action::Prove(prove) => prove_again(prove),
        Action::Diff(diff) => compare(diff),
        Action::Undo(undo) => take_back(undo),
    }
}

/// Whether this process was started to run a test apart from everything else.
#[must_use]
pub fn is_inside_sandbox() -> bool {
    std::env::args_os().nth(1).is_some_and(|word| word == sandbox::inside::SUBCOMMAND)
}

/// Runs a test apart from everything else, as another process of shrink orders.
pub fn inside_sandbox() -> Result<Ended> {
    sandbox::inside::main()?;
    Ok(Ended::Done)
}

fn survey(cli: &cli::Report) -> Result<Ended> {
    let scratch = Scratch::somewhere()?;
    let line = Line::new(messages::VOICE, cli.output.progress());
    line.say("reading the root");
    let root = Root::open(&cli.root, scratch.path())?;
    line.say("looking for what could go");
    let survey = survey::Survey::of(&root, &cli.keep)?;
    line.clear();
    if let Some(map) = &cli.map {
        report::map::write(&survey, map)?;
    }
    report::survey::write(&survey, &cli.root, &cli.output).context("cannot write the result")?;
    report::problems(&root.problems);
    Ok(if root.problems.is_empty() { Ended::Done } else { Ended::Incomplete })
}

fn make_new(make: &Make) -> Result<Ended> {
    let output = make.output.as_deref().expect("the command line asks for it");
    if output.symlink_metadata().is_ok() && !make.dry_run {
        bail!(ui::hinted(
            &format!("`{}` is there already", shown(output)),
            "remove it first, or give another name",
        ));
    }
    refuse_inside(&make.root, output)?;
    let scratch = Scratch::beside(output)?;
    let line = Line::new(messages::VOICE, make.show.progress());
    let finished = make::make(make, &scratch, &line)?;
    if !make.dry_run {
        line.say("writing the result");
        finished.ledger.write(&Ledger::place(output))?;
        write::hand_over(&finished.inventory, &finished.small, output, scratch.path())?;
    }
    line.clear();
    report::made::write(&finished.ledger, &make.show).context("cannot write the result")?;
    Ok(report::made::ended(&finished.ledger))
}

/// Whether a place belongs to a root that is a directory: only its own file system does.
fn is_within(place: &Path, root: &Path) -> bool {
    let device = |path: &Path| path.metadata().map(|there| there.dev()).ok();
    root.is_dir() && place.starts_with(root) && device(place) == device(root)
}

/// The input is never changed, so the result cannot lie in it.
fn refuse_inside(root: &Path, output: &Path) -> Result<()> {
    let parent = output.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).canonicalize();
    match (root.canonicalize(), parent) {
        (Ok(root), Ok(parent)) if is_within(&parent, &root) => {
            bail!(ui::hinted(
                &format!("cannot write `{}`: it would lie in the root itself", shown(output)),
                "give a place outside of it; for `/`, one on another file system",
            ))
        }
        _ => Ok(()),
    }
}

fn make_in_place(make: &Make) -> Result<Ended> {
    if !make.root.is_dir() {
        bail!(ui::hinted(
            &format!("cannot change `{}` in place: it is no directory", shown(&make.root)),
            "write a new one with -o OUT",
        ));
    }
    let scratch = Scratch::somewhere()?;
    let line = Line::new(messages::VOICE, make.show.progress());
    let mut finished = make::make(make, &scratch, &line)?;
    let proven = !finished.ledger.verdict.is_bad();
    let mut stays = Vec::new();
    if proven && !make.dry_run {
        line.say("changing the root");
        let archive = make.archive.clone().unwrap_or_else(|| place::archive_of(&make.root));
        stays = place::replace(&finished, &make.root, &archive)?;
        for stays in &stays {
            finished.ledger.note_stays(stays.path.as_path(), &stays.because);
        }
        finished.ledger.write(&Ledger::place(&make.root))?;
    }
    line.clear();
    report::made::write(&finished.ledger, &make.show).context("cannot write the result")?;
    report::undone::write_stays(&make.root, &stays);
    if !proven {
        VOICE.note("nothing was changed: what is not proven is not done in place");
    }
    Ok(if stays.is_empty() { report::made::ended(&finished.ledger) } else { Ended::Incomplete })
}

fn explain(why: &Why) -> Result<Ended> {
    let mut ended = Ended::Done;
    for path in &why.paths {
        let (ledger, inside) = match &why.ledger {
            Some(ledger) => {
                (Ledger::read(ledger)?, path.strip_prefix("/").unwrap_or(path).to_owned())
            }
            None => Ledger::about(path)?,
        };
        if !report::why::write(&ledger, &inside, &why.output).context("cannot write the result")? {
            ended = Ended::Incomplete;
        }
    }
    Ok(ended)
}

fn prove_again(cli: &Prove) -> Result<Ended> {
    let scratch = Scratch::somewhere()?;
    let line = Line::new(messages::VOICE, cli.output.progress());
    let place = cli.ledger.clone().unwrap_or_else(|| Ledger::place(&cli.root));
    let small = Root::open(&cli.root, scratch.path())?;
    let proofs = match &cli.against {
        Some(full) => {
            let full = Root::open(full, scratch.path())?;
            let tests: Vec<Test> = match cli.test.as_slice() {
                [] => Ledger::read(&place)?.tests(),
                commands => commands.iter().map(|command| Test::of(command)).collect(),
            };
            prove::against(&full, &small, &tests, scratch.path(), cli.limit, &line)?
        }
        None => {
            let ledger = Ledger::read(&place)?;
            let bench = Bench::of(&small, scratch.path(), cli.limit)?;
            prove::again(&ledger.proofs, &small, &cli.test, &bench, &line)?
        }
    };
    line.clear();
    report::proofs::write(&proofs, &cli.output).context("cannot write the result")?;
    Ok(report::proofs::ended(&proofs))
}

fn compare(cli: &Diff) -> Result<Ended> {
    let scratch = Scratch::somewhere()?;
    let open = |path: &Path| Root::open(path, scratch.path());
    let (first, second) = (open(&cli.first)?, open(&cli.second)?);
    let changes = report::changes::between(&first, &second)?;
    report::changes::write(&changes, &cli.output).context("cannot write the result")?;
    Ok(if changes.is_empty() { Ended::Done } else { Ended::Found })
}

fn take_back(cli: &Undo) -> Result<Ended> {
    let undone = place::undo(&cli.archive, cli.root.as_deref())?;
    report::undone::write(&undone, &cli.output).context("cannot write the result")?;
    Ok(if undone.stays.is_empty() { Ended::Done } else { Ended::Incomplete })
}
