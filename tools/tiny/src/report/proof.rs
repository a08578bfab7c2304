//! Shows the proofs of an image.

use anyhow::{Context, Result};

use super::FORMAT;
use crate::check::grouped;
use crate::check::proof::{Checked, Proof};
use crate::messages::VOICE;

/// For people.
pub(crate) fn text(checked: &Checked) -> String {
    let Checked { image, recipe, board, memory, .. } = checked;
    let mut text = format!("{image}: {recipe} on {board} with {memory} of memory\n");
    text.extend(checked.proofs.iter().map(proof));
    if let Some(times) = &checked.boot {
        let (median, least, most) = (times.median, times.least, times.most);
        text += &format!("boot to the prompt: {median:.2} s");
        text += &format!(" ({least:.2} to {most:.2} s in {} boots)\n", times.boots);
    }
    for counted in &checked.instructions {
        text += &format!("instructions to {}: {}\n", counted.to, grouped(counted.count));
    }
    for least in &checked.least_memory {
        text += &format!("least memory for a {}: {}\n", least.to, least.memory);
    }
    let kept = checked.proofs.iter().filter(|proof| proof.is_kept).count();
    text + &format!("{kept} of {} promises are kept\n", checked.proofs.len())
}

fn proof(proof: &Proof) -> String {
    let mark = if proof.is_kept { "kept  " } else { "BROKEN" };
    let mut text = format!("  {mark}  {}\n", proof.promise);
    for (name, what) in
        [("expected", &proof.expected), ("seen", &proof.seen), ("hint", &proof.hint)]
    {
        if let Some(what) = what {
            text += &format!("          {name}: {}\n", what.replace('\n', "\n      "));
        }
    }
    text
}

/// For programs.
pub(crate) fn json(checked: &Checked) -> Result<String> {
    let text = serde_json::to_string_pretty(&VOICE.document(FORMAT, checked))
        .context("cannot write the proofs as JSON")?;
    Ok(text + "\n")
}
