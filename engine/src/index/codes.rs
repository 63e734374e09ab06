//! The rows of a matrix once more in 8 bits, row after row, to look at a few thousand of them: RERANK scores
//! its candidates by them, and exactly whatever may still be among the best.
//!
//! Sections: `shape` u64 (dimension, rows) and `rows` u8 (see [`ByteRows`]), in the order of the matrix.

use std::io::Write;

use super::ahead::RowsAhead;
use super::error::IndexError;
use super::matrix::PackedMatrix;
use super::row::check_dimension;
use crate::kernel::{ByteRows, Codes8, RowFacts, byte_row_width, encode_byte_row, norm};
use crate::packed::{Array, Bytes, Kind, Packed, PackedError, PackedWriter};

const KIND: Kind = Kind { magic: *b"ATCODES0", version: 1, name: "8-bit rows" };

/// Writes the rows in one pass; it holds one of them.
pub struct CodesWriter<W> {
    writer: PackedWriter<W>,
    dimension: usize,
    rows: u64,
    row: Vec<u8>,
}

impl<W: Write> CodesWriter<W> {
    /// Begins a file of rows of `dimension` numbers.
    ///
    /// # Errors
    /// The dimension is not one of stored vectors, or the file cannot be written.
    pub fn new(out: W, dimension: usize) -> Result<Self, IndexError> {
        check_dimension(dimension).map_err(|error| IndexError::Row { slot: 0, error })?;
        let mut writer = PackedWriter::new(out, KIND)?;
        writer.begin("rows")?;
        Ok(Self { writer, dimension, rows: 0, row: Vec::new() })
    }

    /// Appends a row of finite numbers, and the bias that is added to its products.
    ///
    /// # Errors
    /// The file cannot be written.
    ///
    /// # Panics
    /// If the row has another dimension.
    pub fn push(&mut self, row: &[f32], bias: Option<f32>) -> Result<(), IndexError> {
        assert!(row.len() == self.dimension, "a row of {} numbers", self.dimension);
        self.row.clear();
        encode_byte_row(row, bias.unwrap_or(0.0), &mut self.row);
        self.rows += 1;
        Ok(self.writer.write(&self.row)?)
    }

    /// Ends the file and gives the writer back for syncing.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> Result<W, IndexError> {
        self.writer.section("shape", &[self.dimension as u64, self.rows])?;
        Ok(self.writer.finish()?)
    }
}

/// Opened rows.
pub struct Codes {
    dimension: usize,
    len: usize,
    rows: Array<u8>,
    ahead: RowsAhead,
}

impl Codes {
    /// Opens the rows after checking every length. The numbers themselves are taken as they are: the caller
    /// has verified the checksum of the file.
    ///
    /// # Errors
    /// It is another file, or its parts contradict each other.
    pub fn open(bytes: Bytes) -> Result<Self, PackedError> {
        let packed = Packed::open(bytes, KIND, &["rows"])?;
        let fields = packed.array::<u64>("shape", 2)?;
        let [dimension, rows] = *fields.get() else {
            return Err(packed.damaged("its shape is not described"));
        };
        let dimension = usize::try_from(dimension)
            .ok()
            .filter(|dimension| check_dimension(*dimension).is_ok())
            .ok_or_else(|| packed.damaged(format!("dimension {dimension}")))?;
        let len = u32::try_from(rows).map_err(|_| packed.damaged("too many rows"))? as usize;
        let bytes = rows.checked_mul(byte_row_width(dimension) as u64);
        let bytes = bytes.ok_or_else(|| packed.damaged("too many rows"))?;
        let rows = packed.array("rows", bytes)?;
        Ok(Self { dimension, len, ahead: RowsAhead::new(&rows), rows })
    }

    /// Numbers in a row.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn rows(&self) -> ByteRows<'_> {
        match ByteRows::new(self.dimension, self.rows.get()) {
            Some(rows) => rows,
            None => unreachable!("8-bit rows changed after they were opened"),
        }
    }
}

/// What 8 bits say of a score: it lies within `bound` of `near`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Near the score.
    pub near: f64,
    /// How far the score may be from it.
    pub bound: f64,
}

/// How the product of a row (with its bias) and a query becomes a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scoring {
    /// It is the score.
    Product,
    /// It is divided by both norms; a row or query without length scores 0.
    Cosine,
}

