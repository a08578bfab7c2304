//! Every dependency has a licence that goes together with ours, and comes from where all come from.
//!
//! Which licences these are is data, `deny.toml`, in the form of cargo-deny: that program takes
//! minutes to compile on a fresh machine, so what it would say of licences and origins is said here
//! at every test.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;
use spdx::{Expression, ParseMode};

use super::Breach;
use crate::commands;
use crate::workspace::Workspace;

/// Where the licences are listed.
const LIST: &str = "deny.toml";

/// The part of the list that this rule reads.
#[derive(Debug, Deserialize)]
struct List {
    licenses: Licences,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: BTreeSet<String>,
    exceptions: Vec<Exception>,
}

/// A crate that may have licences besides.
#[derive(Debug, Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: BTreeSet<String>,
}

/// What cargo says of all packages.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Clone, Deserialize)]
struct Package {
    name: String,
    license: Option<String>,
    /// Where it comes from: nowhere, where it is our own.
    source: Option<String>,
}

/// The dependencies that break the rule, and the exceptions that nobody needs.
pub(super) fn breaches(workspace: &Workspace) -> Result<Vec<Breach>> {
    let text = fs::read_to_string(workspace.root.join(LIST))
        .with_context(|| format!("cannot read `{LIST}`"))?;
    let list: List = toml::from_str(&text).with_context(|| format!("cannot read `{LIST}`"))?;
    let mut cargo = commands::cargo(&workspace.root);
    // Not offline: a new machine has fetched nothing yet, least of all what other systems need.
    let metadata = commands::output(cargo.args(["metadata", "--format-version=1", "--locked"]))?;
    let metadata: Metadata =
        serde_json::from_str(&metadata).context("cannot understand what `cargo metadata` says")?;
    Ok(judged(&list, &metadata.packages))
}

fn judged(list: &List, packages: &[Package]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let foreign = || packages.iter().filter(|package| package.source.is_some());
    for package in foreign() {
        let wrong = wrong_licence(&list.licenses, package).or(wrong_source(&list.sources, package));
        if let Some(what) = wrong {
            breaches.push(Breach { place: LIST.to_owned(), what });
        }
    }
    for exception in &list.licenses.exceptions {
        if !foreign().any(|package| package.name == exception.name) {
            let what = format!("nothing depends on `{}` any more", exception.name);
            breaches.push(Breach { place: LIST.to_owned(), what });
        }
    }
    breaches
}

fn wrong_licence(licences: &Licences, package: &Package) -> Option<String> {
    let name = &package.name;
    let Some(licence) = &package.license else {
        return Some(format!("`{name}` names no licence"));
    };
    let exceptions = || licences.exceptions.iter().filter(|one| one.name == *name);
    let is_allowed = |licence: &str| {
        licences.allow.contains(licence) || exceptions().any(|one| one.allow.contains(licence))
    };
    // Older crates part their licences by a slash.
    let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else {
        return Some(format!("`{name}`: what is the licence `{licence}`?"));
    };
    let is_right = expression.evaluate(|one| is_allowed(&one.to_string()));
    (!is_right).then(|| format!("`{name}` has the licence `{licence}`, which is not on the list"))
}

fn wrong_source(sources: &Sources, package: &Package) -> Option<String> {
    let source = package.source.as_deref()?;
    let place = source.split_once('+').map_or(source, |(_, place)| place);
    let is_right = sources.allow_registry.contains(place);
    (!is_right).then(|| format!("`{}` comes from `{source}`", package.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRATES: &str = "registry+https://crates.io";

    fn list() -> List {
        toml::from_str(
            r#"
            [licenses]
            allow = ["MIT", "ISC"]
            exceptions = [{ crate = "ring", allow = ["Apache-2.0"] }]
            [sources]
            allow-registry = ["https://crates.io"]
            "#,
        )
        .expect("a list")
    }

    fn package(name: &str, terms: &str) -> Package {
        let (name, license) = (name.to_owned(), Some(terms.to_owned()));
        Package { name, license, source: Some(CRATES.to_owned()) }
    }

    fn found(package: Package) -> Vec<String> {
        let ring = self::package("ring", "Apache-2.0 AND ISC");
        judged(&list(), &[ring, package]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn of_a_choice_one_licence_is_enough() {
        assert!(found(package("libc", "MIT OR Apache-2.0")).is_empty());
        assert!(found(package("fnv", "Apache-2.0 / MIT")).is_empty());
    }

    #[test]
    fn a_licence_that_is_not_on_the_list_is_found() {
        assert_eq!(
            found(package("moka", "(MIT OR Apache-2.0) AND Apache-2.0")),
            ["deny.toml: `moka` has the licence `(MIT OR Apache-2.0) AND Apache-2.0`, which is \
                 not on the list"]
        );
        assert_eq!(
            found(Package { license: None, ..package("secret", "") }),
            ["deny.toml: `secret` names no licence"]
        );
    }

    #[test]
    fn a_dependency_from_elsewhere_is_found() {
        let source = Some("git+https://example.org/libc".to_owned());
        assert_eq!(
            found(Package { source, ..package("libc", "MIT") }),
            ["deny.toml: `libc` comes from `git+https://example.org/libc`"]
        );
    }

    #[test]
    fn an_exception_that_nobody_needs_is_found() {
        let breaches = judged(&list(), &[package("libc", "MIT")]);
        assert_eq!(breaches[0].to_string(), "deny.toml: nothing depends on `ring` any more");
    }
}
