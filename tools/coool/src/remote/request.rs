//! A question on its way to a host, and what can come of one request.

use std::time::Duration;

use url::Url;

use crate::address::Goal;
use crate::verdict::Hop;

use super::names::Names;
use super::{Answer, Settings};

/// A question on its way.
#[derive(Debug, Clone)]
pub(super) struct Errand {
    /// Of the question.
    pub(super) number: usize,
    pub(super) goal: Goal,
    pub(super) fragments: Vec<String>,
    /// What is known of a page of the web so far.
    pub(super) way: Way,
    /// How often it failed for the moment.
    pub(super) failures: u32,
    /// How often a host has asked to wait.
    pub(super) waits: u32,
}

/// What came of one request.
pub(super) enum Step {
    /// The answer.
    Done(Errand, Answer),
    /// Another request is due, perhaps to another host.
    Onward(Errand),
    /// The host asks to wait; the answer, should it do so again and again.
    Wait(Errand, Duration, Answer),
    /// It failed for the moment; the answer, should it fail again.
    Later(Errand, Answer),
    /// The host did not even answer the call.
    Silent(Errand, Answer),
}

/// What all requests share.
pub(super) struct Office {
    pub(super) settings: Settings,
    pub(super) names: Names,
}

/// What is known of a page of the web so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    /// The address as it was asked for first.
    pub(super) start: Option<Url>,
    pub(super) hops: Vec<Hop>,
    /// Whether the page itself is to be sent, for its head alone was refused or is not enough.
    pub(super) whole: bool,
    /// Whether the way began at a host that everybody can reach.
    pub(super) from_public: bool,
    pub(super) notes: Vec<String>,
}

impl Way {
    /// Whether it led on, and for good at every step.
    pub(super) fn is_for_good(&self) -> bool {
        !self.hops.is_empty() && self.hops.iter().all(|hop| hop.permanent)
    }
}
