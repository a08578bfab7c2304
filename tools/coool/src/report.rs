//! The result, for people and for programs.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result};

use crate::baseline::Comparison;
use crate::check::Checked;
use crate::cli::{Format, Output};
use crate::fix::{Applied, Plan};
use crate::messages::VOICE;
use crate::pictures::Pictures;

mod fixes;
mod github;
mod gitlab;
mod html;
mod junit;
mod markdown;
mod rows;
mod rule;
mod sarif;
mod table;
mod text;

pub(crate) use rows::shown_place;
use rows::{Row, Totals};

/// How much people are shown. Programs get everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What needs attention.
    Attention,
    /// Every link with its finding.
    Everything,
    /// Every link, and no finding, for nobody looked.
    List,
}

/// All that there is to report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome<'run> {
    pub(crate) checked: &'run [Checked],
    pub(crate) passed_over: &'run PassedOver,
    /// What became of what a baseline knows, where there is one.
    pub(crate) comparison: Option<&'run Comparison>,
    pub(crate) pictures: &'run Pictures,
}

/// Writes the result where the user wants it.
pub(crate) fn write(outcome: &Outcome, output: &Output, detail: Detail) -> Result<()> {
    to_output(output, |out| form(outcome, output.format, detail, out))?;
    let tells = matches!(output.format, Format::Text | Format::Json);
    if tells || output.quiet {
        return Ok(());
    }
    let said = [shown_passed_over(outcome.passed_over), shown_mended(outcome)];
    said.into_iter().flatten().for_each(|told| VOICE.note(&told));
    Ok(())
}

/// `2 links of the baseline are mended: …`; None where there is nothing to say.
fn shown_mended(outcome: &Outcome) -> Option<String> {
    let count: usize = outcome.comparison?.mended.values().sum();
    let links = if count == 1 { "link of the baseline is" } else { "links of the baseline are" };
    let told = format!("{count} {links} mended: `--write-baseline` takes them out of it");
    (count > 0).then_some(told)
}

/// How many documents of each kind were found in folders and cannot be read.
pub(crate) type PassedOver = BTreeMap<&'static str, usize>;

/// `not read: 2 doc, 1 rtf`; None where there is nothing to say.
fn shown_passed_over(passed_over: &PassedOver) -> Option<String> {
    let counts: Vec<String> =
        passed_over.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    (!counts.is_empty())
        .then(|| format!("not read: {} (`--with-libreoffice` reads them)", counts.join(", ")))
}

/// Whether the result itself says to the user's face what could not be read.
pub(crate) fn tells_problems(output: &Output) -> bool {
    output.format == Format::Text && output.output.is_none() && !output.quiet
}

/// Writes what was put right, or would be: as JSON where that is asked for, otherwise as text.
pub(crate) fn write_fixes(fixed: &[(Plan, Option<Applied>)], output: &Output) -> Result<()> {
    to_output(output, |out| match output.format {
        Format::Json | Format::Jsonl => fixes::json(fixed, out),
        _ => fixes::text(fixed, out),
    })
}

fn to_output(output: &Output, form: impl Fn(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let Some(path) = &output.output else {
        if output.quiet && output.format == Format::Text {
            return Ok(());
        }
        let mut out = BufWriter::new(io::stdout().lock());
        return form(&mut out).and_then(|()| out.flush()).context("cannot write the result");
    };
    let cannot = || format!("cannot write the result to `{}`", names::shown(path));
    files::output::write(path, form).with_context(cannot)
}

fn form(outcome: &Outcome, format: Format, detail: Detail, out: &mut dyn Write) -> io::Result<()> {
    let checked = outcome.checked;
    match format {
        Format::Text => text::write(outcome, detail, out),
        Format::Json => table::json(outcome, out),
        Format::Jsonl => table::jsonl(checked, out),
        Format::Csv => table::csv(checked, out),
        Format::Junit => junit::write(checked, out),
        Format::Sarif => sarif::write(outcome, out),
        Format::Github => github::write(outcome, out),
        Format::Gitlab => gitlab::write(checked, out),
        Format::Markdown => markdown::write(checked, detail, out),
        Format::Html => html::write(outcome, out),
    }
}

/// All links with their documents, in order.
fn rows(checked: &[Checked]) -> impl Iterator<Item = Row<'_>> {
    checked.iter().flat_map(|document| {
        document.links.iter().map(|(link, finding)| Row::of(document, link, finding))
    })
}

/// Text with the characters of XML and HTML written so that they mean themselves. What XML cannot
/// hold at all is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() && !matches!(letter, '\n' | '\t') => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}
