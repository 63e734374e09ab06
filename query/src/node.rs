//! Walking and rewriting plan trees.

use crate::expr::{BinaryOp, BoundExpr};
use crate::plan::{Aggregate, Chain, Field, LogicalPlan, Node, Search, SortKey, Stage, StageKind, Via};
use crate::value::{DataType, Value};

/// The name by which SCORE BY and the features of a fusion know a label's inverse propensity.
pub const INVERSE_PROPENSITY: &str = "inverse_propensity";

/// The output columns of a node.
pub fn output_schema(node: &Node) -> &[Field] {
    let mut node = node;
    loop {
        match node {
            Node::Values { schema, .. }
            | Node::Read { schema, .. }
            | Node::Lateral { schema, .. }
            | Node::Project { schema, .. }
            | Node::Aggregate { schema, .. } => return schema,
            Node::Scan(scan) => return &scan.schema,
            Node::Search(search) => return &search.schema,
            Node::Filter { input, .. }
            | Node::Sort { input, .. }
            | Node::Distinct { input }
            | Node::Limit { input, .. } => node = input,
        }
    }
}

/// The hidden columns of a chain: for stage i of [`Chain::all_stages`], column 2i is its score and 2i + 1 its
/// rank. ENCODE has a place among them so that this holds, but its columns are of type Unknown, always NULL,
/// and cannot be named.
pub fn stage_fields(chain: &Chain) -> Vec<Field> {
    let field = |stage: &Stage, name: &str, data_type: DataType| Field {
        qualifier: Some(stage.name.clone()),
        name: name.to_owned(),
        data_type: if matches!(stage.kind, StageKind::Encode { .. }) { DataType::Unknown } else { data_type },
        hidden: true,
    };
    let pair = |stage| [field(stage, "score", DataType::Double), field(stage, "rank", DataType::BigInt)];
    chain.all_stages().into_iter().flat_map(pair).collect()
}

/// The columns that SCORE BY may name: [`stage_fields`], then `inverse_propensity`, how rare the label was in
/// the points of the last TRAIN.
pub fn score_fields(chain: &Chain) -> Vec<Field> {
    let mut fields = stage_fields(chain);
    let name = INVERSE_PROPENSITY.to_owned();
    fields.push(Field { qualifier: None, name, data_type: DataType::Double, hidden: false });
    fields
}

impl Node {
    /// The node that rows come from, of LATERAL the left one; None for leaves.
    pub fn input(&self) -> Option<&Node> {
        match self {
            Node::Values { .. } | Node::Read { .. } | Node::Scan(_) | Node::Search(_) => None,
            Node::Lateral { left: input, .. }
            | Node::Filter { input, .. }
            | Node::Project { input, .. }
            | Node::Aggregate { input, .. }
            | Node::Sort { input, .. }
            | Node::Distinct { input }
            | Node::Limit { input, .. } => Some(input),
        }
    }

    /// Rewrites the input in place, keeping its box.
    #[must_use]
    pub fn map_input(mut self, f: &mut dyn FnMut(Node) -> Node) -> Node {
        if let Some(input) = self.input_mut() {
            let taken = std::mem::replace(input, Node::Values { rows: Vec::new(), schema: Vec::new() });
            *input = f(taken);
        }
        self
    }

    /// The node that rows come from, of LATERAL the left one.
    pub fn input_mut(&mut self) -> Option<&mut Node> {
        match self {
            Node::Values { .. } | Node::Read { .. } | Node::Scan(_) | Node::Search(_) => None,
            Node::Lateral { left: input, .. }
            | Node::Filter { input, .. }
            | Node::Project { input, .. }
            | Node::Aggregate { input, .. }
            | Node::Sort { input, .. }
            | Node::Distinct { input }
            | Node::Limit { input, .. } => Some(input),
        }
    }

    /// Calls `f` for each expression of this node, not of its inputs.
    pub fn for_each_expr_mut(&mut self, f: &mut dyn FnMut(&mut BoundExpr)) {
        match self {
            Node::Values { rows, .. } => rows.iter_mut().flatten().for_each(f),
            Node::Read { .. } | Node::Distinct { .. } | Node::Lateral { .. } => {}
            Node::Scan(scan) => scan.filter.iter_mut().for_each(f),
            Node::Search(search) => {
                let score_by = match &mut search.via {
                    Via::Chain { chain, .. } => {
                        chain.stages.iter_mut().for_each(|stage| stage.for_each_expr_mut(f));
                        chain.score_by.as_mut()
                    }
                    Via::Auto | Via::Exact => None,
                };
                let own = [
                    search.text.as_mut(),
                    search.vector.as_mut(),
                    search.filter.as_mut(),
                    search.limit.as_mut(),
                    search.owed.as_mut(),
                ];
                own.into_iter().flatten().chain(score_by).for_each(f);
            }
            Node::Filter { predicate, .. } => f(predicate),
            Node::Project { exprs, .. } => exprs.iter_mut().for_each(f),
            Node::Aggregate { groups, aggregates, .. } => {
                let arguments =
                    aggregates.iter_mut().filter_map(|Aggregate { argument, .. }| argument.as_mut());
                groups.iter_mut().chain(arguments).for_each(f);
            }
            Node::Sort { keys, .. } => keys.iter_mut().map(|SortKey { expr, .. }| expr).for_each(f),
            Node::Limit { limit, offset, .. } => limit.iter_mut().chain(offset).for_each(f),
        }
    }

