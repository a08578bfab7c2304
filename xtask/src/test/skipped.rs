//! What tests left out, for the last line of a run: green is not proven.
//!
//! Proof: `src/test/skipped.rs::what_was_left_out_is_counted_by_its_reason`

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// How often each reason was given.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Skipped {
    reasons: BTreeMap<String, usize>,
    /// What only a full run does.
    pub(super) left_to_full: usize,
}

impl Skipped {
    /// Reads what the tests kept: lines of a test's name, a tab, and a reason.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("cannot read `{}`, what tests left out", file.display()))?;
        let mut skipped = Self::default();
        for line in text.lines() {
            let reason = line.split_once('\t').map_or(line, |(_, reason)| reason);
            if reason == testkit::LEFT_TO_FULL {
                skipped.left_to_full += 1;
            } else {
                *skipped.reasons.entry(reason.to_owned()).or_default() += 1;
            }
        }
        Ok(skipped)
    }

    /// Whether something was not tested for want of a tool or a right.
    pub(super) fn is_wanting(&self) -> bool {
        !self.reasons.is_empty()
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons = self.reasons.iter().map(|(reason, count)| format!("{count} ({reason})"));
        let reasons: Vec<_> = reasons.collect();
        write!(
            text,
            "skipped: {}",
            if reasons.is_empty() { "none".into() } else { reasons.join(", ") }
        )
    }
}

/// Whether this is a machine that is there to test, which has to have all that is needed for it.
pub(super) fn nothing_may_be_wanting() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Skipped {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), text).expect("it can be written");
        Skipped::read(file.path()).expect("it can be read")
    }

    #[test]
    fn what_was_left_out_is_counted_by_its_reason() {
        let skipped = read("one\tno ptrace\ntwo\tno Btrfs\nthree\tno ptrace\nfour\t--full\n");

        assert_eq!(skipped.to_string(), "skipped: 1 (no Btrfs), 2 (no ptrace)");
        assert!(skipped.is_wanting());
        assert_eq!(skipped.left_to_full, 1);
    }

    #[test]
    fn what_is_left_to_the_long_proofs_is_not_wanting() {
        let skipped = read("four\t--full\n");

        assert_eq!(skipped.to_string(), "skipped: none");
        assert!(!skipped.is_wanting());
    }
}
