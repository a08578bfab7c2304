//! What `--fix` writes into documents, and what it leaves alone. The slips of these documents are
//! only likely ones, so that `--all` stands beside it; `proposals.rs` has what is written without.

mod support;

use std::fs;
use std::io::{Cursor, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use support::ooxml::{To, docx, run};
use support::server::{Response, Server};
use support::{Desk, epub, odf, package};

/// The parts of a package as they are packed, by name, in their order.
fn packed(package: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(package)).expect("a package");
    (0..archive.len())
        .map(|number| {
            let mut entry = archive.by_index_raw(number).expect("a part");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("its bytes");
            (entry.name().expect("a name").into_owned(), bytes)
        })
        .collect()
}

fn part(package: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(package)).expect("a package");
    let mut content = String::new();
    archive.by_name(name).expect("the part").read_to_string(&mut content).expect("text");
    content
}

#[test]
fn only_the_addresses_change() {
    let body = format!(
        "<text:p><text:bookmark text:name=\"Here &amp; there\"/>{} {} {}</text:p>",
        odf::link("#Here & ther", "slip"),
        odf::link("../moved.odt", "moved"),
        odf::link("#Nothing like it", "lost"),
    );
    let picture = "\u{1}\u{2} no picture, and not to be touched";
    let old = odf::odt_with(&body, "", &[("Pictures/1.png", picture)]);
    let desk = Desk::with("a.odt", &old);
    desk.put("folder/moved.odt", odf::odt("", ""));
    fs::set_permissions(desk.path("a.odt"), fs::Permissions::from_mode(0o640)).expect("a mode");

    let run = desk.coool(&["--fix", "--all", "a.odt"]);

    assert_eq!(run.code, Some(1), "one stays broken: {run:?}");
    assert_eq!(
        run.stdout,
        "a.odt\n=====\n  #Here & ther\n    -> #Here & there\n    likely: it is spelled nearly so\n  \
         ../moved.odt\n    -> ../folder/moved.odt\n    likely: it is the only file of that name\n  \
         the old document is a.odt.bak\n\n2 addresses written anew\n"
    );
    let new = desk.read("a.odt");
    assert_eq!(desk.read("a.odt.bak"), old);
    assert_eq!(
        part(&new, "content.xml"),
        part(&old, "content.xml")
            .replace("#Here &amp; ther\"", "#Here &amp; there\"")
            .replace("../moved.odt", "../folder/moved.odt")
    );
    let others = |package: &[u8]| {
        packed(package).into_iter().filter(|(name, _)| name != "content.xml").collect::<Vec<_>>()
    };
    assert_eq!(others(&new), others(&old));
    assert_eq!(new[..64], old[..64], "`mimetype` comes first, as it is");
    let status = fs::metadata(desk.path("a.odt")).expect("a file");
    assert_eq!(status.mode() & 0o777, 0o640);
}

#[test]
fn a_second_run_changes_nothing() {
    let body = format!(
        "<text:p><text:bookmark text:name=\"Here\"/>{}</text:p>",
        odf::link("#Hree", "slip")
    );
    let desk = Desk::with("a.odt", odf::odt(&body, ""));
    assert_eq!(desk.coool(&["--fix", "--all", "a.odt"]).code, Some(0));
    let first = desk.read("a.odt");

    let run = desk.coool(&["--fix", "--all", "a.odt"]);

    assert_eq!((run.code, &*run.stdout), (Some(0), "0 addresses written anew\n"));
    assert_eq!(desk.read("a.odt"), first);
    assert!(!desk.path("a.odt.bak1").exists());
}

#[test]
fn a_dry_run_writes_nothing() {
    let text = odf::text(&format!(
        "<text:p><text:bookmark text:name=\"Here\"/>{}</text:p>",
        odf::link("#Hree", "slip")
    ));
    let desk = Desk::with("a.fodt", &text);

    let run = desk.coool(&["--fix", "--all", "--dry-run", "a.fodt"]);

    assert!(run.stdout.ends_with("\n1 address would be written anew\n"), "{run:?}");
    assert_eq!(desk.read("a.fodt"), text.as_bytes());
    assert_eq!(fs::read_dir(desk.folder()).expect("a folder").count(), 1);
}

