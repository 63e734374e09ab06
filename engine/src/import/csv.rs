//! `read_csv(path or pattern [, header => true] [, delimiter => ','] [, columns => ...])`.
//!
//! RFC 4180 with `"` as the quote. An empty field is NULL, in a TEXT column the empty text. Integers with a
//! sign
//! `+` or leading zeros and words like `nan` stay TEXT, so that codes such as `007` keep their form.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use argtop_query::catalog::ReadCall;
use argtop_query::value::{DataType, Value};
use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::access::Access;
use super::error::{BadCell, BadRow, ImportError, excerpt};
use super::input::{not_utf8, open_text, total_bytes};
use super::json::parse_object;
use super::limits::ImportLimits;
use super::options::Options;
use super::source::{ReadableRows, Rows, Source, all_readable};
use super::types::{fit, type_name};

/// Delimiters of a record, those in quoted text included: the parser keeps eight bytes for each field.
const DELIMITERS_MAX: usize = 1 << 21;

/// Bytes that the CSV parser reads ahead.
const BUFFER_BYTES: usize = 64 << 10;

pub(super) struct CsvSource {
    records: Records,
    columns: Vec<(String, DataType)>,
    record: ByteRecord,
    limits: ImportLimits,
}

impl CsvSource {
    pub(super) fn open(call: &ReadCall, access: &Access, limits: &ImportLimits) -> Result<Self, ImportError> {
        let options = Options::new(call, &["header", "delimiter", "columns"])?;
        let header = options.boolean("header", true)?;
        let delimiter = options.delimiter("delimiter")?;
        let chosen = options.columns("columns", limits)?;
        let files = access.files(&call.path, limits)?;
        let open = || Records::new(files.clone(), header, delimiter, limits);
        let inferred = infer(open()?, header, call, limits)?;
        let columns = match chosen {
            Some(columns) => choose(columns, &inferred, header, &call.path)?,
            None => inferred,
        };
        let mut records = open()?;
        records.width = columns.len();
        Ok(CsvSource { records, columns, record: ByteRecord::new(), limits: limits.clone() })
    }
}

/// Types by hand replace the inferred ones. With a header the names must be the file's, in any order; without
/// one they name the fields from left to right.
fn choose(
    chosen: Vec<(String, DataType)>,
    inferred: &[(String, DataType)],
    header: bool,
    pattern: &str,
) -> Result<Vec<(String, DataType)>, ImportError> {
    let names = || inferred.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    if chosen.len() > inferred.len() || (!header && chosen.len() != inferred.len()) {
        let problem = format!("{} columns are named, the file has {}", chosen.len(), inferred.len());
        return Err(ImportError::format(
            Path::new(pattern),
            problem,
            format!("its columns are {}", excerpt(&names())),
        ));
    }
    if !header {
        return Ok(chosen);
    }
    let mut columns = inferred.to_vec();
    for (name, data_type) in chosen {
        match columns.iter_mut().find(|(column, _)| *column == name) {
            Some((_, inferred)) => *inferred = data_type,
            None => {
                let problem = format!("no column `{}`", excerpt(&name));
                let fix = format!("its columns are {}", excerpt(&names()));
                return Err(ImportError::format(Path::new(pattern), problem, fix));
            }
        }
    }
    Ok(columns)
}

/// Column types by what all sampled fields can be.
#[derive(Clone, Copy, Default)]
struct Seen {
    fields: bool,
    not_boolean: bool,
    not_integer: bool,
    not_double: bool,
}

impl Seen {
    fn add(&mut self, field: &str) {
        if !field.is_empty() {
            self.fields = true;
            self.not_boolean |= boolean(field).is_none();
            self.not_integer |= integer(field).is_none();
            self.not_double |= double(field).is_none();
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Seen { fields: false, .. } => DataType::Text,
            Seen { not_boolean: false, .. } => DataType::Boolean,
            Seen { not_integer: false, .. } => DataType::BigInt,
            Seen { not_double: false, .. } => DataType::Double,
            _ => DataType::Text,
        }
    }
}

