//! Pages of the web, asked of a server on this machine.

mod support;

use std::time::{Duration, Instant};

use support::server::{Request, Response, Server};
use support::{Desk, odf};

/// A document with a link to each of these addresses.
fn document(addresses: &[String]) -> Desk {
    let links: String = addresses.iter().map(|address| odf::paragraph(address, "link")).collect();
    Desk::with("a.fodt", odf::text(&links))
}

/// The verdict, the reason and the proposal for one path of a server.
fn judged(
    path: &str,
    arguments: &[&str],
    answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> String {
    let server = Server::new(answer);
    let desk = document(&[server.url(path)]);
    let finding = desk.findings(&[&["a.fodt"], arguments].concat()).remove(0);
    finding.replace(&server.url(""), "").replace(" text ", " ").replace(" (link)", "")
}

#[test]
fn statuses_are_told_in_plain_words() {
    for (status, told) in [
        (200, "ok /x"),
        (404, "broken /x: the server answers 404, not found"),
        (410, "broken /x: the server answers 410, gone for good"),
        (500, "broken /x: the server answers 500, an error of the server"),
        (401, "doubtful /x: the server answers 401: it asks for a password"),
        (403, "doubtful /x: the server answers 403: it may let people in, and not programs"),
    ] {
        assert_eq!(judged("/x", &[], move |_| Response::of(status)), told);
    }
}

#[test]
fn a_server_that_refuses_to_send_the_head_alone_is_asked_for_the_page() {
    let answer = |request: &Request| match request.method.as_str() {
        "HEAD" => Response::of(405),
        _ => Response::page("here"),
    };

    assert_eq!(judged("/x", &[], answer), "ok /x");
}

#[test]
fn redirects_are_shown_and_those_for_good_are_proposed() {
    let server = Server::new(|request| match request.path.as_str() {
        "/old" => Response::moved(301, "/older"),
        "/older" => Response::moved(308, "/new"),
        "/today" => Response::moved(302, "/new"),
        _ => Response::of(200),
    });
    let desk = document(&[server.url("/old"), server.url("/today")]);

    let document = desk.json(&["a.fodt"]);

    let [old, today] = &document["links"].as_array().expect("a list")[..] else { panic!() };
    assert_eq!(old["verdict"], "redirected");
    assert_eq!(old["proposal"], server.url("/new"));
    assert_eq!(old["redirects"][0]["url"], server.url("/older"));
    assert_eq!(old["redirects"][1]["status"], 308);
    assert_eq!(today["verdict"], "redirected");
    assert!(today["proposal"].is_null());
    assert!(!today["redirects"][0]["permanent"].as_bool().expect("a truth"));
}

#[test]
fn a_circle_of_redirects_is_broken() {
    let finding = judged("/a", &[], |request| {
        Response::moved(302, if request.path == "/a" { "/b" } else { "/a" })
    });

    assert_eq!(finding, "broken /a: it leads in a circle");
}

#[test]
fn a_gate_that_sets_a_cookie_is_passed() {
    let finding = judged("/a", &[], |request| match request.headers.get("cookie") {
        Some(cookie) if cookie == "gate=open" => Response::of(200),
        _ => Response::moved(302, "/a").with("set-cookie", "gate=open; Path=/"),
    });

    assert_eq!(finding, "redirected /a");
}

#[test]
fn a_server_that_asks_to_wait_is_asked_again_after_that_time() {
    for status in [429, 503] {
        let begin = Instant::now();
        let finding = judged("/x", &[], move |request| match request.before {
            0 => Response::of(status).with("retry-after", "1"),
            _ => Response::of(200),
        });
        assert_eq!(finding, "ok /x", "{status}");
        assert!(begin.elapsed() >= Duration::from_secs(1));
    }
}

#[test]
fn what_fails_for_the_moment_gets_a_second_look() {
    let finding = judged("/x", &[], |request| match request.before {
        0 | 1 => Response::of(502),
        _ => Response::of(200),
    });

    assert_eq!(finding, "ok /x");
}

#[test]
fn a_server_that_is_silent_costs_a_few_timeouts_and_not_one_for_each_address() {
    let server = Server::new(|_| Response::nothing());
    let addresses: Vec<String> = (0..40).map(|number| server.url(&format!("/{number}"))).collect();
    let desk = document(&addresses);

    let findings = desk.findings(&["a.fodt", "--timeout", "500ms", "--retries", "0"]);

    assert_eq!(findings.len(), 40);
    assert!(findings.iter().all(|finding| finding.contains("does not answer in time")));
    assert!(server.asked().len() <= 15, "{}", server.asked().len());
}

#[test]
fn nothing_behind_an_address_is_told_as_it_is() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("its address");
    drop(free);
    let desk = document(&[format!("http://{address}/")]);

    let finding = desk.findings(&["a.fodt"]).remove(0);

    assert!(finding.ends_with("refuses the connection: nothing serves pages there"), "{finding}");
}

