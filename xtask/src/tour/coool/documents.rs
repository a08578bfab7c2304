//! The tour's documents: a manual, its slides and its sums, as people save them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use testkit::opendocument::{link, paragraph, presentation, spreadsheet, text};
use testkit::web::Server;

use crate::commands;

use super::write_file;

/// Pages and what is to be said of each.
const PAGES: &[(&str, &str)] = &[
    ("/good", "ok"),
    ("/good#costs", "ok"),
    ("/good#cots", "broken"),
    ("/moved", "redirected"),
    ("/for-now", "redirected"),
    ("/circle", "broken"),
    ("/people", "doubtful"),
    ("/gone", "broken"),
    ("/missing", "broken"),
    ("/busy", "ok"),
];

/// Places and files.
const PLACES: &[(&str, &str)] = &[
    ("#Install", "ok"),
    ("#Instal", "broken"),
    ("#Prices|region", "ok"),
    ("#Prizes|region", "broken"),
    ("#Getting started|outline", "ok"),
    ("sums.fods#Costs.B2", "ok"),
    ("sums.fods#Cost.B2", "broken"),
    ("sums.fods#Costs.B2000000", "broken"),
    ("slides.fodp#Plan", "ok"),
    ("slides.fodp#Plans", "broken"),
    ("sildes.fodp", "broken"),
    ("mailto:nobody", "broken"),
    ("vnd.sun.star.script:Standard.Module1.Main", "unchecked"),
];

/// Writes the documents, and gives the manual's addresses with the verdict that each should have.
pub(super) fn write(folder: &Path, server: &Server) -> Result<Vec<(String, &'static str)>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let mut expected: Vec<(String, &str)> =
        PAGES.iter().map(|(path, verdict)| (server.url(path), *verdict)).collect();
    let pages: String = expected.iter().map(|(url, _)| paragraph(url, "a page")).collect();
    expected.extend(PLACES.iter().map(|(place, verdict)| ((*place).to_owned(), *verdict)));
    // In fields, notes, comments, buttons and image maps.
    for hidden in ["#Footnote", "#Comment", "#Button", "#Area", "Field"] {
        expected.push((hidden.to_owned(), "broken"));
    }

    write_file(&folder.join("manual.fodt"), manual(&pages))?;
    write_file(&folder.join("slides.fodp"), slides(&pages))?;
    write_file(&folder.join("sums.fods"), sums(server))?;
    for (name, format) in [
        ("manual.fodt", "docx"),
        ("manual.fodt", "pdf"),
        ("slides.fodp", "pptx"),
        ("sums.fods", "xlsx"),
    ] {
        convert(folder, name, format)?;
    }
    Ok(expected)
}

fn manual(pages: &str) -> String {
    let places: String = PLACES.iter().map(|(place, _)| paragraph(place, "a place")).collect();
    text(&format!(
        r##"<text:h text:outline-level="1">Getting started</text:h>
        <text:p><text:bookmark text:name="Install"/>Put it in.</text:p>{places}
        <text:section text:name="Prices"><text:p>1</text:p></text:section>
        <text:h text:outline-level="1" text:style-name="Break">Elsewhere</text:h>{pages}
        <text:h text:outline-level="1">Hidden corners</text:h>
        <text:p>A note<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>
        <text:note-body><text:p>{footnote}</text:p></text:note-body></text:note>
        <office:annotation><text:p>{comment}</text:p></office:annotation>
        <text:bookmark-ref text:reference-format="page" text:ref-name="Field">7</text:bookmark-ref></text:p>
        <text:p><draw:frame draw:name="Map" svg:width="2cm" svg:height="2cm"><draw:text-box><text:p/>
        </draw:text-box><draw:image-map><draw:area-rectangle xlink:href="#Area" office:name="left"
        svg:x="0cm" svg:y="0cm" svg:width="1cm" svg:height="1cm"/></draw:image-map></draw:frame></text:p>
        <office:forms><form:form><form:button form:label="Press" form:button-type="url"
        xlink:href="#Button"/></form:form></office:forms>"##,
        footnote = link("#Footnote", "in a note"),
        comment = link("#Comment", "in a comment"),
    ))
}

fn slides(pages: &str) -> String {
    presentation(&format!(
        r#"<draw:page draw:name="Start" draw:master-page-name="Master"><draw:frame
        svg:x="2cm" svg:y="2cm" svg:width="20cm" svg:height="15cm"><draw:text-box>{pages}
        </draw:text-box></draw:frame></draw:page>
        <draw:page draw:name="Plan" draw:master-page-name="Master"/>"#
    ))
}

fn sums(server: &Server) -> String {
    let row = |path: &str| {
        let cell = paragraph(&server.url(path), "a page");
        format!("<table:table-row><table:table-cell>{cell}</table:table-cell></table:table-row>")
    };
    let rows: String = PAGES.iter().map(|(path, _)| row(path)).collect();
    spreadsheet(&format!(r#"<table:table table:name="Costs">{rows}</table:table>"#))
}

/// The same document as LibreOffice saves it for others.
fn convert(folder: &Path, name: &str, format: &str) -> Result<()> {
    eprintln!("LibreOffice saves {name} as {format} …");
    let profile = tempfile::tempdir().context("cannot make a directory for LibreOffice")?;
    let mut command = Command::new("soffice");
    command
        .arg(format!("-env:UserInstallation=file://{}", profile.path().display()))
        .args(["--headless", "--convert-to", format, "--outdir"])
        .args([folder, &folder.join(name)])
        .stdin(Stdio::null());
    commands::output(&mut command).map(|_| ())
}
