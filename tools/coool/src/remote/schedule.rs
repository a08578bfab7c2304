//! Who is asked when: a queue for each host, and one dispatcher for all.
//!
//! A host that has to wait, for its limit, its delay or its own wish, holds nobody else up: only
//! requests that are under way count. So the time for N addresses of latency L is near
//! max(N·L/C, the largest n·L/k), with C requests in all, k and n those of a host.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::address::Goal;
use crate::verdict::Verdict;

use super::hosts::name_of;
use super::http::{self, Web};
use super::names::Names;
use super::request::{Errand, Office, Step, Way};
use super::{Answer, Question, Settings, Watch, ftp, mail};

/// All who ask, with what their requests share.
struct Network {
    office: Office,
    web: Web,
    mail: mail::Domains,
}

/// Asks all questions.
pub(super) async fn ask(
    questions: &[Question],
    settings: &Settings,
    watch: &dyn Watch,
) -> Result<Vec<Answer>> {
    watch.to_ask(questions.len());
    let names = Names::new(settings);
    let web = Web::new(settings, &names)?;
    let office = Office { settings: settings.clone(), names };
    let network = Network { office, web, mail: mail::Domains::default() };
    let mut dispatcher = Dispatcher::new(Arc::new(network), questions, watch);
    dispatcher.run().await;
    Ok(dispatcher.answers())
}

struct Dispatcher<'run> {
    network: Arc<Network>,
    watch: &'run dyn Watch,
    questions: &'run [Question],
    answers: Vec<Option<Answer>>,
    hosts: HashMap<String, Host>,
    /// Hosts that can be asked now, in turn.
    ready: VecDeque<String>,
    /// Hosts that can be asked later.
    resting: BinaryHeap<Reverse<(Instant, String)>>,
    requests: JoinSet<(String, Step)>,
    /// What is looked at again when all else is done.
    later: Vec<Errand>,
}

/// A host and who waits for it.
#[derive(Default)]
struct Host {
    queue: VecDeque<Errand>,
    running: usize,
    /// Whether it is in `ready` or `resting`.
    listed: bool,
    not_before: Option<Instant>,
    /// Calls in a row that nobody answered.
    silences: u32,
    /// What everybody else who waits is told.
    given_up: Option<Answer>,
}

/// After so many calls without an answer, nobody calls again.
const MOST_SILENCES: u32 = 3;
/// So often a host may ask to wait for one address.
const MOST_WAITS: u32 = 2;

impl<'run> Dispatcher<'run> {
    fn new(network: Arc<Network>, questions: &'run [Question], watch: &'run dyn Watch) -> Self {
        let mut dispatcher = Self {
            network,
            watch,
            questions,
            answers: questions.iter().map(|_| None).collect(),
            hosts: HashMap::new(),
            ready: VecDeque::new(),
            resting: BinaryHeap::new(),
            requests: JoinSet::new(),
            later: Vec::new(),
        };
        for (number, question) in questions.iter().enumerate() {
            dispatcher.queue(Errand {
                number,
                goal: question.goal.clone(),
                fragments: question.fragments.clone(),
                way: Way::default(),
                failures: 0,
                waits: 0,
            });
        }
        dispatcher
    }

    async fn run(&mut self) {
        /// How soon Ctrl-C is heard.
        const TICK: Duration = Duration::from_millis(200);
        while !self.watch.stop() {
            self.wake();
            self.start();
            if self.requests.is_empty() && self.resting.is_empty() {
                if self.later.is_empty() {
                    return;
                }
                for errand in std::mem::take(&mut self.later) {
                    self.queue(errand);
                }
                continue;
            }
            let tick = Instant::now() + TICK;
            let until = self.resting.peek().map_or(tick, |Reverse((time, _))| tick.min(*time));
            tokio::select! {
                Some(done) = self.requests.join_next() => {
                    // A request that panicked is a mistake of ours, to be seen as such.
                    let (host, step) = done.unwrap_or_else(|error| {
                        std::panic::resume_unwind(error.into_panic())
                    });
                    self.take(&host, step);
                }
                () = sleep_until(until) => {}
            }
        }
    }

    fn answers(self) -> Vec<Answer> {
        let stopped = || Answer::of(Verdict::Unchecked, "the run was ended before");
        self.answers.into_iter().map(|answer| answer.unwrap_or_else(stopped)).collect()
    }

    fn queue(&mut self, errand: Errand) {
        let name = host_of(&errand.goal);
        let host = self.hosts.entry(name.clone()).or_default();
        host.queue.push_back(errand);
        self.list(&name);
    }

    /// Puts a host where it belongs: it can be asked now, later, or not before a request ends.
    fn list(&mut self, name: &str) {
        let limit = self.limit_of(name);
        let Some(host) = self.hosts.get_mut(name) else { return };
        if host.listed || host.queue.is_empty() || host.running >= limit {
            return;
        }
        host.listed = true;
        match host.not_before.filter(|time| *time > Instant::now()) {
            Some(time) => self.resting.push(Reverse((time, name.to_owned()))),
            None => self.ready.push_back(name.to_owned()),
        }
    }

