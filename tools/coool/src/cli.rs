//! The command line: these doc comments are the help and the man page.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, ValueEnum, ValueHint};

use crate::document::limits::Bound;

/// Finds broken links in office documents, says on which page, and mends them
///
/// coool reads OpenDocument, Office Open XML, PDF, EPUB, HTML and Markdown, checks every link
/// inside and outside the document, and says where each broken one stands and what it should
/// probably be. A folder stands for all documents in it.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that is given or not")]
#[command(name = "coool", version, max_term_width = 100, after_long_help = AFTER_HELP)]
pub struct Cli {
    /// Documents, and folders to look through for documents
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath, required = true)]
    pub paths: Vec<PathBuf>,

    /// Write the proposals that are sure into the documents; a backup is kept beside each
    #[arg(long)]
    pub fix: bool,

    /// With --fix: ask about each of the other proposals
    #[arg(long, requires = "fix", conflicts_with = "dry_run")]
    pub review: bool,

    /// With --fix: write all proposals, likely ones too
    #[arg(long, requires = "fix", conflicts_with = "review")]
    pub all: bool,

    /// With --fix: show what would be written, write nothing
    #[arg(short = 'n', long, requires = "fix")]
    pub dry_run: bool,

    /// List all links, check none
    #[arg(long, conflicts_with = "fix")]
    pub list: bool,

    /// What the repository says.
    #[command(flatten)]
    pub project: Project,

    /// What is checked.
    #[command(flatten)]
    pub scope: Scope,

    /// How the network is asked.
    #[command(flatten)]
    pub network: Network,

    /// How the result is shown.
    #[command(flatten)]
    pub output: Output,
}

/// What the repository says.
#[derive(Debug, Args)]
#[command(next_help_heading = "What the repository says")]
pub struct Project {
    /// Use this file instead of the nearest `coool.toml` in this folder and those above
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// Use no `coool.toml`
    #[arg(long, conflicts_with = "config")]
    pub no_config: bool,

    /// Let `coool.toml` send the environment variable VARIABLE to HOST
    ///
    /// Without this, a file that somebody else wrote sends nothing of your environment anywhere.
    #[arg(long, value_name = "VARIABLE=HOST", value_parser = parse_secret)]
    pub secret: Vec<(String, String)>,

    /// Fail only for links that are not in FILE, which knows what is broken
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["fix", "list"])]
    pub baseline: Option<PathBuf>,

    /// Write into the baseline what is broken now
    #[arg(long, requires = "baseline")]
    pub write_baseline: bool,
}

/// What is checked.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is checked")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that is given or not")]
pub struct Scope {
    /// Check the files too that a document loads: images, media, templates, linked sections
    #[arg(long)]
    pub resources: bool,

    /// Ask nobody: check only what is on this machine
    #[arg(long)]
    pub offline: bool,

    /// Leave out links to HOSTS, separated by blanks
    #[arg(short = 'x', long, value_name = "HOSTS")]
    pub exclude_hosts: Vec<String>,

    /// Leave out addresses that match GLOB; `*` stands for any text
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,

    /// Leave out addresses in which REGEX is found
    #[arg(long, value_name = "REGEX")]
    pub exclude_regex: Vec<String>,

    /// Leave out links whose words match GLOB
    #[arg(long, value_name = "GLOB")]
    pub exclude_text: Vec<String>,

    /// In folders, leave out files and folders that match GLOB
    #[arg(long, value_name = "GLOB")]
    pub exclude_file: Vec<String>,

    /// Check addresses that begin with FROM as if they began with TO
    #[arg(long, value_name = "FROM=TO")]
    pub remap: Vec<String>,

    /// Read doc, xls, ppt, rtf and xlsb too, as LibreOffice converts them
    ///
    /// It works on copies, runs no macros and asks no network. Its addresses cannot be written back.
    #[arg(long)]
    pub with_libreoffice: bool,

    /// Follow links to files outside the document's folder
    #[arg(long)]
    pub allow_outside: bool,

    /// Raise or lower a limit: part, document, ratio, entries, depth, token, links or page
    ///
    /// Documents are not trusted. Sizes are in bytes, with K, M or G for powers of 1024.
    #[arg(long, value_name = "NAME=NUMBER", value_parser = parse_limit)]
    pub limit: Vec<(Bound, u64)>,
}

/// How the network is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "How the network is asked")]
pub struct Network {
    /// Requests at the same time, to all hosts together [default: 100]
    #[arg(short = 't', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub max_threads: Option<u16>,

    /// Requests at the same time, to one host [default: 5]
    #[arg(short = 'r', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub max_requests_per_host: Option<u16>,

    /// Least time between two requests to one host, such as 500ms or 2s [default: 0]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub delay: Option<Duration>,

    /// Longest time for one request [default: 20s]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub timeout: Option<Duration>,

    /// Second looks, at the end of the run, at what failed for the moment [default: 1]
    #[arg(long, value_name = "N")]
    pub retries: Option<u32>,

