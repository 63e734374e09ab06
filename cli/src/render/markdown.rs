//! A Markdown table (GitHub flavour); values in full.

use std::io::{self, Write};

use argtop::{Column, Error};

use super::mode::{Cells, Failure};
use super::text::{escape_control, is_number};

/// Writes the header, the line of alignments and every row.
pub(crate) fn write<R: Cells>(
    columns: &[Column],
    rows: &mut dyn Iterator<Item = Result<R, Error>>,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    write_line(columns.iter().map(|c| escape(&c.name)), out)?;
    let alignments = columns.iter().map(|c| if is_number(&c.data_type) { "--:" } else { "---" });
    write_line(alignments.map(str::to_owned), out)?;
    let mut count = 0;
    for row in rows {
        write_line(row?.values().iter().map(|value| escape(&value.to_string())), out)?;
        count += 1;
    }
    Ok(count)
}

fn write_line(cells: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "|")?;
    for cell in cells {
        write!(out, " {cell} |")?;
    }
    writeln!(out)
}

/// A bar would end the cell and a line break the table.
fn escape(text: &str) -> String {
    let text = text.replace('|', "\\|").replace("\r\n", "\n").replace('\n', "<br>");
    escape_control(&text).into_owned()
}
