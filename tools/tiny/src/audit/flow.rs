//! Follows a function from its beginning to all its ends, with what its registers may hold.
//!
//! This is a data-flow analysis (constant propagation): every place that is reached from several
//! others holds what may come from any of them, and nothing is executed. A function is swept again
//! and again until nothing more becomes known (the fixpoint), which is after two or three times for
//! real ones.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::binary::{Image, Mode, Region};
use super::instruction::Next;
use super::machine;
use super::state::{State, Value};

/// After so many sweeps, what is known is taken as it is.
const SWEEPS: usize = 8;

/// Where a function lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) mode: Mode,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// What happens in a function, as far as an audit looks.
#[derive(Debug, Default)]
pub(super) struct Happenings {
    /// The places of system calls, with the number's register.
    pub(super) system_calls: Vec<(u64, Value)>,
    /// Where it goes or calls to outside of itself, with what the registers hold there.
    pub(super) leaves: Vec<(u64, State)>,
}

/// Follows a function.
pub(super) fn follow(image: &Image, function: Function) -> Happenings {
    let stack = machine::convention(function.mode).stack;
    let mut flow = Flow {
        image,
        function,
        places: HashMap::from([(function.start, State::entry(stack))]),
        literals: HashSet::new(),
        tables: None,
        everywhere: false,
        changed: false,
        missed: false,
        happenings: Happenings::default(),
    };
    flow.settle();
    // What only tables of cases lead to has been passed over so far.
    if flow.missed {
        flow.everywhere = true;
        flow.settle();
    }
    flow.happenings
}

struct Flow<'image, 'data> {
    image: &'image Image<'data>,
    function: Function,
    /// What is known at places that jumps lead to.
    places: HashMap<u64, State>,
    /// Words that are read, and so not executed.
    literals: HashSet<u64>,
    /// What is known where a table of cases is used.
    tables: Option<State>,
    /// Whether places count that nothing is seen to lead to.
    everywhere: bool,
    changed: bool,
    missed: bool,
    happenings: Happenings,
}

impl Flow<'_, '_> {
    fn settle(&mut self) {
        for _ in 0..SWEEPS {
            self.changed = false;
            self.missed = false;
            self.happenings = Happenings::default();
            self.sweep();
            if !self.changed {
                break;
            }
        }
    }

    fn sweep(&mut self) {
        let mut at = self.function.start;
        let mut known: Option<State> = None;
        while at < self.function.end {
            if let Some(end) = self.data_at(at) {
                at = end;
                known = None;
                continue;
            }
            self.arrive(at, &mut known);
            if known.is_none() {
                self.missed = true;
                if self.everywhere {
                    known = Some(self.tables.clone().unwrap_or_else(State::guessed));
                }
            }
            let length = match &mut known {
                Some(state) => {
                    let (length, falls) = self.execute(at, state);
                    if !falls {
                        known = None;
                    }
                    length
                }
                None => {
                    let mode = self.function.mode;
                    machine::step(self.image, mode, at, &mut State::unknown()).length
                }
            };
            at = at.saturating_add(length);
        }
        if let Some(state) = known {
            self.happenings.leaves.push((at, state));
        }
    }

    /// Where the data ends that stands at an address, if it is data.
    fn data_at(&self, at: u64) -> Option<u64> {
        let literal = || self.literals.contains(&at).then(|| at.saturating_add(4));
        self.image.data.get(&at).copied().or_else(literal).filter(|end| *end > at)
    }

    /// Takes in what is known from elsewhere of a place.
    fn arrive(&mut self, at: u64, known: &mut Option<State>) {
        let Some(place) = self.places.get_mut(&at) else {
            return;
        };
        if let Some(state) = known {
            self.changed |= place.join(state);
        }
        *known = Some(place.clone());
    }

    /// Executes an instruction and says whether the next one follows.
    fn execute(&mut self, at: u64, state: &mut State) -> (u64, bool) {
        let mode = self.function.mode;
        let step = machine::step(self.image, mode, at, state);
        if let Some(literal) = step.literal {
            self.changed |= self.literals.insert(literal);
        }
        let falls = match step.next {
            Next::Falls => true,
            Next::Returns { conditional } => conditional,
            Next::Somewhere => {
                match &mut self.tables {
                    Some(tables) => self.changed |= tables.join(state),
                    None => self.tables = Some(state.clone()),
                }
                false
            }
            Next::Jump { to, conditional } => {
                self.leave_for(to, state);
                conditional
            }
            Next::Call { to } => {
                if let Some(to) = to {
                    self.happenings.leaves.push((to, state.clone()));
                }
                true
            }
            Next::SystemCall => {
                let number = state.get(machine::convention(mode).number);
                self.happenings.system_calls.push((at, number));
                true
            }
        };
        machine::come_back(mode, step.next, state);
        (step.length, falls)
    }

