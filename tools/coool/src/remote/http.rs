//! Asks for a page of the web, one request at a time, and judges the answer.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use reqwest::cookie::Jar;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, ClientBuilder, Method, Response, StatusCode, redirect};
use url::Url;

use crate::address::Goal;
use crate::proposal::Proposal;
use crate::verdict::{Hop, Verdict};

use super::hosts::Host;
use super::moved;
use super::names::{NameError, Names};
use super::page;
use super::request::{Errand, Office, Step};
use super::vet::{Reach, reach};
use super::{Answer, Settings};

/// The HTTP client of a run: connections are kept, cookies live as long as the run.
#[derive(Clone)]
pub(super) struct Web {
    client: Client,
    /// For hosts whose certificates are not to be looked at.
    trusting: Option<Client>,
    /// Behind a proxy, names are the proxy's business and may mean nothing here.
    proxied: bool,
}

impl Web {
    pub(super) fn new(settings: &Settings, names: &Names) -> Result<Self> {
        let cannot = "cannot prepare to ask the web";
        let client = builder(settings, names)
            .tls_certs_merge(settings.authorities.certificates())
            .build()
            .context(cannot)?;
        let trusting = settings.hosts.are_some_insecure().then(|| {
            builder(settings, names).tls_danger_accept_invalid_certs(true).build().context(cannot)
        });
        Ok(Self { client, trusting: trusting.transpose()?, proxied: has_proxy() })
    }

    /// The client that asks for an address.
    fn client_for(&self, host: Option<&Host>) -> &Client {
        let trusting = self.trusting.as_ref().filter(|_| host.is_some_and(|host| host.insecure));
        trusting.unwrap_or(&self.client)
    }

    /// What stands at an address that the user trusts, up to `most` bytes of it.
    pub(super) async fn get(&self, url: Url, most: usize) -> Result<Vec<u8>> {
        let mut response = self.client.get(url).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            ensure!(body.len() <= most, "it is too long");
        }
        Ok(body)
    }
}

fn builder(settings: &Settings, names: &Names) -> ClientBuilder {
    Client::builder()
        .user_agent(&settings.user_agent)
        .redirect(redirect::Policy::none())
        .cookie_provider(Arc::new(Jar::default()))
        .dns_resolver(Arc::new(names.clone()))
        .timeout(settings.timeout)
        .pool_max_idle_per_host(settings.max_requests_per_host)
        .tls_info(true)
}

