//! Rows of Parquet files.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argtop_query::catalog::ReadCall;
use argtop_query::value::{DataType, Value};
use parquet::file::metadata::ParquetMetaData;

use super::column::{Cell, Column, Plain, Reach};
use super::footer::{DAMAGED, chunk_range, read_footer};
use super::pages::{Chunk, Shared};
use super::schema::{FileColumn, Meaning, file_columns};
use crate::import::access::Access;
use crate::import::error::{BadCell, BadRow, ImportError, excerpt};
use crate::import::input::{open_file, total_bytes};
use crate::import::json::{Json, parse_object};
use crate::import::limits::ImportLimits;
use crate::import::options::Options;
use crate::import::source::{ReadableRows, Rows, Source, all_readable};
use crate::import::types::{fit, type_name};

/// Rows that are decoded at once, and fewer where there are many columns.
const ROWS_AHEAD: usize = 1_024;
/// Values that are decoded at once, over all columns.
const VALUES_AHEAD: usize = 1 << 19;
/// Values that wait for their row, over all columns; some lists of the largest size.
const VALUES_WAITING_MAX: usize = 1 << 22;

pub(in crate::import) struct ParquetSource {
    files: Vec<PathBuf>,
    opened: usize,
    open: Option<OpenFile>,
    columns: Vec<(String, DataType)>,
    /// The types were written by hand: other columns are left out and scalars are cast to TEXT.
    chosen: bool,
    limits: Arc<ImportLimits>,
    done: Arc<AtomicU64>,
    /// Bytes of the files that were read to their end.
    done_before: u64,
    total: u64,
}

/// A row, or why it cannot be read, and the bytes of its values.
type SizedRow = (Result<Vec<Value>, BadRow>, usize);

/// A file that is being read.
struct OpenFile {
    shared: Shared,
    metadata: ParquetMetaData,
    selected: Vec<(FileColumn, Meaning)>,
    size: u64,
    next_group: usize,
    group: Vec<Column>,
    /// Rows of the group that are left, and the number of the next row in the file.
    rows_left: u64,
    row: u64,
}

/// Opens a file; the footer is read and checked.
fn open_metadata(
    path: &Path,
    limits: &ImportLimits,
) -> Result<(File, u64, ParquetMetaData, Vec<FileColumn>), ImportError> {
    let (file, size) = open_file(path)?;
    let metadata = read_footer(&file, path, size, limits)?;
    let columns = file_columns(metadata.file_metadata().schema_descr());
    let format = |problem: String, fix: &str| ImportError::format(path, problem, fix);
    if columns.is_empty() {
        return Err(format("no columns".to_owned(), "give a file with at least one column"));
    }
    if columns.len() > limits.columns_max {
        let problem = format!("{} columns, limit {}", columns.len(), limits.columns_max);
        return Err(format(problem, "write it with fewer columns"));
    }
    let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.sort_unstable();
    if let Some((name, _)) = names.iter().zip(names.iter().skip(1)).find(|(a, b)| a == b) {
        return Err(format(format!("two columns `{}`", excerpt(name)), "give one of them another name"));
    }
    Ok((file, size, metadata, columns))
}

/// The column of a name, and what it means.
fn select(
    path: &Path,
    columns: &[FileColumn],
    name: &str,
    chosen: bool,
) -> Result<(FileColumn, Meaning), ImportError> {
    let Some(column) = columns.iter().find(|column| column.name == name) else {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let fix = format!("its columns are {}", excerpt(&names.join(", ")));
        return Err(ImportError::format(path, format!("no column `{}`", excerpt(name)), fix));
    };
    let unread = |kind: &str| {
        let problem = format!("column `{}` is {}, which is not read", excerpt(name), excerpt(kind));
        let fix = match kind.starts_with("BYTE_ARRAY that") {
            true => "name it as TEXT in columns => [...] where it holds UTF-8, or leave it out there",
            false => "write it as a number, a text or a list of them, or name the others in columns => [...]",
        };
        ImportError::format(path, problem, fix)
    };
    let meaning = *column.content.as_ref().map_err(|kind| unread(kind))?;
    if !chosen {
        column.data_type().map_err(unread)?;
    }
    Ok((column.clone(), meaning))
}

