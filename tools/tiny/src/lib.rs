//! Builds a whole small Linux in one bootable file from a recipe, boots it and proves that it works.
//!
//! `recipe → sources → kernel, userland → cpio → image → boot → proof`. The same recipe and the same
//! sources give the same bits.

pub mod cli;
pub mod messages;

#[allow(dead_code, reason = "nothing asks for an audit yet")]
mod audit;
mod board;
mod kernel;

use anyhow::Result;
use ui::Ended;

use cli::Cli;

/// Does what the command line asks for.
pub fn run(cli: &Cli) -> Result<Ended> {
    let _ = cli;
    for name in board::names() {
        board::Board::named(name)?;
    }
    Ok(Ended::Done)
}
