//! Counts the instructions of a boot: time passes by a nanosecond with each of them, so the board's
//! own clock tells how many there were, the same number each time.
//!
//! A nanosecond in which the processor waits for a timer counts like an instruction. QEMU's
//! documentation: `docs/devel/tcg-icount`.

use anyhow::{Context, Result, ensure};

use super::Start;
use super::command::Clock;
use super::console::text;
use super::limit::Limit;
use super::picture::Picture;
use super::scratch::Scratch;
use crate::board::Counter;

/// So many lines are shown of a boot that did not end.
const LAST_LINES: usize = 4;
const NANOSECONDS: u128 = 1_000_000_000;

/// A counted boot.
#[derive(Debug)]
pub(crate) struct Counted {
    /// How many instructions there were from the reset to the end.
    pub(crate) instructions: u64,
    /// What the screen shows at the end, where there is a screen.
    pub(crate) picture: Option<Picture>,
    /// What the console said.
    pub(crate) said: String,
}

/// Boots until the machine stops itself, and counts.
pub(crate) fn instructions(start: &Start<'_>, scratch: &Scratch, limit: Limit) -> Result<Counted> {
    let machine = &start.manifest.machine;
    let counter = machine.counter.with_context(|| {
        ui::hinted(
            &format!("cannot count instructions on `{}`", start.manifest.board),
            "the board's description names no counter",
        )
    })?;
    let start = Start { clock: Clock::Instructions, ..start.clone() };
    let mut running = start.watched(scratch, limit)?;
    if let Err(error) = running.qmp.run_to_stop(limit) {
        let last = text::last_lines(&running.console.said(), LAST_LINES).join("\n    | ");
        return Err(error.context(ui::hinted(
            &format!("the measured boot did not end; the console's last lines:\n    | {last}"),
            "the kernel must find its first program, and stop when that ends: `panic=-1`, and a \
             driver that starts the board again",
        )));
    }
    let read = running.qmp.word_at(counter.address, limit)?;
    let seconds = match counter.seconds {
        Some(address) => Some(running.qmp.word_at(address, limit)?),
        None => None,
    };
    let picture = if machine.screen { Some(running.picture(limit)?) } else { None };
    let instructions = counter.nanoseconds(read, seconds)?;
    Ok(Counted { instructions, picture, said: running.console.said() })
}

impl Counter {
    /// The time that a reading tells, with the help of the clock that counts seconds: the counter
    /// alone begins again from nought.
    fn nanoseconds(&self, read: u32, seconds: Option<u32>) -> Result<u64> {
        ensure!(self.hertz > 0, "a counter of nought hertz tells no time");
        let hertz = u128::from(self.hertz);
        let round = 1_u128 << u32::BITS;
        let rounds = match seconds {
            // The seconds are behind by less than one, so half a round is near enough.
            Some(seconds) => {
                let ticks = u128::from(seconds) * hertz + hertz / 2;
                let ahead = ticks + round / 2;
                ahead.saturating_sub(u128::from(read)) / round
            }
            None => 0,
        };
        let ticks = rounds * round + u128::from(read);
        u64::try_from(ticks * NANOSECONDS / hertz).context("the boot took longer than can be told")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COUNTER: Counter = Counter { address: 0, hertz: 24_000_000, seconds: Some(4) };

    #[test]
    fn a_reading_tells_the_time() {
        assert_eq!(COUNTER.nanoseconds(24_000, None).expect("a time"), 1_000_000);
        assert_eq!(COUNTER.nanoseconds(24_000, Some(0)).expect("a time"), 1_000_000);
    }

    #[test]
    fn a_counter_that_began_again_is_put_right_by_the_seconds() {
        // 200 seconds are 4.8 thousand million ticks, of which 32 bits keep 505,032,704.
        let read = u32::try_from((200_u64 * 24_000_000) % (1 << 32)).expect("32 bits");
        assert_eq!(COUNTER.nanoseconds(read, Some(200)).expect("a time"), 200_000_000_000);
        assert_eq!(COUNTER.nanoseconds(read, None).expect("a time"), 21_043_029_333);
    }

    proptest! {
        #[test]
        fn every_time_is_told_right(ticks in 0..(u64::from(u32::MAX) * 24_000_000)) {
            let read = u32::try_from(ticks % (1 << 32)).expect("32 bits");
            let seconds = u32::try_from(ticks / 24_000_000).expect("seconds");
            let expected = u128::from(ticks) * NANOSECONDS / 24_000_000;
            let told = COUNTER.nanoseconds(read, Some(seconds)).expect("a time");
            prop_assert_eq!(u128::from(told), expected);
        }
    }
}
