//! What came of a test, in parts that can be compared one by one.

use std::collections::{BTreeMap, BTreeSet};

use names::shown_text;
use serde::{Deserialize, Serialize};

use crate::sandbox::{Observed, Output, Written, without_numbers};

/// The parts by name: `end`, `standard output`, `file etc/x` and so on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Aspects(BTreeMap<String, Aspect>);

/// A part: hashes to compare, and the beginning of it to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Aspect {
    exact: String,
    /// The hash of the same with every number taken as one.
    without_numbers: String,
    shown: String,
}

/// How much of a part is the same each time, the steadiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Steadiness {
    /// All of it.
    Exact,
    /// All but numbers, such as times.
    WithoutNumbers,
    /// Not even that: it is not compared.
    Unsteady,
}

/// A part that is not what it was in the full root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Difference {
    /// Which part.
    pub(crate) part: String,
    /// What it was in the full root.
    pub(crate) expected: String,
    /// What it was in the small one.
    pub(crate) found: String,
}

impl Aspects {
    pub(crate) fn of(observed: &Observed) -> Self {
        let mut aspects = Self::default();
        aspects.add_output("", &observed.output);
        if let Some(client) = &observed.client {
            aspects.add_output("client's ", client);
        }
        for (path, written) in &observed.written {
            let name = format!("file {}", names::shown(path.as_path()));
            aspects.0.insert(name, Aspect::of_written(written));
        }
        aspects
    }

    fn add_output(&mut self, whose: &str, output: &Output) {
        let ending = output.ending.to_string();
        self.0.insert(format!("{whose}end"), Aspect::plain(ending));
        for (name, text) in
            [("standard output", &output.stdout), ("standard error", &output.stderr)]
        {
            self.0.insert(format!("{whose}{name}"), Aspect::of_text(&text.0));
        }
    }

    /// Which parts are the same in another run of the same.
    pub(crate) fn steadiness(&self, other: &Self) -> BTreeMap<String, Steadiness> {
        let names = self.0.keys().chain(other.0.keys());
        let of = |name: &String| match (self.0.get(name), other.0.get(name)) {
            (Some(one), Some(two)) if one.exact == two.exact => Steadiness::Exact,
            (Some(one), Some(two)) if one.without_numbers == two.without_numbers => {
                Steadiness::WithoutNumbers
            }
            _ => Steadiness::Unsteady,
        };
        names.map(|name| (name.clone(), of(name))).collect()
    }

    /// What differs, as far as it is steady. A part that never occurred before was steadily absent.
    pub(crate) fn differences(
        &self,
        found: &Self,
        steadiness: &BTreeMap<String, Steadiness>,
    ) -> Vec<Difference> {
        let names: BTreeSet<_> = self.0.keys().chain(found.0.keys()).collect();
        let differs = |name: &&String| {
            let pair = (self.0.get(*name), found.0.get(*name));
            match (steadiness.get(*name), pair) {
                (Some(Steadiness::Unsteady), _) => false,
                (None, _) if has_chance_name(name, steadiness) => false,
                (Some(Steadiness::WithoutNumbers), (Some(one), Some(two))) => {
                    one.without_numbers != two.without_numbers
                }
                (_, (one, two)) => one.map(|one| &one.exact) != two.map(|two| &two.exact),
            }
        };
        let shown = |aspects: &Self, name: &String| {
            aspects.0.get(name).map_or_else(|| "nothing".to_owned(), |aspect| aspect.shown.clone())
        };
        names
            .into_iter()
            .filter(differs)
            .map(|name| Difference {
                part: name.clone(),
                expected: shown(self, name),
                found: shown(found, name),
            })
            .collect()
    }

    /// A part, for people.
    pub(crate) fn shown(&self, part: &str) -> &str {
        self.0.get(part).map_or("", |aspect| &aspect.shown)
    }
}

/// Whether a file that never occurred before is one of those whose names change from run to run, as
/// `mkstemp` makes them: such a one stood beside it, with as long a name that begins the same.
fn has_chance_name(name: &str, steadiness: &BTreeMap<String, Steadiness>) -> bool {
    /// `mkstemp` is told to change six letters, some programs change four.
    const CHANGED: usize = 4;
    let Some((parent, file)) = name.rsplit_once('/') else {
        return false;
    };
    let alike = |other: &str| {
        let common = other.bytes().zip(file.bytes()).take_while(|(one, two)| one == two).count();
        other.len() == file.len() && (common + CHANGED).min(file.len()) >= file.len() / 2
    };
    steadiness.iter().any(|(known, how)| {
        let beside = known.rsplit_once('/').filter(|(directory, _)| *directory == parent);
        *how == Steadiness::Unsteady && beside.is_some_and(|(_, other)| alike(other))
    })
}

impl Aspect {
    fn of_text(text: &[u8]) -> Self {
        /// So much of a text tells a reader what it is about.
        const SHOWN: usize = 2000;
        let loose = without_numbers(text, &mut false);
        let beginning = &text[..text.len().min(SHOWN)];
        Self {
            exact: blake3::hash(text).to_hex().to_string(),
            without_numbers: blake3::hash(&loose).to_hex().to_string(),
            shown: shown_lines(&String::from_utf8_lossy(beginning)),
        }
    }

    fn of_written(written: &Written) -> Self {
        match written {
            Written::File { mode, digest, without_numbers } => Self {
                exact: format!("{mode:o} {digest}"),
                without_numbers: format!("{mode:o} {without_numbers}"),
                shown: format!("a file with mode {mode:o} and content {}", &digest[..12]),
            },
            Written::Directory(mode) => Self::plain(format!("a directory with mode {mode:o}")),
            Written::Link(text) => {
                Self::plain(format!("a link to {}", names::shown(text.as_path())))
            }
            Written::Removed => Self::plain("removed".to_owned()),
            Written::Other => Self::plain("a pipe, socket or device".to_owned()),
        }
    }

    fn plain(text: String) -> Self {
        Self { exact: text.clone(), without_numbers: text.clone(), shown: text }
    }
}

fn shown_lines(text: &str) -> String {
    text.lines().map(shown_text).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_chance_are_told_from_new_names() {
        let unsteady = |name: &str| (name.to_owned(), Steadiness::Unsteady);
        let known = BTreeMap::from([unsteady("file tmp/install_W0sM.txt")]);
        assert!(has_chance_name("file tmp/install_KFrh.txt", &known));
        assert!(!has_chance_name("file etc/install_KFrh.txt", &known));
        assert!(!has_chance_name("file tmp/install_KFrh", &known));
        assert!(!has_chance_name("file tmp/0123456789abcdef0", &known));
        assert!(!has_chance_name("standard output", &known));
    }

    fn aspects(parts: &[(&str, &str)]) -> Aspects {
        let of =
            |(name, text): &(&str, &str)| ((*name).to_owned(), Aspect::of_text(text.as_bytes()));
        Aspects(parts.iter().map(of).collect())
    }

    #[test]
    fn what_changes_from_run_to_run_proves_nothing() {
        let first = aspects(&[("a", "same"), ("b", "at 10:01"), ("c", "x7f"), ("d", "gone")]);
        let second = aspects(&[("a", "same"), ("b", "at 10:59"), ("c", "q")]);
        let steadiness = first.steadiness(&second);
        let small = aspects(&[("a", "other"), ("b", "at 11:00"), ("c", "z"), ("e", "new")]);

        let differences = first.differences(&small, &steadiness);

        let parts: Vec<_> = differences.iter().map(|one| one.part.as_str()).collect();
        assert_eq!(parts, ["a", "e"]);
        assert_eq!(differences[1].expected, "nothing");
    }
}
