//! Pictures of the pages on which links are broken, by the real LibreOffice.

mod support;

use support::server::{Response, Server};
use support::{Desk, odf};

#[test]
fn a_picture_is_taken_without_asking_the_network() {
    if !testkit::can(testkit::has("soffice"), "LibreOffice is not installed") {
        return;
    }
    let server = Server::new(|_| Response::of(200));
    let shown = format!(
        "<draw:frame draw:name=\"i\" text:anchor-type=\"as-char\" svg:width=\"5cm\" \
         svg:height=\"5cm\"><draw:image xlink:href=\"{}\" xlink:type=\"simple\" \
         xlink:show=\"embed\" xlink:actuate=\"onLoad\"/></draw:frame>",
        server.url("/picture.png")
    );
    let body = format!(
        "<text:p>before</text:p><text:p text:style-name=\"Break\">{shown}{}</text:p>{}",
        odf::link("#Gone", "one"),
        odf::paragraph("#Lost", "two"),
    );
    let meta = "<office:meta><meta:document-statistic meta:page-count=\"2\"/></office:meta>";
    let text = odf::text(&body).replacen("<office:auto", &format!("{meta}<office:auto"), 1);
    let desk = Desk::with("a b.fodt", text);
    let command = || {
        let mut command = desk.command(&["a b.fodt", "--format", "html", "--pictures"]);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        support::Run::of(&command.output().expect("coool starts"))
    };

    let run = command();

    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    let picture = "<img alt=\"page 2 of a b.fodt\" src=\"data:image/png;base64,iVBORw0KGgo";
    assert_eq!(run.stdout.matches(picture).count(), 1, "{}", run.stdout);
    assert!(server.asked().is_empty(), "{:?}", server.asked());
    let names: Vec<_> = std::fs::read_dir(desk.folder()).expect("the folder").collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_page_that_libreoffice_does_not_have_has_no_picture() {
    if !testkit::can(testkit::has("soffice"), "LibreOffice is not installed") {
        return;
    }
    let body = format!("<text:p><text:soft-page-break/></text:p>{}", odf::paragraph("#Gone", "x"));
    let desk = Desk::with("a.fodt", odf::text(&body));
    let mut command = desk.command(&["a.fodt", "--format", "html", "--pictures"]);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());

    let run = support::Run::of(&command.output().expect("coool starts"));

    assert_eq!(run.code, Some(1));
    assert_eq!(
        run.stderr,
        "coool: no picture of page 2 of `a.fodt`: LibreOffice cannot read the document, or \
         lays it out on fewer pages\n"
    );
}

#[test]
fn where_there_is_no_libreoffice_the_page_has_no_pictures() {
    let body = format!("<text:p><text:soft-page-break/></text:p>{}", odf::paragraph("#Gone", "x"));
    let desk = Desk::with("a.fodt", odf::text(&body));
    let run = |arguments: &[&str]| {
        let mut command = desk.command(&[&["a.fodt", "--pictures"], arguments].concat());
        support::Run::of(&command.env("PATH", desk.home()).output().expect("coool starts"))
    };

    let without = run(&["--format", "html"]);
    assert_eq!(without.code, Some(1));
    assert_eq!(
        without.stderr,
        "coool: no pictures: there is no `soffice`, which comes with LibreOffice\n"
    );
    assert!(without.stdout.contains("#Gone") && !without.stdout.contains("<img"));
    let text = run(&[]);
    assert_eq!(text.code, Some(2));
    assert_eq!(
        text.stderr,
        "coool: cannot show pictures in this form of the result\n  hint: `--format html` shows them\n"
    );
}