    /// Calls `f` for each expression of the whole tree; subqueries of IN and the right side of LATERAL are
    /// trees of their own.
    pub fn for_each_expr_deep_mut(&mut self, f: &mut dyn FnMut(&mut BoundExpr)) {
        let mut node = Some(self);
        while let Some(current) = node {
            current.for_each_expr_mut(f);
            node = current.input_mut();
        }
    }
}

impl Node {
    /// Calls `f` for the right side of each LATERAL of the tree.
    pub fn for_each_lateral_mut(&mut self, f: &mut dyn FnMut(&mut Node)) {
        let mut node = Some(self);
        while let Some(current) = node {
            if let Node::Lateral { right, .. } = current {
                f(right);
            }
            node = current.input_mut();
        }
    }
}

impl LogicalPlan {
    /// Calls `f` for each query tree of the statement; those inside expressions are not included.
    pub fn for_each_tree_mut(&mut self, f: &mut dyn FnMut(&mut Node)) {
        match self {
            LogicalPlan::Query(node) => f(node),
            LogicalPlan::Insert(insert) => f(&mut insert.source),
            LogicalPlan::Train(train) => f(&mut train.source),
            LogicalPlan::QuantizeModel(quantize) => quantize.calibration.iter_mut().for_each(f),
            LogicalPlan::CopyTo(copy) => copy.source.for_each_tree_mut(f),
            LogicalPlan::Evaluate(evaluate) => {
                f(&mut evaluate.source);
                evaluate.propensity.iter_mut().for_each(f);
            }
            LogicalPlan::Explain(explain) => explain.plan.for_each_tree_mut(f),
            _ => {}
        }
    }

    /// Calls `f` for each expression that stands in no query tree: of UPDATE, DELETE, ON CONFLICT, RETURNING,
    /// EVALUATE.
    pub fn for_each_free_expr_mut(&mut self, f: &mut dyn FnMut(&mut BoundExpr)) {
        match self {
            LogicalPlan::Insert(insert) => {
                if let crate::plan::OnConflict::Update(assignments) = &mut insert.on_conflict {
                    assignments.iter_mut().for_each(|(_, expr)| f(expr));
                }
                insert.returning.iter_mut().flat_map(|r| &mut r.exprs).for_each(f);
            }
            LogicalPlan::Update(update) => {
                update.assignments.iter_mut().for_each(|(_, expr)| f(expr));
                update.filter.iter_mut().for_each(&mut *f);
                update.returning.iter_mut().flat_map(|r| &mut r.exprs).for_each(f);
            }
            LogicalPlan::Delete(delete) => {
                delete.filter.iter_mut().for_each(&mut *f);
                delete.returning.iter_mut().flat_map(|r| &mut r.exprs).for_each(f);
            }
            LogicalPlan::Evaluate(evaluate) => {
                if let Some(crate::plan::EvaluateBy::Expr(expr)) = &mut evaluate.by {
                    f(expr);
                }
                for target in &mut evaluate.targets {
                    let Search { text, vector, filter, .. } = &mut target.search;
                    text.iter_mut().chain(vector).chain(filter).for_each(&mut *f);
                }
            }
            LogicalPlan::CopyTo(copy) => copy.source.for_each_free_expr_mut(f),
            LogicalPlan::Explain(explain) => explain.plan.for_each_free_expr_mut(f),
            _ => {}
        }
    }
}

/// LIMIT + OFFSET. A sum that leaves BIGINT stays an expression and is reported when it is evaluated.
pub(crate) fn rows_wanted(limit: &BoundExpr, offset: Option<&BoundExpr>) -> BoundExpr {
    match (limit, offset) {
        (_, None | Some(BoundExpr::Literal(Value::Null | Value::BigInt(0)))) => limit.clone(),
        (BoundExpr::Literal(Value::BigInt(a)), Some(BoundExpr::Literal(Value::BigInt(b)))) => {
            BoundExpr::Literal(Value::BigInt(a.saturating_add(*b)))
        }
        (_, Some(offset)) => BoundExpr::Binary {
            op: BinaryOp::Add,
            left: Box::new(limit.clone()),
            right: Box::new(offset.clone()),
        },
    }
}

/// The search that a SELECT ranks, under its QUALIFY.
pub(crate) fn searched_below(node: &mut Node) -> Option<&mut Search> {
    match node {
        Node::Search(search) => Some(search),
        Node::Filter { input, .. } => searched_below(input),
        _ => None,
    }
}
