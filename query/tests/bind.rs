//! What statements are bound to, and how the binder refuses them.

mod common;

use argtop_query::binder::bind_expression;
use argtop_query::limits::Limits;
use argtop_query::plan::Field;
use argtop_query::print::{print_expr, print_plan};
use argtop_query::value::DataType;
use common::{bound, check_script};

fn plan_or_error(sql: &str) -> String {
    bound(sql).map_or_else(|error| error, |plan| print_plan(&plan))
}

#[test]
fn select() {
    check_script("select.txt", plan_or_error);
}

#[test]
fn select_errors() {
    check_script("select_errors.txt", plan_or_error);
}

#[test]
fn search() {
    check_script("search.txt", plan_or_error);
}

#[test]
fn search_errors() {
    check_script("search_errors.txt", plan_or_error);
}

#[test]
fn dml() {
    check_script("dml.txt", plan_or_error);
}

#[test]
fn ddl() {
    check_script("ddl.txt", plan_or_error);
}

#[test]
fn evaluate() {
    check_script("evaluate.txt", plan_or_error);
}

#[test]
fn fuse() {
    check_script("fuse.txt", plan_or_error);
}

#[test]
fn train() {
    check_script("train.txt", plan_or_error);
}

#[test]
fn stored_expressions() {
    let field =
        |name: &str, data_type| Field { qualifier: None, name: name.into(), data_type, hidden: false };
    let fields = [field("title", DataType::Text), field("price", DataType::Double)];
    let check = |sql: &str, expected: &str| {
        let found = match bind_expression(sql, &fields, &Limits::default()) {
            Ok(expr) => format!("{} {}", expr.data_type(), print_expr(&expr, &fields)),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
    };
    check("lower(title) || ': ' || price", "TEXT (lower(title) || ': ') || price");
    check("now()", "TIMESTAMP now()");
    check("titel", "Q0207: unknown column `titel`");
    check("title = $1", "Q0118: a parameter cannot stand in an expression that is stored");
    check("count(*)", "Q0305: the aggregate `count` cannot stand in a stored expression");
    check("price IN (SELECT 1)", "Q0321: a subquery cannot stand in a stored expression");
}
