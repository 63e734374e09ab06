//! Vectors that trainings read: in memory or in a mapped file.

use std::ops::Deref;

/// `[rows, dimension]` f32, row-major, behind anything that lends the numbers: a `Vec`, or a mapped file.
pub struct Vectors {
    dimension: usize,
    values: Box<dyn Deref<Target = [f32]> + Send + Sync>,
}

impl Vectors {
    /// Wraps numbers that are whole rows.
    ///
    /// # Panics
    /// If they are not.
    pub fn new(dimension: usize, values: impl Deref<Target = [f32]> + Send + Sync + 'static) -> Vectors {
        assert!(dimension > 0 && values.len().is_multiple_of(dimension), "whole rows of {dimension}");
        Vectors { dimension, values: Box::new(values) }
    }

    /// Numbers in a row.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimension
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All numbers.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// A row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.dimension..(row + 1) * self.dimension]
    }

    /// Copies rows one after another.
    ///
    /// # Panics
    /// If a row does not exist.
    pub fn gather(&self, rows: &[u32]) -> Vec<f32> {
        let mut out = Vec::with_capacity(rows.len() * self.dimension);
        for row in rows {
            out.extend_from_slice(self.row(*row as usize));
        }
        out
    }
}

impl std::fmt::Debug for Vectors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vectors").field("rows", &self.len()).field("dimension", &self.dimension).finish()
    }
}
