//! Which files go because of what they are: policies with names, each on or off.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use names::shown;
use serde::{Deserialize, Serialize};

use crate::globs::Globs;
use crate::rootfs::inventory::{Follow, Inventory, Kind};
use crate::test::Test;

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
    /// Files that show that somebody reads what it names: where one of them is, it has to be
    /// switched on by name.
    #[serde(default)]
    unless: Vec<String>,
}

impl Policy {
    /// What becomes of it where nobody says anything: it is only on by itself where nothing that is
    /// known to read what it names is in the root.
    fn default_for(&self, inventory: &Inventory) -> Result<Switch> {
        let readers = Globs::new(&self.unless, &[])?;
        let is_read = || inventory.iter().any(|(path, _)| readers.matches(path));
        Ok(if self.default && !is_read() { Switch::Remove } else { Switch::AsNeeded })
    }
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
    pub(crate) test: Vec<Test>,
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
    /// The policies of shrink and of the user, switched as the file and the command line say, and
    /// otherwise as suits what the root holds.
    pub(crate) fn new(
        file: &PolicyFile,
        remove: &[String],
        keep: &[String],
        inventory: &Inventory,
    ) -> Result<Self> {
        let mut policies: BTreeMap<String, Policy> =
            toml::from_str(POLICIES).context("the policies that come with shrink are damaged")?;
        policies.extend(file.policy.clone());
        let switches = switches(&policies, file, remove, keep)?;
        let on = switches.iter().filter(|(_, switch)| **switch == Switch::Remove);
        let insisted = on.map(|(name, _)| name.clone()).collect();
        let mut all = Vec::new();
        for (name, policy) in policies {
            let cannot = || format!("cannot use the policy `{name}`");
            let switch = match switches.get(&name) {
                Some(switch) => *switch,
                None => policy.default_for(inventory).with_context(cannot)?,
            };
            let globs = Globs::new(&policy.paths, &policy.except).with_context(cannot)?;
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
        keep_ends(&mut removed, inventory);
        keep_places(&mut removed, inventory);
        keep_ways(&mut removed, inventory);
        removed
    }
}

/// What the user says of policies by name.
fn switches(
    policies: &BTreeMap<String, Policy>,
    file: &PolicyFile,
    remove: &[String],
    keep: &[String],
) -> Result<BTreeMap<String, Switch>> {
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
    Ok(switches)
}

/// What a link leads to stays with the link, where that is not taken away itself: who follows it
/// does not know in whose directory it ends.
fn keep_ends(removed: &mut BTreeMap<PathBuf, &str>, inventory: &Inventory) {
    let links = inventory.iter().filter(|(path, entry)| {
        matches!(entry.kind, Kind::Link(_)) && !removed.contains_key(*path)
    });
    let ends: Vec<_> = links
        .filter_map(|(path, _)| {
            inventory.resolve(Path::new(""), &Path::new("/").join(path), Follow::Last).end
        })
        .filter(|end| removed.contains_key(end))
        .collect();
    for end in ends {
        removed.remove(&end);
        for (below, _) in inventory.below(&end) {
            removed.remove(below);
        }
    }
}

/// A directory of data stays: whoever writes into it does not make it.
fn keep_places(removed: &mut BTreeMap<PathBuf, &str>, inventory: &Inventory) {
    let is_place = |path: &Path| {
        (path.starts_with("var") || path.starts_with("etc"))
            && inventory.get(path).is_some_and(|entry| entry.kind == Kind::Directory)
    };
    removed.retain(|path, _| !is_place(path));
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
