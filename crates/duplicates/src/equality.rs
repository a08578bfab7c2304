//! Finds the directories that are the same, all the way down: every entry has the same name, kind,
//! metadata and content.

use std::collections::HashMap;

use crate::attributes::{AttributesId, Known};
use crate::climb::Reach;
use crate::content::Groups;
use crate::inventory::{Directory, DirectoryId, File, FileId, Inventory};
use crate::judge::Judge;
use crate::kinds::Harm;
use crate::nature::Nature;
use crate::rules::Rules;
use crate::surroundings::{Protected, Surroundings};

/// What is known of all directories.
pub(crate) struct Equality<'all> {
    pub(crate) inventory: &'all Inventory,
    pub(crate) contents: Contents<'all>,
    /// The directories in each one, in the order of their names.
    pub(crate) children: Vec<Vec<DirectoryId>>,
    summaries: Vec<Summary>,
}

/// What the comparison says of a directory and all below it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Summary {
    /// Equal directories have equal numbers; one that cannot have an equal has none.
    pub(crate) class: Option<u32>,
    /// How far out of the directory a symbolic link in it may lead.
    pub(crate) climb: usize,
    /// Something in it leads nobody knows where.
    pub(crate) leads_anywhere: bool,
    /// Files, links and directories.
    pub(crate) entries: u64,
    /// On the disk.
    pub(crate) bytes: u64,
}

impl Summary {
    /// Whether a link may take the directory's place, as far as what it holds can tell alone.
    pub(crate) fn is_linkable(&self) -> bool {
        self.class.is_some() && self.climb == 0 && !self.leads_anywhere
    }
}

/// Compares all directories.
pub(crate) fn compare<'all>(
    judge: Judge<'all>,
    groups: &'all Groups,
    known: &Known,
) -> Equality<'all> {
    let Judge { inventory, surroundings, wishes } = judge;
    let rules = wishes.rules;
    let contents = Contents::of(judge, groups, known);
    let children = children(inventory);
    let capable = &known.with_capabilities();
    let contents_of = &contents;
    let comparison =
        Comparison { inventory, contents: contents_of, surroundings, judge, capable, rules };
    let summaries = comparison.summaries(&children);
    Equality { inventory, contents, children, summaries }
}

impl Equality<'_> {
    pub(crate) fn of(&self, id: DirectoryId) -> Summary {
        self.summaries[id.0 as usize]
    }
}

fn children(inventory: &Inventory) -> Vec<Vec<DirectoryId>> {
    let mut children: Vec<Vec<DirectoryId>> = vec![Vec::new(); inventory.directories.len()];
    for id in inventory.directory_ids() {
        if let Some(parent) = inventory.directory(id).parent {
            children[parent.0 as usize].push(id);
        }
    }
    children
}

struct Comparison<'all> {
    inventory: &'all Inventory,
    contents: &'all Contents<'all>,
    surroundings: &'all [Surroundings],
    judge: Judge<'all>,
    capable: &'all [AttributesId],
    rules: Rules,
}

