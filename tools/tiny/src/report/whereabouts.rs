//! Where the bytes and the instructions of an image went.

use std::io;

use super::count;
use crate::cli::Format;
use crate::gains::Gain;
use crate::manifest::Manifest;
use crate::part::Part;

/// Instructions to the first program and to the first picture, as far as the recipe says how to
/// count them.
#[derive(Debug, Default, serde::Serialize)]
pub(crate) struct Instructions {
    pub(crate) userspace: Option<u64>,
    pub(crate) picture: Option<u64>,
}

pub(crate) fn write(
    manifest: &Manifest,
    instructions: &Instructions,
    gains: &[Gain],
    format: Format,
) -> io::Result<()> {
    match format {
        Format::Json => super::json(&serde_json::json!({
            "image_size": manifest.image_size,
            "parts": manifest.parts,
            "instructions": instructions,
            "gains": gains,
        })),
        Format::Text => super::text(&text(manifest, instructions, gains)),
    }
}

fn text(manifest: &Manifest, instructions: &Instructions, gains: &[Gain]) -> String {
    let mut text = format!(
        "{}: {} bytes, packed by {}\n\nbytes before packing\n",
        manifest.recipe,
        count(manifest.image_size),
        manifest.compressor
    );
    let mut parts: Vec<&Part> = manifest.parts.iter().collect();
    parts.sort_by_key(|part| (std::cmp::Reverse(part.bytes), part.name.clone()));
    for part in parts {
        text.push_str(&format!("{:>12}  {}\n", count(part.bytes), part.name));
    }
    text.push_str("\ninstructions since reset\n");
    for (what, counted) in [
        ("to the first program", instructions.userspace),
        ("to the first picture", instructions.picture),
    ] {
        let counted = counted.map_or_else(|| "not counted".to_owned(), count);
        text.push_str(&format!("{counted:>12}  {what}\n"));
    }
    if !gains.is_empty() {
        text.push_str("\nwhat each technique gains: the image without it, less the image\n");
        for gain in gains {
            text.push_str(&format!(
                "{:>12} bytes  {:>16} instructions  {}: {}\n",
                signed(gain.bytes),
                gain.instructions.map_or_else(|| "not counted".to_owned(), signed),
                gain.technique,
                gain.says
            ));
        }
    }
    text
}

/// With a sign, and commas.
fn signed(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", count(number.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_have_a_sign() {
        assert_eq!(signed(-1234), "-1,234");
        assert_eq!(signed(1234), "1,234");
    }
}
