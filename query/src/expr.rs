//! Bound expressions: columns are positions in the input row, functions are resolved, types are known.

use std::sync::Arc;

use crate::plan::Node;
use crate::value::{DataType, Value};
use crate::value_set::ValueSet;

/// An expression over one input row.
#[derive(Clone, Debug, PartialEq)]
pub enum BoundExpr {
    /// A constant.
    Literal(Value),
    /// The i-th parameter of the statement, from 0.
    Parameter(usize),
    /// A column of the input row.
    Column {
        /// Position.
        index: usize,
        /// Type.
        data_type: DataType,
    },
    /// The statement's time, the same for all its rows.
    Now,
    /// NOT and minus.
    Unary {
        /// Operator.
        op: UnaryOp,
        /// Operand.
        expr: Box<BoundExpr>,
    },
    /// Arithmetic, comparison, concatenation. AND and OR are flat lists, [`BoundExpr::Logic`].
    Binary {
        /// Operator.
        op: BinaryOp,
        /// Left operand.
        left: Box<BoundExpr>,
        /// Right operand.
        right: Box<BoundExpr>,
    },
    /// AND (or OR) over a list, three-valued; flat, so that long chains do not nest.
    Logic {
        /// True: AND. False: OR.
        all: bool,
        /// At least two operands.
        operands: Vec<BoundExpr>,
    },
    /// IS \[NOT\] NULL.
    IsNull {
        /// Operand.
        expr: Box<BoundExpr>,
        /// IS NOT NULL.
        negated: bool,
    },
    /// \[NOT\] IN (list).
    InList {
        /// Operand.
        expr: Box<BoundExpr>,
        /// Candidates.
        list: Vec<BoundExpr>,
        /// NOT IN.
        negated: bool,
    },
    /// \[NOT\] IN (a long list of constants), found by binary search.
    InSet {
        /// Operand.
        expr: Box<BoundExpr>,
        /// Candidates.
        set: Arc<ValueSet>,
        /// NOT IN.
        negated: bool,
    },
    /// \[NOT\] IN (SELECT ...): the engine runs the query once and replaces it by an [`BoundExpr::InSet`].
    InQuery {
        /// Operand.
        expr: Box<BoundExpr>,
        /// Query of one column, independent of the row.
        query: Box<Node>,
        /// NOT IN.
        negated: bool,
    },
    /// \[NOT\] LIKE / ILIKE with `%`, `_` and backslash escapes.
    Like {
        /// Operand.
        expr: Box<BoundExpr>,
        /// Pattern.
        pattern: Box<BoundExpr>,
        /// NOT LIKE.
        negated: bool,
        /// ILIKE.
        ignore_case: bool,
    },
    /// CASE; an `operand` form is bound into comparisons.
    Case {
        /// (condition, result).
        branches: Vec<(BoundExpr, BoundExpr)>,
        /// ELSE.
        otherwise: Option<Box<BoundExpr>>,
        /// Type of the result.
        data_type: DataType,
    },
    /// CAST, and the casts that assignment needs.
    Cast {
        /// Operand.
        expr: Box<BoundExpr>,
        /// Target.
        to: DataType,
    },
    /// A scalar function.
    Call {
        /// Function.
        function: Function,
        /// Arguments, count and types checked.
        args: Vec<BoundExpr>,
    },
    /// A call of a fusion in SCORE BY: the engine replaces it by a [`BoundExpr::Native`].
    Fusion {
        /// Fusion.
        name: String,
        /// As many numbers as the fusion has features.
        args: Vec<BoundExpr>,
    },
    /// A function that the engine brings.
    Native {
        /// Function.
        function: Arc<dyn NativeFunction>,
        /// Its arguments, DOUBLE.
        args: Vec<BoundExpr>,
    },
    /// An array of its elements.
    List(Vec<BoundExpr>),
}

/// A function of numbers that the engine brings into an expression, such as a trained fusion.
pub trait NativeFunction: Send + Sync + std::fmt::Debug {
    /// Its name, for printed plans.
    fn name(&self) -> &str;

    /// Its value for as many arguments as the plan gives it; none of them is NULL. The same arguments always
    /// give the same value.
    fn call(&self, args: &[f64]) -> f64;
}

/// Two functions are the same where they are one object.
impl PartialEq for dyn NativeFunction {
    fn eq(&self, other: &dyn NativeFunction) -> bool {
        std::ptr::addr_eq(self, other)
    }
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// NOT.
    Not,
    /// Minus.
    Negate,
}

/// Binary operators; integer arithmetic is checked, division by zero is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `||`
    Concat,
    /// `=`
    Equal,
    /// `<>`, `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

/// Scalar functions. NULL in, NULL out unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// lower(text).
    Lower,
    /// upper(text).
    Upper,
    /// length(text) in characters, or of an array in elements.
    Length,
    /// trim(text).
    Trim,
    /// substr(text, start from 1 \[, count\]) in characters.
    Substr,
    /// replace(text, from, to).
    Replace,
    /// concat(...): NULLs are skipped.
    Concat,
    /// hash(x): a number from 0 to 2^63 - 1 that depends on the text of x alone, now and in every version.
    Hash,
    /// coalesce(...): the first that is not NULL.
    Coalesce,
    /// nullif(a, b).
    NullIf,
    /// abs(x).
    Abs,
    /// round(x \[, digits\]).
    Round,
    /// floor(x).
    Floor,
    /// ceil(x).
    Ceil,
    /// sqrt(x); a negative argument is an error.
    Sqrt,
    /// exp(x).
    Exp,
    /// ln(x); an argument that is not positive is an error.
    Ln,
    /// power(x, y).
    Power,
    /// greatest(...): NULLs are skipped.
    Greatest,
    /// least(...): NULLs are skipped.
    Least,
    /// sigmoid(x) = 1 / (1 + exp(-x)).
    Sigmoid,
    /// l3_hinge(v) = exp(-max(0, 1 - v)^3), the PECOS post-processor.
    L3Hinge,
    /// inner_product(v, w).
    InnerProduct,
    /// cosine(v, w); a zero vector is an error.
    Cosine,
    /// l2(v, w): Euclidean distance.
    L2,
    /// normalize(v): unit length; a zero vector is an error.
    Normalize,
    /// array_contains(array, value).
    ArrayContains,
    /// json_extract(json, path) with `$.a.b[0]` paths: the text of a scalar, the JSON text of the rest.
    JsonExtract,
}
