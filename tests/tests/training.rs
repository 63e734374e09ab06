//! TRAIN as a long statement: it can be interrupted, taken up again, run beside other statements, and gives
//! the same bits however it is run.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use argtop::{Database, Error, Options, Value};
use argtop_tests::suite;

/// What labels and texts are made of.
const WORDS: [&str; 24] = [
    "apple", "pear", "car", "bus", "rain", "wind", "violin", "guitar", "cat", "horse", "bread", "oven",
    "boat", "harbour", "football", "tennis", "bank", "coin", "novel", "library", "mountain", "river",
    "doctor", "school",
];

/// A training that was asked to stop does so within this time, on a machine that does much else.
const SOON: Duration = Duration::from_secs(10);

/// A training that takes this long never begins.
const NEVER: Duration = Duration::from_secs(120);

/// The source of every training here.
const PAIRS: &str = "FROM (SELECT text, labels FROM pairs)";

/// A row of `pairs`: words of a text, of which the first two name the label, and some that mislead.
fn pair(row: usize, random: &mut fastrand::Rng) -> String {
    let label = row % LABELS;
    let [first, second] = words_of(label);
    let other = WORDS[random.usize(..WORDS.len())];
    format!("({row}, '{other} {first} {}', [{label}])", if row.is_multiple_of(3) { other } else { second })
}

/// Labels at the beginning.
const LABELS: usize = 60;

fn words_of(label: usize) -> [&'static str; 2] {
    [WORDS[label % 24], WORDS[(label * 5 + label / 24 * 7 + 3) % 24]]
}

/// A database with labels, pairs, and something of every kind that can be trained.
fn create(path: &Path, options: Options) -> Database {
    let database = Database::open(path, options).unwrap_or_else(|error| panic!("{error}"));
    suite::execute(&database, &suite::create_model());
    let z = "VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title) + aux(a))) STORED";
    suite::execute(&database, &format!("CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z {z})"));
    let labels: Vec<String> =
        (0..LABELS).map(|label| format!("({label}, '{}')", words_of(label).join(" "))).collect();
    suite::execute(&database, &format!("INSERT INTO t (id, title) VALUES {}", labels.join(", ")));
    suite::execute(&database, "CREATE TABLE pairs (row BIGINT PRIMARY KEY, text TEXT, labels BIGINT[])");
    let mut random = fastrand::Rng::with_seed(11);
    let pairs: Vec<String> = (0..4 * LABELS).map(|row| pair(row, &mut random)).collect();
    suite::execute(&database, &format!("INSERT INTO pairs VALUES {}", pairs.join(", ")));
    for statement in [
        "CREATE AUXILIARY a ON t WITH (clusters = 8)",
        "CREATE INDEX i ON t USING flat (z)",
        "CREATE INDEX e ON t USING elias (z) WITH (clusters = 8)",
        "CREATE CLASSIFIER c ON t",
        "CREATE CLASSIFIER s ON t WITH (link = 'sigmoid')",
        "CREATE CLASSIFIER w ON t WITH (features = 'tfidf')",
        "CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 20) AS near THEN RERANK(c) AS dense \
         THEN RERANK(s) AS logit",
        "CREATE FUSION f ON t USING boosted (near.score, dense.score, logit.score)",
    ] {
        suite::execute(&database, statement);
    }
    database
}

/// Ids and scores over every path. Two databases that trained alike give the same bits.
fn answers(database: &Database) -> Vec<Vec<Value>> {
    let paths = [
        "EXACT",
        "PIPELINE p",
        "ENCODE(m) THEN SHORTLIST(i, limit => 20) THEN RERANK(c)",
        "ENCODE(m) THEN PROBE(e, beam => 3) THEN SHORTLIST(limit => 20) THEN RERANK(s)",
        "ENCODE(m) THEN PROBE(e, beam => 3) THEN SHORTLIST(limit => 20)",
    ];
    let mut all = Vec::new();
    for query in ["red apple", "guitar school", "river boat race", "old coin"] {
        for path in paths {
            let sql = format!("SELECT id, score FROM t SEARCH '{query}' VIA {path} LIMIT 20");
            all.extend(suite::rows(database, &sql));
        }
    }
    all
}

