//! From texts to the best labels: one text at a time, and queries a second of
//! `COPY (... CROSS JOIN LATERAL ...) TO`, from a log on the disk to answers on the disk. `make bench`, or
//! `cargo bench --workspace --bench log -- [ROWS]`, where ROWS is the length of the longer log.
//!
//! The labels of the demonstration's set, encoded in 8 bits, searched through an index `ann`; the best 100 of
//! each text, written as id, score and rank to CSV. The logs hold different usage examples of the set's test
//! texts, and the same number of rows of which six of ten repeat an earlier text. They take turns; the best
//! of the rounds is given. Peak memory is that of this process, and is reset between the logs.

#![allow(clippy::print_stdout)]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

use argtop::{Database, Options, Value};
use common::{Fallible, cache, queries, runtime_library};

/// Texts asked one at a time.
const ALONE: usize = 2_100;
/// Rounds of each log.
const ROUNDS: usize = 3;
/// Rows of the longer log; the shorter one has a quarter of them.
const ROWS: usize = 20_000;

/// The demonstration's labels in a database of their own.
fn labels(folder: &Path) -> Fallible<Database> {
    let options = Options { onnxruntime: Some(runtime_library()?), ..Options::default() };
    let database = Database::open(folder.join("db"), options)?;
    let models = cache()?.join("models/minilm-l3");
    let set = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/demo/wordnet/lbl.json.gz");
    for sql in [
        format!(
            "CREATE MODEL m FROM '{0}/model.onnx' TOKENIZER '{0}/tokenizer.json'
               WITH (max_tokens = 64, dtype = 'int8')",
            models.display()
        ),
        "CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT NOT NULL,
           z VECTOR(384) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED)"
            .to_string(),
        format!("COPY t (id, title) FROM '{}' (FORMAT xc)", set.display()),
        "CREATE INDEX i ON t USING ann (z)".to_string(),
    ] {
        database.execute(&sql)?;
    }
    database.wait_for_maintenance()?;
    Ok(database)
}

/// A log of `rows` texts; of ten rows `repeats` have a text that came before.
fn write_log(path: &Path, texts: &[String], rows: usize, repeats: u8) -> Fallible<()> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut log = String::new();
    let mut different = 0;
    for row in 0..rows {
        let number =
            if different > 0 && random.u8(..10) < repeats { random.usize(..different) } else { different };
        different = different.max(number + 1);
        let text = match number / texts.len() {
            0 => texts[number].clone(),
            round => format!("{} {round}", texts[number % texts.len()]),
        };
        writeln!(log, "{{\"qid\":{row},\"text\":{}}}", serde_json::Value::String(text))?;
    }
    fs::write(path, log)?;
    Ok(())
}

/// Seconds for a log.
fn run(database: &Database, folder: &Path, name: &str) -> Fallible<f64> {
    let folder = folder.display();
    let started = Instant::now();
    database.execute(&format!(
        "COPY (SELECT q.qid, r.id, r.score, r.rank FROM read_jsonl('{folder}/{name}') AS q
         CROSS JOIN LATERAL (SELECT id, score, rank FROM t SEARCH q.text LIMIT 100) AS r)
         TO '{folder}/out.csv'"
    ))?;
    Ok(started.elapsed().as_secs_f64())
}

/// Milliseconds of texts asked one at a time by a prepared statement, from the text to the last row of its
/// answer: the middle and the 99th of a hundred.
fn one_at_a_time(database: &Database, texts: &[String]) -> Fallible<()> {
    let sql = "SELECT id, score FROM t SEARCH ? LIMIT 100";
    let statement = database.prepare(sql)?;
    let mut times = Vec::with_capacity(texts.len());
    for text in texts {
        let started = Instant::now();
        let statement = statement.clone().bind(vec![Value::Text(text.as_str().into())])?;
        let rows = statement.query()?.collect::<Result<Vec<_>, _>>()?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
        if rows.len() != 100 {
            return Err(format!("{} labels for `{text}`", rows.len()).into());
        }
    }
    times.sort_by(f64::total_cmp);
    let part = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("one text at a time, {} texts: p50 {:.3} ms, p99 {:.3} ms", times.len(), part(0.5), part(0.99));
    Ok(())
}

/// The most memory since the last reset, in MiB; None where the system does not tell.
fn peak_mib() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}

fn main() -> Fallible<()> {
    let given = std::env::args().skip(1).find_map(|argument| argument.parse::<usize>().ok());
    let rows = given.unwrap_or(ROWS);
    let folder = tempfile::tempdir()?;
    let texts = queries()?;
    let database = labels(folder.path())?;
    let logs = [("different", rows, 0), ("repeats", rows, 6), ("short", rows / 4, 0)];
    for (name, rows, repeats) in logs {
        write_log(&folder.path().join(format!("{name}.jsonl")), &texts, rows, repeats)?;
    }
    // Texts that the logs do not begin with; the first hundred warm up.
    let alone = &texts[texts.len() - ALONE..];
    one_at_a_time(&database, &alone[..100])?;
    one_at_a_time(&database, &alone[100..])?;
    let mut best = [0.0f64; 3];
    let mut peaks = [0.0f64; 3];
    for round in 0..ROUNDS {
        // The short log first, so that the long one has to show that it needs no more.
        for place in [2, 0, 1] {
            let (name, rows, _) = logs[place];
            // A file that says how to reset the peak; elsewhere it is the peak of all logs so far.
            let _ = fs::write("/proc/self/clear_refs", "5");
            let seconds = run(&database, folder.path(), &format!("{name}.jsonl"))?;
            best[place] = best[place].max(rows as f64 / seconds);
            peaks[place] = peaks[place].max(peak_mib().unwrap_or(f64::NAN));
            println!("round {}: {name}, {rows} rows, {:.0} queries/s", round + 1, rows as f64 / seconds);
        }
    }
    println!("best of {ROUNDS} rounds, top 100 of 117,137 labels, {} threads", threads());
    println!("  {rows} different texts    {:>7.0} queries/s, peak {:.0} MiB", best[0], peaks[0]);
    println!("  {} different texts    {:>7.0} queries/s, peak {:.0} MiB", rows / 4, best[2], peaks[2]);
    println!("  {rows} texts, 6 of 10 again {:>7.0} queries/s, peak {:.0} MiB", best[1], peaks[1]);
    Ok(())
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
