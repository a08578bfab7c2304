//! A baseline: only what breaks anew is in the way, and what is mended is said.

mod support;

use std::fs;

use expect_test::expect;
use support::server::{Response, Server};
use support::{Desk, odf};

/// A document with these links, each to a place that is not there.
fn document(links: &[(&str, &str)]) -> String {
    let links = links.iter().map(|(address, words)| odf::paragraph(address, words));
    odf::text(&links.collect::<String>())
}

fn desk() -> Desk {
    let desk = Desk::with("docs/a.fodt", document(&[("#Gone", "one"), ("#Lost", "two")]));
    desk.put("docs/b.fodt", document(&[("#Gone", "one"), ("#Gone", "one")]));
    let run = desk.coool(&["docs", "--baseline", "known.json", "--write-baseline"]);
    assert_eq!((run.code, &*run.stderr), (Some(0), "coool: the baseline has 4 broken links\n"));
    assert_eq!(run.stdout, "2 documents, 4 links: 4 broken, 4 of them known\n");
    desk
}

#[test]
fn it_has_a_line_for_each_broken_link() {
    expect![[r##"
        {
          "tool": "coool",
          "format": 1,
          "broken": [
            {"document":"docs/a.fodt","url":"#Gone","kind":"text","text":"one"},
            {"document":"docs/a.fodt","url":"#Lost","kind":"text","text":"two"},
            {"document":"docs/b.fodt","url":"#Gone","kind":"text","text":"one","count":2}
          ]
        }
    "##]]
    .assert_eq(&String::from_utf8(desk().read("known.json")).expect("text"));
}

#[test]
fn only_what_breaks_anew_fails_and_is_shown() {
    let desk = desk();

    let run = desk.coool(&["docs", "--baseline", "known.json"]);
    assert_eq!(run.stdout, "2 documents, 4 links: 4 broken, 4 of them known\n");
    assert_eq!(run.code, Some(0));

    desk.put("docs/a.fodt", document(&[("#Gone", "one"), ("#Lost", "two"), ("#Lost", "three")]));
    desk.put("docs/b.fodt", document(&[("#Gone", "one"), ("#Gone", "one"), ("#Gone", "one")]));
    let run = desk.coool(&["docs", "--baseline", "known.json"]);
    assert_eq!(run.code, Some(1));
    expect![[r##"
        docs/a.fodt
        ===========

        broken: #Lost
          because: no bookmark is called `Lost`
          1 link:
            text "three"

        docs/b.fodt
        ===========

        broken: #Gone
          because: no bookmark is called `Gone`
          1 link:
            text "one"

        2 documents, 6 links: 6 broken, 4 of them known
    "##]]
    .assert_eq(&run.stdout);
}

#[test]
fn a_page_that_is_put_in_before_them_makes_no_link_new() {
    let page =
        "<text:h text:outline-level=\"1\">New</text:h><text:p><text:soft-page-break/></text:p>";
    let body = odf::paragraph("#Gone", "some \n  words");
    let desk = Desk::with("a.fodt", odf::text(&format!("{page}{body}")));
    desk.put("b.md", "[some\nwords](#gone)\n");
    desk.coool(&["a.fodt", "b.md", "--baseline", "known.json", "--write-baseline"]);

    desk.put("a.fodt", odf::text(&format!("{page}{page}{page}{body}")));
    desk.put("b.md", "# Before\n\nA text.\n\n[some words](#gone)\n");

    let run = desk.coool(&["a.fodt", "b.md", "--baseline", "known.json", "-v"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("broken (known): #Gone\n"), "{run:?}");
}

#[test]
fn it_means_the_same_from_wherever_coool_is_run() {
    let desk = desk();
    let code = |folder: &str, arguments: &[&str]| {
        let mut command = desk.command(arguments);
        command.current_dir(desk.path(folder)).output().expect("coool starts").status.code()
    };
    let absolute = desk.path("docs");
    let absolute = absolute.to_str().expect("text");

    assert_eq!(code("docs", &["a.fodt", "./b.fodt", "--baseline", "../known.json"]), Some(0));
    assert_eq!(code(".", &[absolute, "--baseline", "known.json"]), Some(0));
    fs::create_dir(desk.path("ci")).expect("a folder");
    fs::rename(desk.path("known.json"), desk.path("ci/known.json")).expect("it moves");
    assert_eq!(code(".", &["docs", "--baseline", "ci/known.json"]), Some(1));
}

#[test]
fn what_is_mended_is_said_so_that_the_baseline_can_shrink() {
    let desk = desk();
    desk.put("docs/a.fodt", document(&[("#Gone", "one")]));
    fs::remove_file(desk.path("docs/b.fodt")).expect("it was there");
    let said = "3 links of the baseline are mended: `--write-baseline` takes them out of it\n";

    let run = desk.coool(&["docs", "--baseline", "known.json"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(run.stdout, format!("1 document, 1 link: 1 broken, 1 of them known\n{said}"));
    let run = desk.coool(&["docs", "--baseline", "known.json", "--format", "csv"]);
    assert_eq!(run.stderr, format!("coool: {said}"));
    let document = desk.json(&["docs", "--baseline", "known.json"]);
    assert_eq!(document["baseline"]["known"], 1);
    assert_eq!(document["links"][0]["known"], true);
    assert_eq!(document["baseline"]["mended"][1]["url"], "#Gone");
    assert_eq!(document["baseline"]["mended"][1]["count"], 2);

    desk.coool(&["docs", "--baseline", "known.json", "--write-baseline"]);
    let text = String::from_utf8(desk.read("known.json")).expect("text");
    assert_eq!(text.matches("\"url\"").count(), 1, "{text}");
}

#[test]
fn what_was_not_looked_at_stays_in_the_baseline() {
    let desk = Desk::with("a.fodt", document(&[("http://127.0.0.1:1/", "web"), ("#Gone", "x")]));
    desk.put("b.fodt", document(&[("#Gone", "x")]));
    desk.put("c.fodt", document(&[("#Gone", "x")]));
    let all = ["a.fodt", "b.fodt", "c.fodt", "--retries", "0", "--baseline", "known.json"];
    desk.coool(&[&all[..], &["--write-baseline"]].concat());
    let before = desk.read("known.json");
    assert_eq!(String::from_utf8_lossy(&before).matches("\"url\"").count(), 4);

    desk.put("b.fodt", "PK\x03\x04 nothing that can be read");
    let some = ["a.fodt", "b.fodt", "--offline", "--baseline", "known.json", "--write-baseline"];
    let run = desk.coool(&some);

    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(!run.stdout.contains("mended"), "{run:?}");
    assert_eq!(desk.read("known.json"), before);
}

#[test]
fn names_that_are_not_text_are_kept() {
    use std::os::unix::ffi::OsStrExt as _;
    let desk = Desk::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9 \n\xc3\xa9.fodt");
    fs::write(desk.folder().join(name), document(&[("#Gone", "x")])).expect("a file");
    desk.coool(&[".", "--baseline", "known.json", "--write-baseline"]);

    assert_eq!(desk.coool(&[".", "--baseline", "known.json"]).code, Some(0));
    let text = String::from_utf8(desk.read("known.json")).expect("text");
    assert!(text.contains(r#"{"document":{"base64":"Y2Fm6SAKw6kuZm9kdA=="}"#), "{text}");
}

#[test]
fn a_file_that_is_no_baseline_is_neither_used_nor_written_over() {
    let desk = Desk::with("a.fodt", document(&[("#Gone", "x")]));
    for (text, why) in [
        ("", "because: it is no baseline of coool's\n"),
        ("[]", "because: it is no baseline of coool's\n"),
        ("{\"name\": 1}", "because: it is no baseline of coool's\n"),
        ("{\"tool\": \"x\", \"format\": 1}", "because: `x` has written it\n"),
        (
            "{\"tool\": \"coool\", \"format\": 2, \"broken\": {}}",
            "because: it has form 2, and this coool knows form 1\n",
        ),
        ("{\"tool\": \"coool\", \"format\": 1, \"broken\": [1]}", "because: invalid type: "),
        (&"[".repeat(1_000_000), "because: it is no baseline of coool's\n"),
    ] {
        desk.put("known.json", text);
        for arguments in [&[][..], &["--write-baseline"]] {
            let run = desk.coool(&[&["a.fodt", "--baseline", "known.json"], arguments].concat());
            assert_eq!(run.code, Some(2), "{run:?}");
            assert!(run.stderr.starts_with("coool: cannot use the baseline `known.json`\n"));
            assert!(run.stderr.contains(why), "{text}: {run:?}");
        }
        assert_eq!(desk.read("known.json"), text.as_bytes());
    }
    let missing = desk.coool(&["a.fodt", "--baseline", "gone.json"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.contains("hint: `--write-baseline` makes one"), "{missing:?}");
    assert_eq!(desk.coool(&["a.fodt", "--write-baseline"]).code, Some(2));
}

#[test]
fn what_nobody_can_say_anything_of_any_more_is_not_mended() {
    // The head and the page are not found, and then only people are let in.
    let server = Server::new(|request| Response::of(if request.before < 2 { 404 } else { 403 }));
    let desk = Desk::with("a.fodt", document(&[(&server.url("/"), "web")]));
    desk.coool(&["a.fodt", "--baseline", "known.json", "--write-baseline"]);
    let before = desk.read("known.json");

    let run = desk.coool(&["a.fodt", "--baseline", "known.json", "--write-baseline", "-q"]);

    assert_eq!((run.code, &*run.stdout, &*run.stderr), (Some(0), "", ""));
    assert_eq!(desk.read("known.json"), before);
    assert_eq!(desk.verdicts(&["a.fodt"]), [format!("{} doubtful", server.url("/"))]);
}