/// Whether the environment names a proxy for the web.
fn has_proxy() -> bool {
    ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Whether the environment says that a host is not asked by way of the proxy.
fn is_excepted(host: &str) -> bool {
    let list = ["no_proxy", "NO_PROXY"].iter().find_map(|name| std::env::var(name).ok());
    list.is_some_and(|list| is_listed(host, &list))
}

/// A host is listed by its name, by that of a domain above it, or by `*`.
fn is_listed(host: &str, list: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let names = list.split(',').map(|name| name.trim().trim_start_matches('.'));
    names.filter(|name| !name.is_empty()).any(|name| {
        let name = name.to_ascii_lowercase();
        let above = host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'));
        name == "*" || host == name || above
    })
}

/// One request, and what comes of it.
pub(super) async fn step(mut errand: Errand, url: Url, office: &Office, web: &Web) -> Step {
    if let Some(why) = office.settings.hosts.of(&url).and_then(|host| host.withheld.as_ref()) {
        return done(errand, Answer::of(Verdict::Unchecked, why));
    }
    match vet(&mut errand, &url, office, web).await {
        Ok(()) => {}
        Err(NameError::Temporary(why)) => {
            let reason = format!("the name of the host cannot be looked up: {why}");
            return Step::Later(errand, Answer::of(Verdict::Unchecked, reason));
        }
        Err(NameError::NoSuchHost) => {
            let host = url.host_str().unwrap_or_default();
            let answer = Answer::of(Verdict::Broken, format!("there is no host `{host}`"));
            return done(errand, answer);
        }
        Err(NameError::Refused) => {
            let reason = "it leads to an address of this machine's own network: not followed";
            return done(errand, Answer::of(Verdict::Doubtful, reason));
        }
    }
    errand.way.whole |= !errand.fragments.is_empty() || office.settings.asks_for_the_whole(&url);
    ask(errand, &url, office, web).await
}

/// Asks for the head, or for the page. Some servers hang or break off when they are asked for the
/// head alone: then the page is asked for at once, and both requests together have the time of one.
async fn ask(mut errand: Errand, url: &Url, office: &Office, web: &Web) -> Step {
    let all = office.settings.timeout_for(url);
    let since = Instant::now();
    if !errand.way.whole {
        match send(Method::HEAD, url, all / 2, office, web).await {
            Err(error) if may_be_the_head(&error) => errand.way.whole = true,
            reply => return replied(errand, url, reply, office).await,
        }
    }
    let reply = send(Method::GET, url, all.saturating_sub(since.elapsed()), office, web).await;
    replied(errand, url, reply, office).await
}

/// Sends one request. What is for one host goes with requests to this host alone.
async fn send(
    method: Method,
    url: &Url,
    time: Duration,
    office: &Office,
    web: &Web,
) -> reqwest::Result<Response> {
    let host = office.settings.hosts.of(url);
    let headers = host.map(|host| host.headers_for(url, web.proxied)).unwrap_or_default();
    web.client_for(host).request(method, url.clone()).headers(headers).timeout(time).send().await
}

async fn replied(
    errand: Errand,
    url: &Url,
    reply: reqwest::Result<Response>,
    office: &Office,
) -> Step {
    match reply {
        Ok(response) => answered(errand, url, response, office).await,
        Err(error) => failed(errand, url, &error),
    }
}

/// Whether it may be because the head alone was asked for: somebody was reached.
fn may_be_the_head(error: &reqwest::Error) -> bool {
    !error.is_connect() && find::<rustls::Error>(error).is_none()
}

/// Looks at where a host really is before anything is sent to it.
async fn vet(errand: &mut Errand, url: &Url, office: &Office, web: &Web) -> Result<(), NameError> {
    let host = url.host_str().unwrap_or_default();
    let literal = url.host().is_some_and(|host| !matches!(host, url::Host::Domain(_)));
    let is_local = host.eq_ignore_ascii_case("localhost") || host.ends_with(".localhost");
    let is_public = if web.proxied && !literal && !is_local && !is_excepted(host) {
        true
    } else {
        let addresses = office.names.addresses(host).await?;
        addresses.into_iter().all(|address| reach(address) == Reach::Public)
    };
    if errand.way.from_public && !is_public {
        return Err(NameError::Refused);
    }
    errand.way.from_public |= is_public;
    errand.way.start.get_or_insert_with(|| url.clone());
    Ok(())
}

async fn answered(mut errand: Errand, url: &Url, response: Response, office: &Office) -> Step {
    mention_certificate(&mut errand, &response, office);
    let status = response.status();
    if status.is_redirection()
        && let Some(location) = response.headers().get(LOCATION)
    {
        let cookies = response.headers().contains_key(SET_COOKIE);
        let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
        return redirected(errand, url, status, &location, cookies, office);
    }
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        return found(errand, response, office).await;
    }
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return busy(errand, status, response.headers());
    }
    if !errand.way.whole {
        // Many servers refuse, or answer wrongly, when they are asked for the head alone.
        errand.way.whole = true;
        return Step::Onward(errand);
    }
    let answer = judged(status, response.headers());
    if status.is_server_error() { Step::Later(errand, answer) } else { done(errand, answer) }
}

/// A page that is there, but for the places in it.
async fn found(mut errand: Errand, response: Response, office: &Office) -> Step {
    if !errand.way.whole && errand.way.is_for_good() {
        // What would be proposed is looked at.
        errand.way.whole = true;
        return Step::Onward(errand);
    }
    let mut answer = Answer::of(Verdict::Ok, "");
    match looked_at(&errand, response, office).await {
        Ok(Look { places, doubt: None }) => {
            answer.missing_fragments = places.missing;
            answer.notes.extend(places.note);
        }
        Ok(Look { doubt: Some(doubt), .. }) => {
            return done(errand, Answer::of(Verdict::Doubtful, doubt));
        }
        Err(error) => {
            let reason = format!("the page broke off while it was read: {error}");
            return Step::Later(errand, Answer::of(Verdict::Unchecked, reason));
        }
    }
    judge_way(&errand, &mut answer);
    done(errand, answer)
}

/// What was seen of a page.
#[derive(Default)]
struct Look {
    places: page::Places,
    doubt: Option<String>,
}

async fn looked_at(errand: &Errand, response: Response, office: &Office) -> reqwest::Result<Look> {
    if !errand.fragments.is_empty() {
        let most = office.settings.most_of_page;
        let places = page::missing(response, &errand.fragments, most).await?;
        return Ok(Look { places, doubt: None });
    }
    if errand.way.whole {
        return Ok(Look { doubt: page::doubt(response).await?, ..Look::default() });
    }
    Ok(Look::default())
}

