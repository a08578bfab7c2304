//! Runs tests in the full root and in the small one, and compares what came of them.

pub(crate) mod aspects;
pub(crate) mod restore;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use names::Bytes;
use serde::{Deserialize, Serialize};

use crate::rootfs::Root;
use crate::rootfs::inventory::{Follow, Inventory};
use crate::sandbox::{self, Client, Emulator, Observed, Order};
use crate::test::Test;
use ui::Line;

use aspects::{Aspects, Difference, Steadiness};

/// Where and how tests run.
pub(crate) struct Bench<'a> {
    /// An empty directory.
    pub(crate) workplace: PathBuf,
    /// The words before a test's command, or nothing when the root has no shell.
    shell: Option<[&'static str; 2]>,
    inventory: &'a Inventory,
    emulator: Option<Emulator>,
    /// Seconds, for tests that do not say.
    limit: u64,
}

impl<'a> Bench<'a> {
    /// Finds out how programs of a root are run.
    pub(crate) fn of(root: &'a Root, scratch: &Path, limit: u64) -> Result<Self> {
        let workplace = scratch.join("workplace");
        std::fs::create_dir_all(&workplace).context("cannot make a directory to mount at")?;
        let inventory = &root.inventory;
        let shell = inventory.resolve(Path::new(""), Path::new("/bin/sh"), Follow::Last).end;
        let emulator = match architecture(root, shell.as_deref()) {
            Some(architecture) => Emulator::of(architecture)?,
            None => None,
        };
        let shell = shell.map(|_| ["/bin/sh", "-c"]);
        Ok(Self { workplace, shell, inventory, emulator, limit })
    }

    /// Runs a test in directories that lie above each other, the topmost first.
    pub(crate) fn run(&self, test: &Test, layers: &[&Path]) -> Result<Observed> {
        self.order(test, layers)
            .and_then(|order| sandbox::run(&order))
            .with_context(|| format!("cannot run the test `{}`", names::shown_text(&test.run)))
    }

    fn order(&self, test: &Test, layers: &[&Path]) -> Result<Order> {
        let layers = layers.iter().map(std::path::absolute).collect::<Result<Vec<_>, _>>()?;
        Ok(Order {
            layers: layers.iter().map(|layer| Bytes::of(layer)).collect(),
            workplace: Bytes::of(&std::path::absolute(&self.workplace)?),
            command: self.words(test)?,
            input: test.input.clone(),
            environment: test.environment.clone().into_iter().collect(),
            client: test.client.clone().map(|command| Client { command, port: test.port }),
            limit: test.limit.unwrap_or(self.limit).saturating_mul(1000),
            emulator: self.emulator.clone(),
        })
    }

    fn words(&self, test: &Test) -> Result<Vec<Bytes>> {
        let bytes = |word: &str| Bytes(word.as_bytes().to_vec());
        if let Some(shell) = self.shell {
            return Ok(shell.into_iter().chain([test.run.as_str()]).map(bytes).collect());
        }
        let words = shlex::split(&test.run).filter(|words| !words.is_empty());
        let plain = words.filter(|_| !test.run.contains([';', '|', '&', '<', '>', '$', '`']));
        let Some(mut words) = plain else {
            bail!(ui::hinted(
                "the root has no shell that could run it",
                "name one program with its arguments",
            ));
        };
        if !words[0].contains('/') {
            words[0] = self.find(&words[0]);
        }
        Ok(words.iter().map(|word| bytes(word)).collect())
    }

    fn find(&self, program: &str) -> String {
        let directories = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];
        let mut paths = directories.iter().map(|directory| format!("{directory}/{program}"));
        let found = paths.find(|path| {
            self.inventory.resolve(Path::new(""), Path::new(path), Follow::Last).end.is_some()
        });
        found.unwrap_or_else(|| program.to_owned())
    }
}

