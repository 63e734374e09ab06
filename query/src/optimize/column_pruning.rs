//! Scans and searches read only the columns that something above them uses.

use std::collections::BTreeSet;

use crate::expr::BoundExpr;
use crate::node::output_schema;
use crate::optimize::Rule;
use crate::plan::Node;
use crate::value::Value;

/// Sets the columns that scans and searches read, including those of their own filters; computed columns that
/// nobody uses become NULL.
pub(super) struct ColumnPruning;

impl Rule for ColumnPruning {
    fn name(&self) -> &'static str {
        "column_pruning"
    }

    fn tree(&self, mut node: Node) -> Node {
        let mut needed: BTreeSet<usize> = (0..output_schema(&node).len()).collect();
        let mut current = Some(&mut node);
        while let Some(node) = current {
            needed = prune(node, needed);
            current = node.input_mut();
        }
        node
    }
}

/// Prunes one node whose output columns `needed` are used; yields the input columns that it then needs.
fn prune(node: &mut Node, mut needed: BTreeSet<usize>) -> BTreeSet<usize> {
    match node {
        Node::Values { .. } | Node::Read { .. } | Node::Limit { .. } => needed,
        Node::Scan(scan) => {
            let count = scan.table.columns.len();
            scan.columns = table_columns(needed, scan.filter.as_ref(), count);
            BTreeSet::new()
        }
        Node::Search(search) => {
            let count = search.table.columns.len();
            search.columns = table_columns(needed, search.filter.as_ref(), count);
            BTreeSet::new()
        }
        Node::Lateral { left, right, .. } => {
            let width = output_schema(left).len();
            needed.retain(|column| *column < width);
            needed.extend(query_columns(right));
            needed
        }
        Node::Filter { predicate, .. } => {
            needed.extend(predicate.columns());
            needed
        }
        Node::Sort { keys, .. } => {
            needed.extend(keys.iter().flat_map(|key| key.expr.columns()));
            needed
        }
        // Rows are equal by all their columns.
        Node::Distinct { input } => (0..output_schema(input).len()).collect(),
        Node::Project { exprs, .. } => {
            for (i, expr) in exprs.iter_mut().enumerate() {
                if !needed.contains(&i) {
                    *expr = BoundExpr::Literal(Value::Null);
                }
            }
            exprs.iter().flat_map(BoundExpr::columns).collect()
        }
        Node::Aggregate { groups, aggregates, .. } => {
            let arguments = aggregates.iter().filter_map(|call| call.argument.as_ref());
            groups.iter().chain(arguments).flat_map(BoundExpr::columns).collect()
        }
    }
}

/// The columns of LATERAL's left side that the text and the vector of its search read.
fn query_columns(right: &Node) -> BTreeSet<usize> {
    let mut node = right;
    while let Some(input) = node.input() {
        node = input;
    }
    match node {
        Node::Search(search) => {
            search.text.iter().chain(&search.vector).flat_map(BoundExpr::columns).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// The table columns to read; None for all of them.
fn table_columns(
    mut needed: BTreeSet<usize>,
    filter: Option<&BoundExpr>,
    count: usize,
) -> Option<Vec<usize>> {
    needed.extend(filter.into_iter().flat_map(BoundExpr::columns));
    let columns: Vec<usize> = needed.into_iter().filter(|column| *column < count).collect();
    (columns.len() < count).then_some(columns)
}
