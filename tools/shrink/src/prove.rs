//! Runs tests in the full root and in the small one, and compares what came of them.

pub(crate) mod aspects;
pub(crate) mod restore;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use names::Bytes;
use serde::{Deserialize, Serialize};

use crate::graph::Closure;
use crate::ledger::{Ledger, Proof};
use crate::rootfs::Root;
use crate::rootfs::inventory::{Follow, Inventory};
use crate::sandbox::{self, Client, Emulator, Observed, Order};
use ui::Line;

use aspects::{Aspects, Difference, Steadiness};

/// A command that must come to the same in the small root.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Test {
    /// The command, for the root's shell.
    pub(crate) run: String,
    /// What it reads on standard input.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) input: String,
    /// Variables of its environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) environment: BTreeMap<String, String>,
    /// A command of this machine that talks to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<String>,
    /// The port that is listened to when the client may start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// Seconds after which it is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u64>,
}

impl Test {
    /// A test that is only a command.
    pub(crate) fn of(command: &str) -> Self {
        Self { run: command.to_owned(), ..Self::default() }
    }
}

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
    /// Runs a test twice in the full root, and tells the closure what it used.
    pub(crate) fn of(
        bench: &Bench,
        number: usize,
        test: &Test,
        root: &Root,
        closure: &mut Closure,
    ) -> Result<Self> {
        let runs = [bench.run(test, &[&root.base])?, bench.run(test, &[&root.base])?];
        for observed in &runs {
            closure.observe(number, observed);
        }
        Ok(Self::of_runs(test, &runs))
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
    /// is asked again: two runs within one second do not show that a clock is in the output.
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

impl<'a> Bench<'a> {
    /// A bench where there is something to run.
    pub(crate) fn of_tests(
        root: &'a Root,
        scratch: &crate::scratch::Scratch,
        limit: u64,
        tests: &[Test],
    ) -> Result<Option<Self>> {
        if tests.is_empty() {
            return Ok(None);
        }
        Self::of(root, scratch.path(), limit).map(Some)
    }
}

/// The tests that a ledger notes.
pub(crate) fn tests_of(ledger: &Ledger) -> Vec<Test> {
    ledger.proofs.iter().map(|proof| proof.baseline.test.clone()).collect()
}

/// Runs the tests of a ledger again in its small root, or those of them that are asked for.
pub(crate) fn again(
    ledger: &Ledger,
    small: &Root,
    asked: &[String],
    bench: &Bench,
    line: &Line,
) -> Result<Vec<Proof>> {
    for command in asked {
        if !ledger.proofs.iter().any(|proof| proof.baseline.test.run == *command) {
            bail!(ui::hinted(
                &format!("nothing is noted of the test `{}`", names::shown_text(command)),
                "name the full root with --against, to see there what it should come to",
            ));
        }
    }
    let mut proofs = Vec::new();
    for proof in &ledger.proofs {
        let test = &proof.baseline.test;
        if asked.is_empty() || asked.contains(&test.run) {
            line.say(&format!("running `{}`", names::shown_text(&test.run)));
            let observed = bench.run(test, &[&small.base])?;
            let differences = proof.baseline.differences(&observed);
            proofs.push(Proof { baseline: proof.baseline.clone(), differences });
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
    for test in tests {
        line.say(&format!("running `{}`", names::shown_text(&test.run)));
        let runs = [bench.run(test, &[&full.base])?, bench.run(test, &[&full.base])?];
        let mut baseline = Baseline::of_runs(test, &runs);
        let (_, differences) = baseline.check(&bench, &[&small.base], &full.base)?;
        proofs.push(Proof { baseline, differences });
    }
    Ok(proofs)
}