/// What the way to a page means for its address.
fn judge_way(errand: &Errand, answer: &mut Answer) {
    let (Some(start), Some(last)) = (&errand.way.start, errand.way.hops.last()) else { return };
    let Ok(end) = Url::parse(&last.url) else { return };
    let for_good = errand.way.is_for_good();
    if let Some(doubt) = moved::doubt(start, &end, for_good) {
        answer.verdict = Verdict::Doubtful;
        doubt.clone_into(&mut answer.reason);
        return;
    }
    answer.verdict = Verdict::Redirected;
    if for_good {
        "it has moved for good".clone_into(&mut answer.reason);
        answer.proposal = Some(if moved::is_same_page(start, &end) {
            Proposal::sure(&last.url, "the server says so, and it is called the same there")
        } else {
            Proposal::likely(&last.url, "the server says so")
        });
    }
}

fn redirected(
    mut errand: Errand,
    url: &Url,
    status: StatusCode,
    location: &str,
    cookies: bool,
    office: &Office,
) -> Step {
    let Ok(mut next) = url.join(location) else {
        let reason = format!("it leads on to `{location}`, which is no address");
        return done(errand, Answer::of(Verdict::Broken, reason));
    };
    // A fragment given for the whole site is not ours to look for.
    next.set_fragment(None);
    if next.host_str() != url.host_str() {
        // What one host was told in confidence is not for another.
        let _ = next.set_username("");
        let _ = next.set_password(None);
    }
    let seen = next == *url
        || errand.way.hops.iter().any(|hop| hop.url == next.as_str())
        || errand.way.start.as_ref() == Some(&next);
    errand.way.hops.push(Hop {
        status: status.as_u16(),
        url: next.to_string(),
        permanent: matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT),
    });
    // A gate sends back to the same address once its cookie is set.
    if seen && !cookies {
        return done(errand, Answer::of(Verdict::Broken, "it leads in a circle"));
    }
    if errand.way.hops.len() > office.settings.max_redirects {
        let reason = format!("it leads on more than {} times", office.settings.max_redirects);
        return done(errand, Answer::of(Verdict::Broken, reason));
    }
    match next.scheme() {
        "http" | "https" => errand.goal = Goal::Web(next),
        other => {
            let reason = format!("it leads on to an address of `{other}`, which is not followed");
            return done(errand, Answer::of(Verdict::Doubtful, reason));
        }
    }
    Step::Onward(errand)
}

