//! Documents from strangers: each is read or refused, in bounded time and memory, and none that is
//! refused passes for one in order.

mod support;

use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use support::ooxml::{To, docx, pptx, run, xlsx};
use support::{Desk, odf, package};

/// What coool says that it could not read; it must say so by its exit code too.
fn refused(name: &str, content: impl AsRef<[u8]>, arguments: &[&str]) -> String {
    let desk = Desk::with(name, content);
    let begin = Instant::now();
    let run = desk.coool(&[&[name], arguments].concat());
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert_eq!(run.code, Some(2), "{run:?}");
    let said = run.stdout.split("cannot be read in full: ").nth(1);
    said.and_then(|said| said.lines().next()).unwrap_or_else(|| panic!("{run:?}")).to_owned()
}

#[test]
fn bombs_are_refused_with_the_name_of_the_limit() {
    let bomb = format!("{}{}</office:document-content>", odf_start(), "<a/>".repeat(10 << 20));
    let packed = package(&[("content.xml", &bomb)]);

    let tight = "a part of it is packed so tightly that it may be a bomb; if you trust it, raise \
                 the limit of 100 with `--limit ratio=NUMBER`";
    assert_eq!(refused("a.odt", &packed, &["--limit", "ratio=100"]), tight);
    assert!(
        refused("a.odt", &packed, &["--limit", "part=1M", "--limit", "ratio=1M"])
            .starts_with("a part of it is larger than allowed when unpacked")
    );
    assert!(
        refused("a.odt", &packed, &["--limit", "document=2M", "--limit", "ratio=1M"])
            .starts_with("it is larger than allowed when unpacked")
    );
    let desk = Desk::with("a.odt", &packed);
    assert_eq!(desk.coool(&["a.odt", "--limit", "ratio=1M"]).code, Some(0), "raised");
}

fn odf_start() -> String {
    format!("<office:document-content {}>", odf::NAMESPACES)
}

#[test]
fn memory_stays_small_where_a_document_is_large() {
    let paragraph = "<text:p>words and words and words</text:p>\n";
    let content = format!(
        "{}<office:body><office:text>{}</office:text></office:body></office:document-content>",
        odf_start(),
        paragraph.repeat(2_000_000)
    );
    let desk = Desk::with("a.odt", package(&[("content.xml", &content)]));
    drop(content);

    // As much address space as coool may have, in KiB: a tenth of the document would do.
    let mut command = std::process::Command::new("sh");
    let run = command
        .args(["-c", "ulimit -v 400000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_coool"), "a.odt"])
        .current_dir(desk.folder())
        .env("HOME", desk.home())
        .output()
        .expect("sh starts");

    assert_eq!(run.status.code(), Some(0), "{run:?}");
}

#[test]
fn what_is_nested_too_deeply_is_refused() {
    let deep = "<text:span>".repeat(200_000);
    let text = odf::text(&format!("<text:p>{deep}"));
    assert_eq!(
        refused("a.fodt", text, &[]),
        "it is nested more deeply than allowed; if you trust it, raise the limit of 1000 with \
         `--limit depth=NUMBER`"
    );
    let fields = r#"<w:r><w:fldChar w:fldCharType="begin"/></w:r>"#.repeat(5_000);
    let said = refused("a.docx", docx(&format!("<w:p>{fields}</w:p>"), &[], &[]), &[]);
    assert!(said.starts_with("it is nested more deeply than allowed"), "{said}");
}

#[test]
fn a_gigantic_attribute_is_refused() {
    let address = "x".repeat(20 << 20);
    let said = refused("a.fodt", odf::text(&odf::paragraph(&address, "link")), &[]);
    assert!(said.starts_with("it holds a tag or text that is longer than allowed"), "{said}");
}

#[test]
fn more_links_than_allowed_are_refused() {
    let links = odf::paragraph("#Gone", "link").repeat(11);
    let said = refused("a.fodt", odf::text(&links), &["--limit", "links=10"]);
    assert!(said.starts_with("it has more links than allowed"), "{said}");
}

#[test]
fn a_package_with_too_many_entries_is_refused() {
    let names: Vec<String> = (0..60).map(|number| format!("Pictures/{number}")).collect();
    let parts: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let said = refused("a.odt", odf::odt_with("", "", &parts), &["--limit", "entries=50"]);
    assert!(said.starts_with("it has more entries than allowed"), "{said}");
}

