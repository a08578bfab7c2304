//! What stands where in documents, and the mistakes of the first coool.

mod support;

use support::{Desk, odf};

#[test]
fn every_kind_of_link_in_a_text_is_found_with_its_place() {
    let body = format!(
        r##"<text:h text:outline-level="1">Cha<text:span>pter</text:span></text:h>
        <text:p>{text} <draw:a xlink:href="#Gone"><draw:frame draw:name="Logo"><draw:image
            xlink:href="Pictures/1.png"/><svg:title>The logo</svg:title></draw:frame></draw:a></text:p>
        <text:p><draw:image-map><draw:area-rectangle xlink:href="#Gone" office:name="Left"/>
            <draw:area-circle draw:nohref="nohref"/></draw:image-map></text:p>
        <office:forms><form:form><form:button form:label="Press" xlink:href="#Gone"/></form:form>
        </office:forms>
        <text:p text:style-name="Break">Words<text:note text:note-class="footnote"><text:note-body>
            <text:p>{note}</text:p></text:note-body></text:note>
            <office:annotation><text:p>{comment}</text:p></office:annotation>
            <text:bookmark-ref text:ref-name="Gone">1</text:bookmark-ref>
            <text:bibliography-mark text:url="mailto:x">[A]</text:bibliography-mark></text:p>
        <text:tracked-changes><text:changed-region><text:deletion><text:p>{deleted}</text:p>
        </text:deletion></text:changed-region></text:tracked-changes>"##,
        text = odf::link("#Gone", "some <text:s text:c=\"2\"/>\n words"),
        note = odf::link("#Gone", "note"),
        comment = odf::link("#Gone", "comment"),
        deleted = odf::link("#Gone", "deleted"),
    );
    let styles = format!(
        r#"<office:master-styles><style:master-page style:name="M"><style:header><text:p>{}</text:p>
        </style:header></style:master-page></office:master-styles>"#,
        odf::link("#Gone", "header")
    );
    let desk = Desk::with("a.odt", odf::odt(&body, &styles));

    let findings = desk.findings(&["a.odt"]);

    let gone = ": no bookmark is called `Gone`";
    let expected = [
        format!("broken text #Gone (header) in header{gone}"),
        format!("broken text #Gone (some   words) heading Chapter{gone}"),
        format!("broken image #Gone (The logo) heading Chapter{gone}"),
        "unchecked image-source Pictures/1.png heading Chapter: files that a document loads are \
         checked with `--resources`"
            .to_owned(),
        format!("broken image-map #Gone (Left) heading Chapter{gone}"),
        format!("broken button #Gone (Press) heading Chapter{gone}"),
        format!("broken text #Gone (note) heading Chapter in footnote{gone}"),
        format!("broken text #Gone (comment) heading Chapter in comment{gone}"),
        format!("broken reference Gone (1) heading Chapter{gone}"),
        "broken citation mailto:x ([A]) heading Chapter: `x` has no `@`".to_owned(),
        "unchecked text #Gone (deleted) heading Chapter in deletion: it stands in deleted text"
            .to_owned(),
    ];
    assert_eq!(findings, expected);
}

#[test]
fn pages_are_exact_where_the_document_confirms_their_number() {
    let page = |pages: u32, breaks: &str| {
        let body = format!(
            "<text:p>one</text:p>{breaks}<text:p text:style-name=\"Break\">{}</text:p>",
            odf::link("#Gone", "link")
        );
        let meta = format!(
            "<?xml version=\"1.0\"?><office:document-meta {}><office:meta>\
            <meta:document-statistic meta:page-count=\"{pages}\"/></office:meta>\
            </office:document-meta>",
            odf::NAMESPACES
        );
        let desk = Desk::with("a.odt", odf::odt_with(&body, "", &[("meta.xml", &meta)]));
        let place = desk.json(&["a.odt"])["links"][0]["place"].clone();
        (place["page"].as_u64(), place["page_is_approximate"].as_bool().unwrap_or(false))
    };
    let soft = "<text:p>a<text:soft-page-break/>b</text:p>";

    assert_eq!(page(2, ""), (Some(2), false));
    assert_eq!(page(3, soft), (Some(3), false));
    assert_eq!(page(7, soft), (Some(3), true), "soft breaks, and another number of pages");
    assert_eq!(page(7, ""), (None, false), "nothing to count by");
}