/// A server that has too much to do, or says so to robots.
fn busy(errand: Errand, status: StatusCode, headers: &HeaderMap) -> Step {
    /// What is waited where a server names no time.
    const USUAL: Duration = Duration::from_secs(5);
    let answer = if status == StatusCode::TOO_MANY_REQUESTS {
        Answer::of(Verdict::Doubtful, "the server answers 429, too many requests")
    } else if is_challenge(headers) {
        robot_check(status)
    } else {
        Answer::of(Verdict::Broken, "the server answers 503, out of service")
    };
    match headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()) {
        Some(value) => {
            let time = retry_after(value, SystemTime::now()).unwrap_or(USUAL);
            Step::Wait(errand, time, answer)
        }
        None if status == StatusCode::TOO_MANY_REQUESTS => Step::Wait(errand, USUAL, answer),
        None => Step::Later(errand, answer),
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// What a status means where it is neither success nor a way elsewhere.
fn judged(status: StatusCode, headers: &HeaderMap) -> Answer {
    let words = match status.as_u16() {
        401 | 407 => {
            let reason = format!("the server answers {}: it asks for a password", status.as_u16());
            return Answer::of(Verdict::Doubtful, reason);
        }
        403 | 405 | 406 | 418 | 999 => return robot_check(status),
        451 => {
            let reason = "the server answers 451, withheld for legal reasons";
            return Answer::of(Verdict::Doubtful, reason);
        }
        _ if is_challenge(headers) => return robot_check(status),
        404 => "not found",
        410 => "gone for good",
        500 => "an error of the server",
        502 | 504 => "the server behind it does not answer",
        _ => status.canonical_reason().unwrap_or("a status that nobody knows"),
    };
    let words = words.to_lowercase();
    Answer::of(Verdict::Broken, format!("the server answers {}, {words}", status.as_u16()))
}

fn robot_check(status: StatusCode) -> Answer {
    let reason =
        format!("the server answers {}: it may let people in, and not programs", status.as_u16());
    Answer::of(Verdict::Doubtful, reason)
}

/// The marks of services that tell people from programs.
fn is_challenge(headers: &HeaderMap) -> bool {
    ["cf-mitigated", "x-amzn-waf-action", "x-datadome", "x-px-blocked"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

fn failed(errand: Errand, url: &Url, error: &reqwest::Error) -> Step {
    let host = url.host_str().unwrap_or_default();
    if let Some(problem) = find::<rustls::Error>(error) {
        let (verdict, words) = certificate_problem(problem);
        return done(errand, Answer::of(verdict, words));
    }
    if error.is_timeout() {
        let answer = Answer::of(Verdict::Broken, format!("`{host}` does not answer in time"));
        return if error.is_connect() || errand.way.hops.is_empty() {
            Step::Silent(errand, answer)
        } else {
            Step::Later(errand, answer)
        };
    }
    let words = match find::<std::io::Error>(error).map(std::io::Error::kind) {
        Some(std::io::ErrorKind::ConnectionRefused) => {
            format!("`{host}` refuses the connection: nothing serves pages there")
        }
        Some(std::io::ErrorKind::ConnectionReset) => format!("`{host}` broke the connection off"),
        Some(std::io::ErrorKind::NetworkUnreachable | std::io::ErrorKind::HostUnreachable) => {
            let reason = format!("there is no way to `{host}` from here");
            return Step::Later(errand, Answer::of(Verdict::Unchecked, reason));
        }
        _ => format!("`{host}` gives no proper answer: {}", innermost(error)),
    };
    let answer = Answer::of(Verdict::Broken, words);
    if error.is_connect() { Step::Silent(errand, answer) } else { Step::Later(errand, answer) }
}

fn certificate_problem(error: &rustls::Error) -> (Verdict, String) {
    use rustls::CertificateError as Certificate;
    let rustls::Error::InvalidCertificate(problem) = error else {
        return (Verdict::Broken, format!("no secure connection comes about: {error}"));
    };
    match problem {
        Certificate::Expired | Certificate::ExpiredContext { .. } => {
            (Verdict::Broken, "its certificate has ended".to_owned())
        }
        Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
            (Verdict::Broken, "its certificate is not valid yet".to_owned())
        }
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
            (Verdict::Broken, "its certificate is for another name".to_owned())
        }
        Certificate::Revoked => (Verdict::Broken, "its certificate was revoked".to_owned()),
        // Servers that forget to send what lies between are common, and browsers find it.
        Certificate::UnknownIssuer => (
            Verdict::Doubtful,
            "its certificate comes from somebody whom this machine does not know".to_owned(),
        ),
        // So it is called where somebody has made the certificate alone, as `openssl req -x509` does.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            (Verdict::Doubtful, "its certificate was made by the server itself".to_owned())
        }
        other => (Verdict::Broken, format!("its certificate is wrong: {other:?}")),
    }
}

fn mention_certificate(errand: &mut Errand, response: &Response, office: &Office) {
    let Some(info) = response.extensions().get::<reqwest::tls::TlsInfo>() else { return };
    let Some(certificate) = info.peer_certificate() else { return };
    let Ok((_, certificate)) = x509_parser::parse_x509_certificate(certificate) else { return };
    let Some(left) = certificate.validity().time_to_expiration() else { return };
    let left = Duration::try_from(left).unwrap_or_default();
    if left < office.settings.certificate_ends_within {
        let days = left.as_secs() / 86_400;
        let note = match days {
            0 => "its certificate ends today".to_owned(),
            1 => "its certificate ends tomorrow".to_owned(),
            days => format!("its certificate ends in {days} days"),
        };
        if !errand.way.notes.contains(&note) {
            errand.way.notes.push(note);
        }
    }
}

/// The answer with the way that led to it.
fn done(errand: Errand, mut answer: Answer) -> Step {
    answer.hops.clone_from(&errand.way.hops);
    answer.notes.extend(errand.way.notes.iter().cloned());
    Step::Done(errand, answer)
}

/// The first error of a kind in a chain of causes.
fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        // An `io::Error` holds what it wraps beside its source, and may wrap another.
        let mut wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        while let Some(inner) = wrapped {
            if let Some(found) = inner.downcast_ref::<E>() {
                return Some(found);
            }
            wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        }
        next = error.source();
    }
    None
}

fn innermost(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        words = error.to_string();
        next = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_excepted_from_the_proxy_by_name_or_domain() {
        for host in ["a.example", "x.a.example", "X.A.EXAMPLE"] {
            assert!(is_listed(host, "b.example, .a.example"), "{host}");
        }
        for host in ["ba.example", "example", ""] {
            assert!(!is_listed(host, "b.example,a.example,"), "{host}");
        }
        assert!(is_listed("any.example", "*"));
    }

    #[test]
    fn a_server_may_ask_to_wait_for_seconds_or_until_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);

        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_mins(2)));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now),
            Some(Duration::from_secs(10))
        );
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:27 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }
}
