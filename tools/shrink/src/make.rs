//! Makes a small root: measure, trace, decide, build, prove, and hand over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use names::{Bytes, shown};

use crate::build::{self, Strip, Treated, Treatment};
use crate::cli::Make;
use crate::fill::Filling;
use crate::graph::{Closure, Reason, Reasons};
use crate::ledger::{self, Ledger, Proof, Size};
use crate::policy::{Policies, PolicyFile};
use crate::prove::{Baseline, Bench, Test, aspects::Difference, restore};
use crate::rootfs::Root;
use crate::rootfs::inventory::{Follow, Inventory, Kind, size_of};
use crate::scratch::Scratch;
use ui::Line;

/// Rounds in which what the small root was seen to look for in vain is given back.
const MOST_ROUNDS: usize = 12;
/// Runs of a test that look for what it is missing.
const MOST_RUNS: usize = 120;

/// A small root that is built and proven, in a directory of the scratch.
pub(crate) struct Made {
    /// What it was made of.
    pub(crate) root: Root,
    pub(crate) small: PathBuf,
    pub(crate) inventory: Inventory,
    /// Libraries in which functions were filled.
    pub(crate) filled: BTreeSet<PathBuf>,
    pub(crate) ledger: Ledger,
}

/// Does what the command line asks for, up to the finished root in the scratch.
pub(crate) fn make(make: &Make, scratch: &Scratch, line: &Line) -> Result<Made> {
    let file = PolicyFile::read(make.policy.as_deref())?;
    let policies = Policies::new(&file, &make.remove, &make.leave)?;
    line.say("reading the root");
    let root = Root::open(&make.root, scratch.path())?;
    refuse_unreadable(&root, make.skip_unreadable)?;

    let tests: Vec<Test> =
        make.test.iter().map(|command| Test::of(command)).chain(file.test).collect();
    let keep: Vec<_> = make.keep.iter().chain(&file.keep).cloned().collect();
    let removed = policies.removed(&root.inventory);
    let everything = keep.is_empty() && tests.is_empty();
    if everything && make.fill_unreachable {
        bail!(ui::hinted(
            "cannot fill functions that nothing reaches: no program and no test says what is \
             reached",
            "name the programs that matter with --keep, or tests with --test",
        ));
    }
    let mut closure = Closure::of(&root, &policies, &removed)?;
    for program in &keep {
        closure.ask(program)?;
    }
    let bench = Bench::of_tests(&root, scratch, make.limit, &tests)?;
    let mut baselines = Vec::new();
    for (number, test) in (1..).zip(&tests) {
        line.say(&format!("running test {number} of {} in the full root", tests.len()));
        let bench = bench.as_ref().expect("there are tests");
        baselines.push(Baseline::of(bench, number, test, &root, &mut closure)?);
    }
    let reasons = if everything { whole(&root, &removed) } else { closure.reasons().clone() };

    let mut workshop =
        Workshop { root: &root, scratch, bench: bench.as_ref(), baselines, line, built: 0 };
    let reasons = workshop.restore(&mut closure, reasons)?;
    let treatment = treatment(make, &root.inventory, &reasons);
    let filling = if make.fill_unreachable {
        line.say("looking for functions that nothing reaches");
        Filling::of(&root, &selection(&root.inventory, &reasons))?
    } else {
        Filling::default()
    };
    let finished = workshop.finish(&reasons, treatment, filling)?;
    let nowhere = std::mem::take(&mut closure.nowhere);
    let ledger = Accounts { make, root: &root, reasons: &reasons, removed: &removed, nowhere }
        .ledger(&finished, workshop.baselines, everything);
    let Finished { small, inventory, filling, .. } = finished;
    drop(closure);
    drop(removed);
    let filled = filling.libraries.into_keys().collect();
    Ok(Made { root, small, inventory, filled, ledger })
}

fn refuse_unreadable(root: &Root, skip: bool) -> Result<()> {
    let staged = |problem: &&String| problem.contains("owners cannot be given");
    let unread: Vec<_> = root.problems.iter().filter(|problem| !staged(problem)).collect();
    match unread.first() {
        Some(first) if !skip => bail!(ui::hinted(
            &format!("{first}{}", more(unread.len() - 1)),
            "run as root, or leave such files out with --skip-unreadable",
        )),
        _ => Ok(()),
    }
}

fn more(others: usize) -> String {
    if others == 0 { String::new() } else { format!(" (and {others} more like this)") }
}

/// Without entry programs all stays that no policy takes away.
fn whole(root: &Root, removed: &BTreeMap<PathBuf, &str>) -> Reasons {
    let paths = root.inventory.iter().map(|(path, _)| path);
    let kept = paths.filter(|path| !removed.contains_key(*path));
    kept.map(|path| (path.to_owned(), Reason::Whole)).collect()
}

/// The part of an inventory that stays.
fn selection(inventory: &Inventory, reasons: &Reasons) -> Inventory {
    let mut selected = Inventory::default();
    for (path, entry) in inventory.iter().filter(|(path, _)| reasons.contains_key(*path)) {
        selected.insert(path.to_owned(), entry.clone());
    }
    selected
}

