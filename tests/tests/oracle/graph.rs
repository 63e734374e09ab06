//! The forward pass of ELIAS (Gupta et al., NeurIPS 2022), recomputed from the arrays in the store.
//!
//! `s_c = clamp(alpha * softmax_c(W phi + b), 0, 1)` for every cluster, the best `beam` of them, `s_l = max
//! s_c * a_cl` over their edges, the best labels.

use std::collections::BTreeMap;
use std::path::Path;

use argtop_storage::{Family, Key, OpenOptions, Store};
use argtop_tests::suite;

use super::{insert, labels, search};

const DIMENSION: usize = 12;

/// The arrays of a graph, with labels by their ids.
struct Graph {
    alpha: f64,
    /// Weights and bias of each cluster.
    clusters: Vec<(Vec<f32>, f32)>,
    /// Edges of each cluster.
    edges: Vec<Vec<(i64, f32)>>,
}

fn word(bytes: &[u8], at: usize) -> [u8; 4] {
    bytes[4 * at..4 * at + 4].try_into().expect("four bytes")
}

/// A sparse row: the count, the indexes, the values, all little-endian.
fn sparse(bytes: &[u8]) -> Vec<(u32, f32)> {
    let count = u32::from_le_bytes(word(bytes, 0)) as usize;
    assert_eq!(bytes.len(), 4 + 8 * count);
    let entry =
        |at| (u32::from_le_bytes(word(bytes, 1 + at)), f32::from_le_bytes(word(bytes, 1 + count + at)));
    (0..count).map(entry).collect()
}

/// Reads the graph `e` of table `t`, live labels only.
fn read(path: &Path) -> Graph {
    let options = OpenOptions { read_only: true, ..OpenOptions::default() };
    let store = Store::open(path, &options).expect("the store opens");
    let snapshot = store.snapshot();
    let catalog = snapshot.catalog();
    let index = catalog.index("e").expect("the index");
    let table = catalog.table("t").expect("the table");
    let mut ids: BTreeMap<u32, i64> = BTreeMap::new();
    for entry in snapshot.keys(table.id).expect("keys") {
        let (Key::BigInt(id), slot) = entry.expect("a key") else { panic!("a key that is a text") };
        ids.insert(slot, id);
    }
    let data = index.data.expect("data of the graph");
    let rows = |family| {
        let rows = snapshot.scan_rows(family, data, 0..u32::MAX).expect("rows");
        rows.map(|row| row.expect("a row")).collect::<Vec<(u32, Box<[u8]>)>>()
    };
    let cluster = |row: &[u8]| {
        assert_eq!(row.len(), 4 * (DIMENSION + 1));
        let number = |at| f32::from_le_bytes(word(row, at));
        ((0..DIMENSION).map(number).collect(), number(DIMENSION))
    };
    let clusters = rows(Family::ClusterWeights).iter().map(|(_, row)| cluster(row)).collect();
    let mut edges: Vec<Vec<(i64, f32)>> = Vec::new();
    for (_, row) in rows(Family::ClusterEdges) {
        edges.push(sparse(&row).iter().filter_map(|(slot, a)| Some((*ids.get(slot)?, *a))).collect());
    }
    for (slot, row) in rows(Family::LabelEdges) {
        for (cluster, a) in sparse(&row) {
            edges[cluster as usize].extend(ids.get(&slot).map(|id| (*id, a)));
        }
    }
    let alpha = index.statistics["alpha"].parse().expect("a number");
    Graph { alpha, clusters, edges }
}

impl Graph {
    /// `s_c` of the best `beam` clusters.
    fn probe(&self, query: &[f32], beam: usize) -> Vec<(i64, f64)> {
        let logits: Vec<f64> = self
            .clusters
            .iter()
            .map(|(weights, bias)| suite::dot(weights, query) + f64::from(*bias))
            .collect();
        let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logits.iter().map(|logit| (logit - most).exp()).sum();
        let score = |logit: &f64| (self.alpha * (logit - most).exp() / sum).clamp(0.0, 1.0);
        suite::best((0..).zip(logits.iter().map(score)).collect(), beam)
    }

    /// `s_l` of the best `limit` labels.
    fn paths(&self, query: &[f32], beam: usize, limit: usize) -> Vec<(i64, f64)> {
        let mut reached: BTreeMap<i64, f64> = BTreeMap::new();
        for (cluster, s) in self.probe(query, beam) {
            for (id, a) in &self.edges[cluster as usize] {
                let path = s * f64::from(*a);
                let best = reached.entry(*id).or_insert(path);
                *best = best.max(path);
            }
        }
        suite::best(reached.into_iter().collect(), limit)
    }
}

#[test]
fn the_forward_pass_follows_from_the_stored_arrays() {
    let mut random = fastrand::Rng::with_seed(17);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("db");
    let database = suite::open(&path);
    suite::execute(&database, &format!("CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR({DIMENSION}))"));
    let mut all = labels(&mut random, 900, DIMENSION);
    for label in &mut all {
        let norm = suite::dot(&label.1, &label.1).sqrt() as f32;
        label.1.iter_mut().for_each(|value| *value /= norm);
    }
    insert(&database, &all[..700]);
    suite::execute(&database, "CREATE INDEX e ON t USING elias (z) WITH (clusters = 24, scale = 4)");
    insert(&database, &all[700..]);
    suite::execute(&database, "DELETE FROM t WHERE id % 5 = 0");
    database.close().expect("it closes");
    let graph = read(&path);
    assert_eq!((graph.clusters.len(), graph.edges.len()), (24, 24));
    let live = all.iter().filter(|(id, _)| id % 5 != 0).count();
    let database = suite::open(&path);
    for (number, (_, label)) in all.iter().enumerate().take(30) {
        // Now and then the arrays come from the store instead of the generation.
        suite::execute(&database, &format!("SET search.use_generations = {}", number % 2 == 0));
        let query =
            if number % 3 == 0 { label.clone() } else { suite::random_vector(&mut random, DIMENSION) };
        for (beam, limit) in [(1, 5), (3, 20), (8, 100), (24, 1000)] {
            let expected = graph.paths(&query, beam, limit);
            assert!(beam < 24 || expected.len() == live, "every live label has an edge");
            // The beam is widened only for labels that are owed.
            let owed = limit.min(expected.len());
            let via = format!(" VIA PROBE(e, beam => {beam}) THEN SHORTLIST(limit => {limit})");
            let found = search(&database, &query, &via, owed);
            compare(&found, &expected[..owed]);
        }
    }
}

/// Equal up to the rounding of the softmax: scores nearly equal, and the order that of the scores that were
/// found.
fn compare(found: &[(i64, f64)], expected: &[(i64, f64)]) {
    assert_eq!(found.len(), expected.len());
    assert_eq!(found, suite::best(found.to_vec(), found.len()), "order");
    for ((_, found), (_, expected)) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-12, "{found} {expected}");
    }
    let cut = expected.last().map_or(0.0, |(_, score)| *score);
    let above = |pairs: &[(i64, f64)]| {
        let mut ids: Vec<i64> = pairs.iter().filter(|(_, s)| *s > cut + 1e-12).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(above(found), above(expected), "the labels above the cut");
}
