//! Looks for places in a page of the web.

use std::collections::BTreeSet;

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;

use crate::address::decoded;
use crate::document::html;
use crate::targets::Speller;

use super::MissingFragment;

/// What became of the places that were looked for.
#[derive(Default)]
pub(super) struct Places {
    pub(super) missing: Vec<MissingFragment>,
    /// Why they were not looked for.
    pub(super) note: Option<String>,
}

/// The places that are not in a page. It is read only until all are found, and never beyond the
/// cap.
pub(super) async fn missing(
    mut response: Response,
    fragments: &[String],
    most: u64,
) -> reqwest::Result<Places> {
    let wanted: Vec<&String> = fragments.iter().filter(|name| is_in_the_page(name)).collect();
    let unknown = |note: &str| Places { missing: Vec::new(), note: Some(note.to_owned()) };
    if wanted.is_empty() {
        return Ok(Places { missing: Vec::new(), note: None });
    }
    if !is_html(&response) {
        return Ok(unknown("it is no HTML: the place in it was not looked for"));
    }
    let mut page = Vec::new();
    let mut looked_at = 0;
    while let Some(chunk) = response.chunk().await? {
        page.extend_from_slice(&chunk);
        // Looking again each time the page has doubled costs as much as looking twice.
        if page.len() >= 2 * looked_at.max(16 << 10) {
            looked_at = page.len();
            let names = html::names(&String::from_utf8_lossy(&page));
            if wanted.iter().all(|wanted| holds(&names, wanted)) {
                return Ok(Places { missing: Vec::new(), note: None });
            }
        }
        if page.len() as u64 > most {
            return Ok(unknown(
                "the page is longer than what is read of one, and the place in it was not found so \
                 far; `--limit page=NUMBER` reads more",
            ));
        }
    }
    let names = html::names(&String::from_utf8_lossy(&page));
    let speller = Speller::default();
    let missing = wanted.into_iter().filter(|wanted| !holds(&names, wanted));
    Ok(Places {
        missing: missing.map(|wanted| report(&names, wanted, &speller)).collect(),
        note: None,
    })
}

/// Why a page is perhaps none although the server says so: its title says that something was not
/// found, or it leads on by itself. The beginning tells.
pub(super) async fn doubt(mut response: Response) -> reqwest::Result<Option<String>> {
    const MOST: usize = 64 << 10;
    if !is_html(&response) {
        return Ok(None);
    }
    let mut page = Vec::new();
    while let Some(chunk) = response.chunk().await?
        && page.len() < MOST
    {
        page.extend_from_slice(&chunk);
    }
    let html::Summary { title, refresh } = html::summary(&String::from_utf8_lossy(&page));
    if says_not_found(&title) {
        return Ok(Some(format!(
            "the server says that it is there, and its title `{}`",
            title.trim()
        )));
    }
    Ok(refresh
        .map(|address| format!("it leads on by itself to `{address}`, which is not followed")))
}

/// Whether a title is that of a page for what is not there. One about such pages is longer.
fn says_not_found(title: &str) -> bool {
    const WORDS: &[&str] = &[
        "404 not found",
        "error 404",
        "404 error",
        "page not found",
        "file not found",
        "seite nicht gefunden",
        "page introuvable",
        "pagina non trovata",
        "página no encontrada",
        "410 gone",
    ];
    const LONGEST: usize = 80;
    let title = title.trim().to_lowercase();
    let begins = ["404", "not found", "nicht gefunden"].iter().any(|word| title.starts_with(word));
    title.len() <= LONGEST && (begins || WORDS.iter().any(|words| title.contains(words)))
}

/// Whether a place stands in the page itself: scripts make the others, or the browser does.
fn is_in_the_page(fragment: &str) -> bool {
    let is_line = fragment
        .strip_prefix('L')
        .is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
    let is_of_the_browser = fragment.is_empty()
        || fragment.eq_ignore_ascii_case("top")
        || fragment.contains(":~:")
        || fragment.starts_with("page=");
    let is_of_a_script = fragment.starts_with(['!', '/', '?']) || fragment.contains(['=', '&']);
    !(is_line || is_of_the_browser || is_of_a_script)
}

fn is_html(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_none_or(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        kind == "text/html" || kind == "application/xhtml+xml"
    })
}

fn holds(names: &BTreeSet<String>, fragment: &str) -> bool {
    let plain = decoded(fragment);
    names.contains(fragment)
        || names.contains(&plain)
        // Services keep the names in their users' texts apart from their own so.
        || names.contains(&format!("user-content-{plain}"))
}

fn report(names: &BTreeSet<String>, fragment: &str, speller: &Speller) -> MissingFragment {
    let plain = decoded(fragment);
    MissingFragment {
        fragment: fragment.to_owned(),
        reason: format!("the page is there, and no place in it is called `{plain}`"),
        nearest: speller.nearest(&plain, names.iter().map(String::as_str)),
    }
}