impl ParquetSource {
    pub(in crate::import) fn open(
        call: &ReadCall,
        access: &Access,
        limits: &ImportLimits,
    ) -> Result<Self, ImportError> {
        let options = Options::new(call, &["columns"])?;
        let chosen = options.columns("columns", limits)?;
        let files = access.files(&call.path, limits)?;
        let total = total_bytes(&files)?;
        let is_chosen = chosen.is_some();
        let columns = match (chosen, files.first()) {
            (Some(columns), _) => columns,
            (None, Some(path)) => infer(path, limits)?,
            (None, None) => Vec::new(),
        };
        if let (true, Some(path)) = (columns.is_empty(), files.first()) {
            return Err(ImportError::format(path, "`columns` names no column", "name those to be read"));
        }
        let mut source = ParquetSource {
            files,
            opened: 0,
            open: None,
            columns,
            chosen: is_chosen,
            limits: Arc::new(limits.clone()),
            done: Arc::default(),
            done_before: 0,
            total,
        };
        // Names that the first file lacks are told before the first row is asked for.
        source.open = source.open_next()?;
        Ok(source)
    }

    fn open_next(&mut self) -> Result<Option<OpenFile>, ImportError> {
        let Some(path) = self.files.get(self.opened) else { return Ok(None) };
        let (file, size, metadata, columns) = open_metadata(path, &self.limits)?;
        if !self.chosen {
            let mine = columns.iter().map(|column| Ok((column.name.clone(), column.data_type()?)));
            let mine: Result<Vec<(String, DataType)>, &str> = mine.collect();
            if mine.is_ok_and(|mine| mine != self.columns) {
                let problem = "its columns differ from those of the files before";
                let fix = "read it by itself, or name the columns => [...] that all of them have";
                return Err(ImportError::format(path, problem, fix));
            }
        }
        let selected = self.columns.iter().map(|(name, _)| select(path, &columns, name, self.chosen));
        let selected = selected.collect::<Result<Vec<_>, _>>()?;
        self.opened += 1;
        self.done.store(0, Ordering::Relaxed);
        let shared = Shared {
            file: Arc::new(file),
            path: Arc::from(path.as_path()),
            limits: Arc::clone(&self.limits),
            held: Arc::default(),
            done: Arc::clone(&self.done),
        };
        let (group, next_group, rows_left, row) = (Vec::new(), 0, 0, 0);
        Ok(Some(OpenFile { shared, metadata, selected, size, next_group, group, rows_left, row }))
    }

    /// The next row, and its bytes; None at the end of the last file.
    fn next_row(&mut self) -> Result<Option<SizedRow>, ImportError> {
        loop {
            if self.open.is_none() {
                self.open = self.open_next()?;
            }
            let Some(open) = &mut self.open else { return Ok(None) };
            if open.next_group()? {
                return open.row(&self.columns, self.chosen).map(Some);
            }
            self.done_before = self.done_before.saturating_add(open.size);
            self.done.store(0, Ordering::Relaxed);
            self.open = None;
        }
    }
}

/// The columns of a file with the types that they have there.
fn infer(path: &Path, limits: &ImportLimits) -> Result<Vec<(String, DataType)>, ImportError> {
    let (_, _, _, columns) = open_metadata(path, limits)?;
    let typed = |column: &FileColumn| {
        select(path, &columns, &column.name, false)?;
        Ok((column.name.clone(), column.data_type().unwrap_or(DataType::Unknown)))
    };
    columns.iter().map(typed).collect()
}

impl OpenFile {
    /// Opens groups until one has rows left; false at the end of the file.
    fn next_group(&mut self) -> Result<bool, ImportError> {
        while self.rows_left == 0 {
            for (column, (shape, _)) in self.group.iter_mut().zip(&self.selected) {
                let place = place(self.next_group - 1, &shape.name);
                if column.ready(&self.shared.path, &place)? {
                    let problem = format!("{place}: more values than the row group has rows");
                    return Err(ImportError::format(&self.shared.path, problem, DAMAGED));
                }
            }
            self.group.clear();
            let Some(group) = self.metadata.row_groups().get(self.next_group) else { return Ok(false) };
            self.rows_left = u64::try_from(group.num_rows()).unwrap_or_default();
            let width = self.selected.len().max(1);
            let reach =
                Reach { rows: (VALUES_AHEAD / width).clamp(1, ROWS_AHEAD), values: VALUES_AHEAD / width };
            for (shape, meaning) in &self.selected {
                let place = place(self.next_group, &shape.name);
                let chunk =
                    group.columns().get(shape.leaf).and_then(|chunk| chunk_range(chunk).zip(Some(chunk)));
                let Some(((at, end), chunk)) = chunk else {
                    let problem = format!("{place}: there are no values");
                    return Err(ImportError::format(&self.shared.path, problem, DAMAGED));
                };
                let (shared, codec) = (self.shared.clone(), chunk.compression());
                let column = chunk.column_descr_ptr();
                let chunk = Chunk { shared, place, codec, column, at, end };
                self.group.push(Column::new(chunk, shape.empty_level, *meaning, reach));
            }
            self.next_group += 1;
        }
        Ok(true)
    }

