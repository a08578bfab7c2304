//! `coool.toml` as its author wrote it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use jiff::civil::Date;
use names::shown_text;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::value::Datetime;

use crate::cli::parse_time;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Written {
    pub(super) max_threads: Option<Count>,
    pub(super) max_requests_per_host: Option<Count>,
    pub(super) delay: Option<Time>,
    pub(super) timeout: Option<Time>,
    pub(super) retries: Option<u32>,
    pub(super) user_agent: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) method: Method,
    pub(super) ca_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(super) host: BTreeMap<String, Spanned<WrittenHost>>,
    #[serde(default)]
    pub(super) exclude: Vec<Spanned<WrittenExclude>>,
}

/// What holds for one host.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WrittenHost {
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) insecure: bool,
    pub(super) method: Option<Method>,
    pub(super) max_requests: Option<Count>,
    pub(super) delay: Option<Time>,
    pub(super) timeout: Option<Time>,
}

/// What is left out: one of the first five.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WrittenExclude {
    pub(super) host: Option<String>,
    pub(super) url: Option<String>,
    pub(super) regex: Option<String>,
    pub(super) text: Option<String>,
    pub(super) file: Option<String>,
    pub(super) reason: String,
    pub(super) until: Option<Day>,
}

/// How a page is asked for first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Method {
    /// Its head, and the page where that is refused.
    #[default]
    Head,
    /// The page.
    Get,
}

/// A number of requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count(pub(super) usize);

/// A time, written as on the command line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(pub(super) Duration);

/// A day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day(pub(super) Date);

/// Knows the lines of the file.
pub(super) struct Lines<'text> {
    pub(super) text: &'text str,
}

impl Lines<'_> {
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().get(..span.start).unwrap_or(self.text.as_bytes());
        1 + memchr::memchr_iter(b'\n', before).count()
    }

    /// A value as it is checked; a mistake is said with its line.
    pub(super) fn checked<T, C>(
        &self,
        value: Spanned<T>,
        check: impl FnOnce(T) -> Result<C>,
    ) -> Result<C> {
        let line = self.line(&value.span());
        check(value.into_inner()).with_context(|| format!("line {line}"))
    }
}

/// What the text of a file says. A mistake is said with its line and without the text itself, which
/// may command a terminal.
pub(super) fn written(text: &str, lines: &Lines) -> Result<Written> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let said = shown_text(error.message());
        match error.span() {
            Some(span) => anyhow!("line {}: {said}", lines.line(&span)),
            None => anyhow!(said),
        }
    })
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        let count = usize::try_from(number).ok().filter(|count| (1..=10_000).contains(count));
        count.map(Self).ok_or_else(|| D::Error::custom("write a number from 1 to 10000"))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_time(&text).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let written = Datetime::deserialize(deserializer)?;
        let day = written.date.filter(|_| written.time.is_none()).and_then(|date| {
            let [month, day] = [date.month, date.day].map(|number| i8::try_from(number).ok());
            Date::new(i16::try_from(date.year).ok()?, month?, day?).ok()
        });
        day.map(Self).ok_or_else(|| D::Error::custom("write a day, such as 2027-03-31"))
    }
}
