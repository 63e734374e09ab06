//! Expressions.

use super::{Ident, Query, TypeName};
use crate::error::Span;
use crate::expr::{BinaryOp, UnaryOp};
use crate::value::Value;

/// An expression and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where, without enclosing parentheses.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// NULL, TRUE, a number, a string, `TIMESTAMP '...'`. Integers beyond BIGINT are DOUBLE.
    /// A minus before a number is part of the literal.
    Literal(Value),
    /// `?`, `$1`, `:name`.
    Parameter {
        /// Position in [`super::Statement::parameters`], from 0.
        index: usize,
        /// Name of a `:name` parameter.
        name: Option<String>,
    },
    /// A column, a stage's column (`probe.score`), or the name of an object as an argument
    /// (`encode(minilm, title)`).
    Column(Box<ColumnName>),
    /// NOT and minus.
    Unary {
        /// Operator.
        op: UnaryOp,
        /// Operand.
        expr: Box<Expr>,
    },
    /// Arithmetic, comparison, concatenation.
    Binary {
        /// Operator.
        op: BinaryOp,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `<=>`, `<->`, `<#>` of pgvector; the binder allows them in ORDER BY.
    Distance {
        /// Operator.
        op: DistanceOp,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// AND (or OR) over a list.
    Logic {
        /// True: AND. False: OR.
        all: bool,
        /// At least two operands.
        operands: Vec<Expr>,
    },
    /// \[NOT\] BETWEEN.
    Between {
        /// Operand.
        expr: Box<Expr>,
        /// Least value, included.
        low: Box<Expr>,
        /// Greatest value, included.
        high: Box<Expr>,
        /// NOT BETWEEN.
        negated: bool,
    },
    /// \[NOT\] IN (list).
    InList {
        /// Operand.
        expr: Box<Expr>,
        /// At least one candidate.
        list: Vec<Expr>,
        /// NOT IN.
        negated: bool,
    },
    /// \[NOT\] IN (SELECT ...).
    InQuery {
        /// Operand.
        expr: Box<Expr>,
        /// Query.
        query: Box<Query>,
        /// NOT IN.
        negated: bool,
    },
    /// \[NOT\] LIKE, ILIKE.
    Like {
        /// Operand.
        expr: Box<Expr>,
        /// Pattern.
        pattern: Box<Expr>,
        /// NOT LIKE.
        negated: bool,
        /// ILIKE.
        ignore_case: bool,
    },
    /// IS \[NOT\] NULL.
    IsNull {
        /// Operand.
        expr: Box<Expr>,
        /// IS NOT NULL.
        negated: bool,
    },
    /// CASE \[operand\] WHEN ... THEN ... \[ELSE ...\] END.
    Case {
        /// The value that the WHENs are compared with; None: the WHENs are conditions.
        operand: Option<Box<Expr>>,
        /// At least one (WHEN, THEN).
        branches: Vec<(Expr, Expr)>,
        /// ELSE.
        otherwise: Option<Box<Expr>>,
    },
    /// CAST(x AS t), x::t.
    Cast {
        /// Operand.
        expr: Box<Expr>,
        /// Target.
        to: Box<TypeName>,
    },
    /// A function or aggregate.
    Call(Box<Call>),
    /// `[a, b]`, `ARRAY[a, b]`.
    List(Vec<Expr>),
}

/// A possibly qualified name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnName {
    /// Table alias, stage name, or `excluded`.
    pub qualifier: Option<Ident>,
    /// Column.
    pub name: Ident,
}

/// A call of a function or aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Function.
    pub name: Ident,
    /// Arguments; empty for `count(*)`.
    pub args: Vec<Expr>,
    /// `count(DISTINCT x)`.
    pub distinct: bool,
    /// `count(*)`.
    pub star: bool,
}

/// The distance operators of pgvector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DistanceOp {
    /// `<=>`: one minus the cosine.
    Cosine,
    /// `<->`: Euclidean distance.
    L2,
    /// `<#>`: the negative inner product.
    NegativeInnerProduct,
}

impl Expr {
    /// An expression at a place.
    pub fn new(kind: ExprKind, span: Span) -> Expr {
        Expr { kind, span }
    }

    /// Whether it calls a function of this name; subqueries are left out.
    pub fn calls(&self, name: &str) -> bool {
        let any = |exprs: &[Expr]| exprs.iter().any(|expr| expr.calls(name));
        match &self.kind {
            ExprKind::Literal(_) | ExprKind::Parameter { .. } | ExprKind::Column(_) => false,
            ExprKind::Unary { expr, .. }
            | ExprKind::InQuery { expr, .. }
            | ExprKind::IsNull { expr, .. }
            | ExprKind::Cast { expr, .. } => expr.calls(name),
            ExprKind::Binary { left, right, .. } | ExprKind::Distance { left, right, .. } => {
                left.calls(name) || right.calls(name)
            }
            ExprKind::Logic { operands: exprs, .. } | ExprKind::List(exprs) => any(exprs),
            ExprKind::Between { expr, low, high, .. } => {
                expr.calls(name) || low.calls(name) || high.calls(name)
            }
            ExprKind::InList { expr, list, .. } => expr.calls(name) || any(list),
            ExprKind::Like { expr, pattern, .. } => expr.calls(name) || pattern.calls(name),
            ExprKind::Case { operand, branches, otherwise } => {
                let ends = [operand, otherwise].into_iter().flatten().any(|expr| expr.calls(name));
                ends || branches.iter().any(|(when, then)| when.calls(name) || then.calls(name))
            }
            ExprKind::Call(call) => call.name.name == name || any(&call.args),
        }
    }
}
