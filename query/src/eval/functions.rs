//! Scalar functions. Arguments arrive evaluated; NULL in, NULL out unless a function says otherwise.

use std::borrow::Cow;

use crate::eval::cast::cast_value;
use crate::eval::compare::compare;
use crate::eval::error::EvalError;
use crate::eval::json::{self, Item};
use crate::expr::Function;
use crate::limits::TEXT_BYTES_MAX;
use crate::value::{DataType, Value, VectorFormat};

/// An argument list.
type Args<'a> = [Cow<'a, Value>];

/// Calls a function.
pub(super) fn call(function: Function, args: &Args<'_>) -> Result<Value, EvalError> {
    match function {
        Function::Concat => return concat(args),
        Function::Greatest | Function::Least => return extreme(function, args),
        Function::NullIf => return null_if(argument(args, 0)?, argument(args, 1)?),
        Function::Coalesce => {
            let first = args.iter().find(|v| !v.is_null());
            return Ok(first.map_or(Value::Null, |v| v.as_ref().clone()));
        }
        _ => {}
    }
    if args.iter().any(|value| value.is_null()) {
        return Ok(Value::Null);
    }
    match function {
        Function::Lower | Function::Upper | Function::Trim | Function::Substr | Function::Replace => {
            text_function(function, args)
        }
        Function::Length => length(argument(args, 0)?),
        Function::Hash => Ok(hash(argument(args, 0)?)),
        Function::Abs | Function::Round | Function::Floor | Function::Ceil => rounding(function, args),
        Function::InnerProduct | Function::Cosine | Function::L2 => vector_pair(function, args),
        Function::Normalize => normalize(argument(args, 0)?),
        Function::ArrayContains => array_contains(argument(args, 0)?, argument(args, 1)?),
        Function::JsonExtract => json_extract(argument(args, 0)?, argument(args, 1)?),
        _ => real_function(function, args),
    }
}

/// Refuses a text that would be longer than the limit, before it is made.
pub(super) fn check_length(function: &'static str, bytes: usize) -> Result<(), EvalError> {
    if bytes > TEXT_BYTES_MAX {
        return Err(EvalError::TooLong { function, bytes_max: TEXT_BYTES_MAX });
    }
    Ok(())
}

/// The i-th argument; the binder has checked their count.
fn argument<'v>(args: &'v Args<'_>, i: usize) -> Result<&'v Value, EvalError> {
    match args.get(i) {
        Some(value) => Ok(value),
        None => Err(EvalError::Internal("a function has too few arguments")),
    }
}

fn wrong(function: Function, value: &Value, expected: &'static str) -> EvalError {
    EvalError::Argument { operation: function.name(), value: value.shown(), expected }
}

fn text(function: Function, value: &Value) -> Result<&str, EvalError> {
    match value {
        Value::Text(s) | Value::Json(s) => Ok(s),
        other => Err(wrong(function, other, "TEXT")),
    }
}

fn integer(function: Function, value: &Value) -> Result<i64, EvalError> {
    match value {
        Value::BigInt(i) => Ok(*i),
        other => Err(wrong(function, other, "a BIGINT")),
    }
}

fn double(function: Function, value: &Value) -> Result<f64, EvalError> {
    match value {
        Value::BigInt(i) => Ok(*i as f64),
        Value::Double(d) => Ok(*d),
        other => Err(wrong(function, other, "a number")),
    }
}

fn text_function(function: Function, args: &Args<'_>) -> Result<Value, EvalError> {
    let source = text(function, argument(args, 0)?)?;
    let result = match function {
        Function::Lower => source.to_lowercase(),
        Function::Upper => source.to_uppercase(),
        Function::Trim => source.trim().to_owned(),
        Function::Substr => {
            let start = integer(function, argument(args, 1)?)?;
            let count = args.get(2).map(|value| integer(function, value)).transpose()?;
            substr(source, start, count)?
        }
        _ => {
            let from = text(function, argument(args, 1)?)?;
            let to = text(function, argument(args, 2)?)?;
            replace(source, from, to)?
        }
    };
    Ok(Value::Text(result))
}

/// Characters from position `start` (1 is the first; positions before it are empty), `count` of them.
fn substr(source: &str, start: i64, count: Option<i64>) -> Result<String, EvalError> {
    let end = match count {
        Some(count) if count < 0 => {
            let fix = "its third argument is a count of characters, at least 0";
            return Err(EvalError::Domain { function: "substr", value: count.to_string(), fix });
        }
        Some(count) => start.saturating_add(count),
        None => i64::MAX,
    };
    let skip = usize::try_from(start.saturating_sub(1).max(0)).unwrap_or(usize::MAX);
    let take = usize::try_from(end.saturating_sub(start.max(1)).max(0)).unwrap_or(usize::MAX);
    Ok(source.chars().skip(skip).take(take).collect())
}

