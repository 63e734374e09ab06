//! What grows with the number of labels: `cargo bench --workspace --bench scale -- [ROWS[xDIMENSION] ...]`
//! (10,000, 100,000 and 1,000,000 of 384 numbers where none are given; a million take 6 GB of disk and some
//! minutes).
//!
//! Generated unit vectors around a centre for each hundred labels, loaded from a file of vectors, an `ann`
//! index of default options over them, the best 100 by a prepared statement on the thread that asks, and of
//! a table of queries by LATERAL on all threads. Recall is that against `VIA EXACT`; inserts are single
//! statements, each durable when it returns, in turns with a probe of the disk, and others that do not wait
//! for the disk.

#![allow(clippy::print_stdout)]

mod common;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use argtop::kernel::normalize;
use argtop::{Database, Options, Statement, Value};
use common::Fallible;
use common::files::{Probe, bytes_of, npy_head};

const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
const DIMENSION: usize = 384;
const LABELS_PER_CENTRE: usize = 100;
const LIMIT: usize = 100;
const QUERIES: usize = 600;
/// Queries that recall is measured with.
const COMPARED: usize = 150;
/// Queries of a batch.
const BATCH: usize = 4_000;
const INSERTS: usize = 1_000;
/// Inserts take turns with the probe of the disk so many times.
const ROUNDS: usize = 10;

/// Labels to be made.
#[derive(Clone, Copy)]
struct Labels {
    rows: usize,
    dimension: usize,
}

impl Labels {
    /// From `ROWS` or `ROWSxDIMENSION`; None for what cargo says.
    fn parse(argument: &str) -> Option<Labels> {
        let (rows, dimension) = argument.split_once('x').map_or((argument, None), |(a, b)| (a, Some(b)));
        let dimension = dimension.map_or(Some(DIMENSION), |dimension| dimension.parse().ok())?;
        Some(Labels { rows: rows.parse().ok()?, dimension })
    }

    /// The vector of a number, which may be behind the labels.
    fn vector(self, number: usize) -> Fallible<Vec<f32>> {
        // About normal: the sum of four uniform numbers, centred.
        let normal = |random: &mut fastrand::Rng| (0..4).map(|_| random.f32()).sum::<f32>() - 2.0;
        let centres = (self.rows / LABELS_PER_CENTRE).max(1);
        let mut random = fastrand::Rng::with_seed(number as u64 + (1 << 40));
        let mut centre = fastrand::Rng::with_seed(random.u64(..centres as u64));
        let mut vector: Vec<f32> =
            (0..self.dimension).map(|_| normal(&mut centre) + 0.7 * normal(&mut random)).collect();
        normalize(&mut vector)?;
        Ok(vector)
    }

    fn write(self, path: &Path, numbers: Range<usize>) -> Fallible<()> {
        let mut npy = BufWriter::new(File::create(path)?);
        npy_head(&mut npy, numbers.len(), self.dimension)?;
        for number in numbers {
            for value in self.vector(number)? {
                npy.write_all(&value.to_le_bytes())?;
            }
        }
        Ok(npy.flush()?)
    }
}

fn answer(search: &Statement, vector: Vec<f32>) -> Fallible<Vec<i64>> {
    let rows = search.clone().bind(vec![Value::Vector(vector)])?.query()?;
    rows.map(|row| match row?.get(0) {
        Some(Value::BigInt(key)) => Ok(*key),
        other => Err(format!("a key is {other:?}").into()),
    })
    .collect()
}

/// Peak memory of this process and what it holds now, in MiB, mapped files that were read included.
fn memory() -> Fallible<(f64, f64)> {
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| -> Fallible<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such field")?;
        Ok(line.split_whitespace().next().ok_or("no number")?.parse::<f64>()? / 1024.0)
    };
    Ok((field("VmHWM:")?, field("VmRSS:")?))
}

