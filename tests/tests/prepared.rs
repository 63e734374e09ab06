//! A prepared statement keeps its plan, and follows everything that the plan depends on.

use argtop::{Database, Statement, Value};
use argtop_tests::suite;

/// A database with one table.
fn opened(create: &str) -> (tempfile::TempDir, Database) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = suite::open(&folder.path().join("db"));
    suite::execute(&database, create);
    (folder, database)
}

fn prepared(database: &Database, sql: &str) -> Statement {
    database.prepare(sql).expect("a statement")
}

fn rows(statement: &Statement) -> Vec<Vec<Value>> {
    let rows = statement.query().expect("rows");
    rows.map(|row| row.expect("a row").into_values()).collect()
}

#[test]
fn it_follows_the_catalog_and_the_settings() {
    let (_folder, database) = opened("CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2))");
    suite::execute(&database, "INSERT INTO t VALUES (1, [1.0, 0.0]), (2, [0.0, 1.0]), (3, [1.0, 1.0])");
    let search = prepared(&database, "SELECT id FROM t SEARCH (VECTOR => [1.0, 0.5]) LIMIT 3");
    let all = prepared(&database, "SELECT * FROM t WHERE id = 1");
    for _ in 0..2 {
        assert_eq!(rows(&search), [3, 1, 2].map(|id| vec![Value::BigInt(id)]));
        assert_eq!(rows(&all)[0].len(), 2);
    }
    suite::execute(&database, "INSERT INTO t VALUES (4, [2.0, 2.0])");
    assert_eq!(rows(&search)[0], [Value::BigInt(4)]);
    suite::execute(&database, "CREATE INDEX f ON t USING flat (z)");
    suite::execute(
        &database,
        "CREATE PIPELINE p ON t AS SHORTLIST(f, limit => 3) SCORE BY 0 - shortlist.score",
    );
    suite::execute(&database, "ALTER TABLE t SET DEFAULT PIPELINE p");
    assert_eq!(rows(&search), [1, 3, 4].map(|id| vec![Value::BigInt(id)]), "the default pipeline");
    suite::execute(&database, "ALTER TABLE t RESET DEFAULT PIPELINE");
    assert_eq!(rows(&search), [4, 3, 1].map(|id| vec![Value::BigInt(id)]));
    suite::execute(&database, "DROP TABLE t");
    assert!(all.query().is_err() && search.query().is_err());
    suite::execute(&database, "CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, b TEXT, z VECTOR(2))");
    suite::execute(&database, "INSERT INTO t VALUES (1, 'x', 'y', [1.0, 0.0])");
    assert_eq!(rows(&all)[0].len(), 4);
    assert_eq!(rows(&search), [[Value::BigInt(1)]]);
}

#[test]
fn parameters_are_those_of_each_run() {
    let (_folder, database) = opened("CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2))");
    suite::execute(&database, "INSERT INTO t VALUES (1, [1.0, 0.0]), (2, [0.0, 1.0])");
    let statement = prepared(&database, "SELECT id + $2 FROM t SEARCH (VECTOR => $1) LIMIT $3");
    for (vector, add, limit) in [([1.0, 0.0], 10, 1), ([0.0, 1.0], 20, 2), ([0.0, 1.0], 0, 1)] {
        let values = vec![Value::Vector(vector.to_vec()), Value::BigInt(add), Value::BigInt(limit)];
        let bound = statement.clone().bind(values).expect("values");
        let best = if vector[0] > 0.5 { 1 } else { 2 };
        let found = rows(&bound);
        assert_eq!(found.len() as i64, limit);
        assert_eq!(found[0], [Value::BigInt(best + add)]);
    }
}

#[test]
fn files_are_looked_at_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = suite::open(&folder.path().join("db"));
    let file = folder.path().join("rows.jsonl");
    std::fs::write(&file, "{\"a\": 1}\n").expect("a file");
    let statement = prepared(&database, &format!("SELECT * FROM read_jsonl('{}')", file.display()));
    assert_eq!(rows(&statement), [[Value::BigInt(1)]]);
    std::fs::write(&file, "{\"a\": \"one\", \"b\": 2}\n").expect("a file");
    assert_eq!(rows(&statement), [[Value::Text("one".into()), Value::BigInt(2)]]);
}

#[test]
fn an_insert_follows_its_table() {
    let (_folder, database) = opened("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)");
    let insert = prepared(&database, "INSERT INTO t (id, name) VALUES ($1, $2)");
    let put = |id: i64, name: &str| {
        let values = vec![Value::BigInt(id), Value::Text(name.to_string())];
        insert.clone().bind(values).and_then(|insert| insert.execute())
    };
    for id in 0..3 {
        assert_eq!(put(id, "old").expect("a row"), 1);
    }
    assert!(put(1, "again").is_err(), "the key is taken");
    suite::execute(&database, "DROP TABLE t");
    assert!(put(7, "nowhere").is_err());
    suite::execute(&database, "CREATE TABLE t (extra TEXT, name TEXT, id BIGINT PRIMARY KEY)");
    assert_eq!(put(1, "new").expect("a row"), 1);
    let expected = [[Value::Null, Value::Text("new".into()), Value::BigInt(1)]];
    assert_eq!(suite::rows(&database, "SELECT * FROM t"), expected);
}
