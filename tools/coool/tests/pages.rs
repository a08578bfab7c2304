//! PDF, EPUB, HTML and Markdown.

mod support;

use support::{Desk, odf, office, package};

/// A PDF with these objects, numbered from 1; the first is the catalogue.
fn pdf(objects: &[&str]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut starts = Vec::new();
    for (number, object) in (1..).zip(objects) {
        starts.push(file.len());
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let (table, count) = (file.len(), objects.len() + 1);
    file.extend(format!("xref\n0 {count}\n0000000000 65535 f \n").bytes());
    for start in starts {
        file.extend(format!("{start:010} 00000 n \n").bytes());
    }
    let trailer = format!("trailer\n<</Size {count} /Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n");
    file.extend(trailer.bytes());
    file
}

#[test]
fn links_of_a_pdf_are_found_with_their_page() {
    let document = pdf(&[
        "<</Type /Catalog /Pages 2 0 R /Outlines 8 0 R /Names <</Dests <</Names [(Costs) [4 0 R /Fit]]>>>>>>",
        "<</Type /Pages /Kids [3 0 R 4 0 R] /Count 2>>",
        "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9]>>",
        "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots [5 0 R 6 0 R 7 0 R
          <</Subtype /Link /Contents (words) /A <</S /URI /URI (missing.html)>>>>
          <</Subtype /Link /A <</S /GoToR /F (other.pdf) /D [7 /Fit]>>>>
          <</Subtype /Link /A <</S /Launch /F (evil.exe)>>>>
          <</Subtype /Widget /A <</S /URI /URI (http://a.example/)>>>>]>>",
        "<</Subtype /Link /Dest [3 0 R /Fit]>>",
        "<</Subtype /Link /Dest (Cost)>>",
        "<</Subtype /Link /Dest [12 0 R /Fit]>>",
        "<</First 9 0 R>>",
        "<</Title (Costs) /Dest (Costs) /Next 10 0 R>>",
        "<</Title <FEFF00C9> /A <</S /GoTo /D [5 /Fit]>> /Next 9 0 R>>",
    ]);
    let desk = Desk::with("a.pdf", document);
    let page = "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9]>>";
    let pages = "<</Type /Pages /Kids [3 0 R] /Count 1>>";
    desk.put("other.pdf", pdf(&["<</Type /Catalog /Pages 2 0 R>>", pages, page]));

    assert_eq!(
        desk.findings(&["a.pdf", "--offline"]),
        [
            "ok text #page=1 page 2",
            "broken text #Cost page 2: no place is called `Cost` -> #Costs",
            "broken text  page 2: the page that it leads to is not in the document",
            "broken text missing.html (words) page 2: the file `missing.html` is not there",
            "broken text other.pdf#page=8 page 2: there is no page 8: the last is page 1",
            "unchecked text  page 2: it runs something, which coool never does",
            "unchecked button http://a.example/ page 2: not asked, because of `--offline`",
            "ok outline #Costs (Costs)",
            "broken outline  (É): there is no such page: the last is page 2",
        ]
    );
}

#[test]
fn a_pdf_that_libreoffice_writes_leads_where_its_text_does() {
    let body = format!(
        "<text:p>{}</text:p><text:p text:style-name=\"Break\">{}</text:p>\
         <text:p text:style-name=\"Break\"><text:bookmark text:name=\"Here\"/>end</text:p>",
        odf::link("https://a.example/x", "web"),
        odf::link("#Here", "here"),
    );
    let desk = Desk::with("a.fodt", odf::text(&body));
    if !office::convert(&desk.path("a.fodt"), "pdf") {
        return;
    }

    assert_eq!(
        desk.findings(&["a.pdf", "--offline"]),
        [
            "unchecked text https://a.example/x (web) page 1: not asked, because of `--offline`",
            "ok text #page=3 (here) page 2",
        ]
    );
}

#[test]
fn a_book_is_read_page_by_page() {
    let page = |body: &str| {
        format!(r#"<html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>"#)
    };
    let first = page(
        r#"<h1 id="start">One &amp; all</h1><p><a href="two.xhtml#end">the <b>end</b></a>
        <a href="two.xhtml#edn">slip</a> <a href="three.xhtml">lost</a>
        <a href="https://a.example/">web</a><img src="../images/a.png" alt="Logo"/></p>"#,
    );
    let second = page(r##"<p id="end"><a href="#start">not here</a></p>"##);
    let book = package(&[
        ("mimetype", "application/epub+zip"),
        (
            "META-INF/container.xml",
            r#"<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
            <rootfile full-path="book/content.opf"/></rootfiles></container>"#,
        ),
        (
            "book/content.opf",
            r#"<package xmlns="http://www.idpf.org/2007/opf"><manifest>
            <item id="1" href="text/one.xhtml" media-type="application/xhtml+xml"/>
            <item id="2" href="text/two.xhtml" media-type="application/xhtml+xml"/>
            <item id="3" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
            </manifest><spine><itemref idref="1"/><itemref idref="2"/></spine></package>"#,
        ),
        ("book/text/one.xhtml", &first),
        ("book/text/two.xhtml", &second),
        (
            "book/toc.ncx",
            r#"<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel>
            <text>First</text></navLabel><content src="text/one.xhtml#strat"/></navPoint></navMap></ncx>"#,
        ),
    ]);
    let desk = Desk::with("a.epub", book);

    let under = "heading One & all";
    assert_eq!(
        desk.findings(&["a.epub", "--offline"]),
        [
            format!("ok text two.xhtml#end (the end) {under}"),
            format!(
                "broken text two.xhtml#edn (slip) {under}: no place in `book/text/two.xhtml` is \
                 called `edn` -> two.xhtml#end"
            ),
            format!(
                "broken text three.xhtml (lost) {under}: the package has no part `book/text/three.xhtml`"
            ),
            format!(
                "unchecked text https://a.example/ (web) {under}: not asked, because of `--offline`"
            ),
            format!(
                "unchecked image-source ../images/a.png (Logo) {under}: files that a document \
                 loads are checked with `--resources`"
            ),
            "broken text #start (not here): no place in `book/text/two.xhtml` is called `start`"
                .to_owned(),
            "broken outline text/one.xhtml#strat (First): no place in `book/text/one.xhtml` is \
             called `strat` -> text/one.xhtml#start"
                .to_owned(),
        ]
    );
}

#[test]
fn pages_and_notes_beside_a_document_are_looked_into() {
    let links = ["page.html#costs", "page.html#cots", "notes.md#two-words", "notes.md#two"]
        .map(|address| odf::paragraph(address, "link"))
        .concat();
    let desk = Desk::with("a.fodt", odf::text(&links));
    desk.put(
        "page.html",
        "<h1 id=costs>Costs</h1>\n<a href=notes.md>ok</a> <a href=gone.md>no</a>",
    );
    desk.put("notes.md", "# Two words\n\n[page](page.html#costs)\n[own](#two-worlds)\n");

    assert_eq!(
        desk.findings(&["a.fodt", "notes.md", "page.html"]),
        [
            "ok text page.html#costs (link)",
            "broken text page.html#cots (link): no place is called `cots` -> page.html#costs",
            "ok text notes.md#two-words (link)",
            "broken text notes.md#two (link): no heading or place is called `two`",
            "ok text page.html#costs (page) heading Two words line 3",
            "broken text #two-worlds (own) heading Two words line 4: no heading or place is \
             called `two-worlds` -> #two-words",
            "ok text notes.md (ok) heading Costs line 2",
            "broken text gone.md (no) heading Costs line 2: the file `gone.md` is not there",
        ]
    );
}

#[test]
fn references_of_a_book_are_found_wherever_they_stand() {
    let page = r##"<html xmlns="http://www.w3.org/1999/xhtml"><body><p id="here">
        <a href="cafe\u{301}.xhtml#lost">form</a> <a href="a.png#xywh=1,2,3,4">piece</a>
        <a href="content.opf#epubcfi(/6/4)">place</a><q cite="gone.xhtml">said</q></p></body></html>"##;
    let page = page.replace("\\u{301}", "\u{301}");
    let other =
        r#"<html xmlns="http://www.w3.org/1999/xhtml"><body><p id="end">x</p></body></html>"#;
    let overlay = r#"<smil xmlns="http://www.w3.org/ns/SMIL"><body><par><text src="one.xhtml#her"/>
        <audio src="a.mp3"/></par></body></smil>"#;
    let picture = r#"<svg xmlns="http://www.w3.org/2000/svg"
        xmlns:xlink="http://www.w3.org/1999/xlink"><a xlink:href="one.xhtml#gone"/></svg>"#;
    let book = package(&[
        ("mimetype", "application/epub+zip"),
        (
            "META-INF/container.xml",
            r#"<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
            <rootfile full-path="content.opf"/></rootfiles></container>"#,
        ),
        (
            "content.opf",
            r#"<package xmlns="http://www.idpf.org/2007/opf"><manifest>
            <item id="1" href="one.xhtml" media-type="application/xhtml+xml"/>
            <item id="2" href="caf\u{e9}.xhtml" media-type="application/xhtml+xml"/>
            <item id="3" href="one.smil" media-type="application/smil+xml"/>
            <item id="4" href="one.svg" media-type="image/svg+xml"/>
            </manifest><spine><itemref idref="1"/><itemref idref="2"/></spine>
            <guide><reference href="cover.xhtml"/></guide></package>"#
                .replace("\\u{e9}", "\u{e9}")
                .as_str(),
        ),
        ("one.xhtml", &page),
        ("caf\u{e9}.xhtml", other),
        ("one.smil", overlay),
        ("one.svg", picture),
        ("a.png", ""),
        ("a.mp3", ""),
    ]);

    assert_eq!(
        Desk::with("a.epub", book).verdicts(&["a.epub", "--resources"]),
        [
            "cafe\u{301}.xhtml#lost broken",
            "a.png#xywh=1,2,3,4 ok",
            "content.opf#epubcfi(/6/4) ok",
            "gone.xhtml broken",
            "one.xhtml#her broken",
            "a.mp3 ok",
            "one.xhtml#gone broken",
            "cover.xhtml broken",
        ]
    );
}

#[test]
fn a_page_is_read_whatever_is_in_its_name() {
    let page = r##"<html xmlns="http://www.w3.org/1999/xhtml"><body><p id="here"/>
        <video src="a.mp4" poster="gone.png"/><a href="cafe%CC%81.xhtml#here">form</a>
        <a href="caf%C3%A9.xhtml#lost">form</a><a href="a%23b.xhtml#it">sign</a>
        <a href="a%23b.xhtml#no">sign</a><a href="a.pdf#page=3">file</a><a href="#xyn=percent:1,2,3,4,5,6">region</a>
        </body></html>"##;
    let book = package(&[
        ("mimetype", "application/epub+zip"),
        (
            "META-INF/container.xml",
            r#"<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
            <rootfile full-path="content.opf"/></rootfiles></container>"#,
        ),
        (
            "content.opf",
            r#"<package xmlns="http://www.idpf.org/2007/opf"><manifest>
            <item id="1" href="cafe%CC%81.xhtml" media-type="application/xhtml+xml"/>
            <item id="2" href="a%23b.xhtml" media-type="application/xhtml+xml"/>
            </manifest><spine><itemref idref="1"/></spine></package>"#,
        ),
        ("caf\u{e9}.xhtml", page),
        ("a#b.xhtml", r#"<html xmlns="http://www.w3.org/1999/xhtml"><p id="it"/></html>"#),
        ("a.pdf", ""),
        ("a.mp4", ""),
    ]);

    assert_eq!(
        Desk::with("a.epub", book).verdicts(&["a.epub", "--resources"]),
        [
            "gone.png broken",
            "a.mp4 ok",
            "cafe%CC%81.xhtml#here ok",
            "caf%C3%A9.xhtml#lost broken",
            "a%23b.xhtml#it ok",
            "a%23b.xhtml#no broken",
            "a.pdf#page=3 ok",
            "#xyn=percent:1,2,3,4,5,6 ok",
        ]
    );
}

#[test]
fn a_pdf_leads_into_the_files_that_it_holds() {
    let document = pdf(&[
        "<</Type /Catalog /Pages 2 0 R /Names <</EmbeddedFiles <</Names [(in.pdf) 4 0 R]>>>>>>",
        "<</Type /Pages /Kids [3 0 R] /Count 1>>",
        "<</Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots [
          <</Subtype /Link /A <</S /GoToE /D [0 /Fit] /T <</R /C /N (in.pdf)>>>>>>
          <</Subtype /Link /A <</S /GoToE /D [0 /Fit] /T <</R /C /N (out.pdf)>>>>>>
          <</Subtype /Link /A <</S /GoToE /D [0 /Fit] /T <</R /P>>>>>>
          <</Subtype /Link /A <</S /GoToE /F (gone.pdf) /D (x) /T <</R /C /N (in.pdf)>>>>>>]>>",
        "<</Type /Filespec /F (in.pdf)>>",
    ]);

    assert_eq!(
        Desk::with("a.pdf", document).findings(&["a.pdf"]),
        [
            "ok text in.pdf page 1",
            "broken text out.pdf page 1: the document holds no file called `out.pdf`",
            "unchecked text  page 1: coool does not check `a file within a file`",
            "broken text gone.pdf page 1: the file `gone.pdf` is not there",
        ]
    );
}
