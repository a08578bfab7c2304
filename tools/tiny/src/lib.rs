//! Builds a whole small Linux in one bootable file from a recipe, boots it and proves that it works.
//!
//! `recipe → sources → kernel, userland → cpio → image → boot → proof`. The same recipe and the same
//! sources give the same bits.

pub mod cli;
pub mod messages;

mod recipe;

mod board;
mod compressor;
mod part;
mod promise;
mod size;
mod technique;

mod inputs;
mod sources;
mod store;
mod surroundings;
mod toolchain;

mod kernel;

mod busybox;
mod programs;
mod userland;

mod audit;
mod build;
mod image;
mod loops;
mod manifest;
mod parts;

mod boot;
mod check;
mod machine;
mod measure;

mod command;
mod doctor;
mod front;
mod gains;
mod report;

use std::path::Path;

use anyhow::{Context, Result};
use ui::{Ended, Line};

use build::Job;
use cli::{Action, Cli, Output, StoreOptions};
use command::Said;
use manifest::Manifest;
use recipe::Recipe;
use report::whereabouts::Instructions;
use sources::Access;
use store::Store;

/// Does what the command line asks for.
pub fn run(cli: &Cli) -> Result<Ended> {
    match &cli.action {
        Action::Build(cli) => build_image(cli),
        Action::Run(cli) => boot::run(cli),
        Action::Check(cli) => check::run(cli),
        Action::Report(cli) => report_on(cli),
        Action::SizeTime(cli) => size_time(cli),
        Action::Shell(cli) => boot::shell(cli),
        Action::Screenshot(cli) => boot::screenshot(cli),
        Action::Doctor(cli) => doctor(cli),
        Action::Boards(cli) => boards(cli),
    }
}

fn build_image(cli: &cli::Build) -> Result<Ended> {
    let recipe = Recipe::read(&cli.recipe)?;
    let output = cli.output.clone().unwrap_or_else(|| cli.recipe.with_extension("img"));
    let finished = with_job(&recipe, &cli.recipe, &cli.store, &cli.show, |job| {
        let finished = job.run()?;
        if cli.twice {
            job.store.tell("building everything once more");
            let (_directory, store) = build::second_store(job.store)?;
            let second = Job { store: &store, access: Access::Offline, ..*job }.run()?;
            build::compare(&finished.image, &second.image)?;
        }
        Ok(finished)
    })?;
    build::write(&finished, &output)?;
    if !cli.show.quiet {
        report::built::write(&finished, &output, cli.twice, cli.show.format)
            .context("cannot write the result")?;
    }
    Ok(Ended::Done)
}

fn report_on(cli: &cli::Report) -> Result<Ended> {
    let manifest = Manifest::of(&cli.image)?;
    let image = build::read(&cli.image)?;
    let instructions = Instructions {
        userspace: measure::start(&image, &manifest)?,
        picture: measure::picture(&image, &manifest)?,
    };
    let gains = match &cli.gains {
        None => Vec::new(),
        Some(path) => {
            let recipe = Recipe::read(path)?;
            with_job(&recipe, path, &cli.store, &cli.show, |job| {
                gains::of(job, &recipe, &job.run()?)
            })?
        }
    };
    report::whereabouts::write(&manifest, &instructions, &gains, cli.show.format)
        .context("cannot write the result")?;
    Ok(Ended::Done)
}

fn size_time(cli: &cli::SizeTime) -> Result<Ended> {
    let recipe = Recipe::read(&cli.recipe)?;
    let points =
        with_job(&recipe, &cli.recipe, &cli.store, &cli.show, |job| front::of(job, &recipe))?;
    if let Some(picture) = &cli.picture {
        report::front::draw(&points, picture)?;
    }
    report::front::write(&points, cli.show.format).context("cannot write the result")?;
    Ok(Ended::Done)
}

fn doctor(cli: &cli::Doctor) -> Result<Ended> {
    let recipes = cli.recipes.iter().map(|path| Recipe::read(path)).collect::<Result<Vec<_>>>()?;
    let needs = doctor::needs(&recipes)?;
    report::doctor::write(&needs, cli.show.format).context("cannot write the result")?;
    Ok(if needs.iter().all(|need| need.is_there) { Ended::Done } else { Ended::Found })
}

fn boards(cli: &cli::Boards) -> Result<Ended> {
    let boards = board::all()?;
    report::boards::write(&boards, &technique::all()?, cli.show.format)
        .context("cannot write the result")?;
    Ok(Ended::Done)
}

/// Does something with a recipe that can be built.
fn with_job<T>(
    recipe: &Recipe,
    path: &Path,
    options: &StoreOptions,
    show: &Output,
    work: impl FnOnce(&Job<'_>) -> Result<T>,
) -> Result<T> {
    let line = Line::new(messages::VOICE, show.progress());
    let store = Store::open(options.store.as_deref(), &line)?;
    surroundings::settle();
    let lock_file = options.lock.clone().unwrap_or_else(|| build::lock_file(path));
    let job = Job {
        recipe,
        compressor: recipe.compressor,
        store: &store,
        lock_file: &lock_file,
        access: match (options.offline, options.update) {
            (true, _) => Access::Offline,
            (_, true) => Access::Newest,
            _ => Access::Locked,
        },
        said: if show.verbose { Said::Shown } else { Said::Kept },
    };
    let result = work(&job);
    line.clear();
    result
}
