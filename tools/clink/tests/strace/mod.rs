//! clink at a chosen system call of its main thread, which is the one that changes things.

#![allow(dead_code, reason = "every test file uses its part")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) use testkit::syscalls::{Call, Fault};
use testkit::syscalls::{Traced, why_not};

use crate::support::{Run, Tree};

/// Whether a program may be traced here; says so if not.
pub(crate) fn is_possible() -> bool {
    why_not().is_none_or(|why| testkit::can(false, why))
}

/// All calls that clink makes from its lock on; it changes nothing before.
pub(crate) fn calls(tree: &Tree, arguments: &[&str]) -> Vec<Call> {
    let (output, mut calls) = traced(tree, arguments).calls();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lock = calls.iter().position(|call| call.name == "flock").expect("clink takes its lock");
    calls.split_off(lock)
}

/// The calls that a test tries: those that change something, and every fifth of the others; all
/// of them in a full test.
pub(crate) fn chosen(calls: Vec<Call>) -> Vec<Call> {
    let all = testkit::is_full();
    let chosen = |(index, call): &(usize, Call)| all || call.is_changing() || index % 5 == 0;
    calls.into_iter().enumerate().filter(chosen).map(|(_, call)| call).collect()
}

/// Runs clink in the tree with a fault at one call.
pub(crate) fn run(tree: &Tree, arguments: &[&str], call: &Call, fault: Fault) -> Run {
    Run::of(&traced(tree, arguments).with(call, fault).output())
}

/// Runs clink in the tree, stops it when a call has been made, lets something happen, and goes on.
/// None where the call was not made.
pub(crate) fn interrupted(
    tree: &Tree,
    arguments: &[&str],
    call: &Call,
    happens: impl FnOnce(),
) -> Option<Run> {
    traced(tree, arguments).stopped_at(call, happens).as_ref().map(Run::of)
}

/// Everything that can be read in the tree, without what an interrupted run leaves under names of
/// its own.
pub(crate) fn readable(tree: &Tree) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut contents = tree.contents();
    contents.retain(|path, _| !is_leftover(path));
    contents
}

/// What an interrupted run has left in the tree.
pub(crate) fn leftovers(tree: &Tree) -> Vec<PathBuf> {
    tree.entries().into_keys().filter(|path| is_leftover(path)).collect()
}

fn is_leftover(path: &Path) -> bool {
    path.iter().any(|name| name.as_encoded_bytes().starts_with(b".etabli"))
}

fn traced(tree: &Tree, arguments: &[&str]) -> Traced<'static> {
    Traced::new(tree.command(arguments), tree.home().join("trace"), &[])
}
