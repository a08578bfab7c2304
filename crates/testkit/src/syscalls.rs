//! A command that changes files, disturbed before and between every system call that it makes.
//!
//! An [`Operation`] is data: what the tree holds, which command changes it, which files somebody
//! else may work on, and what another run makes of it. From an undisturbed run the harness knows
//! how every path reads before and after. Then it runs the command again and again, and each time
//! something happens at another system call:
//!
//! - [`Operation::killed`]: SIGKILL before the call;
//! - [`Operation::failing`]: the call is not made and returns an error;
//! - [`Operation::interrupted`]: SIGINT, as Ctrl-C sends it;
//! - [`Operation::shared`]: the command is stopped there, and somebody else writes to one of the
//!   files, shortens, lengthens, replaces or deletes it ([`Deed`]).
//!
//! Whatever happens, every path has to read as before or as after: nothing in between, no name
//! missing. What somebody else has done has to be there in the end, whole. And the next run ends the
//! work and leaves nothing lying about.
//!
//! ```no_run
//! # fn fixed(_: &testkit::syscalls::Place) -> std::process::Command { unimplemented!() }
//! use testkit::syscalls::{self, Operation, Place};
//!
//! let operation = Operation {
//!     prepare: &|place: &Place| std::fs::write(place.tree().join("a.odt"), "…").expect("a file"),
//!     command: &fixed,
//!     theirs: &["a.odt"],
//!     again: Some(&fixed),
//!     ..Operation::NONE
//! };
//! if let Some(reason) = syscalls::why_not() {
//!     eprintln!("skipped: {reason}"); // testkit::skip
//!     return;
//! }
//! operation.killed();
//! operation.failing("ENOSPC");
//! operation.interrupted();
//! operation.shared();
//! ```
//!
//! The main thread is the one that changes things; calls of others are not counted. A sample is
//! tried: every call that changes something, what surrounds the renames, and every fifth of the
//! others. All calls with all deeds are tried where `ETABLI_FULL` is set.

mod place;
mod somebody;
mod strace;

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use place::{Contents, Place};
pub use somebody::Deed;
pub use strace::{Call, Fault, Traced, why_not};

use somebody::Somebody;

/// A command with what it works on.
#[derive(Clone, Copy)]
pub struct Operation<'a> {
    /// Fills an empty place.
    pub prepare: &'a dyn Fn(&Place),
    /// What changes it. Its directory and its environment are the caller's to set.
    pub command: &'a dyn Fn(&Place) -> Command,
    /// The first call of the work, where it is known: nothing is changed before it.
    pub begins: Option<&'a str>,
    /// Calls that fail all the time, and how: `&[("renameat2", "EINVAL")]` is a file system that
    /// cannot exchange names. They are not disturbed beyond that.
    pub never: &'a [(&'a str, &'a str)],
    /// Exit codes of a run that was disturbed, besides that of an undisturbed one.
    pub codes: &'a [i32],
    /// Files in the tree that somebody else works on, meanwhile.
    pub theirs: &'a [&'a str],
    /// What is run after a kill or an error; it has to end as an undisturbed run does.
    pub again: Option<&'a dyn Fn(&Place) -> Command>,
    /// What that run gives.
    pub gives: Gives,
    /// Looked at after `again`; the text says what had happened.
    pub afterwards: &'a dyn Fn(&Place, &str),
}

/// What a run after a disturbance gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// Everything reads as before the disturbed run.
    Before,
    /// Everything reads as after an undisturbed run.
    After,
}

/// Another run and what it made of each path, before and after.
struct Runs {
    before: Contents,
    after: Contents,
    code: Option<i32>,
    calls: Vec<Call>,
}

