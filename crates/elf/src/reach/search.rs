//! Follows everything that leads from one function to others, across libraries.

use std::collections::{BTreeSet, HashMap};

use crate::reach::Asked;
use crate::reach::code::{Code, Function, Target};

/// The function of a library, both by their numbers.
type Place = (usize, u32);

/// What is known of libraries that are used together.
pub(super) struct Search<'a> {
    libraries: &'a [(&'a Code, Asked)],
    /// Who defines a name.
    definitions: HashMap<&'a [u8], Vec<Place>>,
    asked: BTreeSet<&'a [u8]>,
    /// For each function of each library, whether it may come back to who called it.
    returns: Vec<Vec<bool>>,
    /// For each function of each library, whether it is reached.
    reached: Vec<Vec<bool>>,
    queue: Vec<Place>,
}

impl<'a> Search<'a> {
    pub(super) fn new(libraries: &'a [(&'a Code, Asked)]) -> Self {
        let mut definitions: HashMap<&[u8], Vec<_>> = HashMap::new();
        for (number, (code, _)) in libraries.iter().enumerate() {
            for (name, function) in &code.exports {
                definitions.entry(name).or_default().push((number, *function));
            }
        }
        let of_all = |known: fn(&Function) -> bool| -> Vec<Vec<bool>> {
            let of_one = |code: &Code| code.functions.iter().map(known).collect();
            libraries.iter().map(|(code, _)| of_one(code)).collect()
        };
        let mut search = Self {
            libraries,
            definitions,
            asked: BTreeSet::new(),
            returns: of_all(|function| function.returns),
            reached: of_all(|_| false),
            queue: Vec::new(),
        };
        search.learn_what_returns();
        search
    }

    /// What is reached when these names are asked for.
    pub(super) fn from(mut self, names: &BTreeSet<Vec<u8>>) -> Vec<Vec<bool>> {
        for (number, (code, asked)) in self.libraries.iter().enumerate() {
            for target in &code.roots {
                self.reach(number, *target);
            }
            if *asked == Asked::ByAnybody {
                for (_, function) in &code.exports {
                    self.reach(number, Target::Function(*function));
                }
            }
        }
        for name in names {
            self.ask(name);
        }
        self.follow();
        self.reached
    }

    /// A function returns if what it hands over to does.
    fn learn_what_returns(&mut self) {
        let mut changed = true;
        while changed {
            changed = false;
            for (library, (code, _)) in self.libraries.iter().enumerate() {
                for (number, function) in code.functions.iter().enumerate() {
                    let returns = |target: &Target| self.may_return(library, *target);
                    if !self.returns[library][number] && function.hands_over.iter().any(returns) {
                        self.returns[library][number] = true;
                        changed = true;
                    }
                }
            }
        }
    }

    /// What nobody defines here may return.
    fn may_return(&self, library: usize, target: Target) -> bool {
        match target {
            Target::Function(number) => self.returns[library][number as usize],
            Target::Name(number) => {
                let name = self.libraries[library].0.names[number as usize].as_slice();
                self.definitions.get(name).is_none_or(|definitions| {
                    definitions
                        .iter()
                        .any(|(library, number)| self.returns[*library][*number as usize])
                })
            }
        }
    }

    fn reach(&mut self, library: usize, target: Target) {
        match target {
            Target::Function(number) => {
                let reached = &mut self.reached[library][number as usize];
                if !std::mem::replace(reached, true) {
                    self.queue.push((library, number));
                }
            }
            Target::Name(number) => self.ask(&self.libraries[library].0.names[number as usize]),
        }
    }

    fn ask(&mut self, name: &[u8]) {
        let Some((name, definitions)) = self.definitions.get_key_value(name) else {
            return;
        };
        if self.asked.insert(name) {
            for (library, function) in definitions.clone() {
                self.reach(library, Target::Function(function));
            }
        }
    }

    fn follow(&mut self) {
        while let Some((library, number)) = self.queue.pop() {
            let function = &self.libraries[library].0.functions[number as usize];
            for target in &function.leads_to {
                self.reach(library, *target);
            }
            if let Some((next, callee)) = &function.behind
                && callee.iter().any(|callee| self.may_return(library, *callee))
            {
                self.reach(library, Target::Function(*next));
            }
        }
    }
}
