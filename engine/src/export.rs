//! Rows into files, for `COPY (query) TO`.
//!
//! A file appears under its name only when it is complete: rows go to a temporary file in the same folder,
//! which is synced and renamed over whatever had the name before.

mod form;
mod parquet;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use argtop_query::value::Value;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use zstd::stream::write::Encoder as ZstdEncoder;

pub(crate) use form::{RowFile, RowForm, Rows};

use crate::import::{Access, Compression, FileFormat, ImportError};

/// The level that the `zstd` program uses where none is asked for.
const ZSTD_LEVEL: i32 = 3;

/// An error while writing a file; nothing has appeared under its name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The path may not be written, or its format is unknown.
    #[error(transparent)]
    Path(#[from] ImportError),
    /// The operating system refused.
    #[error("cannot write `{}`: {source}", path.display())]
    Io {
        /// The file that was asked for.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The format can be read but not written.
    #[error(
        "`{}`: rows are written as jsonl, csv or parquet only: choose one of them with FORMAT",
        path.display()
    )]
    Format {
        /// The file that was asked for.
        path: PathBuf,
    },
    /// A value that the format cannot hold.
    #[error(
        "`{}`, row {row}, column `{column}`: {value} cannot be written; filter or CAST it",
        path.display()
    )]
    Cell {
        /// The file that was asked for.
        path: PathBuf,
        /// Row from 1.
        row: u64,
        /// Column.
        column: String,
        /// The value.
        value: String,
    },
    /// Two columns of one name cannot both be a key of a JSON object.
    #[error("two columns `{column}`: give one of them another name with AS")]
    Columns {
        /// The name.
        column: String,
    },
}

/// Takes rows one by one. A sink that is dropped before [`Sink::finish`] leaves nothing behind.
pub trait Sink: Send {
    /// Writes one row, a value for each column.
    ///
    /// # Errors
    /// The disk refuses, or the format has no form for a value (an infinite number in JSON).
    fn write(&mut self, row: &[Value]) -> Result<(), ExportError>;

    /// Makes the file visible under its name and durable; returns the number of rows.
    ///
    /// # Errors
    /// The disk refuses.
    fn finish(self: Box<Self>) -> Result<u64, ExportError>;
}

/// Opens a file for rows with these columns; the format comes from `format` or the extension, `.gz`
/// or `.zst` compresses. An existing file is replaced when the new one is complete.
///
/// # Errors
/// The path may not be written, or the format is not jsonl or csv.
pub fn open_sink(
    path: &Path,
    format: Option<&str>,
    columns: &[String],
    access: &Access,
) -> Result<Box<dyn Sink>, ExportError> {
    let printer = RowPrinter::new(path, format, columns)?;
    let path = access.output(path)?;
    let mut output = OutputFile::create(path)?;
    output.write(printer.header())?;
    Ok(Box::new(FileSink { output, printer, rows: 0, line: Vec::new() }))
}

fn repeated(columns: &[String]) -> Option<&str> {
    let mut names: Vec<&str> = columns.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.iter().zip(names.iter().skip(1)).find(|(a, b)| a == b).map(|(a, _)| *a)
}

/// A file that is written beside its place and appears there when it is complete; dropped before
/// [`OutputFile::finish`] it leaves nothing behind.
pub(crate) struct OutputFile {
    path: PathBuf,
    temporary: PathBuf,
    writer: Option<Writer>,
}

enum Writer {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(Box<ZstdEncoder<'static, BufWriter<File>>>),
}

impl OutputFile {
    /// Begins a file that nobody else writes at the same time under the same temporary name.
    pub(crate) fn create(path: PathBuf) -> Result<Self, ExportError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let random = fastrand::u64(..);
        let temporary = path.with_file_name(format!(".{name}.{random:016x}.tmp"));
        let file = OpenOptions::new().write(true).create_new(true).open(&temporary);
        Self::over(path, temporary, file)
    }

