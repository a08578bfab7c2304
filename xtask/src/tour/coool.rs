//! coool's stop: documents in several formats with broken links of every kind, checked against a
//! server of this tour, put right, and shown as a page.

mod documents;
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::Verdict;

use super::Journey;
use super::promises::{self, Promise};

/// What coool says of an address, by document and address.
type Findings = BTreeMap<(String, String), Link>;

/// The part of coool's JSON document that counts here.
#[derive(Debug, Deserialize)]
struct Document {
    links: Vec<Link>,
}

#[derive(Debug, Clone, Deserialize)]
struct Link {
    document: String,
    url: String,
    verdict: String,
    proposal: Option<String>,
}

pub(super) fn visit(journey: &Journey) -> Result<Verdict> {
    let coool = journey.tool("coool");
    let folder = journey.scratch.join("links");
    let server = server::start();
    let expected = documents::write(&folder, &server)?;

    println!("-- a manual with links of every kind, and what coool says of it");
    let manual = check(&coool, &folder, &["manual.fodt"])?;
    println!("{manual}");
    let before = findings(&coool, &folder)?;
    let mut promises = vec![
        Promise {
            words: "every link of the manual has the verdict that it should have",
            broken_at: judged_otherwise(&expected, &before),
        },
        Promise {
            words: "a page has the same verdict in every format",
            broken_at: differing(&before),
        },
    ];

    println!("-- the manual put right, with all that coool proposes: what is only likely, too");
    println!("{}", check(&coool, &folder, &["--fix", "--all", "manual.fodt"])?);
    let after = findings(&coool, &folder)?;
    promises.push(Promise {
        words: "what was proposed leads where it should, and nothing else has changed",
        broken_at: not_mended(&before, &after),
    });

    let page = journey.cache.join("links.html");
    let output = page.to_str().context("the path of the page is not UTF-8")?;
    check(&coool, &folder, &["--format", "html", "--output", output, "."])?;
    println!("the page to look at: {}", page.display());
    promises::picture(&page, "1100,1400")?;

    println!("\nchecked, link by link, at {} links:", before.len());
    Ok(promises::show(&promises))
}

/// Runs coool in the folder; broken links are what it is there for.
fn check(coool: &Path, folder: &Path, arguments: &[&str]) -> Result<String> {
    promises::run(Command::new(coool).args(arguments).current_dir(folder))
}

fn findings(coool: &Path, folder: &Path) -> Result<Findings> {
    let text = check(coool, folder, &["--format", "json", "."])?;
    let document: Document = serde_json::from_str(&text).context("coool prints no JSON")?;
    let name = |link: &Link| link.document.trim_start_matches("./").to_owned();
    Ok(document.links.into_iter().map(|link| ((name(&link), link.url.clone()), link)).collect())
}

fn judged_otherwise(expected: &[(String, &str)], found: &Findings) -> Vec<String> {
    let mut otherwise = Vec::new();
    for (address, verdict) in expected {
        let found = found.get(&("manual.fodt".to_owned(), address.clone()));
        let found = found.map_or("not found", |link| &link.verdict);
        if found != *verdict {
            otherwise.push(format!("{address}: {found}, should be {verdict}"));
        }
    }
    otherwise
}

/// Pages of the web that do not have the same verdict everywhere.
fn differing(found: &Findings) -> Vec<String> {
    let mut verdicts: BTreeMap<&str, &Link> = BTreeMap::new();
    let mut differing = Vec::new();
    for ((document, address), link) in found {
        if !address.starts_with("http") {
            continue;
        }
        let first = verdicts.entry(address).or_insert(link);
        if first.verdict != link.verdict {
            differing.push(format!("{address} in {document}: {}", link.verdict));
        }
    }
    differing
}

fn not_mended(before: &Findings, after: &Findings) -> Vec<String> {
    let mut faults = Vec::new();
    for ((document, address), link) in before {
        let is_changed = document == "manual.fodt" && link.proposal.is_some();
        let now = if is_changed { link.proposal.as_ref().unwrap_or(address) } else { address };
        match after.get(&(document.clone(), now.clone())) {
            None => faults.push(format!("{address} in {document} is gone")),
            Some(now) if is_changed && now.verdict != "ok" => {
                faults.push(format!("{} in {document} is {}", now.url, now.verdict));
            }
            Some(_) => {}
        }
    }
    faults
}

/// What stands in a folder of the tour.
fn write_file(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write `{}`", path.display()))
}
