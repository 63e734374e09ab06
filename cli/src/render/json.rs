//! JSON: one array of objects, or one object a line. Numbers keep their full precision.

use std::collections::BTreeSet;
use std::io::{self, Write};

use argtop::{Column, Error, Value};

use super::mode::{Cells, Failure};

/// Writes `[{...},\n{...}]`.
pub(crate) fn write_array<R: Cells>(
    columns: &[Column],
    rows: &mut dyn Iterator<Item = Result<R, Error>>,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    let keys = keys(columns)?;
    let mut count = 0;
    write!(out, "[")?;
    for row in rows {
        let row = row?;
        if count > 0 {
            write!(out, ",\n ")?;
        }
        write_object(&keys, &row, out)?;
        count += 1;
    }
    writeln!(out, "]")?;
    Ok(count)
}

/// Writes one object a line.
pub(crate) fn write_lines<R: Cells>(
    columns: &[Column],
    rows: &mut dyn Iterator<Item = Result<R, Error>>,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    let keys = keys(columns)?;
    let mut count = 0;
    for row in rows {
        write_object(&keys, &row?, out)?;
        writeln!(out)?;
        count += 1;
    }
    Ok(count)
}

/// The value as JSON text on one line.
pub(crate) fn json_text(value: &Value) -> io::Result<String> {
    let mut text = Vec::new();
    write_value(value, &mut text)?;
    String::from_utf8(text).map_err(io::Error::other)
}

/// The keys as JSON strings. A name that comes again gets a number, because readers keep one of equal keys.
fn keys(columns: &[Column]) -> io::Result<Vec<String>> {
    let mut taken: BTreeSet<String> = columns.iter().map(|c| c.name.clone()).collect();
    let mut seen = BTreeSet::new();
    let mut keys = Vec::with_capacity(columns.len());
    for column in columns {
        let mut name = column.name.clone();
        let mut number = 2;
        while !seen.insert(name.clone()) {
            // A numbered name must not be that of another column either.
            loop {
                name = format!("{}_{number}", column.name);
                number += 1;
                if taken.insert(name.clone()) {
                    break;
                }
            }
        }
        keys.push(serde_json::to_string(&name)?);
    }
    Ok(keys)
}

fn write_object(keys: &[String], row: &impl Cells, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{")?;
    for (i, (key, value)) in keys.iter().zip(row.values()).enumerate() {
        let comma = if i > 0 { "," } else { "" };
        write!(out, "{comma}{key}:")?;
        write_value(value, out)?;
    }
    write!(out, "}}")
}

fn write_value(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Value::Null => write!(out, "null"),
        Value::Boolean(b) => write!(out, "{b}"),
        Value::BigInt(i) => write!(out, "{i}"),
        Value::Double(d) if d.is_finite() => Ok(serde_json::to_writer(out, d)?),
        Value::Text(text) => Ok(serde_json::to_writer(out, text)?),
        // JSON has no infinities, and no timestamps: both are the text that SQL reads back.
        Value::Double(_) | Value::Timestamp(_) => Ok(serde_json::to_writer(out, &value.to_string())?),
        Value::Json(text) => write_raw(text, out),
        Value::Vector(elements) => write_list(elements, out, |element, out| {
            if element.is_finite() {
                Ok(serde_json::to_writer(out, element)?)
            } else {
                write_value(&Value::Double(f64::from(*element)), out)
            }
        }),
        Value::List(items) => write_list(items, out, write_value),
    }
}

/// Embeds JSON as it is. Line breaks can only stand between its tokens, so a space does as well there, and
/// a row stays one line.
fn write_raw(text: &str, out: &mut dyn Write) -> io::Result<()> {
    if text.contains(['\n', '\r']) {
        return out.write_all(text.replace(['\n', '\r'], " ").as_bytes());
    }
    out.write_all(text.as_bytes())
}

fn write_list<T>(
    items: &[T],
    out: &mut dyn Write,
    write_item: impl Fn(&T, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    write!(out, "[")?;
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            write!(out, ",")?;
        }
        write_item(item, out)?;
    }
    write!(out, "]")
}
