//! Looks at trees and decides: scan, group, choose, plan.

use std::path::{Path, PathBuf};

use names::Bytes;

use crate::attributes::Known;
use crate::content::{self, Groups, Reading};
use crate::inventory::{DirectoryId, FileId, Inventory};
use crate::nature::Scope;
use crate::plan::{
    self, DirectoryLinks, FileLinks, Kind, Left, Plan, Protected, Reason, Rules, Target, Wishes,
};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::relative;
use crate::surroundings::{self, Surroundings};
use crate::walk::{self, Search};

/// What was found below the arguments, and what is to be done about it.
#[derive(Debug)]
pub struct Survey {
    /// The files and directories that were found.
    pub inventory: Inventory,
    /// What is to be done.
    pub plan: Plan,
    /// Where the links gain something, if not on the file system at hand.
    pub target: Option<Target>,
    /// Whether a package manager keeps its database among the files.
    pub has_package_database: bool,
    pub(crate) groups: Groups,
}

/// Looks at all files at and below `paths` and makes a plan for the duplicates among them. Changes
/// nothing. What could not be looked at is in the problems; the plan is for the rest.
pub fn survey(
    paths: &[PathBuf],
    search: &Search,
    wishes: impl Into<Wishes>,
    progress: &dyn Progress,
) -> Survey {
    let wishes = wishes.into();
    let known = Known::default();
    let mut inventory = walk::walk(paths, search, wishes.rules.directories, &known, progress);
    if let Some(target) = wishes.target {
        inventory.reckon_for(target);
    }
    let surroundings = surroundings::of(&inventory);
    let reading = reading(wishes.rules);
    let groups = content::group(&inventory, &surroundings, reading, &known, progress);
    let plan = plan::plan(&inventory, &surroundings, &groups, &known, &wishes);
    let database = |around: &Surroundings| around.protected == Some(Protected::PackageDatabase);
    let has_package_database = surroundings.iter().any(database);
    Survey { inventory, plan, target: wishes.target, has_package_database, groups }
}

fn reading(rules: Rules) -> Reading {
    let scope = match rules {
        Rules { all: true, .. } => Scope::Nothing,
        Rules { directories: true, .. } => Scope::Directories,
        Rules { kind: Kind::Symbolic, .. } => Scope::Files,
        _ => Scope::Nothing,
    };
    // A directory is the same as another one only if its small files are, too.
    let min_size = if rules.directories { 1 } else { rules.min_size };
    Reading { min_size, scope }
}

/// One planned replacement, as it is shown.
#[derive(Debug)]
pub struct Link {
    /// What is replaced.
    pub path: PathBuf,
    /// What stays.
    pub kept: PathBuf,
    /// The text of the symbolic link, where it is one.
    pub text: Option<Bytes>,
}

/// What is replaced by links to one file or directory.
#[derive(Debug)]
pub struct Group {
    /// What stays.
    pub kept: PathBuf,
    /// What takes the place of the others.
    pub kind: Kind,
    /// Bytes in the file, or in all files below the directory.
    pub size: u64,
    /// True for directories.
    pub directory: bool,
    /// What is replaced.
    pub replaced: Vec<Link>,
}

impl Survey {
    /// Every planned group, directories first.
    pub fn planned_groups(&self) -> impl Iterator<Item = Group> {
        let directories = self.plan.directories.iter().map(|links| self.directory_group(links));
        directories.chain(self.plan.files.iter().map(|links| self.file_group(links)))
    }

    /// Every planned replacement, directories first.
    pub fn planned_links(&self) -> impl Iterator<Item = Link> {
        self.planned_groups().flat_map(|group| group.replaced)
    }

    /// The absolute paths of all that is going to be replaced, directories first.
    #[must_use]
    pub fn to_be_replaced(&self) -> Vec<PathBuf> {
        let directories = self.plan.directories.iter().flat_map(|links| &links.replaced);
        let files = self.plan.files.iter().flat_map(|links| &links.replaced);
        let directories = directories.map(|id| self.inventory.physical_directory(*id));
        directories.chain(files.map(|name| self.inventory.physical(*name))).collect()
    }

    /// Plans no link in the place of what is not wanted, by absolute paths.
    pub fn keep_out(&mut self, unwanted: impl Fn(&Path) -> bool) {
        let Self { inventory, plan, .. } = self;
        for links in &mut plan.directories {
            links.replaced.retain(|id| !unwanted(&inventory.physical_directory(*id)));
        }
        for links in &mut plan.files {
            let goes = |name: &FileId| unwanted(&inventory.physical(*name));
            let out: Vec<FileId> = links.replaced.extract_if(.., |name| goes(name)).collect();
            let left = |file| Left { file, reason: Reason::Disproven };
            plan.left.extend(out.into_iter().map(left));
        }
        plan.directories.retain(|links| !links.replaced.is_empty());
        plan.files.retain(|links| !links.replaced.is_empty());
        plan.left.sort_unstable_by_key(|left| left.file);
    }

    fn file_group(&self, links: &FileLinks) -> Group {
        let kept = self.inventory.shown(links.kept);
        let symbolic = links.kind == Kind::Symbolic;
        let link = |&name: &FileId| Link {
            path: self.inventory.shown(name),
            kept: kept.clone(),
            text: symbolic.then(|| Bytes(relative::text(&self.inventory, name, links.kept))),
        };
        let replaced = links.replaced.iter().map(link).collect();
        let size = self.inventory.file(links.kept).size;
        Group { kind: links.kind, size, directory: false, replaced, kept }
    }

    fn directory_group(&self, links: &DirectoryLinks) -> Group {
        let kept = self.inventory.shown_directory(links.kept);
        let link = |&replaced: &DirectoryId| Link {
            path: self.inventory.shown_directory(replaced),
            kept: kept.clone(),
            text: Some(Bytes(relative::directory_text(&self.inventory, replaced, links.kept))),
        };
        let below = links.kept.0 as usize..self.inventory.directory(links.kept).end as usize;
        let files = self.inventory.directories[below].iter().flat_map(|directory| &directory.files);
        let replaced = links.replaced.iter().map(link).collect();
        let size = files.map(|file| file.size).sum();
        Group { kind: Kind::Symbolic, size, directory: true, replaced, kept }
    }

    /// What could not be looked at.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.inventory.problems.iter().chain(&self.groups.problems)
    }
}
