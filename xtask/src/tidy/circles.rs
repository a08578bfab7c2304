//! No circle of files: whoever opens one can read what it stands on without coming back to it.
//!
//! A file stands on another one of its package when its code names something there by a path that
//! begins with `crate`, `self` or `super`. What a module takes over from its children by `use` counts
//! as theirs. Between a file and those that declare it, directly or further up, nothing counts: a
//! folder and the file that opens it are one story, in which the children use the words of the parent
//! and the parent tells what the children do. Tests do not count either.
//!
//! Proof: `src/tidy/circles.rs::files_that_stand_on_each_other_are_found`,
//! `src/tidy/circles.rs::a_parent_and_its_children_are_no_circle`

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Breach;

use self::paths::{Paths, paths};

mod paths;

/// Circles that are known, until they are gone: the list only ever becomes shorter.
const KNOWN: &[&[&str]] = &[
    &[
        "crates/exec/src/failure.rs",
        "crates/exec/src/keeper.rs",
        "crates/exec/src/program.rs",
        "crates/exec/src/running.rs",
        "crates/exec/src/streams.rs",
    ],
    &["tools/tiny/src/audit/arm/execute.rs", "tools/tiny/src/audit/arm/memory.rs"],
];

/// The name of each module, as its path from the crate's root, and the file it stands in.
type Modules = BTreeMap<Vec<String>, PathBuf>;

/// For each file, those it stands on.
type Graph = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// Every circle in a package, of whose sources these are the paths and the texts.
pub(super) fn breaches(sources: &[(PathBuf, String)]) -> Result<Vec<Breach>> {
    Ok(circles(&graph(sources)?).iter().filter_map(unknown).collect())
}

/// Circles that are on the list and in the code no longer.
pub(super) fn stale(sources: &[(PathBuf, String)]) -> Result<Vec<Breach>> {
    stale_among(KNOWN, sources)
}

fn stale_among(known: &[&[&str]], sources: &[(PathBuf, String)]) -> Result<Vec<Breach>> {
    let circles = circles(&graph(sources)?);
    let Some((first, _)) = sources.first() else { return Ok(Vec::new()) };
    let package: PathBuf = first.iter().take_while(|part| *part != "src").collect();
    let is_ours = |file: &&&str| Path::new(file).starts_with(package.join("src"));
    let known = known.iter().flat_map(|circle| circle.iter()).filter(|file| is_ours(file));
    let gone = known.filter(|file| !circles.iter().any(|circle| circle.contains(Path::new(file))));
    let what = "is in no circle any more: strike it from KNOWN in xtask/src/tidy/circles.rs";
    Ok(gone.map(|file| Breach { place: (*file).to_owned(), what: what.to_owned() }).collect())
}

fn unknown(circle: &BTreeSet<PathBuf>) -> Option<Breach> {
    let is_in =
        |known: &[&str]| circle.iter().all(|file| known.iter().any(|name| file == Path::new(name)));
    if KNOWN.iter().any(|known| is_in(known)) {
        return None;
    }
    let names: Vec<_> = circle.iter().map(|file| file.display().to_string()).collect();
    let (place, others) = names.split_first()?;
    let what = format!("stands on itself, by way of {}", others.join(", "));
    Some(Breach { place: place.clone(), what })
}

