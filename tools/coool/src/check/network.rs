//! Puts together what the network is to be asked, once for each address, and gives out the answers.

use std::collections::HashMap;

use crate::address::Goal;
use crate::config::Settings;
use crate::link::Link;
use crate::proposal::Proposal;
use crate::remote::{self, Answer, Question, Watch};
use crate::verdict::{Finding, Verdict};

use super::cache::Cache;

/// A link by the number of its document and its own.
pub(super) type Number = (usize, usize);

/// Who waits for an answer.
struct Waiting {
    number: Number,
    question: usize,
    /// The address up to its place in the page, as the document has it.
    page: String,
    /// The place in the page.
    fragment: Option<String>,
    /// What the user had checked instead.
    remap: Option<(String, String)>,
}

/// Collects questions.
#[derive(Default)]
pub(super) struct Desk {
    questions: Vec<Question>,
    /// The question about each address.
    known: HashMap<String, usize>,
    waiting: Vec<Waiting>,
}

impl Desk {
    /// Takes a link that needs the network.
    pub(super) fn take(&mut self, link: &Link, number: Number, settings: &Settings) {
        let remap = remap(&link.goal, settings);
        let goal = remapped(&link.goal, remap);
        let (key, fragment, goal) = match goal {
            Goal::Web(mut url) => {
                // Behind `:~:` stand words for the browser to look for.
                let fragment = url.fragment().and_then(|name| name.split(":~:").next());
                let fragment = fragment.filter(|name| !name.is_empty()).map(str::to_owned);
                url.set_fragment(None);
                (url.to_string(), fragment, Goal::Web(url))
            }
            Goal::Ftp(url) => (url.to_string(), None, Goal::Ftp(url)),
            Goal::Mail(addresses) => {
                (format!("mailto:{}", addresses.join(",")), None, Goal::Mail(addresses))
            }
            other => (link.address.clone(), None, other),
        };
        let question = *self.known.entry(key).or_insert_with(|| {
            self.questions.push(Question { goal, fragments: Vec::new() });
            self.questions.len() - 1
        });
        if let Some(fragment) = &fragment {
            let wanted = &mut self.questions[question].fragments;
            if !wanted.contains(fragment) {
                wanted.push(fragment.clone());
            }
        }
        let (page, _) = link.address.split_once('#').unwrap_or((&link.address, ""));
        let (page, remap) = (page.to_owned(), remap.cloned());
        self.waiting.push(Waiting { number, question, page, fragment, remap });
    }

    /// Asks, and gives everybody the answer.
    pub(super) fn ask(
        self,
        settings: &Settings,
        watch: &dyn Watch,
    ) -> anyhow::Result<Vec<(Number, Finding)>> {
        let mut cache = Cache::open(settings.cache);
        let answers = self.answers(&mut cache, settings, watch)?;
        let given =
            |waiting: &Waiting| (waiting.number, finding(&answers[waiting.question], waiting));
        let findings = self.waiting.iter().map(given).collect();
        cache.close();
        Ok(findings)
    }

    fn answers(
        &self,
        cache: &mut Cache,
        settings: &Settings,
        watch: &dyn Watch,
    ) -> anyhow::Result<Vec<Answer>> {
        let mut answers: Vec<Option<Answer>> =
            self.questions.iter().map(|question| cache.get(question)).collect();
        let unknown: Vec<usize> =
            (0..answers.len()).filter(|&number| answers[number].is_none()).collect();
        let questions: Vec<Question> =
            unknown.iter().map(|&number| self.questions[number].clone()).collect();
        let asked = remote::ask(&questions, &settings.remote, watch)?;
        for (number, answer) in unknown.into_iter().zip(asked) {
            cache.put(&self.questions[number], &answer);
            answers[number] = Some(answer);
        }
        Ok(answers.into_iter().flatten().collect())
    }
}

/// The first of the user's remaps that holds for an address.
fn remap<'run>(goal: &Goal, settings: &'run Settings) -> Option<&'run (String, String)> {
    let Goal::Web(url) = goal else { return None };
    settings.remap.iter().find(|(from, _)| url.as_str().starts_with(from.as_str()))
}

/// The goal by a remap; a fragment stays.
fn remapped(goal: &Goal, remap: Option<&(String, String)>) -> Goal {
    let (Goal::Web(url), Some((from, to))) = (goal, remap) else { return goal.clone() };
    let rest = url.as_str().strip_prefix(from.as_str()).unwrap_or_default();
    crate::address::goal(&format!("{to}{rest}"), &crate::address::Base::Folder)
}

/// A proposal as the document is to have it: readers do not have the server that was asked.
fn mapped_back(proposal: Proposal, remap: Option<&(String, String)>) -> Proposal {
    let Some((from, to)) = remap else { return proposal };
    match proposal.address.strip_prefix(to.as_str()).map(|rest| format!("{from}{rest}")) {
        Some(address) => Proposal { address, ..proposal },
        None => Proposal::likely(proposal.address, "the server that was asked instead leads there"),
    }
}

/// What an answer means for one link: the page may be there, and the place in it not.
fn finding(answer: &Answer, waiting: &Waiting) -> Finding {
    let fragment = waiting.fragment.as_deref();
    let end = fragment.map_or(String::new(), |fragment| format!("#{fragment}"));
    let finding = Finding {
        verdict: answer.verdict,
        reason: answer.reason.clone(),
        proposal: answer.proposal.clone().map(|moved| {
            let moved = moved.written(|moved| format!("{moved}{end}"));
            mapped_back(moved, waiting.remap.as_ref())
        }),
        hops: answer.hops.clone(),
        notes: answer.notes.clone(),
        could_not: answer.verdict == Verdict::Unchecked,
        known: false,
    };
    let missing =
        answer.missing_fragments.iter().find(|missing| Some(&*missing.fragment) == fragment);
    match missing {
        Some(missing) => Finding {
            verdict: Verdict::Broken,
            reason: missing.reason.clone(),
            proposal: missing
                .nearest
                .clone()
                .map(|near| near.written(|near| format!("{}#{near}", waiting.page))),
            ..finding
        },
        None => finding,
    }
}
