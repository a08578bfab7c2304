//! What the kernel offers: system calls by number, and the options that bring them.
//!
//! All of it is data, in `data/syscalls/`: facts of Linux 6.1.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{Fails, Machine};

const ARM: &str = include_str!("../../data/syscalls/arm.toml");
const AARCH64: &str = include_str!("../../data/syscalls/aarch64.toml");
const X86_64: &str = include_str!("../../data/syscalls/x86-64.toml");
const OPTIONS: &str = include_str!("../../data/syscalls/options.toml");

/// What the kernel offers on a machine.
#[derive(Debug)]
pub(super) struct Table {
    names: BTreeMap<u16, String>,
    served_by: BTreeMap<String, String>,
    knowledge: Knowledge,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Numbers {
    numbers: BTreeMap<String, u16>,
    served_by: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Knowledge {
    option: Vec<Bringing>,
    path: Vec<Leading>,
}

/// An option, and the system calls that are missing without it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Bringing {
    pub(super) name: String,
    /// What to turn on where the option comes with another one.
    pub(super) set: Option<String>,
    pub(super) brings: String,
    #[serde(default)]
    silent: Vec<String>,
    #[serde(default)]
    fails: Vec<String>,
    #[serde(default)]
    spared: Vec<String>,
}

impl Bringing {
    /// How a call fails without the option, where it does.
    pub(super) fn fails(&self, function: &str) -> Option<Fails> {
        let kinds = [
            (&self.silent, Fails::Silently),
            (&self.fails, Fails::WithError),
            (&self.spared, Fails::Spared),
        ];
        let among = |names: &[String]| names.iter().any(|name| name == function);
        kinds.into_iter().find(|(names, _)| among(names)).map(|(_, fails)| fails)
    }
}

/// A path by which programs open what an option brings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Leading {
    pub(super) begins: String,
    pub(super) option: String,
    /// Whether a digit has to follow: `/dev/tty` alone is no virtual terminal.
    #[serde(default)]
    pub(super) digit: bool,
}

impl Table {
    /// Reads what is known of a machine.
    pub(super) fn of(machine: Machine) -> Result<Self> {
        let text = match machine {
            Machine::Arm => ARM,
            Machine::Aarch64 => AARCH64,
            Machine::X86_64 => X86_64,
        };
        let Numbers { numbers, served_by } =
            toml::from_str(text).context("cannot read tiny's own table of system calls")?;
        let knowledge =
            toml::from_str(OPTIONS).context("cannot read tiny's own table of kernel options")?;
        let names = numbers.into_iter().map(|(name, number)| (number, name)).collect();
        Ok(Self { names, served_by, knowledge })
    }

    /// What a system call is called.
    pub(super) fn name(&self, number: u16) -> Option<&str> {
        self.names.get(&number).map(String::as_str)
    }

    /// The kernel's function behind a system call.
    pub(super) fn function<'table>(&'table self, name: &'table str) -> &'table str {
        self.served_by.get(name).map_or(name, String::as_str)
    }

    pub(super) fn options(&self) -> &[Bringing] {
        &self.knowledge.option
    }

    pub(super) fn paths(&self) -> &[Leading] {
        &self.knowledge.path
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_function_of_an_option_serves_a_call_on_some_machine() {
        let mut served = BTreeSet::new();
        for machine in [Machine::Arm, Machine::Aarch64, Machine::X86_64] {
            let table = Table::of(machine).expect("the tables are right");
            served.extend(table.names.values().map(|name| table.function(name).to_owned()));
        }
        let table = Table::of(Machine::Arm).expect("the tables are right");
        for option in table.options() {
            for function in [&option.silent, &option.fails, &option.spared] {
                for function in function {
                    assert!(served.contains(function), "{}: {function}", option.name);
                }
            }
        }
    }

    #[test]
    fn a_call_of_arm_with_times_of_32_bits_says_so_by_its_function() {
        let table = Table::of(Machine::Arm).expect("the tables are right");
        assert_eq!(table.name(162), Some("nanosleep"));
        assert_eq!(table.function("nanosleep"), "nanosleep_time32");
        assert_eq!(table.function("clock_nanosleep_time64"), "clock_nanosleep");
    }
}
