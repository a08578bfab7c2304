//! What a link can lead to in a document: each format has its own rules.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt::Debug;

use crate::address::Jump;
use crate::proposal::Proposal;

pub(crate) mod counts;

/// What links can lead to in one document.
pub trait Targets: Debug + Send + Sync {
    /// Looks for a place, by the rules of the programs that open such documents.
    /// The speller looks for what was perhaps meant.
    fn find(&self, jump: &Jump, speller: &Speller) -> Found;

    /// What stands behind `#` in a link to the one heading with these words.
    fn heading(&self, _words: &str) -> Option<&str> {
        None
    }
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
        /// The name that was perhaps meant, as it would stand behind `#`.
        nearest: Option<Proposal>,
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
    /// The candidate that is most like a name, where one is like it at all and no other as much:
    /// the same but for capitals and blanks, or a few letters apart. What counts is never apart.
    pub fn nearest<'name>(
        &self,
        wanted: &str,
        candidates: impl IntoIterator<Item = &'name str>,
    ) -> Option<Proposal> {
        /// Below this, a likeness is chance: `Costs` and `Cost` have 0.8, `Costs` and `Notes` 0.4.
        const ALIKE: f64 = 0.6;
        /// What it costs to see what counts in a name, for each of its letters.
        const COUNTING: usize = 200;
        if counts::is_mark(wanted) {
            return None;
        }
        let (letters, counted) = (Letters::of(wanted), counts::counting(wanted));
        let mut best: Option<&str> = None;
        let mut best_score = ALIKE;
        let mut alone = false;
        for candidate in candidates {
            let (score, cost) = letters.likeness(&Letters::of(candidate), best_score);
            self.patience.set(self.patience.get().checked_sub(cost)?);
            let is_better = score > best_score;
            let is_equal = best.is_some_and(|best| score >= best_score && best != candidate);
            if !(is_better || is_equal) {
                continue;
            }
            self.patience.set(self.patience.get().checked_sub(COUNTING * candidate.len())?);
            if counts::is_mark(candidate) || counts::counting(candidate) != counted {
                continue;
            }
            alone = is_better;
            (best, best_score) = (Some(candidate), score);
        }
        best.filter(|_| alone).map(|best| likely_or_sure(wanted, best))
    }
}

/// A slip may be another word; capitals and blanks make none.
fn likely_or_sure(wanted: &str, name: &str) -> Proposal {
    if plain(wanted) == plain(name) {
        return Proposal::sure(name, "it is the same but for capitals and blanks");
    }
    Proposal::likely(name, "it is spelled nearly so")
}

/// A name without what nobody hears: capitals, blanks, and what stands for a blank.
fn plain(name: &str) -> String {
    let heard = name.chars().filter(|letter| !letter.is_whitespace() && !"-_".contains(*letter));
    heard.flat_map(char::to_lowercase).collect()
}

/// The headings of a document, by their words.
#[derive(Debug, Default)]
pub(crate) struct Headings {
    /// What a link to each has behind `#`; None where there are several with these words, or where
    /// no link can lead there.
    known: HashMap<String, Option<String>>,
}

impl Headings {
    pub(crate) fn add(&mut self, words: &str, place: Option<String>) {
        let words = spaced(words);
        let place = place.filter(|_| !self.known.contains_key(&words));
        self.known.insert(words, place);
    }

    pub(crate) fn find(&self, words: &str) -> Option<&str> {
        self.known.get(&spaced(words))?.as_deref()
    }
}

/// Words with one blank between them.
fn spaced(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
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

    /// How alike two names are, at most 1, and what it cost to say so. What cannot reach the least
    /// is not compared.
    fn likeness(&self, other: &Self, least: f64) -> (f64, usize) {
        let cost = other.text.len() + 1;
        if !self.may_be_alike(other, least) {
            return (0.0, cost);
        }
        let score = strsim::normalized_damerau_levenshtein(&self.text, &other.text);
        (score, cost + self.text.len() * other.text.len())
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

        let nearest = |wanted| {
            let near = Speller::default().nearest(wanted, names);
            near.map(|near| format!("{} {}", near.confidence, near.address))
        };
        assert_eq!(nearest("costs").as_deref(), Some("sure Costs"));
        assert_eq!(nearest("Instalation").as_deref(), Some("likely Installation"));
        assert_eq!(nearest("Weather"), None);
    }

    #[test]
    fn of_two_that_are_equally_near_none_is_meant() {
        assert_eq!(Speller::default().nearest("Costs", ["Posts", "Hosts"]), None);
        assert_eq!(Speller::default().nearest("start", ["START", "Start"]), None);
    }

    /// A number in letters: digits are never apart.
    fn written_out(number: u32) -> String {
        number.to_string().bytes().map(|digit| char::from(digit - b'0' + b'k')).collect()
    }

    #[test]
    fn patience_ends() {
        let names: Vec<String> =
            (0..20_000_u32).map(|number| format!("section{}", written_out(number))).collect();
        let names = || names.iter().map(String::as_str);
        let speller = Speller::default();

        let found = (0..5_000).filter(|_| speller.nearest("sectoinr", names()).is_some()).count();

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
