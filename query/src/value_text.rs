//! How values and types are written: as result text, and as SQL that reads back as the same value.

use std::fmt;

use crate::display::{quote_text, type_text};
use crate::expr::{BinaryOp, Function};
use crate::plan::{AggregateFunction, Metric, MetricKind};
use crate::timestamp::format_timestamp;
use crate::value::{DataType, Value};

/// Longest value shown inside an error message, in characters.
const SHOWN_CHARS_MAX: usize = 60;

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("NULL"),
            Value::Boolean(b) => write!(f, "{b}"),
            Value::BigInt(i) => write!(f, "{i}"),
            Value::Double(d) => write_double(f, *d),
            Value::Text(s) | Value::Json(s) => f.write_str(s),
            Value::Timestamp(us) => match format_timestamp(*us) {
                Some(text) => f.write_str(&text),
                None => write!(f, "{us} us"),
            },
            Value::Vector(elements) => write_list(f, elements.iter(), |f, x| write_single(f, *x)),
            Value::List(items) => write_list(f, items.iter(), |f, item| write!(f, "{item}")),
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&type_text(self))
    }
}

impl Value {
    /// The value as a SQL expression that evaluates to it again.
    pub fn to_sql(&self) -> String {
        match self {
            Value::Text(s) => quote_text(s),
            Value::Json(s) => format!("CAST({} AS JSON)", quote_text(s)),
            Value::Timestamp(_) => format!("TIMESTAMP '{self}'"),
            Value::Vector(v) => format!("CAST('{self}' AS VECTOR({}))", v.len()),
            Value::Double(d) if !d.is_finite() => format!("CAST('{self}' AS DOUBLE)"),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Value::to_sql).collect();
                format!("[{}]", items.join(", "))
            }
            other => other.to_string(),
        }
    }

    /// The value's SQL, cut to what fits in a message.
    pub fn shown(&self) -> String {
        shorten(&self.to_sql())
    }
}

/// Cuts a text to what fits in a message.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// Shortest text that reads back as the same double, with a point or an exponent so that it stays a double.
fn write_double(f: &mut fmt::Formatter<'_>, d: f64) -> fmt::Result {
    if d.is_infinite() {
        f.write_str(if d > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        write!(f, "{d:?}")
    }
}

/// As [`write_double`], shortest for single precision.
fn write_single(f: &mut fmt::Formatter<'_>, x: f32) -> fmt::Result {
    if x.is_infinite() {
        f.write_str(if x > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        write!(f, "{x:?}")
    }
}

/// `[a, b]`.
fn write_list<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
    write_item: impl Fn(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    f.write_str("[")?;
    for (i, item) in items.enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        write_item(f, item)?;
    }
    f.write_str("]")
}

impl BinaryOp {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Modulo => "%",
            BinaryOp::Concat => "||",
            BinaryOp::Equal => "=",
            BinaryOp::NotEqual => "<>",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
        }
    }

    /// Whether it compares, and so yields a BOOLEAN.
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            BinaryOp::Equal
                | BinaryOp::NotEqual
                | BinaryOp::Less
                | BinaryOp::LessEqual
                | BinaryOp::Greater
                | BinaryOp::GreaterEqual
        )
    }
}

