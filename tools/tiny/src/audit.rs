//! Compares what programs ask of the kernel with what its configuration offers.
//!
//! A small kernel leaves out system calls, and not every program says so when one fails: where
//! calls with times of 32 bits are left out, musl's `sleep` returns at once. What is found in a
//! binary is what it *contains*: a program that is linked statically may never come to it.

mod aarch64;
mod arm;
mod binary;
mod calls;
mod flow;
mod instruction;
mod machine;
mod mentions;
pub(crate) mod report;
mod state;
mod table;
mod x86;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Result;
use names::Bytes;
use serde::{Deserialize, Serialize};

use crate::kernel::options::Options;
use binary::Image;
use table::Table;

#[cfg(test)]
mod tests;

/// A machine whose programs can be audited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Machine {
    /// 32-bit ARM with the EABI.
    Arm,
    /// 64-bit ARM.
    Aarch64,
    /// 64-bit x86.
    X86_64,
}

impl Machine {
    /// What the machine is called by those who build programs for it, as the crate elf says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Arm => "arm",
            Self::Aarch64 => "aarch64",
            Self::X86_64 => "x86-64",
        }
    }
}

/// How a system call fails that the kernel does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fails {
    /// Programs seldom notice.
    Silently,
    /// With `ENOSYS`, which programs usually show.
    WithError,
    /// Programs are made to go on as well without it.
    Spared,
}

/// An option that the kernel lacks, and what is missing without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Missing {
    /// The option, without `CONFIG_`.
    pub(crate) option: String,
    /// What to turn on: the option, or the one that it comes with.
    pub(crate) set: String,
    /// What it brings, for people.
    pub(crate) brings: String,
    /// The worst that happens without it.
    pub(crate) fails: Fails,
    /// Whether only a shared C library contains them, and no program asks for it by their names.
    pub(crate) only_in_c_library: bool,
    /// The system calls that are missing, the worst first.
    pub(crate) calls: Vec<Call>,
}

/// A system call that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Call {
    /// What it is called.
    pub(crate) name: String,
    /// Its number on this machine.
    pub(crate) number: u16,
    /// How it fails.
    pub(crate) fails: Fails,
    /// The binaries that contain it.
    pub(crate) binaries: Vec<Bytes>,
}

/// A path in a binary's texts that leads to what the kernel lacks: a hint, no proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Mention {
    /// The option that would bring it, without `CONFIG_`.
    pub(crate) option: String,
    /// The paths, as they stand in the texts.
    pub(crate) paths: BTreeSet<String>,
    /// The binaries that hold them.
    pub(crate) binaries: BTreeSet<Bytes>,
}

/// A binary of which not everything could be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Undecided {
    /// The binary.
    pub(crate) binary: Bytes,
    /// At how many places it asks the kernel with a number that could not be told.
    pub(crate) places: usize,
    /// The numbers of system calls that the table does not know.
    pub(crate) unknown: BTreeSet<u16>,
}

/// What came of an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Audit {
    /// The machine whose programs were looked at.
    pub(crate) machine: Machine,
    /// How many binaries were read.
    pub(crate) binaries: usize,
    /// How many different system calls they contain.
    pub(crate) calls: usize,
    /// What is missing, the worst first.
    pub(crate) missing: Vec<Missing>,
    /// What texts mention and the kernel lacks.
    pub(crate) mentions: Vec<Mention>,
    /// What could not be told.
    pub(crate) undecided: Vec<Undecided>,
    /// Binaries for other machines, and damaged ones.
    pub(crate) unread: Vec<Bytes>,
}

/// Audits programs against a kernel's configuration.
pub(crate) fn audit(
    binaries: &[(PathBuf, Vec<u8>)],
    config: &Options,
    machine: Machine,
) -> Result<Audit> {
    let table = Table::of(machine)?;
    let mut audit = Audit {
        machine,
        binaries: 0,
        calls: 0,
        missing: Vec::new(),
        mentions: Vec::new(),
        undecided: Vec::new(),
        unread: Vec::new(),
    };
    let mut contents = Vec::new();
    for (path, data) in binaries {
        match contained(data, machine, &table) {
            Some(contained) => contents.push((Bytes::of(path), contained)),
            None => audit.unread.push(Bytes::of(path)),
        }
    }
    audit.binaries = contents.len();
    let numbers = contents.iter().flat_map(|(_, contained)| &contained.calls.numbers);
    audit.calls = numbers.collect::<BTreeSet<_>>().len();
    audit.missing = missing(&contents, config, &table);
    audit.mentions = mentions(&contents, config, &table);
    audit.undecided = contents.iter().filter_map(|one| undecided(one, &table)).collect();
    Ok(audit)
}

