//! Decides which whole directories become links, the largest first.
//!
//! Directories are the same when every entry has the same name, kind, metadata and content, all
//! the way down. One is linked only when nothing in it leads out of it with `..`, or when that leads
//! to the same from the directory that is kept: see [`crate::closure`].

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::attributes::Known;
use crate::closure::Closure;
use crate::content::Groups;
use crate::equality::{self, Equality};
use crate::inventory::{DirectoryId, Inventory};
use crate::judge::Judge;
use crate::relative;
use crate::rules::DirectoryLinks;

/// The directories that are linked, and which directories vanish with them.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) links: Vec<DirectoryLinks>,
    /// For every directory whether it is, or lies below, one that is replaced.
    pub(crate) gone: Vec<bool>,
}

impl Chosen {
    /// No directory is linked.
    pub(crate) fn none(inventory: &Inventory) -> Self {
        Self { links: Vec::new(), gone: vec![false; inventory.directories.len()] }
    }
}

/// Chooses the directories to link.
pub(crate) fn choose(judge: Judge<'_>, groups: &Groups, known: &Known) -> Chosen {
    let Judge { inventory, wishes, .. } = judge;
    let rules = wishes.rules;
    let equality = equality::compare(judge, groups, known);
    let mut closure = Closure::of(&equality);
    let pinned = closure.passed_through();
    let mut chosen = Chosen::none(inventory);
    for same in classes(&equality, judge) {
        let alive = |id: &DirectoryId| !chosen.gone[id.0 as usize];
        let same: Vec<DirectoryId> = same.into_iter().filter(alive).collect();
        let mut may_be_linked = |replaced, kept| {
            let followed = rules.all || closure.leads_to_the_same(replaced, kept);
            followed && !pinned.contains(&replaced) && frees_something(&equality, replaced, kept)
        };
        let Some(links) = link(judge, &same, &mut may_be_linked) else {
            continue;
        };
        for replaced in &links.replaced {
            let end = inventory.directory(*replaced).end as usize;
            chosen.gone[replaced.0 as usize..end].fill(true);
        }
        chosen.links.push(links);
    }
    chosen
}

/// The linkable directories that have an equal, those with the most entries first.
fn classes(equality: &Equality, judge: Judge<'_>) -> Vec<Vec<DirectoryId>> {
    let mut by_class: BTreeMap<_, Vec<DirectoryId>> = BTreeMap::new();
    for id in equality.inventory.directory_ids() {
        let summary = equality.of(id);
        if summary.is_linkable() && summary.bytes > 0 {
            let device = equality.inventory.directory(id).device;
            let around = (judge.border(id), judge.argument(id));
            let key = (Reverse(summary.entries), summary.class, device, around);
            by_class.entry(key).or_default().push(id);
        }
    }
    by_class.into_values().filter(|same| same.len() > 1).collect()
}

/// Which of equal directories stays and which become links to it. The rules are those for files.
fn link(
    judge: Judge<'_>,
    same: &[DirectoryId],
    may_be_linked: &mut dyn FnMut(DirectoryId, DirectoryId) -> bool,
) -> Option<DirectoryLinks> {
    let Judge { inventory, wishes, .. } = judge;
    let lasting =
        same.iter().copied().filter(|id| wishes.rules.all || !judge.around(*id).transient);
    let depth = |id: DirectoryId| inventory.below_root(id).split(|&byte| byte == b'/').count();
    let kept = lasting.min_by_key(|&id| {
        let shape =
            (inventory.directory(id).parent.is_some(), depth(id), inventory.below_root(id).len());
        (!judge.is_to_be_kept(id), taken_by_texts(inventory, same, id), shape, id)
    })?;
    let replaceable = |id: &DirectoryId| {
        *id != kept
            && inventory.directory(*id).parent.is_some()
            && !has_names_elsewhere(inventory, *id)
            && may_be_linked(*id, kept)
    };
    let replaced: Vec<DirectoryId> = same.iter().copied().filter(replaceable).collect();
    (!replaced.is_empty()).then_some(DirectoryLinks { kept, replaced })
}

/// Whether a link takes less than the directory with all that is in it.
fn frees_something(equality: &Equality<'_>, replaced: DirectoryId, kept: DirectoryId) -> bool {
    let inventory = equality.inventory;
    let medium = inventory.medium(replaced);
    let summary = equality.of(replaced);
    let freed = summary.bytes + summary.entries * medium.name() + medium.directory();
    let text = relative::directory_text(inventory, replaced, kept).len();
    medium.has_room_for(text) && freed > medium.name() + medium.text(text)
}

/// What the texts of all links to `kept` take.
fn taken_by_texts(inventory: &Inventory, same: &[DirectoryId], kept: DirectoryId) -> u64 {
    let becomes_a_link =
        |id: &&DirectoryId| **id != kept && inventory.directory(**id).parent.is_some();
    let text = |id: &DirectoryId| relative::directory_text(inventory, *id, kept).len();
    same.iter().filter(becomes_a_link).map(|id| inventory.medium(*id).text(text(id))).sum()
}

/// Whether a file below has a hard link outside: taking it away would free nothing, and bring back
/// another file.
fn has_names_elsewhere(inventory: &Inventory, id: DirectoryId) -> bool {
    let mut names: HashMap<u64, u32> = HashMap::new();
    let directories = &inventory.directories[id.0 as usize..inventory.directory(id).end as usize];
    for file in
        directories.iter().flat_map(|directory| &directory.files).filter(|file| file.links > 1)
    {
        *names.entry(file.inode).or_insert(file.links) -= 1;
    }
    names.into_values().any(|missing| missing > 0)
}