    /// Begins a file of a run that may be killed and gone on with: what the run before left under the
    /// temporary name is overwritten.
    pub(crate) fn resumable(path: PathBuf) -> Result<Self, ExportError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let temporary = path.with_file_name(format!(".{name}.tmp"));
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary);
        Self::over(path, temporary, file)
    }

    fn over(path: PathBuf, temporary: PathBuf, file: io::Result<File>) -> Result<Self, ExportError> {
        let failed = |source| ExportError::Io { path: path.clone(), source };
        let buffered = BufWriter::with_capacity(256 << 10, file.map_err(failed)?);
        let writer = match Compression::of(&path) {
            Compression::None => Writer::Plain(buffered),
            Compression::Gzip => Writer::Gzip(GzEncoder::new(buffered, flate2::Compression::default())),
            Compression::Zstd => {
                let mut encoder = ZstdEncoder::new(buffered, ZSTD_LEVEL).map_err(failed)?;
                // A file that was changed on its way is refused, as gzip does by its own checksum.
                encoder.include_checksum(true).map_err(failed)?;
                Writer::Zstd(Box::new(encoder))
            }
        };
        Ok(OutputFile { path, temporary, writer: Some(writer) })
    }

    fn error(&self, source: io::Error) -> ExportError {
        ExportError::Io { path: self.path.clone(), source }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.write_all(bytes).map_err(|e| self.error(e))
    }

    /// Syncs the file and gives it its name.
    pub(crate) fn finish(&mut self) -> Result<(), ExportError> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let finished = (|| {
            let buffered = match writer {
                Writer::Plain(buffered) => buffered,
                Writer::Gzip(encoder) => encoder.finish()?,
                Writer::Zstd(encoder) => encoder.finish()?,
            };
            buffered.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&self.temporary, &self.path)?;
            // The new name is durable once the folder is.
            match self.path.parent() {
                Some(folder) => File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        })();
        finished.map_err(|e| {
            // After a rename there is nothing to remove, and a second error would hide the first.
            let _ = fs::remove_file(&self.temporary);
            self.error(e)
        })
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Some(Writer::Plain(writer)) => writer.write(bytes),
            Some(Writer::Gzip(writer)) => writer.write(bytes),
            Some(Writer::Zstd(writer)) => writer.write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // What waits is written when the file is finished; blocks of a compressed file stay whole.
        Ok(())
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            // A file that cannot be removed is left with its temporary name, which no reader takes for data.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Rows as the bytes of a format. It holds no state between rows, so that several threads may print.
#[derive(Clone, Debug)]
pub(crate) struct RowPrinter {
    path: PathBuf,
    columns: Vec<String>,
    /// What stands before each value of a row: of JSONL the key, of CSV the comma.
    leads: Vec<Vec<u8>>,
    header: Vec<u8>,
    jsonl: bool,
}

impl RowPrinter {
    /// A printer for rows of these columns; the format comes from `format` or the path's extension.
    ///
    /// # Errors
    /// The format is neither jsonl nor csv, or two keys of a JSON object are the same.
    pub(crate) fn new(path: &Path, format: Option<&str>, columns: &[String]) -> Result<Self, ExportError> {
        let known = FileFormat::of(&path.to_string_lossy(), format)?;
        let jsonl = match known {
            FileFormat::Jsonl => true,
            FileFormat::Csv => false,
            FileFormat::Parquet | FileFormat::Npy | FileFormat::Xc => {
                return Err(ExportError::Format { path: path.to_owned() });
            }
        };
        if let Some(column) = repeated(columns).filter(|_| jsonl) {
            return Err(ExportError::Columns { column: column.to_owned() });
        }
        let lead = |(place, column): (usize, &String)| match jsonl {
            true => format!("{}{}:", if place == 0 { '{' } else { ',' }, quoted(column)).into_bytes(),
            false => {
                if place == 0 {
                    Vec::new()
                } else {
                    vec![b',']
                }
            }
        };
        let leads = columns.iter().enumerate().map(lead).collect();
        let mut printer =
            RowPrinter { path: path.to_owned(), columns: columns.to_vec(), leads, header: Vec::new(), jsonl };
        if !jsonl {
            let names: Vec<Value> = columns.iter().cloned().map(Value::Text).collect();
            let mut header = Vec::new();
            printer.print(0, &names, &mut header)?;
            printer.header = header;
        }
        Ok(printer)
    }

