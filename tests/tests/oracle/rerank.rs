//! RERANK: a classifier starts as the embedding, so that its scores follow from the vectors.

use argtop_tests::suite;

use super::stored::Format;
use super::{insert, labels, search};

/// The final score of a label from its stored row.
type Score = fn(&[f32], &[f32]) -> f64;

fn sigmoid(row: &[f32], query: &[f32]) -> f64 {
    1.0 / (1.0 + (-suite::dot(query, row)).exp())
}

fn check(options: &str, format: Format, score_by: &str, score: Score) {
    let mut random = fastrand::Rng::with_seed(11);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = suite::open(&folder.path().join("db"));
    suite::execute(&database, "CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(24))");
    let mut labels = labels(&mut random, 400, 24);
    let later = labels.split_off(300);
    insert(&database, &labels);
    suite::execute(&database, "CREATE INDEX f ON t USING flat (z)");
    suite::execute(&database, &format!("CREATE CLASSIFIER c ON t WITH ({options})"));
    insert(&database, &later);
    labels.extend(later);
    for _ in 0..10 {
        let query = suite::random_vector(&mut random, 24);
        let by_product = labels.iter().map(|(id, z)| (*id, suite::dot(&query, z)));
        let shortlist = suite::best(by_product.collect(), 120);
        let kept = labels.iter().filter(|(id, _)| shortlist.iter().any(|(kept, _)| kept == id));
        let scored = kept.map(|(id, z)| (*id, score(&format.stored(z), &query)));
        let expected = suite::best(scored.collect(), 30);
        let via = format!(" VIA SHORTLIST(f, limit => 120) THEN RERANK(c, limit => 30){score_by}");
        let found = search(&database, &query, &via, 30);
        let ids = |pairs: &[(i64, f64)]| pairs.iter().map(|(id, _)| *id).collect::<Vec<_>>();
        assert_eq!(ids(&found), ids(&expected), "{options}{score_by}");
        for ((_, found), (_, expected)) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= 1e-14, "{options}{score_by}: {found} {expected}");
        }
    }
}

#[test]
fn cosine() {
    check("link = 'cosine'", Format::F32, "", suite::cosine);
    check("link = 'cosine', dtype = 'f16'", Format::F16, "", suite::cosine);
    check("link = 'cosine', dtype = 'i8'", Format::I8, "", suite::cosine);
}

#[test]
fn logit_and_sigmoid() {
    let logit: Score = |row, query| suite::dot(query, row);
    check("link = 'sigmoid'", Format::F32, "", logit);
    check("link = 'sigmoid', bias = true", Format::F32, "", logit);
    check("link = 'sigmoid', bias = true, dtype = 'f16'", Format::F16, "", logit);
    check("link = 'sigmoid'", Format::F32, " SCORE BY sigmoid(rerank.score)", sigmoid);
}

/// Candidates of a classifier whose rows are packed: 8 bits leave few of them, and the answer is that of all.
fn check_packed(options: &str) {
    let mut random = fastrand::Rng::with_seed(12);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = suite::open(&folder.path().join("db"));
    suite::execute(&database, "CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(24))");
    let mut labels = labels(&mut random, 900, 24);
    // Each tenth label is its neighbour's twin, so that there are ties at the cut.
    for at in (10..labels.len()).step_by(10) {
        labels[at].1 = labels[at - 1].1.clone();
    }
    let later = labels.split_off(800);
    insert(&database, &labels);
    suite::execute(&database, &format!("CREATE CLASSIFIER c ON t WITH ({options})"));
    suite::execute(&database, "CREATE INDEX f ON t USING flat (c)");
    insert(&database, &later);
    suite::execute(&database, "DELETE FROM t WHERE id % 7 = 3");
    let explain = |via: &str| {
        let sql = format!("EXPLAIN ANALYZE SELECT id FROM t SEARCH (VECTOR => $1) VIA {via} LIMIT 5");
        let query = suite::random_vector(&mut fastrand::Rng::with_seed(1), 24);
        let rows = suite::rows_with(&database, &sql, vec![argtop::Value::Vector(query)]);
        format!("{rows:?}")
    };
    assert!(explain("EXACT").contains("labels scored"));
    let plan = explain("SHORTLIST(f, limit => 600) THEN RERANK(c, limit => 5)");
    assert!(plan.contains("after 8 bits"), "{plan}");
    let plan = explain("SHORTLIST(f, limit => 600) THEN RERANK(c)");
    assert!(!plan.contains("after 8 bits"), "{plan}");
    for limit in [1, 5, 40, 300, 600] {
        for filter in ["", " WHERE id % 3 = 0"] {
            let query = suite::random_vector(&mut random, 24);
            let via = |rerank: &str| format!(" VIA SHORTLIST(f, limit => 600) THEN {rerank}{filter}");
            let all = search(&database, &query, &via("RERANK(c)"), limit);
            let best = search(&database, &query, &via(&format!("RERANK(c, limit => {limit})")), limit);
            assert_eq!(best, all, "{options} {limit}{filter}");
        }
    }
}

#[test]
fn packed_rows_answer_as_all_rows() {
    check_packed("link = 'cosine'");
    check_packed("link = 'cosine', dtype = 'i8'");
    check_packed("link = 'sigmoid', dtype = 'f16'");
    check_packed("link = 'sigmoid', bias = true");
}
