//! What can be read off a bound expression, and how one is rewritten: type, columns, children.

use std::collections::BTreeSet;

use crate::expr::{BinaryOp, BoundExpr, Function, UnaryOp};
use crate::value::{DataType, Value, VectorFormat};

/// Greatest height of an expression that rewriting may make; the parser's own bound on what is written.
pub(crate) const HEIGHT_MAX: usize = 128;

impl BoundExpr {
    /// Length of the longest path from here to a leaf, in nodes.
    pub fn height(&self) -> usize {
        1 + self.children().into_iter().map(BoundExpr::height).max().unwrap_or(0)
    }

    /// Number of nodes, subqueries not included.
    pub fn size(&self) -> usize {
        let mut size = 0usize;
        self.visit(&mut |_| size += 1);
        size
    }

    /// A constant TRUE or FALSE.
    pub fn boolean(value: bool) -> BoundExpr {
        BoundExpr::Literal(Value::Boolean(value))
    }

    /// The conjunction of a list; TRUE for an empty one.
    pub fn and(mut operands: Vec<BoundExpr>) -> BoundExpr {
        match (operands.pop(), operands.is_empty()) {
            (None, _) => BoundExpr::boolean(true),
            (Some(only), true) => only,
            (Some(last), false) => {
                operands.push(last);
                BoundExpr::Logic { all: true, operands }
            }
        }
    }

    /// Splits a conjunction into its operands; anything else is a list of one.
    pub fn conjuncts(self) -> Vec<BoundExpr> {
        match self {
            BoundExpr::Logic { all: true, operands } => {
                operands.into_iter().flat_map(BoundExpr::conjuncts).collect()
            }
            other => vec![other],
        }
    }

    /// The type of the result; Unknown for NULL and for parameters.
    pub fn data_type(&self) -> DataType {
        match self {
            BoundExpr::Literal(value) => value.data_type(),
            BoundExpr::Parameter(_) => DataType::Unknown,
            BoundExpr::Column { data_type, .. } | BoundExpr::Case { data_type, .. } => data_type.clone(),
            BoundExpr::Now => DataType::Timestamp,
            BoundExpr::Unary { op: UnaryOp::Not, .. }
            | BoundExpr::Logic { .. }
            | BoundExpr::IsNull { .. }
            | BoundExpr::InList { .. }
            | BoundExpr::InSet { .. }
            | BoundExpr::InQuery { .. }
            | BoundExpr::Like { .. } => DataType::Boolean,
            BoundExpr::Unary { op: UnaryOp::Negate, expr } => arithmetic_type(&expr.data_type()),
            BoundExpr::Binary { op, left, right } => binary_type(*op, &left.data_type(), &right.data_type()),
            BoundExpr::Cast { to, .. } => to.clone(),
            BoundExpr::Call { function, args } => function_type(*function, args),
            BoundExpr::Fusion { .. } | BoundExpr::Native { .. } => DataType::Double,
            BoundExpr::List(items) => {
                let element = items
                    .iter()
                    .map(BoundExpr::data_type)
                    .reduce(|a, b| common_type(&a, &b).unwrap_or(DataType::Unknown));
                DataType::List(Box::new(element.unwrap_or(DataType::Unknown)))
            }
        }
    }

    /// The direct operands, in order of evaluation. A subquery of IN is not an operand.
    pub fn children(&self) -> Vec<&BoundExpr> {
        match self {
            BoundExpr::Literal(_) | BoundExpr::Parameter(_) | BoundExpr::Column { .. } | BoundExpr::Now => {
                vec![]
            }
            BoundExpr::Unary { expr, .. }
            | BoundExpr::IsNull { expr, .. }
            | BoundExpr::InQuery { expr, .. }
            | BoundExpr::InSet { expr, .. }
            | BoundExpr::Cast { expr, .. } => vec![expr],
            BoundExpr::Binary { left, right, .. } => vec![left, right],
            BoundExpr::Logic { operands, .. } => operands.iter().collect(),
            BoundExpr::InList { expr, list, .. } => std::iter::once(expr.as_ref()).chain(list).collect(),
            BoundExpr::Like { expr, pattern, .. } => vec![expr, pattern],
            BoundExpr::Case { branches, otherwise, .. } => {
                let pairs = branches.iter().flat_map(|(when, then)| [when, then]);
                pairs.chain(otherwise.as_deref()).collect()
            }
            BoundExpr::Call { args, .. }
            | BoundExpr::Fusion { args, .. }
            | BoundExpr::Native { args, .. } => args.iter().collect(),
            BoundExpr::List(items) => items.iter().collect(),
        }
    }

