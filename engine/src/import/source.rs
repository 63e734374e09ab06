//! The trait of all readers, and the choice of one.

use std::path::Path;

use argtop_query::catalog::{ReadCall, ReadFunction};
use argtop_query::value::{DataType, Value};

use super::access::Access;
use super::csv::CsvSource;
use super::error::{BadRow, ImportError};
use super::jsonl::JsonlSource;
use super::limits::ImportLimits;
use super::npy::NpySource;
use super::parquet::ParquetSource;
use super::xc::XcSource;

/// Rows of a batch, one value a column.
pub type Rows = Vec<Vec<Value>>;

/// Rows of a batch, and what cannot be read in the places of those that cannot.
pub type ReadableRows = Vec<Result<Vec<Value>, BadRow>>;

/// The rows up to the first one that cannot be read.
pub(super) fn all_readable(rows: Option<ReadableRows>) -> Result<Option<Rows>, ImportError> {
    let rows = rows.map(|rows| rows.into_iter().map(|row| row.map_err(|bad| bad.error)).collect());
    rows.transpose()
}

/// Rows of files in batches.
pub trait Source: Send {
    /// Names and types; every row has one value for each, of that type or NULL.
    fn columns(&self) -> &[(String, DataType)];

    /// Up to `rows_max` (at least one) further rows in file order, or None at the end. A batch ends early
    /// when it holds [`ImportLimits::batch_bytes_max`] bytes.
    ///
    /// # Errors
    /// The first row that cannot be read; the source is of no use afterwards.
    fn next_batch(&mut self, rows_max: usize) -> Result<Option<Rows>, ImportError>;

    /// [`Source::next_batch`], but a row that cannot be read takes its own place among the others and reading
    /// goes on behind it. Sources whose rows hang together (matrices, the XC layout) fail as a whole.
    ///
    /// # Errors
    /// The file itself cannot be read any further.
    fn next_readable(&mut self, rows_max: usize) -> Result<Option<ReadableRows>, ImportError> {
        Ok(self.next_batch(rows_max)?.map(|rows| rows.into_iter().map(Ok).collect()))
    }

    /// Bytes read so far and bytes of all files, both as stored (compressed), for progress.
    fn position(&self) -> Option<(u64, u64)>;
}

/// Columns that [`open`] will yield, without reading more than the sample.
///
/// # Errors
/// The files cannot be opened or understood, or an option is wrong.
pub fn columns_of(
    call: &ReadCall,
    access: &Access,
    limits: &ImportLimits,
) -> Result<Vec<(String, DataType)>, ImportError> {
    match call.function {
        // The columns are fixed; the files are checked when they are read.
        ReadFunction::Xc => XcSource::columns_of(call, access),
        _ => open(call, access, limits).map(|source| source.columns().to_vec()),
    }
}

/// Opens the files of a read function.
///
/// # Errors
/// The files cannot be opened or understood, or an option is wrong.
pub fn open(call: &ReadCall, access: &Access, limits: &ImportLimits) -> Result<Box<dyn Source>, ImportError> {
    Ok(match call.function {
        ReadFunction::Jsonl => Box::new(JsonlSource::open(call, access, limits)?),
        ReadFunction::Csv => Box::new(CsvSource::open(call, access, limits)?),
        ReadFunction::Parquet => Box::new(ParquetSource::open(call, access, limits)?),
        ReadFunction::Npy => Box::new(NpySource::open(call, access, limits)?),
        ReadFunction::Xc => Box::new(XcSource::open(call, access, limits)?),
    })
}

/// Formats that COPY names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values.
    Csv,
    /// Columns in row groups.
    Parquet,
    /// A NumPy matrix.
    Npy,
    /// The XC repository's layout.
    Xc,
}

impl FileFormat {
    /// The format a COPY names, or, without a name, the one its path's extension (before `.gz` or `.zst`)
    /// tells.
    ///
    /// # Errors
    /// The name is unknown, or the extension says nothing.
    pub fn of(path: &str, name: Option<&str>) -> Result<FileFormat, ImportError> {
        let formats = "add FORMAT jsonl, csv, parquet, npy or xc";
        if let Some(name) = name {
            return match name {
                "jsonl" | "json" | "ndjson" => Ok(FileFormat::Jsonl),
                "csv" => Ok(FileFormat::Csv),
                "parquet" => Ok(FileFormat::Parquet),
                "npy" => Ok(FileFormat::Npy),
                "xc" => Ok(FileFormat::Xc),
                _ => {
                    let problem = format!("unknown format `{}`", super::error::excerpt(name));
                    Err(ImportError::format(Path::new(path), problem, formats))
                }
            };
        }
        let lower = path.to_ascii_lowercase();
        let plain = [".gz", ".zst"].iter().find_map(|end| lower.strip_suffix(end)).unwrap_or(&lower);
        match plain.rsplit_once('.').map(|(_, extension)| extension) {
            Some("jsonl" | "json" | "ndjson") => Ok(FileFormat::Jsonl),
            Some("csv") => Ok(FileFormat::Csv),
            // Its pages are compressed, the file as a whole is not.
            Some("parquet") if plain == lower => Ok(FileFormat::Parquet),
            Some("npy") => Ok(FileFormat::Npy),
            _ => Err(ImportError::format(Path::new(path), "the extension does not tell the format", formats)),
        }
    }
}
