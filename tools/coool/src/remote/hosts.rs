//! What holds for single hosts: other headers, certificates that nobody vouches for, other rates.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::header::HeaderMap;
use url::Url;

/// What holds for one host.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// Sent with every request to it, and to no other host.
    pub headers: HeaderMap,
    /// Headers that nobody else may read: they go only where the connection is secure, or stays on
    /// this machine.
    pub secrets: HeaderMap,
    /// Why it is not asked at all.
    pub withheld: Option<String>,
    /// Whether its certificate is not looked at.
    pub insecure: bool,
    /// Whether the page is asked for at once, and not its head.
    pub whole: Option<bool>,
    /// Requests at the same time.
    pub max_requests: Option<usize>,
    /// Least time between two requests.
    pub delay: Option<Duration>,
    /// Longest time for one request.
    pub timeout: Option<Duration>,
}

/// Hosts for which something holds that does not for all.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    known: HashMap<String, Host>,
}

impl Hosts {
    /// What holds for a name as it stands in addresses, with a port or for all ports.
    pub fn insert(&mut self, name: String, host: Host) {
        self.known.insert(name, host);
    }

    /// What holds for the host of an address.
    #[must_use]
    pub fn of(&self, url: &Url) -> Option<&Host> {
        self.named(&name_of(url))
    }

    /// What holds for `name:port`.
    pub(super) fn named(&self, name: &str) -> Option<&Host> {
        let without_port = || self.known.get(name.rsplit_once(':')?.0);
        self.known.get(name).or_else(without_port)
    }

    /// Whether for some host certificates are not looked at.
    pub(super) fn are_some_insecure(&self) -> bool {
        self.known.values().any(|host| host.insecure)
    }
}

impl Host {
    /// The headers for a request to an address. A proxy reads along where the connection is not
    /// secure.
    pub(super) fn headers_for(&self, url: &Url, by_proxy: bool) -> HeaderMap {
        let mut headers = self.headers.clone();
        if url.scheme() == "https" || (stays_here(url) && !by_proxy) {
            headers.extend(self.secrets.clone());
        }
        headers
    }
}

/// `name:port` of the host that an address leads to.
pub(super) fn name_of(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or(0);
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

/// Whether what is sent to an address does not leave this machine.
fn stays_here(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().expect("an address")
    }

    #[test]
    fn a_name_without_a_port_is_for_all_ports_and_for_no_other_host() {
        let mut hosts = Hosts::default();
        hosts.insert("a.example".to_owned(), Host { insecure: true, ..Host::default() });
        hosts.insert("a.example:8443".to_owned(), Host::default());

        let insecure = |text| hosts.of(&url(text)).map(|host| host.insecure);
        assert_eq!(insecure("https://a.example/x"), Some(true));
        assert_eq!(insecure("http://a.example:81/"), Some(true));
        assert_eq!(insecure("https://a.example:8443/"), Some(false));
        assert_eq!(insecure("https://b.a.example/"), None);
        assert_eq!(insecure("https://a.example.evil.example/"), None);
        assert_eq!(insecure("https://a.example@evil.example/"), None);
    }

    #[test]
    fn a_secret_goes_where_nobody_else_can_read_it() {
        let mut secrets = HeaderMap::new();
        secrets.insert("authorization", "Bearer x".parse().expect("a value"));
        let host = Host { secrets, ..Host::default() };

        let sent = |text| host.headers_for(&url(text), false).len();
        for safe in
            ["https://a.example/", "http://127.0.0.1:1/", "http://[::1]/", "http://localhost"]
        {
            assert_eq!(sent(safe), 1, "{safe}");
        }
        for unsafe_address in
            ["http://a.example/", "http://10.0.0.1/", "http://localhost.a.example"]
        {
            assert_eq!(sent(unsafe_address), 0, "{unsafe_address}");
        }
        let by_proxy = |text| host.headers_for(&url(text), true).len();
        assert_eq!((by_proxy("https://a.example/"), by_proxy("http://127.0.0.1/")), (1, 0));
    }
}
