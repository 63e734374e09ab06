//! Values and types of the language, shared by literals, parameters, rows and results.

use std::cmp::Ordering;

/// A value of any type of the language.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL, of any type.
    Null,
    /// BOOLEAN.
    Boolean(bool),
    /// INTEGER and BIGINT.
    BigInt(i64),
    /// REAL and DOUBLE; always finite or infinite, never NaN when it comes out of an expression.
    Double(f64),
    /// TEXT, valid UTF-8.
    Text(String),
    /// TIMESTAMP in microseconds since 1970-01-01 00:00:00 UTC.
    Timestamp(i64),
    /// JSON, kept as its text.
    Json(String),
    /// VECTOR; single precision whatever the stored format.
    Vector(Vec<f32>),
    /// An array (TEXT[], BIGINT[], DOUBLE[]); the elements are of one type or NULL.
    List(Vec<Value>),
}

/// How the elements of a VECTOR column are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VectorFormat {
    /// Four bytes an element.
    F32,
    /// Two bytes an element.
    F16,
    /// One byte an element and one f32 scale a row.
    I8,
}

/// A type of the language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// The type of a NULL literal or of a parameter that is not bound yet; fits everywhere.
    Unknown,
    /// BOOLEAN.
    Boolean,
    /// INTEGER: 32 bits, range-checked on assignment.
    Integer,
    /// BIGINT: 64 bits.
    BigInt,
    /// REAL: single precision, rounded on assignment.
    Real,
    /// DOUBLE.
    Double,
    /// TEXT.
    Text,
    /// TIMESTAMP.
    Timestamp,
    /// JSON.
    Json,
    /// VECTOR(dimension, format); the dimension is unknown for vector-valued expressions over parameters.
    Vector {
        /// Number of elements, where known.
        dimension: Option<u32>,
        /// Storage format of a column; F32 for expressions.
        format: VectorFormat,
    },
    /// An array of the element type.
    List(Box<DataType>),
}

impl Value {
    /// The narrowest type that holds this value.
    pub fn data_type(&self) -> DataType {
        match self {
            Value::Null => DataType::Unknown,
            Value::Boolean(_) => DataType::Boolean,
            Value::BigInt(_) => DataType::BigInt,
            Value::Double(_) => DataType::Double,
            Value::Text(_) => DataType::Text,
            Value::Timestamp(_) => DataType::Timestamp,
            Value::Json(_) => DataType::Json,
            Value::Vector(v) => {
                DataType::Vector { dimension: u32::try_from(v.len()).ok(), format: VectorFormat::F32 }
            }
            Value::List(items) => {
                let element = items.iter().map(Value::data_type).find(|t| *t != DataType::Unknown);
                DataType::List(Box::new(element.unwrap_or(DataType::Unknown)))
            }
        }
    }

    /// True for NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The total order that ORDER BY, GROUP BY, min and max use: NULL last, numbers by value whatever
    /// their type, text by code point, arrays element by element.
    pub fn total_cmp(&self, other: &Value) -> Ordering {
        use Value::{BigInt, Boolean, Double, Json, List, Null, Text, Timestamp, Vector};
        match (self, other) {
            (Null, Null) => Ordering::Equal,
            (Null, _) => Ordering::Greater,
            (_, Null) => Ordering::Less,
            (Boolean(a), Boolean(b)) => a.cmp(b),
            (BigInt(a), BigInt(b)) | (Timestamp(a), Timestamp(b)) => a.cmp(b),
            (Double(a), Double(b)) => cmp_f64(*a, *b),
            (BigInt(a), Double(b)) => cmp_i64_f64(*a, *b),
            (Double(a), BigInt(b)) => cmp_i64_f64(*b, *a).reverse(),
            (Text(a) | Json(a), Text(b) | Json(b)) => a.cmp(b),
            (Vector(a), Vector(b)) => {
                let elements = a.iter().zip(b).map(|(x, y)| x.total_cmp(y));
                elements.into_iter().find(|o| o.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (List(a), List(b)) => {
                let elements = a.iter().zip(b).map(|(x, y)| x.total_cmp(y));
                elements.into_iter().find(|o| o.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (a, b) => a.kind_rank().cmp(&b.kind_rank()),
        }
    }

    /// Values of different kinds still need one order, so that sorting never panics.
    fn kind_rank(&self) -> u8 {
        match self {
            Value::Boolean(_) => 0,
            Value::BigInt(_) | Value::Double(_) => 1,
            Value::Timestamp(_) => 2,
            Value::Text(_) | Value::Json(_) => 3,
            Value::Vector(_) => 4,
            Value::List(_) => 5,
            Value::Null => 6,
        }
    }
}

/// Zeros of either sign are equal; NaN, which only a foreign file can bring in, sorts last.
fn cmp_f64(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Compares without rounding the integer: a double cannot hold every i64.
fn cmp_i64_f64(a: i64, b: f64) -> Ordering {
    if b.is_nan() || b >= 9_223_372_036_854_775_808.0 {
        return Ordering::Less;
    }
    if b < -9_223_372_036_854_775_808.0 {
        return Ordering::Greater;
    }
    let whole = b.trunc();
    // The range was checked above, so the cast is exact.
    a.cmp(&(whole as i64)).then_with(|| 0.0_f64.partial_cmp(&(b - whole)).unwrap_or(Ordering::Equal))
}