/// The machine that a root is for: that of its shell, or of the first program there is.
fn architecture(root: &Root, shell: Option<&Path>) -> Option<elf::Architecture> {
    let programs = root.inventory.iter().filter(|(_, entry)| entry.is_program());
    let candidates = shell.into_iter().chain(programs.map(|(path, _)| path));
    candidates.filter(|path| root.head(path, 4).is_ok_and(|head| head == elf::MAGIC)).find_map(
        |path| {
            let cache = object::ReadCache::new(root.read(path).ok()?);
            elf::needs::read(&cache).ok().map(|needs| needs.architecture)
        },
    )
}

/// What a test came to in the full root, twice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Baseline {
    pub(crate) test: Test,
    /// What came of it.
    pub(crate) expected: Aspects,
    /// Which parts of that are the same each time.
    pub(crate) steadiness: BTreeMap<String, Steadiness>,
    /// Addresses beyond this machine that it tried to reach; there is no network.
    pub(crate) reached_for: Vec<String>,
    /// How long it took, in milliseconds.
    pub(crate) duration: u64,
}

impl Baseline {
    /// Runs tests twice in the full root; gives also what each run was seen to do. All of them run
    /// once, and then, in another second, all once more: otherwise a clock in an output would not
    /// show.
    pub(crate) fn of_all(
        bench: &Bench,
        tests: &[Test],
        full: &Root,
        line: &Line,
    ) -> Result<Vec<(Self, [Observed; 2])>> {
        let round = || {
            let in_turn = (1..).zip(tests).map(|(number, test)| {
                line.say(&format!("running test {number} of {} in the full root", tests.len()));
                bench.run(test, &[&full.base])
            });
            in_turn.collect::<Result<Vec<_>>>()
        };
        let first = round()?;
        wait_for_the_next_second();
        let runs = first.into_iter().zip(round()?).map(|(first, second)| [first, second]);
        Ok(tests.iter().zip(runs).map(|(test, runs)| (Self::of_runs(test, &runs), runs)).collect())
    }

    fn of_runs(test: &Test, runs: &[Observed; 2]) -> Self {
        let [first, second] = runs.each_ref().map(Aspects::of);
        Self {
            test: test.clone(),
            steadiness: first.steadiness(&second),
            expected: first,
            reached_for: runs[0].reached_for.iter().cloned().collect(),
            duration: runs[0].duration,
        }
    }

    /// What differs from what was expected.
    pub(crate) fn differences(&self, observed: &Observed) -> Vec<Difference> {
        self.expected.differences(&Aspects::of(observed), &self.steadiness)
    }

    /// Runs the test in a small root and says what differs. Before the root is blamed, the full one
    /// is asked again: two runs within one minute do not show that a minute is in the output.
    pub(crate) fn check(
        &mut self,
        bench: &Bench,
        small: &[&Path],
        full: &Path,
    ) -> Result<(Observed, Vec<Difference>)> {
        let observed = bench.run(&self.test, small)?;
        let differences = self.differences(&observed);
        if differences.is_empty() {
            return Ok((observed, differences));
        }
        let again = Aspects::of(&bench.run(&self.test, &[full])?);
        for (part, steadiness) in self.expected.steadiness(&again) {
            let known = self.steadiness.entry(part).or_insert(steadiness);
            *known = (*known).max(steadiness);
        }
        let differences = self.differences(&observed);
        Ok((observed, differences))
    }

    /// Why nothing is proven by what the test comes to, whatever that is: in the full root it does
    /// not do what was meant, or there is nothing that could be compared.
    fn doubt(&self) -> Option<String> {
        let whose = if self.test.client.is_some() { "client's " } else { "" };
        let end = format!("{whose}end");
        let said = match self.expected.shown(&end) {
            "exit code 127" => "in the full root a command was not found",
            "exit code 126" => "in the full root a command cannot be run",
            "not ended in time" => {
                "in the full root it does not end either, and was ended: give it more time with \
                 --limit, or in a policy file a client"
            }
            _ => {
                let output = [end, format!("{whose}standard output")];
                let changing = output
                    .iter()
                    .find(|part| self.steadiness.get(*part) == Some(&Steadiness::Unsteady))?;
                return Some(format!(
                    "its {changing} changes from run to run, so it cannot be compared"
                ));
            }
        };
        Some(said.to_owned())
    }

