//! Makes a small root: what is wished, what is seen, what stays, what is built, and an account of it.
//!
//! Each step is a function of what the steps before it found. Nothing but the scratch is written.

mod accounts;
mod workshop;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use ui::Line;

use crate::build::{Strip, Treatment};
use crate::cli::Make;
use crate::fill::Filling;
use crate::graph::Graph;
use crate::ledger::Ledger;
use crate::policy::{Policies, PolicyFile};
use crate::prove::Bench;
use crate::reason::{Reason, Reasons};
use crate::rootfs::Root;
use crate::rootfs::inventory::{Follow, Inventory};
use crate::scratch::Scratch;
use crate::test::Test;
use accounts::Accounts;
use workshop::{Finished, Workshop};

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
    let wishes = Wishes::of(make)?;
    line.say("reading the root");
    let root = if make.in_place {
        Root::open_to_change(&make.root, scratch.path())?
    } else {
        Root::open(&make.root, scratch.path())?
    };
    refuse_unreadable(&root, make.skip_unreadable)?;
    let (finished, ledger) = small_root(&root, &wishes, scratch, line)?;
    let Finished { small, inventory, filling, .. } = finished;
    Ok(Made { root, small, inventory, filled: filling.libraries.into_keys().collect(), ledger })
}

/// From what is wished to what is built, and the account of it.
fn small_root(
    root: &Root,
    wishes: &Wishes,
    scratch: &Scratch,
    line: &Line,
) -> Result<(Finished, Ledger)> {
    let make = wishes.make;
    let policies = Policies::new(&wishes.file, &make.remove, &make.leave, &root.inventory)?;
    let removed = policies.removed(&root.inventory);
    let mut graph = Graph::of(root, &policies, &removed)?;
    for program in &wishes.keep {
        graph.ask(program)?;
    }
    let bench = match wishes.tests.as_slice() {
        [] => None,
        _ => Some(Bench::of(root, scratch.path(), make.limit)?),
    };
    let mut workshop = Workshop::of(root, scratch, bench.as_ref(), line);

    workshop.observe(&wishes.tests, &mut graph)?;
    let reasons = if wishes.everything { whole(root, &removed) } else { graph.settle() };
    let reasons = workshop.restore(&mut graph, reasons)?;
    let filling = wishes.filling(root, &reasons, line)?;
    let treatment = wishes.treatment(&root.inventory, &reasons);
    let finished = workshop.finish(&reasons, treatment, filling)?;
    let accounts =
        Accounts { wishes, root, reasons: &reasons, removed: &removed, nowhere: graph.nowhere() };
    let ledger = accounts.ledger(&finished, workshop.into_proofs(&finished));
    Ok((finished, ledger))
}

/// What the command line and the policy file ask for.
struct Wishes<'a> {
    make: &'a Make,
    file: PolicyFile,
    keep: Vec<PathBuf>,
    tests: Vec<Test>,
    /// Neither programs nor tests say what matters, so everything does.
    everything: bool,
}

impl<'a> Wishes<'a> {
    fn of(make: &'a Make) -> Result<Self> {
        let file = PolicyFile::read(make.policy.as_deref())?;
        let commands = make.test.iter().map(|command| Test::of(command));
        let tests: Vec<_> = commands.chain(file.test.iter().cloned()).collect();
        let keep: Vec<_> = make.keep.iter().chain(&file.keep).cloned().collect();
        let everything = keep.is_empty() && tests.is_empty();
        if everything && make.fill_unreachable {
            bail!(ui::hinted(
                "cannot fill functions that nothing reaches: no program and no test says what is \
                 reached",
                "name the programs that matter with --keep, or tests with --test",
            ));
        }
        Ok(Self { make, file, keep, tests, everything })
    }

    /// What is to be filled of the libraries that stay.
    fn filling(&self, root: &Root, reasons: &Reasons, line: &Line) -> Result<Filling> {
        if !self.make.fill_unreachable {
            return Ok(Filling::default());
        }
        line.say("looking for functions that nothing reaches");
        Filling::of(root, &selection(&root.inventory, reasons))
    }

    /// What is done to the files. Symbols stay where something that stays reads them. Tables of
    /// sections stay in any case that nobody asks otherwise: who reads them cannot be listed, from
    /// plugins of Qt to `patchelf`, and they are worth a hundredth of a compressed root's tenth.
    fn treatment(&self, inventory: &Inventory, reasons: &Reasons) -> Treatment {
        let readers = [
            "gdb",
            "gdbserver",
            "lldb",
            "valgrind",
            "perf",
            "bpftrace",
            "stap",
            "ltrace",
            "nm",
            "objdump",
            "readelf",
            "eu-readelf",
            "eu-stack",
            "coredumpctl",
        ];
        let stays = |name: &&str| {
            let path = Path::new("/usr/bin").join(name);
            let end = inventory.resolve(Path::new(""), &path, Follow::Last).end;
            end.is_some_and(|end| reasons.contains_key(&end))
        };
        let default = if readers.iter().any(stays) { Strip::None } else { Strip::Symbols };
        Treatment { share: !self.make.no_share, strip: self.make.strip.unwrap_or(default) }
    }
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
    kept.map(|path| (path.to_owned(), vec![Reason::Whole])).collect()
}

/// The part of an inventory that stays.
fn selection(inventory: &Inventory, reasons: &Reasons) -> Inventory {
    let mut selected = Inventory::default();
    for (path, entry) in inventory.iter().filter(|(path, _)| reasons.contains_key(*path)) {
        selected.insert(path.to_owned(), entry.clone());
    }
    selected
}