/// A statement of every kind of training with epochs, and options that make it short or long.
fn trainings(epochs: u64, options: &str) -> [String; 4] {
    let more = format!("batch = 16, {options}");
    [
        format!(
            "TRAIN AUXILIARY a {PAIRS} WITH (epochs = {epochs}, cluster_size = 2, doubling = [3], {more})"
        ),
        format!("TRAIN CLASSIFIER c {PAIRS} WITH (epochs = {epochs}, cluster_size = 2, {more})"),
        format!(
            "TRAIN CLASSIFIER s {PAIRS} WITH (epochs = {epochs}, negatives = 'all', adapter = true, \
             lever = true, {more})"
        ),
        format!(
            "TRAIN INDEX e {PAIRS} WITH (classifier = 's', beam = 4, shortlist = 20, partition_epochs = {}, \
             epochs = {epochs}, {more})",
            epochs.min(3)
        ),
    ]
}

fn train_all(database: &Database) {
    for sql in trainings(4, "lr = 0.01") {
        suite::execute(database, &sql);
    }
    suite::execute(database, &format!("TRAIN CLASSIFIER w {PAIRS} WITH (min_df = 1)"));
    suite::execute(database, &format!("TRAIN FUSION f {PAIRS} WITH (pipeline = 'p', rounds = 10)"));
}

/// Runs a training and interrupts it as soon as it is `ready`; gives how long it then went on.
fn interrupted(database: &Database, sql: &str, ready: &dyn Fn() -> bool) -> Duration {
    let session = database.session();
    let handle = session.interrupt_handle();
    let started = Instant::now();
    thread::scope(|scope| {
        let running = scope.spawn(move || session.execute(sql));
        while !ready() {
            assert!(!running.is_finished(), "{sql}: it ended by itself: {:?}", running.join());
            assert!(started.elapsed() < NEVER, "{sql}: no progress");
            thread::sleep(Duration::from_millis(5));
        }
        let asked = Instant::now();
        handle.interrupt();
        let result = running.join().expect("it does not panic");
        assert!(matches!(result, Err(Error::Interrupted)), "{sql}: {result:?}");
        asked.elapsed()
    })
}

/// Whether a job that runs now goes through its pairs.
fn learns(database: &Database) -> bool {
    let jobs = suite::rows(database, "SHOW JOBS");
    jobs.iter().any(|row| row[1].to_string() == "running" && row[2].to_string().contains(", epoch "))
}

#[test]
fn an_interrupted_training_ends_soon_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = create(&folder.path().join("db"), suite::options());
    let before = answers(&database);
    let (objects, described) = ("SHOW CLASSIFIERS", "DESCRIBE e");
    let shown = [suite::rows(&database, objects), suite::rows(&database, described)];
    for sql in trainings(100_000, "lr = 0.01") {
        let time = interrupted(&database, &sql, &|| learns(&database));
        assert!(time < SOON, "{sql} went on for {time:?}");
        assert!(answers(&database) == before, "{sql} had an effect");
        assert_eq!([suite::rows(&database, objects), suite::rows(&database, described)], shown);
    }
    let states = suite::rows(&database, "SHOW JOBS");
    assert!(
        states.len() == 4 && states.iter().all(|row| row[1] == Value::Text("cancelled".into())),
        "{states:?}"
    );
    train_all(&database);
    assert!(answers(&database) != before);
}

/// Epochs of the trainings that are taken up again: long enough to be interrupted.
const EPOCHS_TO_RESUME: u64 = 150;

#[test]
fn a_training_that_is_taken_up_ends_in_the_same_bits() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let whole = create(&folder.path().join("whole"), suite::options());
    let parts = create(&folder.path().join("parts"), suite::options());
    let stages = ["vectors", "rows", "rows", "adjacency"];
    for (sql, stage) in trainings(EPOCHS_TO_RESUME, "checkpoint_seconds = 0").iter().zip(stages) {
        suite::execute(&whole, sql);
        interrupted(&parts, sql, &|| kept(folder.path(), stage));
        let resumed = sql.replace("checkpoint_seconds = 0", "checkpoint_seconds = 0, resume = true");
        let other = resumed.replace("batch = 16", "batch = 17");
        suite::refused(&parts, &other, &["belongs to other pairs or options", "leave resume out"]);
        let mut rows = parts.query(&resumed).unwrap_or_else(|error| panic!("{}", error.render(&resumed)));
        assert!(rows.by_ref().next().is_none());
        assert!(rows.notes().iter().any(|note| note.starts_with("resumed at epoch")), "{:?}", rows.notes());
        assert!(answers(&parts) == answers(&whole), "{sql}");
        assert!(!kept(folder.path(), ""), "a state outlived its training: {sql}");
    }
}

/// Whether the database `parts` keeps the state of a training's stage.
fn kept(folder: &Path, stage: &str) -> bool {
    let entries = std::fs::read_dir(folder.join("parts").join("training")).into_iter().flatten();
    let mut names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
    names.any(|name| name.starts_with("state-") && name.ends_with(stage))
}

