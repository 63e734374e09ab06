//! Types of columns: inferred from a sample, written by hand, and values made to fit them.

use argtop_query::value::{DataType, Value, VectorFormat};

use super::json::Json;

/// What the values of a column have in common so far.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Only nulls.
    Unset,
    Boolean,
    Integer,
    Double,
    Text,
    List(Box<Shape>),
    Json,
}

impl Shape {
    /// The shape of one value.
    pub(super) fn of(value: &Json) -> Shape {
        match value {
            Json::Null => Shape::Unset,
            Json::Boolean(_) => Shape::Boolean,
            Json::Integer(_) => Shape::Integer,
            Json::Number(_) => Shape::Double,
            Json::Text(_) => Shape::Text,
            Json::Object(_) => Shape::Json,
            Json::List(items) => {
                let element = items.iter().fold(Shape::Unset, |s, item| s.join(Shape::of(item)));
                match element {
                    Shape::Json | Shape::List(_) => Shape::Json,
                    element => Shape::List(Box::new(element)),
                }
            }
        }
    }

    /// The narrowest shape that holds both.
    pub(super) fn join(self, other: Shape) -> Shape {
        match (self, other) {
            (Shape::Unset, shape) | (shape, Shape::Unset) => shape,
            (a, b) if a == b => a,
            (Shape::Integer, Shape::Double) | (Shape::Double, Shape::Integer) => Shape::Double,
            (Shape::List(a), Shape::List(b)) => match a.join(*b) {
                Shape::Json | Shape::List(_) => Shape::Json,
                element => Shape::List(Box::new(element)),
            },
            _ => Shape::Json,
        }
    }

    /// The column type; a column or array about which nothing is known is JSON, which holds whatever comes.
    pub(super) fn data_type(&self) -> DataType {
        match self {
            Shape::Unset | Shape::Json => DataType::Json,
            Shape::Boolean => DataType::Boolean,
            Shape::Integer => DataType::BigInt,
            Shape::Double => DataType::Double,
            Shape::Text => DataType::Text,
            Shape::List(element) => match element.data_type() {
                DataType::Json => DataType::Json,
                element => DataType::List(Box::new(element)),
            },
        }
    }
}

/// The value as the column's type, or None where it does not fit.
///
/// `cast` is set for columns whose type was written by hand: they also take the text of a scalar as TEXT.
pub(super) fn fit(value: Json, data_type: &DataType, cast: bool) -> Option<Value> {
    match (data_type, value) {
        (_, Json::Null) => Some(Value::Null),
        (DataType::Json, value) => Some(Value::Json(value.render())),
        (DataType::Boolean, Json::Boolean(value)) => Some(Value::Boolean(value)),
        (DataType::BigInt, Json::Integer(value)) => Some(Value::BigInt(value)),
        (DataType::Integer, Json::Integer(value)) => {
            i32::try_from(value).ok().map(|value| Value::BigInt(i64::from(value)))
        }
        (DataType::BigInt | DataType::Integer, Json::Number(value)) => whole(value, data_type),
        (DataType::Double, Json::Integer(value)) => Some(Value::Double(value as f64)),
        (DataType::Double, Json::Number(value)) => Some(Value::Double(value)),
        (DataType::Real, Json::Integer(value)) => real(value as f64),
        (DataType::Real, Json::Number(value)) => real(value),
        (DataType::Text, Json::Text(value)) => Some(Value::Text(value)),
        (DataType::Text, value @ (Json::Integer(_) | Json::Number(_) | Json::Boolean(_))) if cast => {
            Some(Value::Text(value.render()))
        }
        (DataType::List(element), Json::List(items)) => {
            let items: Option<Vec<Value>> = items.into_iter().map(|item| fit(item, element, cast)).collect();
            items.map(Value::List)
        }
        (DataType::Vector { dimension, .. }, Json::List(items)) => {
            if dimension.is_some_and(|d| d as usize != items.len()) {
                return None;
            }
            let elements: Option<Vec<f32>> = items.into_iter().map(element_of_vector).collect();
            elements.map(Value::Vector)
        }
        _ => None,
    }
}

/// A double that is a whole number, as `3.0` in files that other programs wrote from float columns.
fn whole(value: f64, data_type: &DataType) -> Option<Value> {
    /// Below it every whole double is one integer only.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let most = if *data_type == DataType::Integer { f64::from(i32::MAX) } else { EXACT_MAX };
    (value.fract() == 0.0 && value.abs() <= most).then_some(Value::BigInt(value as i64))
}

fn real(value: f64) -> Option<Value> {
    let single = value as f32;
    single.is_finite().then(|| Value::Double(f64::from(single)))
}

fn element_of_vector(value: Json) -> Option<f32> {
    let element = match value {
        Json::Integer(value) => value as f32,
        Json::Number(value) => value as f32,
        _ => return None,
    };
    element.is_finite().then_some(element)
}

/// The name of a type as the language writes it.
pub(super) fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Unknown => "NULL".to_owned(),
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Integer => "INTEGER".to_owned(),
        DataType::BigInt => "BIGINT".to_owned(),
        DataType::Real => "REAL".to_owned(),
        DataType::Double => "DOUBLE".to_owned(),
        DataType::Text => "TEXT".to_owned(),
        DataType::Timestamp => "TIMESTAMP".to_owned(),
        DataType::Json => "JSON".to_owned(),
        DataType::Vector { dimension: Some(dimension), .. } => format!("VECTOR({dimension})"),
        DataType::Vector { dimension: None, .. } => "VECTOR".to_owned(),
        DataType::List(element) => format!("{}[]", type_name(element)),
    }
}

/// The type of a name, for the `columns` option; None where files cannot hold it.
pub(super) fn type_of_name(name: &str) -> Option<DataType> {
    let name = name.trim().to_ascii_uppercase();
    if let Some(element) = name.strip_suffix("[]") {
        return match type_of_name(element)? {
            DataType::List(_) | DataType::Vector { .. } => None,
            element => Some(DataType::List(Box::new(element))),
        };
    }
    if let Some(inner) = name.strip_prefix("VECTOR") {
        let dimension = inner.trim().strip_prefix('(')?.strip_suffix(')')?.trim().parse().ok()?;
        return (dimension > 0)
            .then_some(DataType::Vector { dimension: Some(dimension), format: VectorFormat::F32 });
    }
    match name.as_str() {
        "BOOLEAN" | "BOOL" => Some(DataType::Boolean),
        "INTEGER" | "INT" => Some(DataType::Integer),
        "BIGINT" => Some(DataType::BigInt),
        "REAL" => Some(DataType::Real),
        "DOUBLE" => Some(DataType::Double),
        "TEXT" | "VARCHAR" => Some(DataType::Text),
        "JSON" => Some(DataType::Json),
        _ => None,
    }
}