impl<'a> Operation<'a> {
    /// To fill up from: does nothing to an empty tree.
    pub const NONE: Operation<'static> = Operation {
        prepare: &|_| {},
        command: &|_| Command::new("true"),
        begins: None,
        never: &[],
        codes: &[2],
        theirs: &[],
        again: None,
        gives: Gives::After,
        afterwards: &|_, _| {},
    };

    /// Killed before each call: every path reads as before or as after, and the next run ends the
    /// work.
    ///
    /// # Panics
    /// Where something is lost; so do all the others.
    pub fn killed(&self) {
        let runs = self.undisturbed();
        let chosen = self.chosen(&runs.calls);
        let mut killed = 0;
        for call in &chosen {
            let _turn = self.turn();
            let place = self.place();
            let output = self.traced(&place).with(call, Fault::Kill).output();
            killed += usize::from(output.status.code().is_none());
            let happened = format!("killed at {call:?}");
            runs.must_read_as_before_or_after(&place, &happened);
            self.run_again(&place, &runs, &happened);
        }
        assert!(killed * 10 >= chosen.len() * 9, "only {killed} of {} were killed", chosen.len());
    }

    /// Each call fails with this error, as `EIO`: likewise, and the exit code is one of those
    /// allowed.
    ///
    /// # Panics
    /// Where something is lost.
    pub fn failing(&self, error: &'static str) {
        let runs = self.undisturbed();
        for call in self.chosen(&runs.calls).iter().filter(|call| call.may_fail()) {
            let _turn = self.turn();
            let place = self.place();
            let output = self.traced(&place).with(call, Fault::Error(error)).output();
            let happened = format!("{call:?} fails with {error}");
            self.code_must_be_known(&output, &runs, &[], &happened);
            runs.must_read_as_before_or_after(&place, &happened);
            self.run_again(&place, &runs, &happened);
        }
    }

    /// Ctrl-C at each call: likewise; the exit code may be 130 too.
    ///
    /// # Panics
    /// Where something is lost.
    pub fn interrupted(&self) {
        let runs = self.undisturbed();
        for call in &self.chosen(&runs.calls) {
            let _turn = self.turn();
            let place = self.place();
            let output = self.traced(&place).with(call, Fault::Signal("INT")).output();
            let happened = format!("Ctrl-C at {call:?}");
            // Before its handler is in place the signal ends the program.
            if output.status.code().is_some() {
                self.code_must_be_known(&output, &runs, &[130], &happened);
            }
            runs.must_read_as_before_or_after(&place, &happened);
            self.run_again(&place, &runs, &happened);
        }
    }

    /// Somebody else does something to a file while the command stands still after each call: what
    /// they did stays, and every other path reads as before, as after or as at that moment.
    ///
    /// # Panics
    /// Where something is lost.
    pub fn shared(&self) {
        self.shared_with(&Deed::ALL);
    }

    /// The same with some deeds only.
    ///
    /// # Panics
    /// Where something is lost.
    pub fn shared_with(&self, deeds: &[Deed]) {
        let runs = self.undisturbed();
        let mut stopped = 0;
        for (call, deed, path) in self.encounters(&runs.calls, deeds) {
            let _turn = self.turn();
            let place = self.place();
            let happened = format!("{deed:?} on `{path}` after {call:?}");
            stopped += usize::from(self.meet(&place, &runs, &call, deed, path, &happened));
        }
        assert!(stopped > 5 || self.theirs.is_empty(), "it was stopped only {stopped} times");
    }

    /// Lets one thing happen. False where the call was not made.
    fn meet(
        &self,
        place: &Place,
        runs: &Runs,
        call: &Call,
        deed: Deed,
        path: &str,
        happened: &str,
    ) -> bool {
        // Names that were one file before may be one again after.
        let mut one_file = somebody::same_file(place, path);
        let mut moment = None;
        let output = self.traced(place).stopped_at(call, || {
            let somebody = Somebody::starts(place, deed, path);
            moment = Some((somebody, place.contents()));
        });
        let (Some(output), Some((somebody, at_moment))) = (output, moment) else { return false };
        let (led_to, has_to_wait) = (somebody.same_file.clone(), somebody.has_to_wait);
        let theirs = somebody.ends();
        one_file.extend(led_to.iter().cloned());
        if has_to_wait {
            // They wrote when the command was done with the file.
            one_file.extend(somebody::same_file(place, path));
        }
        self.code_must_be_known(&output, runs, &[], happened);
        let happened = format!("{happened}: {}", String::from_utf8_lossy(&output.stderr));
        let now = place.contents();
        runs.deed_must_have_come(deed, path, theirs.as_ref(), &led_to, &now, &happened);
        for other in runs.paths().filter(|other| *other != path) {
            let now = now.get(other);
            let known = [runs.before.get(other), runs.after.get(other), at_moment.get(other)];
            let written_through =
                one_file.iter().any(|name| name == other) && now == theirs.as_ref();
            assert!(known.contains(&now) || written_through, "{happened}`{other}` reads {now:?}");
        }
        for leftover in place.leftovers() {
            let name = leftover.file_name().expect("a leftover has a name").to_string_lossy();
            assert!(happened.contains(&*name), "{happened}nothing is said of `{name}`");
        }
        true
    }

    /// Commands that lock the file system wait for each other: tests side by side would only stand
    /// in each other's way.
    fn turn(&self) -> Option<MutexGuard<'static, ()>> {
        static TURN: Mutex<()> = Mutex::new(());
        let locks = self.begins == Some("flock");
        locks.then(|| TURN.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A place with the tree in it.
    fn place(&self) -> Place {
        let place = Place::new();
        (self.prepare)(&place);
        place
    }

    fn traced(&self, place: &Place) -> Traced<'_> {
        Traced::new((self.command)(place), place.home().join("trace"), self.never)
    }

    fn undisturbed(&self) -> Runs {
        let _turn = self.turn();
        let place = self.place();
        let before = place.contents();
        let (output, mut calls) = self.traced(&place).calls();
        let is_first =
            |call: &Call| self.begins.map_or(call.is_changing(), |name| call.name == name);
        let said = String::from_utf8_lossy(&output.stderr);
        let first = calls.iter().position(is_first);
        let first = first.unwrap_or_else(|| panic!("the command does not begin its work: {said}"));
        let calls = calls.split_off(first);
        Runs { before, after: place.contents(), code: output.status.code(), calls }
    }

    /// The calls that are tried.
    fn chosen(&self, calls: &[Call]) -> Vec<Call> {
        let all = is_full();
        let near = near_renames(calls, 2);
        let chosen = |&(index, call): &(usize, &Call)| {
            let fails = self.never.iter().any(|(name, _)| *name == call.name);
            !fails && (all || call.is_changing() || near.contains(&index) || index % 5 == 0)
        };
        calls.iter().enumerate().filter(chosen).map(|(_, call)| call.clone()).collect()
    }

    /// Which deed is done to which file after which call. Around the renames every deed is done to
    /// every file; elsewhere they take turns.
    fn encounters(&self, calls: &[Call], deeds: &[Deed]) -> Vec<(Call, Deed, &'a str)> {
        let every: Vec<(Deed, &'a str)> =
            self.theirs.iter().flat_map(|path| deeds.iter().map(|deed| (*deed, *path))).collect();
        let near = near_renames(calls, 1);
        let mut encounters = Vec::new();
        let mut turn = 0;
        for (index, call) in calls.iter().enumerate() {
            if is_full() || near.contains(&index) {
                encounters.extend(every.iter().map(|(deed, path)| (call.clone(), *deed, *path)));
            } else if call.is_changing() || index % 3 == 0 {
                turn += 1;
                let (deed, path) = every[turn % every.len()];
                encounters.push((call.clone(), deed, path));
            }
        }
        encounters
    }

    fn run_again(&self, place: &Place, runs: &Runs, happened: &str) {
        if let Some(again) = self.again {
            let output = again(place).output().expect("the next run starts");
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), runs.code, "run again after {happened}: {said}");
            let expected = if self.gives == Gives::Before { &runs.before } else { &runs.after };
            assert_eq!(&place.contents(), expected, "run again after {happened}: {said}");
            let leftovers = place.leftovers();
            assert!(leftovers.is_empty(), "run again after {happened}: {leftovers:?}; {said}");
        }
        (self.afterwards)(place, happened);
    }

    fn code_must_be_known(&self, output: &Output, runs: &Runs, more: &[i32], happened: &str) {
        let code = output.status.code();
        let is_known = code == runs.code
            || code.is_some_and(|code| self.codes.contains(&code) || more.contains(&code));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(is_known, "{happened}: exit code {code:?}; {said}");
        assert!(!said.contains("panicked"), "{happened}: {said}");
    }
}

