//! A sparse matrix, row after row: which labels belong to which training point.

/// Rows of (column, value), columns ascending within a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Csr {
    /// `rows + 1` places: row i is entries `offsets[i]..offsets[i + 1]`.
    pub offsets: Vec<usize>,
    /// The column of each entry.
    pub columns: Vec<u32>,
    /// The value of each entry.
    pub values: Vec<f32>,
    /// Number of columns; every entry's column is less.
    pub width: usize,
}

impl Csr {
    /// A matrix without rows.
    pub fn new(width: usize) -> Csr {
        Csr { offsets: vec![0], columns: Vec::new(), values: Vec::new(), width }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.columns.len()
    }

    /// Columns and values of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> (&[u32], &[f32]) {
        let range = self.offsets[row]..self.offsets[row + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// Appends a row. Entries may come in any order; of equal columns the greatest value is kept.
    ///
    /// # Panics
    /// If a column is not less than the width.
    pub fn push(&mut self, entries: &mut Vec<(u32, f32)>) {
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        entries.dedup_by_key(|entry| entry.0);
        for (column, value) in entries.iter() {
            assert!((*column as usize) < self.width, "column {column} of {}", self.width);
            self.columns.push(*column);
            self.values.push(*value);
        }
        self.offsets.push(self.columns.len());
    }

    /// The matrix with rows and columns exchanged.
    pub fn transposed(&self) -> Csr {
        let mut offsets = vec![0usize; self.width + 1];
        for column in &self.columns {
            offsets[*column as usize + 1] += 1;
        }
        for column in 0..self.width {
            offsets[column + 1] += offsets[column];
        }
        let mut next = offsets.clone();
        let mut columns = vec![0u32; self.columns.len()];
        let mut values = vec![0.0f32; self.columns.len()];
        for row in 0..self.rows() {
            let (row_columns, row_values) = self.row(row);
            for (column, value) in row_columns.iter().zip(row_values) {
                let at = &mut next[*column as usize];
                columns[*at] = row as u32;
                values[*at] = *value;
                *at += 1;
            }
        }
        Csr { offsets, columns, values, width: self.rows() }
    }

    /// Number of entries of each column.
    pub fn column_counts(&self) -> Vec<u32> {
        let mut counts = vec![0u32; self.width];
        for column in &self.columns {
            counts[*column as usize] += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_transposition_is_its_own_inverse() {
        let mut matrix = Csr::new(4);
        matrix.push(&mut vec![(3, 1.0), (0, 0.5), (3, 2.0)]);
        matrix.push(&mut Vec::new());
        matrix.push(&mut vec![(1, 7.0)]);
        assert_eq!(matrix.row(0), (&[0, 3][..], &[0.5, 2.0][..]));
        assert_eq!((matrix.rows(), matrix.entries()), (3, 3));
        assert_eq!(matrix.column_counts(), [1, 1, 0, 1]);
        let turned = matrix.transposed();
        assert_eq!(turned.row(3), (&[0][..], &[2.0][..]));
        assert_eq!(turned.transposed(), matrix);
    }
}
