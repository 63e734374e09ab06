//! What each rule does to a plan, and that no rule changes the rows.

mod common;

use std::fmt::Write as _;

use argtop_query::eval::{EvalContext, evaluate, is_true};
use argtop_query::expr::BoundExpr;
use argtop_query::optimize::{OptimizerOptions, optimize, optimize_traced, rule_names};
use argtop_query::output_schema;
use argtop_query::plan::{LogicalPlan, Node, SortKey};
use argtop_query::value::Value;
use common::{bound, check_script};

#[test]
fn rules_step_by_step() {
    check_script("optimize.txt", |sql| {
        let plan = match bound(sql) {
            Ok(plan) => plan,
            Err(error) => return error,
        };
        let (_, trace) = optimize_traced(plan, &OptimizerOptions::default());
        let mut out = String::new();
        for (rule, plan) in trace {
            let _ = writeln!(out, "{rule}:\n  {}", plan.replace('\n', "\n  "));
        }
        out
    });
}

/// Rows of `points`: id, weight, vector.
fn points() -> Vec<Vec<Value>> {
    (0..6)
        .map(|i| {
            let weight = if i == 3 { Value::Null } else { Value::Double(f64::from(i % 3) / 2.0) };
            vec![Value::BigInt(i64::from(i)), weight, Value::Vector(vec![i as f32, 1.0, 0.0, 0.0])]
        })
        .collect()
}

fn value(expr: &BoundExpr, row: &[Value]) -> Value {
    evaluate(expr, row, &EvalContext { params: &[Value::BigInt(2)], now_us: 0 }).unwrap()
}

fn keep(rows: Vec<Vec<Value>>, predicate: Option<&BoundExpr>) -> Vec<Vec<Value>> {
    rows.into_iter().filter(|row| predicate.is_none_or(|p| is_true(&value(p, row)))).collect()
}

