//! Public items have documentation.

use std::fs;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::source::{Source, Violation, is_cfg_test, root};
use super::{finds, hold};

/// Public items without documentation. Items of test-only modules have no readers.
fn undocumented(source: &Source) -> Vec<Violation> {
    let mut items = Items { source, violations: Vec::new() };
    items.visit_file(&source.file());
    let has_readers = |line| source.path.starts_with("tests/src/") || !source.is_test_line(line);
    items.violations.into_iter().filter(|violation| has_readers(violation.line)).collect()
}

struct Items<'a> {
    source: &'a Source,
    violations: Vec<Violation>,
}

fn is_documented(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("doc"))
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

impl Items<'_> {
    fn check(&mut self, attributes: &[syn::Attribute], name: &syn::Ident) {
        if !is_documented(attributes) {
            let what = format!("public {name} has no documentation");
            self.violations.push(self.source.violation(name.span().start().line, what));
        }
    }

    fn fields(&mut self, fields: &syn::Fields, all_public: bool) {
        for field in fields {
            if let Some(name) = &field.ident
                && (all_public || is_public(&field.vis))
            {
                self.check(&field.attrs, name);
            }
        }
    }

    /// Whether the file of a module begins with `//!`.
    fn module_file_is_documented(&self, name: &str) -> bool {
        let (folder, file) = self.source.path.rsplit_once('/').unwrap_or(("", &self.source.path));
        let beside = match file {
            "mod.rs" | "lib.rs" | "main.rs" => folder.to_string(),
            file => format!("{folder}/{}", file.trim_end_matches(".rs")),
        };
        let files = [format!("{beside}/{name}.rs"), format!("{beside}/{name}/mod.rs")];
        let begins =
            |file: &String| fs::read_to_string(root().join(file)).is_ok_and(|text| text.starts_with("//!"));
        files.iter().any(begins)
    }
}

impl<'ast> Visit<'ast> for Items<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if is_public(&item.vis) {
            self.check(&item.attrs, &item.sig.ident);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if is_public(&item.vis) {
            self.check(&item.attrs, &item.ident);
            self.fields(&item.fields, false);
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        if !is_public(&item.vis) {
            return;
        }
        self.check(&item.attrs, &item.ident);
        for variant in &item.variants {
            self.check(&variant.attrs, &variant.ident);
            self.fields(&variant.fields, true);
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        if !is_public(&item.vis) {
            return;
        }
        self.check(&item.attrs, &item.ident);
        for part in &item.items {
            match part {
                syn::TraitItem::Fn(part) => self.check(&part.attrs, &part.sig.ident),
                syn::TraitItem::Const(part) => self.check(&part.attrs, &part.ident),
                syn::TraitItem::Type(part) => self.check(&part.attrs, &part.ident),
                _ => {}
            }
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        for part in &item.items {
            match part {
                syn::ImplItem::Fn(part) if is_public(&part.vis) => self.check(&part.attrs, &part.sig.ident),
                syn::ImplItem::Const(part) if is_public(&part.vis) => self.check(&part.attrs, &part.ident),
                _ => {}
            }
        }
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if is_public(&item.vis) {
            self.check(&item.attrs, &item.ident);
        }
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        if is_public(&item.vis) {
            self.check(&item.attrs, &item.ident);
        }
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        if is_public(&item.vis) {
            self.check(&item.attrs, &item.ident);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_cfg_test(&item.attrs) {
            return;
        }
        let in_file = item.content.is_none() && self.module_file_is_documented(&item.ident.to_string());
        if is_public(&item.vis) && !in_file {
            self.check(&item.attrs, &item.ident);
        }
        visit::visit_item_mod(self, item);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        let exported = item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"));
        if let Some(name) = item.ident.as_ref().filter(|_| exported) {
            self.check(&item.attrs, name);
        }
    }
}

/// Every file begins by saying what it is about.
fn headless(source: &Source) -> Vec<Violation> {
    let file = source.file();
    let inner = |attribute: &syn::Attribute| matches!(attribute.style, syn::AttrStyle::Inner(_));
    let first = file.attrs.iter().find(|attribute| inner(attribute) && attribute.path().is_ident("doc"));
    match first {
        Some(doc) if doc.span().start().line == 1 => Vec::new(),
        _ => vec![source.violation(1, "does not begin with `//!`: say what the file is about")],
    }
}

#[test]
fn public_items_are_documented() {
    hold(undocumented);
    let bad = "pub fn a() {}\n/// B.\npub struct B { pub c: u8, d: u8 }\nimpl B {\n    pub fn e() {}\n}\n\
               /// F.\npub enum F {\n    G { h: u8 },\n}\npub(crate) fn i() {}\npub const J: u8 = 1;\n\
               /// K.\npub trait K {\n    fn l();\n}\npub mod m {}\n/// N.\npub struct N(pub u8);";
    finds(undocumented, "cli/src/a.rs", bad, &[1, 3, 5, 9, 9, 12, 15, 17]);
    let test = "#[cfg(test)]\nmod tests {\n    pub fn a() {}\n}";
    finds(undocumented, "cli/src/a.rs", test, &[]);
}

#[test]
fn files_say_what_they_are_about() {
    hold(headless);
    finds(headless, "cli/src/a.rs", "// A.\nfn a() {}", &[1]);
    finds(headless, "cli/src/a.rs", "//! A.\nfn a() {}", &[]);
}
