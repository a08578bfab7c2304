//! A test, as the command line or a policy file describes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A command that must come to the same in the small root.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Test {
    /// The command, for the root's shell.
    pub(crate) run: String,
    /// What it reads on standard input.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) input: String,
    /// Variables of its environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) environment: BTreeMap<String, String>,
    /// A command of this machine that talks to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<String>,
    /// The port that is listened to when the client may start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// Seconds after which it is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u64>,
}

impl Test {
    /// A test that is only a command.
    pub(crate) fn of(command: &str) -> Self {
        Self { run: command.to_owned(), ..Self::default() }
    }
}
