//! Builds small roots and tests them, until nothing is missing and nothing was done too much.

#![expect(
    clippy::disallowed_methods,
    reason = "small roots are made in a scratch directory of our own"
)]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use names::shown;
use ui::Line;

use crate::build::{self, Strip, Treated, Treatment};
use crate::fill::Filling;
use crate::graph::Graph;
use crate::prove::{Baseline, Bench, Proof, aspects::Difference, restore};
use crate::reason::Reasons;
use crate::rootfs::Root;
use crate::rootfs::inventory::{Follow, Inventory};
use crate::scratch::Scratch;
use crate::test::Test;

use super::selection;

/// Rounds in which what the small root was seen to look for in vain is given back.
const MOST_ROUNDS: usize = 12;
/// Runs of a test that look for what it is missing.
const MOST_RUNS: usize = 120;

/// Where small roots are built and tested.
pub(super) struct Workshop<'a> {
    root: &'a Root,
    scratch: &'a Scratch,
    bench: Option<&'a Bench<'a>>,
    baselines: Vec<Baseline>,
    line: &'a Line,
    built: usize,
}

/// A small root for good.
pub(super) struct Finished {
    pub(super) small: PathBuf,
    pub(super) inventory: Inventory,
    pub(super) treatment: Treatment,
    pub(super) treated: Treated,
    pub(super) filling: Filling,
    /// What differs, for each test.
    differences: Vec<Vec<Difference>>,
}

impl<'a> Workshop<'a> {
    pub(super) fn of(
        root: &'a Root,
        scratch: &'a Scratch,
        bench: Option<&'a Bench<'a>>,
        line: &'a Line,
    ) -> Self {
        Self { root, scratch, bench, baselines: Vec::new(), line, built: 0 }
    }

    /// Runs every test in the full root, and keeps what it was seen to use.
    pub(super) fn observe(&mut self, tests: &[Test], graph: &mut Graph) -> Result<()> {
        if tests.is_empty() {
            return Ok(());
        }
        let bench = self.bench.expect("there are tests");
        let observed = Baseline::of_all(bench, tests, self.root, self.line)?;
        for (number, (baseline, runs)) in (1..).zip(observed) {
            for observed in &runs {
                graph.observe(number, observed);
            }
            self.baselines.push(baseline);
        }
        Ok(())
    }

    /// What the tests said at the end.
    pub(super) fn into_proofs(self, finished: &Finished) -> Vec<Proof> {
        let differences = finished.differences.iter().cloned();
        let proofs = self.baselines.into_iter().zip(differences);
        proofs.map(|(baseline, differences)| Proof::of(baseline, differences)).collect()
    }

    fn directory(&mut self) -> Result<PathBuf> {
        self.built += 1;
        let directory = self.scratch.path().join(format!("small-{}", self.built));
        fs::create_dir(&directory)
            .with_context(|| format!("cannot make `{}`", shown(&directory)))?;
        Ok(directory)
    }

    /// Runs every test in the root that is planned, and gives back what turns out to be missing.
    pub(super) fn restore(&mut self, graph: &mut Graph, mut reasons: Reasons) -> Result<Reasons> {
        if self.baselines.is_empty() {
            return Ok(reasons);
        }
        let plain = Treatment { share: false, strip: Strip::None };
        for _ in 0..MOST_ROUNDS {
            let small = self.directory()?;
            let selected = selection(&self.root.inventory, &reasons);
            self.line.say("building the small root");
            build::build(self.root, &selected, &small, plain, &Filling::default())?;
            let missing = self.missing(&small, &reasons)?;
            fs::remove_dir_all(&small).context("cannot remove a small root")?;
            if missing.is_empty() {
                return Ok(reasons);
            }
            for (test, path) in missing {
                graph.restore(test, &path);
            }
            reasons = graph.settle();
        }
        Ok(reasons)
    }

    /// What the tests miss in a small root: the number of a test and a path each.
    fn missing(&mut self, small: &Path, reasons: &Reasons) -> Result<Vec<(usize, PathBuf)>> {
        let bench = self.bench.expect("there are tests");
        let mut missing = Vec::new();
        let count = self.baselines.len();
        for number in 1..=count {
            self.line.say(&format!("running test {number} of {count} in the small root"));
            let baseline = &mut self.baselines[number - 1];
            let (observed, differences) = baseline.check(bench, &[small], &self.root.base)?;
            if differences.is_empty() {
                continue;
            }
            // What it named and did not find is the likeliest.
            let mut found: Vec<_> = observed
                .used
                .keys()
                .filter_map(|path| {
                    let inventory = &self.root.inventory;
                    inventory.resolve(Path::new(""), path.as_path(), Follow::Last).end
                })
                .filter(|path| !reasons.contains_key(path))
                .collect();
            if found.is_empty() {
                found = self.search(number, small, reasons)?;
            }
            missing.extend(found.into_iter().map(|path| (number, path)));
        }
        Ok(missing)
    }

