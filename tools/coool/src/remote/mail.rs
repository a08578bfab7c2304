//! Looks whether mail can reach somebody: how the address is written, and who takes mail for it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::verdict::Verdict;

use super::Answer;
use super::names::{NameError, Names};
use super::request::{Errand, Step};

/// What is known of domains.
#[derive(Default)]
pub(super) struct Domains {
    known: Mutex<HashMap<String, Arc<OnceCell<Answer>>>>,
}

/// All addresses of a `mailto:` must be in order.
pub(super) async fn step(
    errand: Errand,
    addresses: &[String],
    domains: &Domains,
    names: &Names,
) -> Step {
    if addresses.is_empty() {
        return Step::Done(errand, Answer::of(Verdict::Ok, ""));
    }
    let mut worst = Answer::of(Verdict::Ok, "");
    for address in addresses {
        let answer = match domain(address) {
            Ok(domain) => domains.look_up(&domain, names).await,
            Err(why) => Answer::of(Verdict::Broken, format!("`{address}` {why}")),
        };
        if rank(answer.verdict) > rank(worst.verdict) {
            worst = answer;
        }
    }
    if worst.verdict == Verdict::Unchecked {
        return Step::Later(errand, worst);
    }
    Step::Done(errand, worst)
}

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ok | Verdict::Redirected => 0,
        Verdict::Doubtful => 1,
        Verdict::Unchecked => 2,
        Verdict::Broken => 3,
    }
}

impl Domains {
    async fn look_up(&self, domain: &str, names: &Names) -> Answer {
        let cell = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(domain.to_ascii_lowercase()).or_default())
        };
        let settled = || async {
            let answer = takes_mail(domain, names).await;
            // What the name server did not say now, it may say later.
            if answer.verdict == Verdict::Unchecked { Err(answer) } else { Ok(answer) }
        };
        cell.get_or_try_init(settled).await.cloned().unwrap_or_else(|unknown| unknown)
    }
}

/// RFC 5321, section 5.1: the mail exchangers, and where there are none, the host itself.
async fn takes_mail(domain: &str, names: &Names) -> Answer {
    let broken = |reason: String| Answer::of(Verdict::Broken, reason);
    match names.exchangers(domain).await {
        Ok(exchangers) if exchangers.iter().any(|name| name == ".") => {
            broken(format!("`{domain}` says that it takes no mail"))
        }
        Ok(exchangers) if !exchangers.is_empty() => are_there(domain, &exchangers, names).await,
        Ok(_) => match names.addresses(domain).await {
            Ok(_) => Answer::of(Verdict::Ok, ""),
            Err(NameError::NoSuchHost | NameError::Refused) => {
                broken(format!("nobody takes mail for `{domain}`"))
            }
            Err(error) => unknown(domain, &error),
        },
        Err(NameError::NoSuchHost) => broken(format!("there is no domain `{domain}`")),
        Err(error) => unknown(domain, &error),
    }
}

/// One of the exchangers has to be there. More than a few are not asked for.
async fn are_there(domain: &str, exchangers: &[String], names: &Names) -> Answer {
    const MOST: usize = 8;
    let mut trouble = None;
    for exchanger in exchangers.iter().take(MOST) {
        match names.addresses(exchanger).await {
            Ok(_) | Err(NameError::Refused) => return Answer::of(Verdict::Ok, ""),
            Err(NameError::NoSuchHost) => {}
            Err(error) => trouble = Some(error),
        }
    }
    match trouble {
        Some(error) => unknown(domain, &error),
        None if exchangers.len() > MOST => Answer::of(Verdict::Ok, ""),
        None => {
            let host = exchangers[0].trim_end_matches('.');
            let reason = format!("`{host}` takes mail for `{domain}`, and there is no such host");
            Answer::of(Verdict::Broken, reason)
        }
    }
}

fn unknown(domain: &str, error: &NameError) -> Answer {
    Answer::of(Verdict::Unchecked, format!("who takes mail for `{domain}` is not known: {error}"))
}

/// The domain of an address that is written as RFC 5321, section 4.1.2, wants it; otherwise what is
/// wrong.
fn domain(address: &str) -> Result<String, &'static str> {
    let address = address.trim();
    // `Name <name@example.org>` is often seen, though RFC 6068 does not allow it.
    let address = match (address.rfind('<'), address.ends_with('>')) {
        (Some(start), true) => &address[start + 1..address.len() - 1],
        _ => address,
    };
    let (local, domain) = address.rsplit_once('@').ok_or("has no `@`")?;
    let is_quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    if local.is_empty() {
        return Err("names nobody before the `@`");
    }
    if local.len() > 64 {
        return Err("is longer before the `@` than mail allows");
    }
    let is_atom = |letter: char| {
        letter.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter) || !letter.is_ascii()
    };
    if !is_quoted && !local.chars().all(is_atom) {
        return Err("has a character before the `@` that mail does not allow");
    }
    if !is_quoted && (local.starts_with('.') || local.ends_with('.') || local.contains("..")) {
        return Err("has a dot before the `@` where mail does not allow one");
    }
    host(domain).map(str::to_owned).ok_or("names no proper domain")
}

fn host(domain: &str) -> Option<&str> {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address = literal.strip_prefix("IPv6:").unwrap_or(literal);
        return address.parse::<IpAddr>().is_ok().then_some(address);
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    let fits = domain.len() <= 253 && domain.contains('.');
    (fits && domain.split('.').all(is_label)).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_must_be_one() {
        for good in [
            "a@example.org",
            "a.b+c@mail.example.org",
            "\"a b\"@example.org",
            "Ann <ann@example.org>",
            "zoë@exämple.org",
        ] {
            assert!(domain(good).is_ok(), "{good}");
        }
        for bad in [
            "example.org",
            "@example.org",
            "a@",
            "a..b@example.org",
            "a b@example.org",
            "a@localhost",
            "a@-x.org",
            "a@b..c",
        ] {
            assert!(domain(bad).is_err(), "{bad}");
        }
    }
}
