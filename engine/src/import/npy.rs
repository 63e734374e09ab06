//! `read_npy(path)` and the matrices of COPY CLASSIFIER and COPY AUXILIARY.
//!
//! The header is checked against the size of the file before anything is allocated, and rows are read in
//! batches: a header cannot ask for more memory than a batch.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use argtop_query::catalog::ReadCall;
use argtop_query::value::{DataType, Value, VectorFormat};
use half::f16;

use super::access::Access;
use super::error::{BadCell, ImportError, excerpt};
use super::input::open_file;
use super::limits::ImportLimits;
use super::npy_header::NpyHeader;
use super::options::Options;
use super::source::{Rows, Source};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Element types, all little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    F16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
}

impl Element {
    fn of(descr: &str) -> Option<Element> {
        Some(match descr {
            "<f2" => Element::F16,
            "<f4" => Element::F32,
            "<f8" => Element::F64,
            "|i1" => Element::I8,
            "<i2" => Element::I16,
            "<i4" => Element::I32,
            "<i8" => Element::I64,
            "|u1" => Element::U8,
            "<u2" => Element::U16,
            "<u4" => Element::U32,
            _ => return None,
        })
    }

    fn bytes(self) -> usize {
        match self {
            Element::I8 | Element::U8 => 1,
            Element::F16 | Element::I16 | Element::U16 => 2,
            Element::F32 | Element::I32 | Element::U32 => 4,
            Element::F64 | Element::I64 => 8,
        }
    }

    fn is_float(self) -> bool {
        matches!(self, Element::F16 | Element::F32 | Element::F64)
    }
}

/// The bytes of one element; the caller cuts chunks of exactly this size.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}

/// A floating-point element; integers are read by [`integer`].
fn float(element: Element, bytes: &[u8]) -> f64 {
    match element {
        Element::F16 => f16::from_le_bytes(fixed(bytes)).to_f64(),
        Element::F32 => f64::from(f32::from_le_bytes(fixed(bytes))),
        Element::F64 => f64::from_le_bytes(fixed(bytes)),
        other => integer(other, bytes) as f64,
    }
}

fn integer(element: Element, bytes: &[u8]) -> i64 {
    match element {
        Element::I8 => i64::from(i8::from_le_bytes(fixed(bytes))),
        Element::I16 => i64::from(i16::from_le_bytes(fixed(bytes))),
        Element::I32 => i64::from(i32::from_le_bytes(fixed(bytes))),
        Element::I64 => i64::from_le_bytes(fixed(bytes)),
        Element::U8 => i64::from(u8::from_le_bytes(fixed(bytes))),
        Element::U16 => i64::from(u16::from_le_bytes(fixed(bytes))),
        Element::U32 => i64::from(u32::from_le_bytes(fixed(bytes))),
        other => float(other, bytes) as i64,
    }
}

/// An array of one or two dimensions, read row by row.
struct NpyArray {
    path: PathBuf,
    reader: BufReader<File>,
    element: Element,
    rows: u64,
    /// Elements of a row; None for an array of one dimension.
    dimension: Option<u32>,
    row_bytes: usize,
    next_row: u64,
    data_start: u64,
    file_bytes: u64,
    batch_bytes_max: usize,
}

impl NpyArray {
    fn open(path: &Path, access: &Access, limits: &ImportLimits) -> Result<Self, ImportError> {
        let path = access.input(path)?;
        let (file, file_bytes) = open_file(&path)?;
        let mut reader = BufReader::with_capacity(256 << 10, file);
        let (header, data_start) = read_header(&path, &mut reader, limits)?;
        if header.fortran_order {
            let fix = "save it with numpy.ascontiguousarray(m)";
            return Err(ImportError::format(&path, "the matrix is in Fortran order", fix));
        }
        let Some(element) = Element::of(&header.descr) else {
            let problem = format!("dtype `{}` is not supported", excerpt(&header.descr));
            return Err(ImportError::format(&path, problem, "save it with .astype('<f4')"));
        };
        let (rows, dimension) = match header.shape.as_slice() {
            [rows] => (*rows, None),
            [rows, columns] => (*rows, Some(vector_length(&path, *columns, limits)?)),
            shape => {
                let problem = format!("{} dimensions", shape.len());
                return Err(ImportError::format(&path, problem, "reshape it to (rows, columns)"));
            }
        };
        let row_bytes = element.bytes() * dimension.map_or(1, |d| d as usize);
        let wanted = rows.checked_mul(row_bytes as u64);
        let present = file_bytes.saturating_sub(data_start);
        if wanted != Some(present) {
            let wanted = wanted.map_or("more than 2^64".to_owned(), |w| w.to_string());
            let problem = format!("the header promises {wanted} bytes of data, the file has {present}");
            return Err(ImportError::format(
                &path,
                problem,
                "the file is cut short or damaged: write it again",
            ));
        }
        let batch_bytes_max = limits.batch_bytes_max;
        let next_row = 0;
        Ok(NpyArray {
            path,
            reader,
            element,
            rows,
            dimension,
            row_bytes,
            next_row,
            data_start,
            file_bytes,
            batch_bytes_max,
        })
    }

