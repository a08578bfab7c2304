//! A link and its finding as programs read it.

use serde::Serialize;

use names::Bytes;

use crate::check::Checked;
use crate::link::{Aside, Kind, Link, Page, Place};
use crate::proposal::Confidence;
use crate::verdict::{Finding, Hop, Verdict};

/// One link.
#[derive(Debug, Serialize)]
pub(super) struct Row<'run> {
    /// The document as it was given or found.
    pub(super) document: Bytes,
    /// The part of its package; empty where it is one file.
    pub(super) part: &'run str,
    pub(super) kind: Kind,
    /// The address as the document stores it.
    pub(super) url: &'run str,
    /// The words of the link.
    pub(super) text: &'run str,
    pub(super) place: PlaceRow<'run>,
    pub(super) verdict: Verdict,
    pub(super) reason: &'run str,
    /// The address that the link should perhaps have, why, and how sure that is.
    pub(super) proposal: Option<&'run str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) proposal_reason: Option<&'run str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confidence: Option<Confidence>,
    #[serde(skip_serializing_if = "<[Hop]>::is_empty")]
    pub(super) redirects: &'run [Hop],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) notes: &'run [String],
    /// Whether it is broken and the baseline knows so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) known: bool,
    /// Whether it is unchecked for a reason that nobody chose.
    #[serde(skip)]
    pub(super) could_not: bool,
    #[serde(skip)]
    pub(super) shown_place: String,
}

/// Where it stands; what is not known is left out.
#[derive(Debug, Serialize)]
pub(super) struct PlaceRow<'run> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<u32>,
    /// Whether the page is a guess.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) page_is_approximate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) slide: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sheet: Option<&'run str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cell: Option<&'run str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) heading: Option<&'run str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "in")]
    pub(super) aside: Option<Aside>,
}

impl<'run> Row<'run> {
    pub(super) fn of(document: &Checked, link: &'run Link, finding: &'run Finding) -> Self {
        Self {
            document: Bytes::of(&document.path),
            part: &link.part,
            kind: link.kind,
            url: &link.address,
            text: &link.text,
            place: PlaceRow::of(&link.place),
            verdict: finding.verdict,
            reason: &finding.reason,
            proposal: finding.proposal.as_ref().map(|it| it.address.as_str()),
            proposal_reason: finding.proposal.as_ref().map(|it| it.because.as_str()),
            confidence: finding.proposal.as_ref().map(|it| it.confidence),
            redirects: &finding.hops,
            notes: &finding.notes,
            known: finding.known,
            could_not: finding.could_not,
            shown_place: shown_place(&link.place),
        }
    }
}

impl Row<'_> {
    /// Everything in one sentence: `#Gone "words" (p. 2): no bookmark is called so; perhaps #Here (…)`.
    pub(super) fn sentence(&self) -> String {
        let place = match &*self.shown_place {
            "" => String::new(),
            place => format!(" ({place})"),
        };
        let proposal = self.proposal.map_or(String::new(), |proposal| {
            format!("; perhaps {proposal} ({})", self.shown_confidence())
        });
        let url = if self.url.is_empty() { "(no address)" } else { self.url };
        format!("{url}{}{place}: {}{proposal}", self.words(), self.reason)
    }

    /// The words of the link, or their beginning.
    fn words(&self) -> String {
        const MOST: usize = 100;
        match self.text.char_indices().nth(MOST) {
            Some((end, _)) => format!(" \"{}…\"", &self.text[..end]),
            None if self.text.is_empty() => String::new(),
            None => format!(" \"{}\"", self.text),
        }
    }

    /// How sure the proposal is, and why: `likely: it is spelled nearly so`.
    pub(super) fn shown_confidence(&self) -> String {
        let confidence = self.confidence.map(|it| it.to_string()).unwrap_or_default();
        format!("{confidence}: {}", self.proposal_reason.unwrap_or_default())
    }
}

impl<'run> PlaceRow<'run> {
    fn of(place: &'run Place) -> Self {
        let (page, page_is_approximate) = match place.page {
            Some(Page::Exact(number)) => (Some(number), false),
            Some(Page::About(number)) => (Some(number), true),
            None => (None, false),
        };
        Self {
            page,
            page_is_approximate,
            slide: place.slide,
            sheet: place.sheet.as_deref(),
            cell: place.cell.as_deref(),
            heading: place.heading.as_deref(),
            line: place.line,
            aside: place.aside,
        }
    }
}

/// A place for people: `p. 12, under "Costs"`. Empty where nothing is known.
pub(crate) fn shown_place(place: &Place) -> String {
    let mut words = Vec::new();
    if let Some(page) = place.page {
        words.push(page.to_string());
    }
    if let Some(slide) = place.slide {
        words.push(format!("slide {slide}"));
    }
    match (&place.sheet, &place.cell) {
        (Some(sheet), Some(cell)) => words.push(format!("{sheet}.{cell}")),
        (Some(sheet), None) => words.push(format!("sheet {sheet}")),
        (None, Some(cell)) => words.push(format!("cell {cell}")),
        (None, None) => {}
    }
    if let Some(line) = place.line {
        words.push(format!("line {line}"));
    }
    if let Some(aside) = place.aside {
        words.push(aside.to_string());
    }
    if let Some(heading) = &place.heading {
        words.push(format!("under \"{heading}\""));
    }
    words.join(", ")
}

/// How many links there are of each verdict.
#[derive(Debug, Default, Serialize)]
pub(super) struct Totals {
    pub(super) documents: usize,
    pub(super) links: usize,
    pub(super) ok: usize,
    pub(super) redirected: usize,
    pub(super) doubtful: usize,
    pub(super) broken: usize,
    pub(super) unchecked: usize,
    /// Of the broken ones, those that the baseline knows.
    #[serde(skip)]
    pub(super) known: usize,
    /// Of the unchecked ones, those for a reason that nobody chose.
    #[serde(skip)]
    pub(super) could_not: usize,
}

impl Totals {
    pub(super) fn of(checked: &[Checked]) -> Self {
        let mut totals = Self { documents: checked.len(), ..Self::default() };
        for (_, finding) in checked.iter().flat_map(|document| &document.links) {
            totals.links += 1;
            totals.known += usize::from(finding.known);
            totals.could_not += usize::from(finding.could_not);
            *match finding.verdict {
                Verdict::Ok => &mut totals.ok,
                Verdict::Redirected => &mut totals.redirected,
                Verdict::Doubtful => &mut totals.doubtful,
                Verdict::Broken => &mut totals.broken,
                Verdict::Unchecked => &mut totals.unchecked,
            } += 1;
        }
        totals
    }
}
