//! Numbers out of range, and limits that overflow when they are added.

use argtop::Value;
use argtop_tests::suite;

use super::Place;

#[test]
fn limits_outside_their_range() {
    let place = Place::new();
    for clause in
        ["LIMIT -1", "LIMIT 18446744073709551616", "LIMIT 1.5", "LIMIT 'a'", "OFFSET -1", "LIMIT 1e30"]
    {
        place.refuses(&format!("SELECT id FROM t {clause}"), &["whole number from 0"]);
        place.refuses(&format!("SELECT id FROM t SEARCH [1, 0, 0] {clause}"), &["whole number from 0"]);
    }
    for limit in [-1, i64::MIN] {
        let sql = "SELECT id FROM t SEARCH [1, 0, 0] LIMIT $1";
        suite::refused_with(&place.database, sql, vec![Value::BigInt(limit)], &[&limit.to_string()]);
    }
}

/// Limits as large as they can be ask for all rows, not for memory.
#[test]
fn huge_limits_and_offsets() {
    let place = Place::new();
    let most = i64::MAX;
    let ids = |sql: &str| suite::rows(&place.database, sql).len();
    assert_eq!(ids(&format!("SELECT id FROM t LIMIT {most}")), 2);
    assert_eq!(ids(&format!("SELECT id FROM t LIMIT {most} OFFSET {most}")), 0);
    assert_eq!(ids(&format!("SELECT id FROM t ORDER BY n LIMIT {most} OFFSET 1")), 1);
    assert_eq!(ids(&format!("SELECT id FROM t ORDER BY n LIMIT 1 OFFSET {most}")), 0);
    suite::execute(&place.database, "CREATE INDEX f ON t USING flat (z)");
    suite::execute(&place.database, "CREATE INDEX a ON t USING faiss (z)");
    for via in ["", " VIA EXACT", " VIA SHORTLIST(f, limit => 1000)", " VIA SHORTLIST(a, limit => 1000)"] {
        for clause in
            [format!("LIMIT {most}"), format!("LIMIT {most} OFFSET 1"), format!("LIMIT 1 OFFSET {most}")]
        {
            // Either the window is refused with its bound, or it is answered; it never fails otherwise.
            let sql = format!("SELECT id FROM t SEARCH [1, 0, 0]{via} {clause}");
            match suite::try_rows(&place.database, &sql, Vec::new()) {
                Ok(rows) => assert!(rows.len() <= 2, "{sql}"),
                Err(error) => suite::says(&error.render(&sql), &["help: "]),
            }
        }
    }
    for option in
        ["limit => 0", "limit => -1", "limit => 9223372036854775808", "limit => 1.5", "limit => 'x'"]
    {
        place.refuses(&format!("SELECT id FROM t SEARCH [1, 0, 0] VIA SHORTLIST(f, {option})"), &["limit"]);
    }
    for effort in ["0", "-1", "18446744073709551616"] {
        let sql =
            format!("SELECT id FROM t SEARCH [1, 0, 0] VIA SHORTLIST(a, limit => 2, effort => {effort})");
        place.refuses(&sql, &["effort"]);
    }
}

#[test]
fn integers_out_of_range() {
    let place = Place::new();
    place.refuses("INSERT INTO t VALUES (3, 'x', 2147483648, [1, 0, 0])", &["2147483648", "2147483647"]);
    place.refuses("INSERT INTO t VALUES (9223372036854775808, 'x', 1, [1, 0, 0])", &["9223372036854775807"]);
    place.refuses("INSERT INTO t VALUES (1e300, 'x', 1, [1, 0, 0])", &["whole number"]);
    place.refuses("UPDATE t SET n = n + 2147483647", &["2147483647"]);
    place.refuses("SELECT 9223372036854775807 + 1", &["out of range"]);
    place.refuses("SELECT -9223372036854775807 - 2", &["out of range"]);
    place.refuses("SELECT 9223372036854775807 * 2", &["out of range"]);
    place.refuses("SELECT id / 0 FROM t", &["division by zero", "nullif"]);
    place.refuses("SELECT id % 0 FROM t", &["division by zero"]);
    place.refuses("SELECT sum(id + 9223372036854775800) FROM t", &["BIGINT cannot hold", "DOUBLE"]);
    let large = vec![Value::BigInt(i64::MAX)];
    suite::refused_with(
        &place.database,
        "INSERT INTO t VALUES (3, 'x', $1, [1, 0, 0])",
        large,
        &["2147483647"],
    );
    // The edges themselves are keys like others.
    for id in [i64::MIN, i64::MAX] {
        let values = vec![Value::BigInt(id)];
        suite::rows_with(&place.database, "INSERT INTO t VALUES ($1, 'x', 1, [0, 0, 1])", values);
    }
    let rows = suite::rows(&place.database, "SELECT id, score FROM t SEARCH [0, 0, 1] VIA EXACT LIMIT 2");
    assert_eq!(suite::scored(&rows), [(i64::MIN, 1.0), (i64::MAX, 1.0)]);
}

#[test]
fn settings_and_options_out_of_range() {
    let place = Place::new();
    place.refuses("SET search.beam = 0", &["search.beam", "from 1 to"]);
    place.refuses("SET search.beam = 'many'", &["search.beam", "many"]);
    place.refuses("SET tail_rows_max = -1", &["tail_rows_max"]);
    place.refuses("SET auto_pack = 7", &["auto_pack", "true or false"]);
    place.refuses("SET statement_timeout_ms = 99999999999999999999", &["statement_timeout_ms", "1e20"]);
    for options in [
        "factory = 'HNSW0'",
        "factory = 'HNSW1000000'",
        "factory = 'IVF0,Flat'",
        "factory = 'IVF99999999,Flat'",
    ] {
        place.refuses(
            &format!("CREATE INDEX i ON t USING faiss (z) WITH ({options})"),
            &["factory", "HNSW32"],
        );
    }
    for clusters in ["0", "-3", "4294967296", "'x'"] {
        let sql = format!("CREATE INDEX i ON t USING elias (z) WITH (clusters = {clusters})");
        place.refuses(&sql, &["clusters", "whole number"]);
    }
    for alpha in ["0", "-1", "'x'"] {
        place.refuses(
            &format!("CREATE INDEX i ON t USING elias (z) WITH (alpha = {alpha})"),
            &["alpha", "greater than 0"],
        );
    }
}