#[test]
fn entities_are_not_expanded() {
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \
         \"&a;&a;&a;&a;&a;&a;\"><!ENTITY file SYSTEM \"file:///etc/passwd\">]>{}",
        odf::text(&odf::paragraph("&b;&file;", "words"))
            .replace("&amp;", "&")
            .replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "")
    );
    let desk = Desk::with("a.fodt", bomb);

    let run = desk.coool(&["a.fodt", "--format", "json"]);

    assert!(!run.stdout.contains("root:") && !run.stdout.contains("aaaa"), "{run:?}");
    assert_ne!(run.code, Some(0), "{run:?}");
}

#[test]
fn other_encodings_are_read_and_wrong_ones_are_refused() {
    let text = odf::text(&odf::paragraph("#Żółć", "Ελλάδα"));
    let utf16: Vec<u8> = std::iter::once(0xFEFF)
        .chain(text.replace("UTF-8", "UTF-16").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let latin = odf::text(&odf::paragraph("#Jos\u{e9}", "x")).replace("UTF-8", "ISO-8859-1");
    let latin: Vec<u8> =
        latin.chars().map(|letter| u8::try_from(u32::from(letter)).expect("Latin-1")).collect();

    assert_eq!(
        Desk::with("a.fodt", utf16).findings(&["a.fodt"]),
        ["broken text #Żółć (Ελλάδα): no bookmark is called `Żółć`"]
    );
    assert_eq!(
        Desk::with("a.fodt", &latin).findings(&["a.fodt"]),
        ["broken text #José (x): no bookmark is called `José`"]
    );
    let wrong = String::from_utf8_lossy(&latin).replace("ISO-8859-1", "x-nobody-knows");
    assert!(refused("a.fodt", wrong, &[]).starts_with("it is damaged"), "an unknown encoding");
    let text = odf::text("").replace("<office:text>", "<office:text>\u{fffd}");
    let bytes = text.split('\u{fffd}').collect::<Vec<_>>();
    let bad = [bytes[0].as_bytes(), b"\xff\xfe\xc0", bytes[1].as_bytes()].concat();
    assert_eq!(Desk::with("a.fodt", bad).coool(&["a.fodt"]).code.map(|code| code < 3), Some(true));
}

#[test]
fn a_truncated_document_is_refused_wherever_it_ends() {
    let whole = odf::odt(&odf::paragraph("#Gone", "link").repeat(50), "");
    for end in (4..whole.len()).step_by(97) {
        let desk = Desk::with("a.odt", &whole[..end]);
        assert_eq!(desk.coool(&["a.odt"]).code, Some(2), "cut at {end}");
    }
    let flat = odf::text(&odf::paragraph("#Gone", "link"));
    for end in (flat.len() / 2..flat.len() - 1).step_by(37) {
        assert_eq!(Desk::with("a.fodt", &flat[..end]).coool(&["a.fodt"]).code, Some(2), "{end}");
    }
}

#[test]
fn an_encrypted_document_is_named_as_such() {
    let manifest = "<manifest:manifest \
        xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\">\
        <manifest:file-entry manifest:full-path=\"content.xml\"><manifest:encryption-data/>\
        </manifest:file-entry></manifest:manifest>";
    let odt = package(&[("content.xml", "\u{1}"), ("META-INF/manifest.xml", manifest)]);
    assert_eq!(refused("a.odt", odt, &[]), "it is encrypted");

    let mut office = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    office.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(refused("a.docx", office, &[]), "it is encrypted");

    // Bit 0 of the flags, in the header of the entry and in the directory (APPNOTE, section 4.4.4).
    let mut zip = package(&[("content.xml", "<x/>")]);
    for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = zip.windows(4).position(|window| window == signature).expect("a header");
        zip[at + flags] |= 1;
    }
    assert_eq!(refused("a.odt", zip, &[]), "it is encrypted");
}

