//! What was found on one tree, and what a goal came to.

use serde::Serialize;

use super::census::Census;
use super::clink::Links;
use super::figures::Figures;
use super::race::{LeftOut, Placing};
use super::trees::Tree;

/// What was found on one tree.
#[derive(Debug, Serialize)]
pub(super) struct TreeReport {
    pub(super) tree: Tree,
    pub(super) census: Census,
    pub(super) programs: Vec<Placing>,
    pub(super) links: Vec<Announcement>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) verdicts: Vec<Verdict>,
}

/// The links that a way to run clink would make.
#[derive(Debug, Serialize)]
pub(super) struct Announcement {
    pub(super) program: &'static str,
    #[serde(flatten)]
    pub(super) links: Links,
}

/// A goal and the figure that decides.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Verdict {
    pub(super) goal: String,
    pub(super) asked: Limit,
    pub(super) measured: f64,
    pub(super) met: bool,
}

/// On which side of a figure the goal lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

/// Whether a goal is met.
pub(super) fn verdict(goal: String, asked: Limit, measured: f64) -> Verdict {
    let met = match asked {
        Limit::AtLeast(least) => measured >= least,
        Limit::AtMost(most) => measured <= most,
    };
    Verdict { goal, asked, measured, met }
}

/// What `program` took, if it ran.
pub(super) fn figures<'programs>(
    programs: &'programs [Placing],
    program: &str,
) -> Option<&'programs Figures> {
    programs.iter().find(|placing| placing.program == program).map(|placing| &placing.figures)
}
