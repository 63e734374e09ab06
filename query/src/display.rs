//! Trees back to text: valid SQL that parses to an equal tree.
//!
//! Recursion here is bounded by the height that the parser allows.

mod expr;
mod query;
mod statement;

use std::fmt::{self, Display, Formatter};

use crate::ast::{Ident, TextLiteral, TypeName};
use crate::parser::words::{is_plain, needs_quotes};
use crate::value::{DataType, VectorFormat};

/// The name of a type as it is written in SQL.
pub fn type_text(data_type: &DataType) -> String {
    match data_type {
        DataType::Unknown => "UNKNOWN".to_owned(),
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Integer => "INTEGER".to_owned(),
        DataType::BigInt => "BIGINT".to_owned(),
        DataType::Real => "REAL".to_owned(),
        DataType::Double => "DOUBLE".to_owned(),
        DataType::Text => "TEXT".to_owned(),
        DataType::Timestamp => "TIMESTAMP".to_owned(),
        DataType::Json => "JSON".to_owned(),
        DataType::Vector { dimension: None, .. } => "VECTOR".to_owned(),
        DataType::Vector { dimension: Some(n), format } => match format {
            VectorFormat::F32 => format!("VECTOR({n})"),
            VectorFormat::F16 => format!("VECTOR({n}, F16)"),
            VectorFormat::I8 => format!("VECTOR({n}, I8)"),
        },
        DataType::List(element) => format!("{}[]", type_text(element)),
    }
}

/// A text as a string literal.
pub fn quote_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as it is written in SQL, in quotes where it needs them.
pub fn quote_name(name: &str) -> String {
    if needs_quotes(name) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.to_owned() }
}

/// A name behind a dot or before `=` or `=>`, where no keyword can stand.
struct AnyName<'a>(&'a Ident);

impl Display for AnyName<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if is_plain(&self.0.name) { f.write_str(&self.0.name) } else { self.0.fmt(f) }
    }
}

/// Items between commas.
struct Commas<'a, T>(&'a [T]);

impl<T: Display> Display for Commas<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, item) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            item.fmt(f)?;
        }
        Ok(())
    }
}

/// ` KEYWORD item`, or nothing.
struct Clause<'a, T>(&'static str, &'a Option<T>);

impl<T: Display> Display for Clause<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(item) => write!(f, " {} {item}", self.0),
            None => Ok(()),
        }
    }
}

impl Display for Ident {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if needs_quotes(&self.name) { f.write_str(&quote_name(&self.name)) } else { f.write_str(&self.name) }
    }
}

impl Display for TextLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&quote_text(&self.value))
    }
}

impl Display for TypeName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&type_text(&self.data_type))
    }
}