    /// Rewrites the direct operands. The order is that of [`BoundExpr::children`].
    #[must_use]
    pub fn map_children(self, f: &mut impl FnMut(BoundExpr) -> BoundExpr) -> BoundExpr {
        match self {
            BoundExpr::Literal(_) | BoundExpr::Parameter(_) | BoundExpr::Column { .. } | BoundExpr::Now => {
                self
            }
            BoundExpr::Unary { op, expr } => BoundExpr::Unary { op, expr: map_box(expr, f) },
            BoundExpr::IsNull { expr, negated } => BoundExpr::IsNull { expr: map_box(expr, f), negated },
            BoundExpr::InQuery { expr, query, negated } => {
                BoundExpr::InQuery { expr: map_box(expr, f), query, negated }
            }
            BoundExpr::InSet { expr, set, negated } => {
                BoundExpr::InSet { expr: map_box(expr, f), set, negated }
            }
            BoundExpr::Cast { expr, to } => BoundExpr::Cast { expr: map_box(expr, f), to },
            BoundExpr::Binary { op, left, right } => {
                let left = map_box(left, f);
                BoundExpr::Binary { op, left, right: map_box(right, f) }
            }
            BoundExpr::Logic { all, operands } => {
                BoundExpr::Logic { all, operands: operands.into_iter().map(f).collect() }
            }
            BoundExpr::InList { expr, list, negated } => {
                let expr = map_box(expr, f);
                BoundExpr::InList { expr, list: list.into_iter().map(f).collect(), negated }
            }
            BoundExpr::Like { expr, pattern, negated, ignore_case } => {
                let expr = map_box(expr, f);
                BoundExpr::Like { expr, pattern: map_box(pattern, f), negated, ignore_case }
            }
            BoundExpr::Case { branches, otherwise, data_type } => {
                let branches = branches.into_iter().map(|(when, then)| (f(when), f(then))).collect();
                let otherwise = otherwise.map(|expr| map_box(expr, f));
                BoundExpr::Case { branches, otherwise, data_type }
            }
            BoundExpr::Call { function, args } => {
                BoundExpr::Call { function, args: args.into_iter().map(f).collect() }
            }
            BoundExpr::Fusion { name, args } => {
                BoundExpr::Fusion { name, args: args.into_iter().map(f).collect() }
            }
            BoundExpr::Native { function, args } => {
                BoundExpr::Native { function, args: args.into_iter().map(f).collect() }
            }
            BoundExpr::List(items) => BoundExpr::List(items.into_iter().map(f).collect()),
        }
    }

    /// Calls `visit` for this expression and everything below it, parents first.
    pub fn visit(&self, visit: &mut impl FnMut(&BoundExpr)) {
        visit(self);
        for child in self.children() {
            child.visit(visit);
        }
    }

    /// Positions of the columns it reads, in order.
    pub fn columns(&self) -> BTreeSet<usize> {
        let mut columns = BTreeSet::new();
        self.visit(&mut |expr| {
            if let BoundExpr::Column { index, .. } = expr {
                columns.insert(*index);
            }
        });
        columns
    }

    /// Replaces every column reference: `f` gets its position and type.
    #[must_use]
    pub fn map_columns(self, f: &mut impl FnMut(usize, DataType) -> BoundExpr) -> BoundExpr {
        self.map_columns_dyn(f)
    }

    /// One instance for all closures, since the recursion would otherwise name ever deeper types.
    fn map_columns_dyn(self, f: &mut dyn FnMut(usize, DataType) -> BoundExpr) -> BoundExpr {
        match self {
            BoundExpr::Column { index, data_type } => f(index, data_type),
            other => other.map_children(&mut |child| child.map_columns_dyn(f)),
        }
    }

    /// Replaces every parameter by its value, or leaves it where `values` is shorter.
    #[must_use]
    pub fn with_parameters(self, values: &[Value]) -> BoundExpr {
        match self {
            BoundExpr::Parameter(i) => match values.get(i) {
                Some(value) => BoundExpr::Literal(value.clone()),
                None => BoundExpr::Parameter(i),
            },
            other => other.map_children(&mut |child| child.with_parameters(values)),
        }
    }

    /// Whether its value is the same whenever the statement runs: no columns, parameters, time or subqueries.
    pub fn is_constant(&self) -> bool {
        match self {
            BoundExpr::Parameter(_)
            | BoundExpr::Column { .. }
            | BoundExpr::Now
            | BoundExpr::InQuery { .. }
            | BoundExpr::Fusion { .. }
            | BoundExpr::Native { .. } => false,
            other => other.children().into_iter().all(BoundExpr::is_constant),
        }
    }
}

/// Rewrites a boxed operand in its box.
fn map_box(mut expr: Box<BoundExpr>, f: &mut impl FnMut(BoundExpr) -> BoundExpr) -> Box<BoundExpr> {
    let taken = std::mem::replace(expr.as_mut(), BoundExpr::Now);
    *expr = f(taken);
    expr
}

