//! Decides what becomes a link to what, and what is left alone and why. Changes nothing.

mod mixed;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::attributes::{AttributesId, Known};
use crate::content::{Groups, Member};
use crate::directories;
use crate::inventory::{FileId, Inventory};
use crate::judge::{Bond, Judge, Preference};
pub use crate::kinds::Harm;
pub use crate::medium::Target;
use crate::nature::Nature;
use crate::reflink::{self, Storage};
use crate::relative;
pub use crate::rules::{Age, DirectoryLinks, Kind, Rules, Wishes};
pub use crate::surroundings::Protected;
use crate::surroundings::Surroundings;

/// What is going to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// What takes the place of the duplicates, as far as it may.
    pub kind: Kind,
    /// Whole directories first; no file below has a part in both.
    pub directories: Vec<DirectoryLinks>,
    /// In the order of the kept files, those of another kind than the plan's last.
    pub files: Vec<FileLinks>,
    /// Duplicates that stay as they are.
    pub left: Vec<Left>,
}

impl Plan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.directories.is_empty()
    }
}

/// Names that become links to a kept file.
#[derive(Debug)]
pub struct FileLinks {
    /// What takes the place of the names.
    pub kind: Kind,
    /// The name that stays.
    pub kept: FileId,
    /// The names that are replaced; those of one inode follow each other.
    pub replaced: Vec<FileId>,
}

/// A duplicate that stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// One of its names.
    pub file: FileId,
    /// Why it stays.
    pub reason: Reason,
}

/// Why a duplicate stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Its mode, owner, group or extended attributes differ from those of the other copies.
    Metadata,
    /// It is setuid, setgid or has capabilities.
    Privileged,
    /// It would not be the same behind a link, or nobody knows.
    Harm(Harm),
    /// A build looks at its time, and the other copies have another one.
    Times,
    /// The other copies lie in another root filesystem or package.
    Border,
    /// The other copies lie below another argument, where no link is to lead.
    Argument,
    /// It lies in a directory where files are left alone.
    Protected(Protected),
    /// Every copy lies in a temporary, cache or run directory.
    Transient,
    /// A link takes as much room as the file.
    FreesNothing,
    /// It has further names outside the arguments, which would keep its content.
    OtherNames,
    /// The text of the link would be too long.
    TooFar,
    /// It changed while it was looked at.
    Unsteady,
    /// A proof fails with a link in its place.
    Disproven,
}

/// Makes the plan.
pub(crate) fn plan(
    inventory: &Inventory,
    surroundings: &[Surroundings],
    groups: &Groups,
    known: &Known,
    wishes: &Wishes,
) -> Plan {
    let rules = wishes.rules;
    let judge = Judge { inventory, surroundings, wishes };
    let gains_by_links = !wishes.target.is_some_and(Target::shares_by_itself);
    let chosen = if rules.directories && gains_by_links {
        directories::choose(judge, groups, known)
    } else {
        directories::Chosen::none(inventory)
    };
    let gone = chosen.gone;
    let mut plan = Plan { kind: rules.kind, directories: chosen.links, ..Plan::default() };
    let capable = &known.with_capabilities();
    let planner = Planner { inventory, groups, judge, capable, gone, rules };
    for group in &groups.all {
        let mut members: Vec<Member> = group
            .members
            .iter()
            .copied()
            .filter(|member| planner.stays(member).next().is_some())
            .collect();
        // They come in the order of their inodes, which no two copies of a tree have in common.
        members.sort_unstable_by_key(|member| groups.names(member)[0]);
        if members.len() > 1 && planner.size(&members) >= rules.min_size {
            planner.add(&mut plan, &members, &group.nature);
        }
    }
    let unsteady = groups.unsteady.iter();
    plan.left.extend(unsteady.map(|&file| Left { file, reason: Reason::Unsteady }));
    plan.files.sort_unstable_by_key(|links| (links.kind != rules.kind, links.kept));
    plan.left.sort_unstable_by_key(|left| left.file);
    plan
}

struct Planner<'all> {
    inventory: &'all Inventory,
    groups: &'all Groups,
    judge: Judge<'all>,
    capable: &'all [AttributesId],
    /// The directories that are replaced as a whole.
    gone: Vec<bool>,
    rules: Rules,
}

/// One of the files that may become links to each other.
struct Candidate {
    member: Member,
    /// The best one is kept first.
    rank: (bool, Preference, bool, (usize, usize), FileId),
    /// Its name that may be linked to, if it has one that lasts.
    lasting: Option<FileId>,
    /// Why it stays, if it does.
    stays_for: Reason,
}

/// Of what use a link would be.
enum Use {
    Link,
    /// There is nothing left to do.
    Done,
    None(Reason),
}

/// What has to be equal besides the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    metadata: Metadata,
    bond: Bond,
}

/// Mode, owner, group, attributes.
type Metadata = (u16, u32, u32, AttributesId);

