//! What each technique gains: the same recipe once more, without it.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::build::{Finished, Job};
use crate::measure;
use crate::recipe::Recipe;

/// What an image is larger by without a technique, and slower to start.
#[derive(Debug, Serialize)]
pub(crate) struct Gain {
    pub(crate) technique: String,
    pub(crate) says: String,
    /// Bytes of the image.
    pub(crate) bytes: i64,
    /// Instructions to the first program, where they can be counted.
    pub(crate) instructions: Option<i64>,
}

/// Builds the recipe without each of its techniques. `with` is what all of them come to.
pub(crate) fn of(job: &Job<'_>, recipe: &Recipe, with: &Finished) -> Result<Vec<Gain>> {
    let before = start(with)?;
    let mut gains = Vec::new();
    for technique in &recipe.techniques {
        let mut without = recipe.clone();
        without.techniques.retain(|other| other.name != technique.name);
        // Larger is what it is about.
        without.budget = None;
        let finished = Job { recipe: &without, ..*job }
            .run()
            .with_context(|| format!("cannot build without the technique `{}`", technique.name))?;
        let after = start(&finished)?;
        let bytes = difference(finished.manifest.image_size, with.manifest.image_size)?;
        let instructions = match (after, before) {
            (Some(after), Some(before)) => Some(difference(after, before)?),
            _ => None,
        };
        let says = technique.says.clone();
        gains.push(Gain { technique: technique.name.clone(), says, bytes, instructions });
    }
    Ok(gains)
}

/// Instructions to the first program.
fn start(finished: &Finished) -> Result<Option<u64>> {
    measure::start(&finished.image.bytes, &finished.manifest)
}

fn difference(after: u64, before: u64) -> Result<i64> {
    let signed = |number| i64::try_from(number).context("a number is too large");
    Ok(signed(after)? - signed(before)?)
}
