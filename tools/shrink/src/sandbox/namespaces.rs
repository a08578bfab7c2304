//! Users and groups of a process that has a user namespace of its own.

#![expect(clippy::disallowed_methods, reason = "the kernel's files are not kept")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use exec::Program;

/// Two small files are read and one is written, also where users come over a network.
const QUESTION: Duration = Duration::from_mins(1);

/// Numbers of users or groups: the first inside, the first outside, how many.
type Range = (u64, u64, u64);

/// Gives a process that has just made its user namespace the users of this one.
///
/// Root gives all that it has. Somebody else gives itself as root, and what `/etc/subuid` grants,
/// where `newuidmap` is there; otherwise the process has only one user.
pub(crate) fn map_users(process: u32) -> Result<()> {
    if rustix::process::geteuid().is_root() {
        return map_same_users(Path::new(&format!("/proc/{process}")));
    }
    if granted("uid", process)? && granted("gid", process)? {
        return Ok(());
    }
    let write = |file: &str, text: &str| {
        let path = format!("/proc/{process}/{file}");
        fs::write(&path, text).with_context(|| format!("cannot write `{path}`"))
    };
    write("setgroups", "deny")?;
    write("uid_map", &format!("0 {} 1", rustix::process::geteuid().as_raw()))?;
    write("gid_map", &format!("0 {} 1", rustix::process::getegid().as_raw()))
}

/// Gives a process, by its directory in `/proc`, all users and groups that we have.
pub(super) fn map_same_users(process: &Path) -> Result<()> {
    map_same("uid", process)?;
    map_same("gid", process)
}

fn map_same(kind: &str, process: &Path) -> Result<()> {
    let ranges = own(kind)?.into_iter().map(|(inside, _, count)| (inside, inside, count));
    let path = process.join(format!("{kind}_map"));
    fs::write(&path, lines(ranges)).with_context(|| format!("cannot write `{}`", path.display()))
}

/// The users or groups that there are in our own namespace.
fn own(kind: &str) -> Result<Vec<Range>> {
    let path = format!("/proc/self/{kind}_map");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`"))?;
    let range = |line: &str| {
        let mut numbers = line.split_whitespace().map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    let ranges: Option<Vec<Range>> = text.lines().map(range).collect();
    ranges.filter(|ranges| !ranges.is_empty()).with_context(|| format!("cannot read `{path}`"))
}

fn lines(ranges: impl Iterator<Item = Range>) -> String {
    ranges.map(|(inside, outside, count)| format!("{inside} {outside} {count}\n")).collect()
}

/// Maps ourselves to root and what we are granted to the rest, by the program that may.
fn granted(kind: &str, process: u32) -> Result<bool> {
    let (program, file, own) = match kind {
        "uid" => ("newuidmap", "/etc/subuid", rustix::process::geteuid().as_raw()),
        _ => ("newgidmap", "/etc/subgid", rustix::process::getegid().as_raw()),
    };
    let Some((first, count)) = subordinate(Path::new(file)) else {
        return Ok(false);
    };
    let words = [0, u64::from(own), 1, 1, first, count].map(|number| number.to_string());
    if exec::find(program).is_none() {
        return Ok(false);
    }
    Program::new(program, QUESTION).arg(process.to_string()).args(words).run()?;
    Ok(true)
}

/// What a file such as `/etc/subuid` grants to this user, who stands there by name or by number.
fn subordinate(file: &Path) -> Option<(u64, u64)> {
    let number = rustix::process::geteuid().as_raw();
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(number)).ok().flatten();
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let who = fields.next()?;
        let ours = user.as_ref().is_some_and(|user| user.name == who);
        if !ours && who != number.to_string() {
            return None;
        }
        Some((fields.next()?.parse().ok()?, fields.next()?.trim().parse().ok()?))
    })
}