    /// The extension of files in this format.
    pub(crate) fn extension(&self) -> &'static str {
        if self.jsonl { "jsonl" } else { "csv" }
    }

    /// What a file begins with.
    pub(crate) fn header(&self) -> &[u8] {
        &self.header
    }

    /// Adds a row with its line end; `number` from 1 is for errors. After an error `out` holds a part of it.
    pub(crate) fn print(&self, number: u64, row: &[Value], out: &mut Vec<u8>) -> Result<(), ExportError> {
        let start = out.len();
        for (place, (lead, value)) in self.leads.iter().zip(row).enumerate() {
            out.extend_from_slice(lead);
            let printed = if self.jsonl { push_json(out, value) } else { push_field(out, value) };
            printed.ok_or_else(|| self.no_form(number, place, value))?;
        }
        if self.jsonl {
            out.extend_from_slice(if self.leads.is_empty() { b"{}" } else { b"}" });
        } else if out.len() == start {
            // A line without any byte would be skipped as blank, so a lone NULL is written as an empty text.
            out.extend_from_slice(b"\"\"");
        }
        out.push(b'\n');
        Ok(())
    }

    fn no_form(&self, row: u64, place: usize, value: &Value) -> ExportError {
        ExportError::Cell {
            path: self.path.clone(),
            row,
            column: self.columns.get(place).cloned().unwrap_or_default(),
            value: match value {
                Value::Double(number) => number.to_string(),
                _ => "this value".to_owned(),
            },
        }
    }
}

struct FileSink {
    output: OutputFile,
    printer: RowPrinter,
    rows: u64,
    line: Vec<u8>,
}

