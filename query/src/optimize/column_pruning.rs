//! Scans and searches read, and LATERAL hands on, only the columns that something above them uses.

use std::collections::BTreeSet;

use crate::expr::BoundExpr;
use crate::node::output_schema;
use crate::optimize::Rule;
use crate::plan::{Aggregate, Field, Node};
use crate::value::Value;

/// Sets the columns that scans and searches read, including those of their own filters; computed columns that
/// nobody uses become NULL. What is aggregated over a LATERAL is projected first: its rows would else be
/// copies of whole left rows, with the vectors that they are searched by.
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
        Node::Aggregate { input, groups, aggregates, .. } => {
            let arguments = aggregates.iter().filter_map(|call| call.argument.as_ref());
            let needed: BTreeSet<usize> =
                groups.iter().chain(arguments).flat_map(BoundExpr::columns).collect();
            let width = output_schema(input).len();
            if needed.len() == width || !is_lateral(input) {
                return needed;
            }
            // A row has a column at least; the last one is of the search.
            let last = needed.is_empty().then(|| width.saturating_sub(1));
            let kept: Vec<usize> = needed.into_iter().chain(last).collect();
            project(input, &kept);
            let renumbered = |expr: &mut BoundExpr| renumber(expr, &kept);
            groups.iter_mut().for_each(renumbered);
            aggregates.iter_mut().filter_map(argument_of).for_each(renumbered);
            (0..kept.len()).collect()
        }
    }
}

fn argument_of(call: &mut Aggregate) -> Option<&mut BoundExpr> {
    call.argument.as_mut()
}

/// Whether a node's rows are those of a LATERAL, or some of them.
fn is_lateral(mut node: &Node) -> bool {
    while let Node::Filter { input, .. } = node {
        node = input;
    }
    matches!(node, Node::Lateral { .. })
}

/// Puts a projection of some columns above a node.
fn project(node: &mut Node, kept: &[usize]) {
    let fields = output_schema(node);
    let schema: Vec<Field> = kept.iter().filter_map(|index| fields.get(*index).cloned()).collect();
    let column = |(index, field): (&usize, &Field)| BoundExpr::Column {
        index: *index,
        data_type: field.data_type.clone(),
    };
    let exprs = kept.iter().zip(&schema).map(column).collect();
    let below = std::mem::replace(node, Node::Values { rows: Vec::new(), schema: Vec::new() });
    *node = Node::Project { input: Box::new(below), exprs, schema };
}

/// Makes an expression one over the kept columns, in their order.
fn renumber(expr: &mut BoundExpr, kept: &[usize]) {
    let taken = std::mem::replace(expr, BoundExpr::boolean(false));
    *expr = taken.map_columns(&mut |index, data_type| {
        let index = kept.iter().position(|kept| *kept == index).unwrap_or(index);
        BoundExpr::Column { index, data_type }
    });
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
