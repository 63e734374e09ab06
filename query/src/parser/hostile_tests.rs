//! Texts made to break the parser: deep, long, and cut off. All run on a small stack, as a thread of a
//! server would; a recursion that is not bounded ends the test process.

use std::fmt::Write;
use std::thread;

use crate::limits::Limits;
use crate::parser::{
    is_complete, parse_chain, parse_expression, parse_statement, split_statements, statement_spans,
};

const STACK_BYTES: usize = 512 * 1024;

/// Parses, prints, clones and drops on the small stack; gives the error's code, or "parsed".
#[track_caller]
fn outcome(sql: String) -> String {
    let run = move || match parse_statement(&sql, &Limits::default()) {
        Ok(statement) => {
            let copy = statement.clone();
            assert_eq!(copy, statement);
            let printed = copy.to_string();
            assert!(!format!("{copy:?}").is_empty());
            drop(copy);
            let again = parse_statement(&printed, &Limits::default()).unwrap();
            assert_eq!(again.kind, statement.kind);
            "parsed".to_owned()
        }
        Err(error) => {
            assert!(error.render(&sql).len() < 1000);
            error.code.to_string()
        }
    };
    thread::Builder::new().stack_size(STACK_BYTES).spawn(run).unwrap().join().unwrap()
}

fn nested(open: &str, core: &str, close: &str, depth: usize) -> String {
    format!("SELECT {}{core}{}", open.repeat(depth), close.repeat(depth))
}

/// One way to nest: what opens a level, the innermost text, what closes a level.
const NESTINGS: [(&str, &str, &str); 24] = [
    ("(", "1", ")"),
    ("NOT ", "a", ""),
    ("- ", "a", ""),
    ("+ - ", "a", ""),
    ("NOT (", "a", ")"),
    ("-(", "a", ")"),
    ("[", "1", "]"),
    ("f(", "1", ")"),
    ("CAST(", "1", " AS TEXT)"),
    ("CASE WHEN ", "a", " THEN 1 END"),
    ("CASE ", "a", " WHEN 1 THEN 2 END"),
    ("1 IN (", "1", ")"),
    ("a IN (SELECT ", "1", ")"),
    ("1 OR 1 AND 1 = 1 || 1 + 1 * (", "1", ")"),
    ("a BETWEEN b AND (", "1", ")"),
    ("1 OR 1 AND 1 = f(", "1", ")"),
    ("NOT a BETWEEN b AND -f(", "1", ")"),
    ("1 IN (NOT a BETWEEN -f(", "1", ") AND 1)"),
    ("NOT a IN (SELECT -CASE WHEN NOT - - b THEN ", "1", " END)"),
    ("1 OR 1 AND a BETWEEN b AND f(", "1", ")"),
    ("1 OR 1 AND a IN (SELECT f(", "1", "))"),
    ("NOT a IS NULL OR NOT a AND NOT b = c || d + e * -(", "1", ")::TEXT"),
    ("a IN (SELECT x FROM t SEARCH 'x' VIA FUSE MAX (ENCODE(m) WEIGHT ", "1", "))"),
    ("1 IN (SELECT x FROM t SEARCH 'x' VIA FUSE RRF (k => ", "1", ") (PROBE(i)))"),
];

#[test]
fn deep_nesting_is_refused_and_shallow_nesting_is_not() {
    assert_eq!(outcome(nested("(", "1", ")", 100_000)), "Q0503");
    for (open, core, close) in NESTINGS {
        assert_eq!(outcome(nested(open, core, close, 40_000)), "Q0503", "{open}");
        assert_eq!(outcome(nested(open, core, close, 10)), "parsed", "{open}");
    }
}

/// The deepest statement of every kind that is accepted must be safe to print, clone and drop, too.
#[test]
fn the_deepest_accepted_nesting_is_safe() {
    for (open, core, close) in NESTINGS {
        let deepest = (1..200).rev().find(|depth| outcome(nested(open, core, close, *depth)) == "parsed");
        assert!(deepest.is_some_and(|depth| depth >= 10), "{open}: {deepest:?}");
    }
    let from = |depth| format!("{}SELECT 1{}", "SELECT * FROM (".repeat(depth), ")".repeat(depth));
    assert_eq!(outcome(from(100_000)), "Q0503");
    let deepest = (1..200).rev().find(|depth| outcome(from(*depth)) == "parsed");
    assert!(deepest.is_some_and(|depth| depth >= 60), "{deepest:?}");
}