impl PackedMatrix {
    /// Estimates of the scores of some positions by the rows in 8 bits; None where the matrix has none.
    ///
    /// With `q = q' + e` and `r = r' + d`, where `q'` and `r'` are what the codes stand for,
    /// `q.r - q'.r' = e.r + q'.d`, at most `|e||r| + |q'||d|`. The product of the codes is exact; what f64
    /// rounds, here and in the exact score, is far less than the millionth of the lengths that is added.
    ///
    /// # Panics
    /// If the query has another dimension or there is no such position.
    pub fn estimates(&self, query: &[f32], positions: &[u32], scoring: Scoring) -> Option<Vec<Estimate>> {
        let codes = self.codes()?;
        let encoded = Codes8::encode(query, codes.dimension);
        let (length, lost) = (norm(query), encoded.error(0, query));
        let query_scale = f64::from(encoded.scale(0));
        let estimate = |product: i32, row: RowFacts| {
            let (error, bias) = (f64::from(row.error), f64::from(row.bias));
            let near = f64::from(product) * query_scale * f64::from(row.scale) + bias;
            let apart = lost * row.norm + (length + lost) * error;
            let rounding = 1e-12 * ((length + lost) * (row.norm + error) + bias.abs());
            let bound = (apart + rounding) * (1.0 + 1e-6);
            let scale = length * row.norm;
            match scoring {
                Scoring::Product => Estimate { near, bound },
                Scoring::Cosine if scale > 0.0 => {
                    Estimate { near: near / scale, bound: bound / scale * (1.0 + 1e-6) }
                }
                Scoring::Cosine => Estimate { near: 0.0, bound: 0.0 },
            }
        };
        let mut estimates = Vec::with_capacity(positions.len());
        codes.ahead.ask(&codes.rows, byte_row_width(codes.dimension), positions.iter().copied());
        codes.rows().gather(&encoded, 0, positions, |product, row| estimates.push(estimate(product, row)));
        Some(estimates)
    }
}

#[cfg(test)]
mod tests {
    use argtop_storage::RowFormat;

    use super::super::matrix::tests::matrix;
    use super::*;
    use crate::packed::AlignedBytes;
    use crate::packed::tests::survives_damage;

    fn file(dimension: usize, rows: &[f32], biases: Option<&[f32]>) -> AlignedBytes {
        let mut writer = CodesWriter::new(AlignedBytes::new(), dimension).unwrap();
        for (at, row) in rows.chunks(dimension).enumerate() {
            writer.push(row, biases.map(|biases| biases[at])).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn scores_lie_within_the_bound_and_the_bound_is_of_use() {
        let mut random = fastrand::Rng::with_seed(5);
        for (dimension, count) in [(1, 4), (7, 32), (64, 33), (384, 100)] {
            let mut numbers = |count: usize| -> Vec<f32> { (0..count).map(|_| random.f32() - 0.5).collect() };
            let (mut rows, queries) = (numbers(count * dimension), numbers(4 * dimension));
            // A row of zeros, one of tiny numbers, one with a number far from the others.
            rows[..dimension].fill(0.0);
            rows[dimension..2 * dimension].fill(1e-42);
            rows[2 * dimension] = 40.0;
            let biases = numbers(count);
            for biases in [None, Some(&biases[..])] {
                let slots: Vec<u32> = (0..count as u32).collect();
                let plain = matrix(RowFormat::F32, dimension, &slots, &rows, biases);
                assert!(plain.estimates(&queries[..dimension], &[0], Scoring::Product).is_none());
                let codes = Codes::open(file(dimension, &rows, biases).into_bytes()).unwrap();
                let matrix = plain.with_codes(Some(codes));
                for query in queries.chunks(dimension).chain([&vec![0.0; dimension][..]]) {
                    for scoring in [Scoring::Product, Scoring::Cosine] {
                        let found = matrix.estimates(query, &slots, scoring).unwrap();
                        for (row, found) in slots.iter().zip(found) {
                            let row = *row as usize;
                            let length = norm(query) * norm(&rows[row * dimension..][..dimension]);
                            let exact = match scoring {
                                Scoring::Product => matrix.score_exact(query, row),
                                Scoring::Cosine if length > 0.0 => matrix.score_exact(query, row) / length,
                                Scoring::Cosine => 0.0,
                            };
                            let Estimate { near, bound } = found;
                            assert!(
                                (near - exact).abs() <= bound,
                                "{dimension} {row} {near} {exact} {bound}"
                            );
                            let usual = if scoring == Scoring::Product { length } else { 1.0 };
                            // Zeros and tiny numbers have no codes; there the bound is all there is.
                            assert!(row < 2 || biases.is_some() || bound <= 0.1 * usual, "{row} {bound}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn no_rows_are_rows_others_are_not_taken_and_damage_never_panics() {
        let empty = Codes::open(file(3, &[], None).into_bytes()).unwrap();
        assert!(empty.is_empty());
        let matrix = matrix(RowFormat::F32, 3, &[0, 1], &[0.5; 6], None).with_codes(Some(empty));
        assert!(matrix.codes().is_none());
        assert!(CodesWriter::new(AlignedBytes::new(), 0).is_err());
        survives_damage(&file(2, &[0.5; 6], Some(&[1.0; 3])), |bytes| {
            let Ok(codes) = Codes::open(bytes) else { return false };
            let query = Codes8::encode(&vec![1.0; codes.dimension()], codes.dimension());
            let positions: Vec<u32> = (0..codes.len() as u32).collect();
            codes.rows().gather(&query, 0, &positions, |_, _| ());
            true
        });
    }
}
