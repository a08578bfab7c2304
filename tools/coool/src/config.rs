//! What was written, on the command line, in `coool.toml` and in `~/.cooolrc`, as checked settings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::cli::{Cli, Network};
use crate::document::converted::Converter;
use crate::document::limits::Limits;
use crate::remote;

mod filter;
mod host;
mod project;
mod rc;
mod written;

pub(crate) use filter::Filter;
use host::Grants;
use project::{Project, Surroundings};
use rc::Rc;

/// All that a run depends on.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that is given or not")]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    /// What reads older formats, where that is wanted.
    pub(crate) converter: Option<Converter>,
    pub(crate) filter: Filter,
    pub(crate) remote: remote::Settings,
    pub(crate) remap: Vec<(String, String)>,
    pub(crate) resources: bool,
    pub(crate) offline: bool,
    pub(crate) allow_outside: bool,
    /// How long an answer is believed; None where nothing is remembered.
    pub(crate) cache: Option<Duration>,
    pub(crate) verbose: bool,
    pub(crate) status: bool,
    pub(crate) debug: bool,
    /// The repository's file, where there is one.
    pub(crate) config: Option<PathBuf>,
    /// What of it no longer counts.
    pub(crate) notes: Vec<String>,
}

/// Puts together what stands on the command line and, below it, in the repository's file and in the
/// user's own.
pub(crate) fn settings(cli: &Cli, home: Option<&Path>, here: Option<&Path>) -> Result<Settings> {
    let rc = match home.map(|home| home.join(".cooolrc")) {
        Some(path) => Rc::read(&path)?,
        None => Rc::default(),
    };
    let config = config_file(cli, here)?;
    let project = match &config {
        Some(file) => project(file, cli)?,
        None => Project::default(),
    };
    let mut limits = Limits::default();
    for (bound, number) in &cli.scope.limit {
        *bound.of(&mut limits) = *number;
    }
    Ok(Settings {
        remote: remote_settings(&cli.network, &limits, &rc, &project),
        limits,
        converter: cli.scope.with_libreoffice.then(Converter::new).transpose()?,
        remap: cli.scope.remap.iter().map(|text| remap(text)).collect::<Result<_>>()?,
        resources: cli.scope.resources,
        offline: cli.scope.offline,
        allow_outside: cli.scope.allow_outside,
        cache: cli.network.cache,
        verbose: cli.output.verbose || (rc.verbose && !cli.output.quiet),
        status: cli.output.status || rc.status,
        debug: cli.output.debug || rc.debug,
        notes: project.ended.clone(),
        filter: Filter::new(&cli.scope, rc.exclude_hosts, project.excludes)?,
        config,
    })
}

/// The file that the user names, or the nearest.
fn config_file(cli: &Cli, here: Option<&Path>) -> Result<Option<PathBuf>> {
    match (&cli.project.config, here) {
        (Some(file), _) => Ok(Some(file.clone())),
        (None, Some(here)) if !cli.project.no_config => project::nearest(here),
        (None, _) => Ok(None),
    }
}

fn project(file: &Path, cli: &Cli) -> Result<Project> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let variable = |name: &str| std::env::var(name).ok();
    let grants = Grants { given: &cli.project.secret, variable: &variable };
    Project::read(file, &Surroundings { today, grants })
}

fn remote_settings(
    network: &Network,
    limits: &Limits,
    rc: &Rc,
    project: &Project,
) -> remote::Settings {
    let usual = remote::Settings::default();
    let ours = network.max_threads.map(usize::from);
    let max_threads = ours.or(project.max_threads).or(rc.max_threads);
    let ours = network.max_requests_per_host.map(usize::from);
    let per_host = ours.or(project.max_requests_per_host).or(rc.max_requests_per_host);
    let user_agent = network.user_agent.clone().or_else(|| project.user_agent.clone());
    remote::Settings {
        max_threads: max_threads.unwrap_or(usual.max_threads),
        max_requests_per_host: per_host.unwrap_or(usual.max_requests_per_host),
        delay: network.delay.or(project.delay).unwrap_or(usual.delay),
        timeout: network.timeout.or(project.timeout).unwrap_or(usual.timeout),
        retries: network.retries.or(project.retries).unwrap_or(usual.retries),
        user_agent: user_agent.unwrap_or(usual.user_agent),
        most_of_page: limits.page,
        name_server: network.name_server,
        archive: network.archive.clone(),
        whole: project.whole,
        authorities: project.authorities.clone(),
        hosts: project.hosts.clone(),
        ..usual
    }
}

fn remap(text: &str) -> Result<(String, String)> {
    let (from, to) = text
        .split_once('=')
        .filter(|(from, _)| !from.is_empty())
        .ok_or_else(|| anyhow!("write it as FROM=TO"))
        .with_context(|| format!("cannot use `--remap {text}`"))?;
    Ok((from.to_owned(), to.to_owned()))
}

/// The user's home directory.
pub(crate) fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}
