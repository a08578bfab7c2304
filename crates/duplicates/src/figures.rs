//! Counts what a survey found and what its plan gains.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::apply::Outcome;
use crate::inventory::{DirectoryId, FileId, Inventory};
use crate::plan::Kind;
use crate::relative;
use crate::survey::Survey;

/// What there is, and what the links change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Regular files by name.
    pub files: u64,
    /// Files, hard links counted once, that have the same content as another one found before them.
    pub duplicates: u64,
    /// Names of files that are replaced.
    pub file_links: u64,
    /// Of these, names that become something else than most: hard links among symbolic ones.
    pub other_links: u64,
    /// Directories that are replaced.
    pub directory_links: u64,
    /// Of all files, hard links counted once.
    pub before: Space,
    /// The same with the links.
    pub after: Space,
    /// Where most is gained: directories with the bytes on the disk that are freed below them.
    pub gains: Vec<(PathBuf, u64)>,
}

/// What files take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Space {
    /// In bytes, by their sizes.
    pub size: u64,
    /// In bytes, by their blocks on the disk.
    pub disk: u64,
}

impl Figures {
    /// What the plan comes to; with an outcome, what was really done.
    #[must_use]
    pub fn of(survey: &Survey, outcome: Option<&Outcome>) -> Self {
        let inventory = &survey.inventory;
        let before = Count::default().all_files(inventory);
        let duplicates = survey.groups.all.iter().map(|group| group.members.len() as u64 - 1).sum();
        let mut gained = Gained::new(inventory);
        gained.count_directories(survey, outcome);
        gained.count_files(survey, outcome);
        Self {
            files: inventory.file_count(),
            duplicates,
            file_links: gained.file_links,
            other_links: gained.other_links,
            directory_links: gained.directory_links,
            before,
            after: before.without(gained.freed).with(gained.taken),
            gains: gained.largest(),
        }
    }

    /// Files and directories that are replaced.
    #[must_use]
    pub fn links(&self) -> u64 {
        self.file_links + self.directory_links
    }
}

impl Space {
    fn without(self, freed: Self) -> Self {
        Self {
            size: self.size.saturating_sub(freed.size),
            disk: self.disk.saturating_sub(freed.disk),
        }
    }

    fn with(self, taken: Self) -> Self {
        Self { size: self.size + taken.size, disk: self.disk + taken.disk }
    }
}

/// Counts every inode once.
#[derive(Default)]
struct Count {
    seen: HashSet<(u64, u64)>,
}

impl Count {
    fn all_files(mut self, inventory: &Inventory) -> Space {
        let mut space = Space::default();
        for (id, _) in inventory.files() {
            let file = self.once(inventory, id);
            space.size += file.size;
            space.disk += file.disk;
        }
        space
    }

    /// What a file takes, or nothing when another name of it was counted before.
    fn once(&mut self, inventory: &Inventory, id: FileId) -> Space {
        let file = inventory.file(id);
        let device = inventory.directory(id.directory).device;
        if file.links > 1 && !self.seen.insert((device, file.inode)) {
            return Space::default();
        }
        Space { size: file.size, disk: file.sectors * 512 }
    }
}

struct Gained<'all> {
    inventory: &'all Inventory,
    count: Count,
    /// By what is replaced.
    freed: Space,
    /// By the links in its place.
    taken: Space,
    file_links: u64,
    other_links: u64,
    directory_links: u64,
    /// Bytes on the disk that are freed in each directory itself.
    by_directory: Vec<u64>,
}

impl<'all> Gained<'all> {
    fn new(inventory: &'all Inventory) -> Self {
        Self {
            inventory,
            count: Count::default(),
            freed: Space::default(),
            taken: Space::default(),
            file_links: 0,
            other_links: 0,
            directory_links: 0,
            by_directory: vec![0; inventory.directories.len()],
        }
    }