fn infer(
    mut records: Records,
    header: bool,
    call: &ReadCall,
    limits: &ImportLimits,
) -> Result<Vec<(String, DataType)>, ImportError> {
    let mut record = ByteRecord::new();
    let mut seen: Vec<Seen> = Vec::new();
    for _ in 0..limits.sample_lines {
        if !records.next(&mut record)? {
            break;
        }
        match records.check_width(&record).and_then(|()| records.utf8(&record)) {
            Err(_) if call.skips => continue,
            checked => checked?,
        }
        if record.len() > limits.columns_max {
            let problem = format!("more than {} fields", limits.columns_max);
            return Err(ImportError::line(records.path(), records.line, problem, "check the delimiter"));
        }
        seen.resize(seen.len().max(record.len()), Seen::default());
        for (seen, field) in seen.iter_mut().zip(&record) {
            seen.add(records.text(field)?);
        }
    }
    let names =
        if header { records.header } else { (1..=seen.len()).map(|i| format!("column{i}")).collect() };
    if names.is_empty() {
        let fix = "give a file with a header line, or header => false and at least one line";
        return Err(ImportError::format(Path::new(&call.path), "no columns", fix));
    }
    seen.resize(names.len(), Seen::default());
    Ok(names.into_iter().zip(seen).map(|(name, seen)| (name, seen.data_type())).collect())
}

fn boolean(field: &str) -> Option<bool> {
    if field.eq_ignore_ascii_case("true") {
        Some(true)
    } else if field.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn integer(field: &str) -> Option<i64> {
    let digits = field.strip_prefix('-').unwrap_or(field);
    let plain = digits == "0" || digits.starts_with(|c: char| c.is_ascii_digit() && c != '0');
    if plain { field.parse().ok() } else { None }
}

fn double(field: &str) -> Option<f64> {
    let digits = field.strip_prefix('-').unwrap_or(field);
    let mut chars = digits.chars();
    let first = chars.next()?;
    let second = chars.next().unwrap_or('.');
    let plain = match first {
        '0' => !second.is_ascii_digit(),
        first => first.is_ascii_digit() || (first == '.' && second.is_ascii_digit()),
    };
    if plain { field.parse().ok().filter(|value: &f64| value.is_finite()) } else { None }
}

/// The field as the column's type; None where it does not fit.
fn field_value(field: &str, data_type: &DataType, limits: &ImportLimits) -> Option<Value> {
    if *data_type == DataType::Text {
        return Some(Value::Text(field.to_owned()));
    }
    if field.is_empty() {
        return Some(Value::Null);
    }
    match data_type {
        DataType::Boolean => boolean(field).map(Value::Boolean),
        DataType::BigInt => field.parse().ok().map(Value::BigInt),
        DataType::Integer => field.parse::<i32>().ok().map(|value| Value::BigInt(i64::from(value))),
        DataType::Double => field.parse().ok().filter(|v: &f64| v.is_finite()).map(Value::Double),
        DataType::Real => {
            field.parse().ok().filter(|v: &f32| v.is_finite()).map(|v| Value::Double(f64::from(v)))
        }
        // Arrays, vectors and JSON stand in the field as JSON text.
        _ => {
            let object = parse_object(&format!("{{\"v\":{field}}}"), limits).ok()?;
            match object.as_slice() {
                [(_, value)] => fit(value.clone(), data_type, true),
                _ => None,
            }
        }
    }
}

impl CsvSource {
    /// The record that was read last.
    fn row(&self) -> Result<Vec<Value>, ImportError> {
        self.records.check_width(&self.record)?;
        let mut row = Vec::with_capacity(self.columns.len());
        for (field, (column, data_type)) in self.record.iter().zip(&self.columns) {
            let field = self.records.text(field)?;
            let value = field_value(field, data_type, &self.limits);
            row.push(value.ok_or_else(|| self.records.misfit(column, field, data_type))?);
        }
        Ok(row)
    }
}

impl Source for CsvSource {
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
            if !self.records.next(&mut self.record)? {
                break;
            }
            bytes = bytes.saturating_add(self.record.as_slice().len());
            rows.push(self.row().map_err(|error| BadRow { error, text: self.records.shown(&self.record) }));
        }
        Ok(if rows.is_empty() { None } else { Some(rows) })
    }

    fn position(&self) -> Option<(u64, u64)> {
        Some((self.records.done.load(Ordering::Relaxed), self.records.total))
    }
}

