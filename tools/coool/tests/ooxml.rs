//! Texts, presentations and workbooks of Office Open XML.

mod support;

use support::Desk;
use support::ooxml::{self, To, docx, pptx, run, xlsx};

#[test]
fn links_of_a_text_are_found_however_they_are_written() {
    let styles = format!(
        r#"<w:styles {}><w:style w:styleId="H"><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
        <w:style w:styleId="Own"><w:basedOn w:val="H"/></w:style></w:styles>"#,
        ooxml::NAMESPACES
    );
    let body = format!(
        r#"<w:p><w:pPr><w:pStyle w:val="Own"/></w:pPr>{heading}<w:bookmarkStart w:name="Start"/></w:p>
        <w:p><w:hyperlink r:id="web">{one}{two}</w:hyperlink>
        <w:hyperlink w:anchor="start">{three}</w:hyperlink>
        <w:hyperlink w:anchor="Stort">{three}</w:hyperlink>
        <w:hyperlink r:id="other" w:anchor="Here">{three}</w:hyperlink>
        <w:hyperlink r:id="dangling">{three}</w:hyperlink>
        <w:hyperlink r:id="empty">{three}</w:hyperlink></w:p>
        <w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPER</w:instrText></w:r>
        <w:r><w:instrText>LINK "notes.md" \l "Here"</w:instrText></w:r>
        <w:r><w:fldChar w:fldCharType="separate"/></w:r>{one}<w:r><w:fldChar w:fldCharType="begin"/></w:r>
        <w:r><w:instrText>PAGEREF Gone \h</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>
        {two}<w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>
        <w:p><w:fldSimple w:instr=" REF Start ">{three}</w:fldSimple><mc:AlternateContent><mc:Choice>
        <wp:docPr name="x"><a:hlinkClick r:id="web" tooltip="A tip"/></wp:docPr></mc:Choice>
        <mc:Fallback><v:shape href="http://never.example/"/></mc:Fallback></mc:AlternateContent>
        <w:del><w:hyperlink w:anchor="Old">{three}</w:hyperlink></w:del></w:p>"#,
        heading = run("Costs"),
        one = run("one "),
        two = run("two"),
        three = run("three"),
    );
    let header = format!(
        r#"<w:hdr {}><w:p><w:hyperlink w:anchor="Gone">{}</w:hyperlink></w:p></w:hdr>"#,
        ooxml::NAMESPACES,
        run("above")
    );
    let known = [
        ("web", To::Address("http://a.example/?a=1&b=2")),
        ("other", To::Address("other.docx")),
        ("empty", To::Address("")),
        ("styles", To::Part("styles", "styles.xml")),
        ("header", To::Part("header", "header1.xml")),
    ];
    let document =
        docx(&body, &known, &[("word/styles.xml", &styles), ("word/header1.xml", &header)]);
    let desk = Desk::with("a.docx", document);
    desk.put("other.docx", docx(r#"<w:p><w:bookmarkStart w:name="Here"/></w:p>"#, &[], &[]));

    assert_eq!(
        desk.findings(&["a.docx", "--offline"]),
        [
            "unchecked text http://a.example/?a=1&b=2 (one two) heading Costs: not asked, because \
             of `--offline`",
            "ok text #start (three) heading Costs",
            "broken text #Stort (three) heading Costs: no bookmark is called `Stort` -> #Start",
            "ok text other.docx#Here (three) heading Costs",
            "broken text  (three) heading Costs: the document has no relationship `dangling`",
            "broken text  (three) heading Costs: the address is empty",
            "broken text notes.md#Here (one two) heading Costs: the file `notes.md` is not there",
            "broken reference Gone (two) heading Costs: no bookmark is called `Gone`",
            "ok reference Start (three) heading Costs",
            "unchecked image http://a.example/?a=1&b=2 (A tip) heading Costs: not asked, because \
             of `--offline`",
            "unchecked text #Old (three) heading Costs in deletion: it stands in deleted text",
            "broken text #Gone (above) in header: no bookmark is called `Gone`",
        ]
    );
}

#[test]
fn pages_of_a_text_are_those_that_word_has_shown() {
    let page = |pages: u32, breaks: &str| {
        let body = format!(
            r#"<w:p>{}</w:p>{breaks}<w:p><w:hyperlink w:anchor="Gone">{}</w:hyperlink></w:p>"#,
            run("one"),
            run("link")
        );
        let properties = format!("<Properties><Pages>{pages}</Pages></Properties>");
        let document = docx(&body, &[], &[("docProps/app.xml", &properties)]);
        let place = Desk::with("a.docx", document).json(&["a.docx"])["links"][0]["place"].clone();
        (place["page"].as_u64(), place["page_is_approximate"].as_bool().unwrap_or(false))
    };
    let shown = "<w:p><w:r><w:lastRenderedPageBreak/></w:r></w:p>";
    let hard = r#"<w:p><w:r><w:br w:type="page"/></w:r></w:p>"#;

    assert_eq!(page(2, shown), (Some(2), false));
    assert_eq!(page(5, shown), (Some(2), true));
    assert_eq!(page(2, hard), (Some(2), false));
    assert_eq!(page(5, hard), (None, false));
}

#[test]
fn relative_addresses_of_a_text_start_at_its_hyperlink_base() {
    let body = format!(r#"<w:p><w:hyperlink r:id="a">{}</w:hyperlink></w:p>"#, run("link"));
    let base = "<Properties><HyperlinkBase>http://a.example/docs/</HyperlinkBase></Properties>";
    let document = docx(&body, &[("a", To::Address("b.html"))], &[("docProps/app.xml", base)]);

    let finding = Desk::with("a.docx", document).findings(&["a.docx", "--offline"]).remove(0);

    assert!(finding.contains("because of `--offline`"), "a page of the web: {finding}");
}

#[test]
fn the_strict_form_is_read_too() {
    let body = format!(r#"<w:p><w:hyperlink w:anchor="Gone">{}</w:hyperlink></w:p>"#, run("link"));
    let main = format!(
        r#"<w:document xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"><w:body>{body}
        </w:body></w:document>"#
    );
    let start = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
        <Relationship Id="r" Target="word/document.xml"
        Type="http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument"/>
        </Relationships>"#;
    let document = support::package(&[
        (
            "[Content_Types].xml",
            r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#,
        ),
        ("_rels/.rels", start),
        ("word/document.xml", &main),
    ]);

    assert_eq!(
        Desk::with("a.docx", document).findings(&["a.docx"]),
        ["broken text #Gone (link): no bookmark is called `Gone`"]
    );
}

#[test]
fn links_of_slides_are_found_with_their_slide() {
    let title = r#"<p:sp><p:nvSpPr><p:nvPr><p:ph type="title"/></p:nvPr></p:nvSpPr><p:txBody>
        <a:p><a:r><a:t>Costs</a:t></a:r></a:p></p:txBody></p:sp>"#;
    let click = |id: &str, action: &str, words: &str| {
        format!(
            r#"<a:r><a:rPr><a:hlinkClick r:id="{id}"{action}/></a:rPr><a:t>{words}</a:t></a:r>"#
        )
    };
    let jump = r#" action="ppaction://hlinksldjump""#;
    let second = format!(
        r#"{title}<p:sp><p:cNvPr id="3" name="Arrow"><a:hlinkClick r:id="file"/></p:cNvPr><p:txBody>
        <a:p>{}{}</a:p><a:p>{}</a:p><a:p>{}</a:p><a:p>{}</a:p></p:txBody></p:sp>"#,
        click("web", "", "two "),
        click("web", "", "runs"),
        click("one", jump, "back"),
        click("lost", jump, "lost"),
        click("", r#" action="ppaction://hlinkshowjump?jump=nextslide""#, "next"),
    );
    let known: &[(&str, To)] = &[
        ("web", To::Address("http://a.example/")),
        ("file", To::Address("missing.pptx")),
        ("one", To::Part("slide", "slide1.xml")),
        ("lost", To::Part("slide", "slide9.xml")),
    ];
    let desk = Desk::with("a.pptx", pptx(&[("", &[]), (&second, known)]));

    assert_eq!(
        desk.findings(&["a.pptx", "--offline"]),
        [
            "broken shape missing.pptx heading Costs slide 2: the file `missing.pptx` is not there",
            "unchecked text http://a.example/ (two runs) heading Costs slide 2: not asked, because \
             of `--offline`",
            "ok jump slide1.xml (back) heading Costs slide 2",
            "broken text slide9.xml (lost) heading Costs slide 2: the slide is not in the show",
            "ok jump ppaction://hlinkshowjump?jump=nextslide (next) heading Costs slide 2",
        ]
    );
}

#[test]
fn links_of_a_workbook_are_found_with_their_cell() {
    let sheet = r##"<sheetData><row r="1"><c r="A1" t="s"><v>1</v></c><c r="B1"><v>7</v></c>
        <c r="C1"><f>HYPERLINK("#Gone!A1","there")</f><v>there</v></c></row></sheetData>
        <hyperlinks><hyperlink ref="A1" r:id="web"/><hyperlink ref="B1" location="Cost!A1"/>
        <hyperlink ref="B2" location="'Costs'!B7" display="seven"/>
        <hyperlink ref="B3" location="total"/>
        <hyperlink ref="B4" location="Costs!A1048577"/></hyperlinks>"##;
    let known = [("web", To::Address("http://a.example/"))];
    let desk = Desk::with("a.xlsx", xlsx(sheet, &known, &["zero", "first"]));

    let mut findings = desk.findings(&["a.xlsx", "--offline"]);

    findings.sort();
    assert_eq!(
        findings,
        [
            "broken formula #Gone!A1 (there) cell C1 sheet Costs: no sheet is called `Gone`",
            "broken text #Cost!A1 (7) cell B1 sheet Costs: no sheet is called `Cost` -> #Costs!A1",
            "broken text #Costs!A1048577 cell B4 sheet Costs: `A1048577` is no cell of a sheet",
            "ok text #'Costs'!B7 (seven) cell B2 sheet Costs",
            "ok text #total cell B3 sheet Costs",
            "unchecked text http://a.example/ (first) cell A1 sheet Costs: not asked, because of \
             `--offline`",
        ]
    );
}

#[test]
fn a_package_says_what_it_is_by_its_content_type_and_not_by_its_folders() {
    let main = format!(
        r#"<w:document {}><w:p><w:hyperlink w:anchor="Gone">{}</w:hyperlink></w:p></w:document>"#,
        ooxml::NAMESPACES,
        run("link")
    );
    let package = |kind: &str| {
        let types = format!(
            r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
            <Override PartName="/Main.xml" ContentType="application/{kind}.main+xml"/></Types>"#
        );
        let start = ooxml::relationships(&[("r", To::Part("officeDocument", "/main.xml"))]);
        support::package(&[
            ("[Content_Types].xml", &types),
            ("_rels/.rels", &start),
            ("main.xml", &main),
        ])
    };
    for kind in [
        "vnd.openxmlformats-officedocument.wordprocessingml.document",
        "vnd.ms-word.document.macroEnabled",
        "vnd.openxmlformats-officedocument.wordprocessingml.template",
    ] {
        assert_eq!(
            Desk::with("a.docm", package(kind)).findings(&["a.docm"]),
            ["broken text #Gone (link): no bookmark is called `Gone`"],
            "{kind}"
        );
    }
    let run =
        Desk::with("a.xlsb", package("vnd.ms-excel.sheet.binary.macroEnabled")).coool(&["a.xlsb"]);
    assert_eq!(run.code, Some(2), "a binary sheet: {run:?}");
}
