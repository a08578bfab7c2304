//! Asks somebody about the proposals that are not sure, one by one, before they are written.
//!
//! Proof: `tests/proposals.rs::a_review_writes_what_somebody_agrees_to`

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use names::{shown, shown_text};

use crate::check::Checked;
use crate::link::Link;
use crate::proposal::Proposal;
use crate::report::shown_place;
use crate::verdict::Finding;

/// Somebody who answers.
pub(crate) struct Review<In, Out> {
    answers: In,
    questions: Out,
    /// What holds for all that follow, once that was said.
    rest: Option<bool>,
    /// Who was asked about an address is not asked again.
    decided: HashMap<(String, String), bool>,
}

/// What can be answered.
enum Reply {
    Once(bool),
    ForAll(bool),
}

impl<In: BufRead, Out: Write> Review<In, Out> {
    pub(crate) fn new(answers: In, questions: Out) -> Self {
        Self { answers, questions, rest: None, decided: HashMap::new() }
    }

    /// Whether a proposal is to be written. Where nobody can be asked, nothing is.
    pub(crate) fn agrees(&mut self, document: &Checked, link: &Link, finding: &Finding) -> bool {
        let Some(proposal) = &finding.proposal else { return false };
        if let Some(decided) = self.rest {
            return decided;
        }
        let key = (link.address.clone(), proposal.address.clone());
        if let Some(decided) = self.decided.get(&key) {
            return *decided;
        }
        match self.ask(document, link, finding, proposal).unwrap_or(Reply::ForAll(false)) {
            Reply::Once(decided) => {
                self.decided.insert(key, decided);
                decided
            }
            Reply::ForAll(decided) => {
                self.rest = Some(decided);
                decided
            }
        }
    }

    fn ask(
        &mut self,
        document: &Checked,
        link: &Link,
        finding: &Finding,
        proposal: &Proposal,
    ) -> io::Result<Reply> {
        let out = &mut self.questions;
        let place = shown_place(&link.place);
        let comma = if place.is_empty() { "" } else { ", " };
        writeln!(out, "\n{}{comma}{}", shown(&document.path), shown_text(&place))?;
        if !link.text.is_empty() {
            writeln!(out, "  words: {}", shown_text(&link.text))?;
        }
        writeln!(out, "  now: {}", shown_text(&link.address))?;
        writeln!(out, "    because: {}", shown_text(&finding.reason))?;
        writeln!(out, "  perhaps: {}", shown_text(&proposal.address))?;
        writeln!(out, "    because: {}", shown_text(&proposal.because))?;
        loop {
            write!(self.questions, "write it? [y]es, [n]o, [a]ll that follow, [q]uit: ")?;
            self.questions.flush()?;
            if let Some(reply) = self.reply()? {
                return Ok(reply);
            }
        }
    }

    /// A line that says what is wanted; the end of all lines wants no more.
    fn reply(&mut self) -> io::Result<Option<Reply>> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            writeln!(self.questions)?;
            return Ok(Some(Reply::ForAll(false)));
        }
        Ok(match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Some(Reply::Once(true)),
            "n" | "no" => Some(Reply::Once(false)),
            "a" | "all" => Some(Reply::ForAll(true)),
            "q" | "quit" => Some(Reply::ForAll(false)),
            _ => None,
        })
    }
}
