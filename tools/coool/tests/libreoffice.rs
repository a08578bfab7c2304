//! Places in documents are found where LibreOffice finds them: what it cannot resolve has no link in
//! the PDF that it makes.

mod support;

use std::collections::HashMap;

use support::{Desk, odf, office};

/// Which links to a place in the document LibreOffice keeps in the PDF. Each stands on a page of its
/// own, the first on page `first`. None where there is no LibreOffice.
fn kept(desk: &Desk, name: &str, addresses: &[&str], first: u64) -> Option<HashMap<String, bool>> {
    if !office::convert(&desk.path(name), "pdf") {
        return None;
    }
    let pdf = desk.path(name).with_extension("pdf");
    let listing = desk.json(&["--list", pdf.to_str().expect("a plain path")]);
    let links = listing["links"].as_array().expect("a list");
    let leads = |page: u64| {
        links.iter().any(|link| {
            let url = link["url"].as_str().unwrap_or_default();
            link["place"]["page"] == page && url.starts_with("#page=")
        })
    };
    let pages = first..;
    Some(
        addresses
            .iter()
            .zip(pages)
            .map(|(address, page)| ((*address).to_owned(), leads(page)))
            .collect(),
    )
}

/// What coool says of the same links.
fn ours(desk: &Desk, name: &str) -> HashMap<String, String> {
    let document = desk.json(&[name]);
    let links = document["links"].as_array().expect("a list").iter();
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    links.map(|link| (text(&link["url"]), text(&link["verdict"]))).collect()
}

/// coool and LibreOffice agree, but for the addresses in `lost`, which the export loses though the
/// program follows them.
fn agree(desk: &Desk, name: &str, addresses: &[&str], first: u64, lost: &[&str]) {
    let Some(kept) = kept(desk, name, addresses, first) else { return };
    let ours = ours(desk, name);
    for address in addresses.iter().filter(|address| !lost.contains(address)) {
        let found = if kept[*address] { "ok" } else { "broken" };
        assert_eq!(ours[*address], found, "`{address}` of {name}");
    }
    for address in lost {
        assert!(!kept[*address], "`{address}` is no longer lost");
    }
}

#[test]
fn names_of_a_text_are_those_that_writer_finds() {
    let addresses = [
        "#Start",
        "#start",
        "#Nowhere",
        "#1.First|outline",
        "#First|outline",
        "#9.9.First|outline",
        "#Fir|outline",
        "#Frist|outline",
        "#first|outline",
        "#First|Outline",
        "#Table|table",
        "#table|table",
        "#Table",
        "#Frame|frame",
        "#Frame",
        "#Section|region",
        "#Section|frame",
        "#Figure!0|sequence",
        "#Figure!1|sequence",
        "#A%7CB",
        "#A|B",
        "#Two words",
        "#Two%20words",
        "#2. Numbered|outline",
        "#Numbered|outline",
        "#Shape|drawingobject",
        "#Image|graphic",
        "#Spanned heading|outline",
        "#Noted1 heading|outline",
        "#Noted heading|outline",
        "#",
        "#First|nonsense",
        "#First",
        "#Below|outline",
        "#1.1.Below|outline",
    ];
    let targets = r#"<text:sequence-decls><text:sequence-decl text:display-outline-level="0"
        text:name="Figure"/></text:sequence-decls>
        <text:h text:outline-level="1">First</text:h><text:h text:outline-level="2">Below</text:h>
        <text:h text:outline-level="1">2. Numbered</text:h>
        <text:h text:outline-level="1">Spanned <text:span>heading</text:span></text:h>
        <text:h text:outline-level="1">Noted<text:note text:note-class="footnote"><text:note-citation
            >1</text:note-citation><text:note-body><text:p>note</text:p></text:note-body></text:note>
            heading</text:h>
        <text:p><text:bookmark text:name="Start"/><text:bookmark text:name="A|B"/><text:bookmark
            text:name="Two words"/><text:sequence text:name="Figure" text:ref-name="refFigure0"
            text:formula="ooow:Figure+1">1</text:sequence></text:p>
        <table:table table:name="Table"><table:table-column/><table:table-row><table:table-cell>
            <text:p>cell</text:p></table:table-cell></table:table-row></table:table>
        <text:p><draw:frame draw:name="Frame" text:anchor-type="as-char" svg:width="3cm"
            svg:height="1cm"><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame>
            <draw:rect draw:name="Shape" text:anchor-type="as-char" svg:width="1cm"
            svg:height="1cm"/><draw:frame draw:name="Image" text:anchor-type="as-char"
            svg:width="1cm" svg:height="1cm"><draw:image><office:binary-data>iVBORw0KGgoAAAANSUhEUg
            AAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
            </office:binary-data></draw:image></draw:frame></text:p>
        <text:section text:name="Section"><text:p>section</text:p></text:section>"#;
    let links: String = addresses
        .iter()
        .map(|address| {
            format!("<text:p text:style-name=\"Break\">{}</text:p>", odf::link(address, "link"))
        })
        .collect();
    let desk = Desk::with("text.fodt", odf::text(&format!("{targets}{links}")));

    agree(&desk, "text.fodt", &addresses, 2, &[]);
}

