//! Boots an image for a person: `run`, `shell` and `screenshot`.

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ui::Ended;

use crate::cli;
use crate::machine::Start;
use crate::machine::command::Watcher;
use crate::machine::console::Typed;
use crate::machine::limit::Limit;
use crate::machine::picture::Picture;
use crate::machine::prompt::{self, NoPrompt, Ready};
use crate::machine::scratch::Scratch;
use crate::manifest::Manifest;
use crate::messages::VOICE;
use crate::size::Size;

/// How long a screen without a command may take to come to rest.
const SETTLE: Duration = Duration::from_secs(3);
/// How often a screen is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Boots an image with its console in this terminal.
pub(crate) fn run(options: &cli::Run) -> Result<Ended> {
    let manifest = Manifest::of(&options.image)?;
    let mut start = Start::of(&options.image, &manifest);
    if let Some(memory) = &options.memory {
        start.memory = memory.parse::<Size>()?;
    }
    let watcher = watcher(&manifest);
    if options.print_command {
        return print_command(&start, watcher);
    }
    in_terminal(&start, watcher)
}

fn print_command(start: &Start<'_>, watcher: Watcher<'_>) -> Result<Ended> {
    say(&format!("{}\n", start.boot(start.image, watcher).typed()?))?;
    Ok(Ended::Done)
}

fn in_terminal(start: &Start<'_>, watcher: Watcher<'_>) -> Result<Ended> {
    let status = start.in_terminal(&Scratch::new()?, watcher)?;
    ensure!(status.success(), "`{}` ended with {status}", start.manifest.machine.program);
    Ok(Ended::Done)
}

/// A person gets a window where the board has a screen and we have a display.
fn watcher(manifest: &Manifest) -> Watcher<'static> {
    let is_there = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if manifest.machine.screen && (is_there("DISPLAY") || is_there("WAYLAND_DISPLAY")) {
        Watcher::Window
    } else {
        Watcher::Terminal
    }
}

/// Opens a shell, or runs one command and ends as it did.
pub(crate) fn shell(options: &cli::Shell) -> Result<Ended> {
    let manifest = Manifest::of(&options.image)?;
    let Some(command) = &options.command else {
        return in_terminal(&Start::of(&options.image, &manifest), Watcher::Terminal);
    };
    let scratch = Scratch::new()?;
    let limit = Limit::after(Duration::from_secs(options.limit));
    let mut ready = at_prompt(&options.image, &manifest, &scratch, limit)?;
    let output = ready.running.console.run(command, limit)?;
    say(&output.text)?;
    Ok(Ended::As(output.code))
}

/// Takes a picture of the screen.
pub(crate) fn screenshot(options: &cli::Screenshot) -> Result<Ended> {
    let manifest = Manifest::of(&options.image)?;
    ensure!(manifest.machine.screen, "the board `{}` has no screen", manifest.board);
    let scratch = Scratch::new()?;
    let limit = Limit::after(Duration::from_secs(options.limit));
    let mut ready = at_prompt(&options.image, &manifest, &scratch, limit)?;
    let drawn = match &options.command {
        Some(command) => {
            let before = ready.running.picture()?;
            let typed = ready.running.console.begin(command)?;
            drawn(&mut ready, Some((&typed, &before)), Until::AtRest, limit)?
        }
        // What runs at start may draw nothing, and that is a picture, too.
        None => drawn(&mut ready, None, Until::AtRest, limit.or_after(SETTLE))?,
    };
    if let (Some(_), Some(failure)) = (&options.command, &drawn.failure) {
        VOICE.note(&format!("the picture is what there was at the end: {failure}"));
    }
    let picture = drawn.picture;
    picture.write_png(&options.output)?;
    Ok(Ended::Done)
}

fn at_prompt<'s>(
    image: &Path,
    manifest: &Manifest,
    scratch: &'s Scratch,
    limit: Limit,
) -> Result<Ready<'s>> {
    let start = Start::of(image, manifest);
    prompt::boot(&start, &manifest.promises.prompt, scratch, limit).map_err(|error| {
        let attempt = format!("cannot boot `{}` to its prompt", image.display());
        match error.downcast_ref::<NoPrompt>().map(|no_prompt| no_prompt.look_at) {
            Some(look_at) => error.context(ui::hinted(&attempt, look_at)),
            None => error.context(attempt),
        }
    })
}

/// What a picture is waited for to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// It is drawn and stays the same.
    AtRest,
    /// It is drawn and changes.
    Moves,
}

/// What came on a screen.
#[derive(Debug)]
pub(crate) struct Drawn {
    /// The last picture.
    pub(crate) picture: Picture,
    /// Why it is not what was waited for.
    pub(crate) failure: Option<String>,
}

/// Waits for what a command draws on what was there before, or what was drawn at start: QEMU shows
/// what is there at once, be it nothing yet.
pub(crate) fn drawn(
    ready: &mut Ready<'_>,
    command: Option<(&Typed, &Picture)>,
    until: Until,
    limit: Limit,
) -> Result<Drawn> {
    let mut last: Option<Picture> = None;
    loop {
        let picture = ready.running.picture()?;
        let is_other = command.is_none_or(|(_, before)| picture != *before);
        let is_drawn = is_other && ready.running.has_drawn(&picture);
        let is_same = last.as_ref() == Some(&picture);
        let is_enough = match until {
            Until::AtRest => is_same,
            Until::Moves => last.is_some() && !is_same,
        };
        if is_drawn && is_enough {
            return Ok(Drawn { picture, failure: None });
        }
        if let Some(failure) =
            why_not(ready, command.map(|(typed, _)| typed), is_drawn, until, limit)
        {
            return Ok(Drawn { picture, failure: Some(failure) });
        }
        last = is_drawn.then_some(picture);
        thread::sleep(LOOK);
    }
}

/// Why nothing more is to be waited for.
fn why_not(
    ready: &Ready<'_>,
    typed: Option<&Typed>,
    is_drawn: bool,
    until: Until,
    limit: Limit,
) -> Option<String> {
    let now = Limit::after(Duration::ZERO);
    if let Some(Ok(output)) = typed.map(|typed| ready.running.console.finish(typed, now))
        && output.code != 0
    {
        let said = output.text.trim();
        return Some(format!("the command ended with {}: {said}", output.code));
    }
    if !limit.has_passed() {
        return None;
    }
    Some(match (is_drawn, until) {
        (false, _) => "nothing was drawn in time".to_owned(),
        (true, Until::AtRest) => "it did not come to rest in time".to_owned(),
        (true, Until::Moves) => "it did not move".to_owned(),
    })
}

/// Writes to standard output.
pub(crate) fn say(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write the result")
}
