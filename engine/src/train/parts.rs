//! Training points that lie in several matrices.

use std::sync::Arc;

use super::control::TrainError;
use super::points::Vectors;

/// Vectors numbered through several matrices of one dimension: training documents, then label texts that
/// serve as documents.
#[derive(Clone, Debug)]
pub struct Points {
    dimension: usize,
    parts: Vec<Arc<Vectors>>,
    /// Number of the first row of each part, then of all rows.
    starts: Vec<usize>,
}

impl Points {
    /// The rows of the parts, one part after another.
    ///
    /// # Errors
    /// [`TrainError::Input`] without a part or with parts of several dimensions, [`TrainError::Rows`] with
    /// more rows than `u32` can number.
    pub fn new(parts: Vec<Arc<Vectors>>) -> Result<Points, TrainError> {
        let Some(first) = parts.first() else {
            return Err(TrainError::Input("there are no training points; give at least one part".into()));
        };
        let dimension = first.dimension();
        if let Some(other) = parts.iter().find(|part| part.dimension() != dimension) {
            let found = other.dimension();
            let message =
                format!("training points have {dimension} and {found} dimensions; encode them alike");
            return Err(TrainError::Input(message));
        }
        let mut starts = vec![0];
        for part in &parts {
            starts.push(starts[starts.len() - 1] + part.len());
        }
        let (rows, max) = (starts[parts.len()], u32::MAX as usize);
        if rows > max {
            return Err(TrainError::Rows { rows, max });
        }
        Ok(Points { dimension, parts, starts })
    }

    /// Numbers in a row.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.starts[self.parts.len()]
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The matrices.
    pub fn parts(&self) -> &[Arc<Vectors>] {
        &self.parts
    }

    /// A row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[f32] {
        let part = self.starts.partition_point(|start| *start <= row) - 1;
        self.parts[part].row(row - self.starts[part])
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

    /// Copies the rows `start..end` one after another.
    ///
    /// # Panics
    /// If one of them does not exist.
    pub fn range(&self, start: usize, end: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity((end - start) * self.dimension);
        (start..end).for_each(|row| out.extend_from_slice(self.row(row)));
        out
    }

    /// All rows in one matrix: the part itself where there is one, else a copy.
    pub fn joined(&self) -> Arc<Vectors> {
        if let [part] = &self.parts[..] {
            return Arc::clone(part);
        }
        let mut values = Vec::with_capacity(self.len() * self.dimension);
        self.parts.iter().for_each(|part| values.extend_from_slice(part.values()));
        Arc::new(Vectors::new(self.dimension, values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbered_through_the_parts() {
        let part = |values: &[f32]| Arc::new(Vectors::new(2, values.to_vec()));
        let points = Points::new(vec![part(&[1.0, 2.0]), part(&[]), part(&[3.0, 4.0, 5.0, 6.0])]).unwrap();
        assert_eq!((points.len(), points.dimension(), points.is_empty()), (3, 2, false));
        assert_eq!(points.gather(&[2, 0, 1]), [5.0, 6.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(points.joined().values(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert!(matches!(Points::new(Vec::new()), Err(TrainError::Input(_))));
        let other = Arc::new(Vectors::new(3, vec![0.0; 3]));
        assert!(matches!(Points::new(vec![part(&[1.0, 2.0]), other]), Err(TrainError::Input(_))));
    }
}
