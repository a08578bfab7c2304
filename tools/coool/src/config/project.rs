//! `coool.toml`: what a team has agreed on for the documents of its repository.
//!
//! Who can write a document into the repository can write this file, too. It can name no program and
//! no file to be written, and of the user's environment it can send nowhere what the user has not
//! granted to that very host.
//!
//! Proof: `tests/project.rs::of_the_environment_nothing_goes_where_nobody_has_granted_it`

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use jiff::civil::Date;
use names::{shown, shown_text};
use regex::Regex;

use crate::remote::{Authorities, Hosts};
use crate::text_file;

use super::filter::{Exclude, Left, glob};
use super::host::{self, Grants};
use super::written::{Lines, Method, WrittenExclude, written};

/// What it is called.
const NAME: &str = "coool.toml";

/// Nobody agrees on more MiB, and all the authorities that Debian knows are a quarter of one.
const MOST: u64 = 1;

/// What a file says, checked.
#[derive(Debug, Default)]
pub(super) struct Project {
    pub(super) max_threads: Option<usize>,
    pub(super) max_requests_per_host: Option<usize>,
    pub(super) delay: Option<Duration>,
    pub(super) timeout: Option<Duration>,
    pub(super) retries: Option<u32>,
    pub(super) user_agent: Option<String>,
    pub(super) whole: bool,
    pub(super) authorities: Authorities,
    pub(super) hosts: Hosts,
    pub(super) excludes: Vec<Exclude>,
    /// What has ended and no longer counts, to be said.
    pub(super) ended: Vec<String>,
}

/// What the checks depend on besides the file.
pub(super) struct Surroundings<'run> {
    pub(super) today: Date,
    pub(super) grants: Grants<'run>,
}

/// The nearest file in a folder and those above it, up to that of the repository.
pub(super) fn nearest(folder: &Path) -> Result<Option<PathBuf>> {
    let mut shown_folder = PathBuf::new();
    for above in folder.ancestors() {
        let file = above.join(NAME);
        let cannot = || {
            let what = format!("cannot look for `{}`", shown(&file));
            ui::hinted(&what, "`--no-config` goes without")
        };
        if is_there(&file).with_context(cannot)? {
            return Ok(Some(shown_folder.join(NAME)));
        }
        if [".git", ".hg", ".jj"].iter().any(|name| above.join(name).exists()) {
            return Ok(None);
        }
        shown_folder.push("..");
    }
    Ok(None)
}

/// A link that leads nowhere is there, too: somebody wanted it to be read.
fn is_there(file: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(file) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Project {
    pub(super) fn read(path: &Path, surroundings: &Surroundings) -> Result<Self> {
        let text = text_file::read(path, MOST)
            .with_context(|| format!("cannot read `{}`", shown(path)))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder, surroundings).with_context(|| {
            let what = format!("cannot use `{}`", shown(path));
            ui::hinted(&what, "docs/coool.md says what it may hold; `--no-config` goes without")
        })
    }

    fn parse(text: &str, folder: &Path, surroundings: &Surroundings) -> Result<Self> {
        let lines = Lines { text };
        let written = written(text, &lines)?;
        let user_agent = written.user_agent.map(|text| lines.checked(text, host::sendable));
        let authorities = |file| authorities(&folder.join(file));
        let authorities = written.ca_file.map(|file| lines.checked(file, authorities));
        let mut project = Self {
            max_threads: written.max_threads.map(|count| count.0),
            max_requests_per_host: written.max_requests_per_host.map(|count| count.0),
            delay: written.delay.map(|time| time.0),
            timeout: written.timeout.map(|time| time.0),
            retries: written.retries,
            user_agent: user_agent.transpose()?,
            whole: written.method == Method::Get,
            authorities: authorities.transpose()?.unwrap_or_default(),
            ..Self::default()
        };
        for (name, host) in written.host {
            let (name, host) = host::checked(&name, host, &surroundings.grants, &lines)?;
            project.hosts.insert(name, host);
        }
        for exclude in written.exclude {
            let line = lines.line(&exclude.span());
            let until = exclude.get_ref().until.map(|day| day.0);
            let (value, exclude) = lines.checked(exclude, checked_exclude)?;
            match until.filter(|day| *day < surroundings.today) {
                Some(day) => project.ended.push(format!(
                    "line {line}: the exclude of `{value}` ended on {day} and no longer counts ({})",
                    shown_text(&exclude.reason)
                )),
                None => project.excludes.push(exclude),
            }
        }
        Ok(project)
    }
}

fn authorities(file: &Path) -> Result<Authorities> {
    let read = || Authorities::of_pem(text_file::read(file, MOST)?.as_bytes());
    read().with_context(|| format!("cannot use `{}`", shown(file)))
}

/// What is left out, and before it the text that says so, for people.
fn checked_exclude(written: WrittenExclude) -> Result<(String, Exclude)> {
    let WrittenExclude { host, url, regex, text, file, reason, until: _ } = written;
    let reason = reason.trim().to_owned();
    ensure!(!reason.is_empty(), "an exclude needs its `reason`");
    let ways = [("host", host), ("url", url), ("regex", regex), ("text", text), ("file", file)];
    let mut given = ways.into_iter().filter_map(|(way, value)| Some((way, value?)));
    let (Some((way, value)), None) = (given.next(), given.next()) else {
        return Err(anyhow!("an exclude has one of `host`, `url`, `regex`, `text` and `file`"));
    };
    ensure!(!value.is_empty(), "`{way}` is empty");
    let shown_value = shown_text(&value);
    let what = match way {
        "host" => host::name_alone(&value).map(Left::Host),
        "url" => glob(&value).map(Left::Addresses),
        "regex" => Regex::new(&value).map(Left::Pattern).map_err(anyhow::Error::new),
        "text" => glob(&value).map(Left::Texts),
        _ => glob(&value).map(Left::Files),
    };
    // What is said of a pattern repeats it.
    let what = what.map_err(|error| anyhow!(shown_lines(&error.to_string())));
    let what = what.with_context(|| format!("cannot use `{shown_value}`"))?;
    Ok((shown_value, Exclude { what, reason }))
}

