//! Where things are: the top of the repository, and what `mod.rs` and `lib.rs` hold.

use std::fs;

use syn::spanned::Spanned;

use super::source::{Source, Violation, root};
use super::{finds, hold, report};

/// Everything that is visible at the top of the repository. `target` is cargo's own, and not kept.
const TOP: [&str; 13] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "benches",
    "cli",
    "engine",
    "query",
    "storage",
    "target",
    "tests",
];

fn at_the_top(names: impl IntoIterator<Item = String>) -> Vec<Violation> {
    let wrong = names.into_iter().filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()));
    let violation = |path| Violation { path, line: 1, what: "does not belong at the top".to_string() };
    wrong.map(violation).collect()
}

/// Items of `mod.rs` and `lib.rs` that are neither declarations of modules nor re-exports.
fn more_than_declarations(source: &Source) -> Vec<Violation> {
    // The module of the tests themselves may hold them.
    if !source.only_declares() || source.is_test_line(1) && !source.path.starts_with("tests/src/") {
        return Vec::new();
    }
    let mut violations = Vec::new();
    for item in source.file().items {
        let declares = match &item {
            syn::Item::Mod(module) => module.content.is_none(),
            syn::Item::Use(item) => !matches!(item.vis, syn::Visibility::Inherited),
            syn::Item::ExternCrate(_) => true,
            _ => false,
        };
        if !declares {
            let what =
                "only declarations of modules and re-exports belong here: move it into a file of its own";
            violations.push(source.violation(item.span().start().line, what));
        }
    }
    violations
}

#[test]
fn the_top_of_the_repository_is_tidy() {
    let entries = fs::read_dir(root()).expect("the root of the repository");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    report(at_the_top(names));
    let bad = ["Cargo.toml", ".git", "notes.txt", "engine", "src"].map(ToString::to_string);
    let found: Vec<String> = at_the_top(bad).into_iter().map(|violation| violation.path).collect();
    assert_eq!(found, ["notes.txt", "src"]);
}

#[test]
fn mod_and_lib_only_declare() {
    hold(more_than_declarations);
    let bad = "//! A.\nmod a;\npub use a::B;\nuse a::C;\nfn d() {}\nmod e {}\npub(crate) use a::F;";
    finds(more_than_declarations, "engine/src/a/mod.rs", bad, &[4, 5, 6]);
    finds(more_than_declarations, "engine/src/a/b.rs", bad, &[]);
}
