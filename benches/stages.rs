//! Times of a statement's steps and of whole searches on one thread, by divan: `make bench`. The cases are
//! those whose instructions `counts.rs` counts, on more and longer vectors.

use std::fmt;
use std::path::Path;

use argtop_benches::cases::{self, CASES, Case, Ready};
use argtop_benches::sample::DIMENSION;

const LABELS: usize = 20_000;

/// A case as divan names it.
struct Named(&'static Case);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

/// The database of all cases, made at the first.
fn database() -> &'static Path {
    static MADE: std::sync::OnceLock<tempfile::TempDir> = std::sync::OnceLock::new();
    let folder = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        cases::make(folder.path(), LABELS, DIMENSION).expect("the database of the cases");
        folder
    });
    folder.path()
}

#[divan::bench(args = CASES.iter().map(Named))]
fn stage(bencher: divan::Bencher<'_, '_>, case: &Named) {
    let ready = Ready::new(case.0, database(), DIMENSION).expect("a database that is ready for the case");
    // What the first use loads is no part of the rest.
    ready.run().expect("the case runs");
    bencher.bench_local(|| ready.run().expect("the case runs"));
}

fn main() {
    divan::main();
}
