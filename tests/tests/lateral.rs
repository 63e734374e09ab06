//! Batches over query logs: answers are those of single queries, bit for bit; a run that is killed or
//! interrupted leaves whole files only, and the next one goes on to the same end.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use argtop::{Database, Error, Value};
use argtop_tests::suite;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const WORDS: [&str; 14] = [
    "red",
    "boot",
    "oak",
    "desk",
    "garden",
    "chair",
    "running",
    "shoe",
    "lamp",
    "tall",
    "stone",
    "it's",
    "\u{e4}pfel",
    "of",
];

/// A table of 400 labels with everything that pipelines may name; some of the labels are not packed.
fn shop(folder: &Path) -> Database {
    let database = suite::open(&folder.join("db"));
    let fixture = |name: &str| suite::fixture(name).display().to_string();
    let (model, tokenizer) = (fixture("static64.onnx"), fixture("tokenizer.json"));
    suite::execute(&database, &format!("CREATE MODEL m FROM '{model}' TOKENIZER '{tokenizer}'"));
    let columns = "id BIGINT PRIMARY KEY, title TEXT, part BIGINT, \
                   z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED";
    suite::execute(&database, &format!("CREATE TABLE t ({columns})"));
    let mut random = fastrand::Rng::with_seed(5);
    let title = |random: &mut fastrand::Rng| -> String {
        let words: Vec<&str> = (0..random.usize(1..5)).map(|_| WORDS[random.usize(..WORDS.len())]).collect();
        words.join(" ").replace('\'', "''")
    };
    let mut insert = |from: i64, to: i64| {
        let rows: Vec<String> =
            (from..to).map(|id| format!("({id}, '{}', {})", title(&mut random), id % 7)).collect();
        suite::execute(&database, &format!("INSERT INTO t (id, title, part) VALUES {}", rows.join(", ")));
    };
    insert(0, 350);
    for sql in [
        "CREATE INDEX i ON t USING flat (z)",
        "CREATE INDEX h ON t USING faiss (z) WITH (factory = 'HNSW16')",
        "CREATE INDEX e ON t USING elias (z) WITH (clusters = 8)",
        "CREATE CLASSIFIER c ON t",
        "CREATE PIPELINE tree ON t AS ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 60)
           THEN RERANK(c, limit => 30) SCORE BY probe.score * shortlist.score * sigmoid(rerank.score)",
        "CREATE PIPELINE both ON t AS FUSE RRF (ENCODE(m) THEN SHORTLIST(i, limit => 40) AS a,
           ENCODE(m) THEN SHORTLIST(h, limit => 40) AS b) THEN RERANK(z, limit => 30)",
    ] {
        suite::execute(&database, sql);
    }
    database.wait_for_maintenance().expect("maintenance");
    insert(350, 400);
    suite::execute(&database, "DELETE FROM t WHERE id IN (3, 57, 360)");
    database
}

const VIAS: [&str; 6] = [
    "VIA EXACT",
    "",
    "VIA ENCODE(m) THEN SHORTLIST(i, limit => 30)",
    "VIA PIPELINE tree",
    "VIA PIPELINE tree (probe.beam => 5, rerank.limit => 25)",
    "VIA PIPELINE both",
];

const RESTS: [&str; 5] = [
    "LIMIT 5",
    "WHERE part < 2 LIMIT 20",
    "WHERE id = 9 OR title LIKE '%oak%' QUALIFY score > 0.2 LIMIT 7",
    "ORDER BY score, id DESC LIMIT 6 OFFSET 2",
    "WHERE part > 100",
];

