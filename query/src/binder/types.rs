//! Types of operands: what goes together, and the casts that make it so.

use crate::binder::context::{BindResult, Binder};
use crate::error::{ErrorCode, QueryError, Span};
use crate::eval::{EvalContext, EvalError, cast_value, evaluate};
use crate::expr::BoundExpr;
use crate::value::{DataType, Value, VectorFormat};
use crate::walk::{common_type, is_numeric};

impl From<EvalError> for QueryError {
    fn from(error: EvalError) -> QueryError {
        let code = match &error {
            EvalError::Overflow { .. } => ErrorCode::Overflow,
            EvalError::DivisionByZero { .. } => ErrorCode::DivisionByZero,
            EvalError::Cast { .. } => ErrorCode::InvalidCast,
            EvalError::Operands { .. } | EvalError::Argument { .. } => ErrorCode::TypeMismatch,
            EvalError::Dimension { .. } => ErrorCode::DimensionMismatch,
            EvalError::UnboundParameter { .. } => ErrorCode::UnboundParameter,
            EvalError::Internal(_) => ErrorCode::NoPlan,
            EvalError::Domain { .. }
            | EvalError::Pattern { .. }
            | EvalError::JsonPath { .. }
            | EvalError::TooLong { .. } => ErrorCode::InvalidArgument,
        };
        QueryError::new(code, error.to_string())
    }
}

/// The value of a constant expression.
pub(super) fn fold(expr: &BoundExpr, span: Span) -> BindResult<Value> {
    let context = EvalContext { params: &[], now_us: 0 };
    evaluate(expr, &[], &context).map_err(|error| QueryError::from(error).at(span))
}

/// A vector of an unknown or a known width.
pub(super) fn vector_type(dimension: Option<u32>) -> DataType {
    DataType::Vector { dimension, format: VectorFormat::F32 }
}

pub(super) fn mismatch(message: String, span: Span) -> QueryError {
    QueryError::new(ErrorCode::TypeMismatch, message).at(span)
}

