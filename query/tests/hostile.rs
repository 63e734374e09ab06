//! The deepest and widest statements that the parser lets through, on a small stack and in bounded time.

mod common;

use std::time::{Duration, Instant};

use argtop_query::binder::bind;
use argtop_query::eval::{EvalContext, evaluate};
use argtop_query::expr::BoundExpr;
use argtop_query::limits::Limits;
use argtop_query::optimize::{OptimizerOptions, optimize};
use argtop_query::parser::parse_statement;
use argtop_query::plan::{LogicalPlan, Node};
use argtop_query::print::print_plan;
use argtop_query::value::Value;
use common::Fixed;

/// Runs a statement through every phase on 512 KiB of stack: the value of its first column, or the error.
fn run(sql: String) -> Result<String, String> {
    let work = move || {
        let limits = Limits::default();
        let statement = parse_statement(&sql, &limits).map_err(|error| error.code.to_string())?;
        let bound = bind(&statement, &Fixed::new(), &limits).map_err(|error| error.code.to_string())?;
        let text = print_plan(&bound.plan);
        let plan = optimize(bound.plan.clone(), &OptimizerOptions::default());
        let LogicalPlan::Query(Node::Project { exprs, .. }) = &bound.plan else {
            return Ok(format!("{} bytes", text.len().min(1)));
        };
        let value = match exprs.first() {
            Some(expr) if expr.columns().is_empty() => {
                evaluate(expr, &[], &EvalContext { params: &[Value::BigInt(1)], now_us: 0 })
            }
            _ => Ok(Value::Null),
        };
        drop(plan);
        value.map(|value| value.to_string()).map_err(|error| error.to_string())
    };
    let started = Instant::now();
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(work).unwrap();
    let result = thread.join().expect("the statement must not exhaust the stack");
    assert!(started.elapsed() < Duration::from_secs(20), "took {:?}", started.elapsed());
    result
}

/// The deepest nesting of a form that parses: `open` n times, `inner`, `close` n times.
fn deepest(open: &str, inner: &str, close: &str, prefix: &str) -> String {
    let limits = Limits::default();
    (1..=200)
        .map(|n| format!("{prefix}{}{inner}{}", open.repeat(n), close.repeat(n)))
        .take_while(|sql| parse_statement(sql, &limits).is_ok())
        .last()
        .expect("one level parses")
}

#[test]
fn nested_fusions_of_searches() {
    let depth = Limits::default().stages_max - 2;
    let open = "FUSE MAX (".repeat(depth);
    let close: String = (0..depth).map(|i| format!(") AS f{i}")).collect();
    let nested = |score: &str| {
        format!(
            "SELECT id FROM products SEARCH 'x' VIA ENCODE(minilm) THEN {open}SHORTLIST(products_ann){close} \
             SCORE BY {score}"
        )
    };
    assert_eq!(run(nested(&format!("f0.score + f{}.rank", depth - 1))), Ok("NULL".to_owned()));
    assert_eq!(run(nested("f99.score")), Err("Q0207".to_owned()));
}

#[test]
fn nested_expressions() {
    for (open, inner, close) in [
        ("abs(", "$1", ")"),
        ("(", "1", " + 1)"),
        ("NOT (", "true", ")"),
        ("[", "1", "]"),
        ("CAST(", "1", " AS BIGINT)"),
        ("CASE WHEN true THEN ", "1", " END"),
        ("coalesce(NULL, ", "1", ", 2)"),
        ("(true AND (false OR ", "true", "))"),
        ("(", "'a'", " || 'b')"),
        ("- ", "$1", ""),
    ] {
        let found = run(deepest(open, inner, close, "SELECT "));
        assert!(found.is_ok(), "{open}: {found:?}");
    }
}

#[test]
fn copies_do_not_double_at_every_level() {
    let between = deepest("(", "true", " BETWEEN false AND true)", "SELECT ");
    assert_eq!(run(between), Err("Q0503".to_owned()));
    let case = deepest("CASE ", "1", " WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 3 END", "SELECT ");
    assert_eq!(run(case), Err("Q0503".to_owned()));
}

