//! Proofs as values: what was expected, what was seen, and what was measured.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::manifest::Manifest;
use crate::size::Size;

/// Whether one promise is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Proof {
    /// What is promised.
    pub(crate) promise: String,
    /// Whether it is kept.
    pub(crate) is_kept: bool,
    /// What was expected, where it is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<String>,
    /// What was seen, where it is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seen: Option<String>,
    /// What to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

impl Proof {
    /// A promise that is kept.
    pub(crate) fn kept(promise: impl Into<String>) -> Self {
        let promise = promise.into();
        Self { promise, is_kept: true, expected: None, seen: None, hint: None }
    }

    /// A promise that is not kept.
    pub(crate) fn broken(
        promise: impl Into<String>,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Self {
        Self {
            is_kept: false,
            expected: Some(expected.into()),
            seen: Some(seen.into()),
            ..Self::kept(promise)
        }
    }

    /// With advice.
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// All proofs of an image, and what was measured on the way.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    /// The image.
    pub(crate) image: String,
    /// The name of the recipe.
    pub(crate) recipe: String,
    /// The name of the board.
    pub(crate) board: String,
    /// With how much memory it boots.
    pub(crate) memory: Size,
    /// One after the other.
    pub(crate) proofs: Vec<Proof>,
    /// From the start to the prompt, on the clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) boot: Option<Times>,
    /// Counted boots.
    pub(crate) instructions: Vec<Instructions>,
    /// How little memory is enough, where that was looked for.
    pub(crate) least_memory: Vec<Least>,
}

/// Times of several boots.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Times {
    /// How many.
    pub(crate) boots: usize,
    /// The shortest, in seconds.
    pub(crate) least: f64,
    /// The one in the middle.
    pub(crate) median: f64,
    /// The longest.
    pub(crate) most: f64,
}

/// The instructions of a boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Instructions {
    /// To what, such as `userspace`.
    pub(crate) to: &'static str,
    /// How many.
    pub(crate) count: u64,
}

/// The least memory that is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Least {
    /// For what, such as `shell`.
    pub(crate) to: &'static str,
    /// How much.
    pub(crate) memory: Size,
}

impl Checked {
    pub(crate) fn of(image: &Path, manifest: &Manifest) -> Self {
        Self {
            image: image.display().to_string(),
            recipe: manifest.recipe.clone(),
            board: manifest.board.clone(),
            memory: Size::of_bytes(manifest.memory),
            proofs: Vec::new(),
            boot: None,
            instructions: Vec::new(),
            least_memory: Vec::new(),
        }
    }

    /// Whether every promise is kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.proofs.iter().all(|proof| proof.is_kept)
    }
}

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort();
        let (least, most) = (times.first()?, times.last()?);
        Some(Self {
            boots: times.len(),
            least: least.as_secs_f64(),
            median: times[times.len() / 2].as_secs_f64(),
            most: most.as_secs_f64(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_by_their_middle_and_their_ends() {
        let times = Times::of([3, 1, 2].map(Duration::from_secs).to_vec());
        assert_eq!(times, Some(Times { boots: 3, least: 1.0, median: 2.0, most: 3.0 }));
        assert_eq!(Times::of(Vec::new()), None);
    }
}
