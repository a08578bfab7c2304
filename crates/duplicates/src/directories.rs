//! Decides which whole directories become links, the largest first.
//!
//! Directories are the same when every entry has the same name, kind, metadata and content, all
//! the way down. One is linked only when nothing in it reaches out of it with `..`: behind a link
//! that would lead elsewhere.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::attributes::AttributesId;
use crate::content::Groups;
use crate::inventory::{Directory, DirectoryId, File, FileId, Inventory};
use crate::nature::ANYWHERE;
use crate::plan::{DirectoryLinks, Rules};
use crate::relative;
use crate::surroundings::{Protected, Surroundings};

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
pub(crate) fn choose(
    inventory: &Inventory,
    groups: &Groups,
    surroundings: &[Surroundings],
    capable: &[AttributesId],
    rules: Rules,
) -> Chosen {
    let contents = Contents::of(inventory, groups);
    let summaries =
        Comparison { inventory, contents, groups, surroundings, capable, rules }.summaries();
    let mut chosen = Chosen::none(inventory);
    for same in classes(inventory, &summaries) {
        let alive = |id: &DirectoryId| !chosen.gone[id.0 as usize];
        let same: Vec<DirectoryId> = same.into_iter().filter(alive).collect();
        let Some(links) = link(inventory, surroundings, &same) else { continue };
        for replaced in &links.replaced {
            let end = inventory.directory(*replaced).end as usize;
            chosen.gone[replaced.0 as usize..end].fill(true);
        }
        chosen.links.push(links);
    }
    chosen
}

/// The linkable directories that have an equal, those with the most entries first.
fn classes(inventory: &Inventory, summaries: &[Summary]) -> Vec<Vec<DirectoryId>> {
    let mut by_class: BTreeMap<(Reverse<u64>, u32, u64), Vec<DirectoryId>> = BTreeMap::new();
    for id in inventory.directory_ids() {
        let summary = summaries[id.0 as usize];
        if let Some(class) = summary.class.filter(|_| summary.reach == 0 && summary.bytes > 0) {
            let key = (Reverse(summary.entries), class, inventory.directory(id).device);
            by_class.entry(key).or_default().push(id);
        }
    }
    by_class.into_values().filter(|same| same.len() > 1).collect()
}

/// Which of equal directories stays and which become links to it. The rules are those for files.
fn link(
    inventory: &Inventory,
    surroundings: &[Surroundings],
    same: &[DirectoryId],
) -> Option<DirectoryLinks> {
    let lasting = same.iter().copied().filter(|id| !surroundings[id.0 as usize].transient);
    let depth = |id: DirectoryId| inventory.below_root(id).split(|&byte| byte == b'/').count();
    let kept = lasting.min_by_key(|&id| {
        let shape =
            (inventory.directory(id).parent.is_some(), depth(id), inventory.below_root(id).len());
        (long_texts(inventory, same, id), shape, id)
    })?;
    let replaceable = |id: DirectoryId| {
        id != kept
            && inventory.directory(id).parent.is_some()
            && !has_names_elsewhere(inventory, id)
    };
    let replaced: Vec<DirectoryId> = same.iter().copied().filter(|&id| replaceable(id)).collect();
    (!replaced.is_empty()).then_some(DirectoryLinks { kept, replaced })
}

fn long_texts(inventory: &Inventory, same: &[DirectoryId], kept: DirectoryId) -> usize {
    let is_long = |id: &&DirectoryId| {
        let room = inventory.root_of(**id).file_system.inline_link;
        **id != kept
            && inventory.directory(**id).parent.is_some()
            && relative::directory_text(inventory, **id, kept).len() > room
    };
    same.iter().filter(is_long).count()
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

/// What the comparison says of a directory and all below it.
#[derive(Debug, Clone, Copy, Default)]
struct Summary {
    /// Equal directories have equal numbers; one that cannot have an equal has none.
    class: Option<u32>,
    /// How far out of the directory something in it reaches.
    reach: u8,
    /// Files, links and directories.
    entries: u64,
    bytes: u64,
}

struct Comparison<'all> {
    inventory: &'all Inventory,
    contents: Contents,
    groups: &'all Groups,
    surroundings: &'all [Surroundings],
    capable: &'all [AttributesId],
    rules: Rules,
}

