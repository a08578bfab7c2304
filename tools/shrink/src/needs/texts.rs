//! What a text needs: scripts their interpreters and commands, modules and settings what they name.

use std::path::Path;

use crate::reason::Role;
use crate::rootfs::Root;
use crate::rootfs::inventory::{Entry, Follow};

use super::edge::{Edge, Extent, Node};
use super::mentions;
use super::scripts::{self, Interpreter};
use super::search_path::SearchPath;

/// Reads texts of a root.
pub(crate) struct Texts<'a> {
    pub(crate) root: &'a Root,
    pub(crate) search_path: &'a SearchPath<'a>,
}

impl Texts<'_> {
    /// What starts a script, and with everything also what it seems to run and names.
    pub(crate) fn script(&self, path: &Path, interpreter: &Interpreter, node: &Node) -> Vec<Edge> {
        let starts = |to: &Path| Edge::needed(to, path, Role::Interpreter, node.extent);
        let mut edges = vec![starts(Path::new(&interpreter.path))];
        let through_env = interpreter.through_env.as_deref();
        edges.extend(
            through_env
                .and_then(|program| self.started_by_env(program))
                .map(|program| starts(&program)),
        );
        match node.extent {
            Extent::Start => {}
            Extent::Everything if interpreter.is_shell() => edges.extend(self.shell(path)),
            Extent::Everything => edges.extend(self.names(path, Extent::Everything)),
        }
        edges
    }

    /// Where `env` finds a program: by its name, or by a path.
    pub(crate) fn started_by_env(&self, program: &str) -> Option<std::path::PathBuf> {
        if program.starts_with('/') {
            let end = self.root.inventory.resolve(Path::new(""), Path::new(program), Follow::Last);
            return end.end.map(|_| program.into());
        }
        self.search_path.find(program)
    }

    /// What a shell script, or a part of one, runs, includes and names.
    pub(crate) fn shell(&self, path: &Path) -> Vec<Edge> {
        let text = self.root.text(path);
        let commands = scripts::commands(&text);
        let found = commands.iter().filter_map(|command| self.search_path.find(command));
        let mut edges: Vec<_> = found
            .map(|found| Edge::needed(found, path, Role::Command, Extent::Everything))
            .collect();
        for included in scripts::included(&text) {
            edges.extend(self.parts(path, Path::new(included)));
        }
        edges.extend(self.names(path, Extent::Everything));
        edges
    }

    /// A file that a shell script includes, by its path or beside the script.
    fn parts(&self, path: &Path, included: &Path) -> Vec<Edge> {
        let beside =
            Path::new("/").join(path).with_file_name(included.file_name().unwrap_or_default());
        let places = [included, &beside].into_iter().filter(|place| place.is_absolute());
        let inventory = &self.root.inventory;
        let files = places.filter(|place| {
            let end = inventory.resolve(Path::new(""), place, Follow::Last).end;
            end.and_then(|end| inventory.get(&end)).is_some_and(Entry::is_file)
        });
        files.map(|place| Edge::needed(place, path, Role::Part, Extent::Everything)).collect()
    }

    /// Files whose paths stand in a text.
    pub(crate) fn names(&self, path: &Path, extent: Extent) -> Vec<Edge> {
        match mentions::of(self.root, path, &self.search_path.names) {
            Ok(mentions) => mentions::edges(self.root, &mentions.paths, path, extent),
            Err(_) => Vec::new(),
        }
    }
}

/// Whether it is a module of a language, which may name other files.
pub(crate) fn is_module(path: &Path) -> bool {
    let modules = ["py", "pm", "pl", "rb", "php", "js", "cjs", "mjs", "lua", "tcl", "sh"];
    let extension = path.extension().unwrap_or_default();
    modules.iter().any(|module| extension == *module)
}

/// Whether it came as a setting of a program of --keep; others say too much that this program does
/// not mean.
pub(crate) fn is_setting(path: &Path, node: &Node) -> bool {
    path.starts_with("etc") && node.is(Role::SamePackage)
}