#[test]
fn slides_and_cells_are_named() {
    let slide = format!(
        r#"<draw:page draw:name="page1"><draw:frame presentation:class="title"><draw:text-box>
        <text:p>Welcome</text:p></draw:text-box></draw:frame></draw:page>
        <draw:page draw:name="page2"><draw:frame presentation:class="title"><draw:text-box>
        <text:p>Costs</text:p></draw:text-box></draw:frame><draw:frame><draw:text-box>{}
        </draw:text-box></draw:frame><presentation:notes>{}</presentation:notes></draw:page>"#,
        odf::paragraph("#Gone", "slide"),
        odf::paragraph("#Gone", "notes"),
    );
    let cells = format!(
        r##"<table:table table:name="My Sheet"><table:table-row table:number-rows-repeated="3">
        <table:table-cell/></table:table-row><table:table-row><table:table-cell
        table:number-columns-repeated="27"/><table:table-cell>{}</table:table-cell>
        <table:table-cell table:formula="of:=HYPERLINK(&quot;#Gone&quot;;1)"/>
        </table:table-row></table:table>"##,
        odf::paragraph("#Gone.A1", "cell")
    );
    let desk = Desk::with("a.fodp", odf::presentation(&slide));
    desk.put("b.fods", odf::spreadsheet(&cells));

    assert_eq!(
        desk.findings(&["a.fodp", "b.fods"]),
        [
            "broken text #Gone (slide) heading Costs slide 2: no slide and no shape is called `Gone`",
            "broken text #Gone (notes) heading Costs in notes slide 2: no slide and no shape is \
             called `Gone`",
            "broken text #Gone.A1 (cell) cell AB4 sheet My Sheet: no sheet is called `Gone`",
            "broken formula #Gone cell AC4 sheet My Sheet: no sheet, no range and no cell is called \
             `Gone`",
        ]
    );
}