#[test]
fn circles_in_a_pdf_end() {
    let objects = [
        "<</Type /Catalog /Pages 2 0 R /Outlines 4 0 R /Names <</Dests 5 0 R>>>>",
        "<</Type /Pages /Kids [2 0 R 3 0 R] /Count 99999999>>",
        "<</Type /Page /Parent 2 0 R /Annots [6 0 R]>>",
        "<</First 4 0 R /Next 4 0 R /Title (x)>>",
        "<</Kids [5 0 R 5 0 R]>>",
        "<</Subtype /Link /Dest 6 0 R /A 6 0 R>>",
    ];
    let mut file = String::from("%PDF-1.7\n");
    for (number, object) in (1..).zip(objects) {
        file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    file.push_str("trailer\n<</Size 7 /Root 1 0 R>>\nstartxref\n0\n%%EOF\n");

    let begin = Instant::now();
    let run = Desk::with("a.pdf", file).coool(&["a.pdf"]);

    assert!(begin.elapsed() < Duration::from_secs(10));
    assert!(run.code.is_some_and(|code| code <= 2), "{run:?}");
}

#[test]
fn what_a_document_says_does_nothing_to_a_terminal_or_a_spreadsheet() {
    let body = odf::paragraph("=cmd()|x", "\u{202e}gnp\u{200b}\u{9b}31m");
    let desk = Desk::with("a.fodt", odf::text(&body));

    let text = desk.coool(&["a.fodt"]).stdout;
    let table = desk.coool(&["a.fodt", "--format", "csv"]).stdout;

    assert!(!text.contains(['\u{202e}', '\u{9b}', '\u{1b}']), "{text:?}");
    assert!(table.contains(",'=cmd()|x,"), "{table}");
}

#[test]
fn a_document_leads_nobody_out_of_its_folder() {
    let links = ["../secret.odt", "file:///etc/passwd", "/etc/passwd", "inside/link.txt"]
        .map(|address| odf::paragraph(address, "x"))
        .concat();
    let desk = Desk::with("docs/a.fodt", odf::text(&links));
    desk.put("secret.odt", "").put("docs/inside/x", "");
    std::os::unix::fs::symlink("/etc/passwd", desk.path("docs/inside/link.txt")).expect("a link");

    let findings = desk.findings(&["docs"]);

    let outside = "it leads out of the document's folder; `--allow-outside` follows it";
    assert_eq!(findings.len(), 4);
    assert!(findings.iter().all(|finding| finding.ends_with(outside)), "{findings:?}");
    let run = desk.coool(&["docs", "--allow-outside"]);
    assert_eq!(run.code, Some(0), "{run:?}");
}

/// A document of each kind, to be spoiled.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let body = odf::paragraph("#Gone", "link");
    let word = format!(r#"<w:p><w:hyperlink r:id="a">{}</w:hyperlink></w:p>"#, run("x"));
    let slide: &[(&str, To)] = &[("a", To::Address("http://a.example/"))];
    let cells = r#"<sheetData><row><c r="A1" t="s"><v>0</v></c></row></sheetData>
        <hyperlinks><hyperlink ref="A1" r:id="a"/></hyperlinks>"#;
    vec![
        ("a.odt", odf::odt(&body, "")),
        ("a.fodt", odf::text(&body).into_bytes()),
        ("a.docx", docx(&word, &[("a", To::Address("http://a.example/"))], &[])),
        ("a.pptx", pptx(&[(r#"<a:hlinkClick r:id="a"/>"#, slide)])),
        ("a.xlsx", xlsx(cells, &[("a", To::Address("http://a.example/"))], &["x"])),
        ("a.html", b"<a href=x>x</a><script>y</script>".to_vec()),
        ("a.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/Annots[<</Subtype/Link/A<</S/URI/URI(x)>>>>]>>endobj\ntrailer<</Root 1 0 R>>".to_vec()),
    ]
}

/// Spoiled documents to try: a few every time, many in a long proof.
fn cases() -> u32 {
    if testkit::is_full() { 40_000 } else { 400 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn a_spoiled_document_ends_no_reader(
        which in 0..7_usize,
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in any::<Option<prop::sample::Index>>(),
    ) {
        let (name, mut bytes) = samples().swap_remove(which);
        for (index, byte) in spoils {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(end) = end {
            bytes.truncate(end.index(bytes.len()) + 1);
        }
        let limits = coool::document::limits::Limits::default();
        // Whatever comes of it: it comes, and does not end the program.
        let _ = coool::document::read_from(Cursor::new(bytes), name.as_ref(), &limits);
    }

    #[test]
    fn spoiled_content_in_a_sound_package_ends_no_reader(
        which in 0..5_usize,
        spoils in prop::collection::vec((any::<prop::sample::Index>(), "[<>/\"'=&; a-z\\]\\[!?-]{1,6}"), 1..4),
    ) {
        let (name, bytes) = samples().swap_remove(which);
        let Ok(mut old) = zip::ZipArchive::new(Cursor::new(bytes)) else { return Ok(()) };
        let mut new = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for number in 0..old.len() {
            let mut entry = old.by_index(number).expect("a part");
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut content).expect("its content");
            for (index, text) in &spoils {
                let at = index.index(content.len().max(1)).min(content.len());
                content.splice(at..at, text.bytes());
            }
            let name = entry.name().expect("a name").into_owned();
            new.start_file(name, zip::write::SimpleFileOptions::default()).expect("a part");
            new.write_all(&content).expect("its content");
        }
        let new = new.finish().expect("a package").into_inner();
        let limits = coool::document::limits::Limits::default();
        let _ = coool::document::read_from(Cursor::new(new), name.as_ref(), &limits);
    }
}