#[test]
fn names_of_slides_are_those_that_impress_finds() {
    let addresses = [
        "#page2",
        "#Slide 1",
        "#Slide 2",
        "#Costs",
        "#costs",
        "#Costs%20x",
        "#Logo",
        "#Costs (Notes)",
        "#Slide 2 (Notes)",
        "#nowhere",
        "#Two words",
        "#Two%20words",
        "#Slide 99",
        "#Slide 3",
        "#Folie 2",
    ];
    let slide = |name: &str, content: &str| {
        format!(
            r#"<draw:page draw:name="{name}" draw:master-page-name="Master">{content}</draw:page>"#
        )
    };
    let mut slides: String = ["page1", "page2"].iter().map(|name| slide(name, "")).collect();
    slides += &slide(
        "Costs",
        r#"<draw:rect draw:name="Logo" svg:x="1cm" svg:y="5cm"
        svg:width="1cm" svg:height="1cm"/>"#,
    );
    slides += &slide("Two words", "");
    for (number, address) in addresses.iter().enumerate() {
        let link = odf::link(address, "link");
        slides += &slide(
            &format!("L{number}"),
            &format!(
                r#"<draw:frame svg:x="1cm" svg:y="1cm" svg:width="9cm" svg:height="2cm"><draw:text-box>
            <text:p>{link}</text:p></draw:text-box></draw:frame>"#
            ),
        );
    }
    let desk = Desk::with("slides.fodp", odf::presentation(&slides));

    // The program finds a named slide by its number, and in German `Folie 2`; the export does not.
    agree(&desk, "slides.fodp", &addresses, 5, &["#Slide 3", "#Folie 2"]);
}

#[test]
fn cells_are_those_that_calc_finds() {
    let addresses = [
        "#Sheet1",
        "#sheet1",
        "#Sheet1.A1",
        "#$Sheet1.$A$1",
        "#'My Sheet'.A1",
        "#My Sheet.A1",
        "#A1:B2",
        "#Sheet1.A1:B2",
        "#Nope",
        "#Nope.A1",
        "#Range1",
        "#range1",
        "#Rang",
        "#ZZZZ1",
        "#A1048577",
        "#XFE1",
        "#A:A",
        "#1:3",
        "#Sheet1!A1",
        "#A5",
        "#XFD1",
        "#Base1",
    ];
    let mut sheets = String::new();
    for (number, address) in addresses.iter().enumerate() {
        let name = match number {
            0 => "Sheet1".to_owned(),
            1 => "My Sheet".to_owned(),
            number => format!("L{number}"),
        };
        let link = odf::link(address, "link");
        sheets += &format!(
            r#"<table:table table:name="{name}"><table:table-column/><table:table-row>
            <table:table-cell office:value-type="string"><text:p>{link}</text:p></table:table-cell>
            </table:table-row></table:table>"#
        );
    }
    sheets += r#"<table:named-expressions><table:named-range table:name="Range1"
        table:base-cell-address="$Sheet1.$A$1" table:cell-range-address="$Sheet1.$A$1:.$B$2"/>
        </table:named-expressions><table:database-ranges><table:database-range table:name="Base1"
        table:target-range-address="Sheet1.A1:Sheet1.B2"/></table:database-ranges>"#;
    let desk = Desk::with("cells.fods", odf::spreadsheet(&sheets));

    // Cells that are not printed have no page to lead to, and the export does not know Excel's way
    // to write a cell.
    agree(&desk, "cells.fods", &addresses, 1, &["#Sheet1!A1", "#A5", "#XFD1"]);
}

#[test]
fn a_document_has_the_same_broken_links_in_every_format_that_libreoffice_writes() {
    let body = format!(
        "<text:h text:outline-level=\"1\">Chapter</text:h>\
        <text:p><text:bookmark text:name=\"Start\"/>{} {} {}</text:p>",
        odf::link("#Start", "good"),
        odf::link("#Gone", "a <text:span>bad</text:span> one"),
        odf::link("missing.odt", "a file"),
    );
    let desk = Desk::with("a.fodt", odf::text(&body));
    for (format, kept) in [("odt", 3), ("docx", 3), ("epub", 0)] {
        if !office::convert(&desk.path("a.fodt"), format) {
            return;
        }
        let name = format!("a.{format}");
        let broken: Vec<String> = desk
            .findings(&[&name])
            .into_iter()
            .filter(|finding| finding.starts_with("broken text"))
            .collect();
        if kept == 3 {
            assert_eq!(broken.len(), 2, "{format}: {broken:?}");
            assert!(broken[0].contains("(a bad one)"), "{format}: {broken:?}");
            assert!(broken[0].contains("heading Chapter"), "{format}: {broken:?}");
        }
    }
}

#[test]
fn no_name_that_libreoffice_escapes_is_a_false_alarm() {
    let names = [
        "a:b",
        "a%3Ab",
        "Two words",
        "\u{fc}ber",
        "1st-part.x",
        "50% of it",
        "a name: longer than forty letters, and with signs in it",
        "forty letters that end: within a sign:: of it",
    ];
    let mut body = String::new();
    for name in names {
        body += &format!("<text:p><text:bookmark text:name=\"{name}\"/>");
        body += &odf::link(&format!("#{}", name.replace('%', "%25")), "link");
        body += &format!(
            "<text:bookmark-ref text:reference-format=\"text\" text:ref-name=\"{name}\">x\
             </text:bookmark-ref><text:bookmark-ref text:reference-format=\"page\" \
             text:ref-name=\"{name}\">1</text:bookmark-ref></text:p>"
        );
    }
    body += &odf::paragraph("#Gone: really", "link");
    let desk = Desk::with("a.fodt", odf::text(&body));
    let broken = |name: &str| -> Vec<String> {
        let findings = desk.verdicts(&[name]);
        findings.into_iter().filter(|finding| finding.ends_with(" broken")).collect()
    };
    assert_eq!(broken("a.fodt"), ["#Gone: really broken"]);
    if office::convert(&desk.path("a.fodt"), "docx") {
        assert_eq!(broken("a.docx"), ["#Gone:_really broken"]);
    }
}