/// Records of several files, all of one width and under one header.
struct Records {
    files: Vec<PathBuf>,
    opened: usize,
    reader: Option<Reader<RecordGuard>>,
    header: Vec<String>,
    has_header: bool,
    delimiter: u8,
    /// Fields of a record; 0 until the first one is seen.
    width: usize,
    line: u64,
    since_record: Arc<AtomicUsize>,
    since_fields: Arc<AtomicUsize>,
    done: Arc<AtomicU64>,
    total: u64,
    line_bytes_max: usize,
    columns_max: usize,
}

impl Records {
    fn new(
        files: Vec<PathBuf>,
        has_header: bool,
        delimiter: u8,
        limits: &ImportLimits,
    ) -> Result<Self, ImportError> {
        let total = total_bytes(&files)?;
        Ok(Records {
            files,
            opened: 0,
            reader: None,
            header: Vec::new(),
            has_header,
            delimiter,
            width: 0,
            line: 0,
            since_record: Arc::default(),
            since_fields: Arc::default(),
            done: Arc::default(),
            total,
            line_bytes_max: limits.line_bytes_max,
            columns_max: limits.columns_max,
        })
    }

    fn path(&self) -> &Path {
        self.files.get(self.opened.saturating_sub(1)).map_or(Path::new(""), PathBuf::as_path)
    }

    /// Reads the next record, whatever its width; false at the end of the last file.
    fn next(&mut self, record: &mut ByteRecord) -> Result<bool, ImportError> {
        loop {
            if self.reader.is_none() && !self.open_next(record)? {
                return Ok(false);
            }
            if self.read(record)? {
                return Ok(true);
            }
            self.reader = None;
        }
    }

    /// Opens the next file and reads its header.
    fn open_next(&mut self, record: &mut ByteRecord) -> Result<bool, ImportError> {
        let Some(path) = self.files.get(self.opened) else { return Ok(false) };
        let guard = RecordGuard {
            inner: Box::new(open_text(path, Arc::clone(&self.done))?),
            since_record: Arc::clone(&self.since_record),
            bytes_max: self.line_bytes_max,
            delimiter: self.delimiter,
            since_fields: Arc::clone(&self.since_fields),
        };
        self.since_record.store(0, Ordering::Relaxed);
        self.since_fields.store(0, Ordering::Relaxed);
        self.opened += 1;
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(guard);
        self.reader = Some(reader);
        if self.has_header && self.read(record)? {
            self.check_width(record)?;
            let header = self.header_of(record)?;
            if self.header.is_empty() {
                self.header = header;
            } else if self.header != header {
                let problem = "its header differs from that of the first file";
                return Err(ImportError::line(self.path(), self.line, problem, "read the files one by one"));
            }
        }
        Ok(true)
    }

    fn header_of(&mut self, record: &ByteRecord) -> Result<Vec<String>, ImportError> {
        let bad = |problem: String| {
            ImportError::line(self.path(), self.line, problem, "correct the header, or use header => false")
        };
        if record.len() > self.columns_max {
            return Err(bad(format!("more than {} columns", self.columns_max)));
        }
        let mut names = Vec::new();
        let mut known = HashSet::new();
        for (i, field) in record.iter().enumerate() {
            let name = self.text(field)?.trim();
            if name.is_empty() {
                return Err(bad(format!("column {} has no name", i + 1)));
            }
            if !known.insert(name) {
                return Err(bad(format!("two columns `{}`", excerpt(name))));
            }
            names.push(name.to_owned());
        }
        self.width = names.len();
        Ok(names)
    }

