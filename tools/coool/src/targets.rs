//! What a link can lead to in a document: each format has its own rules.

use std::fmt::Debug;

use crate::address::Jump;

/// What links can lead to in one document.
pub trait Targets: Debug + Send + Sync {
    /// Looks for a place, by the rules of the programs that open such documents.
    fn find(&self, jump: &Jump) -> Found;
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
    fn find(&self, _: &Jump) -> Found {
        Found::Unknown
    }
}

/// The candidate that is most like a name, where one is like it at all: the same but for capitals
/// and blanks, or a few letters apart.
pub fn nearest<'name>(
    wanted: &str,
    candidates: impl IntoIterator<Item = &'name str>,
) -> Option<&'name str> {
    /// Below this, a likeness is chance: `Costs` and `Cost` have 0.8, `Costs` and `Notes` 0.4.
    const ALIKE: f64 = 0.6;
    /// Comparing costs the product of the lengths.
    const MOST_LETTERS: usize = 200;
    /// More names are not compared letter by letter.
    const MOST_NAMES: usize = 20_000;
    let plain = |name: &str| {
        name.chars()
            .filter(|letter| letter.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .take(MOST_LETTERS)
            .collect::<String>()
    };
    let wanted = plain(wanted);
    let mut best = None;
    let mut best_score = ALIKE;
    for candidate in candidates.into_iter().take(MOST_NAMES) {
        let score = strsim::normalized_damerau_levenshtein(&wanted, &plain(candidate));
        if score > best_score {
            best = Some(candidate);
            best_score = score;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_differs_least_is_nearest() {
        let names = ["Introduction", "Costs", "Installation"];

        assert_eq!(nearest("costs", names), Some("Costs"));
        assert_eq!(nearest("Instalation", names), Some("Installation"));
        assert_eq!(nearest("Weather", names), None);
    }
}
