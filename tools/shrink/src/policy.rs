//! Which files go because of what they are: policies with names, each on or off.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use names::shown;
use serde::{Deserialize, Serialize};

use crate::rootfs::inventory::Inventory;

/// The policies that come with shrink.
const POLICIES: &str = include_str!("../data/policies.toml");

/// A policy: what goes, and why nobody should miss it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Policy {
    /// What it takes away, for people.
    pub(crate) says: String,
    /// Whether it is on without being asked for.
    #[serde(default)]
    default: bool,
    paths: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
}

/// What a user's policy file may hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PolicyFile {
    /// Policies to switch on or off.
    #[serde(default)]
    pub(crate) remove: BTreeMap<String, bool>,
    /// Policies of the user's own.
    #[serde(default)]
    pub(crate) policy: BTreeMap<String, Policy>,
    /// Programs that stay whole, as with --keep.
    #[serde(default)]
    pub(crate) keep: Vec<PathBuf>,
    /// What stays although nothing needs it: globs.
    #[serde(default)]
    pub(crate) keep_paths: Vec<String>,
    /// Tests, as with --test, but with more to say.
    #[serde(default)]
    pub(crate) test: Vec<crate::prove::Test>,
}

impl PolicyFile {
    pub(crate) fn read(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the policy file `{}`", shown(path)))?;
        toml::from_str(&text).with_context(|| {
            ui::hinted(
                &format!("cannot use the policy file `{}`", shown(path)),
                "docs/shrink.md says what it may hold",
            )
        })
    }
}

/// What the user wants to become of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Switch {
    /// What it names goes.
    Remove,
    /// What it names stays only if something needs it: the default of what is not removed.
    AsNeeded,
    /// What it names stays.
    Keep,
}

/// All policies with their switches.
#[derive(Debug)]
pub(crate) struct Policies {
    all: Vec<(String, Policy, Switch, Globs)>,
    protected: Globs,
    insisted: BTreeSet<String>,
}

impl Policies {
    /// The policies of shrink and of the user, switched as the file and the command line say.
    pub(crate) fn new(file: &PolicyFile, remove: &[String], keep: &[String]) -> Result<Self> {
        let mut policies: BTreeMap<String, Policy> =
            toml::from_str(POLICIES).context("the policies that come with shrink are damaged")?;
        policies.extend(file.policy.clone());
        let asked = file.remove.iter().map(|(name, remove)| (name, *remove));
        let asked = asked
            .chain(remove.iter().map(|name| (name, true)))
            .chain(keep.iter().map(|name| (name, false)));
        let mut switches = BTreeMap::new();
        for (name, remove) in asked {
            if !policies.contains_key(name) {
                let known: Vec<_> = policies.keys().map(String::as_str).collect();
                bail!(ui::hinted(
                    &format!("there is no policy `{name}`"),
                    format!("the policies are {}", known.join(", "))
                ));
            }
            switches.insert(name.clone(), if remove { Switch::Remove } else { Switch::Keep });
        }
        let on = switches.iter().filter(|(_, switch)| **switch == Switch::Remove);
        let insisted = on.map(|(name, _)| name.clone()).collect();
        let mut all = Vec::new();
        for (name, policy) in policies {
            let default = if policy.default { Switch::Remove } else { Switch::AsNeeded };
            let switch = switches.get(&name).copied().unwrap_or(default);
            let globs = Globs::new(&policy.paths, &policy.except)
                .with_context(|| format!("cannot use the policy `{name}`"))?;
            all.push((name, policy, switch, globs));
        }
        Ok(Self { all, protected: Globs::new(&file.keep_paths, &[])?, insisted })
    }

    /// The policies that the user switched on by name.
    pub(crate) fn insisted(&self) -> &BTreeSet<String> {
        &self.insisted
    }

    /// Names, descriptions and switches.
    pub(crate) fn list(&self) -> impl Iterator<Item = (&str, &str, Switch)> {
        self.all.iter().map(|(name, policy, switch, _)| (name.as_str(), &*policy.says, *switch))
    }

    /// Which policy a path falls under, and what is to become of it.
    pub(crate) fn of(&self, path: &Path) -> Option<(&str, Switch)> {
        let found = self.all.iter().find(|(_, _, _, globs)| globs.matches(path));
        found.map(|(name, _, switch, _)| (name.as_str(), *switch))
    }

    /// Whether a path stays whatever else is said.
    pub(crate) fn protects(&self, path: &Path) -> bool {
        self.protected.matches(path)
            || self.of(path).is_some_and(|(_, switch)| switch == Switch::Keep)
    }

    /// What policies take away: paths with the policy's name. Directories go when they become empty
    /// by it.
    pub(crate) fn removed<'a>(&'a self, inventory: &Inventory) -> BTreeMap<PathBuf, &'a str> {
        let mut removed = BTreeMap::new();
        for (path, _) in inventory.iter() {
            if let Some((name, Switch::Remove)) = self.of(path)
                && !self.protects(path)
            {
                removed.insert(path.to_owned(), name);
            }
        }
        keep_ways(&mut removed, inventory);
        removed
    }
}

/// A directory stays with what stays in it.
fn keep_ways(removed: &mut BTreeMap<PathBuf, &str>, inventory: &Inventory) {
    for (path, _) in inventory.iter() {
        if removed.contains_key(path) {
            continue;
        }
        for directory in path.ancestors().skip(1) {
            removed.remove(directory);
        }
    }
}

/// Globs for paths below the root; `*` stays in its directory, `**` does not.
#[derive(Debug)]
pub(crate) struct Globs {
    paths: GlobSet,
    except: GlobSet,
}

impl Globs {
    pub(crate) fn new(paths: &[String], except: &[String]) -> Result<Self> {
        Ok(Self { paths: set(paths)?, except: set(except)? })
    }

    pub(crate) fn matches(&self, path: &Path) -> bool {
        self.paths.is_match(path) && !self.except.is_match(path)
    }
}

fn set(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
        let glob = GlobBuilder::new(pattern).literal_separator(true).empty_alternates(true).build();
        set.add(glob.with_context(|| format!("`{pattern}` is no glob"))?);
    }
    Ok(set.build()?)
}
