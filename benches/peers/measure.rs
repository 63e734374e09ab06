//! Measures an opened database.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use argtop::{Database, Error, Options, Statement, Value};
use argtop_benches::clock::{processor_seconds, quantile, resident_bytes};
use serde_json::json;

use crate::{Fallible, npy, number, text};

/// A database opened for reading.
pub(crate) struct Opened {
    folder: PathBuf,
    /// With one thread, for single queries.
    alone: Database,
    /// With `threads`, for batches; opened at the first.
    many: OnceCell<Database>,
    threads: usize,
    /// A statement with the vector as its parameter and `{effort}` where the effort stands.
    search: String,
    /// A statement that answers all queries of the table `queries`: query, id, score. It has `{effort}` too.
    batch: String,
    queries: Vec<Vec<f32>>,
    limit: usize,
    /// Resident memory of the process before.
    before: u64,
}

fn read_only(threads: usize) -> Options {
    Options { read_only: true, threads: Some(threads), ..Options::default() }
}

fn queries(command: &serde_json::Value) -> Fallible<Vec<Vec<f32>>> {
    let (values, dimension) = npy::read(Path::new(text(command, "queries")?))?;
    Ok(values.chunks_exact(dimension).map(<[f32]>::to_vec).collect())
}

/// The keys of an answer's rows.
fn ask(statement: &Statement, query: &[f32]) -> Result<Vec<i64>, Error> {
    let rows = statement.clone().bind(vec![Value::Vector(query.to_vec())])?.query()?;
    rows.map(|row| row.map(|row| key(row.get(0)))).collect()
}

/// A whole number, or -1, which no label has.
fn key(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::BigInt(id)) => *id,
        _ => -1,
    }
}

fn with_effort(statement: &str, command: &serde_json::Value) -> String {
    let effort = &command["effort"];
    let text = effort.as_str().map_or_else(|| effort.to_string(), str::to_string);
    statement.replace("{effort}", &text)
}

impl Opened {
    /// Opens `folder` and asks the first query; says how long both took.
    pub(crate) fn open(command: &serde_json::Value) -> Fallible<(Opened, serde_json::Value)> {
        let folder = PathBuf::from(text(command, "folder")?);
        let queries = queries(command)?;
        let threads = number(command, "threads")?;
        let before = resident_bytes()?;
        let started = Instant::now();
        let alone = Database::open(&folder, read_only(1))?;
        let open = started.elapsed().as_secs_f64();
        let search = text(command, "search")?.to_string();
        ask(&alone.prepare(&with_effort(&search, command))?, &queries[0])?;
        let first = started.elapsed().as_secs_f64();
        let many = OnceCell::new();
        let batch = text(command, "batch")?.to_string();
        let limit = number(command, "limit")?;
        let opened = Opened { folder, alone, many, threads, search, batch, queries, limit, before };
        Ok((opened, json!({ "open_s": open, "first_answer_s": first })))
    }

    /// Writes the keys of the answers to the first `count` queries to `out`, -1 where one has too few rows.
    pub(crate) fn answers(&self, command: &serde_json::Value) -> Fallible<serde_json::Value> {
        let statement = self.alone.prepare(&with_effort(&self.search, command))?;
        let count = number(command, "count")?.min(self.queries.len());
        let mut ids = Vec::with_capacity(count * self.limit);
        for query in &self.queries[..count] {
            let mut found = ask(&statement, query)?;
            found.resize(self.limit, -1);
            ids.extend(found);
        }
        let bytes = ids.iter().map(|id| id.to_le_bytes());
        npy::write(Path::new(text(command, "out")?), "<i8", self.limit, bytes)?;
        Ok(json!({ "memory_bytes": resident_bytes()?.saturating_sub(self.before) }))
    }

