//! Labels that came after an index was built, in a database that was opened again: the index holds nothing of
//! them, and takes them in while searches go on.

use std::path::Path;

use argtop::{Database, Options, Value};
use argtop_tests::suite;

const DIMENSION: usize = 16;
const INDEXED: i64 = 3_000;
/// More than a search waits for.
const NEWER: i64 = 1_500;
const LIMIT: usize = 10;

fn insert(database: &Database, random: &mut fastrand::Rng, ids: std::ops::Range<i64>) -> Vec<Vec<f32>> {
    let mut vectors = Vec::new();
    let ids: Vec<i64> = ids.collect();
    for ids in ids.chunks(500) {
        let rows: Vec<String> = ids
            .iter()
            .map(|id| {
                vectors.push(suite::random_vector(random, DIMENSION));
                format!("({id}, {:?})", vectors.last().expect("a vector"))
            })
            .collect();
        suite::execute(database, &format!("INSERT INTO t VALUES {}", rows.join(", ")));
    }
    vectors
}

fn search(database: &Database, via: &str, vector: &[f32]) -> Vec<i64> {
    let sql = format!("SELECT id, score FROM t SEARCH (VECTOR => $1) VIA {via} LIMIT {LIMIT}");
    let rows = suite::rows_with(database, &sql, vec![Value::Vector(vector.to_vec())]);
    suite::scored(&rows).into_iter().map(|(id, _)| id).collect()
}

/// Of the newer labels among the exact best most are found, as of those that the index covers.
fn check(database: &Database, vectors: &[Vec<f32>]) {
    let (mut expected, mut reached) = (0, 0);
    for vector in vectors.iter().step_by(29) {
        let found = search(database, &format!("SHORTLIST(a, limit => {LIMIT})"), vector);
        assert_eq!(found.len(), LIMIT);
        for id in search(database, "EXACT", vector).iter().filter(|id| **id >= INDEXED) {
            expected += 1;
            reached += usize::from(found.contains(id));
        }
    }
    assert!(expected > 100 && reached * 10 >= expected * 8, "{reached} of {expected}");
}

fn filled(path: &Path) -> Vec<Vec<f32>> {
    let database = suite::open(path);
    suite::execute(&database, &format!("CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR({DIMENSION}))"));
    let mut random = fastrand::Rng::with_seed(23);
    insert(&database, &mut random, 0..INDEXED);
    suite::execute(&database, "CREATE INDEX a ON t USING ann (z)");
    let vectors = insert(&database, &mut random, INDEXED..INDEXED + NEWER);
    database.close().expect("it closes");
    vectors
}

#[test]
fn the_first_search_finds_newer_labels_that_no_index_holds_and_so_do_those_behind_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let vectors = filled(&path);
    let database = suite::open(&path);
    let first = vectors.last().expect("a vector");
    let own = search(&database, &format!("SHORTLIST(a, limit => {LIMIT})"), first);
    assert!(own.contains(&(INDEXED + NEWER - 1)), "{own:?}");
    check(&database, &vectors);
    database.wait_for_maintenance().expect("maintenance");
    check(&database, &vectors);
    // What is written now is found as well, and so is what is not there any more.
    suite::execute(&database, &format!("DELETE FROM t WHERE id >= {}", INDEXED + NEWER - 700));
    check(&database, &vectors);
    assert!(search(&database, "EXACT", first).iter().all(|id| *id < INDEXED + NEWER - 700));
}

#[test]
fn a_database_that_is_only_read_finds_them_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let vectors = filled(&path);
    let options = Options { read_only: true, create: false, ..suite::options() };
    let database = Database::open(&path, options).expect("it opens");
    check(&database, &vectors);
}
