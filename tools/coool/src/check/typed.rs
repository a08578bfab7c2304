//! Addresses as people type them, which programs take for something else: `www.example.org`,
//! `htp://example.org`, `http//example.org`, `ann@example.org`.
//!
//! Proof: `tests/web.rs::an_address_typed_with_a_slip_is_proposed_as_it_should_be`

use crate::link::Link;
use crate::proposal::Proposal;
use crate::verdict::Verdict;

/// Endings of names that people know.
const ENDINGS: &[&str] = &["com", "org", "net", "edu", "gov", "info", "eu", "fr", "de", "uk"];

/// Why such an address is proposed; whether there is such a page is asked where that is allowed.
pub(super) const LIKE_AN_ADDRESS: &str = "it looks like an address of the web";

/// The address of the web or of mail that was perhaps meant by what was taken for a path.
pub(super) fn meant(path: &str, link: &Link) -> Option<Proposal> {
    let fragment =
        link.address.split_once('#').map_or(String::new(), |(_, rest)| format!("#{rest}"));
    let path = path.trim_start_matches('/');
    let web = with_broken_scheme(path)
        .or_else(|| bare(path, link))
        .or_else(|| path.find("/www.").and_then(|at| bare(&path[at + 1..], link)))
        .map(|url| Proposal::likely(format!("{url}{fragment}"), LIKE_AN_ADDRESS));
    web.or_else(|| mail(path))
}

/// `http//example.org`, `https;//example.org`, `http.//example.org`.
fn with_broken_scheme(path: &str) -> Option<String> {
    let (scheme, rest) = path.split_once("//")?;
    let scheme = scheme.trim_end_matches([';', '.', ',']).to_ascii_lowercase();
    let is_web = matches!(&*scheme, "http" | "https") || is_nearly_web(&scheme);
    (is_web && is_host(rest.split('/').next()?)).then(|| format!("{}://{rest}", proper(&scheme)))
}

/// `example.org/a`: what begins with `www.`, or has a path or the same words behind an ending.
fn bare(path: &str, link: &Link) -> Option<String> {
    let host = path.split('/').next()?;
    let ending = host.rsplit_once('.')?.1;
    let is_meant = host.starts_with("www.")
        || (path.contains('/') && ENDINGS.contains(&ending))
        || (link.text.contains("://") && link.text.contains(host));
    (is_meant && is_host(host)).then(|| format!("https://{}", escaped(path)))
}

fn escaped(path: &str) -> String {
    percent_encoding::utf8_percent_encode(path, percent_encoding::CONTROLS).to_string()
}

fn is_host(host: &str) -> bool {
    host.contains('.') && !host.contains([' ', '@']) && !host.starts_with('.')
}

/// `ann@example.org`.
fn mail(path: &str) -> Option<Proposal> {
    let (name, host) = path.split_once('@')?;
    let ending = host.rsplit_once('.')?.1;
    let is_plain = !name.is_empty() && !path.contains(['/', ' ', '?']) && ENDINGS.contains(&ending);
    is_plain.then(|| Proposal::likely(format!("mailto:{path}"), "it looks like an address of mail"))
}

/// The address with the scheme that was meant by one that nobody knows: `htp` is `http`.
pub(super) fn with_scheme_meant(address: &str, scheme: &str) -> Option<Proposal> {
    if !is_nearly_web(scheme) {
        return None;
    }
    let rest = address.trim().get(scheme.len() + 1..)?.trim_start_matches(['/', '\\']);
    let host = rest.split('/').next()?;
    let url = format!("{}://{rest}", proper(scheme));
    is_host(host).then(|| Proposal::likely(url, LIKE_AN_ADDRESS))
}

/// What a proposal is worth once somebody has looked what is there.
pub(super) fn tried(proposal: Proposal, found: Verdict) -> Option<Proposal> {
    match found {
        Verdict::Ok | Verdict::Redirected => Some(Proposal::sure(
            proposal.address,
            "it is an address of the web, and there is a page",
        )),
        Verdict::Broken => None,
        Verdict::Doubtful | Verdict::Unchecked => Some(proposal),
    }
}

/// Whether a scheme is a slip of `http` or `https`; some that look so are schemes of their own.
fn is_nearly_web(scheme: &str) -> bool {
    const OTHERS: &[&str] = &["http", "https", "shttp", "httpu", "httpg", "httpx", "ftp", "ftps"];
    let near = |web| strsim::damerau_levenshtein(scheme, web) == 1;
    !OTHERS.contains(&scheme) && (near("http") || near("https"))
}

fn proper(scheme: &str) -> &'static str {
    if scheme.ends_with('s') { "https" } else { "http" }
}
