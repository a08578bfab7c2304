//! Which files came with a program: what its package holds, by the records of dpkg and apk.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::rootfs::Root;
use crate::rootfs::inventory::Follow;

/// What the package managers of a root know.
#[derive(Debug, Default)]
pub(crate) struct Packages {
    files: Vec<Vec<PathBuf>>,
    /// Which package a file belongs to, by its real path.
    owner: BTreeMap<PathBuf, usize>,
}

impl Packages {
    /// Reads the records; a root without any gives nothing.
    pub(crate) fn of(root: &Root) -> Self {
        let mut packages = Self::default();
        let info = Path::new("var/lib/dpkg/info");
        for (path, _) in root.inventory.children(info) {
            if path.extension().is_some_and(|extension| extension == "list") {
                packages.add(root, lines(root, path));
            }
        }
        packages.add_apk(root);
        packages
    }

    /// All files that came with a file, itself among them.
    pub(crate) fn companions(&self, path: &Path) -> &[PathBuf] {
        self.owner.get(path).map_or(&[], |number| &self.files[*number])
    }

    fn add(&mut self, root: &Root, files: impl Iterator<Item = PathBuf>) {
        let number = self.files.len();
        let mut real = Vec::new();
        for path in files {
            // A record may say /bin/ls where /bin is a link today.
            let end = root.inventory.resolve(Path::new(""), &path, Follow::NotLast).end;
            if let Some(end) = end.filter(|end| !end.as_os_str().is_empty()) {
                self.owner.insert(end.clone(), number);
                real.push(end);
            }
        }
        self.files.push(real);
    }

    /// Alpine's records: a paragraph for each package, `F:` names a directory, `R:` a file in it.
    fn add_apk(&mut self, root: &Root) {
        let mut directory = PathBuf::from("/");
        let mut files = Vec::new();
        for line in lines(root, Path::new("lib/apk/db/installed")) {
            match line.as_os_str().as_bytes() {
                [] => self.add(root, std::mem::take(&mut files).into_iter()),
                [b'F', b':', ..] => directory = Path::new("/").join(value(&line)),
                [b'R', b':', ..] => files.push(directory.join(value(&line))),
                _ => {}
            }
        }
        self.add(root, files.into_iter());
    }
}

fn value(line: &Path) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(&line.as_os_str().as_bytes()[2..]))
}

fn lines(root: &Root, path: &Path) -> impl Iterator<Item = PathBuf> {
    let file = root.read(path).ok();
    let lines = file.into_iter().flat_map(|file| BufReader::new(file).split(b'\n'));
    lines.map_while(Result::ok).map(|line| PathBuf::from(std::ffi::OsStr::from_bytes(&line)))
}
