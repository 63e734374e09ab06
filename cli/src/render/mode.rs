//! The modes of output, and the one entry that writes rows in any of them.

use std::io::{self, Write};

use argtop::{Column, Error, Row, Value};
use clap::ValueEnum;

use super::{csv, json, line, markdown, table};

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Aligned columns in ASCII frames.
    Table,
    /// Aligned columns in Unicode frames.
    Box,
    /// One `name = value` a line, a blank line between rows.
    Line,
    /// Comma-separated values with a header (RFC 4180, lines end in LF).
    Csv,
    /// One array of objects for each statement.
    Json,
    /// One object a line.
    Jsonl,
    /// A Markdown table.
    Markdown,
    /// Nothing; for timing.
    Trash,
}

impl Mode {
    /// Every mode, in the order of the help.
    pub(crate) const ALL: [Mode; 8] =
        [Mode::Table, Mode::Box, Mode::Line, Mode::Csv, Mode::Json, Mode::Jsonl, Mode::Markdown, Mode::Trash];

    /// The word for it on the command line and in `.mode`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Mode::Table => "table",
            Mode::Box => "box",
            Mode::Line => "line",
            Mode::Csv => "csv",
            Mode::Json => "json",
            Mode::Jsonl => "jsonl",
            Mode::Markdown => "markdown",
            Mode::Trash => "trash",
        }
    }

    /// True for the modes made for eyes: they shorten vectors and, on a terminal, count rows.
    pub(crate) fn is_human(self) -> bool {
        matches!(self, Mode::Table | Mode::Box | Mode::Line)
    }
}

/// How a result is laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// The mode.
    pub(crate) mode: Mode,
    /// Columns of the terminal that tables are cut to; none for no cutting.
    pub(crate) width: Option<usize>,
    /// Prints a single column of text as it is, for plans drawn in characters.
    pub(crate) raw: bool,
}

/// A row as the renderers see it.
pub(crate) trait Cells {
    /// One value for each column.
    fn values(&self) -> &[Value];
}

impl Cells for Row {
    fn values(&self) -> &[Value] {
        Row::values(self)
    }
}

/// Why rows could not be written.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The statement failed while its rows were read.
    Engine(Error),
    /// The output cannot be written.
    Output(io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Engine(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

/// Writes all rows and returns how many there were.
///
/// The machine modes stream; table and box hold a thousand rows to find the widths, then stream too.
pub(crate) fn write_rows<R: Cells>(
    page: Page,
    columns: &[Column],
    rows: &mut dyn Iterator<Item = Result<R, Error>>,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    match page.mode {
        Mode::Table | Mode::Box if page.raw && columns.len() == 1 => line::write_raw(rows, out),
        Mode::Table => table::write(&table::ASCII, page.width, columns, rows, out),
        Mode::Box => table::write(&table::UNICODE, page.width, columns, rows, out),
        Mode::Line => line::write(columns, rows, out),
        Mode::Csv => csv::write(columns, rows, out),
        Mode::Json => json::write_array(columns, rows, out),
        Mode::Jsonl => json::write_lines(columns, rows, out),
        Mode::Markdown => markdown::write(columns, rows, out),
        Mode::Trash => Ok(drain(rows)?),
    }
}

/// Reads the rows to their end, for the time that takes.
fn drain<R>(rows: &mut dyn Iterator<Item = Result<R, Error>>) -> Result<u64, Error> {
    let mut count = 0;
    for row in rows {
        row?;
        count += 1;
    }
    Ok(count)
}
