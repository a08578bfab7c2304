//! Finds the fewest files that a test is missing, by delta debugging.
//!
//! The algorithm is ddmin of Zeller and Hildebrandt, "Simplifying and isolating failure-inducing
//! input" (2002), turned around: the smallest part of what was removed with which the test comes to
//! the same again.

/// Reduces `candidates`, with all of which `passes` holds, to few with which it still does.
///
/// At most `most_runs` runs are made; what is left then is enough, if not the fewest.
pub(crate) fn fewest<T: Clone, E>(
    candidates: Vec<T>,
    most_runs: usize,
    mut passes: impl FnMut(&[T]) -> Result<bool, E>,
) -> Result<Vec<T>, E> {
    let mut enough = candidates;
    let mut parts = 2;
    let mut runs = 0;
    while enough.len() >= 2 && runs < most_runs {
        let size = enough.len().div_ceil(parts);
        let mut smaller = None;
        for start in (0..enough.len()).step_by(size) {
            let end = (start + size).min(enough.len());
            let chunk = enough[start..end].to_vec();
            let rest = [&enough[..start], &enough[end..]].concat();
            runs += 1;
            if passes(&chunk)? {
                smaller = Some((chunk, 2));
                break;
            }
            // Of two halves the rest is the other half, whose turn comes anyway.
            if parts > 2 {
                runs += 1;
                if passes(&rest)? {
                    smaller = Some((rest, parts - 1));
                    break;
                }
            }
            if runs >= most_runs {
                return Ok(enough);
            }
        }
        match smaller {
            Some((fewer, next)) => {
                enough = fewer;
                parts = next;
            }
            None if parts >= enough.len() => break,
            None => parts = (parts * 2).min(enough.len()),
        }
    }
    Ok(enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(all: u32, needed: &[u32], most_runs: usize) -> Vec<u32> {
        let passes = |part: &[u32]| Ok::<_, ()>(needed.iter().all(|one| part.contains(one)));
        fewest((0..all).collect(), most_runs, passes).expect("no run fails")
    }

    #[test]
    fn only_what_is_needed_remains() {
        assert_eq!(found(1000, &[713], 500), [713]);
        assert_eq!(found(1000, &[3, 500, 999], 500), [3, 500, 999]);
        assert_eq!(found(2, &[0, 1], 500), [0, 1]);
        assert_eq!(found(1, &[0], 500), [0]);
    }

    #[test]
    fn whatever_remains_is_enough() {
        for most_runs in 0..40 {
            let enough = found(300, &[7, 77, 277], most_runs);
            assert!([7, 77, 277].iter().all(|one| enough.contains(one)));
        }
    }
}
