//! Documents of older formats, which LibreOffice reads for coool.

mod support;

use support::server::{Response, Server};
use support::{Desk, Run, odf, office};

/// coool where programs are found.
fn coool(desk: &Desk, arguments: &[&str]) -> Run {
    let path = std::env::var_os("PATH").expect("a path");
    Run::of(&desk.command(arguments).env("PATH", path).output().expect("coool starts"))
}

/// What coool finds in a document with LibreOffice.
fn findings(desk: &Desk, name: &str) -> Vec<String> {
    let path = std::env::var("PATH").expect("a path");
    desk.findings_with(&["--with-libreoffice", "--offline", name], &[("PATH", &path)])
}

#[test]
fn documents_of_older_formats_are_read_as_libreoffice_converts_them() {
    let links = ["gone.odt", "#Here", "#Lost"].map(|address| odf::paragraph(address, "link"));
    let body = format!("<text:p><text:bookmark text:name=\"Here\"/>x</text:p>{}", links.concat());
    let desk = Desk::with("a.fodt", odf::text(&body));
    if !office::convert(&desk.path("a.fodt"), "doc") {
        return;
    }
    desk.put("a.rtf", rich_text("/nowhere/image.png", "../there/gone.odt#x"));

    assert_eq!(
        findings(&desk, "a.doc"),
        [
            "broken text gone.odt (link) page 1: the file `gone.odt` is not there",
            "ok text #Here (link) page 1",
            "broken text #Lost (link) page 1: no bookmark is called `Lost`",
        ]
    );
    assert_eq!(
        findings(&desk, "a.rtf"),
        [
            "unchecked text ../there/gone.odt#x (here) page 1: it leads out of the document's folder; \
             `--allow-outside` follows it",
            "unchecked text file:///nowhere/a.odt (there) page 1: it leads out of the document's \
             folder; `--allow-outside` follows it",
        ]
    );
}

/// A text with an image that lies elsewhere, and two links.
fn rich_text(image: &str, address: &str) -> String {
    format!(
        r#"{{\rtf1\ansi {{\field{{\*\fldinst INCLUDEPICTURE "{image}" \\d}}{{\fldrslt x}}}}
{{\field{{\*\fldinst HYPERLINK "{address}"}}{{\fldrslt here}}}}
{{\field{{\*\fldinst HYPERLINK "file:///nowhere/a.odt"}}{{\fldrslt there}}}}\par}}"#
    )
}

#[test]
fn what_is_converted_asks_nobody_and_is_never_written_to() {
    let server = Server::new(|_| Response::page("x"));
    let image = format!(
        r#"<text:p><draw:frame text:anchor-type="as-char" svg:width="3cm" svg:height="3cm">
        <draw:image xlink:href="{}"/></draw:frame></text:p>"#,
        server.url("/image.png")
    );
    let link = odf::paragraph("www.gone.example", "link");
    let desk = Desk::with("a.fodt", odf::text(&(image + &link)));
    if !office::convert(&desk.path("a.fodt"), "doc") {
        return;
    }
    let asked = server.asked().len();
    assert!(asked > 0, "LibreOffice loads what lies elsewhere, where it is let");
    let content = desk.read("a.doc");

    let run = coool(&desk, &["--with-libreoffice", "--offline", "--fix", "--all", "a.doc"]);

    assert_eq!(
        run.stdout,
        "a.doc\n=====\n  left: www.gone.example\n    perhaps: https://www.gone.example (likely: it \
         looks like an address of the web)\n    because: this kind of link cannot be written \
         back\n\n0 addresses written anew\n"
    );
    assert_eq!(desk.read("a.doc"), content);
    assert_eq!(server.asked().len(), asked);
}

#[test]
fn without_libreoffice_it_is_said_how_they_are_read() {
    let desk = Desk::with("a.rtf", rich_text("x.png", "y.odt"));

    let run = desk.coool(&["a.rtf"]);

    assert_eq!(run.code, Some(2), "{run:?}");
    assert_eq!(
        run.stdout,
        "a.rtf\n=====\n\ncannot be read in full: its format is an older one, which \
         `--with-libreoffice` reads\n\n1 document, 0 links: 0 ok\n"
    );

    let run = desk.coool(&["--with-libreoffice", "a.rtf"]);

    assert_eq!(run.code, Some(2), "{run:?}");
    assert_eq!(
        run.stderr,
        "coool: cannot read documents by way of LibreOffice\n  because: there is no `soffice`\n  \
         hint: install `libreoffice`\n"
    );
}

#[test]
fn a_document_that_libreoffice_cannot_open_is_no_success() {
    if !testkit::has("soffice") {
        return;
    }
    // What such files begin with, and nothing that belongs to it.
    let start: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
    let damaged = [start, &[0xFF; 2_000]].concat();
    for (name, into) in [("a.doc", "odt"), ("a.xls", "ods")] {
        let desk = Desk::with(name, &damaged);

        let run = coool(&desk, &["--with-libreoffice", name]);

        assert_eq!(run.code, Some(2), "{run:?}");
        assert_eq!(
            run.stdout,
            format!(
                "{name}\n=====\n\ncannot be read in full: LibreOffice was to write it as `{into}` \
                 and could not open it; open it there, where more is said, and save it as \
                 `{into}`\n\n1 document, 0 links: 0 ok\n"
            )
        );
    }
}
