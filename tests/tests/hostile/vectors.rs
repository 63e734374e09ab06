//! Vectors: special floats, zero vectors and wrong dimensions, by every entrance.

use argtop::{Value, Via};
use argtop_tests::suite;

use super::Place;

const SPECIAL: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

#[test]
fn special_floats_in_literals() {
    let place = Place::new();
    place.refuses("INSERT INTO t VALUES (3, 'x', 3, [1e39, 0, 0])", &["1e39"]);
    place.refuses("INSERT INTO t VALUES (3, 'x', 3, [1e400, 0, 0])", &["1e400"]);
    for text in ["NaN", "inf", "-infinity", "1e39"] {
        place.refuses(&format!("INSERT INTO t VALUES (3, 'x', 3, '[{text}, 0, 0]')"), &[]);
        place.refuses(&format!("SELECT id FROM t SEARCH CAST('[{text}, 0, 0]' AS VECTOR(3))"), &[]);
    }
    place.refuses("UPDATE t SET z = [1, 1e39, 0]", &["1e39"]);
}

#[test]
fn special_floats_in_parameters() {
    let place = Place::new();
    for value in SPECIAL {
        let vector = Value::Vector(vec![0.5, value, 0.0]);
        for sql in [
            "INSERT INTO t VALUES (3, 'x', 3, $1)",
            "UPDATE t SET z = $1",
            "SELECT id FROM t SEARCH (VECTOR => $1)",
            "SELECT id FROM t SEARCH (VECTOR => $1) VIA EXACT WHERE id > 0 LIMIT 1",
        ] {
            suite::refused_with(&place.database, sql, vec![vector.clone()], &["finite"]);
        }
        let search = place.database.search("t").vector(vec![value, 0.0, 0.0]).via(Via::Exact);
        let error = search.run().err().expect("it is refused");
        suite::says(&error.render(""), &["finite"]);
    }
    place.is_unchanged();
}

#[test]
fn zero_vectors() {
    let place = Place::new();
    place.refuses("INSERT INTO t VALUES (3, 'x', 3, [0, 0, 0])", &["column `z`", "zero vector", "direction"]);
    place.refuses("UPDATE t SET z = [0, -0.0, 0] WHERE id = 1", &["zero vector"]);
    place.refuses("INSERT INTO t VALUES (3, 'x', 3, normalize([0, 0, 0]))", &["normalize"]);
    // A query of zeros has no direction either; what it gives is an error or an order by key, but never NaN.
    if let Ok(rows) = suite::try_rows(&place.database, "SELECT id, score FROM t SEARCH [0, 0, 0]", Vec::new())
    {
        assert_eq!(suite::scored(&rows), [(1, 0.0), (2, 0.0)]);
    }
}

#[test]
fn wrong_dimensions() {
    let place = Place::new();
    let fix = &["3"];
    place.refuses("INSERT INTO t VALUES (3, 'x', 3, [1, 2])", fix);
    place.refuses("INSERT INTO t VALUES (3, 'x', 3, [1, 2, 3, 4])", fix);
    place.refuses("INSERT INTO t VALUES (3, 'x', 3, [])", &[]);
    place.refuses("INSERT INTO t VALUES (3, 'x', 3, NULL)", &["vector"]);
    place.refuses("SELECT id FROM t SEARCH [1, 2]", fix);
    place.refuses("SELECT inner_product(z, [1, 2]) FROM t", &["2", "3"]);
    for sql in ["INSERT INTO t VALUES (3, 'x', 3, $1)", "SELECT id FROM t SEARCH (VECTOR => $1)"] {
        for vector in [vec![], vec![1.0], vec![1.0; 4], vec![1.0; 100_000]] {
            suite::refused_with(&place.database, sql, vec![Value::Vector(vector)], &[]);
        }
    }
    place.is_unchanged();
    for dimension in ["0", "-1", "1.5", "100000", "4294967296", "99999999999999999999"] {
        place.refuses(&format!("CREATE TABLE u (id BIGINT PRIMARY KEY, z VECTOR({dimension}))"), &[]);
    }
}

/// Numbers that a format cannot hold.
#[test]
fn numbers_beyond_the_format() {
    let place = Place::new();
    suite::execute(&place.database, "CREATE TABLE h (id BIGINT PRIMARY KEY, z VECTOR(2, F16))");
    place.refuses("INSERT INTO h VALUES (1, [70000, 1])", &["70000", "f16", "f32"]);
    suite::execute(&place.database, "INSERT INTO h VALUES (1, [65504, 1])");
    // The largest numbers of single precision: products of them stay finite in double precision.
    suite::execute(&place.database, "INSERT INTO t VALUES (3, 'big', 3, [3e38, 3e38, 3e38])");
    let rows = suite::rows(&place.database, "SELECT id, score FROM t SEARCH [3e38, 3e38, 3e38]");
    let scored = suite::scored(&rows);
    assert_eq!(scored[0].0, 3);
    assert!(scored.iter().all(|(_, score)| score.is_finite()), "{scored:?}");
    // faiss computes in single precision, where such products overflow.
    let sql = "CREATE INDEX i ON t USING faiss (z) WITH (factory = 'HNSW8')";
    suite::refused(&place.database, sql, &["norm", "normalise"]);
}
