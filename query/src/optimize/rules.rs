//! The list of rules and what runs it.

use crate::expr::BoundExpr;
use crate::optimize::column_pruning::ColumnPruning;
use crate::optimize::filter_pushdown::FilterPushdown;
use crate::optimize::folding::{BooleanSimplification, ConstantFolding, SetMembership};
use crate::optimize::limit_pushdown::{LimitPushdown, RedundantSort};
use crate::optimize::projection_merge::ProjectionMerge;
use crate::optimize::trivial::TrivialNodes;
use crate::plan::{LogicalPlan, Node};
use crate::print::print_plan;

/// One rewriting. A rule keeps names and types of the output columns, and the rows with their order.
pub trait Rule: Sync {
    /// Its name in EXPLAIN VERBOSE and in [`OptimizerOptions::disabled`].
    fn name(&self) -> &'static str;

    /// Rewrites a query tree; subqueries of IN are given to it as trees of their own.
    fn tree(&self, node: Node) -> Node {
        node
    }

    /// Rewrites one expression, of a tree or of a statement.
    fn expr(&self, expr: BoundExpr) -> BoundExpr {
        expr
    }
}

/// The rules in the order they run. Expressions come first, since constants open the way for the others;
/// what is pushed down leaves trivial nodes behind; columns are pruned when all else has its place.
const RULES: &[&dyn Rule] = &[
    &ConstantFolding,
    &BooleanSimplification,
    &SetMembership,
    &FilterPushdown,
    &ProjectionMerge,
    &TrivialNodes,
    &RedundantSort,
    &LimitPushdown,
    &ColumnPruning,
];

/// How to optimise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptimizerOptions {
    /// Names of rules that do not run.
    pub disabled: Vec<String>,
}

/// The names of all rules in the order they run.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.name())
}

/// Rewrites a plan into one with the same rows that costs less. Never fails: what cannot be improved stays.
/// An EXPLAIN (VERBOSE) gets the steps of what it explains.
pub fn optimize(plan: LogicalPlan, options: &OptimizerOptions) -> LogicalPlan {
    match plan {
        LogicalPlan::Explain(mut explain) => {
            (*explain.plan, explain.rules) = match explain.verbose {
                true => optimize_traced(*explain.plan, options),
                false => (optimize(*explain.plan, options), Vec::new()),
            };
            LogicalPlan::Explain(explain)
        }
        plan => active(options).fold(plan, |plan, rule| apply(rule, plan)),
    }
}

/// [`optimize`], and the plan printed after each rule that changed it; the bound plan comes first as `bind`.
pub fn optimize_traced(
    plan: LogicalPlan,
    options: &OptimizerOptions,
) -> (LogicalPlan, Vec<(String, String)>) {
    let mut printed = print_plan(&plan);
    let mut trace = vec![("bind".to_owned(), printed.clone())];
    let mut plan = plan;
    for rule in active(options) {
        plan = apply(rule, plan);
        let after = print_plan(&plan);
        if after != printed {
            trace.push((rule.name().to_owned(), after.clone()));
            printed = after;
        }
    }
    (plan, trace)
}

fn active(options: &OptimizerOptions) -> impl Iterator<Item = &'static dyn Rule> {
    RULES.iter().copied().filter(|rule| !options.disabled.iter().any(|name| name == rule.name()))
}

/// Runs a rule over all trees and expressions of a statement.
fn apply(rule: &dyn Rule, mut plan: LogicalPlan) -> LogicalPlan {
    plan.for_each_free_expr_mut(&mut |expr| apply_expr(rule, expr));
    plan.for_each_tree_mut(&mut |node| apply_tree(rule, node));
    plan
}

/// Subqueries and right sides of LATERAL first, then the expressions, then the tree itself.
fn apply_tree(rule: &dyn Rule, node: &mut Node) {
    node.for_each_lateral_mut(&mut |right| apply_tree(rule, right));
    node.for_each_expr_deep_mut(&mut |expr| apply_expr(rule, expr));
    let taken = std::mem::replace(node, Node::Values { rows: Vec::new(), schema: Vec::new() });
    *node = rule.tree(taken);
}

fn apply_expr(rule: &dyn Rule, expr: &mut BoundExpr) {
    if has_query(expr) {
        let taken = std::mem::replace(expr, BoundExpr::boolean(false));
        *expr = apply_queries(rule, taken);
    }
    let taken = std::mem::replace(expr, BoundExpr::boolean(false));
    *expr = rule.expr(taken);
}

/// Whether a subquery stands somewhere in the expression.
fn has_query(expr: &BoundExpr) -> bool {
    let mut found = false;
    expr.visit(&mut |e| found |= matches!(e, BoundExpr::InQuery { .. }));
    found
}

fn apply_queries(rule: &dyn Rule, expr: BoundExpr) -> BoundExpr {
    match expr.map_children(&mut |child| apply_queries(rule, child)) {
        BoundExpr::InQuery { expr, mut query, negated } => {
            apply_tree(rule, &mut query);
            BoundExpr::InQuery { expr, query, negated }
        }
        other => other,
    }
}
