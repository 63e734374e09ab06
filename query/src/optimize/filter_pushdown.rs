//! Filters move towards the rows they filter.

use crate::expr::BoundExpr;
use crate::optimize::Rule;
use crate::optimize::substitute::substitute;
use crate::plan::Node;

/// Moves filters below projections and sorts and into scans, conjunct by conjunct.
///
/// A filter is never moved into a SEARCH: the binder has put its WHERE there, where it decides which labels
/// are ranked at all; what stands above is a QUALIFY, which only looks at the ranking's rows.
pub(super) struct FilterPushdown;

impl Rule for FilterPushdown {
    fn name(&self) -> &'static str {
        "filter_pushdown"
    }

    fn tree(&self, node: Node) -> Node {
        push(node)
    }
}

fn push(node: Node) -> Node {
    match node {
        Node::Filter { input, predicate } => predicate.conjuncts().into_iter().fold(push(*input), place),
        other => other.map_input(&mut push),
    }
}

/// Puts one conjunct over a tree, as deep as it goes.
fn place(node: Node, conjunct: BoundExpr) -> Node {
    match node {
        Node::Filter { input, predicate } => match below(*input, conjunct) {
            (input, None) => Node::Filter { input: Box::new(input), predicate },
            (input, Some(conjunct)) => {
                let mut conjuncts = predicate.conjuncts();
                conjuncts.push(conjunct);
                Node::Filter { input: Box::new(input), predicate: BoundExpr::and(conjuncts) }
            }
        },
        other => match below(other, conjunct) {
            (node, None) => node,
            (node, Some(predicate)) => Node::Filter { input: Box::new(node), predicate },
        },
    }
}

/// Moves a conjunct below the node; gives it back where it must stay above.
fn below(node: Node, conjunct: BoundExpr) -> (Node, Option<BoundExpr>) {
    match node {
        Node::Scan(mut scan) => {
            let mut conjuncts = scan.filter.take().map(BoundExpr::conjuncts).unwrap_or_default();
            conjuncts.push(conjunct);
            scan.filter = Some(BoundExpr::and(conjuncts));
            (Node::Scan(scan), None)
        }
        Node::Sort { input, keys } => (Node::Sort { input: Box::new(place(*input, conjunct)), keys }, None),
        Node::Project { input, exprs, schema } => {
            match substitute(std::slice::from_ref(&conjunct), &exprs).and_then(|mut list| list.pop()) {
                Some(moved) => (Node::Project { input: Box::new(place(*input, moved)), exprs, schema }, None),
                None => (Node::Project { input, exprs, schema }, Some(conjunct)),
            }
        }
        other => (other, Some(conjunct)),
    }
}
