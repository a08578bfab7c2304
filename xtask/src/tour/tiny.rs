//! tiny's stop: a whole graphical Linux in one file, from packages to a picture of it, beside the
//! demo of 2007.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::Verdict;

use super::Journey;
use super::promises::{self, Promise};

/// The demo of 2007: bytes of its one file, and megabytes of memory that it ran with.
const OF_2007: (u64, u64) = (2_100_000, 16);

/// What the demo may have in bytes.
const BUDGET: u64 = 800_000;

/// The part of `tiny check`'s document that counts here.
#[derive(Debug, Deserialize)]
struct Checked {
    proofs: Vec<Proof>,
    instructions: Vec<Counted>,
    least_memory: Vec<Least>,
}

#[derive(Debug, Deserialize)]
struct Proof {
    promise: String,
    is_kept: bool,
    seen: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Counted {
    to: String,
    count: u64,
}

#[derive(Debug, Deserialize)]
struct Least {
    to: String,
    memory: String,
}

pub(super) fn visit(journey: &Journey) -> Result<Verdict> {
    let tiny = journey.tool("tiny");
    let recipe = journey.workspace.root.join("tools/tiny/recipes/demo.toml");
    let image = journey.cache.join("demo.img");
    let picture = journey.cache.join("demo.png");
    let store = journey.cache.join("tiny-store");
    let lock = journey.cache.join("demo.lock");

    println!("-- one recipe, built from packages");
    let words = [
        "build".as_ref(),
        recipe.as_path(),
        "-o".as_ref(),
        &image,
        "--store".as_ref(),
        &store,
        "--lock".as_ref(),
        &lock,
    ];
    println!("{}", run(&tiny, &words)?);

    println!("-- booted, and what it promises proven");
    let words = ["check", "--least-memory", "--format", "json"].map(Path::new);
    let checked = run(&tiny, &[&words[..], &[&image]].concat())?;
    let checked: Checked = serde_json::from_str(&checked).context("tiny prints no JSON")?;
    let shot = ["--command".as_ref(), Path::new("fb-windows --frames 100 --hold")];
    let words = ["screenshot".as_ref(), image.as_path(), "-o".as_ref(), &picture];
    run(&tiny, &[&words[..], &shot].concat())?;
    println!("the picture to look at: {}\n", picture.display());

    let size = fs::metadata(&image).context("tiny wrote no image")?.len();
    beside(&checked, size);
    let broken = checked.proofs.iter().filter(|proof| !proof.is_kept);
    let broken = broken
        .map(|proof| format!("{}: {}", proof.promise, proof.seen.as_deref().unwrap_or("no")))
        .collect();
    let large = (size > BUDGET).then(|| format!("it has {size} bytes"));
    let promises = [
        Promise { words: "the demo keeps what its recipe promises", broken_at: broken },
        Promise { words: "it has at most 800,000 bytes", broken_at: large.into_iter().collect() },
    ];
    Ok(promises::show(&promises))
}

/// The figures of today beside those of 2007.
fn beside(checked: &Checked, size: u64) {
    println!("{:<34} {:>12} {:>12}", "", "2007", "today");
    println!("{:<34} {:>12} {size:>12}", "bytes of the one file", OF_2007.0);
    for Least { to, memory } in &checked.least_memory {
        let words = format!("memory, for a {to}");
        println!("{words:<34} {:>12} {memory:>12}", format!("{}M", OF_2007.1));
    }
    for Counted { to, count } in &checked.instructions {
        let words = format!("instructions to {to}");
        println!("{words:<34} {:>12} {count:>12}", "not known");
    }
    println!();
}

/// Runs tiny; that a promise is broken is a result.
fn run(tiny: &Path, words: &[&Path]) -> Result<String> {
    promises::run(Command::new(tiny).args(words))
}
