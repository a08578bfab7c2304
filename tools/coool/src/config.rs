//! What the user wrote, on the command line and in `~/.cooolrc`, as checked settings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use regex::RegexSet;

use crate::cli::Cli;
use crate::document::converted::Converter;
use crate::document::limits::Limits;
use crate::remote;

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
}

/// What is left out.
#[derive(Debug)]
pub(crate) struct Filter {
    /// Exact names, as in the first coool.
    hosts: Vec<String>,
    addresses: GlobSet,
    patterns: RegexSet,
    texts: GlobSet,
    pub(crate) files: GlobSet,
}

impl Filter {
    /// Why a link is left out, where it is.
    pub(crate) fn leaves_out(&self, address: &str, host: Option<&str>, text: &str) -> bool {
        let by_host =
            host.is_some_and(|host| self.hosts.iter().any(|left| left.eq_ignore_ascii_case(host)));
        by_host
            || self.addresses.is_match(address)
            || self.patterns.is_match(address)
            || (!text.is_empty() && self.texts.is_match(text))
    }
}

/// Puts together what stands on the command line and, below it, in the file.
pub(crate) fn settings(cli: &Cli, home: Option<&Path>) -> Result<Settings> {
    let file = match home.map(|home| home.join(".cooolrc")) {
        Some(path) => File::read(&path)?,
        None => File::default(),
    };
    let mut limits = Limits::default();
    for (bound, number) in &cli.scope.limit {
        *bound.of(&mut limits) = *number;
    }
    let network = &cli.network;
    let mut remote = remote::Settings::default();
    let most = network.max_threads.map(usize::from).or(file.max_threads);
    remote.max_threads = most.unwrap_or(remote.max_threads);
    let most = network.max_requests_per_host.map(usize::from).or(file.max_requests_per_host);
    remote.max_requests_per_host = most.unwrap_or(remote.max_requests_per_host);
    remote.delay = network.delay;
    remote.timeout = network.timeout;
    remote.most_of_page = limits.page;
    remote.retries = network.retries;
    remote.name_server = network.name_server;
    remote.archive.clone_from(&network.archive);
    if let Some(agent) = &network.user_agent {
        remote.user_agent.clone_from(agent);
    }
    let mut hosts: Vec<String> = file.exclude_hosts;
    for list in &cli.scope.exclude_hosts {
        hosts.extend(list.split_whitespace().map(str::to_owned));
    }
    let patterns = RegexSet::new(&cli.scope.exclude_regex)
        .context("cannot use an `--exclude-regex` pattern")?;
    let filter = Filter {
        hosts,
        addresses: globs(&cli.scope.exclude).context("cannot use an `--exclude` pattern")?,
        patterns,
        texts: globs(&cli.scope.exclude_text).context("cannot use an `--exclude-text` pattern")?,
        files: globs(&cli.scope.exclude_file).context("cannot use an `--exclude-file` pattern")?,
    };
    Ok(Settings {
        limits,
        converter: cli.scope.with_libreoffice.then(Converter::new).transpose()?,
        filter,
        remote,
        remap: cli.scope.remap.iter().map(|text| remap(text)).collect::<Result<_>>()?,
        resources: cli.scope.resources,
        offline: cli.scope.offline,
        allow_outside: cli.scope.allow_outside,
        cache: network.cache,
        verbose: cli.output.verbose || (file.verbose && !cli.output.quiet),
        status: cli.output.status || file.status,
        debug: cli.output.debug || file.debug,
    })
}

fn remap(text: &str) -> Result<(String, String)> {
    let (from, to) = text
        .split_once('=')
        .filter(|(from, _)| !from.is_empty())
        .ok_or_else(|| anyhow!("write it as FROM=TO"))
        .with_context(|| format!("cannot use `--remap {text}`"))?;
    Ok((from.to_owned(), to.to_owned()))
}

/// `*` stands for any text, slashes included: addresses have no folders to stop at.
fn globs(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(GlobBuilder::new(pattern).literal_separator(false).build()?);
    }
    Ok(set.build()?)
}

/// `~/.cooolrc`: lines of `name = value`, as the first coool wrote them.
#[derive(Debug, Default, PartialEq, Eq)]
struct File {
    verbose: bool,
    status: bool,
    debug: bool,
    max_threads: Option<usize>,
    max_requests_per_host: Option<usize>,
    exclude_hosts: Vec<String>,
}

impl File {
    /// A file that is not there is an empty one.
    fn read(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read `{}`", path.display()));
            }
        };
        Self::parse(&text).with_context(|| format!("cannot use `{}`", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut file = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';', '[']) {
                continue;
            }
            file.take(line).with_context(|| format!("line {number}: `{line}`"))?;
        }
        Ok(file)
    }

    fn take(&mut self, line: &str) -> Result<()> {
        let (name, value) =
            line.split_once('=').ok_or_else(|| anyhow!("write it as `name = value`"))?;
        let value = value.trim();
        let value = ['"', '\'']
            .iter()
            .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
            .unwrap_or(value);
        match name.trim() {
            "verbose" => self.verbose = yes(value)?,
            "status" => self.status = yes(value)?,
            "debug" => self.debug = yes(value)?,
            "max_threads" => self.max_threads = Some(count(value)?),
            "max_requests_per_host" => self.max_requests_per_host = Some(count(value)?),
            "exclude_hosts" => {
                self.exclude_hosts = value.split_whitespace().map(str::to_owned).collect();
            }
            other => return Err(anyhow!("no option is called `{other}`")),
        }
        Ok(())
    }
}

fn yes(value: &str) -> Result<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" | "none" | "" => Ok(false),
        _ => Err(anyhow!("write `True` or `False`")),
    }
}

fn count(value: &str) -> Result<usize> {
    let count = value.parse().ok().filter(|count| (1..=10_000).contains(count));
    count.ok_or_else(|| anyhow!("write a number from 1 to 10000"))
}

/// The user's home directory.
pub(crate) fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_first_coool_is_understood() {
        let file = File::parse(
            "verbose = True\nexclude_hosts = \"a.example b.example\"\nmax_threads = 200\n# end\n",
        );

        assert_eq!(
            file.expect("it is right"),
            File {
                verbose: true,
                max_threads: Some(200),
                exclude_hosts: vec!["a.example".to_owned(), "b.example".to_owned()],
                ..File::default()
            }
        );
    }

    #[test]
    fn a_mistake_is_shown_with_its_line() {
        let error = File::parse("verbose = True\nmax_treads = 3\n").expect_err("a slip");

        assert_eq!(
            format!("{error:#}"),
            "line 2: `max_treads = 3`: no option is called `max_treads`"
        );
    }
}
