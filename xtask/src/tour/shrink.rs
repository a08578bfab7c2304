//! shrink's stop: a Debian root with a small web server is made small, proven by shrink, and then
//! asked for its page by the tour itself, beside the root of 2007 that was made small by hand.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::Verdict;
use crate::commands;

use super::Journey;
use super::promises::{self, Promise};

/// What was cut by hand in 2007, in bytes before and after; percentages are of these.
const BY_HAND: (u64, u64) = (74_000_000, 3_300_000);
/// What shrink promises for such a root.
const PERCENT_LESS: f64 = 93.0;

/// The page that Debian's nginx serves, in the root.
const PAGE: &str = "var/www/html/index.nginx-debian.html";

/// What the server has to do, as shrink is told.
const POLICY: &str = r#"[[test]]
run = "exec nginx -g 'daemon off;'"
client = "curl -si http://127.0.0.1/ | grep -v ^Date; curl -s http://127.0.0.1/nothing"
port = 80
"#;

/// The part of the ledger that counts here.
#[derive(Deserialize)]
struct Ledger {
    before: Size,
    after: Size,
    kept: Vec<serde_json::Value>,
    proofs: Vec<Proof>,
}

#[derive(Deserialize)]
struct Size {
    bytes: u64,
}

#[derive(Deserialize)]
struct Proof {
    differences: Vec<serde_json::Value>,
}

pub(super) fn visit(journey: &Journey) -> Result<Verdict> {
    let shrink = journey.tool("shrink");
    let full = root(&journey.workspace.target)?;
    let small = journey.scratch.join("small");
    let policy = journey.scratch.join("nginx.toml");
    fs::write(&policy, POLICY).context("cannot write the policy")?;

    println!("-- a Debian root with a small web server, and what could go");
    let map = journey.cache.join("root-before.html");
    run(&shrink, &["report".as_ref(), &full, "--map".as_ref(), &map])?;
    println!("\n-- made small, with the server at work");
    let words = ["make".as_ref(), full.as_path(), "-o".as_ref(), &small, "--policy".as_ref()];
    run(&shrink, &[&words[..], &[&policy]].concat())?;
    println!("\n-- one of its reasons, and the proof once more");
    run(&shrink, &["why".as_ref(), &small.join("usr/sbin/nginx")])?;
    let is_proven = run(&shrink, &["prove".as_ref(), &small]);

    let ledger = journey.scratch.join("small.shrink.json");
    let ledger = fs::read(&ledger).context("shrink left no ledger")?;
    let ledger: Ledger = serde_json::from_slice(&ledger).context("the ledger is none")?;
    println!();
    compare(&ledger);
    for (page, root) in [(map, &full), (journey.cache.join("root-after.html"), &small)] {
        let words = ["report".as_ref(), root.as_path(), "-q".as_ref(), "--map".as_ref(), &page];
        run(&shrink, &words)?;
        println!("the map to look at:   {}", page.display());
        promises::picture(&page, "1240,900")?;
    }

    println!("\nchecked from outside:");
    Ok(promises::show(&[
        Promise {
            words: "the small root is as small as the ledger says, and 93 % smaller",
            broken_at: sizes(&ledger, &full, &small)?,
        },
        Promise {
            words: "every file that stays has a reason",
            broken_at: unexplained(&ledger, &small)?,
        },
        Promise {
            words: "the test comes to the same, when it is made and when it is proven again",
            broken_at: unproven(&ledger, is_proven),
        },
        Promise {
            words: "run by the tour, without shrink, the small root serves the full root's page",
            broken_at: served(&full, &small)?,
        },
    ]))
}

/// The root as an archive; what was made once, for the tour or for a test, is there.
fn root(target: &Path) -> Result<PathBuf> {
    eprintln!("a Debian root with nginx; made once, it takes a minute …");
    testkit::roots::debian(target, "nginx", &["--variant=minbase", "--include=nginx"])
        .context("cannot make a Debian root")
}

fn run(shrink: &Path, words: &[&Path]) -> Result<()> {
    let mut command = Command::new(shrink);
    command.args(words);
    println!("$ {}", commands::line(&command));
    commands::run(&mut command)
}

fn compare(ledger: &Ledger) {
    let (before, after) = BY_HAND;
    let rows = [
        ("in 2007, by hand", before, after),
        ("today, by shrink", ledger.before.bytes, ledger.after.bytes),
    ];
    for (what, before, after) in rows {
        let less = percent_less(before, after);
        println!("{what}: {} → {} MB, {less:.1} % less", megabytes(before), megabytes(after));
    }
}

#[expect(clippy::cast_precision_loss, reason = "a table needs three digits")]
fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

#[expect(clippy::cast_precision_loss, reason = "a percentage needs three digits")]
fn percent_less(before: u64, after: u64) -> f64 {
    100.0 * (1.0 - after as f64 / before as f64)
}