impl Runs {
    fn paths(&self) -> impl Iterator<Item = &str> {
        let paths: BTreeSet<&str> =
            self.before.keys().chain(self.after.keys()).map(String::as_str).collect();
        paths.into_iter()
    }

    /// Whether a deed has come to what it was meant for: what they wrote is read under the name, or
    /// under one that the name led to at that moment.
    fn deed_must_have_come(
        &self,
        deed: Deed,
        path: &str,
        theirs: Option<&Vec<u8>>,
        led_to: &[String],
        now: &Contents,
        happened: &str,
    ) {
        let under_name = now.get(path);
        if let Some(theirs) = theirs {
            let led_there = || led_to.iter().any(|name| now.get(name) == Some(theirs));
            assert!(under_name == Some(theirs) || led_there(), "{happened}{under_name:?}");
        } else if deed == Deed::Delete {
            let known = [None, self.before.get(path), self.after.get(path)];
            assert!(known.contains(&under_name), "{happened}{under_name:?}");
        }
    }

    fn must_read_as_before_or_after(&self, place: &Place, happened: &str) {
        let now = place.contents();
        for path in self.paths() {
            let known = [self.before.get(path), self.after.get(path)];
            assert!(
                known.contains(&now.get(path)),
                "{happened}: `{path}` reads {:?}",
                now.get(path)
            );
        }
        let new = now.keys().find(|path| !self.paths().any(|known| known == *path));
        assert_eq!(new, None, "{happened}: nobody wanted this file");
    }
}

