//! Links as another program finds them: a whole tree of each part's XML, read with no thought of
//! speed or size, against what coool finds in one pass.
//!
//! The documents are those that LibreOffice brings along, and those in the folder that
//! `COOOL_TEST_DOCUMENTS` names.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use roxmltree::{Document, Node};
use serde_json::Value;

use support::{Desk, office};

const XLINK: &str = "http://www.w3.org/1999/xlink";
const TEXT: &str = "urn:oasis:names:tc:opendocument:xmlns:text:1.0";
const OFFICE: &str = "urn:oasis:names:tc:opendocument:xmlns:office:1.0";
const DRAW: &str = "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0";
const PRESENTATION: &str = "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0";
const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// Old templates name a document type.
fn tree(content: &str) -> Document<'_> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    Document::parse_with_options(content, options).expect("XML")
}

/// The parts of a package by their names.
fn parts(path: &Path) -> BTreeMap<String, String> {
    let file = fs::File::open(path).expect("a document");
    let mut archive = zip::ZipArchive::new(file).expect("a package");
    let mut parts = BTreeMap::new();
    for number in 0..archive.len() {
        let mut part = archive.by_index(number).expect("a part");
        let name = part.name().expect("a name").into_owned();
        let mut content = String::new();
        if part.read_to_string(&mut content).is_ok() {
            parts.insert(name, content);
        }
    }
    parts
}

fn documents(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            documents(&path, endings, found);
        } else if path.extension().is_some_and(|ending| endings.iter().any(|it| ending == *it)) {
            found.push(path);
        }
    }
    found.sort();
}

/// Documents that nobody made for this test; none, with the reason printed, where there are none.
fn strangers() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let endings = ["odt", "odp", "ods", "odg", "ott", "otp", "ots", "otg"];
    documents(Path::new("/usr/lib/libreoffice/share"), &endings, &mut found);
    if let Some(folder) = std::env::var_os("COOOL_TEST_DOCUMENTS") {
        documents(Path::new(&folder), &endings, &mut found);
    }
    if found.is_empty() {
        testkit::skip("LibreOffice brought no documents");
    }
    found
}

