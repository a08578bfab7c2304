//! Shows what was measured: tables and verdicts for people, one document for programs.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::clink::{CLINK, Links};
use super::figures::{Figure, Figures};
use super::measure::PageCache;
use super::race::{LeftOut, Placing};
use super::results::{self, Announcement, Limit, TreeReport, Verdict};

/// All that one run of the benchmark found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Of the document's form.
    pub(super) version: u32,
    pub(super) tool: &'static str,
    pub(super) page_cache: PageCache,
    pub(super) rounds: u32,
    pub(super) trees: Vec<TreeReport>,
    /// Peers that are not installed.
    pub(super) missing: Vec<LeftOut>,
}

impl Display for Report {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for tree in &self.trees {
            write_tree(out, tree, self)?;
        }
        for peer in &self.missing {
            write_left_out(out, peer)?;
        }
        Ok(())
    }
}

fn write_tree(out: &mut Formatter<'_>, tree: &TreeReport, report: &Report) -> fmt::Result {
    let cache = report.page_cache.name();
    writeln!(out, "{}: {}", tree.tree.name(), tree.census)?;
    writeln!(out, "rounds: {}, page cache: {cache}, medians", report.rounds)?;
    write_table(out, &table(&tree.programs, report.page_cache))?;
    for Announcement { program, links } in &tree.links {
        let Links { files, with_directories, freed } = links;
        let megabytes = freed / 1_000_000;
        writeln!(
            out,
            "{program}: {files} links that free {megabytes} MB; {with_directories} with --directories"
        )?;
    }
    for verdict in &tree.verdicts {
        write_verdict(out, verdict)?;
    }
    for program in &tree.left_out {
        write_left_out(out, program)?;
    }
    writeln!(out)
}

pub(super) fn write_verdict(out: &mut Formatter<'_>, verdict: &Verdict) -> fmt::Result {
    let word = if verdict.met { "met" } else { "missed" };
    let (side, limit) = match verdict.asked {
        Limit::AtLeast(limit) => ("at least", limit),
        Limit::AtMost(limit) => ("at most", limit),
    };
    writeln!(out, "{word:<6}  {}: {:.2}, {side} {limit}", verdict.goal, verdict.measured)
}

pub(super) fn write_left_out(out: &mut Formatter<'_>, program: &LeftOut) -> fmt::Result {
    writeln!(out, "left out: {}: {}", program.program, program.reason)
}

/// A quantity as three columns: the median, the spread, and how many times clink's it is.
struct Column {
    title: &'static str,
    quantity: fn(&Figures) -> Figure,
    unit: f64,
    digits: usize,
}

const CPU: Column =
    Column { title: "CPU s", quantity: |figures| figures.cpu_seconds, unit: 1.0, digits: 2 };
const WALL: Column =
    Column { title: "wall s", quantity: |figures| figures.wall_seconds, unit: 1.0, digits: 2 };
const MEMORY: Column =
    Column { title: "MiB", quantity: |figures| figures.memory_bytes, unit: 1_048_576.0, digits: 1 };

/// With a cold cache the disk decides, and only the time that passes says something.
fn table(programs: &[Placing], cache: PageCache) -> Vec<Vec<String>> {
    let columns: &[Column] = match cache {
        PageCache::Warm => &[CPU, WALL, MEMORY],
        PageCache::Cold => &[WALL],
    };
    let clink = results::figures(programs, CLINK);
    let head = columns.iter().flat_map(|column| [column.title, "min–max", "÷ clink"]);
    let mut rows = vec![std::iter::once("").chain(head).map(str::to_owned).collect()];
    for placing in programs {
        let cells = columns.iter().flat_map(|column| column.cells(&placing.figures, clink));
        rows.push(std::iter::once(placing.program.to_owned()).chain(cells).collect());
    }
    rows
}

impl Column {
    fn cells(&self, figures: &Figures, clink: Option<&Figures>) -> [String; 3] {
        let figure = (self.quantity)(figures);
        let show = |value: f64| format!("{:.*}", self.digits, value / self.unit);
        let ratio = clink.map_or_else(
            || "–".to_owned(),
            |clink| format!("{:.2}", figure.median / (self.quantity)(clink).median),
        );
        [show(figure.median), format!("{}–{}", show(figure.least), show(figure.most)), ratio]
    }
}

