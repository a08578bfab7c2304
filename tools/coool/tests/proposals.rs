//! What coool proposes, how sure it is of it, and what `--fix` writes without being told to.

mod support;

use std::io::Write as _;
use std::process::Stdio;

use support::ooxml::{To, docx, run};
use support::server::{Response, Server};
use support::{Desk, Run, odf};
use testkit::screen::Seen;

/// Each proposal as `old -> new (how sure: why)`, and `old -> nothing` where there is none.
fn proposals(desk: &Desk, arguments: &[&str]) -> Vec<String> {
    let document = desk.json(arguments);
    let broken = document["links"].as_array().expect("a list").iter();
    let broken = broken.filter(|link| link["verdict"] == "broken");
    let shown = |link: &serde_json::Value| {
        let text = |key: &str| link[key].as_str().unwrap_or_default().to_owned();
        if link["proposal"].is_null() {
            return format!("{} -> nothing", text("url"));
        }
        let how = format!("{}: {}", text("confidence"), text("proposal_reason"));
        format!("{} -> {} ({how})", text("url"), text("proposal"))
    };
    broken.map(shown).collect()
}

fn bookmark(name: &str) -> String {
    format!("<text:bookmark text:name=\"{name}\"/>")
}

/// A text with these bookmarks, and a link to each of these places.
fn text(bookmarks: &[&str], links: &[&str]) -> String {
    let marks: String = bookmarks.iter().map(|name| bookmark(name)).collect();
    let links: String = links.iter().map(|address| odf::link(address, "link")).collect();
    odf::text(&format!("<text:p>{marks}{links}</text:p>"))
}

#[test]
fn nothing_is_proposed_across_what_counts() {
    for (there, wanted) in [
        ("_Toc123456781", "#_Toc123456782"),
        ("Figure1", "#Figure2"),
        ("Appendix A", "#Appendix C"),
        ("AppendixA", "#AppendixC"),
        ("Part II", "#Part III"),
        ("First step", "#Third step"),
        ("Report of May", "#Report of June"),
        ("_heading=h.gjdgxs", "#_heading=h.gjdgxt"),
        ("3fa85f64-5717-4562-b3fc-2c963f66afa6", "#3fa85f64-5717-4562-b3fc-2c963f66afa7"),
    ] {
        let desk = Desk::with("a.fodt", text(&[there], &[wanted]));
        assert_eq!(proposals(&desk, &["a.fodt"]), [format!("{wanted} -> nothing")]);
    }
}

#[test]
fn sheets_and_files_of_another_year_are_not_proposed() {
    let sheets = r##"<table:table table:name="2021"><table:table-row><table:table-cell><text:p
        ><text:a xlink:href="#2023.A1">sheet</text:a> <text:a xlink:href="Report_2024.docx">file
        </text:a> <text:a xlink:href="2023/plan.docx">folder</text:a></text:p></table:table-cell>
        </table:table-row></table:table>"##;
    let desk = Desk::with("a.fods", odf::spreadsheet(sheets));
    desk.put("Report_2023.docx", "").put("2022/plan.docx", "");

    assert_eq!(
        proposals(&desk, &["a.fods"]),
        ["#2023.A1 -> nothing", "Report_2024.docx -> nothing", "2023/plan.docx -> nothing"]
    );
}

#[test]
fn what_is_the_same_but_for_capitals_and_blanks_is_sure() {
    let desk = Desk::with("a.fodt", text(&["Two words", "Here"], &["#two_words", "#Hree"]));

    assert_eq!(
        proposals(&desk, &["a.fodt"]),
        [
            "#two_words -> #Two words (sure: it is the same but for capitals and blanks)",
            "#Hree -> #Here (likely: it is spelled nearly so)",
        ]
    );
}

#[test]
fn of_two_places_that_are_equally_near_none_is_proposed() {
    let desk = Desk::with("a.fodt", text(&["Posts", "Hosts"], &["#Costs"]));

    assert_eq!(proposals(&desk, &["a.fodt"]), ["#Costs -> nothing"]);
}

