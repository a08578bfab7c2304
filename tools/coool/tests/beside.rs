//! Links in parts that no list of parts has, addresses that a sheet computes, and what is counted
//! because it cannot be read.

mod support;

use std::io::{Cursor, Read as _, Write as _};

use support::ooxml::{self, To, docx, pptx, relationships, run, xlsx};
use support::{Desk, odf};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A drawn thing that leads somewhere by this relationship.
fn drawn(root: &str, id: &str) -> String {
    let spaces = ooxml::NAMESPACES;
    format!(r#"<{root} {spaces}><a:hlinkClick r:id="{id}"/></{root}>"#)
}

#[test]
fn every_part_is_read_that_a_relationship_leads_to() {
    let diagram = format!(
        r#"<p:data {}><a:r><a:rPr><a:hlinkClick r:id="web"/></a:rPr><a:t>step</a:t></a:r></p:data>"#,
        ooxml::NAMESPACES
    );
    let block = format!(
        r#"<w:glossaryDocument {}><w:p><w:hyperlink w:anchor="Gone">{}</w:hyperlink></w:p>
        </w:glossaryDocument>"#,
        ooxml::NAMESPACES,
        run("block")
    );
    let of_diagram = relationships(&[("web", To::Address("step.docx"))]);
    let of_chart = relationships(&[("user", To::Part("chartUserShapes", "../own/shapes.xml"))]);
    let of_shapes = relationships(&[("web", To::Address("shape.docx"))]);
    let known = [
        ("data", To::Part("diagramData", "odd/data7.xml")),
        // The same once more, as it was drawn last.
        ("drawn", To::Part("diagramDrawing", "odd/drawing7.xml")),
        ("chart", To::Part("chart", "odd/chart.xml")),
        ("blocks", To::Part("glossaryDocument", "glossary/document.xml")),
    ];
    let document = docx(
        "",
        &known,
        &[
            ("word/odd/data7.xml", &diagram),
            ("word/odd/_rels/data7.xml.rels", &of_diagram),
            ("word/odd/drawing7.xml", &diagram),
            ("word/odd/_rels/drawing7.xml.rels", &of_diagram),
            ("word/odd/chart.xml", "<chart/>"),
            ("word/odd/_rels/chart.xml.rels", &of_chart),
            ("word/own/shapes.xml", &drawn("shapes", "web")),
            ("word/own/_rels/shapes.xml.rels", &of_shapes),
            ("word/glossary/document.xml", &block),
        ],
    );

    assert_eq!(
        Desk::with("a.docx", document).findings(&["a.docx"]),
        [
            "broken text #Gone (block) in building-block: no bookmark is called `Gone`",
            "broken text step.docx (step): the file `step.docx` is not there",
            "broken shape shape.docx: the file `shape.docx` is not there",
        ]
    );
}

#[test]
fn what_stands_beside_a_slide_stands_on_it() {
    let slides = pptx(&[("", &[]), ("", &[("data", To::Part("diagramData", "../any/data.xml"))])]);
    let more = [
        ("ppt/any/data.xml", drawn("data", "web").into_bytes()),
        (
            "ppt/any/_rels/data.xml.rels",
            relationships(&[("web", To::Address("gone.pptx"))]).into_bytes(),
        ),
    ];

    assert_eq!(
        Desk::with("a.pptx", with(slides, &more)).findings(&["a.pptx"]),
        ["broken shape gone.pptx slide 2: the file `gone.pptx` is not there"]
    );
}

#[test]
fn a_diagram_leads_to_slides_of_its_show() {
    let jump = format!(
        r#"<data {}><a:hlinkClick r:id="to" action="ppaction://hlinksldjump"/></data>"#,
        ooxml::NAMESPACES
    );
    let slides = pptx(&[("", &[]), ("", &[("data", To::Part("diagramData", "../any/data.xml"))])]);
    let with_jump_to = |slide: &str| {
        let to = relationships(&[("to", To::Part("slide", slide))]);
        let more = [
            ("ppt/any/data.xml", jump.clone().into_bytes()),
            ("ppt/any/_rels/data.xml.rels", to.into_bytes()),
        ];
        Desk::with("a.pptx", with(slides.clone(), &more)).findings(&["a.pptx"])
    };

    assert_eq!(with_jump_to("../slides/slide1.xml"), ["ok jump ../slides/slide1.xml slide 2"]);
    assert_eq!(
        with_jump_to("../slides/slide7.xml"),
        ["broken shape ../slides/slide7.xml slide 2: the slide is not in the show"]
    );
}

#[test]
fn what_a_relationship_alone_loads_is_a_resource() {
    let elsewhere = |kind: &str, target: &str| {
        relationships(&[("it", To::Address(target))]).replace("hyperlink", kind)
    };
    let document = docx(
        "",
        &[("chart", To::Part("chart", "chart.xml")), ("set", To::Part("settings", "set.xml"))],
        &[
            ("word/chart.xml", "<chart/>"),
            ("word/_rels/chart.xml.rels", &elsewhere("oleObject", "sales.xlsx")),
            ("word/set.xml", "<settings/>"),
            ("word/_rels/set.xml.rels", &elsewhere("mailMergeSource", "people.xlsx")),
        ],
    );

    assert_eq!(
        Desk::with("a.docx", document).findings(&["--resources", "a.docx"]),
        [
            "broken database people.xlsx in metadata: the file that is loaded `people.xlsx` is not \
             there",
            "broken object sales.xlsx: the file that is loaded `sales.xlsx` is not there",
        ]
    );
}

#[test]
fn a_template_among_those_of_each_user_is_not_missing() {
    let template = |target: &str| {
        let known = relationships(&[("it", To::Address(target))]);
        let known = known.replace("hyperlink", "attachedTemplate");
        let settings = format!(
            r#"<w:settings {}><w:attachedTemplate r:id="it"/></w:settings>"#,
            ooxml::NAMESPACES
        );
        let document = docx(
            "",
            &[("set", To::Part("settings", "set.xml"))],
            &[("word/set.xml", &settings), ("word/_rels/set.xml.rels", &known)],
        );
        Desk::with("a.docx", document).findings(&["--resources", "a.docx"])
    };

    assert_eq!(
        template("Normal.dotm"),
        ["unchecked template Normal.dotm in metadata: office programs look for it among the \
          templates of each user"]
    );
    assert_eq!(
        template("house/letter.dotx"),
        ["broken template house/letter.dotx in metadata: the file that is loaded \
          `house/letter.dotx` is not there"]
    );
}

#[test]
fn names_of_parts_are_the_same_in_capitals_and_in_small_letters() {
    let known = relationships(&[("web", To::Address("gone.docx"))]);
    let body = format!(
        r#"<w:document {}><w:p><w:hyperlink r:id="web">{}</w:hyperlink></w:p></w:document>"#,
        ooxml::NAMESPACES,
        run("here")
    );
    let document = docx("", &[], &[]);
    let types = "[Content_Types].xml";
    let parts = [
        ("[content_types].xml", part(&document, types)),
        ("_rels/.RELS", part(&document, "_rels/.rels")),
        ("Word/Document.xml", body.into_bytes()),
        ("word/_rels/document.XML.rels", known.into_bytes()),
    ];
    let parts: Vec<(&str, &str)> = parts
        .iter()
        .map(|(name, content)| (*name, std::str::from_utf8(content).expect("a text")))
        .collect();

    assert_eq!(
        Desk::with("a.docx", support::package(&parts)).findings(&["a.docx"]),
        ["broken text gone.docx (here): the file `gone.docx` is not there"]
    );
}

/// A part of a package.
fn part(package: &[u8], name: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(package)).expect("a package");
    let mut content = Vec::new();
    archive.by_name(name).expect("a part").read_to_end(&mut content).expect("its content");
    content
}

