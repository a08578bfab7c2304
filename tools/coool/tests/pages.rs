//! PDF, HTML and Markdown.

mod support;

use support::{Desk, odf, office};

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

#[test]
fn the_words_of_a_link_in_a_pdf_are_those_below_it() {
    let stream =
        |content: &str| format!("<</Length {}>>\nstream\n{content}\nendstream", content.len());
    let lines = "BT /F 10 Tf 10 100 Td (ab) Tj 10 0 Td (b) Tj 0 -20 Td (a) Tj 20 0 Td (ba) Tj ET";
    let document = pdf(&[
        "<</Type /Catalog /Pages 2 0 R>>",
        "<</Type /Pages /Kids [3 0 R] /Count 1>>",
        "<</Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R
          /Resources <</Font <</F 5 0 R>>>> /Annots [
          <</Subtype /Link /Rect [10 98 40 110] /Dest [3 0 R /Fit]>>
          <</Subtype /Link /Rect [0 0 200 200] /Dest [3 0 R /Fit]
            /QuadPoints [20 110 30 110 20 98 30 98 15 90 25 90 15 78 25 78]>>
          <</Subtype /Link /Rect [38 78 60 90] /Dest [3 0 R /Fit] /Contents (stored)>>
          <</Subtype /Link /Rect [100 0 120 20] /Dest [3 0 R /Fit]>>]>>",
        &stream(lines),
        "<</Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0]
          /CharProcs <</a 6 0 R /b 6 0 R>> /Encoding <</Differences [97 /a /b]>>
          /FirstChar 97 /LastChar 98 /Widths [500 500] /Resources <<>>>>",
        &stream("500 0 0 0 500 500 d1 0 0 500 500 re f"),
    ]);

    assert_eq!(
        Desk::with("a.pdf", document).findings(&["a.pdf"]),
        [
            "ok text #page=1 (abb) page 1",
            "ok text #page=1 (b a) page 1",
            "ok text #page=1 (stored) page 1",
            "ok text #page=1 page 1",
        ]
    );
}