/// The rows of LATERAL over these texts, and those of the queries one by one.
fn compare(
    database: &Database,
    texts: &[String],
    via: &str,
    rest: &str,
) -> (Vec<Vec<Value>>, Vec<Vec<Value>>) {
    let mut values = String::new();
    for (number, text) in texts.iter().enumerate() {
        let comma = if number > 0 { ", " } else { "" };
        let _ = write!(values, "{comma}({number}, '{}')", text.replace('\'', "''"));
    }
    let select = |text: &str| format!("SELECT id, score, rank, title FROM t SEARCH {text} {via} {rest}");
    let sql = format!(
        "SELECT n, r.* FROM (VALUES {values}) AS q (n, text) CROSS JOIN LATERAL ({}) AS r",
        select("q.text")
    );
    let batch = suite::rows(database, &sql);
    let mut alone = Vec::new();
    for (number, text) in (0..).zip(texts) {
        for row in suite::rows_with(database, &select("$1"), vec![Value::Text(text.clone())]) {
            alone.push(std::iter::once(Value::BigInt(number)).chain(row).collect());
        }
    }
    (batch, alone)
}

#[test]
fn a_batch_gives_what_single_queries_give() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = shop(folder.path());
    let text =
        prop::collection::vec(prop::sample::select(WORDS.to_vec()), 1..9).prop_map(|words| words.join(" "));
    // Texts come again: alone, beside each other, in later blocks.
    let texts =
        (prop::collection::vec(text, 1..60), prop::collection::vec(any::<prop::sample::Index>(), 0..120))
            .prop_map(|(mut texts, again)| {
                let first = texts.clone();
                texts.extend(again.iter().map(|index| index.get(&first).clone()));
                texts
            });
    let strategy = (texts, prop::sample::select(VIAS.to_vec()), prop::sample::select(RESTS.to_vec()));
    let mut runner = TestRunner::new(Config::with_cases(40));
    let result = runner.run(&strategy, |(texts, via, rest)| {
        let (batch, alone) = compare(&database, &texts, via, rest);
        prop_assert_eq!(batch, alone, "{} {}", via, rest);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn stages_and_filters_have_answers_to_compare() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = shop(folder.path());
    let texts: Vec<String> = ["red boot", "oak desk of stone", "red boot"].map(str::to_string).to_vec();
    for via in VIAS {
        for rest in RESTS {
            let (batch, alone) = compare(&database, &texts, via, rest);
            assert_eq!(batch, alone, "{via} {rest}");
            let nothing = rest.contains("part > 100");
            assert_eq!(batch.is_empty(), nothing, "{via} {rest}");
        }
    }
    // The whole answer of an index that answers with all its labels.
    let sql = "SELECT r.* FROM (VALUES ('red boot')) AS q (text)
               CROSS JOIN LATERAL (SELECT * FROM t SEARCH text VIA EXACT LIMIT ALL) AS r";
    assert_eq!(suite::rows(&database, sql).len(), 397);
}

/// A log with different texts, some of them again, and some rows that have no answer.
fn write_log(path: &Path, rows: usize) {
    let mut random = fastrand::Rng::with_seed(11);
    let mut log = String::new();
    for number in 0..rows {
        let again = if random.u8(..10) < 3 { random.usize(..number + 1) } else { number };
        let words: Vec<&str> =
            (0..12).map(|place| WORDS[(again / 3 + place * (again % 11 + 1)) % WORDS.len()]).collect();
        let text = match number % 1_000 {
            500 => "null".to_string(),
            _ => format!("\"{} {again}\"", words.join(" ")),
        };
        let end = if number % 5_000 == 7 { "" } else { "}" };
        let _ = writeln!(log, "{{\"qid\": {number}, \"text\": {text}{end}");
    }
    fs::write(path, log).expect("the log");
}

fn copy(folder: &Path, target: &str, options: &str) -> String {
    let folder = folder.display();
    format!(
        "COPY (SELECT q.qid, r.id, r.score FROM read_jsonl('{folder}/log.jsonl') AS q
         CROSS JOIN LATERAL (SELECT id, score FROM t SEARCH q.text VIA PIPELINE tree LIMIT 8) AS r)
         TO '{folder}/{target}/' (FORMAT jsonl, ROWS_PER_FILE 2000, ON_ERROR skip,
           ERROR_FILE '{folder}/{target}.bad.jsonl', {options})"
    )
}

/// The files of a run in order, by name; fails where one has another name than a whole file has.
fn parts(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if name.starts_with("part-") {
            files.push((name, fs::read_to_string(path).expect("a file")));
        } else {
            assert!(name == "MANIFEST" || name.starts_with('.'), "{name}");
        }
    }
    files.sort();
    files
}

