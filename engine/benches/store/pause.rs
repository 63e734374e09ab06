//! The longest pause that a query sees while the database packs its tail or rebuilds an index.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use argtop::Database;

use crate::common::Fallible;
use crate::data::{Labels, quantile};
use crate::insert::insert;
use crate::query::{FIRST, times};
use crate::{Asked, open_database};

/// Labels that are packed: a few more than start it.
const TAIL: usize = 17_000;

pub(crate) fn run(asked: &Asked, path: &Path, labels: &Labels) -> Fallible<()> {
    let database = open_database(path)?;
    times(&database, labels, 200)?;
    let mut quiet = times(&database, labels, 1_000)?;
    let (p50, worst) = (quantile(&mut quiet, 0.5), quantile(&mut quiet, 1.0));
    println!("pause: quiet: p50 {p50:.3} ms, longest {worst:.3} ms");
    let first = 2 * FIRST;
    // Starts the packing in the background with its last statement.
    let start = |database: &Database| -> Fallible<()> {
        insert(database, labels, first..first + TAIL as i64, 500)?;
        Ok(())
    };
    start(&database)?;
    report("packing", &database, labels, p50, |database| Ok(database.wait_for_maintenance()?))?;
    if !asked.index.is_empty() {
        report("REINDEX", &database, labels, p50, |database| {
            database.execute("REINDEX i")?;
            Ok(())
        })?;
    }
    database.close()?;
    Ok(())
}

/// Queries until the work is done.
fn report(
    name: &str,
    database: &Database,
    labels: &Labels,
    quiet: f64,
    work: impl FnOnce(&Database) -> Fallible<()> + Send,
) -> Fallible<()> {
    let done = AtomicBool::new(false);
    let mut found = std::thread::scope(|scope| -> Fallible<Vec<f64>> {
        let worker = scope.spawn(|| {
            let outcome = work(&database.session()).map_err(|error| error.to_string());
            done.store(true, Ordering::Relaxed);
            outcome
        });
        let mut found = Vec::new();
        while !done.load(Ordering::Relaxed) {
            found.extend(times(database, labels, 20)?);
        }
        worker.join().map_err(|_| "the worker panicked")??;
        // The first queries after it open what is new.
        found.extend(times(database, labels, 20)?);
        Ok(found)
    })?;
    let (p50, worst) = (quantile(&mut found, 0.5), quantile(&mut found, 1.0));
    println!(
        "pause: {name}: {} queries meanwhile, p50 {p50:.3} ms ({:.2} times), longest {worst:.3} ms",
        found.len(),
        p50 / quiet
    );
    Ok(())
}
