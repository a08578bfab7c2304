//! Finds the functions of a Rust file and how many lines each has.

use std::fmt;

use anyhow::Result;
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Ident, Signature};

/// What a line of code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Production,
    Test,
}

impl fmt::Display for Purpose {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Production => "production",
            Self::Test => "tests",
        })
    }
}

/// A function, from its `fn` to its closing brace.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) lines: usize,
    pub(super) purpose: Purpose,
}

/// What is in a file.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub(super) production_lines: usize,
    pub(super) test_lines: usize,
    pub(super) functions: Vec<Function>,
}

/// Measures a file whose own code has this purpose; what stands under `#[cfg(test)]` is test.
pub(super) fn source(text: &str, purpose: Purpose) -> Result<Measured> {
    let file = syn::parse_file(text)?;
    let mut visitor = Visitor { purpose, test_lines: 0, functions: Vec::new() };
    visitor.visit_file(&file);
    let all_lines = text.lines().count();
    let test_lines = if purpose == Purpose::Test { all_lines } else { visitor.test_lines };
    Ok(Measured {
        production_lines: all_lines - test_lines,
        test_lines,
        functions: visitor.functions,
    })
}

struct Visitor {
    purpose: Purpose,
    test_lines: usize,
    functions: Vec<Function>,
}

impl Visitor {
    fn add(&mut self, signature: &Signature, body: &Block) {
        let line = signature.span().start().line;
        let lines = body.brace_token.span.close().end().line - line + 1;
        let name = signature.ident.to_string();
        self.functions.push(Function { name, line, lines, purpose: self.purpose });
    }

    /// Visits what may be there for tests alone.
    fn enter(&mut self, attributes: &[Attribute], span: Span, visit: impl FnOnce(&mut Self)) {
        let outside = self.purpose;
        if outside == Purpose::Production && attributes.iter().any(is_for_tests) {
            self.purpose = Purpose::Test;
            self.test_lines += span.end().line - span.start().line + 1;
        }
        visit(self);
        self.purpose = outside;
    }
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.enter(&module.attrs, module.span(), |visitor| {
            visit::visit_item_mod(visitor, module);
        });
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        self.enter(&block.attrs, block.span(), |visitor| {
            visit::visit_item_impl(visitor, block);
        });
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.enter(&function.attrs, function.span(), |visitor| {
            visitor.add(&function.sig, &function.block);
            visit::visit_item_fn(visitor, function);
        });
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.enter(&function.attrs, function.span(), |visitor| {
            visitor.add(&function.sig, &function.block);
            visit::visit_impl_item_fn(visitor, function);
        });
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

/// `#[test]` and `#[cfg(test)]`.
fn is_for_tests(attribute: &Attribute) -> bool {
    if attribute.path().is_ident("test") {
        return true;
    }
    let condition = attribute.parse_args::<Ident>();
    attribute.path().is_ident("cfg") && condition.is_ok_and(|word| word == "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "\
//! An example.

/// Its documentation is not counted.
#[must_use]
fn outer() -> u32 {
    fn inner() {}
    1
}

impl Thing {
    fn method(&self) {
    }
}

#[cfg(test)]
mod tests {
    fn helper() {}
}
";

    #[test]
    fn every_function_is_found_with_its_place_and_its_lines() {
        let measured = source(EXAMPLE, Purpose::Production).expect("it is Rust");

        let functions: Vec<_> = measured
            .functions
            .iter()
            .map(|function| {
                (function.name.as_str(), function.line, function.lines, function.purpose)
            })
            .collect();

        assert_eq!(
            functions,
            [
                ("outer", 5, 4, Purpose::Production),
                ("inner", 6, 1, Purpose::Production),
                ("method", 11, 2, Purpose::Production),
                ("helper", 17, 1, Purpose::Test),
            ]
        );
    }

    #[test]
    fn the_lines_of_test_modules_are_counted_apart() {
        let measured = source(EXAMPLE, Purpose::Production).expect("it is Rust");

        assert_eq!((measured.production_lines, measured.test_lines), (14, 4));
    }
}
