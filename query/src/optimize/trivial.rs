//! Nodes that do nothing, and trees that yield nothing.

use crate::expr::BoundExpr;
use crate::node::output_schema;
use crate::optimize::Rule;
use crate::plan::{Field, Node};
use crate::value::Value;

/// Removes filters that keep everything, projections that change nothing and limits without a number;
/// what can yield no row becomes an empty list of rows.
pub(super) struct TrivialNodes;

impl Rule for TrivialNodes {
    fn name(&self) -> &'static str {
        "trivial_nodes"
    }

    fn tree(&self, node: Node) -> Node {
        simplify(node)
    }
}

fn simplify(node: Node) -> Node {
    let node = node.map_input(&mut simplify);
    if yields_nothing(&node) {
        return Node::Values { rows: Vec::new(), schema: output_schema(&node).to_vec() };
    }
    match node {
        Node::Filter { input, predicate: BoundExpr::Literal(Value::Boolean(true)) } => *input,
        Node::Limit { input, limit, offset } if no_limit(limit.as_ref()) && no_offset(offset.as_ref()) => {
            *input
        }
        Node::Project { input, exprs, schema } if is_identity(&exprs, &schema, output_schema(&input)) => {
            *input
        }
        Node::Scan(mut scan) => {
            scan.filter = scan.filter.filter(|filter| *filter != BoundExpr::boolean(true));
            Node::Scan(scan)
        }
        Node::Search(mut search) => {
            search.filter = search.filter.filter(|filter| *filter != BoundExpr::boolean(true));
            Node::Search(search)
        }
        other => other,
    }
}

/// A predicate that is FALSE or NULL for every row.
fn never_true(predicate: &BoundExpr) -> bool {
    matches!(predicate, BoundExpr::Literal(Value::Boolean(false) | Value::Null))
}

fn yields_nothing(node: &Node) -> bool {
    let from_nothing = match node.input() {
        Some(Node::Values { rows, .. }) => rows.is_empty(),
        _ => false,
    };
    match node {
        Node::Scan(scan) => scan.filter.as_ref().is_some_and(never_true),
        Node::Search(search) => search.filter.as_ref().is_some_and(never_true),
        Node::Filter { predicate, .. } => from_nothing || never_true(predicate),
        Node::Limit { limit, .. } => from_nothing || *limit == Some(BoundExpr::Literal(Value::BigInt(0))),
        Node::Project { .. } | Node::Sort { .. } | Node::Distinct { .. } => from_nothing,
        Node::Lateral { right, .. } => {
            from_nothing || matches!(&**right, Node::Values { rows, .. } if rows.is_empty())
        }
        // Without groups an aggregate yields a row for no rows.
        Node::Aggregate { groups, .. } => from_nothing && !groups.is_empty(),
        Node::Values { .. } | Node::Read { .. } => false,
    }
}

fn no_limit(limit: Option<&BoundExpr>) -> bool {
    matches!(limit, None | Some(BoundExpr::Literal(Value::Null)))
}

fn no_offset(offset: Option<&BoundExpr>) -> bool {
    matches!(offset, None | Some(BoundExpr::Literal(Value::Null | Value::BigInt(0))))
}

/// Whether every output column is the input column at its place, under the same name.
fn is_identity(exprs: &[BoundExpr], schema: &[Field], input: &[Field]) -> bool {
    exprs.len() == input.len()
        && exprs.iter().zip(schema.iter().zip(input)).enumerate().all(|(i, (expr, (output, input)))| {
            matches!(expr, BoundExpr::Column { index, .. } if *index == i)
                && output.name == input.name
                && output.data_type == input.data_type
                && output.hidden == input.hidden
        })
}
