//! The loops per jiffy, which a kernel counts whenever it starts unless it is told.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use names::shown;

use crate::image::Image;
use crate::manifest::Manifest;
use crate::measure;

/// The symbol of the kernel that holds the number.
const SYMBOL: &str = "loops_per_jiffy";

/// Boots an image once and reads what it counted. Time passes by instructions, so that it is the same
/// number each time. Nothing where the board does not say how its memory is mapped.
pub(crate) fn per_jiffy(
    image: &Image,
    manifest: &Manifest,
    symbols: &Path,
    virtual_start: Option<u64>,
) -> Result<Option<u32>> {
    let Some(virtual_start) = virtual_start else {
        return Ok(None);
    };
    let text =
        fs::read_to_string(symbols).with_context(|| format!("cannot read `{}`", shown(symbols)))?;
    let Some(address) = address_of(SYMBOL, &text) else {
        return Ok(None);
    };
    let address = address.checked_sub(virtual_start).context("a symbol lies below the memory")?;
    measure::word_at_end(&image.bytes, manifest, address)
        .map(Some)
        .context("cannot count the loops per jiffy")
}

/// The address of a symbol in a `System.map`.
fn address_of(symbol: &str, text: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut words = line.split(' ');
        let (address, _, name) = (words.next()?, words.next()?, words.next()?);
        (name == symbol).then(|| u64::from_str_radix(address, 16).ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_found_by_its_whole_name() {
        let text = "c0300000 D loops_per_jiffy_old\nc0301234 D loops_per_jiffy\n";
        assert_eq!(address_of("loops_per_jiffy", text), Some(0xc030_1234));
        assert_eq!(address_of("jiffies", text), None);
    }
}
