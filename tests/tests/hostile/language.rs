//! Texts of statements: deep, long, with names that do not exist. All run on a small stack, as a thread of a
//! server would: a recursion that is not bounded ends the test process.

use std::thread;

use argtop::{Database, Value};
use argtop_tests::suite;

use super::Place;

const STACK_BYTES: usize = 512 * 1024;

/// Runs a statement on a small stack; the error as the shell shows it, or the number of rows.
fn on_a_small_stack(database: &Database, sql: String) -> Result<usize, String> {
    let database = database.clone();
    let run = move || {
        let rows = suite::try_rows(&database, &sql, Vec::new());
        rows.map(|rows| rows.len()).map_err(|error| error.render(&sql))
    };
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(run).expect("a thread");
    thread.join().expect("it does not panic")
}

fn nested(open: &str, core: &str, close: &str, depth: usize) -> String {
    format!("{}{core}{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn a_hundred_thousand_parentheses() {
    let place = Place::new();
    let refused = |sql: String| {
        let message = on_a_small_stack(&place.database, sql).expect_err("it is too deep");
        suite::says(&message, &["Q0503", "help: "]);
        assert!(message.len() < 1_000, "the message repeats the text");
    };
    let deep = nested("(", "1", ")", 100_000);
    refused(format!("SELECT {deep}"));
    refused(format!("SELECT id FROM t WHERE {deep} = 1"));
    refused(format!("SELECT id FROM t SEARCH [1, 0, 0] WHERE {deep} = 1"));
    refused(format!("UPDATE t SET n = {deep}"));
    refused(format!("INSERT INTO t VALUES ({deep}, 'x', 1, [1, 0, 0])"));
    refused(format!("SELECT {}", nested("NOT ", "true", "", 100_000)));
    refused(format!("SELECT {}", nested("[", "1", "]", 100_000)));
    refused(nested("SELECT * FROM (", "SELECT 1", ")", 100_000));
    refused(format!("SELECT 1{}", " + 1".repeat(100_000)));
    place.is_unchanged();
}

/// The deepest statements that are accepted run to their end on the small stack.
#[test]
fn the_deepest_accepted_statements_run() {
    let place = Place::new();
    let forms: [fn(usize) -> String; 6] = [
        |depth| format!("SELECT {}", nested("(", "1", ")", depth)),
        |depth| format!("SELECT {}", nested("abs(", "1", ")", depth)),
        |depth| format!("SELECT {} FROM t", nested("CASE WHEN n > 0 THEN ", "n", " ELSE 0 END", depth)),
        |depth| nested("SELECT * FROM (", "SELECT id FROM t", ")", depth),
        |depth| format!("SELECT id FROM t WHERE {}", nested("NOT (", "n = 1", ")", depth)),
        |depth| format!("SELECT n{} FROM t", " + 1".repeat(depth)),
    ];
    for form in forms {
        let mut deepest = 0;
        for depth in 1..160 {
            match on_a_small_stack(&place.database, form(depth)) {
                Ok(_) => deepest = depth,
                Err(message) => {
                    suite::says(&message, &["Q0503"]);
                    break;
                }
            }
        }
        assert!(deepest >= 20, "{}: {deepest}", form(2));
    }
}

#[test]
fn long_lists_run() {
    let place = Place::new();
    let list: Vec<String> = (0..50_000).map(|number| number.to_string()).collect();
    let sql = format!("SELECT id FROM t WHERE id IN ({})", list.join(", "));
    assert_eq!(on_a_small_stack(&place.database, sql), Ok(2));
    let any: Vec<String> = (0..10_000).map(|number| format!("n = {number}")).collect();
    let sql = format!("SELECT id FROM t SEARCH [1, 0, 0] WHERE {}", any.join(" OR "));
    assert_eq!(on_a_small_stack(&place.database, sql), Ok(2));
    let sql = format!("SELECT '{}'", "x".repeat(5_000_000));
    suite::says(&on_a_small_stack(&place.database, sql).expect_err("too long"), &["Q0501"]);
    let sql = format!("SELECT {}", "x".repeat(1_000_000));
    suite::says(&on_a_small_stack(&place.database, sql).expect_err("too long"), &["Q0506"]);
}

/// Functions that multiply their arguments have bounds.
#[test]
fn texts_do_not_grow_without_end() {
    let place = Place::new();
    let mut expression = "title".to_string();
    for _ in 0..12 {
        expression = format!("replace({expression}, 'o', 'oooooooooo')");
    }
    place.refuses(&format!("SELECT {expression} FROM t"), &["bytes"]);
}

#[test]
fn unknown_names_get_a_suggestion() {
    let place = Place::new();
    suite::execute(&place.database, "CREATE INDEX fast ON t USING flat (z)");
    suite::execute(&place.database, "CREATE CLASSIFIER scorer ON t");
    let search = "SELECT id FROM t SEARCH [1, 0, 0]";
    for (sql, meant) in [
        ("SELECT titel FROM t".to_string(), "title"),
        ("SELECT id FROM tt".to_string(), "t"),
        ("SELECT normalise(z) FROM t".to_string(), "normalize"),
        ("UPDATE t SET titl = 'x'".to_string(), "title"),
        ("INSERT INTO t (id, tilte) VALUES (3, 'x')".to_string(), "title"),
        (format!("{search} VIA SHORTLIST(fsat, limit => 1)"), "fast"),
        (format!("{search} VIA SHORTLIST(fast, limit => 1) THEN RERANK(scoer)"), "scorer"),
        (format!("{search} VIA SHORTLIST(fast, limt => 1)"), "limit"),
        ("SET serach.beam = 3".to_string(), "search.beam"),
        ("DROP INDEX fasst".to_string(), "fast"),
        ("CREATE INDEX i ON t USING faiss (z) WITH (factroy = 'HNSW8')".to_string(), "factory"),
        ("CREATE INDEX i ON t USING elias (z) WITH (cluster = 8)".to_string(), "clusters"),
        ("CREATE CLASSIFIER c ON t WITH (lnik = 'cosine')".to_string(), "link"),
    ] {
        place.refuses(&sql, &["did you mean", meant]);
    }
    place.refuses("SELECT id FROM zzzzzzzz", &["unknown table `zzzzzzzz`"]);
    let error = place.database.search("t").columns(["titel"]).vector(vec![1.0, 0.0, 0.0]).run();
    suite::says(&error.err().expect("it is refused").render(""), &["title"]);
}

#[test]
fn the_search_builder_does_not_let_sql_in() {
    let place = Place::new();
    for name in ["t; DROP TABLE t", "t\" SEARCH 'x'", "t\0", "", "t -- "] {
        let result = place.database.search(name).vector(vec![1.0, 0.0, 0.0]).run();
        assert!(result.is_err(), "{name:?}");
    }
    let filters = ["n = 1) OR (n = 2", "n = 1 --", "n = 1; DELETE FROM t", "n = 1 LIMIT 1", "'"];
    for filter in filters {
        let result = place.database.search("t").vector(vec![1.0, 0.0, 0.0]).filter(filter).run();
        let count = result.map_or(0, Iterator::count);
        // `n = 1 --` is a predicate with a comment behind it.
        assert!(count <= 1, "{filter}: {count}");
    }
    place.is_unchanged();
}

#[test]
fn parameters_are_checked() {
    let place = Place::new();
    let statement =
        place.database.prepare("SELECT id FROM t WHERE id = $1 AND title = $2").expect("it parses");
    let count = |values: Vec<Value>| statement.clone().bind(values).and_then(|statement| statement.execute());
    assert_eq!(count(vec![Value::BigInt(1), Value::Text("one".into())]).expect("it runs"), 1);
    let error = count(vec![Value::BigInt(1)]).expect_err("one is missing");
    suite::says(&error.render(""), &["1 values for 2 parameters", "bind one value"]);
    let error = statement.execute().expect_err("none is bound");
    suite::says(&error.render(""), &["parameter", "not bound", "bind()"]);
    let error = statement.bind_named(vec![("x".into(), Value::Null)]).err().expect("no such name");
    suite::says(&error.render(""), &[":x", "parameters()"]);
}

#[test]
fn texts_empty_and_huge() {
    let place = Place::new();
    let text = |bytes: usize| vec![Value::Text("x".repeat(bytes))];
    let sql = "INSERT INTO t VALUES (3, $1, 1, [0, 0, 1])";
    suite::refused_with(&place.database, sql, text((1 << 20) + 1), &["column `title`", "1048577", "1048576"]);
    place.is_unchanged();
    suite::rows_with(&place.database, sql, text(1 << 20));
    suite::execute(&place.database, "INSERT INTO t VALUES (4, '', 1, [0, 0, 1])");
    let rows = suite::rows(&place.database, "SELECT length(title) FROM t WHERE id > 2 ORDER BY id");
    assert_eq!(rows, [[Value::BigInt(1 << 20)], [Value::BigInt(0)]]);
    suite::execute(&place.database, "CREATE TABLE k (name TEXT PRIMARY KEY)");
    let key = "INSERT INTO k VALUES ($1)";
    suite::refused_with(&place.database, key, text(1025), &["1025 bytes", "1024"]);
    suite::rows_with(&place.database, key, text(1024));
    suite::rows_with(&place.database, key, text(0));
    suite::rows_with(&place.database, key, vec![Value::Text("a\0b".into())]);
    assert_eq!(suite::rows(&place.database, "SELECT name FROM k").len(), 3);
}
