//! Comma-separated values after RFC 4180, with a header. Lines end in LF, as the tools of a pipe expect.

use std::io::{self, Write};

use argtop::{Column, Error, Value};

use super::json::json_text;
use super::mode::{Cells, Failure};

/// Writes the header and every row.
pub(crate) fn write<R: Cells>(
    columns: &[Column],
    rows: &mut dyn Iterator<Item = Result<R, Error>>,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    for (i, column) in columns.iter().enumerate() {
        write_field(i, &column.name, out)?;
    }
    writeln!(out)?;
    let mut count = 0;
    for row in rows {
        for (i, value) in row?.values().iter().enumerate() {
            match value {
                // NULL is the empty field; the empty text is "", so that the two stay apart.
                Value::Null => out.write_all(separator(i))?,
                Value::Vector(_) | Value::List(_) => write_field(i, &json_text(value)?, out)?,
                Value::Text(text) | Value::Json(text) => write_field(i, text, out)?,
                other => write_field(i, &other.to_string(), out)?,
            }
        }
        writeln!(out)?;
        count += 1;
    }
    Ok(count)
}

fn separator(index: usize) -> &'static [u8] {
    if index == 0 { b"" } else { b"," }
}

fn write_field(index: usize, text: &str, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(separator(index))?;
    if text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        write!(out, "\"{}\"", text.replace('"', "\"\""))
    } else {
        out.write_all(text.as_bytes())
    }
}