fn lines(files: &[(String, String)]) -> Vec<&str> {
    let mut lines: Vec<&str> = files.iter().flat_map(|(_, text)| text.lines()).collect();
    lines.sort_unstable();
    lines
}

/// Whole rows, whole answers, and no more rows than asked for.
fn check_whole(files: &[(String, String)]) {
    for (name, text) in files {
        assert!(text.ends_with("}\n"), "{name} ends in a half row");
        let rows: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
        assert!(rows.len() <= 2000 && rows.len().is_multiple_of(8), "{name} has {} rows", rows.len());
    }
}

/// Starts the binary on the statement and kills it when the manifest has the first file: one that it does not
/// name yet is written again.
fn run_and_kill(folder: &Path, sql: &str, target: &str) {
    let mut command = Command::new(suite::binary());
    command.arg(folder.join("db")).arg("-c").arg(sql).env("ORT_DYLIB_PATH", suite::onnxruntime());
    let mut child = command.spawn().expect("the binary");
    let manifest = || fs::read_to_string(folder.join(target).join("MANIFEST")).unwrap_or_default();
    let started = Instant::now();
    while !manifest().contains("part-00001") && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    // Not a signal that it could handle.
    child.kill().expect("it still runs");
    child.wait().expect("it ends");
    assert!(manifest().contains("part-00001"), "it wrote nothing in a minute");
    assert!(!manifest().contains("complete"), "it was done before it was killed");
}

#[test]
fn a_killed_run_goes_on_to_the_same_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    shop(folder).close().expect("it closes");
    write_log(&folder.join("log.jsonl"), 40_000);
    for (target, order) in [("ordered", "true"), ("any", "false")] {
        run_and_kill(folder, &copy(folder, target, &format!("PRESERVE_ORDER {order}, RESUME true")), target);
        let left = parts(&folder.join(target));
        check_whole(&left);
        assert!(!folder.join(format!("{target}.bad.jsonl")).exists());
    }
    let database = suite::open(&folder.join("db"));
    let whole = suite::execute(&database, &copy(folder, "whole", "PRESERVE_ORDER true"));
    let expected = parts(&folder.join("whole"));
    assert_eq!(whole as usize, lines(&expected).len());
    let bad =
        |target: &str| fs::read_to_string(folder.join(format!("{target}.bad.jsonl"))).expect("bad rows");
    assert_eq!(bad("whole").lines().count(), 40 + 8);
    for (target, order) in [("ordered", "true"), ("any", "false")] {
        let sql = copy(folder, target, &format!("PRESERVE_ORDER {order}, RESUME true"));
        let left = lines(&parts(&folder.join(target))).len();
        let written = suite::execute(&database, &sql) as usize;
        assert!(
            written < whole as usize && written + left >= whole as usize,
            "{left} rows and {written} more"
        );
        let found = parts(&folder.join(target));
        check_whole(&found);
        assert_eq!(lines(&found), lines(&expected), "{target}");
        if order == "true" {
            assert_eq!(found, expected, "files in order are the same, byte for byte");
            assert_eq!(bad(target), bad("whole"));
        }
        assert_eq!(bad(target).lines().count(), 48);
        let temporary = fs::read_dir(folder.join(target)).expect("the folder").count() - found.len();
        assert_eq!(temporary, 1, "only the manifest stands beside the files");
        assert_eq!(suite::execute(&database, &sql), 0, "there is nothing left to do");
    }
}

