//! Proves what the screen shows.

use anyhow::Result;

use super::Bench;
use super::proof::Proof;
use crate::boot::{self, Drawn, Until};
use crate::machine::limit::Limit;
use crate::machine::picture::Picture;
use crate::machine::prompt::Ready;
use crate::promise::{Mark, PicturePromise, Reference};

/// Runs what draws, waits for the picture, and judges it.
pub(super) fn prove(
    bench: &Bench<'_>,
    ready: &mut Ready<'_>,
    promise: &PicturePromise,
) -> Result<(Vec<Proof>, Picture)> {
    prove_within(bench, ready, promise, bench.limit())
}

/// The same in less time.
pub(super) fn prove_within(
    bench: &Bench<'_>,
    ready: &mut Ready<'_>,
    promise: &PicturePromise,
    limit: Limit,
) -> Result<(Vec<Proof>, Picture)> {
    let until = if promise.moves { Until::Moves } else { Until::AtRest };
    let drawn = match &promise.run {
        Some(command) => {
            let before = ready.running.picture()?;
            let typed = ready.running.console.begin(command)?;
            boot::drawn(ready, Some((&typed, &before)), until, limit)?
        }
        None => boot::drawn(ready, None, until, limit)?,
    };
    let mut proofs = vec![judge_drawing(promise, &drawn)];
    proofs.extend(promise.marks.iter().map(|mark| judge_mark(promise, mark, &drawn.picture)));
    if let Some(reference) = &promise.reference {
        proofs.push(judge_reference(bench, promise, reference, &drawn.picture)?);
    }
    Ok((proofs, drawn.picture))
}

fn judge_drawing(promise: &PicturePromise, drawn: &Drawn) -> Proof {
    let sentence = format!("{} {}", name(promise), if promise.moves { "moves" } else { "draws" });
    let (width, height) = drawn.picture.size();
    let colours = drawn.picture.colours();
    let expected = format!("a picture of at least {} colours", promise.colours.max(2));
    let seen = format!("{width}×{height} pixels of {colours} colours");
    match &drawn.failure {
        Some(failure) => Proof::broken(sentence, expected, format!("{failure}; {seen}")),
        None if colours < promise.colours.max(2) => Proof::broken(sentence, expected, seen),
        None => Proof::kept(sentence),
    }
}

fn judge_mark(promise: &PicturePromise, mark: &Mark, picture: &Picture) -> Proof {
    let [left, top] = mark.at;
    let sentence = format!("{} has {} at {left}, {top}", name(promise), mark.colour);
    let (width, height) = picture.size();
    match picture.at(mark.at) {
        Some(colour) if colour.is_near(mark.colour, mark.within) => Proof::kept(sentence),
        Some(colour) => Proof::broken(
            sentence,
            format!("{} within {}", mark.colour, mark.within),
            colour.to_string(),
        ),
        None => Proof::broken(
            sentence,
            mark.colour.to_string(),
            format!("a picture of {width}×{height}, which has no such place"),
        ),
    }
}

fn judge_reference(
    bench: &Bench<'_>,
    promise: &PicturePromise,
    reference: &Reference,
    picture: &Picture,
) -> Result<Proof> {
    // A manifest stands beside its image.
    let folder = bench.options.image.parent().unwrap_or_else(|| ".".as_ref());
    let expected = Picture::from_png(&folder.join(&reference.file))?;
    let sentence = format!("{} equals `{}`", name(promise), reference.file.display());
    let allowed = pixels(&expected) * u64::from(reference.per_mille) / 1_000;
    let wanted = format!("at most {allowed} pixels that differ by more than {}", reference.within);
    Ok(match picture.differences(&expected, reference.within) {
        Some(count) if count as u64 <= allowed => Proof::kept(sentence),
        Some(count) => Proof::broken(sentence, wanted, format!("{count} pixels")),
        None => {
            let (width, height) = picture.size();
            Proof::broken(sentence, wanted, format!("another size, {width}×{height}"))
        }
    })
}

fn pixels(picture: &Picture) -> u64 {
    let (width, height) = picture.size();
    u64::from(width) * u64::from(height)
}

fn name(promise: &PicturePromise) -> String {
    promise.run.as_ref().map_or_else(|| "what runs at start".to_owned(), |run| format!("`{run}`"))
}
