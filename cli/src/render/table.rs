//! Aligned columns in frames of ASCII or Unicode.

use std::io::{self, Write};

use argtop::{Column, Error};

use super::mode::{Cells, Failure};
use super::text::{cut, escape_control, human, is_number, width};

/// Rows that are held to find the widths of the columns.
const ROWS_HELD: usize = 1_000;
/// A column is not cut below this many columns of the terminal.
const WIDTH_MIN: usize = 8;

/// The characters of a frame; the triples are left end, crossing, right end.
pub(crate) struct Frame {
    horizontal: char,
    vertical: char,
    top: [char; 3],
    middle: [char; 3],
    bottom: [char; 3],
    ellipsis: &'static str,
}

/// `+---+` and `|`.
pub(crate) const ASCII: Frame = Frame {
    horizontal: '-',
    vertical: '|',
    top: ['+'; 3],
    middle: ['+'; 3],
    bottom: ['+'; 3],
    ellipsis: "...",
};

/// Box-drawing characters.
pub(crate) const UNICODE: Frame = Frame {
    horizontal: '\u{2500}',
    vertical: '\u{2502}',
    top: ['\u{250c}', '\u{252c}', '\u{2510}'],
    middle: ['\u{251c}', '\u{253c}', '\u{2524}'],
    bottom: ['\u{2514}', '\u{2534}', '\u{2518}'],
    ellipsis: "\u{2026}",
};

/// Writes a table; with a terminal width, long cells are cut so that it fits.
pub(crate) fn write<R: Cells>(
    frame: &Frame,
    terminal: Option<usize>,
    columns: &[Column],
    rows: &mut dyn Iterator<Item = Result<R, Error>>,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    let mut held = Vec::new();
    for row in (&mut *rows).take(ROWS_HELD) {
        // Nothing is printed yet: half a table above an error message helps nobody.
        held.push(cells(&row?));
    }
    let header: Vec<String> = columns.iter().map(|c| escape_control(&c.name).into_owned()).collect();
    let mut widths: Vec<usize> = header.iter().map(|name| width(name)).collect();
    for row in &held {
        for (column, cell) in widths.iter_mut().zip(row) {
            *column = (*column).max(width(cell));
        }
    }
    let right: Vec<bool> = columns.iter().map(|c| is_number(&c.data_type)).collect();
    let cap = terminal.map(|terminal| fit(&mut widths, &right, terminal));
    let layout = Layout { frame, right, widths, cap };
    layout.write(&header, held, rows, out)
}

fn cells(row: &impl Cells) -> Vec<String> {
    row.values().iter().map(human).collect()
}

/// Lowers the widest columns to one common cap, the largest with which the table fits, and returns the cap.
/// Numbers are not cut: a part of one reads as another number.
fn fit(widths: &mut [usize], numbers: &[bool], terminal: usize) -> usize {
    // Each column costs a bar and two spaces; the last bar costs one more.
    let frame = 3 * widths.len() + 1;
    let capped = |cap: usize| {
        widths
            .iter()
            .zip(numbers)
            .map(move |(width, number)| if *number { *width } else { (*width).min(cap) })
    };
    let mut caps = (WIDTH_MIN..=terminal.max(WIDTH_MIN)).rev();
    let cap = caps.find(|cap| frame + capped(*cap).sum::<usize>() <= terminal).unwrap_or(WIDTH_MIN);
    let fitted: Vec<usize> = capped(cap).collect();
    widths.copy_from_slice(&fitted);
    cap
}

/// A table whose columns are measured.
struct Layout<'f> {
    frame: &'f Frame,
    widths: Vec<usize>,
    right: Vec<bool>,
    /// Longest text cell, on a terminal; those after the held rows may be longer than their column.
    cap: Option<usize>,
}

impl Layout<'_> {
    fn write<R: Cells>(
        &self,
        header: &[String],
        held: Vec<Vec<String>>,
        rest: &mut dyn Iterator<Item = Result<R, Error>>,
        out: &mut dyn Write,
    ) -> Result<u64, Failure> {
        self.rule(self.frame.top, out)?;
        self.row(header, true, out)?;
        self.rule(self.frame.middle, out)?;
        let mut count = 0;
        for row in held {
            self.row(&row, false, out)?;
            count += 1;
        }
        for row in rest {
            self.row(&cells(&row?), false, out)?;
            count += 1;
        }
        self.rule(self.frame.bottom, out)?;
        Ok(count)
    }

    fn rule(&self, [left, crossing, right]: [char; 3], out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::from(left);
        for (i, width) in self.widths.iter().enumerate() {
            if i > 0 {
                line.push(crossing);
            }
            line.extend(std::iter::repeat_n(self.frame.horizontal, width + 2));
        }
        line.push(right);
        writeln!(out, "{line}")
    }

    fn row(&self, cells: &[String], header: bool, out: &mut dyn Write) -> io::Result<()> {
        let bar = self.frame.vertical;
        for ((cell, columns), right) in cells.iter().zip(&self.widths).zip(&self.right) {
            let cell = match self.cap {
                Some(cap) if header || !right => cut(cell, cap.max(*columns), self.frame.ellipsis),
                _ => cell.into(),
            };
            // Padding by hand: the formatter counts characters, not columns of the terminal.
            let pad = " ".repeat(columns.saturating_sub(width(&cell)));
            if *right && !header {
                write!(out, "{bar} {pad}{cell} ")?;
            } else {
                write!(out, "{bar} {cell}{pad} ")?;
            }
        }
        writeln!(out, "{bar}")
    }
}
