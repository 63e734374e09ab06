//! Searches beside a writer, index builds and background packing: every answer belongs to one moment.
//! Statements end when they are interrupted or given up.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use argtop::{Database, Error, Value};
use argtop_tests::suite;

/// Labels that every statement of the writer adds, changes or removes at once.
const BATCH: i64 = 10;

/// Long enough that a packed part, a tail and several generations come about.
const SECONDS: u64 = 6;

fn vector(random: &mut fastrand::Rng) -> String {
    format!("[{}, {}, {}]", random.f32() + 0.1, random.f32(), random.f32())
}

/// One statement, one batch: of a batch all labels are there or none, and all have the same version.
fn write(database: &Database, stop: &AtomicBool) -> u64 {
    let mut random = fastrand::Rng::with_seed(1);
    let (mut first, mut next) = (0_i64, 0_i64);
    let mut statements = 0;
    while !stop.load(Ordering::Relaxed) {
        match random.u8(..6) {
            0..=2 => {
                let labels = (next..next + BATCH)
                    .map(|id| format!("({id}, {}, 0, {})", id / BATCH, vector(&mut random)));
                let values: Vec<String> = labels.collect();
                suite::execute(database, &format!("INSERT INTO t VALUES {}", values.join(", ")));
                next += BATCH;
            }
            3 if first + 20 * BATCH < next => {
                suite::execute(database, &format!("DELETE FROM t WHERE batch = {}", first / BATCH));
                first += BATCH;
            }
            _ if first < next => {
                let batch = random.i64(first / BATCH..next / BATCH);
                suite::execute(
                    database,
                    &format!("UPDATE t SET version = version + 1 WHERE batch = {batch}"),
                );
            }
            _ => {}
        }
        statements += 1;
    }
    statements
}

/// Fails unless the rows (batch, version) are whole batches of one version each.
fn check_moment(rows: &[Vec<Value>], what: &str) {
    let mut pairs: Vec<(i64, i64)> = Vec::with_capacity(rows.len());
    for row in rows {
        match row[..] {
            [Value::BigInt(batch), Value::BigInt(version)] => pairs.push((batch, version)),
            _ => panic!("{row:?}"),
        }
    }
    pairs.sort_unstable();
    let whole =
        |pairs: &[(i64, i64)]| pairs.len() == BATCH as usize && pairs.iter().all(|pair| *pair == pairs[0]);
    for batch in pairs.chunk_by(|a, b| a.0 == b.0) {
        assert!(whole(batch), "{what}: a batch is torn: {batch:?}");
    }
}

fn read(database: &Database, seed: u64, stop: &AtomicBool) -> u64 {
    let database = database.session();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut asked = 0;
    while !stop.load(Ordering::Relaxed) {
        let query = vector(&mut random);
        let sql = match random.u8(..5) {
            0 => format!("SELECT batch, version FROM t SEARCH {query} VIA EXACT LIMIT 1000000"),
            1 => format!("SELECT batch, version FROM t SEARCH {query} LIMIT 1000000"),
            2 => format!(
                "SELECT batch, version FROM t SEARCH {query} VIA SHORTLIST(i, limit => 1000000) LIMIT 1000000"
            ),
            3 => format!(
                "SELECT batch, version FROM t SEARCH {query} VIA EXACT WHERE batch % 3 = 1 LIMIT 1000000"
            ),
            _ => "SELECT batch, version FROM t".to_string(),
        };
        check_moment(&suite::rows(&database, &sql), &sql);
        asked += 1;
    }
    asked
}

fn build(database: &Database, stop: &AtomicBool) -> u64 {
    let mut built = 0;
    while !stop.load(Ordering::Relaxed) {
        suite::execute(database, "REINDEX i");
        built += 1;
        thread::sleep(Duration::from_millis(50));
    }
    built
}

#[test]
fn every_answer_belongs_to_one_moment() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = suite::open(&folder.path().join("db"));
    let columns = "id BIGINT PRIMARY KEY, batch BIGINT, version BIGINT, z VECTOR(3)";
    suite::execute(&database, &format!("CREATE TABLE t ({columns})"));
    suite::execute(&database, "CREATE INDEX i ON t USING faiss (z) WITH (factory = 'HNSW8')");
    suite::execute(&database, "SET tail_rows_max = 50");
    let stop = AtomicBool::new(false);
    let asked = AtomicU64::new(0);
    thread::scope(|scope| {
        let writer = scope.spawn(|| write(&database, &stop));
        let builder = scope.spawn(|| build(&database, &stop));
        let readers: Vec<_> = (0..3)
            .map(|seed| {
                let (database, stop, asked) = (&database, &stop, &asked);
                scope.spawn(move || asked.fetch_add(read(database, seed, stop), Ordering::Relaxed))
            })
            .collect();
        let started = Instant::now();
        // A thread that panicked ends the wait.
        while started.elapsed() < Duration::from_secs(SECONDS)
            && !writer.is_finished()
            && !builder.is_finished()
            && !readers.iter().any(thread::ScopedJoinHandle::is_finished)
        {
            thread::sleep(Duration::from_millis(20));
        }
        stop.store(true, Ordering::Relaxed);
        let (written, built) = (writer.join().expect("the writer"), builder.join().expect("the builder"));
        assert!(
            written > 20 && built > 2,
            "{written} statements and {built} builds are too few to show anything"
        );
    });
    assert!(asked.load(Ordering::Relaxed) > 20);
    database.wait_for_maintenance().expect("maintenance");
    check_moment(&suite::rows(&database, "SELECT batch, version FROM t"), "at the end");
    assert_eq!(database.warnings(), Vec::<String>::new());
}

