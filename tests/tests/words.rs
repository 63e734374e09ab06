//! MATCH from several threads while labels change, with generations that come and go, and from prepared
//! statements.

use std::sync::atomic::{AtomicBool, Ordering};

use argtop::{Database, Value};
use argtop_tests::suite;

const LABELS: i64 = 600;

/// A label whose text holds its number and the round in which it was written.
fn text(id: i64, round: i64) -> String {
    format!("label {id} round {round} {}", if id % 7 == 0 { "seventh" } else { "other" })
}

fn opened() -> (tempfile::TempDir, Database) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = suite::open(&folder.path().join("db"));
    suite::execute(&database, "CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT)");
    suite::execute(&database, "CREATE INDEX f ON t USING fts (title)");
    for ids in (0..LABELS).collect::<Vec<_>>().chunks(100) {
        let rows: Vec<String> = ids.iter().map(|id| format!("({id}, '{}')", text(*id, 0))).collect();
        suite::execute(&database, &format!("INSERT INTO t VALUES {}", rows.join(", ")));
    }
    (folder, database)
}

/// Rewrites labels one by one, round after round; each statement is followed by a search for what it wrote.
fn write(database: &Database, stop: &AtomicBool) -> i64 {
    let mut round = 0;
    while !stop.load(Ordering::Relaxed) {
        round += 1;
        for id in (0..LABELS).step_by(37) {
            suite::execute(database, &format!("UPDATE t SET title = '{}' WHERE id = {id}", text(id, round)));
            let found = suite::rows(
                database,
                &format!("SELECT id FROM t SEARCH 'round {round}' VIA MATCH(title, limit => 600) LIMIT 600"),
            );
            let at = found.iter().position(|row| row[0] == Value::BigInt(id));
            assert!(at.is_some(), "label {id} of round {round} is not found");
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
    }
    round
}

/// Every label has the word `label`, and every seventh `seventh`, at every moment.
fn read(database: &Database, stop: &AtomicBool) -> usize {
    let mut asked = 0;
    while !stop.load(Ordering::Relaxed) {
        let all = "SELECT count(*) FROM
                     (SELECT id FROM t SEARCH 'label' VIA MATCH(title, limit => 1000) LIMIT 1000) AS a";
        assert_eq!(suite::rows(database, all), [[Value::BigInt(LABELS)]]);
        let some =
            "SELECT id FROM t SEARCH 'seventh' VIA MATCH(title, limit => 1000) WHERE id < 300 LIMIT 1000";
        let mut ids: Vec<Value> = suite::rows(database, some).into_iter().flatten().collect();
        ids.sort_by_key(|id| if let Value::BigInt(id) = id { *id } else { i64::MIN });
        let expected: Vec<Value> = (0..300).step_by(7).map(Value::BigInt).collect();
        assert_eq!(ids, expected);
        asked += 1;
    }
    asked
}

#[test]
fn every_answer_is_that_of_one_moment_while_labels_change_and_indexes_are_made() {
    let (_folder, database) = opened();
    suite::execute(&database, "SET tail_rows_max = 40");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(&database, &stop));
        let readers = [scope.spawn(|| read(&database, &stop)), scope.spawn(|| read(&database, &stop))];
        for _ in 0..8 {
            suite::execute(&database, "REINDEX f");
        }
        stop.store(true, Ordering::Relaxed);
        assert!(writer.join().expect("the writer") > 0);
        for reader in readers {
            assert!(reader.join().expect("a reader") > 0);
        }
    });
    database.wait_for_maintenance().expect("maintenance");
}

#[test]
fn a_long_tail_is_packed_behind_the_statements_and_scores_stay() {
    let (_folder, database) = opened();
    let ask = || {
        let sql = "SELECT id, score FROM t SEARCH 'seventh round 3' VIA MATCH(title, limit => 50) LIMIT 50";
        suite::scored(&suite::rows(&database, sql))
    };
    let newer = || suite::rows(&database, "SHOW INDEXES")[0].last().cloned();
    suite::execute(&database, "SET auto_pack = false");
    for id in (0..LABELS).step_by(5) {
        suite::execute(&database, &format!("UPDATE t SET title = '{}' WHERE id = {id}", text(id, 3)));
    }
    let before = ask();
    assert_eq!(newer(), Some(Value::BigInt(LABELS)), "the index was made of an empty table");
    suite::execute(&database, "SET auto_pack = true");
    suite::execute(&database, "SET tail_rows_max = 50");
    suite::execute(&database, "UPDATE t SET title = title WHERE id = 1");
    database.wait_for_maintenance().expect("maintenance");
    assert_eq!(newer(), Some(Value::BigInt(0)), "packed");
    assert_eq!(ask(), before);
}

#[test]
fn the_text_of_a_prepared_match_is_that_of_each_run() {
    let (_folder, database) = opened();
    let statement = database
        .prepare(
            "SELECT id FROM t SEARCH $1 VIA MATCH(title, $2 || ' round', limit => 5) WHERE id < $3 LIMIT 1",
        )
        .expect("a statement");
    for id in [3, 8, 21] {
        let values = vec![Value::Text("label".into()), Value::Text(id.to_string()), Value::BigInt(100)];
        let rows = statement.clone().bind(values).and_then(|statement| statement.query()).expect("rows");
        let rows: Vec<Vec<Value>> = rows.map(|row| row.expect("a row").into_values()).collect();
        assert_eq!(rows, [[Value::BigInt(id)]]);
    }
    let values = vec![Value::Text("label".into()), Value::Null, Value::BigInt(100)];
    let refused = statement.bind(values).and_then(|statement| statement.query()).map(|_| ());
    suite::says(&refused.expect_err("no text").to_string(), &["MATCH", "NULL"]);
    suite::refused(&database, "CREATE PIPELINE p ON t AS MATCH(title, $1, limit => 5)", &["parameter"]);
}

#[test]
fn limits_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = suite::options();
    options.limits.match_words_max = 3;
    options.limits.text_index_bytes = 1;
    let database = Database::open(folder.path().join("db"), options).expect("a database");
    suite::execute(&database, "CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT)");
    suite::execute(&database, "CREATE INDEX f ON t USING fts (title)");
    suite::execute(&database, "INSERT INTO t VALUES (1, 'one two three four')");
    let ask = |text: &str| {
        let sql = "SELECT id FROM t SEARCH $1 VIA MATCH(title) LIMIT 1";
        suite::try_rows(&database, sql, vec![Value::Text(text.to_string())])
    };
    assert_eq!(ask("three two one one").expect("three words"), [[Value::BigInt(1)]]);
    let error = ask("one two three four").expect_err("four words").to_string();
    suite::says(&error, &["more than 3 different words"]);
    suite::refused(&database, "REINDEX f", &["1 bytes", "text_index_bytes"]);
    assert_eq!(ask("four").expect("nothing is lost"), [[Value::BigInt(1)]]);
}
