//! What grows with the number of labels: `cargo bench --workspace --bench scale -- [ROWS ...]` (10,000,
//! 100,000 and 1,000,000 where none are given; a million take 6 GB of disk and some minutes).
//!
//! Generated unit vectors of 384 numbers around a centre for each hundred labels, loaded from a file of
//! vectors, an `ann` index of default options over them, the best 100 by a prepared statement on the thread
//! that asks. Recall is that against `VIA EXACT`; inserts are single statements, each durable when it
//! returns, in turns with a probe of the disk, and others that do not wait for the disk.

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

const DIMENSION: usize = 384;
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
const LABELS_PER_CENTRE: usize = 100;
const LIMIT: usize = 100;
const QUERIES: usize = 600;
/// Queries that recall is measured with.
const COMPARED: usize = 150;
const INSERTS: usize = 1_000;
/// Inserts take turns with the probe of the disk so many times.
const ROUNDS: usize = 10;

/// The vector of a number, among so many centres.
fn vector(number: usize, centres: usize) -> Fallible<Vec<f32>> {
    // About normal: the sum of four uniform numbers, centred.
    let normal = |random: &mut fastrand::Rng| (0..4).map(|_| random.f32()).sum::<f32>() - 2.0;
    let mut random = fastrand::Rng::with_seed(number as u64 + (1 << 40));
    let mut centre = fastrand::Rng::with_seed(random.u64(..centres as u64));
    let mut vector: Vec<f32> =
        (0..DIMENSION).map(|_| normal(&mut centre) + 0.7 * normal(&mut random)).collect();
    normalize(&mut vector)?;
    Ok(vector)
}

fn write_vectors(path: &Path, rows: usize, centres: usize) -> Fallible<()> {
    let mut npy = BufWriter::new(File::create(path)?);
    npy_head(&mut npy, rows, DIMENSION)?;
    for number in 0..rows {
        for value in vector(number, centres)? {
            npy.write_all(&value.to_le_bytes())?;
        }
    }
    Ok(npy.flush()?)
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
fn insert(database: &Database, numbers: Range<usize>, centres: usize) -> Fallible<f64> {
    let insert = database.prepare("INSERT INTO t VALUES ($1, $2)")?;
    let row = |number: usize| -> Fallible<Vec<Value>> {
        Ok(vec![Value::BigInt(number as i64), Value::Vector(vector(number, centres)?)])
    };
    let rows: Vec<Vec<Value>> = numbers.map(row).collect::<Fallible<_>>()?;
    let started = Instant::now();
    for row in rows {
        insert.clone().bind(row)?.execute()?;
    }
    Ok(started.elapsed().as_secs_f64())
}

fn run(folder: &Path, rows: usize) -> Fallible<()> {
    let centres = (rows / LABELS_PER_CENTRE).max(1);
    let (file, path) = (folder.join("vectors.npy"), folder.join("db"));
    write_vectors(&file, rows, centres)?;
    // A file that says how to reset the peak; elsewhere it is the peak of all sizes so far.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let database = Database::open(&path, Options::default())?;
    database.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(384))")?;
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
        let query = vector(rows + 2 * INSERTS + number, centres)?;
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
    // A statement keeps its database open.
    drop((search, exact));
    database.close()?;
    let unsynced = Database::open(&path, Options { sync: false, ..Options::default() })?;
    let free = INSERTS as f64 / insert(&unsynced, rows..rows + INSERTS, centres)?;
    unsynced.close()?;
    let database = Database::open(&path, Options::default())?;
    let mut probe = Probe::new(&file)?;
    let (mut inserted, mut probed) = (0.0, 0.0);
    for first in (rows + INSERTS..rows + 2 * INSERTS).step_by(INSERTS / ROUNDS) {
        probed += probe.seconds(INSERTS / ROUNDS)?;
        inserted += insert(&database, first..first + INSERTS / ROUNDS, centres)?;
    }
    fs::remove_file(&file)?;
    let (inserted, probed) = (INSERTS as f64 / inserted, INSERTS as f64 / probed);
    let (peak, held) = memory()?;
    database.close()?;
    println!(
        "{rows} labels: loaded in {loaded:.1} s, indexed in {built:.1} s; recall {:.4}, p50 {:.3} ms, \
         p99 {:.3} ms, exact {scanned:.2} ms; {inserted:.0} inserts/s where the \
         disk syncs {probed:.0} times a second, {free:.0} without syncing; {peak:.0} MiB at \
         most, {held:.0} MiB at the end, {:.0} bytes a label on disk",
        found as f64 / (COMPARED * LIMIT) as f64,
        times[QUERIES / 2],
        times[QUERIES * 99 / 100],
        bytes_of(&path)? as f64 / rows as f64
    );
    Ok(fs::remove_dir_all(&path)?)
}

fn main() -> Fallible<()> {
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    // Beside the program, since a temporary folder may lie in memory.
    let program = std::env::current_exe()?;
    let beside = program.parent().ok_or("the program lies nowhere")?;
    let folder = tempfile::Builder::new().prefix("scale-bench").tempdir_in(beside)?;
    for rows in if given.is_empty() { SIZES.to_vec() } else { given } {
        run(folder.path(), rows)?;
    }
    Ok(())
}