/// Text of several lines that commands no terminal.
fn shown_lines(text: &str) -> String {
    text.lines().map(shown_text).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, today: &str) -> Result<Project> {
        let today = today.parse().expect("a day");
        let grants = Grants { given: &[], variable: &|_| None };
        Project::parse(text, Path::new(""), &Surroundings { today, grants })
    }

    #[test]
    fn an_exclude_counts_until_its_day_has_passed() {
        let text = "[[exclude]]\nurl = \"*\"\nreason = \"it moves\"\nuntil = 2027-02-28\n";

        let on = |today| {
            let project = parsed(text, today).expect("it is right");
            (project.excludes.len(), project.ended)
        };
        assert_eq!(on("2027-02-28"), (1, vec![]));
        let said = "line 1: the exclude of `*` ended on 2027-02-28 and no longer counts (it moves)";
        assert_eq!(on("2027-03-01"), (0, vec![said.to_owned()]));
    }

    #[test]
    fn every_mistake_is_shown_with_its_line() {
        let host = |rest: &str| format!("\n[host.\"a.example\"]\n{rest}\n");
        let exclude = |rest: &str| format!("\n[[exclude]]\n{rest}\n");
        for (text, said) in [
            ("\nmax-treads = 3\n".to_owned(), "line 2: unknown field `max-treads`"),
            ("timeout = 20\n".to_owned(), "line 1: invalid type: integer `20`, expected a string"),
            ("timeout = \"soon\"\n".to_owned(), "line 1: `` is not a whole number"),
            ("delay = \"99999999d\"\n".to_owned(), "line 1: longer than anybody waits"),
            ("max-threads = 0\n".to_owned(), "line 1: write a number from 1 to 10000"),
            ("retries = -1\n".to_owned(), "line 1: "),
            ("method = \"post\"\n".to_owned(), "line 1: unknown variant `post`"),
            ("ca-file = \"gone.pem\"\n".to_owned(), "line 1: cannot use `gone.pem`: No such file"),
            ("host = 1\n".to_owned(), "line 1: invalid type: integer `1`, expected a map"),
            ("a = \"\u{1b}[2J\n".to_owned(), "line 1: "),
            (host("secure = true"), "line 3: unknown field `secure`"),
            (host("headers = { a = 1 }"), "line 3: invalid type: integer `1`, expected a string"),
            (host("headers = { a = \"${A\" }"), "line 3: `${` needs its `}`"),
            (host("headers = { a = \"${1 2}\" }"), "line 3: `1 2` is no name of a variable"),
            (host("headers = { a = \"x\\ny\" }"), "line 3: it cannot be sent: "),
            (host("headers = { \"a b\" = \"x\" }"), "line 3: no header is called `a b`"),
            (host("headers = { Host = \"x\" }"), "line 3: `Host` is coool's own to send"),
            (host("headers = { a = \"x\", A = \"y\" }"), "line 3: `a` stands there twice"),
            (
                host("insecure = true\nheaders = { a = \"${A}\" }"),
                "line 2: a secret is for a host that can prove who it is: not with `insecure`",
            ),
            ("[host.\"https://a\"]\n".to_owned(), "line 1: write the host alone"),
            (exclude("url = \"*\""), "line 2: missing field `reason`"),
            (exclude("url = \"*\"\nreason = \" \""), "line 2: an exclude needs its `reason`"),
            (exclude("reason = \"x\""), "line 2: an exclude has one of `host`, `url`,"),
            (exclude("url = \"*\"\nhost = \"a\"\nreason = \"x\""), "line 2: an exclude has one of"),
            (exclude("url = \"\"\nreason = \"x\""), "line 2: `url` is empty"),
            (exclude("host = \"a:81\"\nreason = \"x\""), "line 2: cannot use `a:81`: write the"),
            (exclude("regex = \"(\"\nreason = \"x\""), "line 2: cannot use `(`: "),
            (exclude("regex = \"(\\u001b\"\nreason = \"x\""), "line 2: cannot use `(\\u{1b}`: "),
            (exclude("url = \"[\\u001b\"\nreason = \"x\""), "line 2: cannot use `[\\u{1b}`: "),
            (
                exclude("url = \"*\"\nreason = \"x\"\nuntil = \"2027-01-01\""),
                "line 5: invalid type: string",
            ),
            (
                exclude("url = \"*\"\nreason = \"x\"\nuntil = 2027-01-01T00:00:00Z"),
                "line 5: write a day, such as 2027-03-31",
            ),
        ] {
            let error = parsed(&text, "2027-01-01").expect_err(&text);
            let error = format!("{error:#}");
            assert!(error.starts_with(said), "{text}: {error}");
            assert!(!error.contains('\u{1b}'), "{error}");
        }
    }

    #[test]
    fn nesting_without_end_is_a_mistake_and_no_crash() {
        for text in [
            format!("a = {}", "[".repeat(1_000_000)),
            format!("a = {}", "{a=".repeat(300_000)),
            format!("{}x = 1", "a.".repeat(400_000)),
            format!("[a{}]", ".a".repeat(400_000)),
        ] {
            let error = parsed(&text, "2027-01-01").expect_err("nothing so deep is known");
            assert!(format!("{error:#}").len() < 1_000, "{error:#}");
        }
    }
}