    /// Bytes of the next rows, at most `rows_max` of them and not more than a batch holds.
    fn next_bytes(&mut self, rows_max: usize) -> Result<Vec<u8>, ImportError> {
        let fitting = (self.batch_bytes_max / self.row_bytes).max(1).min(rows_max.max(1));
        let rows = self.rows.saturating_sub(self.next_row).min(fitting as u64);
        // At most one batch, or one row: the product fits.
        let mut bytes = vec![0_u8; rows as usize * self.row_bytes];
        self.reader.read_exact(&mut bytes).map_err(|e| ImportError::io(&self.path, "read", e))?;
        self.next_row += rows;
        Ok(bytes)
    }

    /// The rows as single precision, one after the other; empty at the end.
    fn next_floats(&mut self, rows_max: usize) -> Result<Vec<f32>, ImportError> {
        let first_row = self.next_row;
        let bytes = self.next_bytes(rows_max)?;
        let width = self.dimension.map_or(1, u64::from);
        let mut floats = Vec::with_capacity(bytes.len() / self.element.bytes());
        if self.element == Element::F32 {
            floats.extend(bytes.chunks_exact(4).map(|chunk| f32::from_le_bytes(fixed(chunk))));
            let Some(at) = floats.iter().position(|value: &f32| !value.is_finite()) else {
                return Ok(floats);
            };
            let (row, column) = (first_row + at as u64 / width, at as u64 % width);
            return Err(self.not_finite(row, column, f64::from(floats[at])));
        }
        for (i, chunk) in bytes.chunks_exact(self.element.bytes()).enumerate() {
            let value = float(self.element, chunk);
            let single = value as f32;
            if !single.is_finite() {
                let (row, column) = (first_row + i as u64 / width, i as u64 % width);
                return Err(self.not_finite(row, column, value));
            }
            floats.push(single);
        }
        Ok(floats)
    }

    fn not_finite(&self, row: u64, column: u64, value: f64) -> ImportError {
        ImportError::Cell(Box::new(BadCell {
            path: self.path.clone(),
            place: format!("row {row}"),
            column: column.to_string(),
            value: value.to_string(),
            wanted: "finite number of single precision".to_owned(),
            fix: "replace or scale it before saving; rows and columns count from 0".to_owned(),
        }))
    }

    fn position(&self) -> (u64, u64) {
        (self.data_start.saturating_add(self.next_row.saturating_mul(self.row_bytes as u64)), self.file_bytes)
    }
}

fn vector_length(path: &Path, columns: u64, limits: &ImportLimits) -> Result<u32, ImportError> {
    match u32::try_from(columns) {
        Ok(0) => Err(ImportError::format(path, "rows of no elements", "save a matrix with columns")),
        Ok(columns) if columns <= limits.dimension_max => Ok(columns),
        _ => {
            let problem = format!("rows of {columns} elements, at most {} are allowed", limits.dimension_max);
            Err(ImportError::format(path, problem, "check whether the matrix is transposed"))
        }
    }
}

/// The header and the offset at which the data begin.
fn read_header(
    path: &Path,
    reader: &mut impl Read,
    limits: &ImportLimits,
) -> Result<(NpyHeader, u64), ImportError> {
    let not_npy =
        || ImportError::format(path, "not a NumPy file", "write it with numpy.save (not savez, not tofile)");
    let mut exactly = |count: usize| {
        let mut bytes = Vec::new();
        let read = reader.by_ref().take(count as u64).read_to_end(&mut bytes);
        let read = read.map_err(|e| ImportError::io(path, "read", e))?;
        if read == count { Ok(bytes) } else { Err(not_npy()) }
    };
    let start = exactly(8)?;
    let version = match start.strip_prefix(MAGIC) {
        Some(&[version, _]) => version,
        _ => return Err(not_npy()),
    };
    let (length, prefix) = match version {
        1 => (usize::from(u16::from_le_bytes(fixed(&exactly(2)?))), 10),
        2 | 3 => (u32::from_le_bytes(fixed(&exactly(4)?)) as usize, 12),
        _ => {
            let problem = format!("NumPy format version {version}");
            return Err(ImportError::format(path, problem, "write it with version 1, 2 or 3"));
        }
    };
    if length > limits.header_bytes_max {
        let problem = format!("a header of {length} bytes, at most {} are allowed", limits.header_bytes_max);
        return Err(ImportError::format(path, problem, "save a plain matrix"));
    }
    let header = NpyHeader::parse(&exactly(length)?);
    let header =
        header.map_err(|problem| ImportError::format(path, problem, "save a plain matrix of numbers"))?;
    Ok((header, prefix + length as u64))
}

