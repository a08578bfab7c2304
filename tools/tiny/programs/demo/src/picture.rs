//! Pictures as text and as a number, for the tests to compare.

use std::string::String;

use crate::canvas::Canvas;

/// A line for each row, behind a bar, darker and brighter pixels as characters.
pub(crate) fn as_text(canvas: &Canvas<'_>) -> String {
    let mut text = String::new();
    for row in canvas.pixels().chunks_exact(canvas.whole().width as usize) {
        let line: String = row.iter().map(|&pixel| shade(pixel)).collect();
        text.push('|');
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// By green, which has the most bits.
fn shade(pixel: u16) -> char {
    let green = usize::from(pixel >> 5 & 63);
    char::from(b" .:-=+*#%@"[green * 10 / 64])
}

/// A number that is another one for nearly every other picture: FNV-1a of its pixels.
pub(crate) fn number(pixels: &[u16]) -> u64 {
    pixels.iter().fold(0xcbf2_9ce4_8422_2325, |number, &pixel| {
        (number ^ u64::from(pixel)).wrapping_mul(0x0100_0000_01b3)
    })
}
