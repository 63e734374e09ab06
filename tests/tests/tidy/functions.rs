//! The length of functions.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::source::{Source, Violation};
use super::{finds, hold};

/// A function longer than this is two functions.
const LINES_MAX: usize = 70;

fn long_functions(source: &Source) -> Vec<Violation> {
    let mut functions = Functions { source, violations: Vec::new() };
    functions.visit_file(&source.file());
    functions.violations
}

struct Functions<'a> {
    source: &'a Source,
    violations: Vec<Violation>,
}

impl Functions<'_> {
    /// From the signature to the closing brace.
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (first, last) = (signature.span().start().line, block.span().end().line);
        let lines = last - first + 1;
        if lines > LINES_MAX {
            let what = format!("function {} has {lines} lines, more than {LINES_MAX}", signature.ident);
            self.violations.push(self.source.violation(first, what));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.measure(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[test]
fn functions_are_short() {
    hold(long_functions);
    let of = |lines: usize| format!("fn a(\n) {{\n{}}}\n", "    b();\n".repeat(lines - 3));
    finds(long_functions, "cli/src/a.rs", &of(LINES_MAX), &[]);
    finds(long_functions, "cli/src/a.rs", &of(LINES_MAX + 1), &[1]);
    let method = format!("struct A;\nimpl A {{\n/// A doc does not count.\n{}}}", of(LINES_MAX + 1));
    finds(long_functions, "cli/src/a.rs", &method, &[4]);
    let nested = format!("trait A {{\n{}fn c() {{ {} }} }}", of(LINES_MAX + 1), of(9));
    finds(long_functions, "cli/src/a.rs", &nested, &[2]);
}
