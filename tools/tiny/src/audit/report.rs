//! An audit as a text for people: what matters first, and what does not in a line.

use names::{Bytes, shown, shown_text};

use super::{Audit, Call, Fails, Mention, Missing, Undecided};

/// More binaries than these are counted instead of named.
const NAMED: usize = 3;

/// The report.
pub(crate) fn text(audit: &Audit) -> String {
    let mut text = format!(
        "audit: {} {}, used or not\n",
        counted(audit.binaries, "binary contains", "binaries contain"),
        counted(audit.calls, "system call", "system calls"),
    );
    let (spared, wanted): (Vec<&Missing>, Vec<&Missing>) =
        audit.missing.iter().partition(|one| one.fails == Fails::Spared);
    // Every program that uses the library may come to what fails silently.
    let (idle, wanted): (Vec<&Missing>, Vec<&Missing>) =
        wanted.into_iter().partition(|one| one.only_in_c_library && one.fails == Fails::WithError);
    text.extend(wanted.iter().map(|missing| option(missing)));
    if wanted.is_empty() {
        text.push_str("nothing that they seem to need is missing from the kernel\n");
    }
    text.push_str(&also_off("in the C library only, where no program asks for it by name", &idle));
    text.push_str(&also_off("done without", &spared));
    if !audit.mentions.is_empty() {
        text.push_str("paths in texts, which may be used or not:\n");
        text.extend(audit.mentions.iter().map(mention));
    }
    text.extend(audit.undecided.iter().map(undecided));
    if !audit.unread.is_empty() {
        text.push_str(&format!("not read: {}\n", listed(audit.unread.iter())));
    }
    text
}

fn also_off(why: &str, missing: &[&Missing]) -> String {
    if missing.is_empty() {
        return String::new();
    }
    let options: Vec<&str> = missing.iter().map(|one| one.option.as_str()).collect();
    format!("also off, and {why}: {}\n", options.join(", "))
}

fn option(missing: &Missing) -> String {
    let mut text = format!("CONFIG_{} is off: {}\n", missing.option, missing.brings);
    for (fails, how) in [
        (Fails::Silently, "fail, and programs seldom notice"),
        (Fails::WithError, "fail with ENOSYS"),
    ] {
        let calls: Vec<&Call> = missing.calls.iter().filter(|call| call.fails == fails).collect();
        if calls.is_empty() {
            continue;
        }
        let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
        text.push_str(&format!("  {how}: {}\n", names.join(", ")));
        let mut binaries: Vec<&Bytes> = calls.iter().flat_map(|call| &call.binaries).collect();
        binaries.sort_unstable();
        binaries.dedup();
        text.push_str(&format!("    in {}\n", listed(binaries.into_iter())));
    }
    if missing.set != missing.option {
        text.push_str(&format!("  it comes with CONFIG_{}\n", missing.set));
    }
    text
}

fn mention(mention: &Mention) -> String {
    let paths: Vec<String> =
        mention.paths.iter().take(NAMED).map(|path| shown_text(path)).collect();
    let more = mention.paths.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "  CONFIG_{} is off: {}{more}, in {}\n",
        mention.option,
        paths.join(", "),
        listed(mention.binaries.iter()),
    )
}

fn undecided(undecided: &Undecided) -> String {
    let binary = shown(undecided.binary.as_path());
    let mut text = String::new();
    if undecided.places > 0 {
        let places = counted(undecided.places, "place", "places");
        text.push_str(&format!("{binary}: which system call {places} ask for is unknown\n"));
    }
    if !undecided.unknown.is_empty() {
        let numbers: Vec<String> = undecided.unknown.iter().map(u16::to_string).collect();
        text.push_str(&format!("{binary}: Linux 6.1 has no system call {}\n", numbers.join(", ")));
    }
    text
}

fn listed<'names>(names: impl ExactSizeIterator<Item = &'names Bytes>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let first: Vec<String> = names.take(NAMED).map(|name| shown(name.as_path())).collect();
    if more > 0 { format!("{} and {more} more", first.join(", ")) } else { first.join(", ") }
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