impl Likeness {
    /// Why one file is no link to the other.
    fn differs_from(&self, other: &Self) -> Reason {
        if self.metadata != other.metadata {
            Reason::Metadata
        } else if self.bond.border != other.bond.border {
            Reason::Border
        } else if self.bond.argument != other.bond.argument {
            Reason::Argument
        } else {
            Reason::Times
        }
    }
}

impl Planner<'_> {
    /// The names of a file that are not replaced with their directory.
    fn stays(&self, member: &Member) -> impl Iterator<Item = FileId> {
        let names = self.groups.names(member).iter().copied();
        names.filter(|name| !self.gone[name.directory.0 as usize])
    }

    /// In bytes, of each of the members of a group.
    fn size(&self, members: &[Member]) -> u64 {
        self.inventory.file(self.groups.names(&members[0])[0]).size
    }

    fn add(&self, plan: &mut Plan, members: &[Member], nature: &Nature) {
        let before = (plan.files.len(), plan.left.len());
        let mut alike: BTreeMap<Likeness, Vec<Member>> = BTreeMap::new();
        let mut harmed = Vec::new();
        for member in members {
            if let Some(reason) = self.untouchable(member) {
                self.leave(plan, &[*member], reason);
            } else if let Some(harm) = self.harm(member, nature) {
                harmed.push((*member, harm));
            } else if let Some(reason) = self.lies_on_both_sides(member) {
                self.leave(plan, &[*member], reason);
            } else {
                alike.entry(self.likeness(member, nature)).or_default().push(*member);
            }
        }
        // Where all stay, one of them would have stayed anyway.
        let anyway = usize::from(harmed.len() == members.len());
        for (member, harm) in &harmed[anyway..] {
            self.leave(plan, &[*member], Reason::Harm(*harm));
        }
        self.link_alike(plan, alike);
        if self.judge.wishes.mixed {
            self.mix(plan, members, before.0, before.1);
        }
    }

    /// What has no copy like itself is left; the largest lot sets the measure, and among equally
    /// large ones that with the first name.
    fn link_alike(&self, plan: &mut Plan, alike: BTreeMap<Likeness, Vec<Member>>) {
        let mut lots: Vec<(Likeness, Vec<Member>)> = alike.into_iter().collect();
        lots.sort_by_key(|(_, lot)| (Reverse(lot.len()), self.groups.names(&lot[0])[0]));
        for (position, (likeness, lot)) in lots.iter().enumerate() {
            if position > 0 {
                self.leave(plan, &lot[..1], likeness.differs_from(&lots[0].0));
            }
            if lot.len() > 1 {
                self.link(plan, lot, self.rules.kind);
            }
        }
    }

    /// Why a link in the place of one of the file's names would not be the same.
    fn harm(&self, member: &Member, nature: &Nature) -> Option<Harm> {
        self.stays(member).find_map(|name| self.judge.harm(name, nature))
    }

    /// Why a file is neither linked nor linked to.
    fn untouchable(&self, member: &Member) -> Option<Reason> {
        const SETUID_OR_SETGID: u16 = 0o6000;
        let names = self.groups.names(member);
        let protected = names.iter().find_map(|&name| self.judge.around(name.directory).protected);
        if protected == Some(Protected::PackageDatabase) {
            return Some(Reason::Protected(Protected::PackageDatabase));
        }
        if self.rules.kind == Kind::Reflink {
            return None;
        }
        let privileged = self.inventory.file(names[0]).mode & SETUID_OR_SETGID != 0
            || self.capable.contains(&member.attributes);
        if privileged {
            return Some(Reason::Privileged);
        }
        if member.attributes == AttributesId::UNREADABLE {
            return Some(Reason::Metadata);
        }
        protected.filter(|_| !self.rules.all).map(Reason::Protected)
    }

    /// Where its names lie on both sides of a border, it would become links on both.
    fn lies_on_both_sides(&self, member: &Member) -> Option<Reason> {
        let borders = self.stays(member).map(|name| self.judge.border(name.directory));
        let arguments = self.stays(member).map(|name| self.judge.argument(name.directory));
        let border = (!all_equal(borders)).then_some(Reason::Border);
        border.or_else(|| (!all_equal(arguments)).then_some(Reason::Argument))
    }

    fn likeness(&self, member: &Member, nature: &Nature) -> Likeness {
        // Where one of its names asks for its time, all do.
        let bonds = self.stays(member).map(|name| self.judge.bond(name, nature));
        Likeness { metadata: self.metadata(member), bond: bonds.max().unwrap_or_default() }
    }

    fn metadata(&self, member: &Member) -> Metadata {
        if self.rules.ignore_metadata || self.rules.all || self.rules.kind == Kind::Reflink {
            return Metadata::default();
        }
        let file = self.inventory.file(self.groups.names(member)[0]);
        (file.mode, file.owner, file.group, member.attributes)
    }

    /// Plans the links among files that may become one.
    ///
    /// The best one is kept, and the others become links to it where that is of use. Those that are
    /// too far away have their turn among themselves, and so on. As the order does not depend on
    /// which files there are, a second run comes to the same end.
    fn link(&self, plan: &mut Plan, members: &[Member], kind: Kind) {
        /// Comparisons for one content; of more copies that all are far apart, some stay.
        const MOST_COMPARISONS: usize = 1 << 22;
        let mut comparisons = 0;
        let mut rest: Vec<Candidate> =
            members.iter().map(|member| self.candidate(*member)).collect();
        rest.sort_by_key(|candidate| candidate.rank);
        // One of them stays anyway; the others, if they do, have a reason.
        let mut kept_one = false;
        while let Some(name) = rest.first().and_then(|candidate| candidate.lasting) {
            comparisons += rest.len();
            if comparisons > MOST_COMPARISONS {
                break;
            }
            let kept = rest.remove(0);
            let mut replaced = Vec::new();
            rest.retain_mut(|copy| match self.use_of(&copy.member, name, kind) {
                Use::Done => false,
                Use::Link => {
                    replaced.extend(self.stays(&copy.member));
                    false
                }
                Use::None(reason) => {
                    copy.stays_for = reason;
                    true
                }
            });
            if !replaced.is_empty() {
                plan.files.push(FileLinks { kind, kept: name, replaced });
            } else if kept_one {
                self.leave(plan, &[kept.member], kept.stays_for);
            }
            kept_one = true;
        }
        for copy in rest.iter().skip(usize::from(!kept_one)) {
            self.leave(plan, &[copy.member], copy.stays_for);
        }
    }

    /// How good a copy is to be kept. The rules, in their order: never in a temporary, cache or run
    /// directory; what the user wishes; rather a file that has names elsewhere, for its content
    /// stays anyway; the fewest directories above it, for that makes short links; the shortest
    /// path; the first.
    fn candidate(&self, member: Member) -> Candidate {
        let ranked =
            |name| (self.judge.preference(name), self.inventory.depth_and_length(name), name);
        let lasting =
            |name: &FileId| self.rules.all || !self.judge.around(name.directory).transient;
        let best = self.stays(&member).filter(lasting).map(ranked).min();
        let first = self.groups.names(&member)[0];
        let rank = match best {
            Some((preference, shape, name)) => {
                (false, preference, self.fully_found(&member), shape, name)
            }
            None => (true, self.judge.preference(first), false, (0, 0), first),
        };
        let lasting = best.map(|(_, _, name)| name);
        Candidate { member, rank, lasting, stays_for: Reason::Transient }
    }

    /// Of what use it is to replace all names of a file by links to `kept`.
    fn use_of(&self, member: &Member, kept: FileId, kind: Kind) -> Use {
        match kind {
            Kind::Reflink => match self.storage(member, kept) {
                Storage::Shared => Use::Done,
                Storage::None => Use::None(Reason::FreesNothing),
                Storage::Own => Use::Link,
            },
            _ if !self.fully_found(member) => Use::None(Reason::OtherNames),
            Kind::Hard => self.use_of_hard_links(member, kept),
            Kind::Symbolic => self.use_of_symbolic_links(member, kept),
        }
    }

    fn use_of_hard_links(&self, member: &Member, kept: FileId) -> Use {
        let names = self.stays(member).count() as u64;
        self.use_if_freed(member, kept, names * relative::taken_by_hard_link(self.inventory, kept))
    }

    fn use_of_symbolic_links(&self, member: &Member, kept: FileId) -> Use {
        let medium = self.inventory.medium(kept.directory);
        let mut taken = 0;
        for link in self.stays(member) {
            let length = relative::length(self.inventory, link, kept);
            if !medium.has_room_for(length) {
                return Use::None(Reason::TooFar);
            }
            taken += medium.text(length);
        }
        self.use_if_freed(member, kept, taken)
    }

    fn use_if_freed(&self, member: &Member, kept: FileId, taken: u64) -> Use {
        let medium = self.inventory.medium(kept.directory);
        let file = self.inventory.file(self.groups.names(member)[0]);
        let gains = medium.content(file.size, file.stored()) > taken;
        if gains && !medium.shares_by_itself() {
            Use::Link
        } else {
            Use::None(Reason::FreesNothing)
        }
    }

    /// What the two have in common: a former run may have let them share their storage.
    fn storage(&self, member: &Member, kept: FileId) -> Storage {
        let open = |name| self.inventory.open(name);
        match (open(kept), open(self.groups.names(member)[0])) {
            (Ok(kept), Ok(copy)) => reflink::storage(&kept, &copy),
            _ => Storage::Own,
        }
    }

    /// Whether every name of the file is among the arguments, so that replacing them frees it.
    fn fully_found(&self, member: &Member) -> bool {
        let names = self.groups.names(member);
        self.inventory.file(names[0]).links as usize <= names.len()
    }

    fn leave(&self, plan: &mut Plan, members: &[Member], reason: Reason) {
        for member in members {
            plan.left.push(Left { file: self.groups.names(member)[0], reason });
        }
    }
}

fn all_equal<T: PartialEq>(mut all: impl Iterator<Item = T>) -> bool {
    all.next().is_none_or(|first| all.all(|other| other == first))
}