/// Replaces all occurrences; an empty `from` occurs nowhere, as in PostgreSQL.
fn replace(source: &str, from: &str, to: &str) -> Result<String, EvalError> {
    if from.is_empty() {
        return Ok(source.to_owned());
    }
    let occurrences = source.matches(from).count();
    check_length("replace", source.len().saturating_add(occurrences.saturating_mul(to.len())))?;
    Ok(source.replace(from, to))
}

/// NULLs are skipped.
fn concat(args: &Args<'_>) -> Result<Value, EvalError> {
    let mut joined = String::new();
    for value in args.iter().filter(|value| !value.is_null()) {
        let part = value.to_string();
        check_length("concat", joined.len().saturating_add(part.len()))?;
        joined.push_str(&part);
    }
    Ok(Value::Text(joined))
}

/// NULLs are skipped; NULL where nothing is left.
fn extreme(function: Function, args: &Args<'_>) -> Result<Value, EvalError> {
    let mut best: Option<&Value> = None;
    for value in args.iter().filter(|value| !value.is_null()) {
        let better = match best {
            None => true,
            Some(held) => {
                let order = compare(function.name(), value, held)?;
                order.is_some_and(|o| if function == Function::Greatest { o.is_gt() } else { o.is_lt() })
            }
        };
        if better {
            best = Some(value);
        }
    }
    Ok(best.cloned().unwrap_or(Value::Null))
}

fn null_if(a: &Value, b: &Value) -> Result<Value, EvalError> {
    let equal = compare("nullif", a, b)?.is_some_and(std::cmp::Ordering::is_eq);
    Ok(if equal { Value::Null } else { a.clone() })
}

fn length(value: &Value) -> Result<Value, EvalError> {
    let count = match value {
        Value::Text(s) | Value::Json(s) => s.chars().count(),
        Value::List(items) => items.len(),
        Value::Vector(v) => v.len(),
        other => return Err(wrong(Function::Length, other, "TEXT or an array")),
    };
    Ok(Value::BigInt(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// FNV-1a over the bytes of the value's text, stirred so that low digits are as random as high ones (the
/// finalizer of MurmurHash3). Samples that are cut by it stay the same for ever.
fn hash(value: &Value) -> Value {
    let mut hash = 0xCBF2_9CE4_8422_2325u64;
    for byte in value.to_string().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    for factor in [0xFF51_AFD7_ED55_8CCD, 0xC4CE_B9FE_1A85_EC53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    Value::BigInt(((hash ^ (hash >> 33)) >> 1).cast_signed())
}

/// Functions that keep integers integers.
fn rounding(function: Function, args: &Args<'_>) -> Result<Value, EvalError> {
    let value = argument(args, 0)?;
    let digits = args.get(1).map(|digits| integer(function, digits)).transpose()?.unwrap_or(0);
    match (function, value) {
        (Function::Abs, Value::BigInt(i)) => i.checked_abs().map(Value::BigInt).ok_or_else(|| {
            EvalError::Overflow { expression: format!("abs({i})"), fix: "cast the operand to DOUBLE" }
        }),
        (Function::Round, Value::BigInt(i)) if digits < 0 => round_integer(*i, digits),
        (_, Value::BigInt(i)) => Ok(Value::BigInt(*i)),
        (Function::Abs, Value::Double(d)) => Ok(Value::Double(d.abs())),
        (Function::Floor, Value::Double(d)) => Ok(Value::Double(d.floor())),
        (Function::Ceil, Value::Double(d)) => Ok(Value::Double(d.ceil())),
        (_, Value::Double(d)) => Ok(Value::Double(round_double(*d, digits))),
        (_, other) => Err(wrong(function, other, "a number")),
    }
}

/// Half away from zero at the given decimal; digits that a double cannot have change nothing.
fn round_double(d: f64, digits: i64) -> f64 {
    let digits = i32::try_from(digits.clamp(-400, 400)).unwrap_or(0);
    let scale = 10f64.powi(digits.abs());
    let rounded = if digits >= 0 { (d * scale).round() / scale } else { (d / scale).round() * scale };
    match (rounded.is_finite(), digits < 0) {
        (true, _) => rounded,
        // The scale left the range of doubles: every digit asked for is kept, or none is.
        (false, false) => d,
        (false, true) => 0.0,
    }
}

/// Half away from zero at a power of ten.
fn round_integer(i: i64, digits: i64) -> Result<Value, EvalError> {
    let exponent = u32::try_from(digits.unsigned_abs()).unwrap_or(u32::MAX);
    let Some(scale) = 10i128.checked_pow(exponent) else {
        return Ok(Value::BigInt(0));
    };
    let wide = i128::from(i);
    let half = scale / 2 * wide.signum();
    let rounded = (wide + half) / scale * scale;
    i64::try_from(rounded).map(Value::BigInt).map_err(|_| EvalError::Overflow {
        expression: format!("round({i}, {digits})"),
        fix: "cast the operand to DOUBLE",
    })
}

/// Functions from doubles to doubles.
fn real_function(function: Function, args: &Args<'_>) -> Result<Value, EvalError> {
    let x = double(function, argument(args, 0)?)?;
    let domain =
        |fix| EvalError::Domain { function: function.name(), value: Value::Double(x).to_string(), fix };
    let result = match function {
        Function::Sqrt if x < 0.0 => return Err(domain("its argument must be 0 or more")),
        Function::Sqrt => x.sqrt(),
        Function::Exp => x.exp(),
        Function::Ln if x <= 0.0 => {
            return Err(domain("its argument must be more than 0; try ln(greatest(x, 1e-9))"));
        }
        Function::Ln => x.ln(),
        Function::Power => x.powf(double(function, argument(args, 1)?)?),
        Function::Sigmoid => sigmoid(x),
        Function::L3Hinge => (-(1.0 - x).max(0.0).powi(3)).exp(),
        _ => return Err(EvalError::Internal("a function without an evaluator")),
    };
    if result.is_nan() || (result.is_infinite() && x.is_finite()) {
        return Err(domain("the result is not a finite number"));
    }
    Ok(Value::Double(result))
}

/// 1 / (1 + exp(-x)), in the form that does not overflow for either sign.
fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

/// A vector, or a list of numbers turned into one.
fn vector<'v>(function: Function, value: &'v Value) -> Result<Cow<'v, [f32]>, EvalError> {
    match value {
        Value::Vector(v) => Ok(Cow::Borrowed(v)),
        Value::List(_) => {
            let to = DataType::Vector { dimension: None, format: VectorFormat::F32 };
            match cast_value(value.clone(), &to)? {
                Value::Vector(v) => Ok(Cow::Owned(v)),
                other => Err(wrong(function, &other, "a VECTOR")),
            }
        }
        other => Err(wrong(function, other, "a VECTOR")),
    }
}

/// Sum of products in f64, in index order.
fn dot(v: &[f32], w: &[f32]) -> f64 {
    v.iter().zip(w).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
}

fn vector_pair(function: Function, args: &Args<'_>) -> Result<Value, EvalError> {
    let v = vector(function, argument(args, 0)?)?;
    let w = vector(function, argument(args, 1)?)?;
    if v.len() != w.len() {
        return Err(EvalError::Dimension { function: function.name(), left: v.len(), right: w.len() });
    }
    let result = match function {
        Function::InnerProduct => dot(&v, &w),
        Function::L2 => {
            let squares = v.iter().zip(w.iter()).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2));
            squares.sum::<f64>().sqrt()
        }
        _ => {
            let norms = dot(&v, &v).sqrt() * dot(&w, &w).sqrt();
            if norms == 0.0 {
                return Err(zero_vector("cosine"));
            }
            dot(&v, &w) / norms
        }
    };
    Ok(Value::Double(result))
}