/// Names to the left, figures to the right.
pub(super) fn write_table(out: &mut Formatter<'_>, rows: &[Vec<String>]) -> fmt::Result {
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    for row in rows {
        write!(out, "{:<1$}", row[0], widths[0])?;
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            write!(out, "  {cell:>width$}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::census::Census;
    use super::super::goals;
    use super::super::trees::Tree;
    use super::*;

    fn placing(program: &'static str, cpu: f64, wall: f64, mebibytes: f64) -> Placing {
        let figure = |median: f64| Figure { median, least: median * 0.75, most: median * 1.5 };
        Placing {
            program,
            command: format!("{program} tree"),
            figures: Figures {
                cpu_seconds: figure(cpu),
                wall_seconds: figure(wall),
                memory_bytes: figure(mebibytes * 1_048_576.0),
            },
        }
    }

    fn report(page_cache: PageCache, programs: Vec<Placing>) -> Report {
        let mut tree = TreeReport {
            tree: Tree::Kernel,
            census: Census {
                files: 157_158,
                bytes: 2_597_364_935,
                duplicate_files: 78_876,
                duplicate_bytes: 1_299_303_572,
            },
            programs,
            links: vec![Announcement {
                program: CLINK,
                links: Links { files: 78_000, with_directories: 6_500, freed: 9_100_000 },
            }],
            left_out: Vec::new(),
            verdicts: Vec::new(),
        };
        tree.verdicts = goals::judge(&tree, page_cache);
        let missing = vec![LeftOut { program: "yadf", reason: "not installed".to_owned() }];
        Report { version: 1, tool: "clink", page_cache, rounds: 5, trees: vec![tree], missing }
    }

    #[test]
    fn a_table_shows_medians_spread_and_ratios_and_then_the_verdicts() {
        let programs = vec![
            placing("clink", 2.0, 1.0, 40.0),
            placing("fclones", 10.0, 6.0, 48.0),
            placing("hardlink", 2.2, 2.2, 80.0),
            placing("floor", 1.0, 1.0, 12.0),
        ];
        expect![[r#"
            kernel: 157158 files, 2597 MB; 78876 duplicates, 1299 MB
            rounds: 5, page cache: warm, medians
                      CPU s     min–max  ÷ clink  wall s    min–max  ÷ clink   MiB     min–max  ÷ clink
            clink      2.00   1.50–3.00     1.00    1.00  0.75–1.50     1.00  40.0   30.0–60.0     1.00
            fclones   10.00  7.50–15.00     5.00    6.00  4.50–9.00     6.00  48.0   36.0–72.0     1.20
            hardlink   2.20   1.65–3.30     1.10    2.20  1.65–3.30     2.20  80.0  60.0–120.0     2.00
            floor      1.00   0.75–1.50     0.50    1.00  0.75–1.50     1.00  12.0    9.0–18.0     0.30
            clink: 78000 links that free 9 MB; 6500 with --directories
            met     CPU time, fclones ÷ clink: 5.00, at least 4
            missed  CPU time, hardlink ÷ clink: 1.10, at least 1.5
            missed  CPU time, clink ÷ floor: 2.00, at most 1.5
            met     memory, clink ÷ fclones: 0.83, at most 2
            met     memory of clink in MiB: 40.00, at most 64
            met     wall time, fclones ÷ clink: 6.00, at least 1
            met     wall time, hardlink ÷ clink: 2.20, at least 1
            missed  links, clink ÷ clink --directories: 12.00, at least 13

            left out: yadf: not installed
        "#]].assert_eq(&report(PageCache::Warm, programs).to_string());
    }

    #[test]
    fn with_a_cold_cache_only_wall_time_counts() {
        let programs = vec![placing("clink", 2.0, 4.0, 40.0), placing("jdupes", 3.0, 3.0, 9.0)];
        expect![[r#"
            kernel: 157158 files, 2597 MB; 78876 duplicates, 1299 MB
            rounds: 5, page cache: cold, medians
                    wall s    min–max  ÷ clink
            clink     4.00  3.00–6.00     1.00
            jdupes    3.00  2.25–4.50     0.75
            clink: 78000 links that free 9 MB; 6500 with --directories
            missed  wall time, jdupes ÷ clink: 0.75, at least 1
            missed  links, clink ÷ clink --directories: 12.00, at least 13

            left out: yadf: not installed
        "#]]
        .assert_eq(&report(PageCache::Cold, programs).to_string());
    }

    #[test]
    fn without_clink_there_are_figures_but_no_ratios() {
        let programs = vec![placing("jdupes", 3.0, 3.0, 9.0)];
        expect![[r#"
            kernel: 157158 files, 2597 MB; 78876 duplicates, 1299 MB
            rounds: 5, page cache: cold, medians
                    wall s    min–max  ÷ clink
            jdupes    3.00  2.25–4.50        –
            clink: 78000 links that free 9 MB; 6500 with --directories
            missed  links, clink ÷ clink --directories: 12.00, at least 13

            left out: yadf: not installed
        "#]]
        .assert_eq(&report(PageCache::Cold, programs).to_string());
    }
}