impl Binder<'_> {
    /// Checks that an operand is BOOLEAN.
    pub(super) fn boolean(&mut self, expr: BoundExpr, span: Span, what: &str) -> BindResult<BoundExpr> {
        match expr.data_type() {
            DataType::Boolean => Ok(expr),
            DataType::Unknown => {
                self.infer(&expr, &DataType::Boolean);
                Ok(expr)
            }
            other => Err(mismatch(format!("{what} must be BOOLEAN, not {other}"), span)
                .help("compare it with something, as in `x = 1` or `x IS NOT NULL`")),
        }
    }

    /// Checks that an operand is a number; a parameter is expected to be of type `hint`.
    pub(super) fn number(
        &mut self,
        expr: BoundExpr,
        hint: &DataType,
        span: Span,
        what: &str,
    ) -> BindResult<BoundExpr> {
        match expr.data_type() {
            DataType::Unknown => {
                self.infer(&expr, hint);
                Ok(expr)
            }
            t if is_numeric(&t) => Ok(expr),
            other => Err(mismatch(format!("{what} must be a number, not {other}"), span)
                .help("add a CAST, as in CAST(x AS DOUBLE)")),
        }
    }

    /// Checks that an operand is TEXT.
    pub(super) fn text(&mut self, expr: BoundExpr, span: Span, what: &str) -> BindResult<BoundExpr> {
        match expr.data_type() {
            DataType::Text | DataType::Json => Ok(expr),
            DataType::Unknown => {
                self.infer(&expr, &DataType::Text);
                Ok(expr)
            }
            other => Err(mismatch(format!("{what} must be TEXT, not {other}"), span)
                .help("add a CAST, as in CAST(x AS TEXT)")),
        }
    }

    /// Makes an operand a vector; lists of numbers and text literals are cast.
    pub(super) fn vector(
        &mut self,
        expr: BoundExpr,
        dimension: Option<u32>,
        span: Span,
        what: &str,
    ) -> BindResult<BoundExpr> {
        let target = vector_type(dimension);
        let castable = match expr.data_type() {
            DataType::Vector { dimension: found, .. } => {
                if let (Some(found), Some(expected)) = (found, dimension)
                    && found != expected
                {
                    let message = format!("{what} has {found} elements, but {expected} are needed");
                    return Err(QueryError::new(ErrorCode::DimensionMismatch, message).at(span));
                }
                return Ok(expr);
            }
            DataType::Unknown => {
                self.infer(&expr, &target);
                true
            }
            DataType::List(element) => *element == DataType::Unknown || is_numeric(&element),
            DataType::Text => matches!(expr, BoundExpr::Literal(_)),
            _ => false,
        };
        if let (BoundExpr::List(items), Some(expected)) = (&expr, dimension)
            && items.len() != expected as usize
        {
            let message = format!("{what} has {} elements, but {expected} are needed", items.len());
            return Err(QueryError::new(ErrorCode::DimensionMismatch, message).at(span));
        }
        if !castable {
            let message = format!("{what} must be a VECTOR or a list of numbers, not {}", expr.data_type());
            return Err(mismatch(message, span));
        }
        cast(expr, target, span)
    }

    /// Brings two operands to types that compare, and infers parameters from the other side.
    pub(super) fn comparable(
        &mut self,
        left: BoundExpr,
        right: BoundExpr,
        span: Span,
        what: &str,
    ) -> BindResult<(BoundExpr, BoundExpr)> {
        let (a, b) = (left.data_type(), right.data_type());
        let right = self.adapt(right, &a, span)?;
        let left = self.adapt(left, &b, span)?;
        let (a, b) = (left.data_type(), right.data_type());
        if common_type(&a, &b).is_some() {
            return Ok((left, right));
        }
        let error = mismatch(format!("{what} cannot compare {a} with {b}"), span);
        Err(match (&a, &b) {
            (DataType::Text, t) | (t, DataType::Text) if is_numeric(t) => {
                error.help("write numbers without quotes, or add a CAST")
            }
            _ => error.help("add a CAST, as in CAST(x AS TEXT)"),
        })
    }

    /// Adapts an operand to the type of the other one: parameters are inferred, text literals become
    /// timestamps, lists become vectors.
    fn adapt(&mut self, expr: BoundExpr, other: &DataType, span: Span) -> BindResult<BoundExpr> {
        let is_text = matches!(expr, BoundExpr::Literal(Value::Text(_)));
        match other {
            DataType::Unknown => Ok(expr),
            DataType::Timestamp if is_text || matches!(expr, BoundExpr::Parameter(_)) => {
                self.infer(&expr, other);
                cast(expr, DataType::Timestamp, span)
            }
            DataType::Vector { dimension, .. } => self.vector(expr, *dimension, span, "the other operand"),
            _ => {
                self.infer(&expr, other);
                Ok(expr)
            }
        }
    }

    /// Casts expressions to their common type, so that a column of results has one type.
    pub(super) fn unify(&mut self, exprs: &mut [BoundExpr], span: Span, what: &str) -> BindResult<DataType> {
        let mut common = DataType::Unknown;
        for expr in exprs.iter() {
            let found = expr.data_type();
            common = common_type(&common, &found).ok_or_else(|| {
                mismatch(format!("{what} has values of types {common} and {found}"), span)
                    .help("add a CAST to one of them")
            })?;
        }
        for expr in exprs.iter_mut() {
            self.infer(expr, &common);
            let differs = !same_type(&expr.data_type(), &common);
            if differs && !matches!(expr, BoundExpr::Literal(Value::Null)) && common != DataType::Unknown {
                let taken = std::mem::replace(expr, BoundExpr::Literal(Value::Null));
                *expr = cast(taken, common.clone(), span)?;
            }
        }
        Ok(common)
    }
}

/// Whether a value of the one type is one of the other without a cast; the storage format does not matter.
pub(super) fn same_type(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Vector { dimension: a, .. }, DataType::Vector { dimension: b, .. }) => {
            a == b || (b.is_none() && a.is_some())
        }
        (DataType::List(a), DataType::List(b)) => same_type(a, b),
        _ => from == to,
    }
}

/// A cast; that of a literal is done here, so that its error has a place.
pub(super) fn cast(expr: BoundExpr, to: DataType, span: Span) -> BindResult<BoundExpr> {
    match expr {
        BoundExpr::Literal(value) => {
            let value = cast_value(value, &to).map_err(|error| QueryError::from(error).at(span))?;
            Ok(BoundExpr::Literal(value))
        }
        BoundExpr::List(items) if items.iter().all(|item| matches!(item, BoundExpr::Literal(_))) => {
            let list = fold(&BoundExpr::List(items), span)?;
            cast(BoundExpr::Literal(list), to, span)
        }
        other => Ok(BoundExpr::Cast { expr: Box::new(other), to }),
    }
}