    /// What changes from run to run in the full root, and so proves nothing.
    pub(crate) fn unsteady(&self) -> impl Iterator<Item = &str> {
        let steadiness = self.steadiness.iter();
        steadiness.filter(|(_, how)| **how == Steadiness::Unsteady).map(|(name, _)| name.as_str())
    }

    /// What was compared with every number taken as one.
    pub(crate) fn without_numbers(&self) -> impl Iterator<Item = &str> {
        let steadiness = self.steadiness.iter();
        let loose = steadiness.filter(|(_, how)| **how == Steadiness::WithoutNumbers);
        loose.map(|(name, _)| name.as_str())
    }
}

/// Most clocks in texts show seconds.
fn wait_for_the_next_second() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let passed = Duration::from_nanos(now.subsec_nanos().into());
    std::thread::sleep(Duration::from_secs(1).saturating_sub(passed));
}

/// A test in the full root and in the small one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Proof {
    #[serde(flatten)]
    pub(crate) baseline: Baseline,
    /// What differs in the small root at the end.
    pub(crate) differences: Vec<Difference>,
    /// Why that nothing differs proves nothing, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) doubt: Option<String>,
}

/// What a test, or several of them, say of a small root, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// It comes to the same.
    Proven,
    /// No test was run.
    NotTested,
    /// What it comes to proves nothing.
    ProvesNothing,
    /// It comes to something else.
    Differs,
}

impl Proof {
    pub(crate) fn of(baseline: Baseline, differences: Vec<Difference>) -> Self {
        Self { doubt: baseline.doubt(), baseline, differences }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match self.doubt {
            _ if !self.differences.is_empty() => Verdict::Differs,
            Some(_) => Verdict::ProvesNothing,
            None => Verdict::Proven,
        }
    }
}

impl Verdict {
    /// The verdict of all: the worst of them.
    pub(crate) fn of(proofs: &[Proof]) -> Self {
        proofs.iter().map(Proof::verdict).max().unwrap_or(Self::NotTested)
    }

    /// Whether a test was run that did not prove what it was to prove.
    pub(crate) fn is_bad(self) -> bool {
        matches!(self, Self::ProvesNothing | Self::Differs)
    }
}

/// Runs tests in a small root again of which it is known what they should come to, or those of them
/// that are asked for.
pub(crate) fn again(
    known: &[Proof],
    small: &Root,
    asked: &[String],
    bench: &Bench,
    line: &Line,
) -> Result<Vec<Proof>> {
    for command in asked {
        if !known.iter().any(|proof| proof.baseline.test.run == *command) {
            bail!(ui::hinted(
                &format!("nothing is noted of the test `{}`", names::shown_text(command)),
                "name the full root with --against, to see there what it should come to",
            ));
        }
    }
    let mut proofs = Vec::new();
    for proof in known {
        let test = &proof.baseline.test;
        if asked.is_empty() || asked.contains(&test.run) {
            line.say(&format!("running `{}`", names::shown_text(&test.run)));
            let observed = bench.run(test, &[&small.base])?;
            let differences = proof.baseline.differences(&observed);
            proofs.push(Proof::of(proof.baseline.clone(), differences));
        }
    }
    Ok(proofs)
}

/// Runs tests in two roots.
pub(crate) fn against(
    full: &Root,
    small: &Root,
    tests: &[Test],
    scratch: &Path,
    limit: u64,
    line: &Line,
) -> Result<Vec<Proof>> {
    let bench = Bench::of(full, scratch, limit)?;
    let mut proofs = Vec::new();
    for (mut baseline, _) in Baseline::of_all(&bench, tests, full, line)? {
        line.say(&format!("running `{}`", names::shown_text(&baseline.test.run)));
        let (_, differences) = baseline.check(&bench, &[&small.base], &full.base)?;
        proofs.push(Proof::of(baseline, differences));
    }
    Ok(proofs)
}
