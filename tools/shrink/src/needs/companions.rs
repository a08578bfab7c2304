//! What came in the same package as a program, and in those that this one depends on.

use std::path::{Path, PathBuf};

use crate::reason::Role;
use crate::rootfs::Root;
use crate::rootfs::inventory::Kind;

use super::edge::{Edge, Extent};
use super::libraries::Loader;
use super::packages::Packages;
use super::rules::Rules;
use super::search_path::is_on_search_path;

/// All that came with a program, but for other programs and what policies take away.
pub(crate) fn of(
    program: &Path,
    root: &Root,
    packages: &Packages,
    rules: &Rules,
    loader: &Loader,
) -> Vec<Edge> {
    let same = packages.companions(program).iter().map(PathBuf::as_path);
    let same = same.filter(|path| !is_paperwork(path));
    let dependencies = packages.dependencies(program, &rules.for_installing);
    let dependencies = dependencies
        .into_iter()
        .filter(|path| !is_paperwork(path) && !is_for_booting(path) && !loader.has_beside(path));
    // Of what others brought along, everything is there, but not all that it may need.
    let came_along = same
        .map(|path| (path, Role::SamePackage, Extent::Everything))
        .chain(dependencies.map(|path| (path, Role::Dependency, Extent::Start)));
    came_along
        .filter(|(path, ..)| matters(path, root))
        .map(|(path, role, extent)| Edge::needed(Path::new("/").join(path), program, role, extent))
        .collect()
}

/// Other programs do not, and directories only where the program writes into them.
fn matters(path: &Path, root: &Root) -> bool {
    let is_other_program = path.parent().is_some_and(is_on_search_path);
    !is_other_program
        && root
            .inventory
            .get(path)
            .is_some_and(|entry| entry.kind != Kind::Directory || path.starts_with("var"))
}

/// What starts services of a package when the system starts.
fn is_for_booting(path: &Path) -> bool {
    let places = ["etc/init.d", "etc/init", "usr/lib/systemd", "lib/systemd", "etc/logrotate.d"];
    places.iter().any(|place| path.starts_with(place))
        || path.parent().is_some_and(|parent| parent.to_string_lossy().starts_with("etc/cron."))
}

/// What comes with a package for people, not for programs.
fn is_paperwork(path: &Path) -> bool {
    let beginnings =
        ["usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/lintian", "usr/share/bug"];
    let completions = ["usr/share/bash-completion", "usr/share/zsh", "usr/share/fish"];
    beginnings.iter().chain(&completions).any(|beginning| path.starts_with(beginning))
}
