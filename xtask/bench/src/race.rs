//! Lets programs take turns on a tree, so that whatever disturbs the machine disturbs them all.

use std::process::Command;

use serde::Serialize;

use super::figures::Figures;
use super::host;
use super::measure::{self, PageCache, Sample};

/// A program with its arguments, and a short name for the table.
pub(super) struct Contestant {
    pub(super) name: &'static str,
    pub(super) command: Command,
}

/// How a program did.
#[derive(Debug, Serialize)]
pub(super) struct Placing {
    pub(super) program: &'static str,
    pub(super) command: String,
    #[serde(flatten)]
    pub(super) figures: Figures,
}

/// A program without figures.
#[derive(Debug, Serialize)]
pub(super) struct LeftOut {
    pub(super) program: &'static str,
    pub(super) reason: String,
}

/// How often the programs run, and from which state.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) rounds: u32,
    pub(super) cache: PageCache,
}

/// A contestant on its way.
struct Runner {
    contestant: Contestant,
    samples: Vec<Sample>,
}

/// Runs every contestant once per round; one that fails drops out.
pub(super) fn run(contestants: Vec<Contestant>, rules: Rules) -> (Vec<Placing>, Vec<LeftOut>) {
    let mut runners: Vec<Runner> = contestants
        .into_iter()
        .map(|contestant| Runner { contestant, samples: Vec::new() })
        .collect();
    let mut left_out = Vec::new();
    if rules.cache == PageCache::Warm {
        host::say("  warming up");
        round(&mut runners, &mut left_out, rules.cache);
        for runner in &mut runners {
            runner.samples.clear();
        }
    }
    for number in 1..=rules.rounds {
        host::say(&format!("  round {number} of {}", rules.rounds));
        round(&mut runners, &mut left_out, rules.cache);
    }
    (runners.into_iter().map(Runner::placing).collect(), left_out)
}

fn round(runners: &mut Vec<Runner>, left_out: &mut Vec<LeftOut>, cache: PageCache) {
    runners.retain_mut(|runner| match measure::run(&mut runner.contestant.command, cache) {
        Ok(sample) => {
            runner.samples.push(sample);
            true
        }
        Err(error) => {
            left_out
                .push(LeftOut { program: runner.contestant.name, reason: format!("{error:#}") });
            false
        }
    });
}

impl Runner {
    fn placing(self) -> Placing {
        Placing {
            program: self.contestant.name,
            command: host::line(&self.contestant.command),
            figures: Figures::of(&self.samples),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_drops_out_and_the_others_go_on() {
        let contestant = |name| Contestant { name, command: Command::new(name) };
        let rules = Rules { rounds: 2, cache: PageCache::Warm };
        let (placings, left_out) = run(vec![contestant("false"), contestant("true")], rules);

        assert_eq!(placings.len(), 1);
        assert_eq!(placings[0].program, "true");
        assert_eq!(left_out.len(), 1);
        assert_eq!(
            left_out[0].reason,
            "`false` ended with exit status: 1, its figures would mean nothing: run it by hand to \
             see why"
        );
    }
}