    /// Asks the first `count` queries one after the other on one thread.
    pub(crate) fn alone(&self, command: &serde_json::Value) -> Fallible<serde_json::Value> {
        let statement = self.alone.prepare(&with_effort(&self.search, command))?;
        let count = number(command, "count")?.min(self.queries.len());
        let mut times = Vec::with_capacity(count);
        let processor = processor_seconds()?;
        let started = Instant::now();
        for query in &self.queries[..count] {
            let started = Instant::now();
            ask(&statement, query)?;
            times.push(started.elapsed().as_secs_f64());
        }
        let wall = started.elapsed().as_secs_f64();
        let processor = processor_seconds()? - processor;
        Ok(json!({
            "p50_us": quantile(&times, 0.5) * 1e6,
            "p99_us": quantile(&times, 0.99) * 1e6,
            "per_s": count as f64 / wall,
            "cpu_us": processor / count as f64 * 1e6,
        }))
    }

    /// Answers all queries: by the statement for batches, or, in a version without it, in one session for
    /// each thread.
    pub(crate) fn batch(&self, command: &serde_json::Value) -> Fallible<serde_json::Value> {
        let many = match self.many.get() {
            Some(many) => many,
            None => {
                let many = Database::open(&self.folder, read_only(self.threads))?;
                self.many.get_or_init(|| many)
            }
        };
        let batch = many.prepare(&with_effort(&self.batch, command));
        let started = Instant::now();
        let way = match batch {
            Ok(statement) => {
                let found = statement.execute()?;
                if found != (self.queries.len() * self.limit) as u64 {
                    return Err(format!("the batch gave {found} rows").into());
                }
                "one statement"
            }
            Err(_) => {
                self.sessions(&with_effort(&self.search, command))?;
                "sessions"
            }
        };
        let wall = started.elapsed().as_secs_f64();
        Ok(json!({ "per_s": self.queries.len() as f64 / wall, "way": way }))
    }

    fn sessions(&self, search: &str) -> Fallible<()> {
        let part = self.queries.len().div_ceil(self.threads);
        let outcome: Result<Vec<()>, Error> = thread::scope(|scope| {
            let parts = self.queries.chunks(part).map(|part| {
                let session = self.alone.session();
                scope.spawn(move || -> Result<(), Error> {
                    let statement = session.prepare(search)?;
                    part.iter().try_for_each(|query| ask(&statement, query).map(|_| ()))
                })
            });
            let threads: Vec<_> = parts.collect();
            threads.into_iter().map(|thread| thread.join().map_err(|_| Error::Interrupted)?).collect()
        });
        outcome?;
        Ok(())
    }
}

/// Inserts the rows of the matrix `fresh` one by one, each synced when its statement returns, and looks
/// whether each of the first fifty is found by the next search.
pub(crate) fn insert(command: &serde_json::Value) -> Fallible<serde_json::Value> {
    let folder = PathBuf::from(text(command, "folder")?);
    let database = Database::open(&folder, Options { threads: Some(1), ..Options::default() })?;
    let (values, dimension) = npy::read(Path::new(text(command, "fresh")?))?;
    let first = number(command, "first")?;
    let insert = database.prepare("INSERT INTO labels VALUES ($1, $2)")?;
    let search = database.prepare(&with_effort(text(command, "search")?, command))?;
    let mut times = Vec::new();
    for (number, row) in values.chunks_exact(dimension).enumerate() {
        let row = vec![Value::BigInt((first + number) as i64), Value::Vector(row.to_vec())];
        let started = Instant::now();
        insert.clone().bind(row)?.execute()?;
        times.push(started.elapsed().as_secs_f64());
    }
    let mut found = 0;
    let looked = values.chunks_exact(dimension).take(50);
    for (number, row) in looked.clone().enumerate() {
        found += usize::from(ask(&search, row)?.contains(&((first + number) as i64)));
    }
    let looked = looked.count();
    database.close()?;
    Ok(json!({
        "inserts": times.len(),
        "insert_per_s": times.len() as f64 / times.iter().sum::<f64>(),
        "insert_p50_us": quantile(&times, 0.5) * 1e6,
        "insert_p99_us": quantile(&times, 0.99) * 1e6,
        "found_at_once": found as f64 / looked as f64,
    }))
}
