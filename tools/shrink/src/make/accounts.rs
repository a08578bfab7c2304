//! The account of a run: why everything stays or went, and what was proven.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use names::Bytes;

use crate::fill::Filling;
use crate::ledger::{self, Ledger, Size};
use crate::prove::{Proof, Verdict};
use crate::reason::Reasons;
use crate::rootfs::Root;
use crate::rootfs::inventory::{Entry, Inventory, Kind, size_of};

use super::Wishes;
use super::workshop::Finished;

/// Everything that the ledger is made of.
pub(super) struct Accounts<'a> {
    pub(super) wishes: &'a Wishes<'a>,
    pub(super) root: &'a Root,
    pub(super) reasons: &'a Reasons,
    pub(super) removed: &'a BTreeMap<PathBuf, &'a str>,
    pub(super) nowhere: &'a BTreeMap<Vec<u8>, PathBuf>,
}

impl Accounts<'_> {
    pub(super) fn ledger(&self, finished: &Finished, proofs: Vec<Proof>) -> Ledger {
        let make = self.wishes.make;
        let nowhere = self.nowhere.iter().map(|(library, by)| ledger::Nowhere {
            library: Bytes(library.clone()),
            needed_by: Bytes::of(by),
        });
        Ledger {
            version: ledger::VERSION,
            root: Bytes::of(&make.root),
            result: Bytes::of(make.output.as_deref().unwrap_or(&make.root)),
            before: amount(&self.root.inventory),
            after: amount(&finished.inventory),
            treatment: finished.treatment,
            stripped: finished.treated.stripped,
            shared: finished.treated.shared,
            kept: self.kept(&finished.inventory),
            removed: self.gone(),
            left: left(&finished.treated.left),
            fill: make.fill_unreachable.then(|| accounts_of_fill(&finished.filling)),
            nowhere: nowhere.collect(),
            verdict: Verdict::of(&proofs),
            proofs,
            notes: self.notes(),
        }
    }

    fn kept(&self, after: &Inventory) -> Vec<ledger::Kept> {
        let kept = self.reasons.iter().filter_map(|(path, reasons)| {
            let (first, others) = reasons.split_first()?;
            Some(ledger::Kept {
                path: Bytes::of(path),
                size: after.get(path).map_or(0, Entry::size),
                reason: first.clone(),
                also: others.to_vec(),
            })
        });
        kept.collect()
    }

    fn gone(&self) -> Vec<ledger::Removed> {
        let inventory = self.root.inventory.iter();
        let gone = inventory.filter(|(path, _)| !self.reasons.contains_key(*path));
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
        removed.collect()
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.root.problems.clone();
        if !self.wishes.everything && self.wishes.tests.is_empty() {
            notes.push("nothing was run: what stays was found by reading alone".to_owned());
        }
        notes
    }
}

fn left(left: &BTreeMap<PathBuf, String>) -> Vec<ledger::Left> {
    let left = left.iter();
    left.map(|(path, because)| ledger::Left { path: Bytes::of(path), because: because.clone() })
        .collect()
}

fn accounts_of_fill(filling: &Filling) -> ledger::Fill {
    let libraries = filling.libraries.iter().map(|(path, filled)| ledger::FilledLibrary {
        path: Bytes::of(path),
        functions: filled.unreached.functions,
        of: filled.of,
        bytes: filled.unreached.bytes(),
    });
    ledger::Fill {
        libraries: libraries.collect(),
        given_back: filling.given_back.iter().map(|path| Bytes::of(path)).collect(),
        left: left(&filling.left),
    }
}

fn amount(inventory: &Inventory) -> Size {
    let names = inventory.iter().filter(|(_, entry)| entry.kind != Kind::Directory).count();
    Size { bytes: size_of(inventory.iter()), names }
}