impl Sink for FileSink {
    fn write(&mut self, row: &[Value]) -> Result<(), ExportError> {
        self.line.clear();
        self.printer.print(self.rows + 1, row, &mut self.line)?;
        self.output.write(&self.line)?;
        self.rows += 1;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<u64, ExportError> {
        self.output.finish()?;
        Ok(self.rows)
    }
}

/// A field of CSV: NULL is an empty field and the empty text a quoted one, where the reader keeps them apart.
fn push_field(line: &mut Vec<u8>, value: &Value) -> Option<()> {
    match value {
        Value::Null => {}
        Value::Text(text) | Value::Json(text) => push_csv_text(line, text),
        Value::Timestamp(micros) => push_csv_text(line, &timestamp_text(*micros)?),
        Value::Double(number) if !number.is_finite() => write!(line, "{number}").ok()?,
        Value::List(_) | Value::Vector(_) => {
            let mut json = Vec::new();
            push_json(&mut json, value)?;
            push_csv_text(line, std::str::from_utf8(&json).ok()?);
        }
        plain => push_json(line, plain)?,
    }
    Some(())
}

fn push_csv_text(line: &mut Vec<u8>, text: &str) {
    if text.is_empty() || text.contains(['"', ',', '\n', '\r']) || text.trim() != text {
        line.push(b'"');
        line.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        line.push(b'"');
    } else {
        line.extend_from_slice(text.as_bytes());
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// The value as JSON; None where JSON has no form for it.
pub(crate) fn push_json(line: &mut Vec<u8>, value: &Value) -> Option<()> {
    match value {
        Value::Null => line.extend_from_slice(b"null"),
        Value::Boolean(value) => line.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::BigInt(value) => serde_json::to_writer(line, value).ok()?,
        Value::Double(value) => value.is_finite().then(|| serde_json::to_writer(line, value).ok())??,
        Value::Text(text) => serde_json::to_writer(line, text).ok()?,
        Value::Timestamp(micros) => serde_json::to_writer(line, &timestamp_text(*micros)?).ok()?,
        // Line ends of a JSON text stand between its tokens, where a space means the same.
        Value::Json(text) => line.extend_from_slice(text.replace(['\n', '\r'], " ").as_bytes()),
        Value::Vector(elements) => push_list(line, elements, |line, element| {
            // The shortest text of the single-precision number, not that of the same number in double.
            element.is_finite().then(|| serde_json::to_writer(line, element).ok())?
        })?,
        Value::List(items) => push_list(line, items, push_json)?,
    }
    Some(())
}

fn push_list<T>(
    line: &mut Vec<u8>,
    items: &[T],
    push: impl Fn(&mut Vec<u8>, &T) -> Option<()>,
) -> Option<()> {
    line.push(b'[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            line.push(b',');
        }
        push(line, item)?;
    }
    line.push(b']');
    Some(())
}

/// UTC as `2026-11-22 06:24:00` with the fraction that there is.
pub(crate) fn timestamp_text(micros: i64) -> Option<String> {
    let timestamp = Timestamp::from_microsecond(micros).ok()?;
    Some(timestamp.strftime("%Y-%m-%d %H:%M:%S%.f").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, columns: &[&str], rows: &[Vec<Value>]) -> Result<String, ExportError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
        let mut sink = open_sink(&path, None, &columns, &Access::anywhere())?;
        for row in rows {
            sink.write(row)?;
        }
        assert_eq!(sink.finish()?, rows.len() as u64);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
        Ok(fs::read_to_string(path).unwrap())
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn jsonl_holds_every_type() {
        let row = vec![
            Value::Null,
            Value::Boolean(true),
            Value::BigInt(i64::MIN),
            Value::Double(0.1),
            text("a\"\n\u{1}"),
            Value::Timestamp(1_500_000),
            Value::Json("{\"a\":\n1}".to_owned()),
            Value::Vector(vec![0.1, -2.0]),
            Value::List(vec![text("x"), Value::Null]),
        ];
        let got = written("o.jsonl", &["a", "b", "c", "d", "e", "f", "g", "h", "i"], &[row]).unwrap();
        let expected = "{\"a\":null,\"b\":true,\"c\":-9223372036854775808,\"d\":0.1,\
                        \"e\":\"a\\\"\\n\\u0001\",\
                        \"f\":\"1970-01-01 00:00:01.5\",\"g\":{\"a\": 1},\"h\":[0.1,-2.0],\
                        \"i\":[\"x\",null]}\n";
        assert_eq!(got, expected);
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        let rows = [
            vec![text("a,b"), Value::Null, text("")],
            vec![text(" x"), Value::List(vec![Value::BigInt(1), Value::BigInt(2)]), text("say \"hi\"")],
        ];
        let got = written("o.csv", &["p", "q", "r"], &rows).unwrap();
        assert_eq!(got, "p,q,r\n\"a,b\",,\"\"\n\" x\",\"[1,2]\",\"say \"\"hi\"\"\"\n");
        assert_eq!(written("o.csv", &["p"], &[vec![Value::Null]]).unwrap(), "p\n\"\"\n");
    }

    #[test]
    fn an_infinite_number_has_no_json() {
        let error =
            written("o.jsonl", &["x"], &[vec![Value::Double(1.0)], vec![Value::Double(f64::INFINITY)]]);
        let message = error.unwrap_err().to_string();
        assert!(message.contains("row 2, column `x`: inf"), "{message}");
        assert!(written("o.csv", &["x"], &[vec![Value::Double(f64::INFINITY)]]).is_ok());
    }

    #[test]
    fn an_unfinished_file_does_not_replace_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("o.jsonl");
        fs::write(&path, "old").unwrap();
        let mut sink = open_sink(&path, None, &["x".to_owned()], &Access::anywhere()).unwrap();
        sink.write(&[Value::BigInt(1)]).unwrap();
        drop(sink);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let sink = open_sink(&path, None, &["x".to_owned()], &Access::anywhere()).unwrap();
        assert_eq!(sink.finish().unwrap(), 0);
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let open = |path: &str, columns: &[&str], access: &Access| {
            let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
            open_sink(Path::new(path), None, &columns, access).map(|_| ()).map_err(|e| e.to_string())
        };
        let folder = tempfile::tempdir().unwrap();
        let inside = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let anywhere = Access::anywhere();
        assert!(
            open(&inside("o.npy"), &["x"], &anywhere).unwrap_err().contains("jsonl, csv or parquet only")
        );
        assert!(open(&inside("o.parquet"), &["x"], &anywhere).is_err(), "a sink of lines has no types");
        assert!(open(&inside("o"), &["x"], &anywhere).unwrap_err().contains("does not tell the format"));
        assert!(open(&inside("o.jsonl"), &["x", "x"], &anywhere).unwrap_err().contains("AS"));
        fs::create_dir(folder.path().join("d.csv")).unwrap();
        assert!(open(&inside("d.csv"), &["x"], &anywhere).unwrap_err().contains("directory"));
        let allowed = Access { roots: Some(vec![folder.path().join("d.csv")]) };
        assert!(open(&inside("o.csv"), &["x"], &allowed).unwrap_err().contains("outside"));
        assert!(open(&inside("d.csv/o.csv"), &["x"], &allowed).is_ok());
    }
}
