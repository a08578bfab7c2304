//! What clink has set itself, and whether it is so.

use super::clink::{ALL, CLINK, MIXED};
use super::figures::{Figure, Figures};
use super::floor::FLOOR;
use super::measure::PageCache;
use super::peers::PEERS;
use super::race::Placing;
use super::results::{Announcement, Limit, TreeReport, Verdict, figures, verdict};
use super::trees::Tree;

/// How many times less CPU time than each peer.
const LESS_CPU_THAN: [(&str, f64); 5] =
    [("fclones", 4.0), ("rdfind", 2.5), ("jdupes", 2.0), ("yadf", 2.0), ("hardlink", 1.5)];
const CPU_OF_FLOOR: f64 = 1.5;
const MEMORY_OF_FCLONES: f64 = 2.0;
const MEBIBYTES_ON_KERNEL: f64 = 64.0;

/// Of what content and metadata alone would free.
const FREED: [(&str, f64); 2] = [(CLINK, 0.7), (MIXED, 0.9)];

/// How many times fewer links `--directories` makes.
fn fewer_links(tree: Tree) -> f64 {
    match tree {
        Tree::Toolchains => 2.5,
        Tree::Rootfs => 3.0,
        Tree::Kernel => 13.0,
    }
}

/// Judges what was measured; a goal about a program that did not run has no verdict.
pub(super) fn judge(report: &TreeReport, cache: PageCache) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    if let Some(clink) = figures(&report.programs, CLINK) {
        if cache == PageCache::Warm {
            verdicts.extend(judge_cpu(&report.programs, clink));
            verdicts.extend(judge_memory(report, clink));
        }
        verdicts.extend(judge_wall(&report.programs, clink));
    }
    let links = report.links.iter().filter(|announced| announced.program != MIXED);
    verdicts.extend(links.map(|announced| judge_links(announced, report.tree)));
    verdicts
        .extend(FREED.iter().filter_map(|(program, least)| judge_freed(report, program, *least)));
    verdicts
}

fn judge_cpu(programs: &[Placing], clink: &Figures) -> Vec<Verdict> {
    let of_peers = LESS_CPU_THAN.iter().filter_map(|(peer, factor)| {
        let cpu = ratio(figures(programs, peer)?.cpu_seconds, clink.cpu_seconds);
        Some(verdict(format!("CPU time, {peer} ÷ clink"), Limit::AtLeast(*factor), cpu))
    });
    let of_floor = figures(programs, FLOOR).map(|floor| {
        let cpu = ratio(clink.cpu_seconds, floor.cpu_seconds);
        verdict("CPU time, clink ÷ floor".to_owned(), Limit::AtMost(CPU_OF_FLOOR), cpu)
    });
    of_peers.chain(of_floor).collect()
}

fn judge_wall(programs: &[Placing], clink: &Figures) -> Vec<Verdict> {
    PEERS
        .iter()
        .filter_map(|peer| {
            let wall = ratio(figures(programs, peer.name)?.wall_seconds, clink.wall_seconds);
            Some(verdict(format!("wall time, {} ÷ clink", peer.name), Limit::AtLeast(1.0), wall))
        })
        .collect()
}

fn judge_memory(report: &TreeReport, clink: &Figures) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    if let Some(fclones) = figures(&report.programs, "fclones") {
        let memory = ratio(clink.memory_bytes, fclones.memory_bytes);
        let goal = "memory, clink ÷ fclones".to_owned();
        verdicts.push(verdict(goal, Limit::AtMost(MEMORY_OF_FCLONES), memory));
    }
    if report.tree == Tree::Kernel {
        let memory = clink.memory_bytes.median / f64::from(1 << 20);
        let goal = "memory of clink in MiB".to_owned();
        verdicts.push(verdict(goal, Limit::AtMost(MEBIBYTES_ON_KERNEL), memory));
    }
    verdicts
}

#[expect(clippy::cast_precision_loss, reason = "no tree has 2^52 links")]
fn judge_links(announced: &Announcement, tree: Tree) -> Verdict {
    let ratio = announced.links.files as f64 / announced.links.with_directories as f64;
    let goal = format!("links, {0} ÷ {0} --directories", announced.program);
    verdict(goal, Limit::AtLeast(fewer_links(tree)), ratio)
}

#[expect(clippy::cast_precision_loss, reason = "no tree has 2^52 bytes")]
fn judge_freed(report: &TreeReport, program: &str, least: f64) -> Option<Verdict> {
    let freed = |program: &str| {
        let announced = report.links.iter().find(|announced| announced.program == program)?;
        Some(announced.links.freed as f64)
    };
    let goal = format!("bytes freed, {program} ÷ {ALL}");
    Some(verdict(goal, Limit::AtLeast(least), freed(program)? / freed(ALL)?))
}

fn ratio(above: Figure, below: Figure) -> f64 {
    above.median / below.median
}