#[test]
fn flat_documents_and_relationships_and_fields_are_put_right() {
    let server = Server::new(|request| match request.path.as_str() {
        "/old" => Response::moved(301, "/new?a=1&b=2"),
        _ => Response::page("<p id=place>"),
    });
    let link = odf::link(&server.url("/old#plaec"), "moved");
    let reference = "<text:bookmark-ref text:ref-name=\"Hree\">1</text:bookmark-ref>";
    let flat = odf::text(&format!(
        "<text:p><text:bookmark text:name=\"Here\"/>{link}{reference}</text:p>"
    ));
    let body = format!(
        r#"<w:p><w:bookmarkStart w:name="Start"/><w:hyperlink r:id="web">{}</w:hyperlink>
        <w:hyperlink r:id="web">{}</w:hyperlink><w:hyperlink w:anchor="Satrt">{}</w:hyperlink></w:p>"#,
        run("one"),
        run("two"),
        run("three")
    );
    let desk = Desk::with("a.fodt", &flat);
    desk.put("b.docx", docx(&body, &[("web", To::Address(&server.url("/old")))], &[]));

    let run = desk.coool(&["--fix", "--all", "a.fodt", "b.docx"]);

    assert_eq!(run.code, Some(0), "{run:?}");
    let new = String::from_utf8(desk.read("a.fodt")).expect("text");
    let moved = server.url("/old#place");
    assert_eq!(
        new,
        flat.replace(&server.url("/old#plaec"), &moved).replace("\"Hree\"", "\"Here\"")
    );
    let new = desk.read("b.docx");
    let relationships = part(&new, "word/_rels/document.xml.rels");
    assert!(
        relationships.contains(&format!("\"{}\"", server.url("/new?a=1&amp;b=2"))),
        "{relationships}"
    );
    assert!(part(&new, "word/document.xml").contains("w:anchor=\"Start\""));
}

#[test]
fn a_book_is_put_right() {
    let page = r##"<html xmlns="http://www.w3.org/1999/xhtml"><body><p id="end"><a href="#edn">x</a></p></body></html>"##;
    let book = epub::book(
        r#"<manifest><item id="1" href="one.xhtml" media-type="application/xhtml+xml"/></manifest>
        <spine><itemref idref="1"/></spine>"#,
        &[("one.xhtml", page)],
    );
    let desk = Desk::with("a.epub", book);

    assert_eq!(desk.coool(&["--fix", "--all", "a.epub"]).code, Some(0));

    assert_eq!(part(&desk.read("a.epub"), "one.xhtml"), page.replace("#edn", "#end"));
}

#[test]
fn signed_and_encrypted_documents_are_refused() {
    let body = format!(
        "<text:p><text:bookmark text:name=\"Here\"/>{}</text:p>",
        odf::link("#Hree", "slip")
    );
    let signed = odf::odt_with(&body, "", &[("META-INF/documentsignatures.xml", "<x/>")]);
    let desk = Desk::with("a.odt", &signed);

    let run = desk.coool(&["--fix", "--all", "a.odt"]);

    assert_eq!(run.code, Some(2));
    assert_eq!(
        run.stderr,
        "coool: cannot put `a.odt` right\n  because: it is signed, and the signature would no \
         longer hold\n"
    );
    assert_eq!(desk.read("a.odt"), signed);
    assert_eq!(fs::read_dir(desk.folder()).expect("a folder").count(), 1, "nothing is left over");

    let manifest = "<manifest:manifest \
        xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\">\
        <manifest:file-entry manifest:full-path=\"content.xml\"><manifest:encryption-data/>\
        </manifest:file-entry></manifest:manifest>";
    let encrypted = package(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("content.xml", "\u{7}\u{8}"),
        ("META-INF/manifest.xml", manifest),
    ]);
    desk.put("b.odt", &encrypted);
    let run = desk.coool(&["--fix", "--all", "b.odt"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("  because: it is encrypted\n"), "{run:?}");
    assert_eq!(desk.read("b.odt"), encrypted);
}

#[test]
fn what_cannot_be_written_back_is_said() {
    let cells = r##"<table:table table:name="Costs"><table:table-row><table:table-cell
        table:formula="of:=HYPERLINK(&quot;#Cost.A1&quot;;1)"/></table:table-row></table:table>"##;
    let desk = Desk::with("a.fods", odf::spreadsheet(cells));

    let run = desk.coool(&["--fix", "--all", "a.fods"]);

    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stdout.contains(
            "  left: #Cost.A1\n    perhaps: #Costs.A1 (likely: it is spelled nearly so)\n    \
             because: this kind of link cannot be written back\n"
        ),
        "{run:?}"
    );
}

