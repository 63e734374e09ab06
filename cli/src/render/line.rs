//! One value a line: `name = value`, and bare text for plans.

use std::io::Write;

use argtop::{Column, Error, Value};

use super::mode::{Cells, Failure};
use super::text::{escape_control, human, width};

/// Writes `name = value` lines with the names aligned, and a blank line between rows.
pub(crate) fn write<R: Cells>(
    columns: &[Column],
    rows: &mut dyn Iterator<Item = Result<R, Error>>,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    let names: Vec<_> = columns.iter().map(|c| escape_control(&c.name)).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0);
    let mut count = 0;
    for row in rows {
        let row = row?;
        if count > 0 {
            writeln!(out)?;
        }
        for (name, value) in names.iter().zip(row.values()) {
            let pad = " ".repeat(widest.saturating_sub(width(name)));
            writeln!(out, "{pad}{name} = {}", human(value))?;
        }
        count += 1;
    }
    Ok(count)
}

/// Writes the text of a single column line by line, without frame or header.
pub(crate) fn write_raw<R: Cells>(
    rows: &mut dyn Iterator<Item = Result<R, Error>>,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    let mut count = 0;
    for row in rows {
        for value in row?.values() {
            let text = if let Value::Text(text) = value { text.clone() } else { value.to_string() };
            for line in text.lines() {
                writeln!(out, "{}", escape_control(line))?;
            }
        }
        count += 1;
    }
    Ok(count)
}
