//! Finds the system calls that a binary contains.
//!
//! Programs load a number into a register and ask the kernel. Where the number is an argument, as
//! it is for `syscall` of every C library and for musl's `__syscall_cp`, the function's callers
//! are looked at in turn, and theirs: a walk of the call graph against its direction.

use std::collections::{BTreeMap, BTreeSet};

use super::Machine;
use super::binary::Image;
use super::flow::{self, Functions, Happenings};
use super::machine;
use super::state::{Register, Value};

/// How many functions may pass a number on to each other.
const DEPTH: usize = 5;

/// The system calls of a binary.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    /// Their numbers.
    pub(super) numbers: BTreeSet<u16>,
    /// Places where the kernel is asked with a number that could not be told.
    pub(super) undecided: BTreeSet<u64>,
}

/// A register of a function's caller that holds the number of a system call.
type Argument = (u64, Register);

/// Finds them.
pub(super) fn find(image: &Image) -> Calls {
    let functions = flow::functions(image);
    let mut search = Search { image, functions, asked: BTreeSet::new(), calls: Calls::default() };
    let mut wanted = search.first();
    for _ in 0..DEPTH {
        wanted = search.callers_of(&wanted);
    }
    let starts = wanted.into_iter().map(|(function, _)| function);
    search.calls.undecided.extend(starts);
    search.calls
}

struct Search<'image, 'data> {
    image: &'image Image<'data>,
    functions: Functions,
    /// The arguments that have been looked for.
    asked: BTreeSet<Argument>,
    calls: Calls,
}

impl Search<'_, '_> {
    /// Follows every function that asks the kernel.
    fn first(&mut self) -> BTreeSet<Argument> {
        let mut wanted = BTreeSet::new();
        for start in self.functions.asking.clone() {
            for (at, number) in self.follow(start).system_calls {
                wanted.extend(self.take(start, at, number));
            }
        }
        for slot in &self.image.imported_syscall {
            let mode = self.functions.all.values().next().map(|function| function.mode);
            let argument = mode.map(|mode| machine::convention(mode).first_argument);
            wanted.extend(argument.map(|argument| (*slot, argument)));
        }
        wanted
    }

    fn follow(&self, start: u64) -> Happenings {
        let function = self.functions.all.get(&start);
        function.map_or_else(Happenings::default, |function| flow::follow(self.image, *function))
    }

    /// Looks at all callers for the numbers that they pass.
    fn callers_of(&mut self, wanted: &BTreeSet<Argument>) -> BTreeSet<Argument> {
        let mut registers: BTreeMap<u64, Vec<Register>> = BTreeMap::new();
        for (function, register) in wanted {
            if self.asked.insert((*function, *register)) {
                registers.entry(*function).or_default().push(*register);
            }
        }
        let mut callers = BTreeSet::new();
        for function in registers.keys() {
            match self.functions.callers.get(function) {
                Some(found) => callers.extend(found.iter().copied()),
                None => self.alone(*function),
            }
        }
        let mut further = BTreeSet::new();
        for caller in callers {
            for (to, state) in self.follow(caller).leaves {
                let passed = registers.get(&to).into_iter().flatten();
                for register in passed {
                    further.extend(self.take(caller, caller, state.get(*register)));
                }
            }
        }
        further
    }

    /// Nobody calls the function by its address: a pointer does, another binary, or none at all.
    fn alone(&mut self, function: u64) {
        let of_library = self.image.syscall == Some(function);
        if !of_library && !self.image.imported_syscall.contains(&function) {
            self.calls.undecided.insert(function);
        }
    }

    /// Takes a number in, or says whose argument it is.
    fn take(&mut self, function: u64, at: u64, number: Value) -> Option<Argument> {
        self.calls.numbers.extend(number.small().into_iter().flatten());
        match number {
            Value::Entry(register) => return Some((function, register)),
            Value::Number(number) if self.of_arm(number) => {}
            number if number.is_told() => {}
            _ => {
                self.calls.undecided.insert(at);
            }
        }
        None
    }

    /// ARM's kernel has a few calls of its own, which no option leaves out.
    fn of_arm(&self, number: u64) -> bool {
        self.image.machine == Machine::Arm && (0xf_0001..=0xf_0006).contains(&number)
    }
}
