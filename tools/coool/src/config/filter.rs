//! What is left out, and why.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use regex::{Regex, RegexSet};

use crate::cli::Scope;

/// What is left out.
#[derive(Debug)]
pub(crate) struct Filter {
    /// Exact names, as in the first coool.
    hosts: Vec<String>,
    addresses: GlobSet,
    patterns: RegexSet,
    texts: GlobSet,
    files: GlobSet,
    /// Those of the repository.
    excludes: Vec<Exclude>,
}

/// What is left out, and for which reason.
#[derive(Debug)]
pub(super) struct Exclude {
    pub(super) what: Left,
    pub(super) reason: String,
}

/// What is left out.
#[derive(Debug)]
pub(super) enum Left {
    /// As addresses have it.
    Host(String),
    Addresses(GlobMatcher),
    Pattern(Regex),
    Texts(GlobMatcher),
    Files(GlobMatcher),
}

impl Filter {
    /// What stands on the command line and, before it, in the user's file and in the repository's.
    pub(super) fn new(
        scope: &Scope,
        mut hosts: Vec<String>,
        excludes: Vec<Exclude>,
    ) -> Result<Self> {
        for list in &scope.exclude_hosts {
            hosts.extend(list.split_whitespace().map(str::to_owned));
        }
        let patterns = RegexSet::new(&scope.exclude_regex)
            .context("cannot use an `--exclude-regex` pattern")?;
        Ok(Self {
            hosts,
            addresses: globs(&scope.exclude).context("cannot use an `--exclude` pattern")?,
            patterns,
            texts: globs(&scope.exclude_text).context("cannot use an `--exclude-text` pattern")?,
            files: globs(&scope.exclude_file).context("cannot use an `--exclude-file` pattern")?,
            excludes,
        })
    }

    /// Why a link is left out, where it is.
    pub(crate) fn leaves_out(
        &self,
        address: &str,
        host: Option<&str>,
        text: &str,
    ) -> Option<String> {
        let by_host =
            host.is_some_and(|host| self.hosts.iter().any(|left| left.eq_ignore_ascii_case(host)));
        let on_request = by_host
            || self.addresses.is_match(address)
            || self.patterns.is_match(address)
            || (!text.is_empty() && self.texts.is_match(text));
        if on_request {
            return Some("left out on request".to_owned());
        }
        let exclude =
            self.excludes.iter().find(|exclude| exclude.what.holds(address, host, text))?;
        Some(format!("left out: {}", exclude.reason))
    }

    /// Whether a file or folder is left out, by its name or its path below what was named.
    pub(crate) fn leaves_out_file(&self, name: &Path, below: &Path) -> bool {
        let is_left = |left: &Left| matches!(left, Left::Files(glob) if glob.is_match(name) || glob.is_match(below));
        self.files.is_match(name)
            || self.files.is_match(below)
            || self.excludes.iter().any(|exclude| is_left(&exclude.what))
    }
}

impl Left {
    fn holds(&self, address: &str, host: Option<&str>, text: &str) -> bool {
        match self {
            Self::Host(left) => host == Some(left),
            Self::Addresses(glob) => glob.is_match(address),
            Self::Pattern(regex) => regex.is_match(address),
            Self::Texts(glob) => !text.is_empty() && glob.is_match(text),
            Self::Files(_) => false,
        }
    }
}

fn globs(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(builder(pattern).build()?);
    }
    Ok(set.build()?)
}

/// What a single glob stands for.
pub(super) fn glob(pattern: &str) -> Result<GlobMatcher> {
    builder(pattern).build().map(|glob| glob.compile_matcher()).map_err(|error| anyhow!(error))
}

/// `*` stands for any text, slashes included: addresses have no folders to stop at.
fn builder(pattern: &str) -> GlobBuilder<'_> {
    let mut builder = GlobBuilder::new(pattern);
    builder.literal_separator(false);
    builder
}
