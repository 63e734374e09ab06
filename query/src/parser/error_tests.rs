//! How what is not understood is explained.

use crate::limits::Limits;
use crate::parser::parse_statement;

/// Code, message and help, and the text under the caret.
#[track_caller]
fn fails(sql: &str, place: &str, expected: &str) {
    let error = match parse_statement(sql, &Limits::default()) {
        Ok(statement) => panic!("parsed: {statement:?}"),
        Err(error) => error,
    };
    let help = error.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
    assert_eq!(format!("{error}{help}"), expected, "{sql}");
    assert_eq!(error.span.map_or("", |span| span.of(sql)), place, "{sql}");
}

#[test]
fn misspelt_words_get_a_suggestion() {
    fails("SELEC 1", "SELEC", "Q0106: expected a statement, found `SELEC`; did you mean `SELECT`?");
    fails(
        "SELECT id FORM products",
        "products",
        "Q0106: expected the end of the statement, found `products`; did you mean `FROM` instead of `FORM`?",
    );
    fails(
        "SELECT id FROM t WHRE a = 1",
        "a",
        "Q0106: expected the end of the statement, found `a`; did you mean `WHERE` instead of `WHRE`?",
    );
    fails("SELECT a FROM t GROUP BUY a", "BUY", "Q0106: expected BY, found `BUY`; did you mean `BY`?");
    fails(
        "SELECT a FROM t SEARCH 'x' VIA PROB(i)",
        "PROB",
        "Q0106: expected a stage, found `PROB`; did you mean `PROBE`?",
    );
    fails(
        "CREATE TABEL t (id BIGINT)",
        "TABEL",
        "Q0106: expected a kind of object, found `TABEL`; did you mean `TABLE`?",
    );
    fails("CREATE TABLE t (id BIGNIT)", "BIGNIT", "Q0117: unknown type `BIGNIT`; did you mean `BIGINT`?");
    fails(
        "EVALUATE EXACT ON t FROM (SELECT 1) METRICS (NDGC@5)",
        "NDGC",
        "Q0116: unknown metric `NDGC`; did you mean `NDCG`?",
    );
    fails(
        "EVALUATE EXACT ON t FROM (SELECT 1) METRICS (P@0)",
        "0",
        "Q0116: cut 0 of the metric is not between 1 and 100000",
    );
    fails(
        "EVALUATE EXACT ON t FROM (SELECT 1) METRICS (p)",
        "p",
        "Q0116: metric `p` without its cut; write P@5",
    );
}

#[test]
fn what_is_missing_is_named() {
    fails("", "", "Q0110: there is no statement in the text");
    fails(";", "", "Q0110: there is no statement in the text");
    fails("SELECT", "", "Q0107: expected an expression, found the end of the statement");
    fails("SELECT (1", "", "Q0107: expected `)`, found the end of the statement");
    fails("SELECT 1,", "", "Q0107: expected an expression, found the end of the statement");
    fails("SELECT a FROM", "", "Q0107: expected the name of a table, found the end of the statement");
    fails("SELECT 1; SELECT 2", ";", "Q0111: a second statement follows where only one is expected");
    fails("SELECT 1 2", "2", "Q0106: expected the end of the statement, found `2`");
    fails("COPY t FROM file", "file", "Q0106: expected the path of a file in single quotes, found `file`");
    fails("ENCODE(m)", "ENCODE", "Q0106: expected a statement, found `ENCODE`");
    fails("VALUES (1, 2), (3)", "(3)", "Q0314: row of 1 values where the first has 2");
}

