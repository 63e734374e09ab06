//! WHERE beside SEARCH: what is remembered of predicates never shows in an answer.

use std::collections::BTreeMap;

use argtop::{Database, Statement, Value};
use argtop_tests::suite;

const LABELS_MAX: i64 = 600;
const STEPS: usize = 120;

/// A label's columns beside its vector.
#[derive(Clone)]
struct Label {
    part: i64,
    title: String,
}

fn opened(folder: &std::path::Path) -> Database {
    let database = suite::open(&folder.join("db"));
    suite::execute(&database, "CREATE TABLE t (id BIGINT PRIMARY KEY, part BIGINT, title TEXT, z VECTOR(4))");
    database
}

fn label(random: &mut fastrand::Rng) -> Label {
    let title = ["oak", "desk", "oak desk", ""][random.usize(..4)].to_string();
    Label { part: random.i64(..9), title }
}

fn insert(database: &Database, id: i64, label: &Label) {
    let sql =
        format!("INSERT INTO t VALUES ({id}, {}, '{}', [1.0, 0.5, {id}.0, 0.1])", label.part, label.title);
    suite::execute(database, &sql);
}

fn found(search: &Statement, values: Vec<Value>) -> Vec<i64> {
    let rows = search.clone().bind(values).expect("parameters").query().expect("a search");
    let mut ids: Vec<i64> = rows
        .map(|row| match row.expect("a row").get(0) {
            Some(Value::BigInt(id)) => *id,
            other => panic!("an id is {other:?}"),
        })
        .collect();
    ids.sort_unstable();
    ids
}

#[test]
fn predicates_asked_again_and_again_follow_every_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = opened(folder.path());
    let mut random = fastrand::Rng::with_seed(11);
    let mut labels: BTreeMap<i64, Label> = BTreeMap::new();
    let search = |predicate: &str| {
        let sql = format!(
            "SELECT id FROM t SEARCH (VECTOR => [1.0, 0.0, 0.0, 0.0]) VIA EXACT WHERE {predicate} LIMIT 1000"
        );
        database.prepare(&sql).expect("a statement")
    };
    let below = search("part < $1");
    let oak = search("title LIKE '%oak%' AND part <> 3");
    let keys = search("id % 7 = $1");
    for step in 0..STEPS {
        match random.u8(..10) {
            // Enough at once that records are read one after the other.
            0..4 => {
                for _ in 0..random.usize(1..40) {
                    let (id, label) = (random.i64(..LABELS_MAX), label(&mut random));
                    if let std::collections::btree_map::Entry::Vacant(entry) = labels.entry(id) {
                        insert(&database, id, &label);
                        entry.insert(label);
                    }
                }
            }
            4..7 => {
                let (from, part) = (random.i64(..LABELS_MAX), random.i64(..9));
                suite::execute(
                    &database,
                    &format!("UPDATE t SET part = {part} WHERE id >= {from} AND id < {}", from + 30),
                );
                labels.range_mut(from..from + 30).for_each(|(_, label)| label.part = part);
            }
            7 => {
                let from = random.i64(..LABELS_MAX);
                suite::execute(
                    &database,
                    &format!("DELETE FROM t WHERE id >= {from} AND id < {}", from + 20),
                );
                labels.retain(|id, _| !(from..from + 20).contains(id));
            }
            // Nothing changes.
            _ => {}
        }
        let passing = |passes: &dyn Fn(i64, &Label) -> bool| -> Vec<i64> {
            labels.iter().filter(|(id, label)| passes(**id, label)).map(|(id, _)| *id).collect()
        };
        let most = random.i64(..4);
        assert_eq!(
            found(&below, vec![Value::BigInt(most)]),
            passing(&|_, label| label.part < most),
            "step {step}"
        );
        assert_eq!(
            found(&oak, Vec::new()),
            passing(&|_, label| label.title.contains("oak") && label.part != 3),
            "step {step}"
        );
        assert_eq!(found(&keys, vec![Value::BigInt(most)]), passing(&|id, _| id % 7 == most), "step {step}");
    }
    assert!(labels.len() > 100, "{} labels", labels.len());
}

#[test]
fn only_new_labels_are_looked_at_again_unless_the_predicate_reads_the_clock() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = opened(folder.path());
    let mut random = fastrand::Rng::with_seed(3);
    for id in 0..50 {
        insert(&database, id, &label(&mut random));
    }
    let looked_at = |predicate: &str| -> u64 {
        let sql = format!(
            "EXPLAIN ANALYZE SELECT id FROM t SEARCH (VECTOR => [1.0, 0.0, 0.0, 0.0]) VIA EXACT
             WHERE {predicate} LIMIT 5"
        );
        let rows = database.prepare(&sql).expect("a statement").query().expect("a plan");
        let text: Vec<String> = rows.map(|row| format!("{:?}", row.expect("a row"))).collect();
        let text = text.join("\n");
        let before = text.split(" labels looked at").next().expect("a beginning").to_string();
        assert!(before.len() < text.len(), "no such note in {text}");
        before.rsplit([' ', ',']).next().expect("a number").parse().expect("a number")
    };
    let clock = "part < 5 AND now() > CAST('2020-01-01' AS TIMESTAMP)";
    for predicate in ["part < 5", "part < 6", clock] {
        assert_eq!(looked_at(predicate), 50, "{predicate}");
    }
    assert_eq!((looked_at("part < 5"), looked_at(clock)), (0, 50));
    insert(&database, 100, &label(&mut random));
    insert(&database, 101, &label(&mut random));
    assert_eq!((looked_at("part < 5"), looked_at("part < 6"), looked_at(clock)), (2, 2, 52));
    suite::execute(&database, "DELETE FROM t WHERE id < 10");
    assert_eq!((looked_at("part < 5"), looked_at(clock)), (0, 42));
    // Names may stand for other columns after a change of the catalog.
    suite::execute(&database, "CREATE TABLE other (id BIGINT PRIMARY KEY)");
    assert_eq!(looked_at("part < 5"), 42);
}