/// A matrix in C order, for classifier rows and auxiliary vectors.
pub struct NpyMatrix {
    array: NpyArray,
    dimension: u32,
}

impl NpyMatrix {
    /// Opens a matrix of f16, f32 or f64.
    ///
    /// # Errors
    /// The file may not be read, is not a NumPy matrix of floating-point numbers in C order, or is not as
    /// long as its header says.
    pub fn open(path: &Path, access: &Access, limits: &ImportLimits) -> Result<NpyMatrix, ImportError> {
        let array = NpyArray::open(path, access, limits)?;
        match array.dimension {
            Some(dimension) if array.element.is_float() => Ok(NpyMatrix { array, dimension }),
            Some(_) => {
                let fix = "save it with .astype('<f4')";
                Err(ImportError::format(&array.path, "a matrix of integers", fix))
            }
            None => {
                let fix = "save a matrix of shape (rows, columns)";
                Err(ImportError::format(&array.path, "an array of one dimension", fix))
            }
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.array.rows
    }

    /// Elements of a row, at least 1.
    pub fn dim(&self) -> u32 {
        self.dimension
    }

    /// The next rows, at most `rows_max`, one after the other in one vector of `rows * dim` elements; None at
    /// the end. f64 is rounded to f32.
    ///
    /// # Errors
    /// The file cannot be read, or an element is not finite in single precision (row and column from 0).
    pub fn next_rows(&mut self, rows_max: usize) -> Result<Option<Vec<f32>>, ImportError> {
        let floats = self.array.next_floats(rows_max)?;
        Ok(if floats.is_empty() { None } else { Some(floats) })
    }
}

/// Yields `row BIGINT` (from 0) and `vector VECTOR(D)` of a matrix, or `value BIGINT|DOUBLE` of an array of
/// one dimension.
pub(super) struct NpySource {
    array: NpyArray,
    columns: Vec<(String, DataType)>,
}

impl NpySource {
    pub(super) fn open(call: &ReadCall, access: &Access, limits: &ImportLimits) -> Result<Self, ImportError> {
        Options::new(call, &[])?;
        let array = NpyArray::open(Path::new(&call.path), access, limits)?;
        let second = match array.dimension {
            Some(dimension) if array.element.is_float() => {
                ("vector", DataType::Vector { dimension: Some(dimension), format: VectorFormat::F32 })
            }
            Some(_) => {
                let fix = "save it with .astype('<f4')";
                return Err(ImportError::format(&array.path, "a matrix of integers", fix));
            }
            None if array.element.is_float() => ("value", DataType::Double),
            None => ("value", DataType::BigInt),
        };
        let columns = vec![("row".to_owned(), DataType::BigInt), (second.0.to_owned(), second.1)];
        Ok(NpySource { array, columns })
    }

    fn values(&mut self, rows_max: usize) -> Result<Vec<Value>, ImportError> {
        if let Some(dimension) = self.array.dimension {
            let floats = self.array.next_floats(rows_max)?;
            return Ok(floats.chunks_exact(dimension as usize).map(|v| Value::Vector(v.to_vec())).collect());
        }
        let element = self.array.element;
        let first_row = self.array.next_row;
        let bytes = self.array.next_bytes(rows_max)?;
        let mut values = Vec::with_capacity(bytes.len() / element.bytes());
        for (row, chunk) in (first_row..).zip(bytes.chunks_exact(element.bytes())) {
            if !element.is_float() {
                values.push(Value::BigInt(integer(element, chunk)));
                continue;
            }
            let value = float(element, chunk);
            if !value.is_finite() {
                return Err(self.array.not_finite(row, 0, value));
            }
            values.push(Value::Double(value));
        }
        Ok(values)
    }
}

impl Source for NpySource {
    fn columns(&self) -> &[(String, DataType)] {
        &self.columns
    }

    fn next_batch(&mut self, rows_max: usize) -> Result<Option<Rows>, ImportError> {
        let first_row = self.array.next_row;
        let values = self.values(rows_max)?;
        // A file of 2^63 rows does not exist: its length was checked.
        let numbers = (first_row..).map(|row| Value::BigInt(i64::try_from(row).unwrap_or(i64::MAX)));
        let rows: Rows = numbers.zip(values).map(|(row, value)| vec![row, value]).collect();
        Ok(if rows.is_empty() { None } else { Some(rows) })
    }

    fn position(&self) -> Option<(u64, u64)> {
        Some(self.array.position())
    }
}
