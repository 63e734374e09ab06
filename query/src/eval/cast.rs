//! Casts between types, also those of assignment and of import.

use crate::eval::error::EvalError;
use crate::eval::json::{self, Item};
use crate::timestamp::parse_timestamp;
use crate::value::{DataType, Value};
use crate::value_text::shorten;

/// Converts a value to a type; NULL is of every type.
///
/// Integers are range-checked, doubles go to integers by rounding half to even, REAL rounds to single
/// precision, vectors need finite elements and the type's dimension, timestamps without a zone are UTC.
///
/// # Errors
/// When the value has no counterpart in the type.
pub fn cast_value(value: Value, to: &DataType) -> Result<Value, EvalError> {
    if value.is_null() {
        return Ok(value);
    }
    match to {
        DataType::Unknown => Ok(value),
        DataType::Boolean => to_boolean(value),
        DataType::Integer => to_integer(value, to, i64::from(i32::MIN), i64::from(i32::MAX)),
        DataType::BigInt => to_integer(value, to, i64::MIN, i64::MAX),
        DataType::Real => to_real(value),
        DataType::Double => to_double(value, to).map(Value::Double),
        DataType::Text => Ok(match value {
            Value::Text(_) => value,
            other => Value::Text(other.to_string()),
        }),
        DataType::Timestamp => to_timestamp(value),
        DataType::Json => to_json(value),
        DataType::Vector { dimension, .. } => to_vector(value, to, *dimension),
        DataType::List(element) => to_list(value, to, element),
    }
}

/// The error of a cast.
fn refuse(value: &Value, to: &DataType, fix: impl Into<String>) -> EvalError {
    EvalError::Cast { value: value.shown(), to: to.to_string(), fix: fix.into() }
}

fn to_boolean(value: Value) -> Result<Value, EvalError> {
    let truth = match &value {
        Value::Boolean(b) => Some(*b),
        Value::BigInt(i) => Some(*i != 0),
        Value::Text(s) | Value::Json(s) => match s.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    };
    truth.map(Value::Boolean).ok_or_else(|| refuse(&value, &DataType::Boolean, "write true or false"))
}

fn to_integer(value: Value, to: &DataType, min: i64, max: i64) -> Result<Value, EvalError> {
    let number = match &value {
        Value::BigInt(i) => Some(*i),
        Value::Boolean(b) => Some(i64::from(*b)),
        Value::Double(d) => double_to_i64(*d),
        Value::Text(s) | Value::Json(s) => s.trim().parse().ok(),
        _ => None,
    };
    number
        .filter(|n| (min..=max).contains(n))
        .map(Value::BigInt)
        .ok_or_else(|| refuse(&value, to, format!("give a whole number from {min} to {max}")))
}

/// Rounds half to even; None outside the range of i64.
fn double_to_i64(d: f64) -> Option<i64> {
    let whole = d.round_ties_even();
    // Both bounds are exact doubles; the upper one is the first that does not fit.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&whole);
    fits.then_some(whole as i64)
}

fn to_double(value: Value, to: &DataType) -> Result<f64, EvalError> {
    let number = match &value {
        Value::Double(d) => Some(*d),
        Value::BigInt(i) => Some(*i as f64),
        Value::Text(s) | Value::Json(s) => parse_double(s),
        _ => None,
    };
    let number = number.filter(|d| !d.is_nan());
    number.ok_or_else(|| refuse(&value, to, "give a number such as 0.5 or 1e-3 within its range"))
}

/// A double from text. Rust's parser turns a number that is too large into infinity; that is refused here.
fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim();
    let number: f64 = text.parse().ok()?;
    let overflowed = number.is_infinite() && text.bytes().any(|b| b.is_ascii_digit());
    (!overflowed).then_some(number)
}

fn to_real(value: Value) -> Result<Value, EvalError> {
    let shown = value.clone();
    let wide = to_double(value, &DataType::Real)?;
    let single = wide as f32;
    if single.is_infinite() && wide.is_finite() {
        return Err(refuse(&shown, &DataType::Real, "use DOUBLE for numbers beyond 3.4e38"));
    }
    Ok(Value::Double(f64::from(single)))
}