    /// The next row of the group and its bytes.
    fn row(&mut self, columns: &[(String, DataType)], chosen: bool) -> Result<SizedRow, ImportError> {
        let path = Arc::clone(&self.shared.path);
        let group = self.next_group.saturating_sub(1);
        let (number, limits) = (self.row, Arc::clone(&self.shared.limits));
        let mut row = Vec::with_capacity(columns.len());
        let (mut bytes, mut waiting, mut bad) = (0_usize, 0, None);
        for (column, (name, data_type)) in self.group.iter_mut().zip(columns) {
            let damaged = |problem: &str| {
                ImportError::format(&path, format!("{}: {problem}", place(group, name)), DAMAGED)
            };
            if !column.ready(&path, &place(group, name))? {
                return Err(damaged("fewer values than the row group has rows"));
            }
            waiting += column.waiting();
            if waiting > VALUES_WAITING_MAX {
                let problem = format!("row {number}: its lists have more than {VALUES_WAITING_MAX} values");
                return Err(ImportError::format(&path, problem, "name fewer columns => [...]"));
            }
            let cell = column.next().ok_or_else(|| damaged("levels that contradict each other"))?;
            bytes = bytes.saturating_add(cell_bytes(&cell));
            if bytes > limits.line_bytes_max {
                let problem = format!("row {number}: longer than {} bytes", limits.line_bytes_max);
                return Err(ImportError::format(&path, problem, "split the row or its texts"));
            }
            match value(&cell, data_type, chosen, &limits) {
                Some(value) => row.push(value),
                None => {
                    bad.get_or_insert_with(|| misfit(&path, number, name, &cell, data_type));
                    row.push(Value::Null);
                }
            }
        }
        self.rows_left -= 1;
        self.row += 1;
        let row = match bad {
            None => Ok(row),
            Some(error) => Err(BadRow { error, text: format!("row {number}") }),
        };
        Ok((row, bytes))
    }
}

fn place(group: usize, column: &str) -> String {
    format!("row group {group}, column `{}`", excerpt(column))
}

fn cell_bytes(cell: &Cell<'_>) -> usize {
    match cell {
        Cell::Null => 1,
        Cell::Plain(plain) => plain.size(),
        Cell::List(items) => items.iter().map(|item| item.map_or(1, |item| item.size())).sum::<usize>() + 8,
    }
}

/// The cell as the column's type; None where it does not fit.
fn value(cell: &Cell<'_>, data_type: &DataType, chosen: bool, limits: &ImportLimits) -> Option<Value> {
    match (cell, data_type) {
        (Cell::Null, _) => Some(Value::Null),
        (Cell::Plain(plain), data_type) => scalar(*plain, data_type, chosen, limits),
        (Cell::List(items), DataType::List(element)) => {
            let item = |item: &Option<Plain<'_>>| match item {
                None => Some(Value::Null),
                Some(plain) => scalar(*plain, element, chosen, limits),
            };
            items.iter().map(item).collect::<Option<Vec<Value>>>().map(Value::List)
        }
        (Cell::List(items), DataType::Vector { dimension, .. }) => {
            if dimension.is_some_and(|dimension| dimension as usize != items.len()) {
                return None;
            }
            let element = |item: &Option<Plain<'_>>| match item {
                Some(Plain::Number(value)) => Some(*value as f32),
                Some(Plain::Integer(value)) => Some(*value as f32),
                _ => None,
            };
            let elements: Option<Vec<f32>> =
                items.iter().map(|item| element(item).filter(|element| element.is_finite())).collect();
            elements.map(Value::Vector)
        }
        (Cell::List(items), DataType::Json) => {
            let items = items.iter().map(|item| item.map_or(Some(Json::Null), Plain::to_json));
            Some(Value::Json(Json::List(items.collect::<Option<Vec<Json>>>()?).render()))
        }
        (Cell::List(_), _) => None,
    }
}

