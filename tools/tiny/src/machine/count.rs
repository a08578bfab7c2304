//! Counts the instructions of a boot: time passes by a nanosecond with each of them, and QEMU, as if
//! it were to replay the boot, knows how many were executed, the same number each time.
//!
//! The board's own clock is near, but may be ahead: between a machine's stop and ours QEMU can skip
//! to the next timer, and does when this machine is busy. QEMU's documentation:
//! `docs/devel/tcg-icount` and `docs/system/replay`.

use anyhow::{Context, Result};
use serde_json::json;

use super::Start;
use super::command::Clock;
use super::console::text;
use super::limit::Limit;
use super::scratch::Scratch;

/// So many lines are shown of a boot that did not end.
const LAST_LINES: usize = 4;

/// A counted boot.
#[derive(Debug)]
pub(crate) struct Counted {
    /// How many instructions there were from the reset to the end.
    pub(crate) instructions: u64,
    /// Whether something is on the screen at the end.
    pub(crate) has_drawn: bool,
    /// What the console said.
    pub(crate) said: String,
}

/// Boots until the machine stops itself, and counts.
pub(crate) fn instructions(start: &Start<'_>, scratch: &Scratch, limit: Limit) -> Result<Counted> {
    let machine = &start.manifest.machine;
    let start = Start { clock: Clock::Instructions, ..start.clone() };
    let mut running = start.watched(scratch)?;
    if let Err(error) = running.qmp.run_to_stop(limit) {
        let last = text::last_lines(&running.console.said(), LAST_LINES).join("\n    | ");
        return Err(error.context(ui::hinted(
            &format!("the measured boot did not end; the console's last lines:\n    | {last}"),
            "the kernel must find its first program, and stop when that ends: `panic=-1`, and a \
             driver that starts the board again",
        )));
    }
    let replay = running.qmp.execute("query-replay", &json!({}), limit)?;
    let instructions = replay["icount"].as_u64().context("QEMU does not say what it counted")?;
    let has_drawn = machine.screen && {
        let picture = running.picture()?;
        running.has_drawn(&picture)
    };
    Ok(Counted { instructions, has_drawn, said: running.console.said() })
}
