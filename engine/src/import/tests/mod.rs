//! Readers against small files: what they yield, and that hostile files are refused with place and fix.

mod csv;
mod hostile;
mod jsonl;
mod npy;
mod parquet;
mod parquet_hostile;
mod xc;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use argtop_query::catalog::{ReadCall, ReadFunction};
use argtop_query::value::{DataType, Value};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

/// A folder with files, removed in the end.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (name, bytes) in files {
            fs::write(folder.path(name), bytes).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn call(&self, function: ReadFunction, name: &str, options: &[(&str, Value)]) -> ReadCall {
        let path = self.path(name).to_string_lossy().into_owned();
        let options = options.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
        ReadCall { function, path, options, skips: false }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 0).unwrap()
}

fn all_rows(mut source: Box<dyn Source>, rows_max: usize) -> Result<Rows, ImportError> {
    let width = source.columns().len();
    let mut rows = Rows::new();
    while let Some(batch) = source.next_batch(rows_max)? {
        assert!(!batch.is_empty() && batch.len() <= rows_max);
        assert!(batch.iter().all(|row| row.len() == width));
        rows.extend(batch);
    }
    let (done, total) = source.position().unwrap();
    assert_eq!(done, total, "everything was read");
    Ok(rows)
}

/// Columns and rows of a call, or the message of its error.
fn read(call: &ReadCall) -> Result<(Vec<(String, DataType)>, Rows), String> {
    let (access, limits) = (Access::anywhere(), ImportLimits::default());
    let columns = columns_of(call, &access, &limits).map_err(|e| e.to_string())?;
    let source = open(call, &access, &limits).map_err(|e| e.to_string())?;
    assert_eq!(source.columns(), columns);
    all_rows(source, 2).map(|rows| (columns, rows)).map_err(|e| e.to_string())
}

/// The error of a call must hold every part.
#[track_caller]
fn refused(call: &ReadCall, parts: &[&str]) {
    let message = read(call).map(|_| ()).unwrap_err();
    for part in parts {
        assert!(message.contains(part), "no `{part}` in: {message}");
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn integers(items: &[i64]) -> Value {
    Value::List(items.iter().copied().map(Value::BigInt).collect())
}

fn list_of(element: DataType) -> DataType {
    DataType::List(Box::new(element))
}