fn scalar(plain: Plain<'_>, data_type: &DataType, chosen: bool, limits: &ImportLimits) -> Option<Value> {
    match (plain, data_type) {
        (Plain::Micros(micros), DataType::Timestamp) => Some(Value::Timestamp(micros)),
        (Plain::Micros(micros), DataType::Text) if chosen => {
            crate::export::timestamp_text(micros).map(Value::Text)
        }
        // An infinite number is one of DOUBLE, what is no number is not.
        (Plain::Number(number), DataType::Double) => (!number.is_nan()).then_some(Value::Double(number)),
        (Plain::Large(_), DataType::BigInt | DataType::Integer) => None,
        (Plain::Large(number), DataType::Text) if chosen => Some(Value::Text(number.to_string())),
        (Plain::Json(text), DataType::Text) if chosen => Some(Value::Text(text.to_owned())),
        (Plain::Json(text), data_type) => {
            let object = parse_object(&format!("{{\"v\":{text}}}"), limits).ok()?;
            match <[(String, Json); 1]>::try_from(object) {
                Ok([(_, json)]) if *data_type == DataType::Json => Some(Value::Json(json.render())),
                Ok([(_, json)]) => fit(json, data_type, chosen),
                Err(_) => None,
            }
        }
        (plain, data_type) => fit(plain.to_json()?, data_type, chosen),
    }
}

fn misfit(path: &Path, row: u64, column: &str, cell: &Cell<'_>, data_type: &DataType) -> ImportError {
    let shown = |plain: &Plain<'_>| match plain {
        Plain::Boolean(value) => value.to_string(),
        Plain::Integer(value) | Plain::Micros(value) => value.to_string(),
        Plain::Number(value) => value.to_string(),
        Plain::Large(value) => value.to_string(),
        Plain::Text(text) | Plain::Json(text) => excerpt(text),
        Plain::NotText => "what is no UTF-8".to_owned(),
        Plain::NoTime => "a time beyond the year 9999".to_owned(),
    };
    let value = match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Plain(plain) => shown(plain),
        Cell::List(items) => {
            let items: Vec<String> = items
                .iter()
                .take(8)
                .map(|item| item.as_ref().map_or_else(|| "null".to_owned(), shown))
                .collect();
            excerpt(&format!("[{}]", items.join(", ")))
        }
    };
    ImportError::Cell(Box::new(BadCell {
        path: path.to_owned(),
        place: format!("row {row}"),
        column: excerpt(column),
        value,
        wanted: type_name(data_type),
        fix: "correct it, or give the column another type in columns => [...]".to_owned(),
    }))
}

impl Source for ParquetSource {
    fn columns(&self) -> &[(String, DataType)] {
        &self.columns
    }

    fn next_batch(&mut self, rows_max: usize) -> Result<Option<Rows>, ImportError> {
        all_readable(self.next_readable(rows_max)?)
    }

    fn next_readable(&mut self, rows_max: usize) -> Result<Option<ReadableRows>, ImportError> {
        let mut rows = ReadableRows::new();
        let mut bytes = 0_usize;
        while rows.len() < rows_max.max(1) && bytes < self.limits.batch_bytes_max {
            match self.next_row() {
                Ok(None) => break,
                Ok(Some((row, size))) => {
                    bytes = bytes.saturating_add(size);
                    rows.push(row);
                }
                Err(error) => {
                    // What the crate was decoding is not to be touched again.
                    self.open = None;
                    self.opened = self.files.len();
                    return Err(error);
                }
            }
        }
        Ok(if rows.is_empty() { None } else { Some(rows) })
    }

    fn position(&self) -> Option<(u64, u64)> {
        let current = self.open.as_ref().map_or(0, |open| self.done.load(Ordering::Relaxed).min(open.size));
        Some((self.done_before.saturating_add(current), self.total))
    }
}
