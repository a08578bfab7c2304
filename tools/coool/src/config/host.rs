//! What `coool.toml` says of one host, checked.

use anyhow::{Context, Result, anyhow, bail, ensure};
use names::shown_text;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use toml::Spanned;

use crate::remote::Host;

use super::written::{Lines, Method, WrittenHost};

/// Which variables of the environment may be sent where.
pub(super) struct Grants<'run> {
    /// Each a variable and a host.
    pub(super) given: &'run [(String, String)],
    /// The value of a variable.
    pub(super) variable: &'run dyn Fn(&str) -> Option<String>,
}

/// A host by its name as it stands in addresses.
pub(super) fn checked(
    name: &str,
    written: Spanned<WrittenHost>,
    grants: &Grants,
    lines: &Lines,
) -> Result<(String, Host)> {
    let line = lines.line(&written.span());
    let name = host_name(name).with_context(|| format!("line {line}"))?;
    let written = written.into_inner();
    let mut host = Host {
        insecure: written.insecure,
        whole: written.method.map(|method| method == Method::Get),
        max_requests: written.max_requests.map(|count| count.0),
        delay: written.delay.map(|time| time.0),
        timeout: written.timeout.map(|time| time.0),
        ..Host::default()
    };
    for (header, value) in written.headers {
        let add = |value: String| add_header(&mut host, &header, &value, &name, grants);
        lines.checked(value, add)?;
    }
    let has_secret = !host.secrets.is_empty() || host.withheld.is_some();
    ensure!(
        !(host.insecure && has_secret),
        "line {line}: a secret is for a host that can prove who it is: not with `insecure`"
    );
    Ok((name, host))
}

/// `docs.example.org` or `docs.example.org:8443`, as addresses have it: in small letters, ASCII.
fn host_name(text: &str) -> Result<String> {
    let url = url::Url::parse(&format!("http://{text}"))
        .ok()
        .filter(|_| !text.contains(['/', '@', '?', '#', '\\', '*']) && text.trim() == text);
    let alone = "write the host alone, such as `docs.example.org` or `docs.example.org:8443`";
    let url = url.ok_or_else(|| anyhow!(alone))?;
    let host = url.host_str().unwrap_or_default();
    // The usual port is left out of what is parsed, and here it is meant.
    match text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()) {
        Some(port) if !text.ends_with(']') => Ok(format!("{host}:{port}")),
        _ => Ok(host.to_owned()),
    }
}

/// A name without a port.
pub(super) fn name_alone(text: &str) -> Result<String> {
    let name = host_name(text)?;
    let has_port = name.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    ensure!(!has_port, "write the host without a port");
    Ok(name)
}

/// What a request says of itself and of its connection.
const OURS: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn add_header(
    host: &mut Host,
    header: &str,
    value: &str,
    host_name: &str,
    grants: &Grants,
) -> Result<()> {
    let name: HeaderName =
        header.parse().map_err(|_| anyhow!("no header is called `{}`", shown_text(header)))?;
    ensure!(!OURS.contains(&name.as_str()), "`{header}` is coool's own to send");
    let is_known = |headers: &HeaderMap| headers.contains_key(&name);
    ensure!(!is_known(&host.headers) && !is_known(&host.secrets), "`{name}` stands there twice");
    match filled_in(value, host_name, grants)? {
        Filled::Plain(value) => host.headers.insert(name, header_value(&value)?),
        Filled::Secret(value) => {
            let mut value = header_value(&value)?;
            value.set_sensitive(true);
            host.secrets.insert(name, value)
        }
        Filled::Withheld(variable) => {
            host.withheld = Some(format!(
                "`coool.toml` sends `{variable}` to it, and nobody has said that it may: \
                 `--secret {variable}={host_name}`"
            ));
            None
        }
    };
    Ok(())
}

/// A text that can be sent.
pub(super) fn sendable(text: String) -> Result<String> {
    header_value(&text).map(|_| text)
}

fn header_value(text: &str) -> Result<HeaderValue> {
    // What is wrong is said, and not the value: it may be a secret.
    text.parse().map_err(|_| anyhow!("it cannot be sent: only ASCII without line breaks can"))
}

/// A value with its variables filled in.
enum Filled {
    Plain(String),
    Secret(String),
    /// Nobody has granted this variable.
    Withheld(String),
}

fn filled_in(value: &str, host: &str, grants: &Grants) -> Result<Filled> {
    let mut filled = String::new();
    let mut rest = value;
    let mut is_secret = false;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, after) = after.split_once('}').context("`${` needs its `}`")?;
        ensure!(
            is_variable(variable),
            "`{}` is no name of a variable of the environment",
            shown_text(variable)
        );
        if !grants.given.iter().any(|(granted, to)| granted == variable && is_same(to, host)) {
            return Ok(Filled::Withheld(variable.to_owned()));
        }
        let Some(secret) = (grants.variable)(variable) else {
            bail!("the environment has no `{variable}` that is a text");
        };
        filled.push_str(before);
        filled.push_str(&secret);
        (rest, is_secret) = (after, true);
    }
    filled.push_str(rest);
    Ok(if is_secret { Filled::Secret(filled) } else { Filled::Plain(filled) })
}

fn is_variable(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    !name.is_empty()
        && name.chars().all(is_letter)
        && !name.starts_with(|l: char| l.is_ascii_digit())
}

/// Whether a host that was granted something is this one.
fn is_same(granted: &str, host: &str) -> bool {
    host_name(granted).is_ok_and(|granted| granted == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_written_as_addresses_have_it() {
        let name = |text| host_name(text).ok();
        assert_eq!(name("Docs.Example.ORG").as_deref(), Some("docs.example.org"));
        assert_eq!(name("bücher.example").as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(name("a.example:80").as_deref(), Some("a.example:80"));
        assert_eq!(name("127.0.0.1:8080").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(name("[::1]").as_deref(), Some("[::1]"));
        assert_eq!(name("[::1]:81").as_deref(), Some("[::1]:81"));
        for wrong in ["https://a.example", "a.example/x", "u@a.example", "", "*.a.example", " a"] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }
}