#[test]
fn an_address_that_a_sheet_computes_is_the_one_that_its_cell_shows() {
    let cell = |formula: &str, value: &str, shown: &str| {
        let formula = formula.replace('&', "&amp;").replace('"', "&quot;");
        format!(
            r#"<table:table-row><table:table-cell table:formula="of:={formula}" {value}>
            <text:p>{shown}</text:p></table:table-cell></table:table-row>"#
        )
    };
    let text = r#"office:value-type="string""#;
    let cells = [
        cell("HYPERLINK([.B1])", &format!(r#"{text} office:string-value="gone.ods""#), "gone.ods"),
        cell("HYPERLINK([.B2])", text, "#S.A1"),
        cell(r#"HYPERLINK("http://"&[.B3];"here")"#, text, "here"),
        cell("HYPERLINK([.B4])", &format!(r#"{text} office:string-value="""#), "Err:502"),
        cell("HYPERLINK([.B5])", r#"office:value-type="float" office:value="7""#, "7"),
        cell(r##"HYPERLINK("#S.A2";"there")"##, text, "there"),
    ];
    let sheet = format!(r#"<table:table table:name="S">{}</table:table>"#, cells.concat());
    let desk = Desk::with("a.fods", odf::spreadsheet(&sheet));

    let computed = "its address is computed when the sheet is";
    let expected = [
        "broken formula gone.ods (gone.ods) cell A1 sheet S: the file `gone.ods` is not there"
            .to_owned(),
        "ok formula #S.A1 (#S.A1) cell A2 sheet S".to_owned(),
        format!(
            "unchecked formula =HYPERLINK(\"http://\"&[.B3];\"here\") (here) cell A3 sheet S: \
             {computed}"
        ),
        format!("unchecked formula =HYPERLINK([.B4]) (Err:502) cell A4 sheet S: {computed}"),
        format!("unchecked formula =HYPERLINK([.B5]) (7) cell A5 sheet S: {computed}"),
        "ok formula #S.A2 (there) cell A6 sheet S".to_owned(),
    ];
    assert_eq!(desk.findings(&["a.fods"]), expected);
}

#[test]
fn links_in_objects_lead_where_their_programs_see_them() {
    let object = |name: &str| {
        format!(r#"<text:p><draw:frame><draw:object xlink:href="./{name}"/></draw:frame></text:p>"#)
    };
    let content = |kind: &str, body: &str| {
        format!(
            "<office:document-content {}><office:body><office:{kind}>{body}</office:{kind}>\
             </office:body></office:document-content>",
            odf::NAMESPACES
        )
    };
    let images = ["Pictures/a.png", "../../b.png"]
        .map(|address| format!(r#"<draw:frame><draw:image xlink:href="{address}"/></draw:frame>"#));
    let outer = format!("<text:h text:outline-level=\"1\">Top</text:h>{}", object("Object 1"));
    let text = format!(
        r#"<text:p><text:bookmark text:name="Here"/>{}</text:p>{}{}"#,
        images.concat(),
        ["../../there.pdf", "../there.pdf", "#Here", "#Gone"]
            .map(|address| odf::paragraph(address, "text"))
            .concat(),
        object("Object 2"),
    );
    let cells = ["../../../there.pdf", "#Inner.A1", "#Lost.A1"].map(|address| {
        let cell = odf::paragraph(address, "cell");
        format!("<table:table-row><table:table-cell>{cell}</table:table-cell></table:table-row>")
    });
    let sheet = format!(r#"<table:table table:name="Inner">{}</table:table>"#, cells.concat());
    let parts = [
        ("Object 1/content.xml", &*content("text", &text)),
        ("Object 1/Pictures/a.png", ""),
        ("Object 1/Object 2/content.xml", &*content("spreadsheet", &sheet)),
    ];
    let desk = Desk::with("a.odt", odf::odt_with(&outer, "", &parts));
    desk.put("there.pdf", "");

    assert_eq!(
        desk.findings(&["a.odt", "--resources"]),
        [
            "ok object ./Object 1 heading Top",
            "ok image-source Pictures/a.png heading Top",
            "broken image-source ../../b.png heading Top: the file that is loaded `b.png` is not \
             there",
            "ok text ../../there.pdf (text) heading Top",
            "ok text ../there.pdf (text) heading Top",
            "ok text #Here (text) heading Top",
            "broken text #Gone (text) heading Top: no bookmark is called `Gone`",
            "ok object ./Object 2 heading Top",
            "ok text ../../../there.pdf (cell) heading Top",
            "ok text #Inner.A1 (cell) heading Top",
            "broken text #Lost.A1 (cell) heading Top: no sheet is called `Lost`",
        ]
    );
}

#[test]
fn a_document_within_a_flat_one_changes_nothing_in_it() {
    let sheet = format!(
        r#"<table:table table:name="Inner"><table:table-row><table:table-cell>{}</table:table-cell>
        </table:table-row></table:table>"#,
        odf::paragraph("#Inner.A1", "inner")
    );
    let inner = odf::spreadsheet(&sheet);
    let (_, inner) = inner.split_once("?>").expect("a declaration");
    let body = format!(
        r#"<text:h text:outline-level="1">Top</text:h><text:p><text:bookmark text:name="Here"/>
        <draw:frame><draw:object>{inner}</draw:object></draw:frame></text:p>{}{}"#,
        odf::paragraph("#Here", "outer"),
        odf::paragraph("#Inner", "outer"),
    );
    let desk = Desk::with("a.fodt", odf::text(&body));

    assert_eq!(
        desk.findings(&["a.fodt"]),
        [
            "ok text #Inner.A1 (inner) heading Top",
            "ok text #Here (outer) heading Top",
            "broken text #Inner (outer) heading Top: no bookmark is called `Inner`",
        ]
    );
}

#[test]
fn files_are_looked_for_beside_the_document() {
    let links: String = [
        "../there.odt",
        "there.odt",
        "../theer.odt",
        "../moved.pdf",
        "../../up.odt",
        "../www.example.org/a",
        "file:///C:/a.odt",
        "../folder/",
        "../there.odt#Start",
        "../there.odt#Strat",
    ]
    .iter()
    .map(|address| odf::paragraph(address, "link"))
    .collect();
    let desk = Desk::with("a.odt", odf::odt(&links, ""));
    desk.put("there.odt", odf::odt("<text:p><text:bookmark text:name=\"Start\"/></text:p>", ""));
    desk.put("folder/new/moved.pdf", "%PDF-");

    // Whether there is a page at `www.example.org` is asked where that is allowed.
    let findings = desk.findings(&["a.odt", "--offline"]);

    let short: Vec<String> = findings
        .iter()
        .map(|finding| finding.replace(" text", "").replace(" (link)", ""))
        .collect();
    assert_eq!(
        short,
        [
            "ok ../there.odt",
            "ok there.odt",
            "broken ../theer.odt: the file `theer.odt` is not there -> ../there.odt",
            "broken ../moved.pdf: the file `moved.pdf` is not there -> ../folder/new/moved.pdf",
            "unchecked ../../up.odt: it leads out of the document's folder; `--allow-outside` \
             follows it",
            "broken ../www.example.org/a: `www.example.org/a` is taken for the name of a file, for \
             it has no `https://` -> https://www.example.org/a",
            "doubtful file:///C:/a.odt: it names a drive of Windows, which readers elsewhere do not \
             have",
            "ok ../folder/",
            "ok ../there.odt#Start",
            "broken ../there.odt#Strat: no bookmark is called `Strat` -> ../there.odt#Start",
        ]
    );
}

#[test]
fn resources_are_checked_on_request() {
    let body = r#"<text:p><draw:frame><draw:image xlink:href="Pictures/here.png"/></draw:frame>
        <draw:frame><draw:image xlink:href="Pictures/gone.png"/></draw:frame>
        <draw:frame><draw:image xlink:href="../beside.png"/></draw:frame>
        <draw:frame><draw:object xlink:href="./Object 1"/></draw:frame></text:p>"#;
    let parts = [("Pictures/here.png", "x"), ("Object 1/content.xml", "<x/>")];
    let desk = Desk::with("a.odt", odf::odt_with(body, "", &parts));

    assert_eq!(
        desk.verdicts(&["a.odt", "--resources"]),
        [
            "Pictures/here.png ok",
            "Pictures/gone.png broken",
            "../beside.png broken",
            "./Object 1 ok"
        ]
    );
}

// The mistakes of the first coool, each mended.

#[test]
fn all_documents_are_checked() {
    let bad = odf::text(&odf::paragraph("#Gone", "link"));
    let desk = Desk::with("a.fodt", odf::text(""));
    desk.put("b.fodt", &bad).put("folder/c.fodt", &bad);

    let run = desk.coool(&["a.fodt", "b.fodt", "folder"]);

    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("b.fodt\n======\n") && run.stdout.contains("folder/c.fodt\n"));
}

#[test]
fn an_attribute_that_is_missing_or_text_that_is_not_latin_ends_nothing() {
    let body = r##"<text:p><text:a>no address</text:a> <text:a xlink:href="#Żółć">Ελλάδα "quoted"
        日本語 and a text of a good deal more than seventy-seven letters, which the first one cut
        </text:a></text:p>"##;
    let desk = Desk::with("a.fodt", odf::text(body));

    assert_eq!(
        desk.findings(&["a.fodt"]),
        [
            "broken text  (no address): the address is empty",
            "broken text #Żółć (Ελλάδα \"quoted\" 日本語 and a text of a good deal more than \
             seventy-seven letters, which the first one cut): no bookmark is called `Żółć`",
        ]
    );
}

#[test]
fn a_file_that_cannot_be_read_is_no_success() {
    let desk = Desk::with("a.odt", "no document");

    for (arguments, said) in [
        (&["a.odt"][..], "cannot be read in full: it is no document of a kind that coool knows"),
        (&["missing.odt"], "  because: no such file or directory"),
        (&[], "required arguments were not provided"),
        (&["a.odt", "--quiet"], "coool: cannot read all of `a.odt`\n  because: it is no document"),
    ] {
        let run = desk.coool(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {run:?}");
        assert!(run.stdout.contains(said) != run.stderr.contains(said), "{arguments:?}: {run:?}");
    }
}

#[test]
fn the_options_of_the_first_coool_are_understood() {
    let desk = Desk::with("a.fodt", odf::text(""));
    std::fs::write(desk.home().join(".cooolrc"), "verbose = True\nmax_threads = 20\n")
        .expect("a file");

    let run = desk.coool(&["-v", "-s", "-d", "-t", "7", "-r", "2", "-x", "a.example", "a.fodt"]);

    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(desk.path(".a.fodt.checked").exists());
    assert!(run.stderr.contains("coool: read a.fodt"), "{}", run.stderr);
    assert_eq!(desk.coool(&["--version"]).stdout, "coool 0.1.0\n");
}

#[test]
fn a_mark_goes_when_the_document_is_no_longer_in_order() {
    let desk = Desk::with("a.fodt", odf::text(&odf::paragraph("#Gone", "link")));
    desk.put(".a.fodt.checked", "");

    desk.coool(&["-s", "a.fodt"]);

    assert!(!desk.path(".a.fodt.checked").exists());
}

#[test]
fn the_formats_of_the_first_openoffice_are_read() {
    let content = r##"<?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE office:document-content PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "office.dtd">
        <office:document-content xmlns:office="http://openoffice.org/2000/office"
        xmlns:text="http://openoffice.org/2000/text" xmlns:draw="http://openoffice.org/2000/drawing"
        xmlns:xlink="http://www.w3.org/1999/xlink" office:class="text"><office:body>
        <text:h text:level="1">Costs</text:h><text:p><text:bookmark text:name="Here"/>
        <text:a xlink:href="#Here">good</text:a><text:a xlink:href="#Gone">bad</text:a>
        <draw:image xlink:href="#Pictures/1.png"/></text:p></office:body></office:document-content>"##;
    let desk = Desk::new();
    desk.put("a.sxw", support::package(&[("content.xml", content), ("Pictures/1.png", "")]));

    assert_eq!(
        desk.findings(&["a.sxw", "--resources"]),
        [
            "ok text #Here (good) heading Costs",
            "broken text #Gone (bad) heading Costs: no bookmark is called `Gone`",
            "ok image-source #Pictures/1.png heading Costs",
        ]
    );
}
