//! Finds broken links in office documents, says where they stand, and mends them.
//!
//! The story: the arguments become documents, these are read, every link is checked, and the
//! findings are reported or written back.

pub mod cli;
mod libreoffice;
mod text_file;

mod config;
mod gather;

pub mod address;
pub mod document;
pub mod link;
pub mod proposal;
pub mod targets;

mod check;
pub mod remote;
pub mod verdict;

mod identity;

mod baseline;
mod fix;
mod pictures;
mod report;
mod review;
mod status;

pub mod messages;
mod progress;

use std::io;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ui::{Ended, Hinted, hinted};

use baseline::{Baseline, Comparison};
use check::Checked;
use cli::{Cli, Format};
use config::Settings;
use gather::Gathered;
use messages::VOICE;
use pictures::Pictures;
use progress::Bar;
use proposal::Proposal;
use report::{Detail, Outcome};
use review::Review;
use verdict::{Finding, Verdict};

/// Does what the command line asks for.
pub fn run(cli: &Cli) -> Result<Ended> {
    let here = std::env::current_dir().ok();
    let settings = config::settings(cli, config::home().as_deref(), here.as_deref())?;
    tell_config(&settings, cli.output.quiet);
    let Gathered { documents, passed_over, errors: missing } =
        gather::documents(&cli.paths, &settings);
    for error in &missing {
        VOICE.error(error);
    }
    let is_empty = documents.is_empty() && missing.is_empty() && passed_over.is_empty();
    ensure!(!is_empty, no_documents());
    let baseline = baseline(cli)?;
    ensure!(!cli.output.pictures || cli.output.format == Format::Html, no_place_for_pictures());
    let bar = Bar::new(cli.output.quiet, settings.debug);
    bar.stop_on_signals().context("cannot prepare for Ctrl-C")?;
    let mut checked = look_at(&documents, cli, &settings, &bar)?;
    if cli.fix && !bar.stopped() {
        tell_problems(&checked);
        return fix_all(&checked, cli, &missing);
    }
    let comparison = compare(&mut checked, baseline.as_ref(), cli, &bar)?;
    let pictures = pictures(&checked, cli, &bar)?;
    let outcome = Outcome {
        checked: &checked,
        passed_over: &passed_over,
        comparison: comparison.as_ref(),
        pictures: &pictures,
    };
    report::write(&outcome, &cli.output, detail(cli, &settings))?;
    if !report::tells_problems(&cli.output) {
        tell_problems(&checked);
    }
    conclude(&checked, &settings, !missing.is_empty(), bar.stopped())
}

fn no_place_for_pictures() -> Hinted {
    hinted("cannot show pictures in this form of the result", "`--format html` shows them")
}

/// Pictures of what is broken, where the user wants them.
fn pictures(checked: &[Checked], cli: &Cli, bar: &Bar) -> Result<Pictures> {
    if !cli.output.pictures {
        return Ok(Pictures::default());
    }
    let pictures = Pictures::take(checked, bar)?;
    pictures.notes.iter().filter(|_| !cli.output.quiet).for_each(|note| VOICE.note(note));
    Ok(pictures)
}

/// What is known to be broken, where the user names it.
fn baseline(cli: &Cli) -> Result<Option<Baseline>> {
    let file = cli.project.baseline.as_ref();
    file.map(|file| Baseline::read(file, cli.project.write_baseline)).transpose()
}

/// Marks what is known to be broken, and on request makes it known.
fn compare(
    checked: &mut [Checked],
    baseline: Option<&Baseline>,
    cli: &Cli,
    bar: &Bar,
) -> Result<Option<Comparison>> {
    let Some(baseline) = baseline else { return Ok(None) };
    let mut comparison = baseline.mark(checked);
    // What was not looked at because of Ctrl-C is no state to keep.
    if cli.project.write_baseline && !bar.stopped() {
        let count = baseline.write(checked, &mut comparison)?;
        let links = if count == 1 { "link" } else { "links" };
        if !cli.output.quiet {
            VOICE.note(&format!("the baseline has {count} broken {links}"));
        }
    }
    Ok(Some(comparison))
}

/// Says what no longer counts of the repository's file, and on request which one that is.
fn tell_config(settings: &Settings, quiet: bool) {
    let Some(file) = &settings.config else { return };
    let file = names::shown(file);
    for note in settings.notes.iter().filter(|_| !quiet) {
        VOICE.note(&format!("{file}: {note}"));
    }
    if settings.debug {
        VOICE.note(&format!("using {file}"));
    }
}