/// A heading of Word with a mark at it.
fn heading(mark: &str, words: &str) -> String {
    format!(
        "<w:p><w:pPr><w:outlineLvl w:val=\"0\"/></w:pPr><w:bookmarkStart w:name=\"{mark}\"/>{}</w:p>",
        run(words)
    )
}

/// An entry of a contents list of Word: its words, and its page by a field.
fn entry(mark: &str, words: &str, page: &str) -> String {
    format!(
        r#"<w:p><w:hyperlink w:anchor="{mark}">{}<w:r><w:tab/></w:r><w:r><w:fldChar
        w:fldCharType="begin"/></w:r><w:r><w:instrText> PAGEREF {mark} \h </w:instrText></w:r><w:r
        ><w:fldChar w:fldCharType="separate"/></w:r>{}<w:r><w:fldChar w:fldCharType="end"/></w:r>
        </w:hyperlink></w:p>"#,
        run(words),
        run(page)
    )
}

#[test]
fn a_contents_entry_finds_the_mark_of_its_heading_again() {
    let body = [
        entry("_Toc100", "1.2 Costs in 2024", "7"),
        entry("_Toc101", "Costs in 2023", "8"),
        entry("_Toc102", "Twice", "9"),
        heading("_Toc200", "Costs in 2024"),
        heading("_Toc201", "Twice"),
        heading("_Toc202", "Twice"),
    ]
    .concat();
    let desk = Desk::with("a.docx", docx(&body, &[], &[]));

    let found = proposals(&desk, &["a.docx"]);

    let entries: Vec<&String> = found.iter().filter(|line| line.starts_with('#')).collect();
    assert_eq!(
        entries,
        [
            "#_Toc100 -> #_Toc200 (sure: its words are those of one heading, `Costs in 2024`)",
            "#_Toc101 -> nothing",
            "#_Toc102 -> nothing",
        ]
    );
}

#[test]
fn the_words_of_a_link_are_evidence() {
    let body = format!(
        "<text:h text:outline-level=\"1\">{}Installation</text:h><text:h text:outline-level=\"1\"
        >Appendix A</text:h><text:p>{}{}{}</text:p>",
        bookmark("Install"),
        odf::link("#Instal", "Installation"),
        odf::link("#setup", "Installation"),
        odf::link("#Appendix C", "Appendix A"),
    );
    let desk = Desk::with("a.fodt", odf::text(&body));

    assert_eq!(
        proposals(&desk, &["a.fodt"]),
        [
            "#Instal -> #Install (sure: its words are those of that heading)",
            "#setup -> #Install (likely: its words are those of a heading, `Installation`)",
            "#Appendix C -> nothing",
        ]
    );
}