/// A package with more parts.
fn with(package: Vec<u8>, parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new_append(Cursor::new(package)).expect("a package");
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).expect("a part");
        writer.write_all(content).expect("its content");
    }
    writer.finish().expect("a package").into_inner()
}

/// A text with a bookmark, links to it and to another, and a document within it.
fn holding(name: &str, inner: Option<Vec<u8>>) -> Vec<u8> {
    let body = format!(
        r#"<w:p><w:bookmarkStart w:name="{name}"/><w:hyperlink w:anchor="{name}">{0}</w:hyperlink>
        <w:hyperlink w:anchor="Not{name}">{0}</w:hyperlink></w:p>"#,
        run(name)
    );
    let outer = docx(&body, &[("in", To::Part("package", "embeddings/any.docx"))], &[]);
    match inner {
        Some(inner) => with(outer, &[("word/embeddings/any.docx", inner)]),
        None => outer,
    }
}

#[test]
fn a_document_within_a_document_is_read_once_and_no_deeper() {
    let document = holding("One", Some(holding("Two", Some(holding("Three", None)))));

    assert_eq!(
        Desk::with("a.docx", document).findings(&["a.docx"]),
        [
            "ok text #One (One)",
            "broken text #NotOne (One): no bookmark is called `NotOne`",
            "ok text #Two (Two)",
            "broken text #NotTwo (Two): no bookmark is called `NotTwo`",
        ]
    );
}