impl Comparison<'_> {
    /// From the deepest directories up.
    fn summaries(&self) -> Vec<Summary> {
        let inventory = self.inventory;
        let mut classes: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut summaries = vec![Summary::default(); inventory.directories.len()];
        let mut children: Vec<Vec<DirectoryId>> = vec![Vec::new(); inventory.directories.len()];
        for id in inventory.directory_ids() {
            if let Some(parent) = inventory.directory(id).parent {
                children[parent.0 as usize].push(id);
            }
        }
        for id in inventory.directory_ids().rev() {
            let inside = &children[id.0 as usize];
            let summary = self.summary(id, inside, &summaries, &mut classes);
            summaries[id.0 as usize] = summary.unwrap_or_default();
        }
        summaries
    }

    /// None where the directory cannot have an equal, or must not be linked.
    fn summary(
        &self,
        id: DirectoryId,
        inside: &[DirectoryId],
        summaries: &[Summary],
        classes: &mut HashMap<Vec<u8>, u32>,
    ) -> Option<Summary> {
        let directory = self.inventory.directory(id);
        if directory.incomparable || self.is_protected(id) {
            return None;
        }
        let mut signature = Vec::new();
        let mut summary = Summary { entries: 1, ..Summary::default() };
        self.sign(
            &mut signature,
            (directory.mode, directory.owner, directory.group, directory.attributes),
        );
        for (index, file) in (0..).zip(&directory.files) {
            let file_id = FileId { directory: id, index };
            let content = self.contents.number(file_id)?;
            self.sign_file(&mut signature, file_id, file, content)?;
            summary.reach = summary.reach.max(self.reach(content));
            summary.entries += 1;
            summary.bytes += file.sectors * 512;
        }
        sign_links(&mut signature, directory);
        let climbs = directory.links.iter().map(|link| climb(&link.text));
        summary.reach = summary.reach.max(climbs.max().unwrap_or(0));
        summary.entries += directory.links.len() as u64;
        for &child in inside {
            let below = summaries[child.0 as usize];
            sign_name(&mut signature, b'd', &self.inventory.directory(child).name);
            signature.extend_from_slice(&below.class?.to_le_bytes());
            let reach =
                if below.reach == ANYWHERE { ANYWHERE } else { below.reach.saturating_sub(1) };
            summary.reach = summary.reach.max(reach);
            summary.entries += below.entries;
            summary.bytes += below.bytes;
        }
        let next = u32::try_from(classes.len()).ok()?;
        summary.class = Some(*classes.entry(signature).or_insert(next));
        Some(summary)
    }

    fn is_protected(&self, id: DirectoryId) -> bool {
        match self.surroundings[id.0 as usize].protected {
            None => false,
            Some(Protected::PackageDatabase) => true,
            Some(_) => !self.rules.all,
        }
    }

    /// Adds what makes a file the same as another one; None for one that must not be linked.
    fn sign_file(
        &self,
        signature: &mut Vec<u8>,
        id: FileId,
        file: &File,
        content: u32,
    ) -> Option<()> {
        const SETUID_OR_SETGID: u16 = 0o6000;
        let attributes = self.contents.attributes(id);
        if file.mode & SETUID_OR_SETGID != 0 || self.capable.contains(&attributes) {
            return None;
        }
        sign_name(signature, b'f', self.inventory.name_bytes(id));
        signature.extend_from_slice(&content.to_le_bytes());
        self.sign(signature, (file.mode, file.owner, file.group, attributes));
        Some(())
    }

    fn sign(
        &self,
        signature: &mut Vec<u8>,
        (mode, owner, group, attributes): (u16, u32, u32, AttributesId),
    ) {
        if self.rules.ignore_metadata || self.rules.all {
            return;
        }
        signature.extend_from_slice(&mode.to_le_bytes());
        signature.extend_from_slice(&owner.to_le_bytes());
        signature.extend_from_slice(&group.to_le_bytes());
        signature.extend_from_slice(&attributes.to_bytes());
    }

    fn reach(&self, content: u32) -> u8 {
        let group = content
            .checked_sub(FIRST_GROUP)
            .and_then(|number| self.groups.all.get(number as usize));
        group.map_or(0, |group| if self.rules.all { 0 } else { group.nature.reach })
    }
}

/// Names end with a slash in a signature: they cannot hold one.
fn sign_name(signature: &mut Vec<u8>, kind: u8, name: &[u8]) {
    signature.push(kind);
    signature.extend_from_slice(name);
    signature.push(b'/');
}

fn sign_links(signature: &mut Vec<u8>, directory: &Directory) {
    for link in &directory.links {
        sign_name(signature, b'l', &link.name);
        signature.extend_from_slice(&link.text);
        // No text of a link holds a zero byte.
        signature.push(0);
        signature.extend_from_slice(&link.owner.to_le_bytes());
        signature.extend_from_slice(&link.group.to_le_bytes());
    }
}

/// How far up a link may lead: as many steps as it has `..`, for a name before one may be a link
/// itself. An absolute link leads to the same place from everywhere.
fn climb(text: &[u8]) -> u8 {
    if text.starts_with(b"/") {
        return 0;
    }
    let steps = text.split(|&byte| byte == b'/').filter(|step| step == b"..").count();
    u8::try_from(steps).unwrap_or(ANYWHERE)
}

/// A number for every file's content: equal contents have equal numbers.
struct Contents {
    /// Where a directory's files begin in `numbers`.
    starts: Vec<usize>,
    numbers: Vec<u32>,
    attributes: Vec<AttributesId>,
}

/// No other file has this content, as far as is known.
const UNIQUE: u32 = 0;
/// No content at all.
const EMPTY: u32 = 1;
/// The content of the first group.
const FIRST_GROUP: u32 = 2;

impl Contents {
    fn of(inventory: &Inventory, groups: &Groups) -> Self {
        let mut starts = Vec::with_capacity(inventory.directories.len());
        let mut numbers = Vec::new();
        for directory in &inventory.directories {
            starts.push(numbers.len());
            numbers.extend(
                directory.files.iter().map(|file| if file.size == 0 { EMPTY } else { UNIQUE }),
            );
        }
        let attributes = vec![AttributesId::NONE; numbers.len()];
        let mut contents = Self { starts, numbers, attributes };
        for (number, group) in (FIRST_GROUP..).zip(&groups.all) {
            for member in &group.members {
                for &name in groups.names(member) {
                    let position = contents.position(name);
                    contents.numbers[position] = number;
                    contents.attributes[position] = member.attributes;
                }
            }
        }
        contents
    }

    fn position(&self, id: FileId) -> usize {
        self.starts[id.directory.0 as usize] + id.index as usize
    }

    fn number(&self, id: FileId) -> Option<u32> {
        Some(self.numbers[self.position(id)]).filter(|&number| number != UNIQUE)
    }

    fn attributes(&self, id: FileId) -> AttributesId {
        self.attributes[self.position(id)]
    }
}
