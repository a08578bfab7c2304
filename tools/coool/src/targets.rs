//! What a link can lead to in a document: each format has its own rules.

use std::cell::Cell;
use std::fmt::Debug;

use crate::address::Jump;

/// What links can lead to in one document.
pub trait Targets: Debug + Send + Sync {
    /// Looks for a place, by the rules of the programs that open such documents.
    /// The speller looks for what was perhaps meant.
    fn find(&self, jump: &Jump, speller: &Speller) -> Found;
}

/// Whether a place is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is.
    Yes,
    /// It is today, but the link holds only by chance; the reason.
    Fragile(String),
    /// It is not.
    No {
        /// What a reader would call what is missing, such as `no heading is called "Costs"`.
        reason: String,
        /// The nearest name that is there, as it would stand behind `#`.
        nearest: Option<String>,
    },
    /// Nobody can say: the rules of this format are not known to coool.
    Unknown,
}

/// The targets of a document into which no link leads.
#[derive(Debug)]
pub struct NoTargets;

impl Targets for NoTargets {
    fn find(&self, _: &Jump, _: &Speller) -> Found {
        Found::Unknown
    }
}

/// Finds names that are nearly right, as long as its patience lasts: a document with thousands of
/// broken links and thousands of names would otherwise take minutes.
#[derive(Debug)]
pub struct Speller {
    /// Letters that it is still willing to look at.
    patience: Cell<usize>,
}

impl Default for Speller {
    fn default() -> Self {
        /// Some two seconds of work.
        const PATIENCE: usize = 150_000_000;
        Self { patience: Cell::new(PATIENCE) }
    }
}

impl Speller {
    /// The candidate that is most like a name, where one is like it at all: the same but for
    /// capitals and blanks, or a few letters apart.
    pub fn nearest<'name>(
        &self,
        wanted: &str,
        candidates: impl IntoIterator<Item = &'name str>,
    ) -> Option<&'name str> {
        /// Below this, a likeness is chance: `Costs` and `Cost` have 0.8, `Costs` and `Notes` 0.4.
        const ALIKE: f64 = 0.6;
        let wanted = Letters::of(wanted);
        let mut best = None;
        let mut best_score = ALIKE;
        for candidate in candidates {
            let letters = Letters::of(candidate);
            let mut cost = letters.text.len() + 1;
            if wanted.may_be_alike(&letters, best_score) {
                cost += wanted.text.len() * letters.text.len();
                let score = strsim::normalized_damerau_levenshtein(&wanted.text, &letters.text);
                // The order of the candidates may be that of a hash table.
                let is_first = best.is_none_or(|best| candidate < best);
                if score > best_score || (score >= best_score && best.is_some() && is_first) {
                    best = Some(candidate);
                    best_score = score;
                }
            }
            self.patience.set(self.patience.get().checked_sub(cost)?);
        }
        best
    }
}

/// What counts of a name: letters and digits, all small.
struct Letters {
    text: String,
    length: usize,
    /// How often each letter occurs, by the last bits of its number.
    counts: [u8; 64],
}

impl Letters {
    fn of(name: &str) -> Self {
        /// Comparing costs the product of the lengths; the ends of long names do not count.
        const MOST: usize = 200;
        let mut letters = Self { text: String::new(), length: 0, counts: [0; 64] };
        let small = name.chars().filter(|letter| letter.is_alphanumeric());
        for letter in small.flat_map(char::to_lowercase).take(MOST) {
            letters.text.push(letter);
            letters.length += 1;
            letters.counts[letter as usize % 64] += 1;
        }
        letters
    }

    /// Whether the likeness can be more than a score: each letter that one name has and the other
    /// has not is a difference at least.
    #[expect(clippy::cast_precision_loss, reason = "names have at most 200 letters")]
    fn may_be_alike(&self, other: &Self, score: f64) -> bool {
        let longer = self.length.max(other.length);
        let shared: usize = std::iter::zip(self.counts, other.counts)
            .map(|(ours, theirs)| usize::from(ours.min(theirs)))
            .sum();
        longer > 0 && shared as f64 >= score * longer as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_name_that_differs_least_is_nearest() {
        let names = ["Introduction", "Costs", "Installation"];

        let nearest = |wanted| Speller::default().nearest(wanted, names);
        assert_eq!(nearest("costs"), Some("Costs"));
        assert_eq!(nearest("Instalation"), Some("Installation"));
        assert_eq!(nearest("Weather"), None);
    }

    #[test]
    fn patience_ends() {
        let names: Vec<String> = (0..20_000).map(|number| format!("section{number}")).collect();
        let names = || names.iter().map(String::as_str);
        let speller = Speller::default();

        let found = (0..5_000).filter(|_| speller.nearest("sectoin7", names()).is_some()).count();

        assert!((1..5_000).contains(&found), "{found}");
    }

    proptest! {
        #[test]
        fn nothing_that_is_alike_is_passed_over(one in "[abcé ]{0,12}", other in "[abcé ]{0,12}") {
            let (one, other) = (Letters::of(&one), Letters::of(&other));
            let score = strsim::normalized_damerau_levenshtein(&one.text, &other.text);
            prop_assert!(score <= 0.6 || one.length == 0 || one.may_be_alike(&other, 0.6));
        }
    }
}