/// The calls so far before and after a rename: what is looked at once and acted on later lies
/// there.
fn near_renames(calls: &[Call], far: usize) -> BTreeSet<usize> {
    let mut near = BTreeSet::new();
    let renames = |&(_, call): &(usize, &Call)| call.name.starts_with("rename");
    for (index, _) in calls.iter().enumerate().filter(renames) {
        near.extend(index.saturating_sub(far)..(index + far + 1).min(calls.len()));
    }
    near
}

fn is_full() -> bool {
    std::env::var_os("ETABLI_FULL").is_some()
}

#[cfg(test)]
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method alone is not general enough in its lifetime"
)]
mod tests {
    use super::*;

    fn shell(script: &'static str) -> impl Fn(&Place) -> Command {
        move |place| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).current_dir(place.tree());
            command
        }
    }

    fn fill(place: &Place) {
        std::fs::write(place.tree().join("a"), "the old text").expect("a file");
    }

    /// Runs the harness on a shell script; what it says where something was lost.
    fn lost(script: &'static str, disturb: impl Fn(&Operation<'_>)) -> Option<String> {
        let command = shell(script);
        let operation =
            Operation { prepare: &fill, command: &command, theirs: &["a"], ..Operation::NONE };
        let disturb = std::panic::AssertUnwindSafe(|| disturb(&operation));
        let panic = std::panic::catch_unwind(disturb).err()?;
        Some(*panic.downcast::<String>().expect("a message"))
    }

    /// Takes its time in calls of the main thread, before it writes and after.
    const CARELESS: &str = "umask 1; cd .; cd .; cd .; cd .; echo new > a; cd .; cd .; cd .; cd .";

    #[test]
    fn a_program_that_writes_in_place_is_found_out() {
        if let Some(reason) = why_not() {
            return eprint(reason);
        }
        let killed = lost(CARELESS, |careless| careless.killed()).expect("a kill is too much");
        assert!(killed.contains("`a` reads Some([])"), "{killed}");
        let full =
            lost(CARELESS, |careless| careless.failing("ENOSPC")).expect("so is a full disk");
        assert!(full.contains("`a` reads Some([])"), "{full}");
    }

    #[test]
    fn a_program_that_renames_over_what_somebody_has_saved_is_found_out() {
        if let Some(reason) = why_not() {
            return eprint(reason);
        }
        // The shell itself is replaced by the program that renames.
        let script = "echo new > n; cd .; exec mv n a";
        let lost = lost(script, |careless| careless.shared_with(&[Deed::Replace]));
        let said = lost.expect("what was saved is lost");
        assert!(said.contains("Replace on `a`"), "{said}");
    }

    #[test]
    fn a_program_that_changes_nothing_loses_nothing() {
        if let Some(reason) = why_not() {
            return eprint(reason);
        }
        let harmless = "echo; echo; echo; echo; echo; echo; echo; echo";
        assert_eq!(lost(harmless, |operation| operation.killed()), None);
        assert_eq!(lost(harmless, |operation| operation.shared()), None);
    }

    #[expect(clippy::print_stderr, reason = "a test that shows nothing here says why")]
    fn eprint(reason: &str) {
        eprintln!("skipped: {reason}");
    }
}