/// Nesting and chains together: the left end of each chain holds the next level.
#[test]
fn chains_inside_nesting_cannot_add_up() {
    let chain = " + 1".repeat(100);
    assert_eq!(outcome(nested("(", "1", &format!(")({chain}"), 3)), "Q0106");
    assert_eq!(outcome(nested("(", "1", &format!("{chain})"), 60)), "Q0503");
    assert_eq!(outcome(nested("(", "1", &format!("{})", " IS NULL".repeat(100)), 60)), "Q0503");
    assert_eq!(outcome(nested("(", "1", &format!("{})", "::TEXT".repeat(100)), 60)), "Q0503");
    let query = format!("a{chain} IN (SELECT ");
    assert_eq!(outcome(nested(&query, "1", ")", 50)), "Q0503");
    let tail = format!(" AS x FROM t LIMIT 1{chain})");
    assert_eq!(outcome(nested("a IN (SELECT ", "1", &tail, 50)), "Q0503");
    assert_eq!(outcome(nested("a IN (SELECT ", "1", &tail, 10)), "parsed");
}

#[test]
fn long_chains_are_flat_or_refused() {
    for (operator, length, expected) in [
        (" OR a", 100_000, "parsed"),
        (" AND a", 100_000, "parsed"),
        (" OR a", 1_000_000, "Q0501"),
        (" OR a", 300_000, "Q0504"),
        (" + 1", 100_000, "Q0503"),
        (" || 1", 100_000, "Q0503"),
        (" IS NULL", 100_000, "Q0503"),
        ("::TEXT", 100_000, "Q0503"),
        (" <-> v", 100_000, "Q0503"),
        (" = 1", 100_000, "Q0106"),
        (" BETWEEN 1 AND 2", 100_000, "Q0106"),
        (" LIKE 'x'", 100_000, "Q0106"),
        (", 1", 100_000, "Q0504"),
    ] {
        assert_eq!(outcome(format!("SELECT a {}", operator.repeat(length))), expected, "{operator}");
    }
    let mixed = " OR a AND b".repeat(100_000);
    assert_eq!(outcome(format!("SELECT a{mixed}")), "parsed");
}

#[test]
fn long_lists_and_texts_end() {
    let list = |n: usize| {
        let mut text = String::from("1");
        for i in 0..n {
            write!(text, ", {i}").unwrap();
        }
        text
    };
    assert_eq!(outcome(format!("SELECT a IN ({})", list(100_000))), "parsed");
    assert_eq!(outcome(format!("SELECT a IN ({})", list(300_000))), "Q0504");
    assert_eq!(outcome(format!("SELECT [{}]", list(100_000))), "parsed");
    assert_eq!(outcome(format!("SELECT f({})", list(100_000))), "parsed");
    assert_eq!(outcome(format!("SELECT '{}'", "x".repeat(1_000_000))), "parsed");
    assert_eq!(outcome(format!("SELECT '{}'", "''".repeat(1_000_000))), "parsed");
    assert_eq!(outcome(format!("SELECT '{}'", "x".repeat(5_000_000))), "Q0501");
    assert_eq!(outcome(format!("SELECT \"{}\"", "x".repeat(1_000_000))), "Q0506");
    assert_eq!(outcome(format!("SELECT {}", "x".repeat(1_000_000))), "Q0506");
    assert_eq!(outcome(format!("SELECT {}", "9".repeat(1_000_000))), "Q0105");
    assert_eq!(outcome(format!("SELECT 0.{}", "9".repeat(1_000_000))), "parsed");
    assert_eq!(outcome(format!("SELECT {}1", "/*".repeat(1_000_000))), "Q0104");
    assert_eq!(outcome(format!("SELECT 1{}", ";".repeat(1_000_000))), "parsed");
    assert_eq!(outcome(format!("SELECT 1{}", " ;".repeat(2_000_000))), "Q0502");
    assert_eq!(outcome(format!("SELECT a IN ({}?)", "?,".repeat(5_000))), "Q0507");
    assert_eq!(outcome(format!("SET {}x = 1", "a.".repeat(100_000))), "Q0506");
    assert_eq!(
        outcome(format!("SELECT a FROM t SEARCH 'x' VIA {}ENCODE(m)", "ENCODE(m) THEN ".repeat(32))),
        "Q0505"
    );
    let fused = |depth: usize, core: &str| {
        let (open, close) = ("FUSE MAX (".repeat(depth), ")".repeat(depth));
        outcome(format!("SELECT a FROM t SEARCH 'x' VIA {open}{core}{close}"))
    };
    assert_eq!(fused(100_000, "ENCODE(m)"), "Q0505");
    assert_eq!(fused(Limits::default().stages_max, "ENCODE(m)"), "Q0505");
    assert_eq!(fused(Limits::default().stages_max - 1, "ENCODE(m)"), "parsed");
    let wide = vec!["ENCODE(m)"; Limits::default().stages_max - 1].join(", ");
    assert_eq!(fused(1, &wide), "parsed");
    assert_eq!(fused(1, &format!("{wide}, ENCODE(m)")), "Q0505");
    assert_eq!(fused(1, &"ENCODE(m), ".repeat(100_000)), "Q0505");
    assert_eq!(outcome(format!("INSERT INTO t VALUES {}(1)", "(1), ".repeat(100_000))), "parsed");
    let columns = (0..2_000).map(|i| format!("c{i} TEXT")).collect::<Vec<_>>().join(", ");
    assert_eq!(outcome(format!("CREATE TABLE t ({columns})")), "Q0504");
}

