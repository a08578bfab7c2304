//! Techniques that make a system smaller or quicker to start: data, each with a name.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::kernel::options::Options;

/// The techniques that come with tiny.
const TECHNIQUES: &str = include_str!("../data/techniques.toml");

/// A technique.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Technique {
    /// What it is called.
    #[serde(skip)]
    pub(crate) name: String,
    /// What it does, for people.
    pub(crate) says: String,
    /// Options of the kernel that it sets.
    #[serde(default)]
    pub(crate) options: Options,
    /// Words that it adds to the kernel's command line.
    #[serde(default)]
    pub(crate) command_line: String,
    /// What tiny itself does.
    pub(crate) step: Option<Step>,
    /// The architecture, as the kernel calls it, that it is for; otherwise it is for all.
    pub(crate) architecture: Option<String>,
    /// Changes of the kernel's sources.
    #[serde(default, rename = "edit")]
    pub(crate) edits: Vec<Edit>,
}

/// A change of a source file of the kernel: a text takes the place of another wherever that stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Edit {
    /// The file, below the sources.
    pub(crate) file: String,
    /// What stands there.
    pub(crate) find: String,
    /// What is to stand there.
    pub(crate) replace: String,
}

/// What a technique does beyond the kernel's options and its command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    /// Symbols and debugging information of programs go.
    Strip,
    /// What the kernel and the loader never read of programs goes.
    SuperStrip,
    /// Identical files become one.
    ShareDuplicates,
    /// The loops per jiffy of one boot are put into the next.
    PresetLoops,
}

/// All techniques, in the order of their names.
pub(crate) fn all() -> Result<Vec<Technique>> {
    let techniques: BTreeMap<String, Technique> =
        toml::from_str(TECHNIQUES).context("the techniques that come with tiny are damaged")?;
    Ok(techniques.into_iter().map(|(name, technique)| Technique { name, ..technique }).collect())
}

impl Technique {
    /// Whether it can be used for an architecture.
    pub(crate) fn is_for(&self, architecture: &str) -> bool {
        self.architecture.as_deref().is_none_or(|only| only == architecture)
    }
}

/// The technique with this name.
pub(crate) fn named(name: &str) -> Result<Technique> {
    let all = all()?;
    let known: Vec<_> = all.iter().map(|technique| technique.name.clone()).collect();
    match all.into_iter().find(|technique| technique.name == name) {
        Some(technique) => Ok(technique),
        None => bail!("there is no technique `{name}`: there are {}", known.join(", ")),
    }
}
