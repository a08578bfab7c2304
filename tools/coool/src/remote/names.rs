//! What host names stand for: looked up once in a run, so that the address that was vetted is the
//! one that is asked.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::sync::OnceCell;

use super::Settings;
use super::vet::{Reach, reach};

/// Why a name could not be looked up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameError {
    /// There is no such host.
    #[error("no host has this name")]
    NoSuchHost,
    /// All its addresses are such as nobody may be sent to.
    #[error("it is an address that only machines use among themselves")]
    Refused,
    /// The name server did not answer properly; it may do so later.
    #[error("the name server does not answer: {0}")]
    Temporary(String),
}

type Lookup = Arc<OnceCell<Result<Vec<IpAddr>, NameError>>>;

/// The names looked up so far.
#[derive(Clone)]
pub(super) struct Names {
    known: Arc<Mutex<HashMap<String, Lookup>>>,
    /// Asked for mail exchangers; for hosts only where the user names a name server, for otherwise
    /// the system knows better.
    resolver: Option<TokioResolver>,
    own_server: bool,
}

impl Names {
    pub(super) fn new(settings: &Settings) -> Self {
        let resolver = match settings.name_server {
            Some(server) => resolver_of(server),
            None => TokioResolver::builder_tokio()
                .and_then(hickory_resolver::ResolverBuilder::build)
                .ok(),
        };
        Self { known: Arc::default(), resolver, own_server: settings.name_server.is_some() }
    }

    /// The addresses of a host, without those that nobody may be sent to.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse() {
            return allowed(vec![address]);
        }
        let lookup = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(host.to_ascii_lowercase()).or_default())
        };
        let settled = || async {
            match self.look_up(host).await {
                // The next who asks may be luckier.
                Err(error @ NameError::Temporary(_)) => Err(error),
                settled => Ok(settled),
            }
        };
        lookup.get_or_try_init(settled).await?.clone()
    }

    async fn look_up(&self, host: &str) -> Result<Vec<IpAddr>, NameError> {
        let addresses = match &self.resolver {
            Some(resolver) if self.own_server => {
                // As they are: names of hosts may not have a `_`, and many have one.
                let name = Name::from_ascii(host).or_else(|_| Name::from_utf8(host));
                let name = name.map_err(|_| NameError::NoSuchHost)?;
                let found = resolver.lookup_ip(name).await.map_err(|error| name_error(&error))?;
                found.iter().collect()
            }
            _ => by_system(host).await?,
        };
        allowed(addresses)
    }

    /// The mail exchangers of a domain; empty where it names none. `.` says that it takes no mail
    /// (RFC 7505).
    pub(super) async fn exchangers(&self, domain: &str) -> Result<Vec<String>, NameError> {
        let unknown = || NameError::Temporary("this machine has none".to_owned());
        let resolver = self.resolver.as_ref().ok_or_else(unknown)?;
        // The dot keeps the resolver from trying the domain below those of this machine.
        let name = format!("{}.", domain.trim_end_matches('.'));
        match resolver.lookup(name, RecordType::MX).await {
            Ok(lookup) => Ok(lookup
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::MX(exchanger) => Some(exchanger.exchange.to_string()),
                    _ => None,
                })
                .collect()),
            Err(error) if error.is_nx_domain() => Err(NameError::NoSuchHost),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(name_error(&error)),
        }
    }
}

fn resolver_of(server: SocketAddr) -> Option<TokioResolver> {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let provider = TokioRuntimeProvider::default();
    TokioResolver::builder_with_config(config, provider).build().ok()
}

async fn by_system(host: &str) -> Result<Vec<IpAddr>, NameError> {
    match tokio::net::lookup_host((host, 0)).await {
        Ok(found) => {
            let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
            addresses.dedup();
            Ok(addresses)
        }
        // The system's library tells these apart by its words only.
        Err(error) if error.to_string().contains("emporary") => {
            Err(NameError::Temporary("temporary failure".to_owned()))
        }
        Err(_) => Err(NameError::NoSuchHost),
    }
}

fn allowed(addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, NameError> {
    if addresses.is_empty() {
        return Err(NameError::NoSuchHost);
    }
    let allowed: Vec<IpAddr> =
        addresses.into_iter().filter(|address| reach(*address) != Reach::Never).collect();
    if allowed.is_empty() { Err(NameError::Refused) } else { Ok(allowed) }
}

fn name_error(error: &NetError) -> NameError {
    if error.is_no_records_found() {
        NameError::NoSuchHost
    } else {
        NameError::Temporary(error.to_string())
    }
}

/// The names for the HTTP client.
impl reqwest::dns::Resolve for Names {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let names = self.clone();
        Box::pin(async move {
            let addresses = names.addresses(name.as_str()).await?;
            let addresses: reqwest::dns::Addrs =
                Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
