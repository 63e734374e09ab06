//! EVALUATE in blocks against single queries, with the metrics computed from their definitions.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use argtop::{Database, Value};
use argtop_tests::suite;

const WORDS: [&str; 12] =
    ["red", "shoe", "garden", "chair", "river", "piano", "fast", "car", "old", "apple", "wooden", "boat"];

fn phrase(random: &mut fastrand::Rng) -> String {
    let words: Vec<&str> = (0..random.usize(1..7)).map(|_| WORDS[random.usize(..WORDS.len())]).collect();
    words.join(" ")
}

/// Queries with their true labels: more than a block holds, texts that repeat, and of very different lengths.
fn points(random: &mut fastrand::Rng) -> Vec<(String, BTreeSet<i64>)> {
    let point = |_| {
        let mut text = phrase(random);
        if random.u8(..10) == 0 {
            text = [text.as_str(); 9].join(" ");
        }
        (text, (0..random.usize(1..5)).map(|_| random.i64(0..200)).collect())
    };
    (0..600).map(point).collect()
}

/// The mean of a figure over all points, in per cent.
fn mean(points: &[(Vec<i64>, &BTreeSet<i64>)], figure: impl Fn(&[i64], &BTreeSet<i64>) -> f64) -> f64 {
    let sum: f64 = points.iter().map(|(ranked, truth)| figure(ranked, truth)).sum();
    100.0 * sum / points.len() as f64
}

fn hits(ranked: &[i64], truth: &BTreeSet<i64>, k: usize) -> f64 {
    ranked.iter().take(k).filter(|id| truth.contains(id)).count() as f64
}

fn ndcg(ranked: &[i64], truth: &BTreeSet<i64>, k: usize) -> f64 {
    let gain = |at: usize| 1.0 / (at as f64 + 2.0).log2();
    let found =
        ranked.iter().take(k).enumerate().filter(|(_, id)| truth.contains(id)).map(|(at, _)| gain(at));
    found.sum::<f64>() / (0..k.min(truth.len())).map(gain).sum::<f64>()
}

fn reciprocal_rank(ranked: &[i64], truth: &BTreeSet<i64>, k: usize) -> f64 {
    let place = ranked.iter().take(k).position(|id| truth.contains(id));
    place.map_or(0.0, |place| 1.0 / (place as f64 + 1.0))
}

fn single(database: &Database, text: &str, via: &str) -> Vec<i64> {
    let sql = format!("SELECT id, score FROM t SEARCH $1 VIA {via} LIMIT 5");
    let rows = suite::rows_with(database, &sql, vec![Value::Text(text.to_string())]);
    suite::scored(&rows).into_iter().map(|(id, _)| id).collect()
}

#[test]
fn blocks_of_queries_answer_as_single_ones() {
    let mut random = fastrand::Rng::with_seed(23);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = suite::open(&folder.path().join("db"));
    suite::execute(&database, &suite::create_model());
    let column = "z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED";
    suite::execute(&database, &format!("CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, {column})"));
    let labels: Vec<String> = (0..200).map(|id| format!("({id}, '{}')", phrase(&mut random))).collect();
    suite::execute(&database, &format!("INSERT INTO t (id, title) VALUES {}", labels.join(", ")));
    suite::execute(&database, "CREATE INDEX e ON t USING elias (z) WITH (clusters = 8)");
    suite::execute(&database, "CREATE CLASSIFIER c ON t");
    let chain = "ENCODE(m) THEN PROBE(e, beam => 2) THEN SHORTLIST(limit => 40) THEN RERANK(c, limit => 20)";
    suite::execute(&database, &format!("CREATE PIPELINE p ON t AS {chain}"));
    let points = points(&mut random);
    let mut lines = String::new();
    for (text, truth) in &points {
        let labels: Vec<String> = truth.iter().map(ToString::to_string).collect();
        writeln!(lines, "{{\"text\": \"{text}\", \"labels\": [{}]}}", labels.join(", ")).expect("a line");
    }
    let file = folder.path().join("points.jsonl");
    fs::write(&file, lines).expect("a file");
    let sql = format!(
        "EVALUATE EXACT ON t, PIPELINE p FROM (SELECT text, labels FROM read_jsonl('{}')) \
         METRICS (P@1, P@5, R@5, NDCG@5, MRR@5, ANN_RECALL@5) AGAINST EXACT WITH (digits = 9)",
        file.display()
    );
    let rows = suite::rows(&database, &sql);
    assert_eq!(rows.len(), 2);
    for (row, via) in rows.iter().zip(["EXACT", "PIPELINE p"]) {
        let answers: Vec<(Vec<i64>, &BTreeSet<i64>)> =
            points.iter().map(|(text, truth)| (single(&database, text, via), truth)).collect();
        let exact: Vec<Vec<i64>> = points.iter().map(|(text, _)| single(&database, text, "EXACT")).collect();
        let shared = answers.iter().zip(&exact).map(|((found, _), exact)| {
            found.iter().filter(|id| exact.contains(id)).count() as f64 / exact.len() as f64
        });
        let expected = [
            mean(&answers, |ranked, truth| hits(ranked, truth, 1)),
            mean(&answers, |ranked, truth| hits(ranked, truth, 5) / 5.0),
            // The columns come in the field's order: NDCG before R.
            mean(&answers, |ranked, truth| ndcg(ranked, truth, 5)),
            mean(&answers, |ranked, truth| hits(ranked, truth, 5) / truth.len() as f64),
            mean(&answers, |ranked, truth| reciprocal_rank(ranked, truth, 5)),
            100.0 * shared.sum::<f64>() / points.len() as f64,
        ];
        assert_eq!(row[1], Value::BigInt(points.len() as i64), "{row:?}");
        for (found, expected) in row[2..].iter().zip(expected) {
            let Value::Double(found) = found else { panic!("{row:?}") };
            assert!((found - expected).abs() < 1e-8, "{via}: {found} {expected} {row:?}");
        }
    }
}

/// An answer is the same whatever was asked beside it and before it.
#[test]
fn a_text_is_encoded_the_same_alone_and_in_company() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let titles = ["red shoe", "the red shoe that stood by the river for a very long time", "car", "red shoe"];
    let column = "z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED";
    let make = |name: &str| {
        let database = suite::open(&folder.path().join(name));
        suite::execute(&database, &suite::create_model());
        suite::execute(&database, &format!("CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, {column})"));
        database
    };
    let (alone, together) = (make("alone"), make("together"));
    for (id, title) in titles.iter().enumerate() {
        suite::execute(&alone, &format!("INSERT INTO t (id, title) VALUES ({id}, '{title}')"));
    }
    let values: Vec<String> =
        titles.iter().enumerate().map(|(id, title)| format!("({id}, '{title}')")).collect();
    suite::execute(&together, &format!("INSERT INTO t (id, title) VALUES {}", values.join(", ")));
    let content = |database| suite::rows(database, "SELECT id, title, z FROM t ORDER BY id");
    assert_eq!(content(&alone), content(&together));
    assert_eq!(content(&alone)[0][2], content(&alone)[3][2]);
    let ask = "SELECT id, score FROM t SEARCH 'red shoe' VIA EXACT LIMIT 4";
    assert_eq!(suite::rows(&alone, ask), suite::rows(&together, ask));
}
