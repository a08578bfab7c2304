//! clink's stop: what it would save in `/usr`, then a copy of a toolchain made smaller for real.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::Verdict;
use crate::commands;

use super::{Journey, input, proof};

pub(super) fn visit(journey: &Journey) -> Result<Verdict> {
    let clink = journey.tool("clink");
    look_at_the_machine(&clink)?;
    let input = input::copy(&journey.cache, &journey.scratch)?;
    println!("\n-- {}, linked for real", input.what);
    let proof = proof::run(&clink, &input.tree)?;
    print!("\n{proof}");
    Ok(proof.verdict())
}

/// Everybody has a `/usr`; a dry run needs no rights and changes nothing.
fn look_at_the_machine(clink: &Path) -> Result<()> {
    println!("-- this machine's own /usr: what clink would save, and what it would leave alone");
    println!("$ clink --dry-run /usr");
    let status = commands::status(Command::new(clink).args(["--dry-run", "/usr"]))?;
    match status.code() {
        Some(0) => Ok(()),
        Some(2) => {
            eprintln!("some of /usr could not be read; the figures are for the rest");
            Ok(())
        }
        _ => bail!("`clink --dry-run /usr` failed: {status}"),
    }
}