fn no_documents() -> Hinted {
    hinted("there is no document to look at", "name one: only in folders coool goes by endings")
}

/// Reads the documents, and checks their links or lists them.
fn look_at(
    documents: &[gather::Found],
    cli: &Cli,
    settings: &Settings,
    bar: &Bar,
) -> Result<Vec<Checked>> {
    bar.to_read(documents.len());
    let read = |document: &_| bar.read(document);
    let readings = check::read_all(documents, settings, &read, &|| bar.stopped());
    let checked =
        if cli.list { check::list(readings) } else { check::check(readings, settings, bar)? };
    bar.clear();
    Ok(checked)
}

fn detail(cli: &Cli, settings: &Settings) -> Detail {
    match (cli.list, settings.verbose) {
        (true, _) => Detail::List,
        (false, true) => Detail::Everything,
        (false, false) => Detail::Attention,
    }
}

/// Says what could not be read.
fn tell_problems(checked: &[Checked]) {
    for document in checked {
        for problem in &document.problems {
            let what = format!("cannot read all of `{}`", names::shown(&document.path));
            VOICE.problem(&what, [names::shown_text(problem)], None);
        }
    }
}

/// Marks what is in order, and gives the exit code.
fn conclude(
    checked: &[Checked],
    settings: &Settings,
    missing: bool,
    stopped: bool,
) -> Result<Ended> {
    if settings.status {
        status::mark(checked)?;
    }
    Ok(if stopped {
        Ended::Interrupted
    } else if missing || checked.iter().any(Checked::is_incomplete) {
        Ended::Incomplete
    } else if checked.iter().any(Checked::is_newly_broken) {
        Ended::Found
    } else {
        Ended::Done
    })
}

/// Writes the proposals into a document; None where there is nothing to write.
fn fix_one(plan: &fix::Plan, dry_run: bool) -> Result<Option<fix::Applied>> {
    if !plan.parts.is_empty() {
        tell_other_names(&plan.document);
    }
    if dry_run {
        return Ok(None);
    }
    let waiting = || VOICE.note("another tool is changing this file system: waiting for its end");
    fix::clean_up(&plan.document, &waiting)?;
    if plan.parts.is_empty() { Ok(None) } else { fix::apply(plan, &waiting).map(Some) }
}

/// Says that a document is not mended under all its names: nobody knows where the others are.
fn tell_other_names(document: &Path) {
    let document_shown = names::shown(document);
    match fix::other_names(document) {
        0 => {}
        1 => VOICE.note(&format!("`{document_shown}` has another name, which keeps what it was")),
        count => VOICE
            .note(&format!("`{document_shown}` has {count} other names, which keep what it was")),
    }
}

/// Writes the proposals into the documents, or says what would be written.
fn fix_all(checked: &[Checked], cli: &Cli, missing: &[anyhow::Error]) -> Result<Ended> {
    let incomplete = !missing.is_empty() || checked.iter().any(Checked::is_incomplete);
    let mut ended = if incomplete { Ended::Incomplete } else { Ended::Done };
    let mut fixed = Vec::new();
    let mut review = Review::new(io::stdin().lock(), io::stderr());
    for document in checked {
        let plan = fix::Plan::of(document, &mut |document, link, finding| {
            cli.all
                || finding.proposal.as_ref().is_some_and(Proposal::is_sure)
                || (cli.review && review.agrees(document, link, finding))
        });
        let outcome = match fix_one(&plan, cli.dry_run) {
            Ok(outcome) => outcome,
            Err(error) => {
                VOICE.error(&error);
                ended = Ended::Incomplete;
                continue;
            }
        };
        if ended == Ended::Done && (is_unmended(document) || !plan.left.is_empty()) {
            ended = Ended::Found;
        }
        fixed.push((plan, outcome));
    }
    report::write_fixes(&fixed, &cli.output)?;
    Ok(ended)
}

/// Whether a link is broken for which there is no proposal.
fn is_unmended(document: &Checked) -> bool {
    let broken = |finding: &Finding| finding.verdict == Verdict::Broken;
    document.links.iter().any(|(_, finding)| broken(finding) && finding.proposal.is_none())
}
