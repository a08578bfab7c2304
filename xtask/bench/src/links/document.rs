//! A long text: chapters, pages, and links to all of them.

use testkit::opendocument::{link, odt};

/// A text with so many pages and internal links, each of which leads to a heading.
pub(super) fn long(pages: u32, links: u32) -> Vec<u8> {
    const WORDS: &str = "What a specification says about an element, its attributes and its \
        content is said in sentences like this one, of which a page holds some thirty. ";
    let mut body = String::new();
    let of_a_page = links.div_ceil(pages);
    let mut left = links;
    for page in 1..=pages {
        body.push_str(&format!(
            "<text:h text:outline-level=\"1\"><text:bookmark text:name=\"page{page}\"/>Section \
             {page}</text:h><text:soft-page-break/>"
        ));
        for number in 0..of_a_page.min(left) {
            let target = (page * 7 + number * 13) % pages + 1;
            let link = link(&format!("#page{target}"), &format!("section {target}"));
            body.push_str(&format!("<text:p>{WORDS}{link}</text:p>"));
        }
        left -= of_a_page.min(left);
    }
    odt(&body, "")
}
