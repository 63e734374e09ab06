//! The documents of a training, which may lie in several matrices.

use crate::train::{TrainError, Vectors};

/// Normalised embeddings of documents, numbered through all parts from 0.
#[derive(Clone, Debug)]
pub struct Documents<'a> {
    dimension: usize,
    parts: Vec<&'a Vectors>,
    /// The number of the first document of each part, and the number of all.
    starts: Vec<usize>,
}

impl<'a> Documents<'a> {
    /// Puts parts one after another.
    ///
    /// # Errors
    /// [`TrainError::Input`] without a part or where dimensions differ, [`TrainError::Rows`] for more than a
    /// `u32` numbers.
    pub fn new(parts: Vec<&'a Vectors>) -> Result<Self, TrainError> {
        let Some(first) = parts.first() else {
            return Err(TrainError::Input("no documents were given; give at least one matrix".into()));
        };
        let dimension = first.dimension();
        let mut starts = vec![0];
        for (at, part) in parts.iter().enumerate() {
            if part.dimension() != dimension {
                let found = part.dimension();
                return Err(TrainError::Input(format!(
                    "part {at} of the documents has dimension {found}, the first has {dimension}; \
                     encode all of them with one model"
                )));
            }
            starts.push(starts[at] + part.len());
        }
        let (rows, max) = (starts[parts.len()], u32::MAX as usize);
        if rows > max {
            return Err(TrainError::Rows { rows, max });
        }
        Ok(Documents { dimension, parts, starts })
    }

    /// Numbers in a row.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.starts[self.parts.len()]
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The embedding of a document.
    ///
    /// # Panics
    /// If there is no such document.
    pub fn row(&self, row: usize) -> &'a [f32] {
        let part = self.starts.partition_point(|start| *start <= row) - 1;
        self.parts[part].row(row - self.starts[part])
    }

    /// Copies the documents `start..end` one after another.
    ///
    /// # Panics
    /// If one of them does not exist.
    pub fn range(&self, start: usize, end: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity((end - start) * self.dimension);
        (start..end).for_each(|row| out.extend_from_slice(self.row(row)));
        out
    }
}
