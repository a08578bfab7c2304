//! Books in EPUB.

mod support;

use support::epub::{book, book_at, page};
use support::{Desk, package};

#[test]
fn a_book_is_read_page_by_page() {
    let first = page(
        r#"<h1 id="start">One &amp; all</h1><p><a href="two.xhtml#end">the <b>end</b></a>
        <a href="two.xhtml#edn">slip</a> <a href="three.xhtml">lost</a>
        <a href="https://a.example/">web</a><img src="../images/a.png" alt="Logo"/></p>"#,
    );
    let second = page(r##"<p id="end"><a href="#start">not here</a></p>"##);
    let book = book_at(
        "book/content.opf",
        r#"<manifest>
            <item id="1" href="text/one.xhtml" media-type="application/xhtml+xml"/>
            <item id="2" href="text/two.xhtml" media-type="application/xhtml+xml"/>
            <item id="3" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
            </manifest><spine><itemref idref="1"/><itemref idref="2"/></spine>"#,
        &[
            ("book/text/one.xhtml", &first),
            ("book/text/two.xhtml", &second),
            (
                "book/toc.ncx",
                r#"<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel>
            <text>First</text></navLabel><content src="text/one.xhtml#strat"/></navPoint></navMap></ncx>"#,
            ),
        ],
    );
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
fn references_of_a_book_are_found_wherever_they_stand() {
    let page = r##"<html xmlns="http://www.w3.org/1999/xhtml"><body><p id="here">
        <a href="cafe\u{301}.xhtml#lost">form</a> <a href="a.png#xywh=1,2,3,4">piece</a>
        <a href="content.opf#epubcfi(/6/4)">place</a><q cite="gone.xhtml">said</q></p></body></html>"##;
    let page = page.replace("\\u{301}", "\u{301}");
    let other =
        r#"<html xmlns="http://www.w3.org/1999/xhtml"><body><p id="end">x</p></body></html>"#;
    let overlay = r#"<smil xmlns="http://www.w3.org/ns/SMIL"
        xmlns:epub="http://www.idpf.org/2007/ops"><body epub:textref="one.xhtml#here"><par><text src="one.xhtml#her"/>
        <audio src="a.mp3"/></par></body></smil>"#;
    let picture = r#"<svg xmlns="http://www.w3.org/2000/svg"
        xmlns:xlink="http://www.w3.org/1999/xlink"><a xlink:href="one.xhtml#gone"/></svg>"#;
    let book = book(
        r#"<manifest>
            <item id="1" href="one.xhtml" media-type="application/xhtml+xml"/>
            <item id="2" href="café.xhtml" media-type="application/xhtml+xml"/>
            <item id="3" href="one.smil" media-type="application/smil+xml"/>
            <item id="4" href="one.svg" media-type="image/svg+xml"/>
            </manifest><spine><itemref idref="1"/><itemref idref="2"/></spine>
            <guide><reference href="cover.xhtml"/></guide>"#,
        &[
            ("one.xhtml", &page),
            ("caf\u{e9}.xhtml", other),
            ("one.smil", overlay),
            ("one.svg", picture),
            ("a.png", ""),
            ("a.mp3", ""),
        ],
    );

    assert_eq!(
        Desk::with("a.epub", book).verdicts(&["a.epub", "--resources"]),
        [
            "cafe\u{301}.xhtml#lost broken",
            "a.png#xywh=1,2,3,4 ok",
            "content.opf#epubcfi(/6/4) ok",
            "gone.xhtml broken",
            "one.xhtml#here ok",
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
    let book = book(
        r#"<manifest>
            <item id="1" href="cafe%CC%81.xhtml" media-type="application/xhtml+xml"/>
            <item id="2" href="a%23b.xhtml" media-type="application/xhtml+xml"/>
            </manifest><spine><itemref idref="1"/></spine>"#,
        &[
            ("caf\u{e9}.xhtml", page),
            ("a#b.xhtml", r#"<html xmlns="http://www.w3.org/1999/xhtml"><p id="it"/></html>"#),
            ("a.pdf", ""),
            ("a.mp4", ""),
        ],
    );

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
fn all_renditions_of_a_book_are_read() {
    let container = r#"<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
        <rootfile full-path="flow/content.opf" media-type="application/oebps-package+xml"/>
        <rootfile full-path="fixed/content.opf" media-type="text/xml"/>
        <rootfile full-path="gone.pdf" media-type="application/pdf"/></rootfiles>
        <links><link href="map.xhtml" rel="mapping" media-type="application/xhtml+xml"/></links>
        </container>"#;
    let content = r#"<package xmlns="http://www.idpf.org/2007/opf"><manifest>
        <item id="1" href="one.xhtml" media-type="application/xhtml+xml"/>
        <item id="2" href="../both.xhtml" media-type="application/xhtml+xml"/></manifest>
        <spine><itemref idref="1"/><itemref idref="2"/></spine></package>"#;
    let book = package(&[
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", container),
        ("flow/content.opf", content),
        ("flow/one.xhtml", &page(r#"<a href="two.xhtml">flow</a>"#)),
        ("fixed/content.opf", content),
        ("fixed/one.xhtml", &page(r##"<p id="here"/><a href="#here">fixed</a>"##)),
        ("both.xhtml", &page(r#"<a href="fixed/one.xhtml#there">both</a>"#)),
        (
            "map.xhtml",
            &page(
                r#"<a href="fixed/content.opf#epubcfi(/6/4)">x</a><a href="flow/no.xhtml">y</a>"#,
            ),
        ),
    ]);

    assert_eq!(
        Desk::with("a.epub", book).verdicts(&["a.epub", "--resources"]),
        [
            "two.xhtml broken",
            "fixed/one.xhtml#there broken",
            "#here ok",
            "gone.pdf broken",
            "fixed/content.opf#epubcfi(/6/4) ok",
            "flow/no.xhtml broken",
        ]
    );
}

#[test]
fn what_a_book_says_of_itself_names_what_it_has() {
    let book = book(
        r##"<metadata><meta refines="#creator">aut</meta><meta refines="#1">x</meta>
        <meta refines="1">y</meta></metadata>
        <manifest><item id="1" href="one.xhtml" media-type="application/xhtml+xml" fallback="no"/>
        <item id="far" href="https://a.example/far.mp4" media-type="video/mp4"/></manifest>
        <spine toc="ncx"><itemref idref=" 1 "/><itemref idref="far"/><itemref idref="two"/></spine>"##,
        &[("one.xhtml", &page(""))],
    );

    assert_eq!(
        Desk::with("a.epub", book).findings(&["a.epub"]),
        [
            "broken reference #creator (aut): no place in `content.opf` is called `creator`",
            "ok reference #1 (x)",
            "ok reference 1 (y)",
            "unchecked other https://a.example/far.mp4: files that a document loads are checked \
             with `--resources`",
            "broken reference no: no file of the book has the id `no`",
            "broken reference ncx: no file of the book has the id `ncx`",
            "broken reference two: no file of the book has the id `two`",
        ]
    );
}

#[test]
fn pictures_and_formulas_on_a_page_refer_to_more() {
    let body = r##"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">
        <linearGradient id="g"/><linearGradient xlink:href="#g"/>
        <font-face-uri xlink:href="fonts.svg#A"/><use href="#gone"/>
        <a xlink:href="two.xhtml">words</a><image xlink:href="old.png" href="new.png"/></svg>
        <math xmlns="http://www.w3.org/1998/Math/MathML" altimg="m.png"><mi href="#here">x</mi></math>
        <img src="a.png" srcset="a.png 1x, b.png 2x"/><a name="here"/>
        <a href="">here</a>"##;
    let book = book(
        r#"<manifest><item id="1" href="one.xhtml" media-type="application/xhtml+xml"/></manifest>
        <spine><itemref idref="1"/></spine>"#,
        &[("one.xhtml", &page(body)), ("a.png", "")],
    );

    assert_eq!(
        Desk::with("a.epub", book).verdicts(&["a.epub", "--resources"]),
        [
            "#g ok",
            "fonts.svg#A broken",
            "#gone broken",
            "two.xhtml broken",
            "new.png broken",
            "m.png broken",
            "#here ok",
            "a.png ok",
            "a.png ok",
            "b.png broken",
            " ok",
        ]
    );
}