/// The type that holds values of both, where there is one: numbers widen to BIGINT or DOUBLE, vectors of
/// different widths lose their dimension, NULLs and parameters fit everywhere.
pub fn common_type(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{BigInt, Double, Integer, List, Real, Unknown, Vector};
    match (a, b) {
        (Unknown, other) | (other, Unknown) => Some(other.clone()),
        _ if a == b => Some(a.clone()),
        (Integer | BigInt, Integer | BigInt) => Some(BigInt),
        (Integer | BigInt | Real | Double, Integer | BigInt | Real | Double) => Some(Double),
        (Vector { dimension: x, .. }, Vector { dimension: y, .. }) => {
            let dimension = if x == y { *x } else { None };
            Some(Vector { dimension, format: VectorFormat::F32 })
        }
        (List(x), List(y)) => common_type(x, y).map(|element| List(Box::new(element))),
        _ => None,
    }
}

/// Whether the type is one of numbers.
pub fn is_numeric(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Integer | DataType::BigInt | DataType::Real | DataType::Double)
}

/// Arithmetic is done in BIGINT or DOUBLE.
fn arithmetic_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Integer => DataType::BigInt,
        DataType::Real => DataType::Double,
        other => other.clone(),
    }
}

/// Type of a binary operation whose operands were checked.
fn binary_type(op: BinaryOp, left: &DataType, right: &DataType) -> DataType {
    match op {
        BinaryOp::Concat => DataType::Text,
        op if op.is_comparison() => DataType::Boolean,
        // A parameter may turn out to be a double, so that a BIGINT beside it decides nothing.
        _ => match (left, right) {
            (DataType::Unknown, DataType::Integer | DataType::BigInt)
            | (DataType::Integer | DataType::BigInt, DataType::Unknown) => DataType::Unknown,
            _ => common_type(&arithmetic_type(left), &arithmetic_type(right)).unwrap_or(DataType::Unknown),
        },
    }
}

/// Result type of a function.
fn function_type(function: Function, args: &[BoundExpr]) -> DataType {
    let first = || args.first().map_or(DataType::Unknown, BoundExpr::data_type);
    match function {
        Function::Lower
        | Function::Upper
        | Function::Trim
        | Function::Substr
        | Function::Replace
        | Function::Concat
        | Function::JsonExtract => DataType::Text,
        Function::Length | Function::Hash => DataType::BigInt,
        Function::Coalesce | Function::Greatest | Function::Least => args
            .iter()
            .map(BoundExpr::data_type)
            .reduce(|a, b| common_type(&a, &b).unwrap_or(DataType::Unknown))
            .unwrap_or(DataType::Unknown),
        Function::NullIf => first(),
        Function::Abs | Function::Round | Function::Floor | Function::Ceil => arithmetic_type(&first()),
        Function::Sqrt
        | Function::Exp
        | Function::Ln
        | Function::Power
        | Function::Sigmoid
        | Function::L3Hinge
        | Function::InnerProduct
        | Function::Cosine
        | Function::L2 => DataType::Double,
        Function::Normalize => match first() {
            DataType::Vector { dimension, .. } => DataType::Vector { dimension, format: VectorFormat::F32 },
            _ => DataType::Vector { dimension: None, format: VectorFormat::F32 },
        },
        Function::ArrayContains => DataType::Boolean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(index: usize, data_type: DataType) -> BoundExpr {
        BoundExpr::Column { index, data_type }
    }

    #[test]
    fn numbers_widen_and_other_types_do_not_mix() {
        let widened = common_type(&DataType::Integer, &DataType::Real);
        assert_eq!(widened, Some(DataType::Double));
        assert_eq!(common_type(&DataType::Integer, &DataType::BigInt), Some(DataType::BigInt));
        assert_eq!(common_type(&DataType::Text, &DataType::Unknown), Some(DataType::Text));
        assert_eq!(common_type(&DataType::Text, &DataType::BigInt), None);
    }

    #[test]
    fn columns_are_found_and_replaced_everywhere() {
        let case = BoundExpr::Case {
            branches: vec![(column(4, DataType::Boolean), column(1, DataType::Text))],
            otherwise: Some(Box::new(column(2, DataType::Text))),
            data_type: DataType::Text,
        };
        let list =
            BoundExpr::InList { expr: Box::new(case), list: vec![column(9, DataType::Text)], negated: true };
        assert_eq!(list.columns().into_iter().collect::<Vec<_>>(), [1, 2, 4, 9]);
        let moved = list.map_columns(&mut |i, t| column(i + 10, t));
        assert_eq!(moved.columns().into_iter().collect::<Vec<_>>(), [11, 12, 14, 19]);
    }

    #[test]
    fn conjunctions_split_and_join() {
        let parts = vec![column(0, DataType::Boolean), column(1, DataType::Boolean)];
        let joined = BoundExpr::and(parts.clone());
        assert_eq!(joined.clone().conjuncts(), parts);
        assert_eq!(BoundExpr::and(vec![]), BoundExpr::boolean(true));
        assert_eq!(BoundExpr::and(vec![joined.clone()]), joined);
    }
}