#[test]
fn what_is_proposed_has_been_looked_up() {
    // Writer reads `%41` as `A`, so that a link to this bookmark has to write the sign otherwise.
    let desk = Desk::with("a.fodt", text(&["Rate%41"], &["#Rte%2541"]));
    assert_eq!(
        proposals(&desk, &["a.fodt"]),
        ["#Rte%2541 -> #Rate%2541 (likely: it is spelled nearly so)"]
    );

    // A file beside the document is no help where addresses are seen from another folder.
    let known = [("file", To::Address("theer.docx"))];
    let body = format!(r#"<w:p><w:hyperlink r:id="file">{}</w:hyperlink></w:p>"#, run("file"));
    let base = "<Properties><HyperlinkBase>else</HyperlinkBase></Properties>";
    desk.put("a.docx", docx(&body, &known, &[("docProps/app.xml", base)]));
    desk.put("else/there.docx", "");
    let found = proposals(&desk, &["a.docx"]);
    assert!(found.iter().all(|line| line.ends_with("-> nothing")), "{found:?}");
}

/// A text with one proposal that is sure and two that are likely.
fn three_slips() -> Desk {
    Desk::with("a.fodt", text(&["Start", "Here", "There"], &["#start", "#Hree", "#Thrre"]))
}

fn addresses(desk: &Desk) -> Vec<String> {
    let list = desk.json(&["--list", "a.fodt"]);
    let links = list["links"].as_array().expect("a list").iter();
    links.map(|link| link["url"].as_str().expect("an address").to_owned()).collect()
}

#[test]
fn only_what_is_sure_is_written() {
    let desk = three_slips();

    let run = desk.coool(&["--fix", "a.fodt"]);

    assert_eq!(addresses(&desk), ["#Start", "#Hree", "#Thrre"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(
        run.stdout,
        "a.fodt\n======\n  #start\n    -> #Start\n    sure: it is the same but for capitals and \
         blanks\n  left: #Hree\n    perhaps: #Here (likely: it is spelled nearly so)\n    because: \
         it is not sure, and nobody has agreed to it\n  left: #Thrre\n    perhaps: #There (likely: \
         it is spelled nearly so)\n    because: it is not sure, and nobody has agreed to it\n  the \
         old document is a.fodt.bak\n\n1 address written anew\n"
    );
}

#[test]
fn all_is_the_users_own_word() {
    let desk = three_slips();

    assert_eq!(desk.coool(&["--fix", "--all", "a.fodt"]).code, Some(0));

    assert_eq!(addresses(&desk), ["#Start", "#Here", "#There"]);
}

fn review(desk: &Desk, answers: &str) -> Run {
    let mut command = desk.command(&["--fix", "--review", "a.fodt"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut coool = command.spawn().expect("coool starts");
    let mut input = coool.stdin.take().expect("a pipe");
    // Who needs no answers does not read them.
    let _ = input.write_all(answers.as_bytes());
    drop(input);
    Run::of(&coool.wait_with_output().expect("coool ends"))
}

#[test]
fn a_review_writes_what_somebody_agrees_to() {
    for (answers, expected) in [
        ("n\nyes\n", ["#Start", "#Hree", "#There"]),
        ("what?\ny\nq\n", ["#Start", "#Here", "#Thrre"]),
        ("a\n", ["#Start", "#Here", "#There"]),
        ("", ["#Start", "#Hree", "#Thrre"]),
    ] {
        let desk = three_slips();
        let run = review(&desk, answers);
        assert_eq!(addresses(&desk), expected, "{answers:?}: {run:?}");
        let question = "\na.fodt\n  words: link\n  now: #Hree\n    because: no bookmark is called \
            `Hree`\n  perhaps: #Here\n    because: it is spelled nearly so\nwrite it? [y]es, [n]o, \
            [a]ll that follow, [q]uit: ";
        assert!(run.stderr.starts_with(question), "{run:?}");
    }
}

#[test]
fn a_review_at_a_terminal_waits_for_each_answer() {
    let desk = three_slips();
    let mut command = desk.command(&["--fix", "--review", "--quiet", "a.fodt"]);
    command.stdout(Stdio::null());

    let seen = Seen::answering(command, 80, "[q]uit: ", &["n", "y"]);

    assert_eq!(addresses(&desk), ["#Start", "#Hree", "#There"]);
    let asked = |now: &str, perhaps: &str, answer: &str| {
        format!(
            "\na.fodt\n  words: link\n  now: #{now}\n    because: no bookmark is called `{now}`\n  \
             perhaps: #{perhaps}\n    because: it is spelled nearly so\nwrite it? [y]es, [n]o, [a]ll \
             that follow, [q]uit: {answer}"
        )
    };
    let all = [asked("Hree", "Here", "n"), asked("Thrre", "There", "y")].join("\n");
    assert_eq!(seen.at_end(), all);
}

#[test]
fn what_a_remap_mapped_is_mapped_back() {
    let server = Server::new(|request| match request.path.as_str() {
        "/old" => Response::moved(301, "/en/old"),
        _ => Response::page("fine"),
    });
    let desk = Desk::with("a.fodt", text(&[], &["https://docs.example.org/old"]));
    let remap = format!("https://docs.example.org={}", server.url(""));

    let document = desk.json(&["--remap", &remap, "a.fodt"]);

    assert_eq!(document["links"][0]["proposal"], "https://docs.example.org/en/old");
    assert_eq!(document["links"][0]["confidence"], "sure");
}
