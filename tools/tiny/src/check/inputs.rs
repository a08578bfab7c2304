//! Proves that what is done at the keyboard and with the mouse arrives.

use std::time::Duration;

use anyhow::Result;

use super::Bench;
use super::proof::Proof;
use crate::machine::console::{Silence, Typed};
use crate::machine::limit::Limit;
use crate::machine::prompt::Ready;
use crate::promise::InputPromise;

/// A program that does not say when it listens may still be opening its devices: what is sent is
/// sent again after this time.
const AGAIN: Duration = Duration::from_secs(2);

/// Runs what listens, sends, and waits for what it prints.
pub(super) fn prove(
    bench: &Bench<'_>,
    ready: &mut Ready<'_>,
    promise: &InputPromise,
) -> Result<Proof> {
    let limit = bench.limit();
    let typed = ready.running.console.begin(&promise.run)?;
    if let Some(text) = &promise.ready
        && let Err(silence) = ready.running.console.wait_for(&typed, text, limit)
    {
        return Ok(unheard(ready, promise, &typed, text, silence));
    }
    for text in promise.prints.as_slice() {
        if let Err(silence) = heard(ready, promise, &typed, text, limit)? {
            return Ok(unheard(ready, promise, &typed, text, silence));
        }
    }
    Ok(Proof::kept(sentence(promise)))
}

/// Sends until a text is printed.
fn heard(
    ready: &mut Ready<'_>,
    promise: &InputPromise,
    typed: &Typed,
    text: &str,
    limit: Limit,
) -> Result<Result<(), Silence>> {
    while !limit.has_passed() {
        match ready.running.console.wait_for(typed, text, Limit::after(Duration::ZERO)) {
            Err(Silence::Late) => {}
            known => return Ok(known),
        }
        for event in &promise.send {
            ready.running.send(event)?;
        }
        match ready.running.console.wait_for(typed, text, limit.or_after(AGAIN)) {
            Err(Silence::Late) => {}
            known => return Ok(known),
        }
    }
    Ok(Err(Silence::Late))
}

fn unheard(
    ready: &Ready<'_>,
    promise: &InputPromise,
    typed: &Typed,
    text: &str,
    silence: Silence,
) -> Proof {
    let printed = ready.running.console.printed(typed);
    let seen = format!("{silence}, after {:?}", printed.trim());
    Proof::broken(sentence(promise), format!("{text:?}"), seen)
}

fn sentence(promise: &InputPromise) -> String {
    let events: Vec<String> = promise.send.iter().map(ToString::to_string).collect();
    format!("`{}` hears {}", promise.run, events.join(", "))
}