#[test]
fn nested_subqueries() {
    for (open, close) in [
        ("SELECT x || x AS x FROM (", ") AS s WHERE x <> ''"),
        ("SELECT DISTINCT x FROM (", ") AS s ORDER BY x LIMIT 5"),
        ("SELECT max(x) AS x FROM (", ") AS s GROUP BY lower(x)"),
        ("SELECT 'a' AS x WHERE 'a' IN (", ")"),
    ] {
        let sql = deepest(open, "SELECT 'a' AS x", close, "");
        let found = run(sql);
        assert!(found.is_ok(), "{open}: {found:?}");
    }
}

#[test]
fn tall_expressions_in_nested_subqueries_do_not_add_up() {
    let tall = "x + 1".to_owned() + &" + 1".repeat(40);
    let open = format!("SELECT {tall} AS x FROM (");
    let sql = deepest(&open, "SELECT 1 AS x", ") AS s WHERE x > 0", "");
    assert!(run(sql).is_ok());
}

#[test]
fn long_lists() {
    let numbers: Vec<String> = (0..200_000).map(|i| i.to_string()).collect();
    assert_eq!(run(format!("SELECT 7 IN ({})", numbers.join(", "))), Ok("true".to_owned()));
    assert_eq!(run(format!("SELECT length([{}])", numbers.join(", "))), Ok("200000".to_owned()));
    let terms = vec!["true"; 200_000].join(" AND ");
    assert_eq!(run(format!("SELECT {terms}")), Ok("true".to_owned()));
    let rows = vec!["(1, 'a', NULL)"; 50_000].join(", ");
    assert_eq!(run(format!("VALUES {rows}")), Ok("1 bytes".to_owned()));
    let branches = "WHEN 2 THEN 3 ".repeat(50_000);
    assert_eq!(run(format!("SELECT CASE 1 {branches} ELSE 4 END")), Ok("4".to_owned()));
}

#[test]
fn wide_select_lists() {
    let stars = vec!["*"; 1_000].join(", ");
    assert_eq!(run(format!("SELECT {stars} FROM products")), Err("Q0504".to_owned()));
    let groups = (0..2_000).map(|i| format!("id + {i}")).collect::<Vec<_>>().join(", ");
    assert_eq!(run(format!("SELECT 1 FROM products GROUP BY {groups}")), Err("Q0504".to_owned()));
    let calls = (0..2_000).map(|i| format!("max(id + {i})")).collect::<Vec<_>>().join(", ");
    assert_eq!(run(format!("SELECT {calls} FROM products")), Err("Q0504".to_owned()));
}

#[test]
fn parameters_get_the_type_of_their_place() {
    let limits = Limits::default();
    let sql = "SELECT id, lower(:t) FROM products SEARCH :q WHERE added > :a AND price < :p AND id IN (:i) \
               AND array_contains(tags, :g) LIMIT :n";
    let bound = bind(&parse_statement(sql, &limits).unwrap(), &Fixed::new(), &limits).unwrap();
    let types: Vec<String> = bound
        .parameters
        .iter()
        .map(|p| format!("{} {}", p.name.clone().unwrap_or_default(), p.data_type))
        .collect();
    let expected = ["t TEXT", "q TEXT", "a TIMESTAMP", "p DOUBLE", "i BIGINT", "g TEXT", "n BIGINT"];
    assert_eq!(types, expected);
    let vector = "SELECT id FROM points SEARCH (VECTOR => ?)";
    let bound = bind(&parse_statement(vector, &limits).unwrap(), &Fixed::new(), &limits).unwrap();
    assert_eq!(bound.parameters[0].data_type.to_string(), "VECTOR(4)");
    assert!(matches!(BoundExpr::Parameter(0).data_type().to_string().as_str(), "UNKNOWN"));
}