fn zero_vector(function: &'static str) -> EvalError {
    let fix = "a zero vector has no direction; leave such rows out";
    EvalError::Domain { function, value: "zero vector".to_owned(), fix }
}

fn normalize(value: &Value) -> Result<Value, EvalError> {
    let v = vector(Function::Normalize, value)?;
    let norm = dot(&v, &v).sqrt();
    if norm == 0.0 {
        return Err(zero_vector("normalize"));
    }
    Ok(Value::Vector(v.iter().map(|x| (f64::from(*x) / norm) as f32).collect()))
}

fn array_contains(array: &Value, value: &Value) -> Result<Value, EvalError> {
    let Value::List(items) = array else {
        return Err(wrong(Function::ArrayContains, array, "an array"));
    };
    for item in items {
        if compare("array_contains", item, value)?.is_some_and(std::cmp::Ordering::is_eq) {
            return Ok(Value::Boolean(true));
        }
    }
    Ok(Value::Boolean(false))
}

fn json_extract(json: &Value, path: &Value) -> Result<Value, EvalError> {
    let source = text(Function::JsonExtract, json)?;
    if matches!(json, Value::Text(_)) && !json::validate(source) {
        return Err(wrong(Function::JsonExtract, json, "valid JSON"));
    }
    let found = json::extract(source, text(Function::JsonExtract, path)?);
    let item = found.ok_or_else(|| EvalError::JsonPath { path: path.shown() })?;
    Ok(match item {
        None | Some(Item::Null) => Value::Null,
        Some(Item::Boolean(b)) => Value::Text(b.to_string()),
        Some(Item::Number(text) | Item::Composite(text)) => Value::Text(text.to_owned()),
        Some(Item::Text(text)) => Value::Text(text),
    })
}