#[test]
fn what_is_unpacked_within_counts_for_the_document() {
    let document = holding("One", Some(holding("Two", None)));
    let desk = Desk::with("a.docx", document);

    let run = desk.coool(&["--limit", "document=3K", "a.docx"]);

    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stdout.contains("raise the limit of"), "{run:?}");
}

#[test]
fn an_address_that_a_sheet_computes_is_the_one_it_shows_or_listed() {
    let sheet = r#"<sheetData><row r="1"><c r="A1" t="str"><f>HYPERLINK(B1)</f><v>gone.xlsx</v></c>
        <c r="A2" t="str"><f>HYPERLINK("http://"&amp;B1,"here")</f><v>here</v></c>
        <c r="A3"><f>_xlfn.IMAGE("gone.png")</f><v>0</v></c>
        <c r="A4" t="str"><f>HYPERLINK("[other.xlsx]Costs!A1","other")</f><v>other</v></c></row>
        </sheetData>"#;
    let desk = Desk::with("a.xlsx", xlsx(sheet, &[], &[]));

    assert_eq!(
        desk.findings(&["a.xlsx"]),
        [
            "broken formula gone.xlsx (gone.xlsx) cell A1 sheet Costs: the file `gone.xlsx` is not \
             there",
            "unchecked formula =HYPERLINK(\"http://\"&B1,\"here\") (here) cell A2 sheet Costs: its \
             address is computed when the sheet is",
            "broken formula gone.png (0) cell A3 sheet Costs: the file `gone.png` is not there",
            "broken formula [other.xlsx]Costs!A1 (other) cell A4 sheet Costs: the file \
             `other.xlsx` is not there",
        ]
    );
}

#[test]
fn places_of_a_workbook_have_the_forms_of_excel() {
    let places = [
        "Prices[Net]",
        "Prices[[#All],[Net]:[VAT]]",
        "Prices[#Totals]",
        "Prices[Gross]",
        "[other.xlsx]Costs!A1",
        "'[other.xlsx]Costs'!A1",
        "[other.xlsx]Gone!A1",
        "Costs!A1",
    ];
    let links: String = (1..)
        .zip(places)
        .map(|(row, place)| format!(r#"<hyperlink ref="A{row}" location="{place}"/>"#))
        .collect();
    let sheet = format!("<hyperlinks>{links}</hyperlinks>");
    let table = r#"<table xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        displayName="Prices"><tableColumns><tableColumn name="Net"/><tableColumn name="VAT"/>
        </tableColumns></table>"#;
    let known = [("table", To::Part("table", "../tables/table1.xml"))];
    let book = with(xlsx(&sheet, &known, &[]), &[("xl/tables/table1.xml", table.into())]);
    let desk = Desk::with("a.xlsx", book);
    desk.put("other.xlsx", xlsx("", &[], &[]));

    assert_eq!(
        desk.verdicts(&["a.xlsx"]),
        [
            "#Prices[Net] ok",
            "#Prices[[#All],[Net]:[VAT]] ok",
            "#Prices[#Totals] ok",
            "#Prices[Gross] broken",
            "#[other.xlsx]Costs!A1 ok",
            "#'[other.xlsx]Costs'!A1 ok",
            "#[other.xlsx]Gone!A1 broken",
            "#Costs!A1 ok",
        ]
    );
}

#[test]
fn a_folder_tells_how_many_documents_it_passed_over() {
    let desk = Desk::with("a.fodt", odf::text(""));
    desk.put("old/a.doc", "x").put("old/b.DOC", "x").put("c.rtf", "x").put("d.txt", "x");

    assert_eq!(
        desk.coool(&["."]).stdout,
        "1 document, 0 links: 0 ok\nnot read: 2 doc, 1 rtf (`--with-libreoffice` reads them)\n"
    );
    assert_eq!(desk.json(&["."])["passed_over"], serde_json::json!({ "doc": 2, "rtf": 1 }));
    let run = desk.coool(&["--format", "csv", "."]);
    assert_eq!(run.stderr, "coool: not read: 2 doc, 1 rtf (`--with-libreoffice` reads them)\n");
}
