//! Figures of several rounds: a median, and how far the rounds lay apart.

use serde::Serialize;

use super::measure::Sample;

/// One quantity over all rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Figure {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

/// What a program took, over all rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Figures {
    pub(super) cpu_seconds: Figure,
    pub(super) wall_seconds: Figure,
    pub(super) memory_bytes: Figure,
}

impl Figures {
    /// Sums up the rounds, of which there must be one at least.
    pub(super) fn of(samples: &[Sample]) -> Self {
        let figure = |quantity: fn(&Sample) -> f64| Figure::of(samples.iter().map(quantity));
        Self {
            cpu_seconds: figure(|sample| sample.cpu.as_secs_f64()),
            wall_seconds: figure(|sample| sample.wall.as_secs_f64()),
            memory_bytes: figure(|sample| sample.memory),
        }
    }
}

impl Figure {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Self { median, least: sorted[0], most: sorted[sorted.len() - 1] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_middle_ones() {
        assert_eq!(
            Figure::of([3.0, 1.0, 2.0].into_iter()),
            Figure { median: 2.0, least: 1.0, most: 3.0 }
        );
        assert_eq!(
            Figure::of([4.0, 1.0, 2.0, 8.0].into_iter()),
            Figure { median: 3.0, least: 1.0, most: 8.0 }
        );
        assert_eq!(Figure::of([5.0].into_iter()), Figure { median: 5.0, least: 5.0, most: 5.0 });
    }
}
