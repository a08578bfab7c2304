//! What a way by which a server leads on says about an address.

mod support;

use support::server::{Response, Server};
use support::{Desk, odf};

/// The verdict, the reason and the proposal for a page that leads on, and where to.
fn moved(status: u16, from: &str, to: &'static str) -> (String, String, Option<String>) {
    let start = from.to_owned();
    let server = Server::new(move |request| {
        if request.path == start { Response::moved(status, to) } else { Response::page("fine") }
    });
    let body = odf::paragraph(&server.url(from), "link");
    let document = Desk::with("a.fodt", odf::text(&body)).json(&["a.fodt"]);
    let link = &document["links"][0];
    let text = |key: &str| link[key].as_str().unwrap_or_default().to_owned();
    let proposal = link["proposal"].as_str().map(|proposal| proposal.replace(&server.url(""), ""));
    (text("verdict"), text("reason"), proposal)
}

#[test]
fn a_move_to_somewhere_else_is_doubtful_and_not_proposed() {
    for (to, reason) in [
        ("/", "it has moved to the start page, which is perhaps not what was meant"),
        ("/en/index.html", "it has moved to the start page, which is perhaps not what was meant"),
        ("/account/Log-In.aspx?next=/old", "it leads on to where one has to log in"),
        ("/errors/404.html", "it leads on to a page that says that something is wrong"),
        ("/new?PHPSESSID=1f", "it has moved to an address that is made for one visit"),
        ("/new;jsessionid=1f", "it has moved to an address that is made for one visit"),
        ("/new?utm_source=x", "it has moved to an address that is made for one visit"),
    ] {
        assert_eq!(
            moved(301, "/old/page", to),
            ("doubtful".to_owned(), reason.to_owned(), None),
            "{to}"
        );
    }
}

#[test]
fn a_move_to_the_same_page_elsewhere_is_proposed() {
    for (from, to) in [
        ("/old", "/new?a=1"),
        ("/index.html", "/"),
        ("/login", "/en/login"),
        ("/old?sid=1", "/new?sid=1"),
        ("/old", "/blog/on-error-handling"),
    ] {
        let expected = Some(to.to_owned());
        assert_eq!(moved(308, from, to).2, expected, "{from} to {to}");
    }
}

#[test]
fn a_move_for_now_is_no_proposal_and_a_login_doubtful() {
    assert_eq!(moved(302, "/old", "/"), ("redirected".to_owned(), String::new(), None));
    assert_eq!(moved(302, "/old", "/login").0, "doubtful");
}

#[test]
fn a_page_that_says_that_it_is_none_is_doubtful_and_not_proposed() {
    let told = |page: &'static str| {
        let server = Server::new(move |request| match request.path.as_str() {
            "/old" => Response::moved(301, "/new"),
            _ => Response::page(page),
        });
        let body = odf::paragraph(&server.url("/old"), "link");
        let finding = Desk::with("a.fodt", odf::text(&body)).findings(&["a.fodt"]).remove(0);
        finding.replace(&server.url(""), "")
    };

    assert_eq!(
        told("<title>Page not found - Example</title>"),
        "doubtful text /old (link): the server says that it is there, and its title `Page not found \
         - Example`"
    );
    assert_eq!(
        told("<meta http-equiv=refresh content='0; url=/home'>"),
        "doubtful text /old (link): it leads on by itself to `/home`, which is not followed"
    );
    assert_eq!(
        told("<title>What was found</title>"),
        "redirected text /old (link): it has moved for good -> /new"
    );
}