    /// Reads one record of the open file; false at its end.
    fn read(&mut self, record: &mut ByteRecord) -> Result<bool, ImportError> {
        let Some(reader) = &mut self.reader else { return Ok(false) };
        let read = reader.read_byte_record(record);
        // What is still buffered belongs to later records: the guard allows for it.
        self.since_record.store(0, Ordering::Relaxed);
        self.since_fields.store(0, Ordering::Relaxed);
        let line = record.position().map_or(0, csv::Position::line);
        match read {
            Ok(false) => return Ok(false),
            Ok(true) => self.line = line,
            Err(error) => {
                let at = reader.position().line();
                return Err(self.parser_error(error, at));
            }
        }
        if self.width == 0 {
            self.width = record.len();
        }
        Ok(true)
    }

    fn check_width(&self, record: &ByteRecord) -> Result<(), ImportError> {
        if record.len() == self.width {
            return Ok(());
        }
        let problem = format!("{} fields where {} are expected", record.len(), self.width);
        Err(ImportError::line(self.path(), self.line, problem, "check quotes and the delimiter"))
    }

    fn parser_error(&self, error: csv::Error, line: u64) -> ImportError {
        let text = error.to_string();
        match error.into_kind() {
            ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let problem = format!("a record longer than {} bytes begins here", self.line_bytes_max);
                ImportError::line(self.path(), line, problem, "close the quote")
            }
            ErrorKind::Io(error) if error.kind() == io::ErrorKind::QuotaExceeded => {
                let problem = format!("a record with more than {DELIMITERS_MAX} delimiters begins here");
                ImportError::line(self.path(), line, problem, "check the delimiter")
            }
            ErrorKind::Io(error) => ImportError::io(self.path(), "read", error),
            _ => ImportError::line(self.path(), line, text, "check quotes and the delimiter"),
        }
    }

    /// Whether all fields are text.
    fn utf8(&self, record: &ByteRecord) -> Result<(), ImportError> {
        record.iter().try_for_each(|field| self.text(field).map(drop))
    }

    /// A record for people, its fields without their quotes.
    fn shown(&self, record: &ByteRecord) -> String {
        let fields: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
        fields.join(&char::from(self.delimiter).to_string())
    }

    fn text<'r>(&self, field: &'r [u8]) -> Result<&'r str, ImportError> {
        std::str::from_utf8(field).map_err(|e| not_utf8(self.path(), self.line, e.valid_up_to()))
    }

    fn misfit(&self, column: &str, field: &str, data_type: &DataType) -> ImportError {
        ImportError::Cell(Box::new(BadCell {
            path: self.path().to_owned(),
            place: format!("line {}", self.line),
            column: excerpt(column),
            value: format!("`{}`", excerpt(field)),
            wanted: type_name(data_type),
            fix: format!(
                "correct it, or read the column as TEXT with columns => ['{} TEXT']",
                excerpt(column)
            ),
        }))
    }
}

/// Ends a record that a quote left open, or that has millions of fields, before all of it is in memory.
struct RecordGuard {
    inner: Box<dyn Read + Send>,
    since_record: Arc<AtomicUsize>,
    bytes_max: usize,
    delimiter: u8,
    since_fields: Arc<AtomicUsize>,
}

impl Read for RecordGuard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let since = self.since_record.fetch_add(count, Ordering::Relaxed).saturating_add(count);
        if since > self.bytes_max.saturating_add(2 * BUFFER_BYTES) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = buffer.get(..count).unwrap_or_default();
        let delimiters = read.iter().filter(|byte| **byte == self.delimiter).count();
        let fields = self.since_fields.fetch_add(delimiters, Ordering::Relaxed).saturating_add(delimiters);
        if fields > DELIMITERS_MAX {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        Ok(count)
    }
}
