//! Which files came with a program: what its package holds and those that this one depends on, by
//! the records of dpkg and apk.

use std::collections::{BTreeMap, BTreeSet};
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
    /// Packages by their names, and by what else they say that they are.
    named: BTreeMap<String, Vec<usize>>,
    /// The names of what each package depends on.
    depends: BTreeMap<usize, BTreeSet<String>>,
    /// Packages that every system has, whoever depends on them.
    essential: BTreeSet<usize>,
}

impl Packages {
    /// Reads the records; a root without any gives nothing.
    pub(crate) fn of(root: &Root) -> Self {
        let mut packages = Self::default();
        let info = Path::new("var/lib/dpkg/info");
        for (path, _) in root.inventory.children(info) {
            if path.extension().is_some_and(|extension| extension == "list") {
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                packages.name(name.split(':').next().unwrap_or_default());
                packages.add(root, lines(root, path));
            }
        }
        packages.add_dpkg_status(root);
        packages.add_apk(root);
        packages
    }

    /// What came with a file: all of its package, itself among it.
    pub(crate) fn companions(&self, path: &Path) -> &[PathBuf] {
        self.owner.get(path).map_or(&[], |number| &self.files[*number])
    }

    /// What came with what a file's package depends on, directly or not, but for what every system
    /// has and for packages that `ignored` names.
    pub(crate) fn dependencies(&self, path: &Path, ignored: &BTreeSet<String>) -> Vec<&Path> {
        let Some(first) = self.owner.get(path) else {
            return Vec::new();
        };
        let mut seen = BTreeSet::from([*first]);
        let mut queue = vec![*first];
        let mut found = Vec::new();
        while let Some(number) = queue.pop() {
            let names = self.depends.get(&number).into_iter().flatten();
            for name in names.filter(|name| !ignored.contains(*name)) {
                for next in self.named.get(name).into_iter().flatten() {
                    if !self.essential.contains(next) && seen.insert(*next) {
                        found.extend(self.files[*next].iter().map(PathBuf::as_path));
                        queue.push(*next);
                    }
                }
            }
        }
        found
    }

    /// Whether a file came with another one: in its package, or in one that this depends on.
    pub(crate) fn came_with(&self, path: &Path, other: &Path) -> bool {
        self.companions(path).iter().any(|companion| companion == other)
            || self.dependencies(path, &BTreeSet::new()).contains(&other)
    }

    /// Gives the package that is added next a name.
    fn name(&mut self, name: &str) {
        self.named.entry(name.to_owned()).or_default().push(self.files.len());
    }

    /// What dpkg knows of packages besides their files: a paragraph for each.
    fn add_dpkg_status(&mut self, root: &Root) {
        let mut described = Vec::new();
        for line in lines(root, Path::new("var/lib/dpkg/status")) {
            let line = line.to_string_lossy();
            let Some((field, value)) = line.split_once(": ") else {
                continue;
            };
            match field {
                "Package" => described = self.named.get(value).cloned().unwrap_or_default(),
                "Essential" if value == "yes" => self.essential.extend(&described),
                "Priority" if value == "required" => self.essential.extend(&described),
                "Depends" | "Pre-Depends" => {
                    for number in &described {
                        self.depends.entry(*number).or_default().extend(names_in(value));
                    }
                }
                "Provides" => {
                    for name in names_in(value) {
                        self.named.entry(name).or_default().extend(&described);
                    }
                }
                _ => {}
            }
        }
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
                [b'P', b':', ..] => self.name(&value(&line).to_string_lossy()),
                [b'D', b':', ..] => {
                    let names = value(&line).to_string_lossy().into_owned();
                    let names = names.split_whitespace().map(plain_name).map(str::to_owned);
                    self.depends.entry(self.files.len()).or_default().extend(names);
                }
                [b'F', b':', ..] => directory = Path::new("/").join(value(&line)),
                [b'R', b':', ..] => files.push(directory.join(value(&line))),
                _ => {}
            }
        }
        self.add(root, files.into_iter());
    }
}

/// The names in `libc6 (>= 2.36), default-mta | mail-transport-agent, perl:any`.
fn names_in(list: &str) -> BTreeSet<String> {
    let names = list.split([',', '|']).map(|one| plain_name(one.trim()));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// A package's name without its version and architecture.
fn plain_name(one: &str) -> &str {
    one.split([' ', '(', ':', '=', '<', '>', '~']).next().unwrap_or_default()
}

fn value(line: &Path) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(&line.as_os_str().as_bytes()[2..]))
}

fn lines(root: &Root, path: &Path) -> impl Iterator<Item = PathBuf> {
    let file = root.read(path).ok();
    let lines = file.into_iter().flat_map(|file| BufReader::new(file).split(b'\n'));
    lines.map_while(Result::ok).map(|line| PathBuf::from(std::ffi::OsStr::from_bytes(&line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_alone() {
        let names = names_in("libc6 (>= 2.36), default-mta | mail-transport-agent, perl:any");
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        assert_eq!(names, ["default-mta", "libc6", "mail-transport-agent", "perl"]);
        assert_eq!(plain_name("musl>=1.2"), "musl");
    }
}