/// All scalar functions by name, with their least and most argument counts.
pub(crate) const FUNCTIONS: &[(&str, Function, usize, usize)] = &[
    ("lower", Function::Lower, 1, 1),
    ("upper", Function::Upper, 1, 1),
    ("length", Function::Length, 1, 1),
    ("trim", Function::Trim, 1, 1),
    ("substr", Function::Substr, 2, 3),
    ("replace", Function::Replace, 3, 3),
    ("concat", Function::Concat, 1, usize::MAX),
    ("hash", Function::Hash, 1, 1),
    ("coalesce", Function::Coalesce, 1, usize::MAX),
    ("nullif", Function::NullIf, 2, 2),
    ("abs", Function::Abs, 1, 1),
    ("round", Function::Round, 1, 2),
    ("floor", Function::Floor, 1, 1),
    ("ceil", Function::Ceil, 1, 1),
    ("sqrt", Function::Sqrt, 1, 1),
    ("exp", Function::Exp, 1, 1),
    ("ln", Function::Ln, 1, 1),
    ("power", Function::Power, 2, 2),
    ("greatest", Function::Greatest, 1, usize::MAX),
    ("least", Function::Least, 1, usize::MAX),
    ("sigmoid", Function::Sigmoid, 1, 1),
    ("l3_hinge", Function::L3Hinge, 1, 1),
    ("inner_product", Function::InnerProduct, 2, 2),
    ("cosine", Function::Cosine, 2, 2),
    ("l2", Function::L2, 2, 2),
    ("normalize", Function::Normalize, 1, 1),
    ("array_contains", Function::ArrayContains, 2, 2),
    ("json_extract", Function::JsonExtract, 2, 2),
];

impl Function {
    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        FUNCTIONS.iter().find(|(_, f, _, _)| *f == self).map_or("?", |(name, ..)| name)
    }
}

impl AggregateFunction {
    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            AggregateFunction::Count => "count",
            AggregateFunction::Sum => "sum",
            AggregateFunction::Avg => "avg",
            AggregateFunction::Min => "min",
            AggregateFunction::Max => "max",
        }
    }
}

impl MetricKind {
    /// Its name, for those that have one before the `@`.
    pub fn name(self) -> &'static str {
        match self {
            MetricKind::Precision => "P",
            MetricKind::Recall => "R",
            MetricKind::Ndcg => "NDCG",
            MetricKind::Psp => "PSP",
            MetricKind::Psndcg => "PSNDCG",
            MetricKind::Mrr => "MRR",
            MetricKind::Coverage => "COVERAGE",
            MetricKind::AnnRecall => "ANN_RECALL",
            MetricKind::EncodeCosine => "ENCODE_COSINE",
        }
    }

    /// Whether it looks at the first k labels of a ranking.
    pub fn has_cut(self) -> bool {
        self != MetricKind::EncodeCosine
    }
}

/// As in METRICS: `P@5`, `ENCODE_COSINE`.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        if self.kind.has_cut() { write!(f, "@{}", self.k) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: Value, text: &str, sql: &str) {
        assert_eq!(value.to_string(), text);
        assert_eq!(value.to_sql(), sql);
    }

    #[test]
    fn values_are_written_as_result_text_and_as_sql() {
        check(Value::Null, "NULL", "NULL");
        check(Value::Boolean(true), "true", "true");
        check(Value::BigInt(-7), "-7", "-7");
        check(Value::Double(1.0), "1.0", "1.0");
        check(Value::Double(0.1), "0.1", "0.1");
        check(Value::Double(1e300), "1e300", "1e300");
        check(Value::Double(f64::NEG_INFINITY), "-Infinity", "CAST('-Infinity' AS DOUBLE)");
        check(Value::Text("it's".into()), "it's", "'it''s'");
        check(Value::Timestamp(0), "1970-01-01 00:00:00", "TIMESTAMP '1970-01-01 00:00:00'");
        check(Value::Timestamp(-1), "1969-12-31 23:59:59.999999", "TIMESTAMP '1969-12-31 23:59:59.999999'");
        check(Value::Vector(vec![1.0, 0.1]), "[1.0, 0.1]", "CAST('[1.0, 0.1]' AS VECTOR(2))");
        let list = Value::List(vec![Value::Text("a".into()), Value::Null]);
        check(list, "[a, NULL]", "['a', NULL]");
    }

    #[test]
    fn every_function_has_a_name() {
        assert_eq!(Function::L3Hinge.name(), "l3_hinge");
        assert!(FUNCTIONS.iter().all(|(_, f, _, _)| f.name() != "?"));
    }
}
