//! Rules on expressions: constants, logic, long lists.

use std::sync::Arc;

use crate::eval::{EvalContext, evaluate};
use crate::expr::{BinaryOp, BoundExpr, UnaryOp};
use crate::optimize::Rule;
use crate::value::Value;
use crate::value_set::ValueSet;

/// Lists of IN shorter than this are compared one by one.
const SET_LENGTH_MIN: usize = 16;

/// Computes what does not depend on rows, parameters or time. What fails stays, and fails when it is reached.
pub(super) struct ConstantFolding;

impl Rule for ConstantFolding {
    fn name(&self) -> &'static str {
        "constant_folding"
    }

    fn expr(&self, expr: BoundExpr) -> BoundExpr {
        fold(expr)
    }
}

/// Folds from the leaves up, so that each operand is looked at once.
fn fold(expr: BoundExpr) -> BoundExpr {
    let expr = expr.map_children(&mut fold);
    let leaf = matches!(
        expr,
        BoundExpr::Literal(_)
            | BoundExpr::Parameter(_)
            | BoundExpr::Column { .. }
            | BoundExpr::Now
            | BoundExpr::InQuery { .. }
    );
    if leaf || !expr.children().iter().all(|child| matches!(child, BoundExpr::Literal(_))) {
        return expr;
    }
    match evaluate(&expr, &[], &EvalContext { params: &[], now_us: 0 }) {
        Ok(value) => BoundExpr::Literal(value),
        Err(_) => expr,
    }
}

/// Drops what does not matter in AND and OR, joins nested ones, and moves NOT into what it negates.
pub(super) struct BooleanSimplification;

impl Rule for BooleanSimplification {
    fn name(&self) -> &'static str {
        "boolean_simplification"
    }

    fn expr(&self, expr: BoundExpr) -> BoundExpr {
        simplify(expr)
    }
}

fn simplify(expr: BoundExpr) -> BoundExpr {
    match expr.map_children(&mut simplify) {
        BoundExpr::Logic { all, operands } => simplify_logic(all, operands),
        BoundExpr::Unary { op: UnaryOp::Not, expr } => negate(*expr),
        other => other,
    }
}

fn simplify_logic(all: bool, operands: Vec<BoundExpr>) -> BoundExpr {
    let mut kept = Vec::with_capacity(operands.len());
    for operand in operands {
        match operand {
            BoundExpr::Literal(Value::Boolean(b)) if b == all => {}
            BoundExpr::Literal(Value::Boolean(b)) => return BoundExpr::boolean(b),
            BoundExpr::Logic { all: inner, operands } if inner == all => kept.extend(operands),
            other => kept.push(other),
        }
    }
    if kept.len() > 1 {
        return BoundExpr::Logic { all, operands: kept };
    }
    kept.pop().unwrap_or_else(|| BoundExpr::boolean(all))
}

/// NOT of an expression; every form keeps NULL for NULL.
fn negate(expr: BoundExpr) -> BoundExpr {
    match expr {
        BoundExpr::Unary { op: UnaryOp::Not, expr } => *expr,
        BoundExpr::IsNull { expr, negated } => BoundExpr::IsNull { expr, negated: !negated },
        BoundExpr::InList { expr, list, negated } => BoundExpr::InList { expr, list, negated: !negated },
        BoundExpr::InSet { expr, set, negated } => BoundExpr::InSet { expr, set, negated: !negated },
        BoundExpr::InQuery { expr, query, negated } => BoundExpr::InQuery { expr, query, negated: !negated },
        BoundExpr::Like { expr, pattern, negated, ignore_case } => {
            BoundExpr::Like { expr, pattern, negated: !negated, ignore_case }
        }
        BoundExpr::Binary { op, left, right } if op.is_comparison() => {
            BoundExpr::Binary { op: opposite(op), left, right }
        }
        other => BoundExpr::Unary { op: UnaryOp::Not, expr: Box::new(other) },
    }
}

/// The comparison that is true where this one is false.
fn opposite(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Equal => BinaryOp::NotEqual,
        BinaryOp::NotEqual => BinaryOp::Equal,
        BinaryOp::Less => BinaryOp::GreaterEqual,
        BinaryOp::LessEqual => BinaryOp::Greater,
        BinaryOp::Greater => BinaryOp::LessEqual,
        BinaryOp::GreaterEqual => BinaryOp::Less,
        other => other,
    }
}

/// Turns a long IN list of constants into a set that is searched, not walked.
pub(super) struct SetMembership;

impl Rule for SetMembership {
    fn name(&self) -> &'static str {
        "set_membership"
    }

    fn expr(&self, expr: BoundExpr) -> BoundExpr {
        to_set(expr)
    }
}

fn to_set(expr: BoundExpr) -> BoundExpr {
    match expr.map_children(&mut to_set) {
        BoundExpr::InList { expr, list, negated }
            if list.len() >= SET_LENGTH_MIN && comparable(&expr, &list) =>
        {
            let values = list.into_iter().filter_map(|item| match item {
                BoundExpr::Literal(value) => Some(value),
                _ => None,
            });
            BoundExpr::InSet { expr, set: Arc::new(ValueSet::new(values.collect())), negated }
        }
        other => other,
    }
}

/// Whether all are constants that compare with the operand without an error; a set never fails.
fn comparable(expr: &BoundExpr, list: &[BoundExpr]) -> bool {
    let of = expr.data_type();
    of != crate::value::DataType::Unknown
        && list.iter().all(|item| {
            matches!(item, BoundExpr::Literal(_))
                && crate::walk::common_type(&of, &item.data_type()).is_some()
        })
}
