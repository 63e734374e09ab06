//! How many rows of a ranking are wanted.

use crate::expr::BoundExpr;
use crate::node::rows_wanted;
use crate::optimize::Rule;
use crate::plan::{Node, Search, SortKey};

/// Removes a sort of a search's rows by `score DESC` or `rank ASC` alone: they come in that order.
pub(super) struct RedundantSort;

impl Rule for RedundantSort {
    fn name(&self) -> &'static str {
        "redundant_sort"
    }

    fn tree(&self, node: Node) -> Node {
        drop_sorts(node)
    }
}

fn drop_sorts(node: Node) -> Node {
    match node.map_input(&mut drop_sorts) {
        Node::Sort { input, keys } if is_ranking(&input, &keys) => *input,
        other => other,
    }
}

/// Whether the keys are the search's own order. Scores are never NULL: the place of NULLs is no matter.
fn is_ranking(input: &Node, keys: &[SortKey]) -> bool {
    let [SortKey { expr: BoundExpr::Column { index, .. }, descending, .. }] = keys else {
        return false;
    };
    let (mut node, mut column) = (input, *index);
    loop {
        match node {
            Node::Search(search) => {
                let score = search.table.columns.len();
                return (column == score && *descending) || (column == score + 1 && !*descending);
            }
            Node::Project { input, exprs, .. } => match exprs.get(column) {
                Some(BoundExpr::Column { index, .. }) => (node, column) = (input, *index),
                _ => return false,
            },
            // Both keep the order of the rows.
            Node::Filter { input, .. } | Node::Limit { input, .. } => node = input,
            _ => return false,
        }
    }
}

/// Tells a search how many of its best rows are wanted: LIMIT + OFFSET, where only projections stand between.
pub(super) struct LimitPushdown;

impl Rule for LimitPushdown {
    fn name(&self) -> &'static str {
        "limit_pushdown"
    }

    fn tree(&self, node: Node) -> Node {
        push(node)
    }
}

fn push(node: Node) -> Node {
    let mut node = node.map_input(&mut push);
    if let Node::Limit { input, limit: Some(limit), offset } = &mut node
        && let Some(search) = search_below(input)
        && search.limit.is_none()
    {
        search.limit = Some(rows_wanted(limit, offset.as_ref()));
    }
    node
}

/// The search under nothing but projections.
fn search_below(node: &mut Node) -> Option<&mut Search> {
    match node {
        Node::Search(search) => Some(search),
        Node::Project { input, .. } => search_below(input),
        _ => None,
    }
}