impl Comparison<'_> {
    /// From the deepest directories up.
    fn summaries(&self, children: &[Vec<DirectoryId>]) -> Vec<Summary> {
        let mut classes = HashMap::new();
        let mut summaries = vec![Summary::default(); children.len()];
        for id in self.inventory.directory_ids().rev() {
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
        let unreadable = directory.attributes == AttributesId::UNREADABLE;
        if directory.incomparable || unreadable || self.is_protected(id) || self.is_border(id) {
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
            summary.leads_anywhere |= !self.rules.all && self.contents.leads_anywhere(file_id);
            summary.entries += 1;
            summary.bytes += self.inventory.medium(id).content(file.size, file.stored());
        }
        sign_links(&mut signature, directory);
        summary.climb = directory.links.iter().map(|link| climb(&link.text)).max().unwrap_or(0);
        summary.entries += directory.links.len() as u64;
        for &child in inside {
            let below = summaries[child.0 as usize];
            sign_name(&mut signature, b'd', &self.inventory.directory(child).name);
            signature.extend_from_slice(&below.class?.to_le_bytes());
            summary.climb = summary.climb.max(below.climb.saturating_sub(1));
            summary.leads_anywhere |= below.leads_anywhere;
            summary.entries += below.entries;
            summary.bytes += below.bytes;
        }
        let next = u32::try_from(classes.len()).ok()?;
        summary.class = Some(*classes.entry(signature).or_insert(next));
        Some(summary)
    }

    /// A border stands: what lies within belongs together.
    fn is_border(&self, id: DirectoryId) -> bool {
        let border = |id: DirectoryId| self.surroundings[id.0 as usize].border;
        let parent = self.inventory.directory(id).parent;
        !self.rules.all && parent.is_some_and(|parent| border(parent) != border(id))
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
        let privileged = file.mode & SETUID_OR_SETGID != 0 || self.capable.contains(&attributes);
        if privileged || attributes == AttributesId::UNREADABLE {
            return None;
        }
        let empty = Nature::default();
        let nature = self.contents.nature(content).unwrap_or(&empty);
        let stays = match self.judge.harm(id, nature) {
            // Where its libraries are is followed; what a program asks besides, nobody knows.
            Some(Harm::Origin) => nature.kind(self.judge.named(id)).stays.is_some(),
            // Where a header leads is followed.
            Some(Harm::Header) | None => false,
            // In an empty file of whatever kind there is nothing that could lead.
            Some(Harm::Unknown) => content != EMPTY,
            Some(_) => true,
        };
        if stays {
            return None;
        }
        sign_name(signature, b'f', self.inventory.name_bytes(id));
        signature.extend_from_slice(&content.to_le_bytes());
        if let Some(time) = self.judge.bond(id, nature).time {
            signature.extend_from_slice(format!("{time:?}/").as_bytes());
        }
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
fn climb(text: &[u8]) -> usize {
    if text.starts_with(b"/") {
        return 0;
    }
    text.split(|&byte| byte == b'/').filter(|step| step == b"..").count()
}

/// A number for every file's content: equal contents have equal numbers.
pub(crate) struct Contents<'all> {
    judge: Judge<'all>,
    groups: &'all Groups,
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

impl<'all> Contents<'all> {
    fn of(judge: Judge<'all>, groups: &'all Groups, known: &Known) -> Self {
        let inventory = judge.inventory;
        let mut starts = Vec::with_capacity(inventory.directories.len());
        let mut numbers = Vec::new();
        for directory in &inventory.directories {
            starts.push(numbers.len());
            numbers.extend(
                directory.files.iter().map(|file| if file.size == 0 { EMPTY } else { UNIQUE }),
            );
        }
        let attributes = vec![AttributesId::NONE; numbers.len()];
        let mut contents = Self { judge, groups, starts, numbers, attributes };
        // Nobody read the empty files, but they may have attributes.
        for (id, _) in inventory.files().filter(|(_, file)| file.size == 0) {
            let position = contents.position(id);
            contents.attributes[position] =
                inventory.open(id).map_or(AttributesId::UNREADABLE, |file| known.of(file));
        }
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

    /// Where the file's content leads to; nowhere if it is empty or nothing is known of it.
    pub(crate) fn reach(&self, id: FileId) -> Option<&'all Reach> {
        let nature = self.nature(self.numbers[self.position(id)])?;
        Some(nature.reach(self.judge.named(id)))
    }

    /// What is known of a content; nothing of an empty one.
    fn nature(&self, number: u32) -> Option<&'all Nature> {
        let group = self.groups.all.get(number.checked_sub(FIRST_GROUP)? as usize)?;
        Some(&group.nature)
    }

    fn leads_anywhere(&self, id: FileId) -> bool {
        self.reach(id) == Some(&Reach::Anywhere)
    }

    fn attributes(&self, id: FileId) -> AttributesId {
        self.attributes[self.position(id)]
    }
}
