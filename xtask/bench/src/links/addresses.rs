//! The addresses: pages on many hosts, all of this machine, that answer after a while.

use std::fmt::Write as _;
use std::thread::sleep;
use std::time::Duration;

use serde::Serialize;
use testkit::web::{Response, Server};

/// Time until a page answers.
pub(super) const LATENCY: Duration = Duration::from_millis(20);
const HOSTS: usize = 100;
const PAGES_OF_A_HOST: usize = 50;

/// In which order the addresses stand in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Order {
    /// All of one host, then all of the next, as in a manual that cites one site.
    Grouped,
    /// One of each host in turn.
    InTurn,
    /// As they come.
    Shuffled,
}

impl Order {
    pub(super) const ALL: [Self; 3] = [Self::Grouped, Self::InTurn, Self::Shuffled];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Grouped => "grouped by host",
            Self::InTurn => "hosts in turn",
            Self::Shuffled => "shuffled",
        }
    }
}

/// The hosts, each on an address of its own in `127.0.0.0/8`.
pub(super) struct Web {
    servers: Vec<Server>,
}

impl Web {
    pub(super) fn start() -> Self {
        let serve = |host: usize| {
            Server::on(&format!("127.0.1.{}:0", host + 1), |_| {
                sleep(LATENCY);
                Response::of(200)
            })
        };
        Self { servers: (0..HOSTS).map(serve).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.servers.len() * PAGES_OF_A_HOST
    }

    pub(super) fn hosts(&self) -> usize {
        self.servers.len()
    }

    /// A list in Markdown, which both programs read.
    pub(super) fn list(&self, order: Order) -> String {
        let mut addresses: Vec<String> = self
            .servers
            .iter()
            .flat_map(|server| (0..PAGES_OF_A_HOST).map(|page| server.url(&format!("/{page}"))))
            .collect();
        match order {
            Order::Grouped => {}
            Order::InTurn => {
                let host = |index: usize| (index % PAGES_OF_A_HOST, index / PAGES_OF_A_HOST);
                let mut numbers: Vec<usize> = (0..addresses.len()).collect();
                numbers.sort_by_key(|index| host(*index));
                addresses = numbers.iter().map(|index| addresses[*index].clone()).collect();
            }
            Order::Shuffled => shuffle(&mut addresses),
        }
        addresses.iter().fold(String::new(), |mut list, address| {
            let _ = writeln!(list, "- [page]({address})");
            list
        })
    }

    /// The least time that so many requests at once allow.
    pub(super) fn floor(&self, at_once: u32, at_once_to_one: u32) -> Duration {
        let of = |pages: usize, slots: u32| {
            LATENCY * u32::try_from(pages).expect("a few thousand pages") / slots
        };
        of(self.len(), at_once).max(of(PAGES_OF_A_HOST, at_once_to_one))
    }
}

/// The same order in every run: a linear congruential generator (Knuth's MMIX) chooses.
fn shuffle(addresses: &mut [String]) {
    let mut state = 1_u64;
    for last in (1..addresses.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let high = usize::try_from(state >> 33).expect("31 bits");
        addresses.swap(last, high % (last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_has_the_same_addresses() {
        let mut lists = [vec![1, 2, 3], vec![3, 1, 2]].map(|numbers: Vec<u32>| {
            numbers.iter().map(ToString::to_string).collect::<Vec<String>>()
        });
        shuffle(&mut lists[1]);
        lists[1].sort();

        assert_eq!(lists[0], lists[1]);
    }
}