    /// Looks for the fewest removed files with which a test comes to the same.
    fn search(&self, number: usize, small: &Path, reasons: &Reasons) -> Result<Vec<PathBuf>> {
        let gone = self.root.inventory.iter().map(|(path, _)| path);
        let gone: Vec<_> = gone.filter(|path| !reasons.contains_key(*path)).collect();
        let mut run = 0;
        let mut passes = |paths: &[&Path]| -> Result<bool> {
            run += 1;
            self.line.say(&format!("looking for what test {number} misses, run {run}"));
            Ok(!self.differs_with(paths, &[number], small)?)
        };
        if !passes(&gone)? {
            // Not even all of it helps: the report says that the test differs.
            return Ok(Vec::new());
        }
        let fewest = restore::fewest(gone, MOST_RUNS, passes)?;
        Ok(fewest.into_iter().map(Path::to_owned).collect())
    }

    /// Whether one of some tests differs in a small root with files of the full root laid over it.
    fn differs_with(&self, paths: &[&Path], tests: &[usize], small: &Path) -> Result<bool> {
        let bench = self.bench.expect("there are tests");
        let inventory = &self.root.inventory;
        let mut added = Inventory::default();
        for path in paths.iter().flat_map(|path| path.ancestors()) {
            if let Some(entry) = inventory.get(path) {
                added.insert(path.to_owned(), entry.clone());
            }
        }
        let layer = self.scratch.path().join("restored");
        fs::create_dir(&layer).context("cannot make a layer")?;
        let plain = Treatment { share: false, strip: Strip::None };
        build::build(self.root, &added, &layer, plain, &Filling::default())?;
        let mut differs = false;
        for number in tests {
            let baseline = &self.baselines[number - 1];
            let observed = bench.run(&baseline.test, &[&layer, small])?;
            differs |= !baseline.differences(&observed).is_empty();
        }
        fs::remove_dir_all(&layer).context("cannot remove a layer")?;
        Ok(differs)
    }

    /// Builds the root for good. Where treating files changes what a test comes to, less is done.
    pub(super) fn finish(
        &mut self,
        reasons: &Reasons,
        wanted: Treatment,
        mut filling: Filling,
    ) -> Result<Finished> {
        let selected = selection(&self.root.inventory, reasons);
        let mut treatment = wanted;
        loop {
            let small = self.directory()?;
            self.line.say("sharing duplicates and stripping binaries");
            let (inventory, treated) =
                build::build(self.root, &selected, &small, treatment, &filling)?;
            let differences = self.prove(&small)?;
            let differing = (1..).zip(&differences).filter(|(_, found)| !found.is_empty());
            let differing: Vec<_> = differing.map(|(number, _)| number).collect();
            let milder = milder(treatment);
            let undone = if differing.is_empty() {
                Vec::new()
            } else {
                self.to_give_back(&filling, &differing, &small, milder.is_none())?
            };
            if differing.is_empty() || undone.is_empty() && milder.is_none() {
                return Ok(Finished { small, inventory, treatment, treated, filling, differences });
            }
            fs::remove_dir_all(&small).context("cannot remove a small root")?;
            if undone.is_empty() {
                treatment = milder.unwrap_or(treatment);
            } else {
                filling.give_back(&undone);
            }
        }
    }

    /// The fewest libraries that have to be whole for the tests to come to the same; none where it
    /// is not for filled functions that these differ, but in the end all.
    fn to_give_back(
        &self,
        filling: &Filling,
        differing: &[usize],
        small: &Path,
        at_last: bool,
    ) -> Result<Vec<PathBuf>> {
        let libraries: Vec<&Path> = filling.libraries.keys().map(PathBuf::as_path).collect();
        if libraries.is_empty() {
            return Ok(Vec::new());
        }
        let mut run = 0;
        let mut passes = |paths: &[&Path]| -> Result<bool> {
            run += 1;
            self.line
                .say(&format!("looking for the library whose functions are missed, run {run}"));
            Ok(!self.differs_with(paths, differing, small)?)
        };
        let guilty = if passes(&libraries)? {
            restore::fewest(libraries, MOST_RUNS, passes)?
        } else if at_last {
            libraries
        } else {
            Vec::new()
        };
        Ok(guilty.into_iter().map(Path::to_owned).collect())
    }

    fn prove(&mut self, small: &Path) -> Result<Vec<Vec<Difference>>> {
        let mut differences = Vec::new();
        let count = self.baselines.len();
        for (number, baseline) in (1..).zip(&mut self.baselines) {
            self.line.say(&format!("proving test {number} of {count}"));
            let bench = self.bench.expect("there are tests");
            differences.push(baseline.check(bench, &[small], &self.root.base)?.1);
        }
        Ok(differences)
    }
}

fn milder(treatment: Treatment) -> Option<Treatment> {
    let strip = match treatment.strip {
        Strip::Sections => Strip::Symbols,
        Strip::Symbols => Strip::None,
        Strip::None if treatment.share => {
            return Some(Treatment { share: false, strip: Strip::None });
        }
        Strip::None => return None,
    };
    Some(Treatment { strip, ..treatment })
}