const STATEMENTS: [&str; 16] = [
    "CREATE TABLE p (id BIGINT PRIMARY KEY, z VECTOR(3, F16) GENERATED ALWAYS AS (encode(m, t)) STORED) \
     WITH (a = 'b')",
    "CREATE MODEL m FROM 'a.onnx' TOKENIZER 't.json' WITH (pooling = 'mean', x = (SELECT 1))",
    "CREATE PIPELINE p ON t INHERITS q AS ENCODE(m) THEN PROBE(i, beam => 2) AS x SCORE BY x.score * 2",
    "SELECT DISTINCT a AS b, t.* FROM t AS u SEARCH (TEXT => :q) VIA PIPELINE p (x.y => 3) WHERE a LIKE \
     'x' LIMIT 1",
    "SELECT a FROM (VALUES (1, 'x')) AS v (a, b) GROUP BY a HAVING count(*) > 1 QUALIFY a ORDER BY a NULLS \
     LAST OFFSET 2",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = excluded.a RETURNING a",
    "COPY t (a, b) FROM 'f' (FORMAT xc, MAP (a = b), n 3)",
    "COPY (EVALUATE PIPELINE p (a.b => 1), EXACT ON t FROM (SELECT q FROM u) METRICS (P@1) BY \
     label_decile) TO 'x'",
    "EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) DELETE FROM t WHERE a IN (SELECT 1) AND b NOT BETWEEN 1 AND 2",
    "UPDATE t SET a = CASE b WHEN 1 THEN CAST(c AS TEXT[]) ELSE d::BIGINT END WHERE x IS NOT NULL",
    "SET a.b.c = TIMESTAMP '2024-01-01'",
    "SELECT a FROM t SEARCH 'x' VIA FUSE LINEAR (normalize => zscore) (ENCODE(m) THEN PROBE(i) AS p WEIGHT \
     0.5, FUSE UNION (SHORTLIST(j, limit => 3)) AS u) AS f THEN RERANK(z)",
    "TRAIN INDEX i FROM read_xc('x', truth => 'y') WITH (a = [1, 2], b = 'c') CONCURRENTLY",
    "CREATE FUSION IF NOT EXISTS f ON t USING tree (a.score, \"B\".rank, inverse_propensity) WITH (a = 7)",
    "QUANTIZE MODEL m AS \"M8\" WITH (calibration = (SELECT a FROM t LIMIT $1), min_cosine = 0.99)",
    "SELECT -[1, 2] <=> ARRAY[a], 'it''s' || \"Q\"\"q\" /* c */ -- d",
];

/// A statement cut off anywhere, or with a piece missing or doubled, is an error or a statement, never a
/// panic.
#[test]
fn mutilated_statements_are_answered() {
    let limits = Limits::default();
    let mut parsed = 0_usize;
    let mut answer = |text: &str| {
        match parse_statement(text, &limits) {
            Ok(statement) => {
                parsed += 1;
                let printed = statement.to_string();
                assert_eq!(parse_statement(&printed, &limits).unwrap().kind, statement.kind, "{text}");
            }
            Err(error) => assert!(!error.render(text).is_empty()),
        }
        let _ = (is_complete(text), statement_spans(text), split_statements(text, &limits).count());
        let _ = (parse_chain(text, &limits).is_ok(), parse_expression(text, &limits).is_ok());
    };
    for sql in STATEMENTS {
        answer(sql);
        for at in 0..=sql.len() {
            answer(&sql[..at]);
            answer(&sql[at..]);
            for junk in [
                "\u{20ac}", "'", "\"", "(", ")", ";", ".", "=>", "NOT ", "SELECT ", "0", "\0", "$", ":", "/*",
            ] {
                answer(&format!("{}{junk}{}", &sql[..at], &sql[at..]));
            }
            for length in [1, 3, 9] {
                answer(&format!("{}{}", &sql[..at], sql.get(at + length..).unwrap_or("")));
            }
        }
    }
    assert!(parsed > STATEMENTS.len());
}