    /// What coool calls itself
    #[arg(long, value_name = "TEXT")]
    pub user_agent: Option<String>,

    /// Ask this name server instead of the system's
    #[arg(long, value_name = "ADDRESS", value_parser = parse_name_server)]
    pub name_server: Option<std::net::SocketAddr>,

    /// Remember answers in the user's cache folder, and believe those of the last TIME
    ///
    /// Without a TIME, a day. Only what was found in order is believed.
    #[arg(long, value_name = "TIME", value_parser = parse_time, num_args = 0..=1, default_missing_value = "1d", require_equals = true)]
    pub cache: Option<Duration>,

    /// For broken pages, ask the Internet Archive for a copy to propose
    ///
    /// With an ADDRESS, another service that answers the archive's question `available`.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "https://archive.org/wayback/available", require_equals = true)]
    pub archive: Option<url::Url>,
}

/// How the result is shown.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that is given or not")]
#[command(next_help_heading = "What is shown")]
pub struct Output {
    /// The form of the result
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// Write the result to FILE instead of standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// With --format html: show the pages and slides on which links are broken
    ///
    /// LibreOffice draws them where it is installed, the first twenty, without macros and network.
    #[arg(long, conflicts_with = "fix")]
    pub pictures: bool,

    /// Show the links in order, too
    #[arg(short, long)]
    pub verbose: bool,

    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Touch `.NAME.checked` beside each document without broken links
    #[arg(short, long)]
    pub status: bool,

    /// Say on standard error what is being done
    #[arg(short, long)]
    pub debug: bool,
}

/// A form of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One document with every link
    Json,
    /// A line for each link
    Jsonl,
    /// A row for each link
    Csv,
    /// A test for each document, a failure for each broken link
    Junit,
    /// For code scanning
    Sarif,
    /// Annotations, as the log of GitHub Actions and of those like it shows them
    Github,
    /// A report of code quality for GitLab
    Gitlab,
    /// A table for each document
    Markdown,
    /// A page to look at
    Html,
}

const AFTER_HELP: &str = "\
Exit status:
  0  no broken link
  1  there are broken links
  2  something could not be read or checked; a message says what and why

Files:
  coool.toml  in the folder or one above, up to that of the repository: what a team has agreed on,
              such as excludes with a reason, headers for hosts and rates
  ~/.cooolrc  options as `name = value`, with `_` for `-`: verbose, status, debug, max_threads,
              max_requests_per_host, exclude_hosts

Examples:
  coool manual.odt                       check one document
  coool --format html -o links.html docs check a folder, with a report to look at
  coool --fix --dry-run manual.odt       what coool would put right
  coool --fix manual.odt                 do it; manual.odt.bak is the old one
  coool --fix --review manual.odt        and ask about what is only likely
  coool --baseline known.json docs       fail only for what is not in known.json";

/// Reads `name=number`, with K, M or G for powers of 1024.
fn parse_limit(text: &str) -> Result<(Bound, u64), String> {
    let (name, number) = text.split_once('=').ok_or("write it as NAME=NUMBER")?;
    let names = Bound::ALL.map(Bound::name);
    let bound = Bound::ALL
        .into_iter()
        .find(|bound| bound.name() == name)
        .ok_or_else(|| format!("no limit is called `{name}`: use {}", names.join(", ")))?;
    let digits = number.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit: u64 = match &number[digits.len()..] {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        other => return Err(format!("unknown unit `{other}`: use K, M or G")),
    };
    let number: u64 = digits.parse().map_err(|_| format!("`{digits}` is not a whole number"))?;
    Ok((bound, number.checked_mul(unit).ok_or("larger than any document")?))
}

/// Reads a time: `500ms`, `20s`, `20`, `5m`, `12h`, `7d`.
pub(crate) fn parse_time(text: &str) -> Result<Duration, String> {
    /// Ten years, which no clock of the system runs over.
    const LONGEST: u64 = 3_660 * 86_400 * 1_000;
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| format!("`{digits}` is not a whole number"))?;
    let milliseconds = match &text[digits.len()..] {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        other => return Err(format!("unknown unit `{other}`: use ms, s, m, h or d")),
    };
    let time = number.checked_mul(milliseconds).filter(|time| *time <= LONGEST);
    time.map(Duration::from_millis).ok_or_else(|| "longer than anybody waits".to_owned())
}

/// Reads `VARIABLE=HOST`.
fn parse_secret(text: &str) -> Result<(String, String), String> {
    let both = text.split_once('=').filter(|(name, host)| !name.is_empty() && !host.is_empty());
    let (name, host) = both.ok_or("write it as VARIABLE=HOST")?;
    Ok((name.to_owned(), host.to_owned()))
}

/// Reads `192.0.2.1` or `192.0.2.1:5353`.
fn parse_name_server(text: &str) -> Result<std::net::SocketAddr, String> {
    let with_port = text.parse();
    with_port
        .or_else(|_| text.parse().map(|address: std::net::IpAddr| (address, 53).into()))
        .map_err(|_| "write it as an IP address, such as 192.0.2.1".to_owned())
}
