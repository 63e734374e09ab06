//! A file of labels and a matrix of their vectors, read side by side: row i of the one belongs to row i of
//! the other.

use std::path::{Path, PathBuf};

use argtop_query::value::{DataType, Value, VectorFormat};

use super::access::Access;
use super::error::ImportError;
use super::limits::ImportLimits;
use super::npy::NpyMatrix;
use super::source::{Rows, Source};

/// Name of the column that the matrix adds where MAP names it.
pub const VECTOR_COLUMN: &str = "vector";

/// The rows of a file, each with a vector of a NumPy matrix as its last value.
pub struct Paired {
    source: Box<dyn Source>,
    path: PathBuf,
    matrix: NpyMatrix,
    columns: Vec<(String, DataType)>,
    rows: u64,
}

impl Paired {
    /// Puts a matrix beside a file, as a further column of the name given.
    ///
    /// # Errors
    /// The matrix cannot be opened, or the file has a column of that name itself.
    pub fn open(
        source: Box<dyn Source>,
        name: &str,
        path: &Path,
        access: &Access,
        limits: &ImportLimits,
    ) -> Result<Paired, ImportError> {
        let matrix = NpyMatrix::open(path, access, limits)?;
        let mut columns = source.columns().to_vec();
        if columns.iter().any(|(other, _)| other == name) {
            let problem = format!("the file beside it has a column `{name}` already");
            return Err(ImportError::format(path, problem, "leave VECTORS out, or rename the column"));
        }
        let vector = DataType::Vector { dimension: Some(matrix.dim()), format: VectorFormat::F32 };
        columns.push((name.to_owned(), vector));
        Ok(Paired { source, path: path.to_owned(), matrix, columns, rows: 0 })
    }

    /// The error of files of different length; `rows` is how many the file has, where that is known.
    fn uneven(&self, rows: Option<u64>) -> ImportError {
        let rows = rows.map_or_else(|| "more".to_owned(), |rows| rows.to_string());
        let problem = format!("{} rows of vectors, but the file beside it has {rows}", self.matrix.rows());
        ImportError::format(&self.path, problem, "give one vector for each row, in the same order")
    }
}

impl Source for Paired {
    fn columns(&self) -> &[(String, DataType)] {
        &self.columns
    }

    fn next_batch(&mut self, rows_max: usize) -> Result<Option<Rows>, ImportError> {
        let Some(mut rows) = self.source.next_batch(rows_max)? else {
            return if self.rows == self.matrix.rows() {
                Ok(None)
            } else {
                Err(self.uneven(Some(self.rows)))
            };
        };
        let dimension = self.matrix.dim() as usize;
        let mut waiting = rows.as_mut_slice();
        while !waiting.is_empty() {
            // A batch of the matrix is bounded in bytes, too.
            let Some(floats) = self.matrix.next_rows(waiting.len())? else { return Err(self.uneven(None)) };
            let count = floats.len() / dimension;
            let (now, later) = waiting.split_at_mut(count.min(waiting.len()));
            for (row, vector) in now.iter_mut().zip(floats.chunks_exact(dimension)) {
                row.push(Value::Vector(vector.to_vec()));
            }
            waiting = later;
        }
        self.rows += rows.len() as u64;
        Ok(Some(rows))
    }

    fn position(&self) -> Option<(u64, u64)> {
        self.source.position()
    }
}
