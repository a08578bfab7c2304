//! Finds the least memory that is enough, in steps of a megabyte.

use std::time::Duration;

use anyhow::Result;

use super::proof::{Checked, Least, Proof};
use super::{Bench, pictures};
use crate::machine::Start;
use crate::machine::limit::Limit;
use crate::machine::prompt::NoPrompt;
use crate::promise::PicturePromise;
use crate::size::{MEGABYTE, Size};

/// A boot that has too little memory hangs: it gets so many times what a good one takes.
const PATIENCE: f64 = 8.0;
/// And no less than this.
const LEAST_PATIENCE: Duration = Duration::from_secs(10);

/// Finds the least memory for a shell, and for the first picture where there is one.
pub(super) fn prove(bench: &Bench<'_>, checked: &mut Checked) -> Result<()> {
    let promised = bench.manifest.promises.least_memory;
    let patience = patience(checked);
    let shell = |memory| boots(bench, memory, None, patience);
    prove_one(bench, "shell", promised.shell, shell, checked)?;
    if let Some(picture) = bench.manifest.promises.pictures.first() {
        let draws = |memory| boots(bench, memory, Some(picture), patience);
        prove_one(bench, "picture", promised.picture, draws, checked)?;
    }
    Ok(())
}

fn prove_one(
    bench: &Bench<'_>,
    to: &'static str,
    promised: Option<Size>,
    works: impl FnMut(Size) -> Result<bool>,
    checked: &mut Checked,
) -> Result<()> {
    let Some(memory) = least(bench.manifest.memory / MEGABYTE, works)? else {
        let sentence = format!("the recipe's memory is enough for a {to}");
        checked.proofs.push(Proof::broken(sentence, "that it works", "that it does not"));
        return Ok(());
    };
    checked.least_memory.push(Least { to, memory });
    if let Some(promised) = promised {
        let sentence = format!("{promised} of memory is enough for a {to}");
        checked.proofs.push(if memory <= promised {
            Proof::kept(sentence)
        } else {
            Proof::broken(sentence, promised.to_string(), memory.to_string())
        });
    }
    Ok(())
}

/// The least number of megabytes that works, by halving: more of it is never worse.
fn least(most: u64, mut works: impl FnMut(Size) -> Result<bool>) -> Result<Option<Size>> {
    let (mut too_little, mut enough) = (0, most);
    if most == 0 || !works(Size::of_megabytes(most))? {
        return Ok(None);
    }
    while enough - too_little > 1 {
        let middle = too_little.midpoint(enough);
        if works(Size::of_megabytes(middle))? {
            enough = middle;
        } else {
            too_little = middle;
        }
    }
    Ok(Some(Size::of_megabytes(enough)))
}

/// Whether there is a prompt that answers with this much memory, and the picture, if one is asked
/// for.
fn boots(
    bench: &Bench<'_>,
    memory: Size,
    picture: Option<&PicturePromise>,
    patience: Duration,
) -> Result<bool> {
    let start = Start { memory, ..bench.start() };
    let limit = Limit::after(patience);
    let mut ready = match bench.boot_within(&start, limit) {
        Ok(ready) => ready,
        Err(error) => {
            error.downcast::<NoPrompt>()?;
            return Ok(false);
        }
    };
    match picture {
        Some(picture) => {
            let proofs = pictures::prove_within(bench, &mut ready, picture, limit)?.0;
            Ok(proofs.iter().all(|proof| proof.is_kept))
        }
        None => {
            let typed = ready.running.console.begin("echo enough")?;
            let output = ready.running.console.finish(&typed, limit);
            Ok(output.is_ok_and(|output| output.text.trim() == "enough"))
        }
    }
}

fn patience(checked: &Checked) -> Duration {
    let most = checked.boot.map_or(0.0, |times| times.most * PATIENCE);
    Duration::from_secs_f64(most).max(LEAST_PATIENCE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_least_that_works_is_found_in_a_few_boots(most in 1_u64..4_096, least_one: u64) {
            let wanted = least_one % most + 1;
            let mut boots = 0;
            let found = least(most, |memory| {
                boots += 1;
                Ok(memory >= Size::of_megabytes(wanted))
            });
            prop_assert_eq!(found.expect("an answer"), Some(Size::of_megabytes(wanted)));
            prop_assert!(boots <= 14);
        }
    }

    #[test]
    fn where_nothing_works_there_is_no_least() {
        assert_eq!(least(16, |_| Ok(false)).expect("an answer"), None);
        assert_eq!(least(0, |_| Ok(true)).expect("an answer"), None);
    }
}
