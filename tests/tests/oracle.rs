//! What the database computes against plain implementations written from the definitions: inner products over
//! every storage format, RERANK, the forward pass of the cluster graph, and the metrics of EVALUATE.

mod evaluate;
mod flat;
mod graph;
mod rerank;
mod stored;

use argtop::{Database, Value};
use argtop_tests::suite;

/// Labels with ids in no order, some negative, and vectors of which some repeat and some differ in the last
/// bit.
fn labels(random: &mut fastrand::Rng, count: usize, dimension: usize) -> Vec<(i64, Vec<f32>)> {
    let mut ids: Vec<i64> = (0..count as i64).map(|number| number * 3 - count as i64).collect();
    random.shuffle(&mut ids);
    let mut labels: Vec<(i64, Vec<f32>)> = Vec::with_capacity(count);
    for id in ids {
        let mut vector = suite::random_vector(random, dimension);
        if !labels.is_empty() && random.u8(..4) > 1 {
            vector.clone_from(&labels[random.usize(..labels.len())].1);
            if random.bool() {
                let place = random.usize(..dimension);
                vector[place] =
                    if random.bool() { vector[place].next_up() } else { vector[place].next_down() };
            }
        }
        labels.push((id, vector));
    }
    labels
}

/// Inserts labels into the table `t (id, z)`.
fn insert(database: &Database, labels: &[(i64, Vec<f32>)]) {
    for block in labels.chunks(400) {
        let rows: Vec<String> =
            (0..block.len()).map(|at| format!("(${}, ${})", 2 * at + 1, 2 * at + 2)).collect();
        let sql = format!("INSERT INTO t (id, z) VALUES {}", rows.join(", "));
        let values = block.iter().flat_map(|(id, z)| [Value::BigInt(*id), Value::Vector(z.clone())]);
        suite::rows_with(database, &sql, values.collect());
    }
}

/// Ids and scores of a search by a vector; `via` begins with a blank or is empty.
fn search(database: &Database, query: &[f32], via: &str, limit: usize) -> Vec<(i64, f64)> {
    let sql = format!("SELECT id, score FROM t SEARCH (VECTOR => $1){via} LIMIT {limit}");
    suite::scored(&suite::rows_with(database, &sql, vec![Value::Vector(query.to_vec())]))
}

/// The definition of the inner product that all of this rests on is itself compared with a naive sum.
#[test]
fn the_defined_product_is_the_product() {
    let mut random = fastrand::Rng::with_seed(5);
    for dimension in 1..200 {
        let a = suite::random_vector(&mut random, dimension);
        let b = suite::random_vector(&mut random, dimension);
        let naive: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        assert!((suite::dot(&a, &b) - naive).abs() < 1e-12, "{dimension}");
    }
    assert_eq!(suite::dot(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 32.0);
}