/// The number that a statement with CONCURRENTLY gives.
fn begun(database: &Database, sql: &str) -> i64 {
    match suite::rows(database, sql).concat()[..] {
        [Value::BigInt(job)] => job,
        ref other => panic!("{sql}: {other:?}"),
    }
}

/// State and stage of a job.
fn state_of(database: &Database, job: i64) -> (String, String) {
    let jobs = suite::rows(database, "SHOW JOBS");
    let row = jobs.iter().find(|row| row[0] == Value::BigInt(job)).expect("the job");
    (row[1].to_string(), row[2].to_string())
}

/// Waits until a job learns.
fn await_epochs(database: &Database, job: i64) {
    let started = Instant::now();
    loop {
        let (state, stage) = state_of(database, job);
        assert_eq!(state, "running", "{stage}");
        if stage.contains(", epoch ") {
            return;
        }
        assert!(started.elapsed() < NEVER, "job {job}: {stage}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn first(database: &Database, query: &str, via: &str) -> Value {
    let rows = suite::rows(database, &format!("SELECT id FROM t SEARCH '{query}' VIA {via} LIMIT 1"));
    rows.first().unwrap_or_else(|| panic!("nothing for {query} via {via}"))[0].clone()
}

#[test]
fn a_training_runs_beside_statements_that_write() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = create(&folder.path().join("db"), suite::options());
    for (number, sql) in (0_i64..).zip(trainings(EPOCHS_TO_RESUME, "lr = 0.002")) {
        let before = answers(&database);
        let job = begun(&database, &format!("{sql} CONCURRENTLY"));
        await_epochs(&database, job);
        assert!(answers(&database) == before, "{sql}: seen before its end");
        let (new, gone, changed) = (1_000 + number, number, 10 + number);
        suite::execute(
            &database,
            &format!("INSERT INTO t (id, title) VALUES ({new}, 'volcano number {number}')"),
        );
        suite::execute(&database, &format!("DELETE FROM t WHERE id = {gone}"));
        suite::execute(
            &database,
            &format!("UPDATE t SET title = 'glacier number {number}' WHERE id = {changed}"),
        );
        assert_eq!(state_of(&database, job).0, "running", "{sql}: too short to show anything");
        suite::execute(&database, &format!("WAIT FOR JOB {job}"));
        assert_eq!(state_of(&database, job).0, "done");
        assert!(answers(&database) != before, "{sql}: no effect");
        for via in [
            "EXACT",
            "ENCODE(m) THEN PROBE(e, beam => 8) THEN SHORTLIST(limit => 100) THEN RERANK(c)",
            "ENCODE(m) THEN SHORTLIST(i, limit => 100) THEN RERANK(c)",
        ] {
            let title = format!("glacier number {number}");
            assert_eq!(
                first(&database, &format!("volcano number {number}"), via),
                Value::BigInt(new),
                "{via}"
            );
            assert_eq!(first(&database, &title, via), Value::BigInt(changed), "{via}");
            let sql = format!("SELECT id FROM t SEARCH 'apple' VIA {via} LIMIT 100");
            let found = suite::rows(&database, &sql);
            assert!(!found.contains(&vec![Value::BigInt(gone)]), "{via}");
        }
        let labels = vec![vec![Value::BigInt(LABELS as i64)]];
        assert_eq!(suite::rows(&database, "SELECT count(*) FROM t"), labels);
    }
    suite::execute(&database, "CHECK DATABASE");
    assert_eq!(database.warnings(), Vec::<String>::new());
}

#[test]
fn jobs_are_cancelled_and_end_with_the_database() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("db");
    let database = create(&path, suite::options());
    let before = answers(&database);
    let [auxiliary, classifier, ..] = trainings(100_000, "checkpoint_seconds = 0");
    let job = begun(&database, &format!("{classifier} CONCURRENTLY"));
    await_epochs(&database, job);
    // Two trainings of the same thing: the one that ends later finds it changed.
    suite::execute(&database, &trainings(2, "lr = 0.01")[1]);
    assert_eq!(state_of(&database, job).0, "running");
    suite::execute(&database, &format!("CANCEL JOB {job}"));
    suite::refused(&database, &format!("WAIT FOR JOB {job}"), &["was cancelled"]);
    assert_eq!(state_of(&database, job).0, "cancelled");
    suite::refused(&database, &format!("CANCEL JOB {job}"), &["has ended", "SHOW JOBS"]);
    let trained = answers(&database);
    assert!(trained != before);
    // Waiting can be interrupted, and the job goes on.
    let job = begun(&database, &format!("{auxiliary} CONCURRENTLY"));
    await_epochs(&database, job);
    let session = database.session();
    suite::execute(&session, "SET statement_timeout_ms = 100");
    suite::refused(&session, &format!("WAIT FOR JOB {job}"), &["statement_timeout_ms = 100"]);
    assert_eq!(state_of(&database, job).0, "running");
    drop(session);
    let started = Instant::now();
    database.close().expect("it closes");
    assert!(started.elapsed() < SOON, "closing took {:?}", started.elapsed());
    let database = suite::open(&path);
    assert!(answers(&database) == trained);
    assert_eq!(suite::rows(&database, "SHOW JOBS"), Vec::<Vec<Value>>::new());
}

