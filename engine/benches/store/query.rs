//! Queries while labels are written: after many inserts, and beside a writer that runs flat out.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use argtop::Database;

use crate::common::Fallible;
use crate::data::{Labels, quantile};
use crate::insert::{insert, prepared};
use crate::{answer, open_database, search};

const INSERTS: usize = 10_000;
const ROUNDS: usize = 5;
const QUERIES: usize = 200;
/// Numbers of the labels that are written here; other parts stay under it.
pub(crate) const FIRST: i64 = 10_000_000;

/// Seconds of queries, one after the other.
pub(crate) fn times(database: &Database, labels: &Labels, count: usize) -> Fallible<Vec<f64>> {
    let search = search(database)?;
    let vectors: Vec<Vec<f32>> = (0..count).map(|at| labels.vector(-1 - at as i64)).collect();
    let mut times = Vec::with_capacity(count);
    for vector in &vectors {
        let started = Instant::now();
        answer(&search, vector)?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times)
}

pub(crate) fn run(path: &Path, labels: &Labels) -> Fallible<()> {
    let database = open_database(path)?;
    database.execute("SET auto_pack = false")?;
    times(&database, labels, QUERIES)?;
    let mut before = Vec::new();
    for _ in 0..ROUNDS {
        before.extend(times(&database, labels, QUERIES)?);
    }
    insert(&database, labels, FIRST..FIRST + INSERTS as i64, 100)?;
    times(&database, labels, QUERIES)?;
    let mut after = Vec::new();
    for _ in 0..ROUNDS {
        after.extend(times(&database, labels, QUERIES)?);
    }
    let (p50, later) = (quantile(&mut before, 0.5), quantile(&mut after, 0.5));
    println!(
        "query: p50 {p50:.3} ms, after {INSERTS} inserts since the last maintenance {later:.3} ms \
         ({:.2} times)",
        later / p50
    );
    let quiet = quantile(&mut after, 0.99);
    let (mut beside, written) = beside_a_writer(&database, labels)?;
    let (p50, p99) = (quantile(&mut beside, 0.5), quantile(&mut beside, 0.99));
    println!(
        "query: p99 {quiet:.3} ms, beside one writer flat out ({written:.0} inserts a second) {p99:.3} ms \
         ({:.2} times), p50 {p50:.3} ms ({:.2} times)",
        p99 / quiet,
        p50 / later
    );
    database.close()?;
    Ok(())
}

/// Times of queries while one session inserts a row at a time, and its rate.
fn beside_a_writer(database: &Database, labels: &Labels) -> Fallible<(Vec<f64>, f64)> {
    let done = AtomicBool::new(false);
    let first = FIRST + INSERTS as i64;
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<f64, String> {
            let session = database.session();
            session.execute("SET auto_pack = false").map_err(|error| error.to_string())?;
            let statement = prepared(&session, 1).map_err(|error| error.to_string())?;
            let (mut number, started) = (first, Instant::now());
            while !done.load(Ordering::Relaxed) {
                let bound = statement.clone().bind(labels.row(number)).map_err(|error| error.to_string())?;
                bound.execute().map_err(|error| error.to_string())?;
                number += 1;
            }
            Ok((number - first) as f64 / started.elapsed().as_secs_f64())
        });
        let found = (0..ROUNDS).try_fold(Vec::new(), |mut all, _| {
            all.extend(times(database, labels, QUERIES)?);
            Ok::<_, Box<dyn std::error::Error>>(all)
        });
        done.store(true, Ordering::Relaxed);
        let written = writer.join().map_err(|_| "the writer panicked")??;
        Ok((found?, written))
    })
}
