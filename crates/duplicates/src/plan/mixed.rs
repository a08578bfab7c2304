//! `--mixed`: what no symbolic link may replace becomes a hard link, or shares its storage.
//!
//! A hard link is the file itself: who asks where it lies hears its own name. It changes times,
//! unless they are the same, and two copies that a program tells apart become one.
//!
//! What it comes to is shown in `tools/clink/tests/mixed.rs`.

use std::collections::{BTreeMap, BTreeSet};

use super::{FileLinks, Left, Metadata, Plan, Planner, Reason};
use crate::content::Member;
use crate::inventory::FileId;
use crate::kinds::Harm;
use crate::rules::Kind;
use files::Time;

/// What has to be the same: the argument, where no link leaves it, and what one file has once.
type OneFile = (Option<u32>, Option<(Metadata, Time)>);

impl Planner<'_> {
    /// Adds links for the members that stay so far. `links` and `left` are how many of both the plan
    /// had before this group.
    pub(super) fn mix(&self, plan: &mut Plan, members: &[Member], links: usize, left: usize) {
        let mut others = Plan::default();
        for lot in self.lots(plan, members, links, left) {
            let kind = self.other_kind(&lot);
            self.link(&mut others, &lot, kind);
        }
        let settled: BTreeSet<FileId> = others.files.iter().flat_map(both_ends).collect();
        let mut position = 0;
        plan.left.retain(|entry| {
            position += 1;
            position <= left || !settled.contains(&entry.file)
        });
        plan.files.extend(others.files);
    }

    /// The members that are still files of their own and may become one, by what must be the same.
    fn lots(&self, plan: &Plan, members: &[Member], links: usize, left: usize) -> Vec<Vec<Member>> {
        let replaced: BTreeSet<FileId> =
            plan.files[links..].iter().flat_map(|links| &links.replaced).copied().collect();
        let untouched: BTreeSet<FileId> = plan.left[left..]
            .iter()
            .filter(|left| stays_whole(left))
            .map(|left| left.file)
            .collect();
        let mut lots: BTreeMap<OneFile, Vec<Member>> = BTreeMap::new();
        for member in members {
            let first = self.groups.names(member)[0];
            let mut names = self.stays(member);
            if !untouched.contains(&first) && !names.any(|name| replaced.contains(&name)) {
                let one_file = (self.metadata(member), self.inventory.file(first).modified);
                let same = (!self.shares_storage(first)).then_some(one_file);
                let argument = self.judge.argument(first.directory);
                lots.entry((argument, same)).or_default().push(*member);
            }
        }
        lots.into_values().filter(|lot| lot.len() > 1).collect()
    }

    fn other_kind(&self, lot: &[Member]) -> Kind {
        let name = self.groups.names(&lot[0])[0];
        if self.shares_storage(name) { Kind::Reflink } else { Kind::Hard }
    }

    /// Sharing storage changes nothing at all, where the file system can.
    fn shares_storage(&self, name: FileId) -> bool {
        self.inventory.medium(name.directory).may_share()
    }
}

/// What a hard link would harm as well.
fn stays_whole(left: &Left) -> bool {
    match left.reason {
        Reason::Harm(harm) => harm == Harm::Database,
        Reason::Border
        | Reason::Argument
        | Reason::Times
        | Reason::FreesNothing
        | Reason::TooFar => false,
        _ => true,
    }
}

fn both_ends(links: &FileLinks) -> impl Iterator<Item = FileId> + '_ {
    links.replaced.iter().copied().chain([links.kept])
}
