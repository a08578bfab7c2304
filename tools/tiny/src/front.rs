//! Size against boot time over the compressors: which of them are worth choosing.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::build::Job;
use crate::compressor::Compressor;
use crate::measure;
use crate::recipe::Recipe;

/// An image of a compressor.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Point {
    pub(crate) compressor: Compressor,
    /// The image's size in bytes.
    pub(crate) bytes: u64,
    /// Instructions to the first picture, or to the first program where no picture is measured.
    pub(crate) instructions: u64,
    /// Whether no other is both smaller and quicker.
    pub(crate) is_on_front: bool,
}

/// Builds and boots the recipe with every compressor that its board knows.
pub(crate) fn of(job: &Job<'_>, recipe: &Recipe) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for compressor in recipe.board.compressors() {
        job.store.tell(&format!("building and booting with {compressor}"));
        let mut recipe = recipe.clone();
        recipe.budget = None;
        recipe.compressor = compressor;
        let finished = Job { recipe: &recipe, compressor, ..*job }.run()?;
        let instructions = measure::picture_or_start(&finished.image.bytes, &finished.manifest)?
            .context(ui::hinted(
                "the recipe does not say how its boots are measured",
                "add `userspace = { start = \"/bin/true\" }` below [check.instructions]",
            ))?;
        points.push(Point {
            compressor,
            bytes: finished.manifest.image_size,
            instructions,
            is_on_front: false,
        });
    }
    mark(&mut points);
    Ok(points)
}

/// Marks the Pareto front.
fn mark(points: &mut [Point]) {
    let all = points.to_vec();
    for point in points.iter_mut() {
        point.is_on_front = !all.iter().any(|other| {
            other.bytes <= point.bytes
                && other.instructions <= point.instructions
                && (other.bytes, other.instructions) != (point.bytes, point.instructions)
        });
    }
    points.sort_by_key(|point| (point.bytes, point.instructions));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(compressor: Compressor, bytes: u64, instructions: u64) -> Point {
        Point { compressor, bytes, instructions, is_on_front: false }
    }

    #[test]
    fn what_is_larger_and_slower_than_another_is_not_on_the_front() {
        let mut points = vec![
            point(Compressor::Lz4, 1_330, 201),
            point(Compressor::Xz, 967, 448),
            point(Compressor::Lzo, 1_237, 181),
        ];

        mark(&mut points);

        let front = points.iter().map(|point| (point.compressor, point.is_on_front));
        assert_eq!(
            front.collect::<Vec<_>>(),
            [(Compressor::Xz, true), (Compressor::Lzo, true), (Compressor::Lz4, false)]
        );
    }
}