/// Sets of files each of which stands on all others of its set, however far.
fn circles(graph: &Graph) -> Vec<BTreeSet<PathBuf>> {
    let reached: BTreeMap<_, _> = graph.keys().map(|file| (file, reachable(graph, file))).collect();
    let mut circles = BTreeSet::new();
    for (file, from_here) in &reached {
        let is_mutual =
            |other: &&PathBuf| reached.get(other).is_some_and(|back| back.contains(*file));
        let circle: BTreeSet<_> = from_here.iter().filter(is_mutual).cloned().collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn reachable(graph: &Graph, start: &Path) -> BTreeSet<PathBuf> {
    let mut reached = BTreeSet::new();
    let mut ahead = vec![start.to_owned()];
    while let Some(file) = ahead.pop() {
        for next in graph.get(&file).into_iter().flatten() {
            if reached.insert(next.clone()) {
                ahead.push(next.clone());
            }
        }
    }
    reached
}

fn graph(sources: &[(PathBuf, String)]) -> Result<Graph> {
    let mut modules = Modules::new();
    let mut named: BTreeMap<PathBuf, Paths> = BTreeMap::new();
    for (file, text) in sources {
        let Some(module) = module_of(file) else { continue };
        let tree = syn::parse_file(text)
            .with_context(|| format!("cannot understand `{}` as Rust", file.display()))?;
        named.insert(file.clone(), paths(&tree, &module));
        modules.insert(module, file.clone());
    }
    let mut graph = Graph::new();
    for (module, file) in &modules {
        let paths = named[file].named.iter();
        let places = paths.filter_map(|path| place_of(path, &modules, &named));
        let others = places.filter(|(other, _)| !are_one_story(module, other));
        graph.insert(file.clone(), others.map(|(_, file)| file).collect());
    }
    Ok(graph)
}

/// The module and the file that a path leads to: that of its longest part that is a module, or of
/// whatever this takes the next name from.
fn place_of(
    path: &[String],
    modules: &Modules,
    named: &BTreeMap<PathBuf, Paths>,
) -> Option<(Vec<String>, PathBuf)> {
    let length = (0..=path.len()).rev().find(|length| modules.contains_key(&path[..*length]))?;
    let file = &modules[&path[..length]];
    let taken_over = path.get(length).and_then(|name| named[file].taken_over.get(name));
    match taken_over {
        Some(from) if from[..] != path[..] => place_of(from, modules, named),
        _ => Some((path[..length].to_vec(), file.clone())),
    }
}

fn are_one_story(one: &[String], other: &[String]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// The module that a file of `src` holds. Programs beside a library have names of their own.
fn module_of(file: &Path) -> Option<Vec<String>> {
    let inside: PathBuf = file.iter().skip_while(|part| *part != "src").skip(1).collect();
    let mut module: Vec<String> =
        inside.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let last = module.last()?.clone();
    if last == "mod" || module.len() == 1 && last == "lib" {
        module.pop();
    }
    Some(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles among these files of a package.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<_> = files
            .iter()
            .map(|(file, text)| (Path::new("crates/saw/src").join(file), (*text).to_owned()))
            .collect();
        breaches(&sources).expect("it is Rust").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn files_that_stand_on_each_other_are_found() {
        assert_eq!(
            found(&[
                ("lib.rs", "mod blade; mod motor; mod wood;"),
                ("blade.rs", "use crate::motor::Motor;"),
                ("motor.rs", "fn turn() -> super::wood::Dust { todo() }"),
                ("wood.rs", "use super::blade::{Blade, Teeth};"),
            ]),
            ["crates/saw/src/blade.rs: stands on itself, by way of crates/saw/src/motor.rs, \
              crates/saw/src/wood.rs"]
        );
    }

    #[test]
    fn a_row_of_files_is_no_circle() {
        assert_eq!(
            found(&[
                ("lib.rs", "mod blade; mod motor; mod wood;"),
                ("blade.rs", "use crate::motor::Motor; use crate::wood::Wood;"),
                ("motor.rs", "use crate::wood::Wood;"),
                ("wood.rs", "use std::fs;"),
            ]),
            [""; 0]
        );
    }

    #[test]
    fn a_parent_and_its_children_are_no_circle() {
        assert_eq!(
            found(&[
                ("lib.rs", "mod motor; pub struct Saw; fn saw() { motor::start(); }"),
                ("motor.rs", "use crate::Saw; use self::coil::Coil; mod coil; struct Volt;"),
                ("motor/coil.rs", "use super::Volt; use crate::Saw;"),
            ]),
            [""; 0]
        );
    }

    #[test]
    fn what_a_parent_takes_over_from_a_child_is_the_childs() {
        let files = |wheel| {
            [
                ("lib.rs", "mod motor;"),
                ("motor.rs", "pub(crate) use coil::Coil; mod coil; mod wheel;"),
                ("motor/coil.rs", "use super::wheel::Wheel;"),
                ("motor/wheel.rs", wheel),
            ]
        };

        assert_eq!(found(&files("use super::Coil;")).len(), 1);
        assert_eq!(found(&files("use super::Volt;")), [""; 0]);
    }

    #[test]
    fn a_circle_on_the_list_that_is_gone_is_found() {
        let known: &[&[&str]] =
            &[&["crates/saw/src/blade.rs", "crates/saw/src/gone.rs"], &["crates/drill/src/bit.rs"]];
        let sources = [
            (PathBuf::from("crates/saw/src/blade.rs"), "use crate::motor::Motor;".to_owned()),
            (PathBuf::from("crates/saw/src/motor.rs"), "use crate::blade::Blade;".to_owned()),
        ];

        let stale = stale_among(known, &sources).expect("it is Rust");

        assert_eq!(stale.len(), 1, "{stale:?}");
        assert_eq!(stale[0].place, "crates/saw/src/gone.rs");
    }

    #[test]
    fn tests_do_not_count() {
        assert_eq!(
            found(&[
                ("lib.rs", "mod blade; mod motor;"),
                ("blade.rs", "use crate::motor::Motor;"),
                ("motor.rs", "#[cfg(test)] mod tests { use crate::blade::Blade; }"),
            ]),
            [""; 0]
        );
    }
}
