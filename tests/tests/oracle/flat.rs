//! Exact search against brute force: ids, order and scores are equal, in every format, before and after
//! packing, alone and beside labels that were deleted.

use argtop::Value;
use argtop_tests::suite;

use super::stored::Format;
use super::{insert, labels, search};

/// The paths that all give the exact answer.
const PATHS: [&str; 3] = ["", " VIA EXACT", " VIA SHORTLIST(f, limit => 100000)"];

fn check(format: Format, dimension: usize, count: usize) {
    let mut random = fastrand::Rng::with_seed(dimension as u64);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = suite::open(&folder.path().join("db"));
    suite::execute(
        &database,
        &format!("CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR({dimension}, {format}))"),
    );
    let mut labels = labels(&mut random, count, dimension);
    let tail = labels.split_off(count * 2 / 3);
    insert(&database, &labels);
    // Building packs what is there; what comes later stays in the tail.
    suite::execute(&database, "CREATE INDEX f ON t USING flat (z)");
    insert(&database, &tail);
    labels.extend(tail);
    suite::execute(&database, "DELETE FROM t WHERE id % 7 = 0");
    labels.retain(|(id, _)| id % 7 != 0);
    for label in &mut labels {
        label.1 = format.stored(&label.1);
    }
    for number in 0..12 {
        let query = match number % 3 {
            0 => labels[random.usize(..labels.len())].1.clone(),
            _ => suite::random_vector(&mut random, dimension),
        };
        let scores = labels.iter().map(|(id, z)| (*id, suite::dot(&query, z)));
        let expected = suite::best(scores.collect(), usize::MAX);
        for limit in [1, 10, 100, labels.len() + 5] {
            let expected = &expected[..limit.min(expected.len())];
            for path in PATHS {
                let found = search(&database, &query, path, limit);
                assert_eq!(found, expected, "{format}, {dimension} elements, `{path}`, limit {limit}");
            }
        }
    }
    let rows = suite::rows(&database, "SELECT id, z FROM t ORDER BY id");
    labels.sort_by_key(|label| label.0);
    let expected = labels.into_iter().map(|(id, z)| vec![Value::BigInt(id), Value::Vector(z)]);
    assert_eq!(rows, expected.collect::<Vec<_>>(), "{format}: the stored rows");
}

#[test]
fn single_precision() {
    for dimension in [1, 3, 8, 15, 16, 17, 64, 100, 384] {
        check(Format::F32, dimension, 600);
    }
}

#[test]
fn half_precision() {
    for dimension in [2, 16, 33, 128] {
        check(Format::F16, dimension, 500);
    }
}

#[test]
fn one_byte() {
    for dimension in [2, 16, 33, 128] {
        check(Format::I8, dimension, 500);
    }
}

/// Equal scores at the cut go to the smaller keys, wherever the labels lie.
#[test]
fn ties_at_the_cut_go_to_the_smaller_key() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = suite::open(&folder.path().join("db"));
    suite::execute(&database, "CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2))");
    let mut ids: Vec<i64> = (-200..200).collect();
    fastrand::Rng::with_seed(3).shuffle(&mut ids);
    let all: Vec<(i64, Vec<f32>)> = ids.iter().map(|id| (*id, vec![1.0, id.rem_euclid(2) as f32])).collect();
    insert(&database, &all[..250]);
    suite::execute(&database, "CREATE INDEX f ON t USING flat (z)");
    insert(&database, &all[250..]);
    for path in PATHS {
        for limit in [1, 5, 199, 200, 201, 399, 400] {
            let found = search(&database, &[1.0, 0.0], path, limit);
            let expected: Vec<(i64, f64)> = (-200..).take(limit).map(|id| (id, 1.0)).collect();
            assert_eq!(found, expected, "{path} {limit}");
            let found = search(&database, &[0.0, 1.0], path, limit);
            let ordered = (-199..200).step_by(2).map(|id| (id, 1.0));
            let ordered = ordered.chain((-200..200).step_by(2).map(|id| (id, 0.0)));
            assert_eq!(found, ordered.take(limit).collect::<Vec<_>>(), "{path} {limit}");
        }
    }
}