/// What coool finds: for each link its part, address, and for words to click on their text and the
/// heading above.
fn ours(links: &[Value]) -> Vec<[String; 4]> {
    let text = |value: &Value| squeezed(value.as_str().unwrap_or_default());
    let link = |link: &Value| {
        let kind = text(&link["kind"]);
        // Names and formulas are no addresses in XML.
        if matches!(kind.as_str(), "reference" | "formula" | "citation" | "jump") {
            return None;
        }
        let mut found = [text(&link["part"]), text(&link["url"]), String::new(), String::new()];
        if kind == "text" {
            found[2] = text(&link["text"]);
            found[3] = text(&link["place"]["heading"]);
        }
        Some(found)
    };
    let mut links: Vec<_> = links.iter().filter_map(link).collect();
    links.sort();
    links
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is there: every `xlink:href` of the parts that hold what is shown.
fn theirs(parts: &BTreeMap<String, String>) -> Vec<[String; 4]> {
    let mut found = Vec::new();
    for (name, content) in parts {
        // An object, such as a chart, has content of its own.
        let file = name.rsplit('/').next().expect("a name");
        let is_read = matches!(file, "content.xml" | "styles.xml") || name == "meta.xml";
        if !is_read || name.starts_with("META-INF/") {
            continue;
        }
        let document = tree(content);
        let mut heading = String::new();
        for node in document.descendants().filter(Node::is_element) {
            if node.has_tag_name((TEXT, "h")) && name == "content.xml" {
                heading = squeezed(&words(node));
            }
            if node.has_tag_name((DRAW, "page")) {
                heading.clear();
            }
            if node.attribute((PRESENTATION, "class")) == Some("title") {
                heading = squeezed(&words(node));
            }
            // A section that repeats another of the same document has its name alone.
            let section = node.attribute((TEXT, "section-name"));
            let own = section.map(|name| format!("#{name}|region"));
            let address = node.attribute((XLINK, "href")).map(str::to_owned).or(own);
            let Some(address) = address else { continue };
            let is_clicked_on = node.has_tag_name((TEXT, "a")) || node.has_tag_name((DRAW, "a"));
            let is_unused = address.trim().is_empty() && !is_clicked_on;
            if is_unused || node.attribute((DRAW, "nohref")).is_some() {
                continue;
            }
            let mut link = [name.clone(), squeezed(&address), String::new(), String::new()];
            if node.has_tag_name((TEXT, "a")) {
                link[2] = squeezed(&words(node));
                link[3].clone_from(&heading);
            }
            found.push(link);
        }
    }
    found.sort();
    found
}

/// The words in an element: blanks and tabs have elements of their own; notes and comments are
/// elsewhere.
fn words(node: Node) -> String {
    let mut text = String::new();
    for child in node.children() {
        if child.is_text() {
            text.push_str(child.text().unwrap_or_default());
        } else if ["s", "tab", "line-break"].iter().any(|it| child.has_tag_name((TEXT, *it))) {
            text.push(' ');
        } else if !child.has_tag_name((TEXT, "note")) && !child.has_tag_name((OFFICE, "annotation"))
        {
            text.push_str(&words(child));
        }
    }
    text
}

#[test]
fn opendocument_holds_the_links_that_another_reading_finds() {
    let strangers = strangers();
    let (mut compared, documents) = (0, strangers.len());
    for path in strangers {
        let desk = Desk::new();
        let document = desk.json(&["--list", path.to_str().expect("a plain name")]);
        assert_eq!(document["problems"], serde_json::json!([]), "{}", path.display());
        let ours = ours(document["links"].as_array().expect("a list"));
        let theirs = theirs(&parts(&path));
        compared += theirs.len();
        assert_eq!(ours, theirs, "{}", path.display());
    }
    assert!(compared > 100 || documents == 0, "only {compared} links were compared");
}

/// Every address that leads out of an OOXML package, or to a place within it.
fn outward(parts: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, content) in parts.iter().filter(|(name, _)| name.contains("_rels/")) {
        let folder = name.replace("_rels/", "");
        let Some(part) = parts.get(folder.trim_end_matches(".rels")) else { continue };
        for node in tree(content).descendants() {
            let is_external = node.attribute("TargetMode") == Some("External");
            if !node.has_tag_name((RELATIONSHIPS, "Relationship")) || !is_external {
                continue;
            }
            let id = format!("\"{}\"", node.attribute("Id").expect("an id"));
            let target = node.attribute("Target").unwrap_or_default();
            found.extend(part.matches(&id).map(|_| target.to_owned()));
        }
    }
    found.sort();
    found
}

#[test]
fn office_open_xml_holds_the_addresses_that_another_reading_finds() {
    let desk = Desk::new();
    let links =
        ["https://a.example/?x=1&y=2", "mailto:ann@a.example", "other.odt", "https://ü.example/é"]
            .map(|address| support::odf::paragraph(address, "some words"))
            .concat();
    desk.put("a.fodt", support::odf::text(&links));
    let slide = format!(
        "<draw:page draw:name=\"page1\"><draw:frame svg:width=\"5cm\" svg:height=\"5cm\">\
         <draw:text-box>{links}</draw:text-box></draw:frame></draw:page>"
    );
    desk.put("b.fodp", support::odf::presentation(&slide));
    let cells = links.replace("<text:p>", "<table:table-row><table:table-cell><text:p>");
    let cells = cells.replace("</text:p>", "</text:p></table:table-cell></table:table-row>");
    let cells = format!("<table:table table:name=\"Costs\">{cells}</table:table>");
    desk.put("c.fods", support::odf::spreadsheet(&cells));
    for (name, format) in [("a.fodt", "docx"), ("b.fodp", "pptx"), ("c.fods", "xlsx")] {
        if !office::convert(&desk.path(name), format) {
            return;
        }
        let converted = desk.path(name).with_extension(format);
        let theirs = outward(&parts(&converted));
        let document = desk.json(&["--list", converted.to_str().expect("a plain name")]);
        let mut ours: Vec<String> = document["links"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|link| link["url"].as_str().expect("text").to_owned())
            .filter(|address| !address.starts_with('#') && !address.starts_with("media/"))
            .collect();
        ours.sort();
        assert!(!theirs.is_empty(), "{format}");
        assert_eq!(ours, theirs, "{format}");
    }
}
