//! Counts what a survey found and what its plan gains.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::apply::Outcome;
use crate::inventory::{DirectoryId, FileId, Inventory};
use crate::plan::{Kind, Target};
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
    /// Of all files, hard links counted once; in a target also of directories.
    pub before: Space,
    /// The same with the links.
    pub after: Space,
    /// Where most is gained: directories with the bytes on the disk, or in the target, that are
    /// freed below them.
    pub gains: Vec<(PathBuf, u64)>,
}

/// What files take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Space {
    /// In bytes, by their sizes.
    pub size: u64,
    /// In bytes, by their blocks on the disk, or in the target.
    pub disk: u64,
}

impl Figures {
    /// What the plan comes to; with an outcome, what was really done.
    #[must_use]
    pub fn of(survey: &Survey, outcome: Option<&Outcome>) -> Self {
        let inventory = &survey.inventory;
        let before = Count::of(survey).everything().without(shared_by_itself(survey));
        let duplicates = survey.groups.all.iter().map(|group| group.members.len() as u64 - 1).sum();
        let mut gained = Gained::new(survey);
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

/// What the target stores once for all, whatever is linked.
fn shared_by_itself(survey: &Survey) -> Space {
    if !survey.target.is_some_and(Target::shares_by_itself) {
        return Space::default();
    }
    let groups = survey.groups.all.iter();
    let copies = groups.flat_map(|group| {
        let copies = group.members.iter().skip(1);
        copies.map(|copy| survey.inventory.file(survey.groups.names(copy)[0]).size)
    });
    Space { size: 0, disk: copies.sum() }
}

/// Counts the content of every inode once.
struct Count<'all> {
    inventory: &'all Inventory,
    seen: HashSet<(u64, u64)>,
    /// On the disk at hand directories are not counted.
    with_directories: bool,
}

impl<'all> Count<'all> {
    fn of(survey: &'all Survey) -> Self {
        Self {
            inventory: &survey.inventory,
            seen: HashSet::new(),
            with_directories: survey.target.is_some(),
        }
    }

    fn everything(mut self) -> Space {
        let ids = self.inventory.directory_ids();
        ids.map(|id| self.directory(id)).fold(Space::default(), Space::with)
    }

    /// What a directory and its files take, without the directories in it.
    fn directory(&mut self, id: DirectoryId) -> Space {
        let files = self.inventory.file_ids(id).map(|file| self.file(file));
        let files = files.fold(Space::default(), Space::with);
        let disk = if self.with_directories { self.besides_files(id) } else { 0 };
        files.with(Space { size: 0, disk })
    }

    /// A directory itself, its symbolic links, and the paths of its files.
    fn besides_files(&self, id: DirectoryId) -> u64 {
        let medium = self.inventory.medium(id);
        let directory = self.inventory.directory(id);
        let path = self.inventory.length_in_archive(id);
        let files = directory.files.iter();
        let files = files.map(|file| medium.path(path + usize::from(file.name_length)));
        let links = directory.links.iter().map(|link| {
            medium.name() + medium.path(path + link.name.len()) + medium.text(link.text.len())
        });
        medium.name() + medium.path(path) + medium.directory() + files.chain(links).sum::<u64>()
    }

    /// What a name takes with its file, or by itself when another name was counted before.
    fn file(&mut self, id: FileId) -> Space {
        let file = self.inventory.file(id);
        let device = self.inventory.directory(id.directory).device;
        let medium = self.inventory.medium(id.directory);
        let name = Space { size: 0, disk: medium.name() };
        if file.links > 1 && !self.seen.insert((device, file.inode)) {
            return name;
        }
        name.with(Space { size: file.size, disk: medium.content(file.size, file.stored()) })
    }
}

struct Gained<'all> {
    inventory: &'all Inventory,
    count: Count<'all>,
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
    fn new(survey: &'all Survey) -> Self {
        let inventory = &survey.inventory;
        Self {
            inventory,
            count: Count::of(survey),
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
                let below = (replaced.0..inventory.directory(replaced).end).map(DirectoryId);
                let freed = below.map(|directory| self.count.directory(directory));
                let freed = freed.fold(Space::default(), Space::with);
                let text = relative::directory_text(inventory, replaced, links.kept).len();
                let parent = inventory.directory(replaced).parent.unwrap_or(replaced);
                let path = inventory.length_in_archive(replaced) - "/".len();
                let path = Space { size: 0, disk: inventory.medium(replaced).path(path) };
                self.add(parent, freed, self.link(replaced, text).with(path));
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
                let freed = self.count.file(name);
                let (freed, taken) = match links.kind {
                    Kind::Symbolic => {
                        let text = relative::length(inventory, name, links.kept);
                        (freed, self.link(name.directory, text))
                    }
                    Kind::Hard => (freed, self.hard_link(links.kept)),
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
        let medium = self.inventory.medium(directory);
        Space { size: text as u64, disk: medium.name() + medium.text(text) }
    }

    /// What a hard link takes.
    fn hard_link(&self, kept: FileId) -> Space {
        let name = self.inventory.medium(kept.directory).name();
        Space { size: 0, disk: name + relative::taken_by_hard_link(self.inventory, kept) }
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
