//! What a link was perhaps meant to lead to: the evidence is put together, and what comes of it is
//! looked up again before it is shown.
//!
//! Proof: `tests/proposals.rs::a_contents_entry_finds_the_mark_of_its_heading_again`,
//! `tests/proposals.rs::what_is_proposed_has_been_looked_up`

use crate::address::{Jump, decoded};
use crate::link::{Kind, Link};
use crate::proposal::Proposal;
use crate::targets::{Found, Speller, Targets, counts};

/// What is known of a place that is missing.
pub(super) struct Missing<'run> {
    pub(super) jump: &'run Jump,
    /// The link, and those behind it.
    pub(super) links: &'run [Link],
    /// What is nearly so called.
    pub(super) spelled: Option<Proposal>,
}

/// The name that was perhaps meant, as it stands behind `#` or in a field.
pub(super) fn name(missing: Missing, targets: &dyn Targets, speller: &Speller) -> Option<Proposal> {
    let jump = missing.jump;
    let proposal = weighed(missing, targets)?;
    let ways = [proposal.address.clone(), proposal.address.replace('%', "%25")];
    let found = |name: &&String| targets.find(&renamed(jump, name), speller) == Found::Yes;
    let name = ways.iter().find(found)?;
    Some(proposal.written(|_| name.clone()))
}

fn renamed(jump: &Jump, name: &str) -> Jump {
    match jump {
        Jump::Named(named, _) => Jump::Named(*named, name.to_owned()),
        _ => Jump::Fragment(name.to_owned()),
    }
}

/// What is spelled so against what the link's own words say.
fn weighed(missing: Missing, targets: &dyn Targets) -> Option<Proposal> {
    let Some(worded) = worded(missing.jump, missing.links, targets) else {
        return missing.spelled;
    };
    match missing.spelled {
        Some(spelled) if spelled.is_sure() => Some(spelled),
        Some(spelled) if spelled.address == worded.address => {
            Some(Proposal::sure(worded.address, "its words are those of that heading"))
        }
        _ => Some(worded),
    }
}

/// By the words of the link, where these are those of one heading.
fn worded(jump: &Jump, links: &[Link], targets: &dyn Targets) -> Option<Proposal> {
    let Jump::Fragment(name) = jump else { return None };
    let name = decoded(name);
    let words = Words::of(links)?;
    let (heading, is_plain) = words.ways().find_map(|way| {
        targets.heading(&way.text).map(|place| ((place.to_owned(), way.text), way.is_plain))
    })?;
    let (place, heading) = heading;
    if counts::is_contents_mark(&name) && is_plain {
        return Some(Proposal::sure(
            place,
            format!("its words are those of one heading, `{heading}`"),
        ));
    }
    let own_name = name.split('|').next().unwrap_or_default();
    let counted = counts::is_mark(&name)
        || [&place, &heading].iter().any(|it| counts::counting(own_name) == counts::counting(it));
    counted
        .then(|| Proposal::likely(place, format!("its words are those of a heading, `{heading}`")))
}

/// The words of a link, and the page that stands behind them in a contents list.
struct Words<'run> {
    all: &'run str,
    page: Option<&'run str>,
}

/// The words in one way to read them.
struct Way {
    text: String,
    /// Whether nothing was left out but a page that is known to be one.
    is_plain: bool,
}

impl<'run> Words<'run> {
    fn of(links: &'run [Link]) -> Option<Self> {
        let (link, rest) = links.split_first()?;
        let all = link.text.trim();
        // Word shows the page by a field of its own, which refers to the same mark.
        let page = rest.first().filter(|next| {
            next.kind == Kind::Reference && link.address.strip_prefix('#') == Some(&*next.address)
        });
        (!all.is_empty()).then(|| Self { all, page: page.map(|page| page.text.trim()) })
    }

    /// As they are; without the page; without a number before them, which headings do not store.
    fn ways(&self) -> impl Iterator<Item = Way> {
        let without_page = self.page.and_then(|page| self.all.strip_suffix(page));
        let guessed = self.all.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let guessed =
            (guessed != self.all && guessed.ends_with(char::is_whitespace)).then_some(guessed);
        let read = [(Some(self.all), true), (without_page, true), (guessed, false)];
        let read = read.into_iter().filter_map(|(text, is_plain)| Some((text?, is_plain)));
        read.flat_map(|(text, is_plain)| {
            [text, without_number(text)].map(|text| Way { text: text.trim().to_owned(), is_plain })
        })
    }
}

/// `1.2 Costs` without its number.
fn without_number(words: &str) -> &str {
    match words.trim_start().split_once(char::is_whitespace) {
        Some((number, rest))
            if number.starts_with(|letter: char| letter.is_ascii_digit())
                && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') =>
        {
            rest
        }
        _ => words,
    }
}