#[test]
fn wrong_literals_and_names_say_what_is_right() {
    fails(
        "SELECT limit FROM t",
        "limit",
        "Q0106: expected an expression, found `limit`; `limit` is a reserved word; as a name it is written \
         \"limit\"",
    );
    fails(
        "CREATE TABLE order (id BIGINT)",
        "order",
        "Q0114: expected a name for the new object, found `order`; `order` is a reserved word; \
         as a name it is written \"order\"",
    );
    fails(
        "SELECT TIMESTAMP 'noon'",
        "'noon'",
        "Q0113: `noon` is not a timestamp; write TIMESTAMP '2024-01-31 23:59:59'",
    );
    fails(
        "SELECT 1e999",
        "1e999",
        "Q0105: number beyond the range of DOUBLE; the largest DOUBLE is about 1.8e308",
    );
    fails("SELECT 'open", "'", "Q0102: string without its closing quote; close it with '");
    fails("SELECT 2 ^ 3", "^", "Q0101: unexpected character `^`; use power(x, y)");
    fails(
        "SELECT \u{2018}a\u{2019}",
        "\u{2018}",
        "Q0101: unexpected character `\u{2018}`; use straight quotes: 'text' or \"name\"",
    );
    fails("SELECT a LIKE b LIKE c", "LIKE", "Q0106: BETWEEN, IN and LIKE do not chain; use parentheses");
    fails("SELECT a, FROM t", "FROM", "Q0106: expected an expression, found `FROM`");
    fails(
        "SELECT a < b < c",
        "<",
        "Q0106: comparisons do not chain; write `a < b AND b < c`, or use parentheses",
    );
    fails(
        "SELECT 1 + NOT a",
        "NOT",
        "Q0106: expected an expression, found `NOT`; put NOT and its operand in parentheses",
    );
    fails("CREATE TABLE t (v VECTOR(0))", "0", "Q0117: dimension 0 is not between 1 and 65536");
    fails("INSERT INTO t (a, b, a) VALUES (1, 2, 3)", "a", "Q0115: column `a` is given twice");
    fails(
        "SELECT a FROM t SEARCH 'x' VIA PROBE(i, beam = 3)",
        "=",
        "Q0106: expected `=>`, found `=`; write name => value",
    );
    fails("QUANTIZE m AS n", "m", "Q0106: expected MODEL, found `m`");
    fails("QUANTIZE MODEL m TO n", "TO", "Q0106: expected AS, found `TO`");
    fails("QUANTIZE MODEL m AS table", "table", {
        "Q0114: expected a name for the new model, found `table`; `table` is a reserved word; as a name it \
         is written \"table\""
    });
    fails("QUANTIZ MODEL m AS n", "QUANTIZ", {
        "Q0106: expected a statement, found `QUANTIZ`; did you mean `QUANTIZE`?"
    });
    fails("EVALUATE EXACT ON t FROM (SELECT q FROM u) METRICS (encode_cosine@5)", "@", {
        "Q0116: metric `ENCODE_COSINE` has no cut; write ENCODE_COSINE alone"
    });
    fails("EXPLAIN EXPLAIN SELECT 1", "EXPLAIN", {
        "Q0106: EXPLAIN of an EXPLAIN; write EXPLAIN once; its options are (ANALYZE, VERBOSE, FORMAT JSON)"
    });
}

/// "X is not part of this version of the language", at the word that says X.
#[track_caller]
fn missing(sql: &str, place: &str, what: &str) {
    let error = parse_statement(sql, &Limits::default()).unwrap_err();
    assert_eq!(error.code.to_string(), "Q0112", "{sql}: {error}");
    assert_eq!(error.message, format!("{what} is not part of this version of the language"), "{sql}");
    assert!(error.help.is_some(), "{sql}");
    assert_eq!(error.span.map_or("", |span| span.of(sql)), place, "{sql}");
}

#[test]
fn what_this_version_does_not_have_is_said() {
    missing("SELECT * FROM a JOIN b ON a.x = b.x", "JOIN", "a join");
    missing("SELECT * FROM a, b", ",", "a join");
    missing("SELECT * FROM a LEFT JOIN b USING (x)", "LEFT", "a join");
    missing("WITH x AS (SELECT 1) SELECT * FROM x", "WITH", "a common table expression");
    missing("CREATE VIEW v AS SELECT 1", "VIEW", "a view");
    missing("SELECT rank() OVER (ORDER BY x) FROM t", "OVER", "a window function");
    missing("SELECT 1 UNION SELECT 2", "UNION", "UNION, INTERSECT or EXCEPT");
    missing("SELECT id FROM t SEARCH :q VIA ENCODE(m) THEN AMONG(1, 2)", "AMONG", "AMONG");
    missing("SELECT id FROM t SEARCH 'x' AFTER 'c1' LIMIT 10", "AFTER", "AFTER with a cursor");
    missing("SELECT id FROM t FOR SNAPSHOT 's'", "FOR", "FOR SNAPSHOT or FOR UPDATE");
    missing("SELECT id FROM t LIMIT 3 WITH (beam = 3)", "WITH", "WITH (...) behind a query");
    missing("BEGIN READ ONLY", "BEGIN", "a transaction of several statements");
    missing("COMMIT", "COMMIT", "a transaction of several statements");
    missing("BACKUP TO 'bak/' INCREMENTAL", "BACKUP", "BACKUP");
    missing("CREATE INDEX CONCURRENTLY i ON t USING flat (z)", "CONCURRENTLY", "CONCURRENTLY");
    missing("REINDEX CONCURRENTLY i", "CONCURRENTLY", "CONCURRENTLY");
    missing("COPY INDEX i FROM 'A.npz'", "INDEX", "COPY INDEX");
    missing("CHECK DATABASE REPAIR", "REPAIR", "REPAIR");
    missing("SET LOCAL search.beam = 64", "LOCAL", "SET LOCAL or SET SESSION");
    missing("ALTER TABLE t ADD COLUMN x TEXT", "ADD", "a change of columns");
    missing("SELECT (SELECT 1)", "(", "a subquery as a value");
    missing("SELECT * FROM t WHERE EXISTS (SELECT 1)", "EXISTS", "EXISTS");
    missing("SELECT * FROM t WHERE a = ANY(b)", "ANY", "ANY, SOME or ALL");
    missing("SELECT DISTINCT ON (a) b FROM t", "ON", "DISTINCT ON");
    missing("SELECT a -> 'b'", "->", "`->`");
    missing("CREATE TABLE t (a BIGINT REFERENCES u)", "REFERENCES", "a foreign key");
    missing("INSERT INTO t DEFAULT VALUES", "DEFAULT", "DEFAULT VALUES");
    missing("SELECT * FROM s.t", ".", "a schema name");
}