/// Seconds of inserts, one label each.
fn insert(database: &Database, numbers: Range<usize>, labels: Labels) -> Fallible<f64> {
    let insert = database.prepare("INSERT INTO t VALUES ($1, $2)")?;
    let row = |number: usize| -> Fallible<Vec<Value>> {
        Ok(vec![Value::BigInt(number as i64), Value::Vector(labels.vector(number)?)])
    };
    let rows: Vec<Vec<Value>> = numbers.map(row).collect::<Fallible<_>>()?;
    let started = Instant::now();
    for row in rows {
        insert.clone().bind(row)?.execute()?;
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Queries a second of a table of them on all threads, the best of three rounds.
fn batch(database: &Database, labels: Labels, file: &Path) -> Fallible<f64> {
    let first = labels.rows + 3 * INSERTS;
    labels.write(file, first..first + BATCH)?;
    database.execute(&format!("CREATE TABLE q (id BIGINT PRIMARY KEY, z VECTOR({}))", labels.dimension))?;
    database.execute(&format!("COPY q (id, z) FROM '{}'", file.display()))?;
    fs::remove_file(file)?;
    let batch = database.prepare(&format!(
        "SELECT q.id AS query, r.id, r.score FROM q CROSS JOIN LATERAL
           (SELECT id, score FROM t SEARCH (VECTOR => q.z) LIMIT {LIMIT}) AS r"
    ))?;
    let mut best = f64::MAX;
    for _ in 0..3 {
        let started = Instant::now();
        let found = batch.execute()?;
        best = best.min(started.elapsed().as_secs_f64());
        if found != (BATCH * LIMIT) as u64 {
            return Err(format!("the batch gave {found} rows").into());
        }
    }
    Ok(BATCH as f64 / best)
}

fn run(folder: &Path, labels: Labels) -> Fallible<()> {
    let Labels { rows, dimension } = labels;
    let (file, path) = (folder.join("vectors.npy"), folder.join("db"));
    labels.write(&file, 0..rows)?;
    // A file that says how to reset the peak; elsewhere it is the peak of all sizes so far.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let database = Database::open(&path, Options::default())?;
    database.execute(&format!("CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR({dimension}))"))?;
    let started = Instant::now();
    database.execute(&format!("COPY t (id, z) FROM '{}'", file.display()))?;
    let loaded = started.elapsed().as_secs_f64();
    fs::remove_file(&file)?;
    let started = Instant::now();
    database.execute("CREATE INDEX i ON t USING ann (z)")?;
    database.wait_for_maintenance()?;
    let built = started.elapsed().as_secs_f64();
    let search = database.prepare(&format!("SELECT id FROM t SEARCH (VECTOR => $1) LIMIT {LIMIT}"))?;
    let exact =
        database.prepare(&format!("SELECT id FROM t SEARCH (VECTOR => $1) VIA EXACT LIMIT {LIMIT}"))?;
    let mut times = Vec::with_capacity(QUERIES);
    let (mut found, mut scanned) = (0, 0.0);
    for number in 0..QUERIES {
        let query = labels.vector(rows + 2 * INSERTS + number)?;
        let started = Instant::now();
        let keys = answer(&search, query.clone())?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
        if number < COMPARED {
            let started = Instant::now();
            let best = answer(&exact, query)?;
            scanned += started.elapsed().as_secs_f64() * 1e3 / COMPARED as f64;
            found += best.iter().filter(|key| keys.contains(key)).count();
        }
    }
    times.sort_by(f64::total_cmp);
    let together = batch(&database, labels, &file)?;
    // A statement keeps its database open.
    drop((search, exact));
    database.close()?;
    let unsynced = Database::open(&path, Options { sync: false, ..Options::default() })?;
    let free = INSERTS as f64 / insert(&unsynced, rows..rows + INSERTS, labels)?;
    unsynced.close()?;
    let database = Database::open(&path, Options::default())?;
    let mut probe = Probe::new(&file)?;
    let (mut inserted, mut probed) = (0.0, 0.0);
    for first in (rows + INSERTS..rows + 2 * INSERTS).step_by(INSERTS / ROUNDS) {
        probed += probe.seconds(INSERTS / ROUNDS)?;
        inserted += insert(&database, first..first + INSERTS / ROUNDS, labels)?;
    }
    fs::remove_file(&file)?;
    let (inserted, probed) = (INSERTS as f64 / inserted, INSERTS as f64 / probed);
    let (peak, held) = memory()?;
    database.close()?;
    println!(
        "{rows} labels of {dimension} numbers: loaded in {loaded:.1} s, indexed in {built:.1} s; \
         recall {:.4}, p50 {:.3} ms, p99 {:.3} ms, exact {scanned:.2} ms, {together:.0} queries/s in a \
         batch; {inserted:.0} inserts/s where the disk syncs {probed:.0} times a second, {free:.0} \
         without syncing; {peak:.0} MiB at most, {held:.0} MiB at the end, {:.0} bytes a label on disk",
        found as f64 / (COMPARED * LIMIT) as f64,
        times[QUERIES / 2],
        times[QUERIES * 99 / 100],
        bytes_of(&path)? as f64 / rows as f64
    );
    Ok(fs::remove_dir_all(&path)?)
}

fn main() -> Fallible<()> {
    let usual = SIZES.map(|rows| Labels { rows, dimension: DIMENSION });
    let given: Vec<Labels> =
        std::env::args().skip(1).filter_map(|argument| Labels::parse(&argument)).collect();
    // Beside the program, since a temporary folder may lie in memory.
    let program = std::env::current_exe()?;
    let beside = program.parent().ok_or("the program lies nowhere")?;
    let folder = tempfile::Builder::new().prefix("scale-bench").tempdir_in(beside)?;
    for labels in if given.is_empty() { usual.to_vec() } else { given } {
        run(folder.path(), labels)?;
    }
    Ok(())
}
