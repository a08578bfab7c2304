//! The paths in a file's code that lead to other modules of its package.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Attribute, UseTree};

/// All paths are from the crate's root.
#[derive(Default)]
pub(super) struct Paths {
    pub(super) named: BTreeSet<Vec<String>>,
    /// Names that the file's module takes from its children, and where each comes from.
    pub(super) taken_over: BTreeMap<String, Vec<String>>,
}

/// The paths in a file that holds this module.
pub(super) fn paths(file: &syn::File, module: &[String]) -> Paths {
    let mut visitor = Visitor { paths: Paths::default(), module: module.to_vec(), depth: 0 };
    visitor.visit_file(file);
    visitor.paths
}

struct Visitor {
    paths: Paths,
    /// Where the code stands that is being visited.
    module: Vec<String>,
    /// How deep in modules that stand in the file itself.
    depth: usize,
}

impl Visitor {
    /// A path that begins at the root, here, or further up. Others lead to another package, or to
    /// what has been named before.
    fn name(&mut self, path: &[String]) {
        let mut base = self.module.clone();
        let mut rest = path;
        match path.first().map(String::as_str) {
            Some("crate") => base.clear(),
            Some("self") => {}
            Some("super") => {
                base.pop();
            }
            _ => return,
        }
        rest = &rest[1..];
        while let Some(("super", further)) =
            rest.split_first().map(|(one, more)| (one.as_str(), more))
        {
            base.pop();
            rest = further;
        }
        base.extend(rest.iter().cloned());
        self.paths.named.insert(base);
    }

    /// Each path that a `use` names, begun with what stands before the tree.
    fn use_tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &dyn ToString| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.use_tree(&with(&path.ident), &path.tree),
            UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.use_tree(before, item));
            }
            UseTree::Name(name) if name.ident == "self" => self.name(before),
            UseTree::Name(name) => self.used(&name.ident.to_string(), &with(&name.ident)),
            UseTree::Rename(rename) => {
                self.used(&rename.rename.to_string(), &with(&rename.ident));
            }
            UseTree::Glob(_) => self.name(before),
        }
    }

    fn used(&mut self, name: &str, path: &[String]) {
        self.name(path);
        let is_of_a_child = !matches!(path[0].as_str(), "crate" | "super");
        if self.depth == 0 && is_of_a_child {
            let own = path.strip_prefix(&["self".to_owned()][..]).unwrap_or(path);
            self.paths.taken_over.insert(name.to_owned(), [&self.module, own].concat());
        }
    }
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !attributes(item).iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.module.push(module.ident.to_string());
        self.depth += 1;
        visit::visit_item_mod(self, module);
        self.depth -= 1;
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        self.name(&words);
        visit::visit_path(self, path);
    }
}

fn attributes(item: &syn::Item) -> &[Attribute] {
    match item {
        syn::Item::Fn(function) => &function.attrs,
        syn::Item::Impl(block) => &block.attrs,
        syn::Item::Mod(module) => &module.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// `#[cfg(test)]` and all that asks for it besides something else.
fn is_for_tests(attribute: &Attribute) -> bool {
    let condition = || quoted(attribute).contains("test");
    attribute.path().is_ident("cfg") && condition()
}

fn quoted(attribute: &Attribute) -> String {
    match &attribute.meta {
        syn::Meta::List(list) => list.tokens.to_string(),
        _ => String::new(),
    }
}
