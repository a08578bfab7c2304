//! File systems of other kinds, to work in.

use std::process::Command;

use tempfile::TempDir;
use testkit::{has_root, skip};

use super::Tree;

/// A file system in a file, mounted as long as this lives.
pub(crate) struct Image {
    base: TempDir,
}

impl Image {
    /// None, with the reason printed, where none can be made.
    pub(crate) fn made_by(mkfs: &[&str]) -> Option<Self> {
        if !has_root() {
            return None;
        }
        let base = tempfile::tempdir().expect("a directory to work in");
        let image = base.path().join("image");
        let file = std::fs::File::create(&image).expect("a file");
        file.set_len(400 << 20).expect("a sparse one");
        std::fs::create_dir(base.path().join("mounted")).expect("a mount point");
        let image = image.to_str().expect("a plain path");
        for command in [
            &[mkfs, &[image]].concat()[..],
            &["mount", "-o", "loop", image, base.path().join("mounted").to_str().expect("plain")],
        ] {
            let done = Command::new(command[0]).args(&command[1..]).output();
            if !done.as_ref().is_ok_and(|output| output.status.success()) {
                skip(&format!("`{}` does not work here", command.join(" ")));
                return None;
            }
        }
        Some(Self { base })
    }

    pub(crate) fn all() -> Vec<Self> {
        let made = [&["mkfs.btrfs", "-q"][..], &["mkfs.xfs", "-q", "-m", "reflink=1"]];
        made.into_iter().filter_map(Self::made_by).collect()
    }

    /// A tree in the file system.
    pub(crate) fn tree(&self) -> Tree {
        let mounted = self.base.path().join("mounted");
        Tree::at(tempfile::tempdir_in(mounted).expect("a directory to work in"))
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let mounted = self.base.path().join("mounted");
        // Nothing is mounted where that did not work.
        let _ = Command::new("umount").arg("-l").arg(mounted).output();
    }
}