#[test]
fn an_interrupted_run_goes_on_in_parquet() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let database = shop(folder);
    write_log(&folder.join("log.jsonl"), 30_000);
    let sql = |target: &str| copy(folder, target, "RESUME true").replace("FORMAT jsonl", "FORMAT parquet");
    let first = folder.join("out/part-00001.parquet");
    std::thread::scope(|scope| {
        let session = database.session();
        let handle = session.interrupt_handle();
        let sql = sql("out");
        let running = scope.spawn(move || session.execute(&sql));
        while !first.exists() && !running.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        handle.interrupt();
        let result = running.join().expect("it does not panic");
        assert!(matches!(result, Err(Error::Interrupted)), "{result:?}");
    });
    let rows = |target: &str| {
        let files = folder.join(target).join("part-*.parquet");
        let sql = "SELECT qid, id, score FROM read_parquet('{}') ORDER BY qid, id";
        suite::rows(&database, &sql.replace("{}", &files.display().to_string()))
    };
    let left = rows("out").len();
    assert!(left.is_multiple_of(2000), "{left} rows are not those of whole files");
    let written = suite::execute(&database, &sql("out")) as usize;
    let whole = suite::execute(&database, &sql("whole")) as usize;
    assert_eq!(left + written, whole);
    assert_eq!(rows("out"), rows("whole"));
    let files = fs::read_dir(folder.join("out")).expect("the folder").count();
    assert_eq!(files, whole.div_ceil(2000) + 1, "the files and the manifest");
    assert_eq!(suite::execute(&database, &sql("out")), 0, "there is nothing left to do");
}

#[test]
fn an_interrupt_and_a_deadline_leave_whole_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let database = shop(folder);
    write_log(&folder.join("log.jsonl"), 30_000);
    let sql = copy(folder, "out", "RESUME true");
    let first = folder.join("out/part-00001.jsonl");
    std::thread::scope(|scope| {
        let session = database.session();
        let handle = session.interrupt_handle();
        let sql = &sql;
        let running = scope.spawn(move || session.execute(sql));
        while !first.exists() && !running.is_finished() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let asked = Instant::now();
        handle.interrupt();
        let result = running.join().expect("it does not panic");
        assert!(matches!(result, Err(Error::Interrupted)), "{result:?}");
        assert!(asked.elapsed() < Duration::from_secs(5), "it went on for {:?}", asked.elapsed());
    });
    check_whole(&parts(&folder.join("out")));
    let hidden = |folder: &Path| {
        let entries =
            fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").file_name());
        entries.filter(|name| name.to_string_lossy().starts_with('.')).count()
    };
    assert_eq!(hidden(&folder.join("out")) + hidden(folder), 0, "no half file stays");
    let session = database.session();
    suite::execute(&session, "SET statement_timeout_ms = 40");
    suite::refused(&session, &sql, &["statement_timeout_ms = 40"]);
    assert_eq!(hidden(&folder.join("out")) + hidden(folder), 0, "no half file stays");
    suite::execute(&database, &sql);
    suite::execute(&database, &copy(folder, "whole", "RESUME true"));
    assert_eq!(parts(&folder.join("out")), parts(&folder.join("whole")));
}

#[test]
fn another_statement_or_another_log_does_not_go_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let database = shop(folder);
    write_log(&folder.join("log.jsonl"), 300);
    suite::execute(&database, &copy(folder, "out", "RESUME true"));
    // As if it had been killed before its end: the last line, and a part of the one before.
    let manifest = folder.join("out/MANIFEST");
    let text = fs::read_to_string(&manifest).expect("the manifest");
    let lines: Vec<&str> = text.lines().collect();
    let torn = format!("{}\n{}", lines[0], &lines[1][..20]);
    fs::write(&manifest, &torn).expect("the manifest");
    let rerank = copy(folder, "out", "RESUME true").replace("LIMIT 8", "LIMIT 7");
    suite::refused(&database, &rerank, &["RESUME: the query was"]);
    let rows = copy(folder, "out", "RESUME true").replace("2000", "2001");
    suite::refused(&database, &rows, &["RESUME: ROWS_PER_FILE was"]);
    suite::execute(&database, &copy(folder, "out", "RESUME true"));
    assert_eq!(fs::read_to_string(&manifest).expect("the manifest"), text, "what was torn is done again");
    fs::write(&manifest, &torn).expect("the manifest");
    write_log(&folder.join("log.jsonl"), 301);
    suite::refused(&database, &copy(folder, "out", "RESUME true"), &["RESUME: the size of the log was"]);
    fs::write(&manifest, "no manifest\nat all\n").expect("the manifest");
    suite::refused(&database, &copy(folder, "out", "RESUME true"), &["line 1 of", "another folder"]);
}
