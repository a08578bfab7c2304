//! Boots an image until a command can be typed, and says what to look at when that fails.

use std::fmt::{self, Display};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::console::{Silence, text};
use super::limit::Limit;
use super::scratch::Scratch;
use super::{NotStarted, Running, Start};

/// So many lines are shown of a boot that failed.
const LAST_LINES: usize = 12;

/// A machine at its prompt.
#[derive(Debug)]
pub(crate) struct Ready<'a> {
    /// The machine.
    pub(crate) running: Running<'a>,
    /// How long it took on the clock.
    pub(crate) took: Duration,
}

/// Why there is no prompt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) struct NoPrompt {
    /// What happened.
    pub(crate) what: String,
    /// The last lines of the console.
    pub(crate) last: Vec<String>,
    /// What to look at.
    pub(crate) look_at: &'static str,
}

/// Boots until a line begins with the prompt. A failure of the image is [`NoPrompt`].
pub(crate) fn boot<'s>(
    start: &Start<'_>,
    prompt: &str,
    scratch: &'s Scratch,
    limit: Limit,
) -> Result<Ready<'s>> {
    let began = Instant::now();
    let mut running = start.watched(scratch).map_err(not_started)?;
    running.go()?;
    match running.console.wait_for_prompt(prompt, limit) {
        Ok(()) => Ok(Ready { running, took: began.elapsed() }),
        Err(silence) => {
            let no_prompt = explained(silence, &running.console.said(), &running.complaints());
            Err(no_prompt.into())
        }
    }
}

fn not_started(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<NotStarted>() {
        Some(reason) => NoPrompt {
            what: reason.to_string(),
            last: Vec::new(),
            look_at: "it is QEMU that refuses: `tiny run --print-command` shows what it is told",
        }
        .into(),
        None => error,
    }
}

fn explained(silence: Silence, said: &str, complaints: &str) -> NoPrompt {
    let last = text::last_lines(said, LAST_LINES);
    let panic = text::panic_line(said.as_bytes());
    let (what, look_at) = match (silence, panic) {
        (_, Some(line)) => (
            format!("the kernel panicked: {line}"),
            "the lines before the panic say what the kernel lacked: memory, a driver, or the \
             first program",
        ),
        (_, None) if last.is_empty() => (
            format!("the console said nothing at all: {silence}"),
            "look at the memory (an image needs room to unpack), at `console=` on the command \
             line, and at the driver of the console in the kernel",
        ),
        (Silence::Ended, None) => (
            "the machine stopped itself before there was a prompt".to_owned(),
            "look at the first program: it ended, or started the machine again",
        ),
        (_, None) => (
            format!("the console said something, but no prompt: {silence}"),
            "look at what runs at start, and whether the recipe's `prompt` is the one that the \
             shell shows",
        ),
    };
    let what = match complaints {
        "" => what,
        complaints => format!("{what}; QEMU said: {complaints}"),
    };
    NoPrompt { what, last, look_at }
}

impl Display for NoPrompt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.what)?;
        for line in &self.last {
            write!(formatter, "\n    | {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_shown_with_the_lines_before_it() {
        let said = "VFS: Cannot open root device\nKernel panic - not syncing: VFS: no root\n---[ \
                    end ]---\n";
        let no_prompt = explained(Silence::Panicked, said, "");
        assert_eq!(
            no_prompt.to_string(),
            "the kernel panicked: Kernel panic - not syncing: VFS: no root\n    | VFS: Cannot \
             open root device\n    | Kernel panic - not syncing: VFS: no root\n    | ---[ end ]---"
        );
        assert!(no_prompt.look_at.starts_with("the lines before the panic"));
    }

    #[test]
    fn silence_a_stop_and_a_missing_prompt_are_told_apart() {
        let what = |silence, said| explained(silence, said, "").what;
        assert_eq!(what(Silence::Late, "\n"), "the console said nothing at all: it took too long");
        assert_eq!(
            what(Silence::Ended, "Linux"),
            "the machine stopped itself before there was a prompt"
        );
        assert_eq!(
            what(Silence::Late, "Linux"),
            "the console said something, but no prompt: it took too long"
        );
        let complained = explained(Silence::Ended, "", "could not load kernel").what;
        assert!(complained.ends_with("QEMU said: could not load kernel"), "{complained}");
    }
}
