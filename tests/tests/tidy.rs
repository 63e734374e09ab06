//! The rules of `engine/ARCHITECTURE.md` about dependencies and sources, as tests.
//!
//! A rule is a function from a source, or from the graph of packages, to its violations, so that each can be
//! shown to fail on a small bad example beside it. Violations are printed as `path:line: what is wrong`.

mod dependencies;
mod documented;
mod functions;
mod layout;
mod names;
mod source;
mod text;

use source::{Source, Violation};

/// Fails with all violations of a rule over the sources of the workspace.
#[track_caller]
fn hold(rule: impl Fn(&Source) -> Vec<Violation>) {
    let sources = source::workspace();
    assert!(sources.len() > 100, "only {} sources were found", sources.len());
    report(sources.iter().flat_map(rule).collect());
}

/// Fails with the violations, one a line.
#[track_caller]
fn report(violations: Vec<Violation>) {
    let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} violations\n{}", lines.len(), lines.join("\n"));
}

/// Fails unless a rule finds exactly the violations on these lines of a bad example.
#[track_caller]
fn finds(rule: impl Fn(&Source) -> Vec<Violation>, path: &str, text: &str, lines: &[usize]) {
    let violations = rule(&Source::new(path, text));
    let found: Vec<usize> = violations.iter().map(|violation| violation.line).collect();
    assert_eq!(found, lines, "{violations:?}");
}
