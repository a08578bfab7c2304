//! Whether a page that a server leads on to is still the page that was meant.
//!
//! Servers answer with a start page, a form to log in or a page that says "not found" for what they
//! no longer have, and say 301 to it.
//!
//! Proof: `tests/redirects.rs::a_move_to_somewhere_else_is_doubtful_and_not_proposed`,
//! `src/remote/moved.rs::what_is_called_the_same_is_the_same_page`

use url::Url;

/// Why it is perhaps not the page that was meant; None where nothing speaks against it.
pub(super) fn doubt(from: &Url, to: &Url, for_good: bool) -> Option<&'static str> {
    let is_new = |is: fn(&Url) -> bool| is(to) && !is(from);
    if is_new(is_error) {
        return Some("it leads on to a page that says that something is wrong");
    }
    if is_new(is_login) {
        return Some("it leads on to where one has to log in");
    }
    if for_good && is_new(is_start) {
        return Some("it has moved to the start page, which is perhaps not what was meant");
    }
    (for_good && has_new_mark(from, to))
        .then_some("it has moved to an address that is made for one visit")
}

/// Whether it is known to be the page that was meant: it has its name, behind whatever folders, in a
/// like query; or it is the start page of the same host.
pub(super) fn is_same_page(from: &Url, to: &Url) -> bool {
    let is_same = match (name(from), name(to)) {
        (Some(one), Some(other)) => one == other,
        (None, None) => host(from) == host(to),
        _ => false,
    };
    is_same && from.query() == to.query()
}

/// The last name of a path: a folder's page has the folder's.
fn name(url: &Url) -> Option<&str> {
    url.path_segments()?.rfind(|segment| !segment.is_empty())
}

fn host(url: &Url) -> Option<&str> {
    url.host_str().map(|host| host.strip_prefix("www.").unwrap_or(host))
}

/// The words of a path, in small letters and without endings: `/Log-In.aspx` is `login`.
fn words(url: &Url) -> impl Iterator<Item = String> {
    let segments = url.path_segments().into_iter().flatten();
    segments.filter(|segment| !segment.is_empty()).map(|segment| {
        let name = segment.split_once(['.', ';']).map_or(segment, |(name, _)| name);
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    })
}

fn is_error(url: &Url) -> bool {
    const WORDS: &[&str] = &[
        "404",
        "410",
        "error",
        "errors",
        "error404",
        "404error",
        "notfound",
        "pagenotfound",
        "filenotfound",
        "gone",
        "expired",
        "unavailable",
        "notavailable",
        "maintenance",
    ];
    words(url).any(|word| WORDS.contains(&&*word))
}

fn is_login(url: &Url) -> bool {
    const WORDS: &[&str] = &[
        "login",
        "logon",
        "signin",
        "sso",
        "saml",
        "saml2",
        "oauth",
        "oauth2",
        "authorize",
        "adfs",
        "wplogin",
        "userlogin",
    ];
    const HOSTS: &[&str] = &["login", "signin", "sso", "auth", "accounts", "idp"];
    let host = url.host_str().unwrap_or_default();
    let first = host.split('.').next().unwrap_or_default();
    HOSTS.contains(&first) || words(url).any(|word| WORDS.contains(&&*word))
}

/// The start page of a site, or that of one of its languages.
fn is_start(url: &Url) -> bool {
    const WORDS: &[&str] = &["index", "home", "default", "welcome", "start"];
    let mut segments = url.path_segments().into_iter().flatten();
    let of_language = segments.next().is_some_and(is_language);
    let is_start = words(url).skip(of_language.into()).all(|word| WORDS.contains(&&*word));
    is_start && url.query().is_none()
}

/// `en`, `de-AT`, `pt_br`: how sites call the folders of their languages and countries. Any other
/// short word, `docs` say, is a page's name.
fn is_language(segment: &str) -> bool {
    let is_code =
        |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    match segment.split_once(['-', '_']) {
        Some((language, country)) => is_code(language) && is_code(country),
        None => is_code(segment),
    }
}

/// Whether an address has a session or a mark to follow people with that the one before had not.
fn has_new_mark(from: &Url, to: &Url) -> bool {
    let had: Vec<String> = names(from).collect();
    names(to).any(|name| is_mark(&name) && !had.contains(&name))
}

/// The names of what is handed over, behind `?` and, as Java's servers write it, behind `;`.
fn names(url: &Url) -> impl Iterator<Item = String> {
    let queried = url.query_pairs().map(|(name, _)| name.to_ascii_lowercase());
    let beside = url.path().split(';').skip(1);
    let beside = beside.map(|pair| pair.split('=').next().unwrap_or_default().to_ascii_lowercase());
    queried.chain(beside.collect::<Vec<_>>())
}

fn is_mark(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "sid",
        "session",
        "sessionid",
        "session_id",
        "sessid",
        "phpsessid",
        "jsessionid",
        "cfid",
        "cftoken",
        "token",
        "ticket",
        "nonce",
        "gclid",
        "dclid",
        "fbclid",
        "msclkid",
        "yclid",
        "igshid",
        "_ga",
        "_gl",
        "mc_cid",
        "mc_eid",
        "zanpid",
        "returnurl",
        "return_to",
    ];
    const BEGINNINGS: &[&str] = &["utm_", "aspsessionid", "pk_", "mtm_", "hsa_"];
    NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_page_is_known_by_its_name_and_its_language() {
        let is_start = |path: &str| {
            let url = Url::parse("http://a.example").and_then(|url| url.join(path));
            is_start(&url.expect("an address"))
        };
        for path in ["/", "/index.html", "/en", "/en/", "/de-AT/home.php", "/pt_br/index.html"] {
            assert!(is_start(path), "{path}");
        }
        for path in ["/good", "/docs/", "/wiki/index.html", "/x-en/", "/en/news", "/?page=2"] {
            assert!(!is_start(path), "{path}");
        }
    }

    #[test]
    fn what_is_called_the_same_is_the_same_page() {
        let same = |from: &str, to: &str| {
            let url = |text| Url::parse(text).expect("an address");
            is_same_page(&url(from), &url(to))
        };
        assert!(same("http://a.example/x/page.html", "https://a.example/x/page.html"));
        assert!(same("http://a.example/page", "https://b.example/new/page/"));
        assert!(same("http://www.a.example/", "https://a.example"));
        assert!(!same("http://a.example/", "https://b.example/"), "somebody may have bought it");
        assert!(!same("http://a.example/page", "https://a.example/other"));
        assert!(!same("http://a.example/show?id=1", "https://a.example/show?id=2"));
        assert!(!same("http://a.example/page", "https://a.example/"));
    }
}
