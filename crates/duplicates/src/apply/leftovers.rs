//! What an interrupted run left behind.

use std::collections::BTreeMap;

use files::Sighting;
use files::leftovers::{self, Cleaned};
use names::Bytes;
use rustix::io::Errno;

use super::Work;
use crate::inventory::{DirectoryId, Leftover};
use crate::problem::Problem;

impl Work<'_> {
    pub(super) fn clean_up(&mut self) {
        let mut places: BTreeMap<DirectoryId, Vec<&Leftover>> = BTreeMap::new();
        for leftover in &self.inventory.leftovers {
            places.entry(leftover.directory).or_default().push(leftover);
        }
        for (id, found) in places {
            for leftover in found {
                let cleaned = self.inventory.open_directory(id).and_then(|directory| {
                    let inode = Sighting::of_name(&directory, &leftover.name)?.inode;
                    self.cleaned.insert(inode);
                    leftovers::clean(&directory, &leftover.name)
                });
                let path = || {
                    self.inventory.shown_directory(id).join(Bytes(leftover.name.to_vec()).as_path())
                };
                match cleaned {
                    Ok(Cleaned::Removed | Cleaned::Restored) => self.outcome.cleaned += 1,
                    Ok(Cleaned::Kept) => self.outcome.problems.push(Problem::stated(
                        "clean up",
                        &path(),
                        "it was left by an earlier run and holds something that no link beside it leads to",
                    )),
                    Err(Errno::NOENT) => {}
                    Err(errno) => self.outcome.problems.push(Problem::system("clean up", &path(), errno)),
                }
            }
        }
    }
}