#[test]
fn places_in_pages_are_looked_for() {
    let server = Server::new(|request| match request.path.as_str() {
        "/image" => Response::of(200).with("content-type", "image/png"),
        _ => Response::page(
            "<html><h1 id=costs>Costs</h1><a name='two words'></a><p id=user-content-own>",
        ),
    });
    let desk = document(
        &["/#costs", "/#two%20words", "/#own", "/#top", "/#!script", "/#cost", "/image#x"]
            .map(|path| server.url(path)),
    );

    let findings = desk.verdicts(&["a.fodt"]);

    let broken: Vec<_> = findings.iter().filter(|finding| !finding.ends_with(" ok")).collect();
    assert_eq!(broken, [&format!("{} broken", server.url("/#cost"))]);
    assert_eq!(server.asked().iter().filter(|asked| asked.ends_with(" /")).count(), 1);
    let finding = desk.findings(&["a.fodt"]).remove(5);
    assert!(finding.ends_with(&format!("-> {}", server.url("/#costs"))), "{finding}");
}

#[test]
fn an_address_is_asked_for_once_however_often_it_stands_in_documents() {
    let server = Server::new(|_| Response::of(200));
    let desk = document(&[server.url("/x"), server.url("/x")]);
    desk.put("b.fodt", odf::text(&odf::paragraph(&server.url("/x"), "again")));

    let run = desk.coool(&["."]);

    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(server.asked(), ["HEAD /x"]);
    assert!(run.stdout.ends_with("2 documents, 3 links: 3 ok\n"), "{}", run.stdout);
}

#[test]
fn answers_are_remembered_where_that_is_asked_for() {
    let server = Server::new(|request| match request.path.as_str() {
        "/good" => Response::of(200),
        _ => Response::of(404),
    });
    let desk = document(&[server.url("/good"), server.url("/bad")]);

    for _ in 0..2 {
        desk.coool(&["a.fodt", "--cache"]);
    }

    let asked = server.asked();
    let count = |path: &str| asked.iter().filter(|asked| **asked == format!("HEAD {path}")).count();
    assert_eq!((count("/good"), count("/bad")), (1, 2), "what is broken is asked for again");
}

#[test]
fn a_host_is_not_asked_more_than_it_may_be_at_once() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let server = Server::new(|_| {
        let now = NOW.fetch_add(1, Ordering::SeqCst) + 1;
        MOST.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        NOW.fetch_sub(1, Ordering::SeqCst);
        Response::of(200)
    });
    let addresses: Vec<String> = (0..60).map(|number| server.url(&format!("/{number}"))).collect();

    let verdicts = document(&addresses).verdicts(&["a.fodt", "-r", "3"]);

    assert!(verdicts.iter().all(|verdict| verdict.ends_with(" ok")));
    assert_eq!(MOST.load(Ordering::SeqCst), 3);
}

#[test]
fn nobody_is_sent_to_addresses_that_machines_keep_to_themselves() {
    let desk = document(&["http://169.254.169.254/latest/meta-data".to_owned()]);

    let finding = desk.findings(&["a.fodt"]).remove(0);

    assert!(finding.starts_with("doubtful"), "{finding}");
    assert!(finding.ends_with("own network: not followed"), "{finding}");
}

