//! Puts together what the network is to be asked, once for each address, and gives out the answers.

use std::collections::HashMap;

use crate::address::Goal;
use crate::config::Settings;
use crate::link::Link;
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
        let goal = remapped(&link.goal, settings);
        let (key, fragment, goal) = match goal {
            Goal::Web(mut url) => {
                let fragment = url.fragment().filter(|name| !name.is_empty()).map(str::to_owned);
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
        self.waiting.push(Waiting { number, question, page: page.to_owned(), fragment });
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

/// The goal by the user's remaps; a fragment stays.
fn remapped(goal: &Goal, settings: &Settings) -> Goal {
    let Goal::Web(url) = goal else { return goal.clone() };
    for (from, to) in &settings.remap {
        if let Some(rest) = url.as_str().strip_prefix(from.as_str()) {
            return crate::address::goal(&format!("{to}{rest}"), &crate::address::Base::Folder);
        }
    }
    goal.clone()
}

/// What an answer means for one link: the page may be there, and the place in it not.
fn finding(answer: &Answer, waiting: &Waiting) -> Finding {
    let fragment = waiting.fragment.as_deref();
    let end = fragment.map_or(String::new(), |fragment| format!("#{fragment}"));
    let finding = Finding {
        verdict: answer.verdict,
        reason: answer.reason.clone(),
        proposal: answer.proposal.as_ref().map(|proposal| format!("{proposal}{end}")),
        hops: answer.hops.clone(),
        notes: answer.notes.clone(),
        could_not: answer.verdict == Verdict::Unchecked,
    };
    let missing =
        answer.missing_fragments.iter().find(|missing| Some(&*missing.fragment) == fragment);
    match missing {
        Some(missing) => Finding {
            verdict: Verdict::Broken,
            reason: missing.reason.clone(),
            proposal: missing.nearest.as_ref().map(|near| format!("{}#{near}", waiting.page)),
            ..finding
        },
        None => finding,
    }
}