fn to_timestamp(value: Value) -> Result<Value, EvalError> {
    let micros = match &value {
        Value::Timestamp(us) => Some(*us),
        Value::Text(s) => parse_timestamp(s),
        _ => None,
    };
    micros.map(Value::Timestamp).ok_or_else(|| {
        let fix =
            "write 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS[.ffffff]', in UTC or with an offset such as +02:00";
        refuse(&value, &DataType::Timestamp, fix)
    })
}

fn to_json(value: Value) -> Result<Value, EvalError> {
    match value {
        Value::Json(_) => Ok(value),
        Value::Text(s) if json::validate(&s) => Ok(Value::Json(s)),
        Value::Boolean(_) | Value::BigInt(_) => Ok(Value::Json(value.to_string())),
        Value::Double(d) if d.is_finite() => Ok(Value::Json(value.to_string())),
        other => Err(refuse(&other, &DataType::Json, "give valid JSON text, nested at most 128 deep")),
    }
}

fn to_vector(value: Value, to: &DataType, dimension: Option<u32>) -> Result<Value, EvalError> {
    let elements = match &value {
        Value::Vector(v) => Some(v.clone()),
        Value::List(items) => items.iter().map(element).collect(),
        Value::Text(s) => json::array(s).and_then(|items| items.iter().map(json_element).collect()),
        _ => None,
    };
    let Some(elements) = elements else {
        return Err(refuse(&value, to, "give a list of numbers such as [0.1, 0.2]"));
    };
    if let Some(position) = elements.iter().position(|x| !x.is_finite()) {
        let fix = format!("element {} is not a finite single-precision number", position + 1);
        return Err(refuse(&value, to, fix));
    }
    match dimension {
        Some(expected) if elements.len() != expected as usize => {
            Err(refuse(&value, to, format!("it has {} elements, give {expected}", elements.len())))
        }
        _ if elements.is_empty() => Err(refuse(&value, to, "a vector has at least one element")),
        _ => Ok(Value::Vector(elements)),
    }
}

/// A list element as a vector element.
fn element(value: &Value) -> Option<f32> {
    match value {
        Value::BigInt(i) => Some(*i as f32),
        Value::Double(d) => Some(*d as f32),
        _ => None,
    }
}

/// A JSON number as a vector element, rounded once.
fn json_element(item: &Item<'_>) -> Option<f32> {
    match item {
        Item::Number(text) => text.parse().ok(),
        _ => None,
    }
}

fn to_list(value: Value, to: &DataType, element: &DataType) -> Result<Value, EvalError> {
    let items: Option<Vec<Value>> = match &value {
        Value::List(items) => Some(items.clone()),
        Value::Vector(v) => Some(v.iter().map(|x| Value::Double(f64::from(*x))).collect()),
        Value::Text(s) => json::array(s).and_then(|items| items.into_iter().map(json_scalar).collect()),
        _ => None,
    };
    let Some(items) = items else {
        return Err(refuse(&value, to, "give a list such as [1, 2] or its JSON text"));
    };
    let cast: Result<Vec<Value>, EvalError> =
        items.into_iter().map(|item| cast_value(item, element)).collect();
    cast.map(Value::List).map_err(|error| match error {
        EvalError::Cast { value: item, fix, .. } => EvalError::Cast {
            value: shorten(&value.to_sql()),
            to: to.to_string(),
            fix: format!("{item}: {fix}"),
        },
        other => other,
    })
}

/// A JSON scalar as a value; None for composites.
fn json_scalar(item: Item<'_>) -> Option<Value> {
    Some(match item {
        Item::Null => Value::Null,
        Item::Boolean(b) => Value::Boolean(b),
        Item::Text(s) => Value::Text(s),
        Item::Number(text) => match text.parse() {
            Ok(i) => Value::BigInt(i),
            Err(_) => Value::Double(parse_double(text)?),
        },
        Item::Composite(_) => return None,
    })
}