#[test]
fn a_public_page_does_not_lead_to_this_machine() {
    let secret = Server::new(|_| Response::of(200));
    let location = secret.url("/secret");
    let proxy = Server::new(move |request| {
        assert!(request.path.starts_with("http://public.example/"), "{}", request.path);
        Response::moved(302, &location)
    });
    let desk = document(&["http://public.example/".to_owned()]);

    let output = desk
        .command(&["a.fodt", "--format", "json"])
        .env("http_proxy", format!("http://{}", proxy.address()))
        .output()
        .expect("coool starts");

    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["links"][0]["verdict"], "doubtful", "{document}");
    assert_eq!(secret.asked(), [""; 0]);
}

#[test]
fn a_password_in_an_address_is_not_told_to_another_host() {
    let other = Server::on("127.0.0.2:0", |request| {
        Response::of(if request.headers.contains_key("authorization") { 500 } else { 200 })
    });
    let location = other.url("/there");
    let server = Server::new(move |request| match request.headers.get("authorization") {
        Some(_) => Response::moved(302, &location),
        None => Response::of(401),
    });
    let desk = document(&[server.url("/x").replace("http://", "http://user:secret@")]);

    let finding = desk.findings(&["a.fodt"]).remove(0);

    assert!(finding.starts_with("redirected"), "{finding}");
    assert_eq!(other.asked(), ["HEAD /there"]);
}

#[test]
fn offline_nobody_is_asked() {
    let server = Server::new(|_| Response::of(404));
    let desk = document(&[server.url("/x")]);

    let run = desk.coool(&["a.fodt", "--offline"]);

    assert_eq!(run.code, Some(0));
    assert_eq!(server.asked(), [""; 0]);
}

#[test]
fn what_is_left_out_is_not_asked_for() {
    for arguments in [
        &["-x", "other.example 127.0.0.1"][..],
        &["--exclude", "http://127.*"],
        &["--exclude-regex", "x$"],
        &["--exclude-text", "li?k"],
    ] {
        let server = Server::new(|_| Response::of(404));
        let desk = document(&[server.url("/x")]);
        let run = desk.coool(&[&["a.fodt"], arguments].concat());
        assert_eq!(run.code, Some(0), "{arguments:?} {run:?}");
        assert_eq!(server.asked(), [""; 0], "{arguments:?}");
    }
}

#[test]
fn addresses_are_asked_for_where_they_are_remapped_to() {
    let server = Server::new(|_| Response::of(200));
    let desk = document(&["http://docs.example/a/b".to_owned()]);

    let run =
        desk.coool(&["a.fodt", "--remap", &format!("http://docs.example={}", server.url(""))]);

    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(server.asked(), ["HEAD /a/b"]);
}

#[test]
fn a_bad_mail_address_is_broken() {
    let desk = document(&["mailto:nobody".to_owned(), "mailto:a..b@example.org".to_owned()]);

    let findings = desk.findings(&["a.fodt"]);

    assert_eq!(
        findings,
        [
            "broken text mailto:nobody (link): `nobody` has no `@`",
            "broken text mailto:a..b@example.org (link): `a..b@example.org` has a dot before the \
             `@` where mail does not allow one",
        ]
    );
}

#[test]
fn an_archive_is_asked_for_copies_of_broken_pages() {
    let copy = "http://web.archive.org/web/20130919044612/http://a.example/";
    let archive = Server::new(move |request| {
        if !request.path.contains("%2Fgone") {
            return Response::page("{\"archived_snapshots\": {}}");
        }
        Response::page(&format!(
            "{{\"archived_snapshots\": {{\"closest\": {{\"status\": \"200\", \"available\": true, \
             \"url\": \"{copy}\", \"timestamp\": \"20130919044612\"}}}}}}"
        ))
    });
    let server = Server::new(|request| match request.path.as_str() {
        "/good" => Response::of(200),
        _ => Response::of(404),
    });
    let desk = document(&["/good", "/gone", "/never"].map(|path| server.url(path)));
    let option = format!("--archive={}", archive.url("/wayback/available"));

    let document = desk.json(&["a.fodt", &option]);

    let link = |number: usize| {
        let link = &document["links"][number];
        (link["proposal"].as_str(), link["notes"][0].as_str())
    };
    let secure = copy.replacen("http:", "https:", 1);
    assert_eq!(link(0), (None, None));
    assert_eq!(link(1), (Some(&*secure), Some("the archive has a copy of 2013-09-19")));
    assert_eq!(link(2), (None, Some("the archive has no copy")));
    assert_eq!(archive.asked().len(), 2, "{:?}", archive.asked());
}

