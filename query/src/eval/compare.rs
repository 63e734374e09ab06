//! Comparison of two values, three-valued and typed.

use std::cmp::Ordering;

use crate::eval::error::EvalError;
use crate::value::Value;

/// Compares two values that are not NULL; None if one is. BIGINT and DOUBLE are compared without rounding.
///
/// # Errors
/// When the types do not go together.
pub fn compare(operation: &'static str, left: &Value, right: &Value) -> Result<Option<Ordering>, EvalError> {
    use Value::{BigInt, Boolean, Double, Json, List, Null, Text, Timestamp, Vector};
    match (left, right) {
        (Null, _) | (_, Null) => Ok(None),
        (Boolean(_), Boolean(_))
        | (BigInt(_) | Double(_), BigInt(_) | Double(_))
        | (Text(_) | Json(_), Text(_) | Json(_))
        | (Timestamp(_), Timestamp(_))
        | (Vector(_), Vector(_))
        | (List(_), List(_)) => Ok(Some(left.total_cmp(right))),
        _ => Err(EvalError::Operands {
            operation,
            left: left.data_type().to_string(),
            right: right.data_type().to_string(),
        }),
    }
}
