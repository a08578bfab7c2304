//! Compares coool with lychee, which checks links in pages of the web and in Markdown: the same
//! addresses, from a server of our own, in several orders. And shows what reading a long document
//! takes.

mod addresses;
mod document;

use std::fmt::{self, Display, Formatter};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Serialize;

use super::build;
use super::figures::{Figure, Figures};
use super::host;
use super::measure::PageCache;
use super::peers;
use super::race::{self, Contestant, LeftOut, Placing, Rules};
use super::report::{write_left_out, write_table, write_verdict};
use super::results::{Limit, Verdict, figures, verdict};
use addresses::{Order, Web};

const COOOL: &str = "coool";
const LYCHEE: &str = "lychee";
/// The version that the figures in `docs/coool.md` are about.
const LYCHEE_VERSION: &str = "0.24.2";

/// Requests at the same time, to all hosts together and to one.
const AT_ONCE: u32 = 100;
const AT_ONCE_TO_ONE: u32 = 5;

/// How many times faster than lychee where the addresses are grouped by host.
const FASTER_GROUPED: f64 = 3.0;
const OF_FLOOR: f64 = 1.5;
const READING_SECONDS: f64 = 1.0;
const READING_MEBIBYTES: f64 = 64.0;

/// All that one run of the benchmark found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Of the document's form.
    version: u32,
    tool: &'static str,
    rounds: u32,
    reading: Reading,
    addresses: usize,
    hosts: usize,
    /// Seconds below which no program can be: only so many requests may be under way.
    floor_seconds: f64,
    orders: Vec<OrderReport>,
    verdicts: Vec<Verdict>,
    left_out: Vec<LeftOut>,
}

/// What reading a long document took.
#[derive(Debug, Serialize)]
struct Reading {
    pages: u32,
    links: u32,
    figures: Figures,
}

/// How the programs did with the addresses in one order.
#[derive(Debug, Serialize)]
struct OrderReport {
    order: Order,
    programs: Vec<Placing>,
}

/// Installs the peer.
pub(super) fn prepare() -> Result<()> {
    if peers::find(LYCHEE).is_some() {
        return Ok(());
    }
    host::say("installing lychee");
    let arguments = ["install", "--locked", LYCHEE, "--version", LYCHEE_VERSION];
    host::run(Command::new("cargo").args(arguments)).context("cannot install `lychee`")
}

/// Measures.
pub(super) fn run(rounds: u32) -> Result<Report> {
    let coool = build::program("coool")?;
    let rules = Rules { rounds, cache: PageCache::Warm };
    let scratch = tempfile::tempdir().context("cannot make a directory for the documents")?;
    // First, while this program, whose memory counts as its child's, is small.
    let reading = reading(&coool, scratch.path(), rules)?;
    host::say("starting a server on 100 loopback addresses");
    let web = Web::start();
    let mut orders = Vec::new();
    let mut left_out = Vec::new();
    for order in Order::ALL {
        host::say(&format!("measuring {}", order.name()));
        let list = scratch.path().join(format!("{}.md", order.name().replace(' ', "-")));
        std::fs::write(&list, web.list(order)).context("cannot write the list of addresses")?;
        let (programs, failed) = race::run(contestants(&coool, &list), rules);
        orders.push(OrderReport { order, programs });
        left_out.extend(failed);
    }
    if peers::find(LYCHEE).is_none() {
        let reason = format!("it is not installed: `cargo install --locked {LYCHEE}`");
        left_out.push(LeftOut { program: LYCHEE, reason });
    }
    let floor_seconds = web.floor(AT_ONCE, AT_ONCE_TO_ONE).as_secs_f64();
    let verdicts = judge(&orders, floor_seconds, &reading);
    Ok(Report {
        version: 1,
        tool: COOOL,
        rounds,
        reading,
        addresses: web.len(),
        hosts: web.hosts(),
        floor_seconds,
        orders,
        verdicts,
        left_out,
    })
}

fn reading(coool: &Path, scratch: &Path, rules: Rules) -> Result<Reading> {
    const PAGES: u32 = 850;
    const LINKS: u32 = 19_108;
    host::say("reading a long document");
    let path = scratch.join("long.odt");
    std::fs::write(&path, document::long(PAGES, LINKS)).context("cannot write a document")?;
    let mut command = Command::new(coool);
    command.args(["--offline", "--quiet"]).arg(&path);
    let (mut placings, failed) = race::run(vec![Contestant { name: COOOL, command }], rules);
    let placing = placings.pop().with_context(|| {
        let reason = failed.first().map_or("nobody knows why", |failed| &failed.reason);
        format!("coool cannot read the document: {reason}")
    })?;
    Ok(Reading { pages: PAGES, links: LINKS, figures: placing.figures })
}