/// A table of many labels, made by doubling.
fn large(database: &Database, doublings: u32) {
    suite::execute(database, "CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(16))");
    let values: Vec<String> = (0..64).map(|id| format!("({id}, {:?})", [id as f32 + 1.0; 16])).collect();
    suite::execute(database, &format!("INSERT INTO t VALUES {}", values.join(", ")));
    for doubling in 0..doublings {
        let shift = 64_i64 << doubling;
        suite::execute(database, &format!("INSERT INTO t SELECT id + {shift}, z FROM t"));
    }
}

/// Runs a statement that would take long, interrupts it, and gives how long it then went on.
fn interrupted(database: &Database, sql: &str) -> Duration {
    let session = database.session();
    let handle = session.interrupt_handle();
    thread::scope(|scope| {
        let running = scope.spawn(move || session.execute(sql));
        thread::sleep(Duration::from_millis(300));
        assert!(!running.is_finished(), "{sql}: it ended by itself: {:?}", running.join());
        let asked = Instant::now();
        handle.interrupt();
        let result = running.join().expect("it does not panic");
        assert!(matches!(result, Err(Error::Interrupted)), "{sql}: {result:?}");
        asked.elapsed()
    })
}

#[test]
fn an_interrupt_ends_a_statement_soon_and_undoes_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = suite::open(&folder.path().join("db"));
    large(&database, 11);
    let rows = suite::rows(&database, "SELECT count(*) FROM t");
    let long = [
        "INSERT INTO t SELECT id + 10000000, z FROM t",
        "UPDATE t SET z = normalize(z)",
        "CREATE INDEX i ON t USING faiss (z) WITH (factory = 'HNSW64')",
    ];
    for sql in long {
        let time = interrupted(&database, sql);
        assert!(time < Duration::from_secs(5), "{sql} went on for {time:?}");
        assert_eq!(suite::rows(&database, "SELECT count(*) FROM t"), rows, "{sql} had an effect");
        assert!(suite::rows(&database, "SHOW INDEXES").is_empty(), "{sql} had an effect");
    }
    // Statements that begin later are not touched.
    suite::execute(&database, "DELETE FROM t WHERE id = 0");
}

#[test]
fn a_deadline_ends_a_statement() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = suite::open(&folder.path().join("db"));
    large(&database, 10);
    let session = database.session();
    suite::execute(&session, "SET statement_timeout_ms = 50");
    let sql = "UPDATE t SET z = normalize(z)";
    suite::refused(&session, sql, &["statement_timeout_ms = 50"]);
    // The setting belongs to its session.
    assert!(suite::execute(&database, "UPDATE t SET z = normalize(z) WHERE id < 1000") == 1000);
}

#[test]
fn rows_may_be_dropped_half_way() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = suite::open(&folder.path().join("db"));
    large(&database, 8);
    for sql in
        ["SELECT id, z FROM t", "SELECT id FROM t SEARCH $1 LIMIT 10000", "SELECT id FROM t ORDER BY id"]
    {
        let sql = sql.replace("$1", &format!("{:?}", [1.0_f32; 16]));
        let mut rows = database.query(&sql).expect("it runs");
        for _ in 0..3 {
            rows.next().expect("a row").expect("no error");
        }
        let started = Instant::now();
        drop(rows);
        assert!(started.elapsed() < Duration::from_secs(1), "{sql}");
    }
    // Rows keep their moment while others write, and the writer does not wait for them.
    let mut rows = database.query("SELECT id FROM t").expect("it runs");
    rows.next().expect("a row").expect("no error");
    assert!(suite::execute(&database, "DELETE FROM t") > 10_000);
    assert!(rows.filter(|row| row.as_ref().is_ok()).count() > 10_000);
    assert_eq!(suite::rows(&database, "SELECT id FROM t"), Vec::<Vec<Value>>::new());
    database.close().expect("it closes");
}
