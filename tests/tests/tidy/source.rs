//! The sources of the workspace: text, tokens, and which lines are for tests only.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// The crates' folders.
pub(crate) const CRATES: [&str; 6] = ["benches", "cli", "engine", "query", "storage", "tests"];

/// One rule broken in one place.
#[derive(Debug, PartialEq)]
pub(crate) struct Violation {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// A Rust source under its path from the root of the repository.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// Lines of items under `#[cfg(test)]`.
    test_lines: Vec<RangeInclusive<usize>>,
    /// The whole file is for tests.
    is_test: bool,
}

impl Source {
    /// A source by its path and text.
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let in_folder = |name: &str| path.split('/').rev().skip(1).any(|folder| folder == name);
        Source {
            path: path.to_string(),
            text: text.to_string(),
            test_lines: test_lines(&parse(path, text)),
            is_test: path.starts_with("tests/") || in_folder("tests") || in_folder("benches"),
        }
    }

    /// The source as a syntax tree.
    pub(crate) fn file(&self) -> syn::File {
        parse(&self.path, &self.text)
    }

    /// The source as tokens: neither comments nor the inside of strings are names in it.
    pub(crate) fn tokens(&self) -> TokenStream {
        self.text.parse().unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }

    /// True for a line that is compiled for tests only.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.is_test || self.test_lines.iter().any(|lines| lines.contains(&line))
    }

    /// A violation in this source.
    pub(crate) fn violation(&self, line: usize, what: impl Into<String>) -> Violation {
        Violation { path: self.path.clone(), line, what: what.into() }
    }

    /// `mod.rs` and `lib.rs`, which only declare.
    pub(crate) fn only_declares(&self) -> bool {
        ["mod.rs", "lib.rs"].iter().any(|name| self.path.ends_with(&format!("/{name}")))
    }
}

fn parse(path: &str, text: &str) -> syn::File {
    syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in a folder of the repository")
}

/// All Rust sources, in the order of their paths.
pub(crate) fn workspace() -> Vec<Source> {
    let mut paths = Vec::new();
    for name in CRATES {
        rust_files(&root().join(name), &mut paths);
    }
    paths.sort();
    let sources = paths.iter().map(|path| {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Source::new(&relative(path), &text)
    });
    let mut sources: Vec<Source> = sources.collect();
    let test_files: BTreeSet<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        source.is_test |= test_files.contains(&source.path);
    }
    sources
}

fn rust_files(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() {
            if !path.ends_with("target") {
                rust_files(&path, paths);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("a path in the repository").to_string_lossy().into_owned()
}

/// True for the attribute `#[cfg(test)]` and for conditions of it that need `test`.
pub(crate) fn is_cfg_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let words: Vec<String> = list.tokens.clone().into_iter().map(|token| token.to_string()).collect();
        words.first().is_some_and(|word| word == "test" || word == "all")
            && list.tokens.to_string().contains("test")
    })
}

/// The lines of all items under `#[cfg(test)]`.
fn test_lines(file: &syn::File) -> Vec<RangeInclusive<usize>> {
    struct Lines(Vec<RangeInclusive<usize>>);
    impl<'ast> Visit<'ast> for Lines {
        fn visit_item(&mut self, item: &'ast syn::Item) {
            let attributes = match item {
                syn::Item::Mod(item) => &item.attrs,
                syn::Item::Fn(item) => &item.attrs,
                syn::Item::Use(item) => &item.attrs,
                syn::Item::Impl(item) => &item.attrs,
                syn::Item::Struct(item) => &item.attrs,
                syn::Item::Const(item) => &item.attrs,
                _ => return visit::visit_item(self, item),
            };
            if is_cfg_test(attributes) {
                let span = item.span();
                self.0.push(span.start().line..=span.end().line);
            } else {
                visit::visit_item(self, item);
            }
        }
    }
    let mut lines = Lines(Vec::new());
    lines.visit_file(file);
    lines.0
}

/// Paths of the files that a source declares as modules under `#[cfg(test)]`.
fn test_modules(source: &Source) -> Vec<String> {
    let (folder, name) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let beside = match name {
        "mod.rs" | "lib.rs" | "main.rs" => folder.to_string(),
        name => format!("{folder}/{}", name.trim_end_matches(".rs")),
    };
    let mut paths = Vec::new();
    for item in source.file().items {
        let syn::Item::Mod(module) = item else { continue };
        if module.content.is_some() || !(is_cfg_test(&module.attrs) || source.is_test) {
            continue;
        }
        let path = module.attrs.iter().find(|attribute| attribute.path().is_ident("path"));
        match path.map(|attribute| &attribute.meta) {
            Some(syn::Meta::NameValue(value)) => {
                let value = &value.value;
                paths.push(format!("{folder}/{}", quote_text(value)));
            }
            _ => {
                paths.push(format!("{beside}/{}.rs", module.ident));
                paths.push(format!("{beside}/{}/mod.rs", module.ident));
            }
        }
    }
    paths
}

/// The text of a string literal.
fn quote_text(expr: &syn::Expr) -> String {
    match expr {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => text.value(),
        _ => String::new(),
    }
}

/// Calls `visit` with every sequence of tokens: that of the file, and the inside of every group.
pub(crate) fn each_sequence(tokens: TokenStream, visit: &mut impl FnMut(&[TokenTree])) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    visit(&tokens);
    for token in tokens {
        if let TokenTree::Group(group) = token {
            each_sequence(group.stream(), visit);
        }
    }
}

#[test]
fn lines_for_tests_are_told_apart() {
    let source = Source::new(
        "engine/src/a.rs",
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n#[cfg(not(test))]\nfn c() {}\n",
    );
    let found: Vec<bool> = (1..=7).map(|line| source.is_test_line(line)).collect();
    assert_eq!(found, [false, true, true, true, true, false, false]);
    let modules = "#[cfg(test)]\nmod b;\n#[cfg(test)]\n#[path = \"x.rs\"]\nmod c;\nmod d;";
    let source = Source::new("engine/src/a/mod.rs", modules);
    assert_eq!(test_modules(&source), ["engine/src/a/b.rs", "engine/src/a/b/mod.rs", "engine/src/a/x.rs"]);
}