/// Where sizes are other than the ledger says, or not what is promised.
fn sizes(ledger: &Ledger, full: &Path, small: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let listing = commands::output(Command::new("tar").arg("-tvf").arg(full))?;
    let before: u64 = listing.lines().filter_map(size_in_listing).sum();
    let after: u64 = files(small)?.iter().map(|(_, size)| size).sum();
    for (found, noted) in [(before, ledger.before.bytes), (after, ledger.after.bytes)] {
        if found != noted {
            faults.push(format!("the ledger says {noted} bytes, there are {found}"));
        }
    }
    let less = percent_less(before, after);
    if less < PERCENT_LESS {
        faults.push(format!("{less:.1} % less"));
    }
    Ok(faults)
}

/// What a line of tar's listing adds: the content of a file, or the text of a link.
fn size_in_listing(line: &str) -> Option<u64> {
    match line.as_bytes().first()? {
        b'-' => line.split_whitespace().nth(2)?.parse().ok(),
        b'l' => Some(line.split_once(" -> ")?.1.len() as u64),
        _ => None,
    }
}

/// Every name that is no directory, with what it adds: a file with several names counts once.
fn files(root: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    let mut directories = vec![PathBuf::new()];
    while let Some(directory) = directories.pop() {
        let full = root.join(&directory);
        let list = || format!("cannot list `{}`", full.display());
        for child in fs::read_dir(&full).with_context(list)? {
            let child = child.with_context(list)?;
            let path = directory.join(child.file_name());
            let metadata = child.metadata().with_context(list)?;
            if metadata.is_dir() {
                directories.push(path);
            } else {
                let counts = metadata.is_file() || metadata.is_symlink();
                let first = seen.insert(metadata.ino());
                files.push((path, if counts && first { metadata.len() } else { 0 }));
            }
        }
    }
    Ok(files)
}

fn unexplained(ledger: &Ledger, small: &Path) -> Result<Vec<String>> {
    let text = |kept: &serde_json::Value, key: &str| Some(kept.get(key)?.as_str()?.to_owned());
    let reasoned: BTreeSet<PathBuf> = ledger
        .kept
        .iter()
        .filter(|kept| text(kept, "because").is_some())
        .filter_map(|kept| Some(text(kept, "path")?.into()))
        .collect();
    let files = files(small)?.into_iter().filter(|(path, _)| !reasoned.contains(path));
    Ok(files.map(|(path, _)| path.display().to_string()).collect())
}

fn unproven(ledger: &Ledger, again: Result<()>) -> Vec<String> {
    let mut faults = Vec::new();
    if ledger.proofs.is_empty() {
        faults.push("nothing was proven".to_owned());
    }
    if ledger.proofs.iter().any(|proof| !proof.differences.is_empty()) {
        faults.push("the ledger says that it differs".to_owned());
    }
    faults.extend(again.err().map(|error| format!("{error:#}")));
    faults
}

/// Starts the server in a network of its own and asks for the page, without shrink.
fn served(full: &Path, small: &Path) -> Result<Vec<String>> {
    /// The device files are this machine's, as in any container.
    const SCRIPT: &str = "busybox ip link set lo up && mkdir -p \"$1/dev\" && \
        mount --rbind /dev \"$1/dev\" && chroot \"$1\" /usr/sbin/nginx && \
        curl -s --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1/";
    let page =
        commands::output(Command::new("tar").arg("-xOf").arg(full).arg(format!("./{PAGE}")))?;
    if !page.contains("nginx") {
        bail!("the full root has no page at `{PAGE}`");
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--pid", "--fork", "--kill-child"]);
    if !rustix::process::geteuid().is_root() {
        command.args(["--map-root-user", "--map-auto"]);
    }
    command.args(["sh", "-c", SCRIPT, "sh"]).arg(small);
    Ok(match commands::output(&mut command) {
        Ok(shown) if shown == page => Vec::new(),
        Ok(shown) => vec![format!("it serves {} bytes, not {}", shown.len(), page.len())],
        Err(error) => vec![format!("{error:#}")],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_adds_contents_and_texts_of_links_but_no_second_names() {
        let listing = "\
drwxr-xr-x root/root         0 2024-01-01 00:00 ./etc/
-rw-r--r-- root/root        12 2024-01-01 00:00 ./etc/motd
hrw-r--r-- root/root         0 2024-01-01 00:00 ./etc/same link to ./etc/motd
lrwxrwxrwx root/root         0 2024-01-01 00:00 ./lib -> usr/lib
crw-rw-rw- root/root       1,3 2024-01-01 00:00 ./dev/null";

        let sizes: Vec<_> = listing.lines().filter_map(size_in_listing).collect();

        assert_eq!(sizes, [12, 7]);
    }

    #[test]
    fn what_was_cut_by_hand_is_what_was_announced() {
        let (before, after) = BY_HAND;
        assert_eq!(format!("{:.1}", percent_less(before, after)), "95.5");
    }
}
