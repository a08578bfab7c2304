//! Small OpenDocument files, from what stands in their bodies.

/// The namespaces of OpenDocument by their usual prefixes.
pub const NAMESPACES: &str = r#"
    xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
    xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
    xmlns:form="urn:oasis:names:tc:opendocument:xmlns:form:1.0"
    xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"
    xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0"
    xmlns:script="urn:oasis:names:tc:opendocument:xmlns:script:1.0"
    xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
    xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"
    xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"
    xmlns:xlink="http://www.w3.org/1999/xlink""#;

/// A style that begins a page, called `Break`.
const BREAK: &str = r#"<style:style style:name="Break" style:family="paragraph">
    <style:paragraph-properties fo:break-before="page"/></style:style>"#;

const PAPER: &str = r#"<style:page-layout style:name="Paper">
    <style:page-layout-properties fo:page-width="25cm" fo:page-height="19cm"/></style:page-layout>"#;

/// A flat text document with this in its body.
#[must_use]
pub fn text(body: &str) -> String {
    flat("text", BREAK, "", body)
}

/// A flat presentation with these slides.
#[must_use]
pub fn presentation(slides: &str) -> String {
    let masters = r#"<office:master-styles>
        <style:master-page style:name="Master" style:page-layout-name="Paper"/>
        </office:master-styles>"#;
    flat("presentation", PAPER, masters, slides)
}

/// A flat spreadsheet with these sheets.
#[must_use]
pub fn spreadsheet(sheets: &str) -> String {
    flat("spreadsheet", "", "", sheets)
}

fn flat(kind: &str, styles: &str, masters: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<office:document {NAMESPACES} office:version="1.3"
    office:mimetype="application/vnd.oasis.opendocument.{kind}">
<office:automatic-styles>{styles}</office:automatic-styles>{masters}
<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document>"#
    )
}

/// A text document in a package, with this in its body and its styles.
#[must_use]
pub fn odt(body: &str, styles: &str) -> Vec<u8> {
    odt_with(body, styles, &[])
}

/// The same with more parts.
#[must_use]
pub fn odt_with(body: &str, styles: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let content = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<office:document-content {NAMESPACES} office:version="1.3">
<office:automatic-styles>{BREAK}</office:automatic-styles>
<office:body><office:text>{body}</office:text></office:body></office:document-content>"#
    );
    let styles = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<office:document-styles {NAMESPACES} office:version="1.3">{styles}</office:document-styles>"#
    );
    let manifest = r#"<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<manifest:file-entry manifest:full-path="/"
    manifest:media-type="application/vnd.oasis.opendocument.text"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
<manifest:file-entry manifest:full-path="styles.xml" manifest:media-type="text/xml"/>
</manifest:manifest>"#;
    let mut parts = vec![
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("content.xml", content.as_str()),
        ("styles.xml", styles.as_str()),
        ("META-INF/manifest.xml", manifest),
    ];
    parts.extend(more);
    crate::package::of(&parts)
}

/// A link in running text.
#[must_use]
pub fn link(address: &str, words: &str) -> String {
    let address = address.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    format!(r#"<text:a xlink:type="simple" xlink:href="{address}">{words}</text:a>"#)
}

/// A paragraph with a link.
#[must_use]
pub fn paragraph(address: &str, words: &str) -> String {
    format!("<text:p>{}</text:p>", link(address, words))
}
