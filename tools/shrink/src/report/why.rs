//! Why a path stays, up to what was asked for; or what took it away.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use names::{Bytes, shown, shown_text};
use serde::Serialize;
use ui::numbers::Count;

use super::amount;
use crate::cli::{Format, Output};
use crate::ledger::{FilledLibrary, Kept, Ledger};
use crate::messages::VOICE;
use crate::reason::{Reason, Role};
use crate::sandbox::Use;

/// Writes the answer to standard output; `false` when the path is unknown.
pub(crate) fn write(ledger: &Ledger, path: &Path, output: &Output) -> io::Result<bool> {
    let answer = Answer::of(ledger, path);
    match output.format {
        Format::Json => super::json(&answer)?,
        Format::Text if output.quiet => {}
        Format::Text => write_text(ledger, path, &answer)?,
    }
    Ok(answer.known)
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Answer<'a> {
    path: Bytes,
    known: bool,
    kept: bool,
    /// From the path to what was asked for.
    chain: Vec<&'a Kept>,
    /// What took it away, where that is a policy.
    policy: Option<&'a str>,
    /// What of it nothing reaches, where that was filled.
    #[serde(skip_serializing_if = "Option::is_none")]
    filled: Option<&'a FilledLibrary>,
}

impl<'a> Answer<'a> {
    fn of(ledger: &'a Ledger, path: &Path) -> Self {
        let reasons = ledger.reasons();
        let mut chain: Vec<&Kept> = Vec::new();
        let mut at = Some(path.to_owned());
        while let Some(kept) = at.take().and_then(|path| reasons.get(path.as_path()).copied()) {
            // Reasons never run in a circle; a ledger that somebody wrote may.
            if chain.iter().any(|passed| passed.path == kept.path) {
                break;
            }
            chain.push(kept);
            at = next(&kept.reason);
        }
        // A link to a library stands for the library.
        let links = chain.iter().take_while(|kept| matches!(kept.reason, Reason::Way { .. }));
        let meant = chain.get(links.count());
        let filled = meant.zip(ledger.fill.as_ref());
        let filled = filled.and_then(|(meant, fill)| fill.library(meant.path.as_path()));
        let removed = ledger.removed.iter().find(|removed| removed.path.as_path() == path);
        Self {
            path: Bytes::of(path),
            known: removed.is_some() || !chain.is_empty(),
            kept: !chain.is_empty(),
            chain,
            policy: removed.and_then(|removed| removed.policy.as_deref()),
            filled,
        }
    }
}

fn next(reason: &Reason) -> Option<PathBuf> {
    match reason {
        Reason::Needed { by, .. } | Reason::Rule { by, .. } | Reason::Way { to: by } => {
            Some(by.as_path().to_owned())
        }
        _ => None,
    }
}

fn write_text(ledger: &Ledger, path: &Path, answer: &Answer) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if !answer.known {
        VOICE.note(&format!("`/{}` was never in this root", shown(path)));
        return Ok(());
    }
    if !answer.kept {
        let why = answer.policy.map_or_else(
            || "nothing that stays needs it".to_owned(),
            |policy| format!("the policy `{policy}` takes it away"),
        );
        return writeln!(out, "/{} is gone: {why}", shown(path));
    }
    for kept in &answer.chain {
        let path = shown(kept.path.as_path());
        writeln!(out, "/{path} {}", words(ledger, &kept.reason))?;
    }
    write_others(&mut out, ledger, &answer.chain)?;
    if let Some(filled) = answer.filled {
        writeln!(
            out,
            "/{}: {} of its {} functions, {}, are traps: nothing that stays reaches them \
             (reasoned, not proven)",
            shown(filled.path.as_path()),
            Count(filled.functions as u64),
            Count(filled.of as u64),
            amount(filled.bytes),
        )?;
    }
    Ok(())
}

/// Writes the other reasons of the path itself; those of what leads to it are theirs.
fn write_others(out: &mut impl Write, ledger: &Ledger, chain: &[&Kept]) -> io::Result<()> {
    /// A library may have hundreds; the ledger has them all.
    const SHOWN: usize = 10;
    let Some(kept) = chain.first() else {
        return Ok(());
    };
    let path = shown(kept.path.as_path());
    for reason in kept.also.iter().take(SHOWN) {
        writeln!(out, "/{path} also {}", words(ledger, reason))?;
    }
    match kept.also.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(out, "/{path} has {} more such reasons", Count(more as u64)),
    }
}

/// What stands after a path that stays.
fn words(ledger: &Ledger, reason: &Reason) -> String {
    let test = |number: usize| {
        let proof = number.checked_sub(1).and_then(|index| ledger.proofs.get(index));
        let run = proof.map_or("", |proof| &proof.baseline.test.run);
        format!("test {number}, `{}`", shown_text(run))
    };
    let path = |bytes: &Bytes| shown(bytes.as_path());
    match reason {
        Reason::Whole => "stays: no policy takes it away".to_owned(),
        Reason::Asked => "was asked for with --keep".to_owned(),
        Reason::Protected => "is protected by the policy file".to_owned(),
        Reason::Skeleton => "stays in every root".to_owned(),
        Reason::Meanwhile { what } => format!("was left as it is: {what}"),
        Reason::Test { test: number, what_for } => {
            let what_for = match what_for {
                Use::LookedAt | Use::LookedAtLink => "looked at",
                Use::Opened => "opened",
                Use::Executed => "run",
            };
            format!("was {what_for} by {}", test(*number))
        }
        Reason::Restored { test: number } => format!("was missed by {}", test(*number)),
        Reason::Rule { rule, by } => {
            format!("is kept by the rule “{rule}” because of /{}", path(by))
        }
        Reason::Way { to } => format!("leads to /{}", path(to)),
        Reason::Needed { by, role } => {
            let role = match role {
                Role::Library => "is a library of",
                Role::LaterLibrary => "may be loaded by",
                Role::Interpreter => "runs",
                Role::Command => "is a command in",
                Role::Mentioned => "is named in",
                Role::Part => "is read as a part of",
                Role::SamePackage => "came in the package of",
                Role::Dependency => "came in a package that is a dependency of that of",
            };
            format!("{role} /{}", path(by))
        }
    }
}
