//! Measures shrink at a Debian root with a web server: beside the test's own time, and beside tar,
//! which reads and writes the same root and decides nothing.
//!
//! There is no peer to race: what made container images small needs a container engine with
//! privileges.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;

use super::build;
use super::figures::Figures;
use super::host::{self, Requirement};
use super::measure::PageCache;
use super::race::{self, Contestant, LeftOut, Placing, Rules};
use super::report::{write_left_out, write_table, write_verdict};
use super::results::{Limit, Verdict, figures, verdict};

const SHRINK: &str = "shrink";
const READING: &str = "shrink report";
const TESTS: &str = "three runs of the test";
const TAR: &str = "tar, in and out";

/// What shrink may take beside three times the test's own time, and how much memory.
const SECONDS: f64 = 20.0;
const MEBIBYTES: f64 = 256.0;

const MADE_WITH: [Requirement; 1] = [Requirement { program: "mmdebstrap", package: "mmdebstrap" }];

/// Unpacks a root and packs it again; into a pipe, for tar reads nothing for `/dev/null`.
const IN_AND_OUT: &str =
    "rm -rf \"$2\" && mkdir \"$2\" && tar -C \"$2\" -xf \"$1\" && tar -C \"$2\" -c . | cat";

/// The server starts, and its page is read.
const TEST: &str = "nginx && bash -c 'exec 3<>/dev/tcp/127.0.0.1/80 && \
    printf \"GET / HTTP/1.0\\r\\n\\r\\n\" >&3 && grep title <&3'";

/// All that one run of the benchmark found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Of the document's form.
    version: u32,
    tool: &'static str,
    rounds: u32,
    root_bytes: u64,
    programs: Vec<Placing>,
    verdicts: Vec<Verdict>,
    left_out: Vec<LeftOut>,
}

/// Makes the root.
pub(super) fn prepare(directory: &Path) -> Result<()> {
    host::install(&MADE_WITH)?;
    let root = place(directory);
    if root.exists() {
        return Ok(());
    }
    host::say("making a Debian root with nginx");
    std::fs::create_dir_all(directory)
        .with_context(|| format!("cannot make `{}`", directory.display()))?;
    let fresh = directory.join("nginx-fresh.tar");
    let mut mmdebstrap = Command::new("mmdebstrap");
    mmdebstrap.args(["--quiet", "--variant=minbase", "--include=nginx", "bookworm"]);
    host::run(mmdebstrap.arg(&fresh))?;
    std::fs::rename(&fresh, &root).context("cannot keep the root")
}

fn place(directory: &Path) -> PathBuf {
    directory.join("nginx.tar")
}

/// Measures.
pub(super) fn run(directory: &Path, rounds: u32) -> Result<Report> {
    let root = place(directory);
    let root_bytes = std::fs::metadata(&root)
        .with_context(|| {
            format!("there is no root at `{}`: run with `--prepare` first", root.display())
        })?
        .len();
    let shrink = build::program(SHRINK)?;
    let scratch = tempfile::tempdir().context("cannot make a directory to work in")?;
    let unpacked = scratch.path().join("root");
    unpack(&root, &unpacked)?;
    host::say("measuring shrink");
    let contestants = contestants(&shrink, &root, &unpacked);
    let (programs, left_out) = race::run(contestants, Rules { rounds, cache: PageCache::Warm });
    let verdicts = judge(&programs);
    Ok(Report { version: 1, tool: SHRINK, rounds, root_bytes, programs, verdicts, left_out })
}

fn unpack(root: &Path, to: &Path) -> Result<()> {
    host::empty_directory(to)?;
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--exclude=./dev/*", "--file"]).arg(root).arg("--directory").arg(to);
    host::run(&mut tar)
}

fn contestants(shrink: &Path, root: &Path, unpacked: &Path) -> Vec<Contestant> {
    let mut make = Command::new(shrink);
    // A dry run does all of the work but the last rename, so it can be done again.
    make.args(["make", "--quiet", "--dry-run", "-o", "small.tar", "--test", TEST]);
    make.arg(root);
    let mut report = Command::new(shrink);
    report.args(["report", "--quiet"]).arg(root);
    // Two runs in the full root and one in the small one, which here is the same.
    let mut tests = Command::new(shrink);
    tests.args(["prove", "--quiet"]).arg(unpacked).arg("--against").arg(unpacked);
    tests.args(["--test", TEST]);
    let mut tar = Command::new("sh");
    tar.args(["-c", IN_AND_OUT, "sh"]).arg(root).arg(unpacked.with_extension("tar"));
    [(SHRINK, make), (READING, report), (TESTS, tests), (TAR, tar)]
        .map(|(name, command)| Contestant { name, command })
        .into()
}

fn judge(programs: &[Placing]) -> Vec<Verdict> {
    let (Some(shrink), Some(tests)) = (figures(programs, SHRINK), figures(programs, TESTS)) else {
        return Vec::new();
    };
    let seconds = shrink.wall_seconds.median - tests.wall_seconds.median;
    let mebibytes = shrink.memory_bytes.median / f64::from(1 << 20);
    vec![
        verdict(format!("seconds of shrink beyond {TESTS}"), Limit::AtMost(SECONDS), seconds),
        verdict("MiB of shrink".to_owned(), Limit::AtMost(MEBIBYTES), mebibytes),
    ]
}

impl Display for Report {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Self { rounds, root_bytes, .. } = self;
        let megabytes = root_bytes / 1_000_000;
        writeln!(out, "an archive of {megabytes} MB with nginx; rounds: {rounds}, medians")?;
        let titles = ["", "wall s", "min–max", "÷ tar", "CPU s", "MiB"];
        let mut rows = vec![titles.map(str::to_owned).to_vec()];
        let tar = figures(&self.programs, TAR);
        rows.extend(self.programs.iter().map(|placing| row(placing, tar)));
        write_table(out, &rows)?;
        for verdict in &self.verdicts {
            write_verdict(out, verdict)?;
        }
        self.left_out.iter().try_for_each(|program| write_left_out(out, program))
    }
}

fn row(placing: &Placing, tar: Option<&Figures>) -> Vec<String> {
    let Figures { wall_seconds: wall, cpu_seconds: cpu, memory_bytes: memory } = placing.figures;
    let ratio = |tar: &Figures| format!("{:.2}", wall.median / tar.wall_seconds.median);
    vec![
        placing.program.to_owned(),
        format!("{:.2}", wall.median),
        format!("{:.2}–{:.2}", wall.least, wall.most),
        tar.map_or_else(|| "–".to_owned(), ratio),
        format!("{:.2}", cpu.median),
        format!("{:.0}", memory.median / f64::from(1 << 20)),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::figures::Figure;
    use super::*;

    fn placing(program: &'static str, seconds: f64, mebibytes: f64) -> Placing {
        let figure = |one: f64| Figure { median: one, least: one, most: one };
        let memory_bytes = figure(mebibytes * f64::from(1 << 20));
        let (wall_seconds, cpu_seconds) = (figure(seconds), figure(seconds));
        let figures = Figures { cpu_seconds, wall_seconds, memory_bytes };
        Placing { program, command: program.to_owned(), figures }
    }

    #[test]
    fn the_time_of_the_tests_themselves_is_not_held_against_shrink() {
        let programs = [placing(SHRINK, 29.0, 300.0), placing(TESTS, 9.5, 20.0)];

        let met: Vec<bool> = judge(&programs).iter().map(|verdict| verdict.met).collect();

        assert_eq!(met, [true, false], "19.5 s of 20, 300 MiB of 256");
    }
}