fn sort(mut rows: Vec<Vec<Value>>, keys: &[SortKey]) -> Vec<Vec<Value>> {
    rows.sort_by(|a, b| {
        let orders = keys.iter().map(|key| {
            let (x, y) = (value(&key.expr, a), value(&key.expr, b));
            match (x.is_null(), y.is_null()) {
                (true, true) => std::cmp::Ordering::Equal,
                (true, false) if key.nulls_first => std::cmp::Ordering::Less,
                (false, true) if key.nulls_first => std::cmp::Ordering::Greater,
                (true, false) => std::cmp::Ordering::Greater,
                (false, true) => std::cmp::Ordering::Less,
                _ if key.descending => y.total_cmp(&x),
                _ => x.total_cmp(&y),
            }
        });
        orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    rows
}

/// The plainest executor there is.
fn rows(node: &Node) -> Vec<Vec<Value>> {
    match node {
        Node::Values { rows, .. } => {
            rows.iter().map(|row| row.iter().map(|expr| value(expr, &[])).collect()).collect()
        }
        Node::Scan(scan) => {
            let mut all = points();
            for row in &mut all {
                for (i, cell) in row.iter_mut().enumerate() {
                    if scan.columns.as_ref().is_some_and(|columns| !columns.contains(&i)) {
                        *cell = Value::Null;
                    }
                }
            }
            keep(all, scan.filter.as_ref())
        }
        Node::Filter { input, predicate } => keep(rows(input), Some(predicate)),
        Node::Project { input, exprs, .. } => {
            rows(input).iter().map(|row| exprs.iter().map(|expr| value(expr, row)).collect()).collect()
        }
        Node::Sort { input, keys } => sort(rows(input), keys),
        Node::Distinct { input } => {
            let mut kept: Vec<Vec<Value>> = Vec::new();
            for row in rows(input) {
                if !kept.contains(&row) {
                    kept.push(row);
                }
            }
            kept
        }
        Node::Limit { input, limit, offset } => {
            let number = |expr: &Option<BoundExpr>| match expr.as_ref().map(|expr| value(expr, &[])) {
                Some(Value::BigInt(n)) => usize::try_from(n).unwrap(),
                _ => 0,
            };
            let take = if limit.is_some() { number(limit) } else { usize::MAX };
            rows(input).into_iter().skip(number(offset)).take(take).collect()
        }
        Node::Aggregate { input, groups, .. } if !groups.is_empty() => {
            // Groups alone are enough to see whether the right rows arrive.
            let mut keys: Vec<Vec<Value>> = Vec::new();
            for row in rows(input) {
                let key: Vec<Value> = groups.iter().map(|group| value(group, &row)).collect();
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
            keys
        }
        other => panic!("not part of these tests: {other:?}"),
    }
}

const QUERIES: &[&str] = &[
    "SELECT id, weight FROM points WHERE 1 < 2 AND weight > 0.2 AND (true OR id = 1)",
    "SELECT id FROM points WHERE NOT (weight > 0.4 AND NOT id IN (1, 2))",
    "SELECT id FROM points WHERE NOT (weight IS NULL) AND NOT NOT id >= 2",
    "SELECT a FROM (SELECT id AS a, weight * 2 AS w FROM points) AS s
     WHERE w > 0.5 AND a < 5 ORDER BY w DESC",
    "SELECT x + 1 AS y FROM (SELECT id + 1 AS x FROM (SELECT id FROM points WHERE id > 1) a) b WHERE x > 3",
    "SELECT x * x FROM (SELECT id * 3 AS x FROM points) AS s WHERE x > 3 AND x < 13",
    "SELECT id FROM (SELECT id FROM points ORDER BY weight DESC LIMIT 4) AS s WHERE id > 0",
    "SELECT DISTINCT weight FROM points WHERE id <> 4 ORDER BY weight NULLS FIRST LIMIT 2 OFFSET 1",
    "SELECT id FROM points WHERE false",
    "SELECT id FROM points WHERE NULL",
    "SELECT id FROM points LIMIT 0",
    "SELECT id FROM points ORDER BY id DESC LIMIT $1",
    "SELECT id, l2(v, [0, 0, 0, 0]) AS d FROM points ORDER BY d DESC LIMIT 3",
    "SELECT id FROM points WHERE id IN (1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 4, 4)",
    "SELECT id FROM points WHERE id NOT IN (1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, NULL)",
    "SELECT a, b FROM (VALUES (1, 'x'), (2, 'y'), (3, NULL)) AS v (a, b) WHERE b IS NOT NULL ORDER BY a DESC",
    "SELECT weight FROM points WHERE weight < 2 GROUP BY weight",
    "SELECT w FROM (SELECT weight AS w, 1 / (id - 9) AS unused FROM points) AS s",
    "SELECT * FROM (SELECT * FROM points) AS s WHERE s.id BETWEEN 1 AND 3",
    "SELECT CASE WHEN id > 2 THEN 1 ELSE 1 / 1 END FROM points WHERE 2 > 1",
];

fn tree(plan: LogicalPlan) -> Node {
    match plan {
        LogicalPlan::Query(node) => node,
        other => panic!("no query: {other:?}"),
    }
}

#[test]
fn no_rule_changes_rows_or_columns() {
    for sql in QUERIES {
        let plan = bound(sql).unwrap_or_else(|error| panic!("{sql}\n{error}"));
        let expected = rows(&tree(plan.clone()));
        let names = |node: &Node| -> Vec<(String, String)> {
            output_schema(node).iter().map(|f| (f.name.clone(), f.data_type.to_string())).collect()
        };
        let columns = names(&tree(plan.clone()));
        let all: Vec<String> = rule_names().map(str::to_owned).collect();
        let off = all.iter().map(|name| vec![name.clone()]);
        let alone = all.iter().map(|name| all.iter().filter(|other| *other != name).cloned().collect());
        for disabled in off.chain(alone).chain([Vec::new(), all.clone()]) {
            let optimized = tree(optimize(plan.clone(), &OptimizerOptions { disabled: disabled.clone() }));
            assert_eq!(rows(&optimized), expected, "{sql}\nwithout {disabled:?}");
            assert_eq!(names(&optimized), columns, "{sql}\nwithout {disabled:?}");
        }
    }
}

#[test]
fn a_second_pass_finds_little_to_do_and_changes_no_rows() {
    for sql in QUERIES {
        let once = optimize(bound(sql).unwrap(), &OptimizerOptions::default());
        let twice = optimize(once.clone(), &OptimizerOptions::default());
        assert_eq!(rows(&tree(once)), rows(&tree(twice)), "{sql}");
    }
}

#[test]
fn explain_verbose_shows_the_steps() {
    let plan = bound("EXPLAIN (VERBOSE) SELECT id FROM points WHERE 1 < 2").unwrap();
    let LogicalPlan::Explain(explain) = optimize(plan, &OptimizerOptions::default()) else {
        panic!("no EXPLAIN");
    };
    let names: Vec<&str> = explain.rules.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["bind", "constant_folding", "filter_pushdown", "trivial_nodes", "column_pruning"]);
}
