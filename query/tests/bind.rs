//! What statements are bound to, and how the binder refuses them.

mod common;

use argtop_query::print::print_plan;
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
