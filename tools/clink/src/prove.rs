//! `--prove`: a command comes to the same after the links as before, or they are taken back.
//!
//! Which links make the difference is found by halves: some are made, the command runs, and they are
//! taken back. Every time everything is looked at anew, for what came back has other inodes.
//!
//! Proof: `tests/prove.rs::the_links_that_change_what_a_command_prints_are_found_and_not_made`,
//! `tests/prove.rs::a_command_that_prints_something_else_each_time_proves_nothing`,
//! `tests/prove.rs::a_command_that_is_not_there_proves_nothing`,
//! `tests/prove.rs::a_proof_that_is_interrupted_takes_its_links_back`,
//! `tests/prove.rs::a_signal_to_clink_alone_ends_the_command_and_takes_the_links_back`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use duplicates::survey::Survey;
use exec::{Program, Stopped};
use names::shown;

use crate::cli::Cli;
use crate::messages::VOICE;
use crate::progress::Bar;
use crate::report::Done;
use crate::work;

/// What a test suite may take.
const LIMIT: Duration = Duration::from_hours(1);

/// The whole search for the links that a command allows.
struct Proof<'run> {
    cli: &'run Cli,
    bar: &'run Bar,
    command: &'run str,
    /// What it printed before the first link.
    before: Vec<u8>,
}

/// Replaces everything with which the command comes to the same. Nothing where somebody wanted it to
/// stop: then every link was taken back.
pub(crate) fn replace(cli: &Cli, command: &str, bar: &Bar) -> Result<Option<(Survey, Done)>> {
    match proven(cli, command, bar) {
        Err(error) if error.is::<Stopped>() => {
            bar.clear();
            VOICE.note("stopped before the end of the proof: no link stays");
            Ok(None)
        }
        proven => proven.map(Some),
    }
}

fn proven(cli: &Cli, command: &str, bar: &Bar) -> Result<(Survey, Done)> {
    let before = result_of(command, bar)?;
    must_have_run(command, &before)?;
    if result_of(command, bar)? != before {
        bail!(ui::hinted(
            &format!("`{command}` does not print the same twice, so it proves nothing"),
            "leave out what changes by itself, such as times and process numbers",
        ));
    }
    let proof = Proof { cli, bar, command, before };
    let survey = work::look(cli, bar)?;
    let all = survey.to_be_replaced();
    let done = work::replace(cli, &survey, bar)?;
    if proof.holds_or_takes_back(&done)? {
        return Ok((survey, done));
    }
    proof.without(&proof.harmful(&all)?)
}

impl Proof<'_> {
    fn holds(&self) -> Result<bool> {
        Ok(result_of(self.command, self.bar)? == self.before)
    }

    /// Whether the proof holds; where it does not, or nobody can tell, no link stays.
    fn holds_or_takes_back(&self, done: &Done) -> Result<bool> {
        let holds = self.holds();
        if !matches!(holds, Ok(true)) {
            take_back(done)?;
        }
        holds.context("the proof came to no end: every link was taken back")
    }

    /// Those of the paths that must not become links; all together they are known to be wrong.
    fn harmful(&self, paths: &[PathBuf]) -> Result<BTreeSet<PathBuf>> {
        let all = || paths.iter().cloned().collect();
        if paths.len() <= 1 {
            return Ok(all());
        }
        let mut found = BTreeSet::new();
        let (one, other) = paths.split_at(paths.len() / 2);
        for half in [one, other] {
            if !self.holds_with(half)? {
                found.extend(self.harmful(half)?);
            }
        }
        // Each half alone is right, both together are not.
        Ok(if found.is_empty() { all() } else { found })
    }

    /// Whether the command comes to the same with these links and no others.
    fn holds_with(&self, paths: &[PathBuf]) -> Result<bool> {
        let wanted: BTreeSet<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let mut survey = work::look(self.cli, self.bar)?;
        survey.keep_out(|path| !wanted.contains(path));
        let done = work::replace(self.cli, &survey, self.bar)?;
        let holds = self.holds();
        take_back(&done)?;
        if let Done::Replaced { outcome, .. } = &done
            && outcome.stopped
        {
            bail!("the proof was stopped before its end: every link was taken back");
        }
        holds
    }

    /// Makes all links but these, and looks once more.
    fn without(&self, harmful: &BTreeSet<PathBuf>) -> Result<(Survey, Done)> {
        let mut survey = work::look(self.cli, self.bar)?;
        survey.keep_out(|path| harmful.contains(path));
        let done = work::replace(self.cli, &survey, self.bar)?;
        if !self.holds_or_takes_back(&done)? {
            bail!("`{}` does not come to the same: every link was taken back", self.command);
        }
        self.bar.clear();
        for path in harmful {
            VOICE.note(&format!("a link at `{}` changes what the command prints", shown(path)));
        }
        Ok((survey, done))
    }
}

/// The shell's own exit codes: nothing was found by that name, or it is no program.
fn must_have_run(command: &str, printed: &[u8]) -> Result<()> {
    let failed = [&b"exit code 127"[..], b"exit code 126"];
    if failed.iter().any(|code| printed.trim_ascii_end().ends_with(code)) {
        bail!(ui::hinted(
            &format!(
                "a program in `{command}` was not found or cannot be run, so it proves nothing"
            ),
            "try the command by itself in this directory",
        ));
    }
    Ok(())
}

/// What a command prints, in the order in which it does, with its exit code.
fn result_of(command: &str, bar: &Bar) -> Result<Vec<u8>> {
    const SCRIPT: &str = "exec 2>&1; ( eval \"$1\" ); echo \"exit code $?\"";
    bar.proves();
    let mut shell = Program::new("sh", LIMIT);
    shell.args(["-c", SCRIPT, "sh", command]).stop(bar.to_stop());
    shell.output().with_context(|| format!("cannot run `{command}` for the proof"))
}

/// Takes everything back, whoever wishes to stop meanwhile, and removes the journal.
fn take_back(done: &Done) -> Result<()> {
    let Done::Replaced { journal: Some(journal), .. } = done else { return Ok(()) };
    let seen = work::seen(journal)?;
    let undone = work::take_back(journal, None, &())?;
    if let Some(problem) = undone.problems.first() {
        let again = format!("`clink --undo {}` tries again", shown(journal));
        bail!(ui::hinted(&format!("cannot take back all links: {problem}"), again));
    }
    work::remove(journal, seen)
        .with_context(|| format!("cannot remove the journal `{}`", shown(journal)))
}
