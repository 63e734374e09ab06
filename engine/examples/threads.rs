//! argtop inside a threaded application: one database, a session for each worker, a writer beside them, and a
//! watchdog that interrupts what takes too long.
//!
//! `cargo run --release --example threads -- FOLDER`
//!
//! The labels bring their vectors themselves here, so that no model is needed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argtop::{Database, Error, Options, Value};

const WORKERS: usize = 4;
const SEARCHES_PER_WORKER: u64 = 200;
const LABELS: i64 = 2_000;
const DIMENSION: usize = 16;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: threads FOLDER")?;
    let database = Database::open(folder, Options::default())?;
    database.execute("DROP TABLE IF EXISTS points")?;
    database.execute("CREATE TABLE points (id BIGINT PRIMARY KEY, v VECTOR(16) NOT NULL)")?;

    let searches = AtomicU64::new(0);
    std::thread::scope(|scope| -> Result<(), Error> {
        let writer = scope.spawn(|| write(&database));
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                // A session has settings and an interrupt handle of its own.
                let session = database.session();
                let searches = &searches;
                scope.spawn(move || search(&session, worker, searches))
            })
            .collect();
        for worker in workers {
            worker.join().map_err(|_| Error::Interrupted)??;
        }
        writer.join().map_err(|_| Error::Interrupted)?
    })?;
    interrupt(&database)?;
    report(&format!("{} searches beside {LABELS} inserts", searches.load(Ordering::Relaxed)));
    database.close()?;
    Ok(())
}

/// Inserts in batches: a batch is one statement, one commit, and visible as a whole.
fn write(database: &Database) -> Result<(), Error> {
    for start in (0..LABELS).step_by(100) {
        let rows: Vec<String> =
            (start..start + 100).map(|id| format!("({id}, {})", literal(id as u64))).collect();
        database.execute(&format!("INSERT INTO points VALUES {}", rows.join(", ")))?;
    }
    Ok(())
}

/// Every search sees the labels of one moment: never half a batch.
fn search(session: &Database, worker: usize, searches: &AtomicU64) -> Result<(), Error> {
    let statement =
        session.prepare("SELECT id, score FROM points SEARCH (VECTOR => $1) VIA EXACT LIMIT 5")?;
    for number in 0..SEARCHES_PER_WORKER {
        let query = vector(worker as u64 * SEARCHES_PER_WORKER + number);
        for row in statement.clone().bind(vec![Value::Vector(query)])?.query()? {
            row?;
        }
        searches.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Interrupting from another thread ends the statement that is running, and nothing else.
fn interrupt(database: &Database) -> Result<(), Error> {
    let session = database.session();
    let handle = session.interrupt_handle();
    let watchdog = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        handle.interrupt();
    });
    let outcome = session.execute("SELECT max(id) FROM points WHERE length(lower(CAST(id AS TEXT))) > 0");
    match outcome {
        // It may have been quicker than the watchdog.
        Ok(_) | Err(Error::Interrupted) => {}
        Err(other) => return Err(other),
    }
    watchdog.join().map_err(|_| Error::Interrupted)?;
    session.execute("SELECT count(*) FROM points").map(|_| ())
}

/// A unit-length direction that differs from number to number.
fn vector(number: u64) -> Vec<f32> {
    (0..DIMENSION).map(|at| ((number as f32 + 1.0) * (at as f32 + 0.5)).sin()).collect()
}

fn literal(number: u64) -> String {
    let numbers: Vec<String> = vector(number).iter().map(f32::to_string).collect();
    format!("[{}]", numbers.join(", "))
}

#[allow(clippy::print_stdout)] // An example is a program, and may print.
fn report(line: &str) {
    println!("{line}");
}