    /// How many requests to a host may be under way.
    fn limit_of(&self, name: &str) -> usize {
        let settings = &self.network.office.settings;
        let own = settings.hosts.named(name).and_then(|host| host.max_requests);
        own.unwrap_or(settings.max_requests_per_host)
    }

    /// Those who have rested can be asked.
    fn wake(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((time, _))) = self.resting.peek()
            && *time <= now
        {
            let Some(Reverse((_, name))) = self.resting.pop() else { return };
            if let Some(host) = self.hosts.get_mut(&name) {
                host.listed = false;
            }
            self.list(&name);
        }
    }

    /// Sends out as many requests as may be under way.
    fn start(&mut self) {
        while self.requests.len() < self.network.office.settings.max_threads
            && let Some(name) = self.ready.pop_front()
        {
            let Some(host) = self.hosts.get_mut(&name) else { continue };
            host.listed = false;
            if host.not_before.is_some_and(|time| time > Instant::now()) {
                self.list(&name);
                continue;
            }
            let Some(errand) = host.queue.pop_front() else { continue };
            if let Some(answer) = host.given_up.clone() {
                self.list(&name);
                self.finish(&errand, answer);
                continue;
            }
            host.running += 1;
            let settings = &self.network.office.settings;
            let own_delay = settings.hosts.named(&name).and_then(|host| host.delay);
            let delay = own_delay.unwrap_or(settings.delay);
            if !delay.is_zero() {
                host.not_before = Some(Instant::now() + delay);
            }
            self.watch.asked(&shown(&errand.goal));
            let network = Arc::clone(&self.network);
            let task_name = name.clone();
            self.requests.spawn(async move { (task_name, step(errand, &network).await) });
            self.list(&name);
        }
    }

    fn take(&mut self, name: &str, step: Step) {
        if let Some(host) = self.hosts.get_mut(name) {
            host.running -= 1;
            if !matches!(step, Step::Silent(..)) {
                host.silences = 0;
            }
        }
        match step {
            Step::Done(errand, answer) => self.finish(&errand, answer),
            Step::Onward(errand) => self.queue(errand),
            Step::Wait(errand, time, answer) => self.wait(name, errand, time, answer),
            Step::Later(errand, answer) => self.again(errand, answer),
            Step::Silent(errand, answer) => {
                self.silence(name, &answer);
                self.again(errand, answer);
            }
        }
        self.list(name);
    }

    /// The host is left in peace for as long as it asks, and everybody who wants something of it
    /// waits.
    fn wait(&mut self, name: &str, mut errand: Errand, time: Duration, answer: Answer) {
        if errand.waits >= MOST_WAITS || time > self.network.office.settings.max_wait {
            return self.finish(&errand, answer);
        }
        errand.waits += 1;
        self.watch.waiting(name, time);
        if let Some(host) = self.hosts.get_mut(name) {
            let until = Instant::now() + time;
            host.not_before = Some(host.not_before.map_or(until, |before| before.max(until)));
            host.queue.push_front(errand);
        }
    }

    fn again(&mut self, mut errand: Errand, answer: Answer) {
        if errand.failures >= self.network.office.settings.retries {
            return self.finish(&errand, answer);
        }
        errand.failures += 1;
        self.later.push(errand);
    }

    /// A host that never answers would cost everybody who waits for it a time-out each.
    fn silence(&mut self, name: &str, answer: &Answer) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        host.silences += 1;
        if host.silences >= MOST_SILENCES {
            let note = format!("not asked itself: {MOST_SILENCES} others had no answer");
            host.given_up = Some(Answer { notes: vec![note], ..answer.clone() });
        }
    }

    fn finish(&mut self, errand: &Errand, answer: Answer) {
        self.watch.answered(&shown(&self.questions[errand.number].goal), answer.verdict);
        self.answers[errand.number] = Some(answer);
    }
}

async fn step(errand: Errand, network: &Network) -> Step {
    match errand.goal.clone() {
        Goal::Web(url) => http::step(errand, url, &network.office, &network.web).await,
        Goal::Ftp(url) => ftp::step(errand, &url, &network.office).await,
        Goal::Mail(addresses) => {
            mail::step(errand, &addresses, &network.mail, &network.office.names).await
        }
        other => {
            let reason = format!("`{}` is nothing that the network knows", shown(&other));
            Step::Done(errand, Answer::of(Verdict::Unchecked, reason))
        }
    }
}

/// Whose limit counts. Mail is asked of the name server, which is one for all.
fn host_of(goal: &Goal) -> String {
    match goal {
        Goal::Web(url) | Goal::Ftp(url) => name_of(url),
        _ => String::new(),
    }
}

fn shown(goal: &Goal) -> String {
    match goal {
        Goal::Web(url) | Goal::Ftp(url) => url.to_string(),
        Goal::Mail(addresses) => format!("mailto:{}", addresses.join(",")),
        _ => String::new(),
    }
}
