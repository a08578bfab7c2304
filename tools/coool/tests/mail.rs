//! Mail addresses and host names, with a name server of our own.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use support::names::{self, Known, MX};
use support::server::{Response, Server};
use support::{Desk, odf};

/// What coool says of addresses, by this name server.
fn findings(addresses: &[&str], know: impl Fn(&str, u16) -> Known + Send + 'static) -> Vec<String> {
    let links: String = addresses.iter().map(|address| odf::paragraph(address, "")).collect();
    let server = names::server(know);
    Desk::with("a.fodt", odf::text(&links)).findings(&["a.fodt", "--name-server", &server])
}

#[test]
fn a_domain_must_take_mail() {
    let found = findings(
        &[
            "mailto:ann@good.example?subject=x",
            "mailto:ann@host-only.example",
            "mailto:ann@no-mail.example",
            "mailto:ann@gone.example",
            "mailto:ann@nobody.example",
            "mailto:ann@good.example,bob@gone.example",
            "mailto:ann@left.example",
        ],
        |name, kind| match (name, kind) {
            ("good.example", MX) => Known::Mail("mx.good.example"),
            ("left.example", MX) => Known::Mail("mx.left.example"),
            ("no-mail.example", MX) => Known::Mail("."),
            ("host-only.example" | "mx.good.example", names::A) => Known::Address([192, 0, 2, 1]),
            ("gone.example", _) => Known::Nothing,
            _ => Known::Empty,
        },
    );

    assert_eq!(
        found,
        [
            "ok text mailto:ann@good.example?subject=x",
            "ok text mailto:ann@host-only.example",
            "broken text mailto:ann@no-mail.example: `no-mail.example` says that it takes no mail",
            "broken text mailto:ann@gone.example: there is no domain `gone.example`",
            "broken text mailto:ann@nobody.example: nobody takes mail for `nobody.example`",
            "broken text mailto:ann@good.example,bob@gone.example: there is no domain `gone.example`",
            "broken text mailto:ann@left.example: `mx.left.example` takes mail for `left.example`, \
             and there is no such host",
        ]
    );
}

#[test]
fn a_name_server_in_trouble_is_no_broken_link() {
    let found = findings(&["mailto:ann@a.example", "http://a.example/"], |_, _| Known::Trouble);

    assert!(found[0].starts_with("unchecked text mailto:ann@a.example"), "{found:?}");
    assert!(found[1].starts_with("unchecked text http://a.example/"), "{found:?}");
}

#[test]
fn what_the_name_server_could_not_say_is_asked_again_at_the_end() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    // The resolver itself asks more than once before it gives up.
    let found = findings(&["mailto:ann@a.example"], |name, kind| match (name, kind) {
        ("mx.a.example", names::A) => Known::Address([192, 0, 2, 1]),
        ("mx.a.example", _) => Known::Empty,
        _ if ASKED.fetch_add(1, Ordering::SeqCst) < 3 => Known::Trouble,
        _ => Known::Mail("mx.a.example"),
    });

    assert_eq!(found, ["ok text mailto:ann@a.example"], "after {ASKED:?} questions");
}

#[test]
fn a_host_that_is_not_there_is_told_so() {
    let found = findings(&["http://gone.example/x"], |_, _| Known::Nothing);

    assert_eq!(found, ["broken text http://gone.example/x: there is no host `gone.example`"]);
}

#[test]
fn a_name_that_stands_for_this_machine_may_be_asked_where_the_document_says_so() {
    let server = Server::new(|_| Response::of(200));
    let port = server.address().rsplit(':').next().expect("a port").to_owned();
    let address = format!("http://inner.example:{port}/x");
    let found = findings(&[&address], |_, kind| match kind {
        names::A => Known::Address([127, 0, 0, 1]),
        _ => Known::Empty,
    });

    assert_eq!(found, [format!("ok text {address}")]);
    assert_eq!(server.asked(), ["HEAD /x"]);
}

#[test]
fn a_host_may_have_an_underscore_in_its_name() {
    let server = Server::new(|_| Response::of(200));
    let port = server.url("").rsplit_once(':').expect("a port").1.to_owned();
    let address = format!("http://my_host.example:{port}/");

    let found = findings(&[&address], |name, kind| match (name, kind) {
        ("my_host.example", names::A) => Known::Address([127, 0, 0, 1]),
        _ => Known::Empty,
    });

    assert_eq!(found, [format!("ok text {address}")]);
}