    fn count_directories(&mut self, survey: &Survey, outcome: Option<&Outcome>) {
        let inventory = self.inventory;
        for links in &survey.plan.directories {
            for &replaced in &links.replaced {
                if outcome.is_some_and(|outcome| outcome.unreplaced_directories.contains(&replaced))
                {
                    continue;
                }
                self.directory_links += 1;
                let mut freed = Space::default();
                for directory in (replaced.0..inventory.directory(replaced).end).map(DirectoryId) {
                    for index in (0..).take(inventory.directory(directory).files.len()) {
                        let file = self.count.once(inventory, FileId { directory, index });
                        freed.size += file.size;
                        freed.disk += file.disk;
                    }
                }
                let text = relative::directory_text(inventory, replaced, links.kept).len();
                let parent = inventory.directory(replaced).parent.unwrap_or(replaced);
                self.add(parent, freed, self.link(replaced, text));
            }
        }
    }

    fn count_files(&mut self, survey: &Survey, outcome: Option<&Outcome>) {
        let inventory = self.inventory;
        for links in &survey.plan.files {
            for &name in &links.replaced {
                if outcome.is_some_and(|outcome| outcome.unreplaced_files.contains(&name)) {
                    continue;
                }
                self.file_links += 1;
                self.other_links += u64::from(links.kind != survey.plan.kind);
                let freed = self.count.once(inventory, name);
                let (freed, taken) = match links.kind {
                    Kind::Symbolic => {
                        let text = relative::length(inventory, name, links.kept);
                        (freed, self.link(name.directory, text))
                    }
                    Kind::Hard => (freed, Space::default()),
                    Kind::Reflink => (Space { size: 0, ..freed }, Space::default()),
                };
                self.add(name.directory, freed, taken);
            }
        }
    }

    fn add(&mut self, directory: DirectoryId, freed: Space, taken: Space) {
        self.freed = self.freed.with(freed);
        self.taken = self.taken.with(taken);
        self.by_directory[directory.0 as usize] += freed.without(taken).disk;
    }

    /// What a symbolic link takes.
    fn link(&self, directory: DirectoryId, text: usize) -> Space {
        let file_system = self.inventory.root_of(directory).file_system;
        let disk = if text <= file_system.inline_link { 0 } else { file_system.block };
        Space { size: text as u64, disk }
    }

    /// The directories below which most is gained, none of them below another one. From the
    /// arguments down, the one with the largest gain is opened up as long as few are at hand.
    fn largest(&self) -> Vec<(PathBuf, u64)> {
        /// More are no overview.
        const SHOWN: usize = 6;
        let inventory = self.inventory;
        let mut gain = self.by_directory.clone();
        let mut children: Vec<Vec<DirectoryId>> = vec![Vec::new(); gain.len()];
        for id in inventory.directory_ids().rev() {
            if let Some(parent) = inventory.directory(id).parent {
                gain[parent.0 as usize] += gain[id.0 as usize];
                children[parent.0 as usize].push(id);
            }
        }
        let gain = |id: &DirectoryId| gain[id.0 as usize];
        let gaining = |ids: &[DirectoryId]| -> Vec<DirectoryId> {
            ids.iter().copied().filter(|id| gain(id) > 0).collect()
        };
        let roots: Vec<DirectoryId> = inventory
            .directory_ids()
            .filter(|&id| inventory.directory(id).parent.is_none())
            .collect();
        let mut chosen = gaining(&roots);
        let mut whole: Vec<DirectoryId> = Vec::new();
        while let Some(position) =
            (0..chosen.len()).max_by_key(|&at| (gain(&chosen[at]), std::cmp::Reverse(chosen[at])))
        {
            let largest = chosen[position];
            let inside = gaining(&children[largest.0 as usize]);
            let own = self.by_directory[largest.0 as usize];
            if own > gain(&largest) / 2
                || inside.is_empty()
                || chosen.len() + whole.len() + inside.len() > SHOWN + 4
            {
                whole.push(chosen.swap_remove(position));
            } else {
                chosen.swap_remove(position);
                chosen.extend(inside);
            }
            if whole.len() == SHOWN {
                break;
            }
        }
        whole.sort_by_key(|id| (std::cmp::Reverse(gain(id)), *id));
        whole.iter().map(|id| (inventory.shown_directory(*id), gain(id))).collect()
    }
}
