//! Asks the network whether addresses lead anywhere.
//!
//! Addresses come from strangers: only `http`, `https`, `ftp` and mail domains are asked, what a
//! name stands for is looked at before anything is sent, and no answer is read beyond its cap.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::address::Goal;
use crate::proposal::Proposal;
use crate::verdict::{Hop, Verdict};

mod archive;
mod authorities;
mod ftp;
mod hosts;
mod http;
mod mail;
mod moved;
mod names;
mod page;
mod request;
mod schedule;
mod vet;

pub use authorities::Authorities;
pub use hosts::{Host, Hosts};

/// How the network is asked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Requests at the same time, to all hosts together.
    pub max_threads: usize,
    /// Requests at the same time, to one host.
    pub max_requests_per_host: usize,
    /// Least time between two requests to one host.
    pub delay: Duration,
    /// Longest time for one request.
    pub timeout: Duration,
    /// Second looks, at the end of the run, at what failed for the moment.
    pub retries: u32,
    /// Longest way that an address may lead.
    pub max_redirects: usize,
    /// Bytes that are read of a page in which a place is looked for.
    pub most_of_page: u64,
    /// Longest time that a server may ask to wait; those who ask for more are asked no more.
    pub max_wait: Duration,
    /// A certificate that ends within this time is mentioned.
    pub certificate_ends_within: Duration,
    /// What coool calls itself.
    pub user_agent: String,
    /// The name server to ask instead of the system's.
    pub name_server: Option<SocketAddr>,
    /// Who is asked for copies of broken pages.
    pub archive: Option<Url>,
    /// Whether pages are asked for at once, and not their heads first.
    pub whole: bool,
    /// Who vouches for certificates besides those whom this machine trusts.
    pub authorities: Authorities,
    /// What holds for single hosts.
    pub hosts: Hosts,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_threads: 100,
            max_requests_per_host: 5,
            delay: Duration::ZERO,
            timeout: Duration::from_secs(20),
            retries: 1,
            max_redirects: 10,
            most_of_page: 8 << 20,
            max_wait: Duration::from_mins(1),
            certificate_ends_within: Duration::from_hours(336),
            user_agent: format!(
                "Mozilla/5.0 (compatible; coool/{}; link checker)",
                env!("CARGO_PKG_VERSION")
            ),
            name_server: None,
            archive: None,
            whole: false,
            authorities: Authorities::default(),
            hosts: Hosts::default(),
        }
    }
}

impl Settings {
    /// Longest time for one request to an address.
    fn timeout_for(&self, url: &Url) -> Duration {
        self.hosts.of(url).and_then(|host| host.timeout).unwrap_or(self.timeout)
    }

    /// Whether the page at an address is asked for at once.
    fn asks_for_the_whole(&self, url: &Url) -> bool {
        self.hosts.of(url).and_then(|host| host.whole).unwrap_or(self.whole)
    }
}

/// An address to ask for.
#[derive(Debug, Clone)]
pub struct Question {
    /// A page of the web without a place in it, a file by ftp, or mail addresses.
    pub goal: Goal,
    /// The places that are looked for in the page, as they are written behind `#`.
    pub fragments: Vec<String>,
}

/// What came of asking.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// What became of the address.
    pub verdict: Verdict,
    /// Why, in plain words.
    pub reason: String,
    /// The address that should take its place.
    pub proposal: Option<Proposal>,
    /// The way that it led.
    pub hops: Vec<Hop>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// The places that are not in the page.
    pub missing_fragments: Vec<MissingFragment>,
}

/// A place that is not in the page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MissingFragment {
    /// The place as it is written behind `#`.
    pub fragment: String,
    /// Why it is not there, in plain words.
    pub reason: String,
    /// The nearest place that is there.
    pub nearest: Option<Proposal>,
}

impl Answer {
    fn of(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self {
            verdict,
            reason: reason.into(),
            proposal: None,
            hops: Vec::new(),
            notes: Vec::new(),
            missing_fragments: Vec::new(),
        }
    }
}

/// Is told how far the work is, and says when to stop.
pub trait Watch: Sync {
    /// This many addresses will be asked for.
    fn to_ask(&self, _addresses: usize) {}
    /// A request goes out.
    fn asked(&self, _url: &str) {}
    /// One address has its answer.
    fn answered(&self, _url: &str, _verdict: Verdict) {}
    /// A host asks to wait.
    fn waiting(&self, _host: &str, _time: Duration) {}
    /// Whether to give up.
    fn stop(&self) -> bool {
        false
    }
}

/// Asks all questions, and gives the answers in their order.
pub fn ask(questions: &[Question], settings: &Settings, watch: &dyn Watch) -> Result<Vec<Answer>> {
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    // A second installation is refused and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot prepare to ask the network")?;
    let answers = runtime.block_on(async {
        let mut answers = schedule::ask(questions, settings, watch).await?;
        if let Some(archive) = &settings.archive {
            archive::propose(questions, &mut answers, archive, settings, watch).await?;
        }
        Ok(answers)
    });
    // A name lookup of the system cannot be called off; nobody waits for it.
    runtime.shutdown_background();
    answers
}