    fn leave_for(&mut self, to: u64, state: &State) {
        if !(self.function.start..self.function.end).contains(&to) {
            self.happenings.leaves.push((to, state.clone()));
            return;
        }
        match self.places.get_mut(&to) {
            Some(place) => self.changed |= place.join(state),
            None => {
                self.places.insert(to, state.clone());
                self.changed = true;
            }
        }
    }
}

/// Longer ones are cut: what is known at the cut is then found like an argument.
const LONGEST: u64 = 32 << 10;
/// How often functions are cut anew because jumps lead into their middle.
const CUTS: usize = 4;

/// The functions of a binary and who calls them (the call graph), as a first reading finds them.
#[derive(Debug, Default)]
pub(super) struct Functions {
    /// By where they begin.
    pub(super) all: BTreeMap<u64, Function>,
    /// The beginnings of those that ask the kernel.
    pub(super) asking: BTreeSet<u64>,
    /// Which functions go or call to an address.
    pub(super) callers: BTreeMap<u64, BTreeSet<u64>>,
}

/// Finds the functions: what is called, what has a name, and what other functions jump to.
pub(super) fn functions(image: &Image) -> Functions {
    let mut reading = Reading { starts: image.starts.clone(), ..Reading::default() };
    for region in &image.regions {
        reading.read(image, region);
    }
    let Reading { mut starts, leads, calls } = reading;
    for _ in 0..CUTS {
        let holding = |at: u64| starts.range(..=at).next_back().copied();
        let crossing = leads.iter().filter(|(from, to)| holding(*from) != holding(*to));
        let entered: Vec<u64> = crossing.map(|(_, to)| *to).collect();
        let before = starts.len();
        starts.extend(entered);
        if starts.len() == before {
            break;
        }
    }
    let cut = image.regions.iter().flat_map(|region| cut(region, &starts));
    let mut functions = Functions {
        all: cut.map(|function| (function.start, function)).collect(),
        ..Functions::default()
    };
    let holding = |at: u64| functions.all.range(..=at).next_back().map(|(start, _)| *start);
    functions.asking = calls.iter().filter_map(|at| holding(*at)).collect();
    let mut callers: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for (from, to) in leads {
        callers.entry(to).or_default().extend(holding(from));
    }
    // A function may run on into the next one.
    for function in functions.all.values() {
        callers.entry(function.end).or_default().insert(function.start);
    }
    functions.callers = callers;
    functions
}

/// What a first reading, instruction by instruction, finds.
#[derive(Default)]
struct Reading {
    starts: BTreeSet<u64>,
    /// The jumps and calls: from where, and to where.
    leads: Vec<(u64, u64)>,
    /// Where the kernel is asked.
    calls: Vec<u64>,
}

impl Reading {
    fn read(&mut self, image: &Image, region: &Region) {
        self.starts.insert(region.start);
        let mut at = region.start;
        let mut state = State::unknown();
        while at < region.end {
            if let Some(end) = image.data.get(&at).filter(|end| **end > at) {
                at = *end;
                continue;
            }
            let step = machine::step(image, region.mode, at, &mut state);
            machine::come_back(region.mode, step.next, &mut state);
            match step.next {
                Next::Call { to: Some(to) } => {
                    self.starts.insert(to);
                    self.leads.push((at, to));
                }
                Next::Jump { to, .. } => self.leads.push((at, to)),
                Next::SystemCall => self.calls.push(at),
                Next::Returns { conditional: false } => state = State::unknown(),
                _ => {}
            }
            at = at.saturating_add(step.length);
        }
    }
}

fn cut(region: &Region, starts: &BTreeSet<u64>) -> Vec<Function> {
    let mut functions = Vec::new();
    let inside = starts.range(region.start..region.end).copied();
    let ends = inside.clone().skip(1).chain([region.end]);
    for (mut start, end) in inside.zip(ends) {
        while end - start > LONGEST {
            functions.push(Function { mode: region.mode, start, end: start + LONGEST });
            start += LONGEST;
        }
        functions.push(Function { mode: region.mode, start, end });
    }
    functions
}