#[test]
fn what_was_learned_outlives_the_process() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("db");
    let database = create(&path, suite::options());
    train_all(&database);
    let words = "SELECT id, score FROM t SEARCH 'old coin' VIA ENCODE(m) THEN SHORTLIST(i, limit => 20) \
                  THEN RERANK(w) LIMIT 20";
    let fused = "SELECT id, score FROM t SEARCH 'old coin' \
                 VIA ENCODE(m) THEN SHORTLIST(i, limit => 20) AS near THEN RERANK(c) AS dense \
                 THEN RERANK(s) AS logit \
                 SCORE BY f(near.score, dense.score, logit.score) * inverse_propensity LIMIT 20";
    let all = |database: &Database| {
        let mut rows = answers(database);
        rows.extend(suite::rows(database, words));
        rows.extend(suite::rows(database, fused));
        for name in ["a", "c", "s", "w", "f"] {
            rows.extend(suite::rows(database, &format!("DESCRIBE {name}")));
        }
        rows
    };
    let learned = all(&database);
    suite::execute(&database, "SET search.use_generations = false");
    assert!(all(&database) == learned, "from the store");
    database.close().expect("it closes");
    let database = suite::open(&path);
    assert!(all(&database) == learned, "opened again");
    suite::execute(&database, "CHECK DATABASE");
    assert_eq!(database.warnings(), Vec::<String>::new());
}

#[test]
fn any_number_of_threads_learns_the_same_bits() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let learned = |threads: usize| {
        let options = Options { threads: Some(threads), ..suite::options() };
        let database = create(&folder.path().join(format!("db{threads}")), options);
        train_all(&database);
        let words = "ENCODE(m) THEN SHORTLIST(i, limit => 20) THEN RERANK(w)";
        let mut rows = answers(&database);
        for query in ["red apple", "guitar school"] {
            let sql = format!("SELECT id, score FROM t SEARCH '{query}' VIA {words} LIMIT 20");
            rows.extend(suite::rows(&database, &sql));
        }
        let fused = "SELECT id, score FROM t SEARCH 'old coin' VIA PIPELINE p LIMIT 20";
        rows.extend(suite::rows(&database, fused));
        rows.extend(suite::rows(&database, "SELECT id, z FROM t"));
        rows
    };
    let one = learned(1);
    assert!(learned(3) == one);
}

#[test]
fn texts_that_were_encoded_before_are_not_encoded_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [parts, whole] = ["parts", "whole"].map(|name| create(&folder.path().join(name), suite::options()));
    let source = |end: usize| format!("FROM (SELECT text, labels FROM pairs WHERE row < {end})");
    let train = "TRAIN CLASSIFIER c";
    for end in [50, 130] {
        suite::execute(&parts, &format!("{train} {} WITH (epochs = 1)", source(end)));
    }
    // What is there is taken from the files: a damaged one is encoded anew.
    let kept = || {
        let files = std::fs::read_dir(folder.path().join("parts/training")).expect("a directory");
        let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        files.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("phi-")));
        files
    };
    let files = kept();
    assert_eq!(files.len(), 2, "{files:?}");
    let mut bytes = std::fs::read(&files[0]).expect("a file");
    bytes[100] ^= 1;
    std::fs::write(&files[0], bytes).expect("a file");
    for database in [&parts, &whole] {
        suite::execute(database, &format!("{train} {PAIRS} WITH (epochs = 3)"));
    }
    assert!(answers(&parts) == answers(&whole));
    suite::execute(&parts, "SET training_cache_mib = 0");
    suite::execute(&parts, &format!("{train} {} WITH (epochs = 1)", source(60)));
    assert_eq!(kept().len(), 1, "only the newest stays");
}

