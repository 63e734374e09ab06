//! A projection of a projection is one projection.

use crate::optimize::Rule;
use crate::optimize::substitute::substitute;
use crate::plan::Node;

/// Merges projections that follow each other, where no computed column would be computed twice.
pub(super) struct ProjectionMerge;

impl Rule for ProjectionMerge {
    fn name(&self) -> &'static str {
        "projection_merge"
    }

    fn tree(&self, node: Node) -> Node {
        merge(node)
    }
}

fn merge(node: Node) -> Node {
    let node = node.map_input(&mut merge);
    let Node::Project { input, exprs, schema } = node else {
        return node;
    };
    match *input {
        Node::Project { input: below, exprs: inner, schema: inner_schema } => {
            match substitute(&exprs, &inner) {
                Some(exprs) => Node::Project { input: below, exprs, schema },
                None => {
                    let input = Box::new(Node::Project { input: below, exprs: inner, schema: inner_schema });
                    Node::Project { input, exprs, schema }
                }
            }
        }
        other => Node::Project { input: Box::new(other), exprs, schema },
    }
}
