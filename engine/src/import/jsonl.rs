//! `read_jsonl(path or pattern [, columns => ...])`.
//!
//! Types come from the first lines (`sample_lines`) or from the `columns` option. Without it a key that the
//! sample did not show is an error, because leaving it out would lose data without a word; with it, keys that
//! are not named are left out on purpose.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use argtop_query::catalog::ReadCall;
use argtop_query::value::{DataType, Value};

use super::access::Access;
use super::error::{BadCell, BadRow, ImportError, excerpt};
use super::input::FileLines;
use super::json::{Json, parse_object};
use super::limits::ImportLimits;
use super::options::Options;
use super::source::{ReadableRows, Rows, Source, all_readable};
use super::types::{Shape, fit, type_name};

pub(super) struct JsonlSource {
    lines: FileLines,
    shape: RowShape,
    limits: ImportLimits,
}

/// The columns that lines are read into.
struct RowShape {
    columns: Vec<(String, DataType)>,
    position_of: HashMap<String, usize>,
    /// The types were written by hand: other keys are left out and scalars are cast to TEXT.
    chosen: bool,
}

impl RowShape {
    fn row(
        &self,
        path: &Path,
        number: u64,
        line: &str,
        limits: &ImportLimits,
    ) -> Result<Vec<Value>, ImportError> {
        let mut row = vec![Value::Null; self.columns.len()];
        for (key, value) in members(path, number, line, limits)? {
            let Some(&position) = self.position_of.get(&key) else {
                if self.chosen {
                    continue;
                }
                let sample = limits.sample_lines;
                let problem = format!("key `{}` is not in the first {sample} lines", excerpt(&key));
                return Err(ImportError::line(path, number, problem, "name the columns => [...] you need"));
            };
            let (Some(cell), Some((_, data_type))) = (row.get_mut(position), self.columns.get(position))
            else {
                continue;
            };
            *cell = match fit(value, data_type, self.chosen) {
                Some(value) => value,
                None => return Err(misfit(path, number, line, &key, data_type)),
            };
        }
        Ok(row)
    }
}

impl JsonlSource {
    pub(super) fn open(call: &ReadCall, access: &Access, limits: &ImportLimits) -> Result<Self, ImportError> {
        let options = Options::new(call, &["columns"])?;
        let chosen = options.columns("columns", limits)?;
        let files = access.files(&call.path, limits)?;
        let is_chosen = chosen.is_some();
        let columns = match chosen {
            Some(columns) => columns,
            None => infer(&files, call, limits)?,
        };
        let position_of = columns.iter().enumerate().map(|(i, (name, _))| (name.clone(), i)).collect();
        let lines = FileLines::new(files, limits.line_bytes_max)?;
        let shape = RowShape { columns, position_of, chosen: is_chosen };
        Ok(JsonlSource { lines, shape, limits: limits.clone() })
    }
}

/// Columns in the order in which their keys first appear.
fn infer(
    files: &[PathBuf],
    call: &ReadCall,
    limits: &ImportLimits,
) -> Result<Vec<(String, DataType)>, ImportError> {
    let mut lines = FileLines::new(files.to_vec(), limits.line_bytes_max)?;
    let mut shapes: Vec<(String, Shape)> = Vec::new();
    let mut position_of: HashMap<String, usize> = HashMap::new();
    for _ in 0..limits.sample_lines {
        let line = match lines.next() {
            Err(ImportError::Line { .. }) if call.skips => continue,
            line => line?,
        };
        let Some((path, number, line)) = line else { break };
        let members = match members(path, number, line, limits) {
            Err(_) if call.skips => continue,
            members => members?,
        };
        for (key, value) in members {
            let shape = Shape::of(&value);
            let next = shapes.len();
            let position = *position_of.entry(key.clone()).or_insert(next);
            match shapes.get_mut(position) {
                Some((_, known)) => *known = std::mem::replace(known, Shape::Unset).join(shape),
                None if next == limits.columns_max => {
                    let problem = format!("more than {} different keys", limits.columns_max);
                    return Err(ImportError::line(
                        path,
                        number,
                        problem,
                        "name the ones you need in columns => [...]",
                    ));
                }
                None => shapes.push((key, shape)),
            }
        }
    }
    if shapes.is_empty() {
        let fix = "give a file with one JSON object a line, or name the columns => [...]";
        return Err(ImportError::format(Path::new(&call.path), "no JSON object to infer columns from", fix));
    }
    Ok(shapes.into_iter().map(|(name, shape)| (name, shape.data_type())).collect())
}

/// The members of the object on a line.
pub(super) fn members(
    path: &Path,
    number: u64,
    line: &str,
    limits: &ImportLimits,
) -> Result<Vec<(String, Json)>, ImportError> {
    parse_object(line, limits)
        .map_err(|problem| ImportError::line(path, number, problem, "every line must be one JSON object"))
}

impl Source for JsonlSource {
    fn columns(&self) -> &[(String, DataType)] {
        &self.shape.columns
    }

    fn next_batch(&mut self, rows_max: usize) -> Result<Option<Rows>, ImportError> {
        all_readable(self.next_readable(rows_max)?)
    }

    fn next_readable(&mut self, rows_max: usize) -> Result<Option<ReadableRows>, ImportError> {
        let mut rows = ReadableRows::new();
        let mut bytes = 0_usize;
        while rows.len() < rows_max.max(1) && bytes < self.limits.batch_bytes_max {
            match self.lines.next() {
                Ok(None) => break,
                Ok(Some((path, number, line))) => {
                    bytes = bytes.saturating_add(line.len());
                    let row = self.shape.row(path, number, line, &self.limits);
                    rows.push(row.map_err(|error| BadRow { error, text: line.to_owned() }));
                }
                // The line is behind us: the next one may be well.
                Err(error @ ImportError::Line { .. }) => {
                    let text = self.lines.rejected();
                    bytes = bytes.saturating_add(text.len());
                    rows.push(Err(BadRow { error, text }));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(if rows.is_empty() { None } else { Some(rows) })
    }

    fn position(&self) -> Option<(u64, u64)> {
        Some(self.lines.position())
    }
}

/// The error of a value that does not fit; the line is parsed again to show the value.
fn misfit(path: &Path, number: u64, line: &str, key: &str, data_type: &DataType) -> ImportError {
    let object: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(line);
    let value = object.ok().and_then(|o| o.get(key).map(ToString::to_string)).unwrap_or_default();
    let wider = match data_type {
        DataType::BigInt | DataType::Integer => "DOUBLE or JSON",
        _ => "JSON",
    };
    ImportError::Cell(Box::new(BadCell {
        path: path.to_owned(),
        place: format!("line {number}"),
        column: excerpt(key),
        value: excerpt(&value),
        wanted: type_name(data_type),
        fix: format!("correct it, or give the column another type, for example {wider}, in columns => [...]"),
    }))
}
