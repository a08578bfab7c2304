//! Small files of Office Open XML.

/// What a relationship leads to.
pub(crate) enum To<'name> {
    /// An address.
    Address(&'name str),
    /// A part of the package, with the last word of the relationship's type.
    Part(&'name str, &'name str),
}

const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// The namespaces of a document by their usual prefixes.
pub(crate) const NAMESPACES: &str = r#"
    xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"
    xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"
    xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
    xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
    xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"
    xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    xmlns:v="urn:schemas-microsoft-com:vml""#;

/// A file of relationships: ids and where they lead.
pub(crate) fn relationships(known: &[(&str, To)]) -> String {
    let mut text = format!(r#"<Relationships xmlns="{PACKAGE}/relationships">"#);
    for (id, to) in known {
        let (kind, target, mode) = match to {
            To::Address(address) => ("hyperlink", *address, r#" TargetMode="External""#),
            To::Part(kind, part) => (*kind, *part, ""),
        };
        let target = target.replace('&', "&amp;");
        text.push_str(&format!(
            r#"<Relationship Id="{id}" Type="{RELATIONSHIPS}/{kind}" Target="{target}"{mode}/>"#
        ));
    }
    text + "</Relationships>"
}

/// A package whose main part is this one, with its content type.
fn office(main: &str, kind: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    let types = format!(
        r#"<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels"
        ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
        <Override PartName="/{main}"
        ContentType="application/vnd.openxmlformats-officedocument.{kind}.main+xml"/></Types>"#
    );
    let start = relationships(&[
        ("rId1", To::Part("officeDocument", main)),
        ("rId2", To::Part("extended-properties", "docProps/app.xml")),
    ]);
    let mut all = vec![("[Content_Types].xml", types.as_str()), ("_rels/.rels", start.as_str())];
    all.extend(parts);
    super::package(&all)
}

/// A text of Word with this in its body.
pub(crate) fn docx(body: &str, known: &[(&str, To)], more: &[(&str, &str)]) -> Vec<u8> {
    let main = format!("<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>");
    let known = relationships(known);
    let mut parts =
        vec![("word/document.xml", main.as_str()), ("word/_rels/document.xml.rels", &known)];
    parts.extend(more);
    office("word/document.xml", "wordprocessingml.document", &parts)
}

/// A run of text.
pub(crate) fn run(words: &str) -> String {
    format!("<w:r><w:t>{words}</w:t></w:r>")
}

/// A presentation with these slides, each with its relationships.
pub(crate) fn pptx(slides: &[(&str, &[(&str, To)])]) -> Vec<u8> {
    let (mut ids, mut known) = (String::new(), Vec::new());
    let mut files = Vec::new();
    for (number, (content, to)) in (1..).zip(slides) {
        ids.push_str(&format!(r#"<p:sldId id="{}" r:id="rId{number}"/>"#, 255 + number));
        known.push((format!("rId{number}"), format!("slides/slide{number}.xml")));
        let slide =
            format!("<p:sld {NAMESPACES}><p:cSld><p:spTree>{content}</p:spTree></p:cSld></p:sld>");
        files.push((format!("ppt/slides/slide{number}.xml"), slide));
        files.push((format!("ppt/slides/_rels/slide{number}.xml.rels"), relationships(to)));
    }
    let known: Vec<(&str, To)> =
        known.iter().map(|(id, part)| (id.as_str(), To::Part("slide", part))).collect();
    let main =
        format!("<p:presentation {NAMESPACES}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>");
    let known = relationships(&known);
    let mut parts =
        vec![("ppt/presentation.xml", main.as_str()), ("ppt/_rels/presentation.xml.rels", &known)];
    parts.extend(files.iter().map(|(name, content)| (name.as_str(), content.as_str())));
    office("ppt/presentation.xml", "presentationml.presentation", &parts)
}

/// A workbook with one sheet called `Costs`, this in it, and these shared texts.
pub(crate) fn xlsx(sheet: &str, known: &[(&str, To)], texts: &[&str]) -> Vec<u8> {
    let space = r#"xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main""#;
    let main = format!(
        r#"<workbook {space} {NAMESPACES}><sheets><sheet name="Costs" sheetId="1" r:id="rId1"/>
        </sheets><definedNames><definedName name="Total">Costs!$A$1</definedName></definedNames>
        </workbook>"#
    );
    let sheet = format!("<worksheet {space} {NAMESPACES}>{sheet}</worksheet>");
    let texts: String = texts.iter().map(|text| format!("<si><t>{text}</t></si>")).collect();
    let texts = format!("<sst {space}>{texts}</sst>");
    let of_main = relationships(&[
        ("rId1", To::Part("worksheet", "worksheets/sheet1.xml")),
        ("rId2", To::Part("sharedStrings", "sharedStrings.xml")),
    ]);
    let of_sheet = relationships(known);
    office(
        "xl/workbook.xml",
        "spreadsheetml.sheet",
        &[
            ("xl/workbook.xml", &main),
            ("xl/_rels/workbook.xml.rels", &of_main),
            ("xl/worksheets/sheet1.xml", &sheet),
            ("xl/worksheets/_rels/sheet1.xml.rels", &of_sheet),
            ("xl/sharedStrings.xml", &texts),
        ],
    )
}