/// A statement of every kind of training, over `source`, with more options.
fn all_trainings(source: &str, options: &str) -> Vec<String> {
    let mut all = trainings(12, &format!("lr = 0.01{options}")).to_vec();
    all.push(format!("TRAIN CLASSIFIER w {PAIRS} WITH (min_df = 1{options})"));
    all.push(format!("TRAIN FUSION f {PAIRS} WITH (pipeline = 'p', rounds = 10{options})"));
    all.iter().map(|sql| sql.replace(PAIRS, source)).collect()
}

/// A path that ends in each thing that was trained.
fn trained_paths() -> [String; 6] {
    let shortlist = "ENCODE(m) THEN SHORTLIST(i, limit => 60)";
    let probe = "ENCODE(m) THEN PROBE(e, beam => 8) THEN SHORTLIST(limit => 60) THEN RERANK(s) \
                 SCORE BY shortlist.score * sigmoid(rerank.score)";
    let fused = " AS near THEN RERANK(c) AS dense THEN RERANK(s) AS logit \
                 SCORE BY f(near.score, dense.score, logit.score)";
    [
        shortlist.to_string(),
        format!("{shortlist} THEN RERANK(c)"),
        format!("{shortlist} THEN RERANK(s)"),
        format!("{shortlist} THEN RERANK(w)"),
        probe.to_string(),
        format!("{shortlist}{fused}"),
    ]
}

/// P@1 of a path over the pairs.
fn precision(database: &Database, path: &str) -> f64 {
    suite::execute(database, &format!("CREATE PIPELINE judged ON t AS {path}"));
    let rows = suite::rows(database, &format!("EVALUATE PIPELINE judged {PAIRS} METRICS (P@1)"));
    suite::execute(database, "DROP PIPELINE judged");
    match rows.concat().last() {
        Some(Value::Double(value)) => *value,
        other => panic!("{path}: {other:?}"),
    }
}

/// The mean score of labels for their own texts.
fn own_score(database: &Database, path: &str) -> f64 {
    let score = |label: usize| {
        let title = words_of(label).join(" ");
        let search = format!("SEARCH '{title}' VIA {path}");
        match suite::rows(database, &format!("SELECT score FROM t {search} WHERE id = {label}")).concat()[..]
        {
            [Value::Double(score)] => score,
            ref other => panic!("{path}: {other:?}"),
        }
    };
    (0..LABELS).map(score).sum::<f64>() / LABELS as f64
}

#[test]
fn pairs_count_by_their_weights_in_every_training() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [believed, doubted] = ["believed", "doubted"].map(|name| {
        let database = create(&folder.path().join(name), suite::options());
        // Beside every pair one with the same text and a wrong label.
        suite::execute(&database, "CREATE TABLE both (row BIGINT PRIMARY KEY, text TEXT, labels BIGINT[])");
        suite::execute(&database, "INSERT INTO both SELECT row * 2, text, labels FROM pairs");
        let wrong = format!("SELECT row * 2 + 1, text, [(row + 7) % {LABELS}] FROM pairs");
        suite::execute(&database, &format!("INSERT INTO both {wrong}"));
        let right = i32::from(name == "believed");
        let source = format!(
            "FROM (SELECT text, labels, CASE WHEN row % 2 = 0 THEN {right} ELSE {} END AS weight FROM both)",
            1 - right
        );
        for sql in all_trainings(&source, "") {
            suite::execute(&database, &sql);
        }
        trained_paths().map(|path| precision(&database, &path))
    });
    for ((path, right), wrong) in trained_paths().iter().zip(believed).zip(doubted) {
        assert!(right > wrong + 5.0, "{path}: {right} with the right pairs, {wrong} with the wrong ones");
    }
}

#[test]
fn a_text_is_not_taught_to_be_another_than_its_own_label() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Every label's text is a point of another label, as in cross references.
    let pairs = format!("SELECT title AS text, [(id + 7) % {LABELS}] AS labels");
    let [reciprocal, source, negative] = [
        ("reciprocal", "", ""),
        ("source", ", [id] AS exclude", ", reciprocal = 'negative'"),
        ("negative", "", ", reciprocal = 'negative'"),
    ]
    .map(|(name, exclude, option)| {
        let database = create(&folder.path().join(name), suite::options());
        for sql in all_trainings(&format!("FROM ({pairs}{exclude} FROM t)"), option) {
            suite::execute(&database, &sql);
        }
        trained_paths().map(|path| own_score(&database, &path))
    });
    for (at, path) in trained_paths().iter().enumerate() {
        let (all, own, none) = (reciprocal[at], source[at], negative[at]);
        assert!(all > none && own > none, "{path}: {all} without the pairs, {own} without own, {none} with");
    }
}