/// What is done to the files: tables of sections stay where something that stays reads them.
fn treatment(make: &Make, inventory: &Inventory, reasons: &Reasons) -> Treatment {
    let readers = ["ld", "ld.bfd", "ld.gold", "ld.lld", "gdb", "objdump", "readelf", "valgrind"];
    let has_reader = readers.iter().any(|name| {
        let path = Path::new("/usr/bin").join(name);
        let end = inventory.resolve(Path::new(""), &path, Follow::Last).end;
        end.is_some_and(|end| reasons.contains_key(&end))
    });
    let default = if has_reader { Strip::Symbols } else { Strip::Sections };
    Treatment { share: !make.no_share, strip: make.strip.unwrap_or(default) }
}

/// Where small roots are built and tested.
struct Workshop<'a> {
    root: &'a Root,
    scratch: &'a Scratch,
    bench: Option<&'a Bench<'a>>,
    baselines: Vec<Baseline>,
    line: &'a Line,
    built: usize,
}

struct Finished {
    small: PathBuf,
    inventory: Inventory,
    treatment: Treatment,
    treated: Treated,
    filling: Filling,
    /// What differs, for each test.
    differences: Vec<Vec<Difference>>,
}

impl Workshop<'_> {
    fn directory(&mut self) -> Result<PathBuf> {
        self.built += 1;
        let directory = self.scratch.path().join(format!("small-{}", self.built));
        fs::create_dir(&directory)
            .with_context(|| format!("cannot make `{}`", shown(&directory)))?;
        Ok(directory)
    }

    /// Runs every test in the root that is planned, and gives back what turns out to be missing.
    fn restore(&mut self, closure: &mut Closure, mut reasons: Reasons) -> Result<Reasons> {
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
                closure.restore(test, &path);
            }
            reasons = closure.reasons().clone();
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
    fn finish(
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

/// Everything that the ledger is made of.
struct Accounts<'a> {
    make: &'a Make,
    root: &'a Root,
    reasons: &'a Reasons,
    removed: &'a BTreeMap<PathBuf, &'a str>,
    nowhere: BTreeMap<Vec<u8>, PathBuf>,
}

impl Accounts<'_> {
    fn ledger(&self, finished: &Finished, baselines: Vec<Baseline>, whole: bool) -> Ledger {
        let inventory = &self.root.inventory;
        let result = self.make.output.as_deref().unwrap_or(&self.make.root);
        let size = |path: &Path| {
            finished.inventory.get(path).map_or(0, super::rootfs::inventory::Entry::size)
        };
        let kept = self.reasons.iter().map(|(path, reason)| ledger::Kept {
            path: Bytes::of(path),
            size: size(path),
            reason: reason.clone(),
        });
        let gone = inventory.iter().filter(|(path, _)| !self.reasons.contains_key(*path));
        let mut seen = BTreeSet::new();
        let removed = gone.map(|(path, entry)| ledger::Removed {
            path: Bytes::of(path),
            // A file with several names is gone once.
            size: match entry.kind {
                Kind::File { shared: Some(number), .. } if !seen.insert(number) => 0,
                _ => entry.size(),
            },
            policy: self.removed.get(path).map(|policy| (*policy).to_owned()),
        });
        let left = finished.treated.left.iter();
        let nowhere = self.nowhere.iter();
        let proofs = baselines.into_iter().zip(finished.differences.clone());
        Ledger {
            version: ledger::VERSION,
            root: Bytes::of(&self.make.root),
            result: Bytes::of(result),
            before: amount(inventory),
            after: amount(&finished.inventory),
            treatment: finished.treatment,
            stripped: finished.treated.stripped,
            shared: finished.treated.shared,
            kept: kept.collect(),
            removed: removed.collect(),
            left: left
                .map(|(path, because)| ledger::Left {
                    path: Bytes::of(path),
                    because: because.clone(),
                })
                .collect(),
            fill: self.make.fill_unreachable.then(|| accounts_of_fill(&finished.filling)),
            nowhere: nowhere
                .map(|(library, by)| ledger::Nowhere {
                    library: Bytes(library.clone()),
                    needed_by: Bytes::of(by),
                })
                .collect(),
            proofs: proofs.map(|(baseline, differences)| Proof { baseline, differences }).collect(),
            notes: self.notes(whole),
        }
    }

    fn notes(&self, whole: bool) -> Vec<String> {
        let mut notes = self.root.problems.clone();
        if !whole && self.make.test.is_empty() && self.make.policy.is_none() {
            notes.push("nothing was run: what stays was found by reading alone".to_owned());
        }
        notes
    }
}

fn accounts_of_fill(filling: &Filling) -> ledger::Fill {
    let libraries = filling.libraries.iter().map(|(path, filled)| ledger::FilledLibrary {
        path: Bytes::of(path),
        functions: filled.unreached.functions,
        of: filled.of,
        bytes: filled.unreached.bytes(),
    });
    let left = filling
        .left
        .iter()
        .map(|(path, because)| ledger::Left { path: Bytes::of(path), because: because.clone() });
    ledger::Fill {
        libraries: libraries.collect(),
        given_back: filling.given_back.iter().map(|path| Bytes::of(path)).collect(),
        left: left.collect(),
    }
}

fn amount(inventory: &Inventory) -> Size {
    let names = inventory.iter().filter(|(_, entry)| entry.kind != Kind::Directory).count();
    Size { bytes: size_of(inventory.iter()), names }
}