/// Both with the same limits and the same method, without a pause between requests to a host.
fn contestants(coool: &Path, list: &Path) -> Vec<Contestant> {
    let (all, one) = (AT_ONCE.to_string(), AT_ONCE_TO_ONE.to_string());
    let mut ours = Command::new(coool);
    ours.args(["--quiet", "-t", &all, "-r", &one]).arg(list);
    let mut contestants = vec![Contestant { name: COOOL, command: ours }];
    if let Some(lychee) = peers::find(LYCHEE) {
        let mut theirs = Command::new(lychee);
        theirs.args(["--no-progress", "--method", "head", "--host-request-interval", "0ms"]);
        theirs.args(["--max-concurrency", &all, "--host-concurrency", &one]).arg(list);
        contestants.push(Contestant { name: LYCHEE, command: theirs });
    }
    contestants
}

fn judge(orders: &[OrderReport], floor_seconds: f64, reading: &Reading) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for report in orders {
        let order = report.order.name();
        let Some(ours) = figures(&report.programs, COOOL) else { continue };
        let ours = ours.wall_seconds.median;
        let goal = format!("wall time, {order}, coool ÷ floor");
        verdicts.push(verdict(goal, Limit::AtMost(OF_FLOOR), ours / floor_seconds));
        if let Some(theirs) = figures(&report.programs, LYCHEE) {
            let least = if report.order == Order::Grouped { FASTER_GROUPED } else { 1.0 };
            let goal = format!("wall time, {order}, lychee ÷ coool");
            let ratio = theirs.wall_seconds.median / ours;
            verdicts.push(verdict(goal, Limit::AtLeast(least), ratio));
        }
    }
    let seconds = reading.figures.wall_seconds.median;
    let goal = "seconds to read the long document".to_owned();
    verdicts.push(verdict(goal, Limit::AtMost(READING_SECONDS), seconds));
    let mebibytes = reading.figures.memory_bytes.median / f64::from(1 << 20);
    let goal = "MiB to read the long document".to_owned();
    verdicts.push(verdict(goal, Limit::AtMost(READING_MEBIBYTES), mebibytes));
    verdicts
}

impl Display for Report {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Self { addresses, hosts, rounds, floor_seconds, reading, .. } = self;
        writeln!(
            out,
            "{addresses} addresses on {hosts} hosts that answer after {} ms; at most {AT_ONCE} \
             requests at once, {AT_ONCE_TO_ONE} to a host; rounds: {rounds}, medians",
            addresses::LATENCY.as_millis()
        )?;
        let mut rows = vec![
            ["", "wall s", "min–max", "÷ coool", "÷ floor", "CPU s", "MiB"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for report in &self.orders {
            let ours = figures(&report.programs, COOOL);
            let row = |placing: &Placing| row(report.order, placing, ours, *floor_seconds);
            rows.extend(report.programs.iter().map(row));
        }
        write_table(out, &rows)?;
        writeln!(out, "floor: {floor_seconds:.2} s\n")?;
        let Figures { wall_seconds, memory_bytes, .. } = reading.figures;
        writeln!(
            out,
            "a text of {} pages with {} links is read in {:.2} s and {:.0} MiB\n",
            reading.pages,
            reading.links,
            wall_seconds.median,
            memory_bytes.median / f64::from(1 << 20)
        )?;
        for verdict in &self.verdicts {
            write_verdict(out, verdict)?;
        }
        self.left_out.iter().try_for_each(|program| write_left_out(out, program))
    }
}

fn row(order: Order, placing: &Placing, ours: Option<&Figures>, floor: f64) -> Vec<String> {
    let Figures { wall_seconds: wall, cpu_seconds: cpu, memory_bytes: memory } = placing.figures;
    let ratio = |ours: &Figures| format!("{:.2}", wall.median / ours.wall_seconds.median);
    let Figure { median, least, most } = wall;
    vec![
        format!("{}, {}", order.name(), placing.program),
        format!("{median:.2}"),
        format!("{least:.2}–{most:.2}"),
        ours.map_or_else(|| "–".to_owned(), ratio),
        format!("{:.2}", median / floor),
        format!("{:.2}", cpu.median),
        format!("{:.0}", memory.median / f64::from(1 << 20)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placing(program: &'static str, seconds: f64) -> Placing {
        let figure = Figure { median: seconds, least: seconds, most: seconds };
        let figures = Figures { cpu_seconds: figure, wall_seconds: figure, memory_bytes: figure };
        Placing { program, command: program.to_owned(), figures }
    }

    #[test]
    fn goals_are_met_or_missed_by_order() {
        let programs = vec![placing(COOOL, 1.2), placing(LYCHEE, 3.0)];
        let orders = [OrderReport { order: Order::Grouped, programs }];
        let reading = Reading { pages: 1, links: 1, figures: placing(COOOL, 0.5).figures };

        let met: Vec<bool> =
            judge(&orders, 1.0, &reading).iter().map(|verdict| verdict.met).collect();

        assert_eq!(met, [true, false, true, true], "grouped must be three times faster");
    }
}
