//! Small books.

/// A book of which this is said, with these parts.
pub(crate) fn book(content: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    book_at("content.opf", content, parts)
}

/// The same, where what is said of it stands in this part.
pub(crate) fn book_at(root: &str, content: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    let container = format!(
        r#"<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
        <rootfile full-path="{root}"/></rootfiles></container>"#
    );
    let content = format!(r#"<package xmlns="http://www.idpf.org/2007/opf">{content}</package>"#);
    let mut all = vec![
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", container.as_str()),
        (root, content.as_str()),
    ];
    all.extend(parts);
    super::package(&all)
}

/// A page with this in its body.
pub(crate) fn page(body: &str) -> String {
    format!(r#"<html xmlns="http://www.w3.org/1999/xhtml"><body>{body}</body></html>"#)
}