#[test]
fn the_plan_is_there_for_programs() {
    let desk = Desk::with(
        "a.fodt",
        odf::text(&format!(
            "<text:p><text:bookmark text:name=\"Here\"/>{}</text:p>",
            odf::link("#Hree", "slip")
        )),
    );

    let plan = desk.json(&["--fix", "--all", "--dry-run", "a.fodt"]);

    assert_eq!(
        plan,
        serde_json::json!({ "tool": "coool", "version": "0.1.0", "format": 1, "documents": [{
            "document": "a.fodt",
            "backup": null,
            "changes": [{ "part": "", "old": "#Hree", "new": "#Here", "confidence": "likely",
                "proposal_reason": "it is spelled nearly so" }],
            "left": [],
        }]})
    );
}

#[test]
fn a_folder_that_cannot_be_written_to_keeps_its_document() {
    let text = odf::text(&format!(
        "<text:p><text:bookmark text:name=\"Here\"/>{}</text:p>",
        odf::link("#Hree", "slip")
    ));
    let desk = Desk::with("a.fodt", &text);
    let full = std::path::Path::new("/dev/full");
    if !testkit::can(full.exists(), "there is no /dev/full") {
        return;
    }

    // The result cannot be written; the document, which comes first, is whole.
    let run = desk.coool(&["--fix", "--all", "a.fodt", "--output", "/dev/full"]);

    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("cannot write the result to `/dev/full`"), "{run:?}");
    assert_eq!(desk.read("a.fodt.bak"), text.as_bytes());
}

/// How often a run of coool makes each of these system calls.
fn calls(desk: &Desk, names: &str) -> Option<Vec<(String, usize)>> {
    let log = desk.home().join("calls");
    let strace = ["-f", "-qq", "-e", &format!("trace={names}"), "-o", log.to_str()?];
    let command = desk.command(&["--fix", "--all", "a.odt"]);
    let status = std::process::Command::new("strace")
        .args(strace)
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(desk.folder())
        .stdout(std::process::Stdio::null())
        .status();
    let works = status.is_ok_and(|status| status.success());
    if !testkit::can(works, "strace cannot trace here") {
        return None;
    }
    let text = fs::read_to_string(log).expect("strace's log");
    let mut counts = std::collections::BTreeMap::new();
    for line in text.lines() {
        let name = line.split_whitespace().nth(1).and_then(|call| call.split('(').next());
        *counts.entry(name.expect("a call").to_owned()).or_insert(0) += 1;
    }
    Some(counts.into_iter().collect())
}

/// The calls that change something.
const CHANGING: &str =
    "write,fsync,fdatasync,linkat,link,rename,renameat,renameat2,fchmod,unlink,unlinkat";

fn one_slip() -> Desk {
    let body = format!(
        "<text:p><text:bookmark text:name=\"Here\"/>{}</text:p>",
        odf::link("#Hree", "slip")
    );
    Desk::with("a.odt", odf::odt(&body, ""))
}

#[test]
fn a_run_that_is_killed_or_fails_anywhere_leaves_the_old_document_or_the_new_one() {
    let done = one_slip();
    let old = done.read("a.odt");
    let Some(calls) = calls(&done, CHANGING) else { return };
    let new = done.read("a.odt");
    assert!(calls.iter().any(|(name, _)| name.starts_with("rename")), "{calls:?}");

    for fault in ["signal=KILL", "error=ENOSPC"] {
        for (name, count) in &calls {
            for number in 1..=*count {
                let desk = one_slip();
                let command = desk.command(&["--fix", "--all", "a.odt"]);
                let output = std::process::Command::new("strace")
                    .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={CHANGING}")])
                    .args(["-e", &format!("inject={name}:{fault}:when={number}")])
                    .arg(command.get_program())
                    .args(command.get_args())
                    .current_dir(desk.folder())
                    .output()
                    .expect("strace starts");
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(!said.contains("panicked") && !said.contains("ZipWriter"), "{said}");
                let now = desk.read("a.odt");
                let is_new = part(&now, "content.xml") == part(&new, "content.xml");
                assert!(now == old || is_new, "{fault} at {name} {number}");
                if is_new {
                    assert_eq!(desk.read("a.odt.bak"), old, "{fault} at {name} {number}");
                }
                let run = desk.coool(&["--fix", "--all", "a.odt"]);
                assert_eq!(run.code, Some(0), "{fault} at {name} {number}: {run:?}");
            }
        }
    }
}
