//! What style sheets load, in books and on pages.

mod support;

use support::Desk;
use support::epub::book;

#[test]
fn what_style_sheets_load_is_found() {
    let page = r#"<html xmlns="http://www.w3.org/1999/xhtml"><head>
        <link rel="stylesheet" href="css/more.css"/>
        <style>@import url("css/gone.css"); p { background: url('images/a.png') }</style></head>
        <body><p style="background: url(images/gone.png); filter: url(#local)">x</p></body></html>"#;
    let sheet = r#"@charset "utf-8"; @namespace url(http://www.w3.org/1999/xhtml);
        @import "deep.css"; @font-face { font-family: A; src: url(../fonts/a.eot?#iefix),
        url("../fonts/a.svg#Name") format("svg"), url(../fonts/gone.woff2) }
        body { background: url(data:image/png;base64,AAAA), url("../images/a.svg#here");
        mask: url(../images/a.svg#lost) }"#;
    let picture = r#"<svg xmlns="http://www.w3.org/2000/svg"><g id="here"/></svg>"#;
    let book = book(
        r#"<manifest><item id="1" href="one.xhtml" media-type="application/xhtml+xml"/>
        <item id="2" href="css/style.css" media-type="text/css"/>
        <item id="3" href="images/a.svg" media-type="image/svg+xml"/></manifest>
        <spine><itemref idref="1"/></spine>"#,
        &[
            ("one.xhtml", page),
            ("css/style.css", sheet),
            ("css/deep.css", "a { cursor: url(gone.cur) }"),
            ("css/more.css", "a { content: url(../images/a.png) }"),
            ("images/a.svg", picture),
            ("images/a.png", ""),
            ("fonts/a.eot", ""),
            ("fonts/a.svg", ""),
        ],
    );

    assert_eq!(
        Desk::with("a.epub", book).verdicts(&["a.epub", "--resources"]),
        [
            "css/more.css ok",
            "css/gone.css broken",
            "images/a.png ok",
            "images/gone.png broken",
            "deep.css ok",
            "../fonts/a.eot?#iefix ok",
            "../fonts/a.svg#Name ok",
            "../fonts/gone.woff2 broken",
            "../images/a.svg#here ok",
            "../images/a.svg#lost broken",
            "../images/a.png ok",
            "gone.cur broken",
        ]
    );
}

#[test]
fn styles_of_a_page_are_found_with_their_lines() {
    let page = "<style>\n@import 'gone.css';\np { background: url(a.png) }\n</style>\n\
        <p style=\"background: url(b.png?v=1)\"><a href=c.html>x</a>";
    let desk = Desk::with("page.html", page);
    desk.put("a.png", "");

    assert_eq!(
        desk.findings(&["page.html", "--resources"]),
        [
            "broken template gone.css line 2: the file that is loaded `gone.css` is not there",
            "ok image-source a.png line 3",
            "broken image-source b.png?v=1 line 5: the file that is loaded `b.png` is not there",
            "broken text c.html (x) line 5: the file `c.html` is not there",
        ]
    );
}