/// What one binary contains.
struct Contained {
    calls: calls::Calls,
    mentions: BTreeSet<(usize, String)>,
    /// The names that others have to define.
    imports: BTreeSet<Vec<u8>>,
    is_c_library: bool,
}

fn contained(data: &[u8], machine: Machine, table: &Table) -> Option<Contained> {
    let image = Image::read(data).ok().flatten()?;
    if image.machine != machine {
        return None;
    }
    // A damaged table only means that nothing is known of what is asked for by name.
    let needs = elf::needs::read(data).ok();
    let soname = needs.as_ref().and_then(|needs| needs.soname.clone()).unwrap_or_default();
    Some(Contained {
        calls: calls::find(&image),
        mentions: mentions::find(&image, table.paths()),
        is_c_library: soname.starts_with(b"libc."),
        imports: needs.map(|needs| needs.imports).unwrap_or_default(),
    })
}

fn missing(contents: &[(Bytes, Contained)], config: &Options, table: &Table) -> Vec<Missing> {
    let lacking = table.options().iter().filter(|option| !config.is_on(&option.name));
    let (libraries, others): (Vec<_>, Vec<_>) =
        contents.iter().partition(|(_, contained)| contained.is_c_library);
    let libraries: BTreeSet<&Bytes> = libraries.into_iter().map(|(binary, _)| binary).collect();
    let imports = others.iter().flat_map(|(_, contained)| &contained.imports);
    let imports: BTreeSet<&[u8]> = imports.map(Vec::as_slice).collect();
    let imported = |call: &Call| imports.contains(function_of(&call.name).as_bytes());
    let mut missing: Vec<Missing> = Vec::new();
    for option in lacking {
        let mut calls: BTreeMap<u16, Call> = BTreeMap::new();
        for (binary, contained) in contents {
            for number in &contained.calls.numbers {
                let Some(name) = table.name(*number) else {
                    continue;
                };
                let Some(fails) = option.fails(table.function(name)) else {
                    continue;
                };
                let call = calls.entry(*number).or_insert_with(|| Call {
                    name: name.to_owned(),
                    number: *number,
                    fails,
                    binaries: Vec::new(),
                });
                call.fails = call.fails.min(fails);
                call.binaries.push(binary.clone());
            }
        }
        let mut calls: Vec<Call> = calls.into_values().collect();
        calls.sort_by_key(|call| (call.fails, call.number));
        let only_in_c_library = calls.iter().all(|call| {
            call.binaries.iter().all(|binary| libraries.contains(binary)) && !imported(call)
        });
        if let Some(worst) = calls.first() {
            missing.push(Missing {
                option: option.name.clone(),
                set: option.set.as_ref().unwrap_or(&option.name).clone(),
                brings: option.brings.clone(),
                fails: worst.fails,
                only_in_c_library,
                calls,
            });
        }
    }
    // The data names the weightiest options first.
    missing.sort_by_key(|one| one.fails);
    missing
}

/// The C library's function for a system call: mostly of the same name, without what says how wide
/// its numbers are.
fn function_of(call: &str) -> &str {
    let width = ["_time64", "64", "32"].into_iter().find_map(|width| call.strip_suffix(width));
    width.unwrap_or(call)
}

fn mentions(contents: &[(Bytes, Contained)], config: &Options, table: &Table) -> Vec<Mention> {
    let mut mentions: BTreeMap<&str, Mention> = BTreeMap::new();
    for (binary, contained) in contents {
        for (place, path) in &contained.mentions {
            let option = &table.paths()[*place].option;
            if config.is_on(option) {
                continue;
            }
            let mention = mentions.entry(option).or_insert_with(|| Mention {
                option: option.clone(),
                paths: BTreeSet::new(),
                binaries: BTreeSet::new(),
            });
            mention.paths.insert(path.clone());
            mention.binaries.insert(binary.clone());
        }
    }
    mentions.into_values().collect()
}

fn undecided((binary, contained): &(Bytes, Contained), table: &Table) -> Option<Undecided> {
    let numbers = contained.calls.numbers.iter().copied();
    let unknown: BTreeSet<u16> = numbers.filter(|number| table.name(*number).is_none()).collect();
    let places = contained.calls.undecided.len();
    let some = places > 0 || !unknown.is_empty();
    some.then(|| Undecided { binary: binary.clone(), places, unknown })
}
