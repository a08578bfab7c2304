//! The compilers for a board, of packages that are unpacked and not installed: C with the library musl
//! or with the board's own, by this machine's cross compiler, and Rust without a library.

mod c;
mod rust;

pub(crate) use c::{C, compiler_version, cross, own_directories};
pub(crate) use rust::Rust;

use anyhow::Result;

use crate::recipe::Recipe;
use crate::sources::Wanted;
use crate::sources::apt::host_architecture;

/// Packages that the compilers of a recipe come from.
pub(crate) fn packages(recipe: &Recipe) -> Result<Vec<Wanted>> {
    let mut wanted = c::packages(recipe);
    if recipe.programs.iter().any(|program| program.rust.is_some()) {
        wanted.extend(rust::packages(&host_architecture()?));
    }
    Ok(wanted)
}