#[test]
fn a_host_is_left_in_peace_between_two_requests() {
    let server = Server::new(|_| Response::of(200));
    let other = Server::on("127.0.0.2:0", |_| Response::of(200));
    let mut addresses: Vec<String> = (0..4).map(|page| server.url(&format!("/{page}"))).collect();
    addresses.push(other.url("/x"));
    let begin = Instant::now();

    document(&addresses).verdicts(&["a.fodt", "--delay", "200ms"]);

    assert!(begin.elapsed() >= Duration::from_millis(600), "{:?}", begin.elapsed());
    assert_eq!((server.asked().len(), other.asked().len()), (4, 1));
}

#[test]
fn a_page_is_read_no_further_than_the_limit() {
    let server =
        Server::new(|_| Response::page(&format!("{}<p id=end>", "<p>words</p>".repeat(1_000_000))));
    let desk = document(&[server.url("/#end")]);

    let link = desk.json(&["a.fodt"])["links"][0].clone();

    assert_eq!(link["verdict"], "ok");
    let note = link["notes"][0].as_str().expect("a note");
    assert!(note.ends_with("`--limit page=NUMBER` reads more"), "{note}");
    assert_eq!(
        desk.json(&["a.fodt", "--limit", "page=64M"])["links"][0]["notes"],
        serde_json::Value::Null
    );
}

#[test]
fn a_server_that_hangs_or_breaks_off_at_the_head_is_asked_for_the_page() {
    let answer = |request: &Request| match request.method.as_str() {
        "HEAD" => {
            std::thread::sleep(Duration::from_secs(3));
            Response::of(200)
        }
        _ => Response::page("here"),
    };
    let since = Instant::now();

    assert_eq!(judged("/x", &["--timeout", "2s", "--retries", "0"], answer), "ok /x");

    assert!(since.elapsed() < Duration::from_secs(2), "within the time of one request");
}

#[test]
fn a_place_is_looked_for_before_the_words_that_the_browser_looks_for() {
    let answer = |_: &Request| Response::page("<p id=here>some words</p>");

    assert_eq!(judged("/x#here:~:text=words", &[], answer), "ok /x#here:~:text=words");
    assert_eq!(judged("/x#:~:text=words", &[], answer), "ok /x#:~:text=words");
    assert_eq!(
        judged("/x#gone:~:text=words", &[], answer),
        "broken /x#gone:~:text=words: the page is there, and no place in it is called `gone`"
    );
}

#[test]
fn an_address_typed_with_a_slip_is_proposed_as_it_should_be() {
    let desk = document(&[
        "htp://www.example.org/a".to_owned(),
        "http//www.example.org/a".to_owned(),
        "www.example.org".to_owned(),
        "example.org/a".to_owned(),
        "file:///docs/www.example.com".to_owned(),
        "ann@example.org".to_owned(),
        "shttp://www.example.org/".to_owned(),
    ]);

    let proposed: Vec<String> = desk.json(&["a.fodt", "--offline", "--allow-outside"])["links"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|link| link["proposal"].as_str().unwrap_or("nothing").to_owned())
        .collect();

    assert_eq!(
        proposed,
        [
            "http://www.example.org/a",
            "http://www.example.org/a",
            "https://www.example.org",
            "https://example.org/a",
            "https://www.example.com",
            "mailto:ann@example.org",
            "nothing",
        ]
    );
}

#[test]
fn a_typed_address_is_sure_where_there_is_a_page_and_no_proposal_where_there_is_none() {
    let server = Server::new(|request| match request.path.as_str() {
        "/here" => Response::page("here"),
        _ => Response::of(404),
    });
    let slip = |path: &str| server.url(path).replace("http:", "htp:");
    let desk = document(&[slip("/here"), slip("/gone")]);

    let links = desk.json(&["a.fodt"])["links"].clone();

    assert_eq!(links[0]["proposal"], server.url("/here"));
    assert_eq!(links[0]["confidence"], "sure");
    assert!(links[1]["proposal"].is_null(), "{links}");
}
