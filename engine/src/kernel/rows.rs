//! A matrix of stored vectors, row after row, in any of the stored number formats.

use half::f16;
use pulp::{Arch, Simd, WithSimd};

use super::dispatch::dispatch;
use super::dot::{LANES, accumulate, dot_simd, reduce};
use super::int8::prefetch;
use super::widen::{widen_codes, widen_f16, widen_i8};

/// How many numbers are widened at once: small enough for the first-level cache and the stack, and a multiple
/// of the lanes of the exact product, so that cutting a row does not change which sum a term goes to.
const BLOCK: usize = 512;
const _: () = assert!(BLOCK.is_multiple_of(LANES));

/// The numbers of a matrix, `rows * dim` of them, row after row.
#[derive(Clone, Copy, Debug)]
pub enum RowData<'a> {
    /// 32-bit floats.
    F32(&'a [f32]),
    /// 16-bit floats.
    F16(&'a [f16]),
    /// 8-bit codes with one scale a row; a number is `f32(code) * scale`, rounded to f32.
    I8 {
        /// `rows * dim` codes.
        codes: &'a [i8],
        /// One scale a row.
        scales: &'a [f32],
    },
}

/// A view of a row-major matrix.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    dim: usize,
    len: usize,
    data: RowData<'a>,
}

impl<'a> Rows<'a> {
    /// A view with rows of `dim` numbers; `None` if `dim` is zero or the numbers are not whole rows.
    pub fn new(dim: usize, data: RowData<'a>) -> Option<Self> {
        let numbers = match data {
            RowData::F32(values) => values.len(),
            RowData::F16(values) => values.len(),
            RowData::I8 { codes, .. } => codes.len(),
        };
        let len = numbers.checked_div(dim)?;
        let whole = len.checked_mul(dim) == Some(numbers);
        let scaled = match data {
            RowData::I8 { scales, .. } => scales.len() == len,
            RowData::F32(_) | RowData::F16(_) => true,
        };
        (whole && scaled).then_some(Self { dim, len, data })
    }

    /// Numbers in a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The rows `start..end`.
    ///
    /// # Panics
    /// If the range is not within the matrix.
    pub fn slice(&self, start: usize, end: usize) -> Rows<'a> {
        let numbers = start * self.dim..end * self.dim;
        let data = match self.data {
            RowData::F32(values) => RowData::F32(&values[numbers]),
            RowData::F16(values) => RowData::F16(&values[numbers]),
            RowData::I8 { codes, scales } => {
                RowData::I8 { codes: &codes[numbers], scales: &scales[start..end] }
            }
        };
        Rows { dim: self.dim, len: end - start, data }
    }

    /// The numbers, if they are stored as f32.
    pub(super) fn as_f32(&self) -> Option<&'a [f32]> {
        match self.data {
            RowData::F32(values) => Some(values),
            RowData::F16(_) | RowData::I8 { .. } => None,
        }
    }

    /// Writes row after row as f32 into `out`, which holds `len * dim` numbers.
    ///
    /// # Panics
    /// If `out` has another length.
    pub fn widen(&self, out: &mut [f32]) {
        assert_eq!(out.len(), self.len * self.dim, "widening rows into a buffer of another size");
        dispatch(
            #[inline(always)]
            || match self.data {
                RowData::F32(values) => out.copy_from_slice(values),
                RowData::F16(values) => widen_f16(values, out),
                RowData::I8 { codes, scales } => {
                    let rows = codes.chunks_exact(self.dim).zip(scales);
                    for ((codes, scale), out) in rows.zip(out.chunks_exact_mut(self.dim)) {
                        widen_i8(codes, *scale, out);
                    }
                }
            },
        );
    }

    /// Asks memory for a row before it is needed; nothing where there is no such row.
    pub fn prefetch(&self, row: usize) {
        let numbers = row.saturating_mul(self.dim)..row.saturating_add(1).saturating_mul(self.dim);
        let bytes = match self.data {
            RowData::F32(values) => values.get(numbers).map(bytemuck::cast_slice),
            RowData::F16(values) => values.get(numbers).map(bytemuck::cast_slice),
            RowData::I8 { codes, .. } => codes.get(numbers).map(bytemuck::cast_slice),
        };
        bytes.into_iter().for_each(prefetch);
    }

    /// [`dot_exact`](super::dot_exact) of the query and row `row` as stored: equal, bit for bit, to widening
    /// the row and calling that function.
    ///
    /// # Panics
    /// If there is no such row or the query has another dimension.
    pub fn dot_exact(&self, query: &[f32], row: usize) -> f64 {
        assert_eq!(query.len(), self.dim, "query of another dimension than the rows");
        let numbers = || row * self.dim..(row + 1) * self.dim;
        dispatch(
            #[inline(always)]
            || {
                let mut lanes = [0.0; LANES];
                match self.data {
                    RowData::F32(values) => accumulate(&mut lanes, query, &values[numbers()]),
                    RowData::F16(values) => {
                        let mut wide = [0.0; BLOCK];
                        for (query, values) in query.chunks(BLOCK).zip(values[numbers()].chunks(BLOCK)) {
                            widen_f16(values, &mut wide);
                            accumulate(&mut lanes, query, &wide[..values.len()]);
                        }
                    }
                    RowData::I8 { codes, scales } => {
                        let (scale, mut wide) = (scales[row], [0.0; BLOCK]);
                        for (query, codes) in query.chunks(BLOCK).zip(codes[numbers()].chunks(BLOCK)) {
                            widen_i8(codes, scale, &mut wide);
                            accumulate(&mut lanes, query, &wide[..codes.len()]);
                        }
                    }
                }
                reduce(lanes)
            },
        )
    }
}

/// Fast scores of one query against every row: `out[i] = query . row i`, within
/// [`error_bound`](super::error_bound) of the exact score.
///
/// # Panics
/// If the dimensions differ or `out` does not hold one number a row.
pub fn scan(query: &[f32], rows: &Rows<'_>, out: &mut [f32]) {
    assert_eq!(out.len(), rows.len, "one score a row");
    score_rows(query, rows, 0..rows.len, out);
}

/// Fast scores of one query against chosen rows: `out[i] = query . row positions[i]`.
///
/// # Panics
/// If the dimensions differ, a position is not a row, or `out` does not hold one number a position.
pub fn gather(query: &[f32], rows: &Rows<'_>, positions: &[u32], out: &mut [f32]) {
    assert_eq!(out.len(), positions.len(), "one score a position");
    score_rows(query, rows, positions.iter().map(|position| *position as usize), out);
}

fn score_rows(query: &[f32], rows: &Rows<'_>, positions: impl Iterator<Item = usize>, out: &mut [f32]) {
    struct Scan<'a, I> {
        query: &'a [f32],
        rows: &'a Rows<'a>,
        positions: I,
        out: &'a mut [f32],
    }
    impl<I: Iterator<Item = usize>> WithSimd for Scan<'_, I> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Scan { query, rows, positions, out } = self;
            let dim = rows.dim;
            let mut wide = [0.0f32; BLOCK];
            match rows.data {
                RowData::F32(values) => {
                    for (row, out) in positions.zip(out) {
                        *out = dot_simd(simd, query, &values[row * dim..(row + 1) * dim]);
                    }
                }
                RowData::F16(values) => {
                    for (row, out) in positions.zip(out) {
                        let row = &values[row * dim..(row + 1) * dim];
                        *out = 0.0;
                        for (query, values) in query.chunks(BLOCK).zip(row.chunks(BLOCK)) {
                            widen_f16(values, &mut wide);
                            *out += dot_simd(simd, query, &wide[..values.len()]);
                        }
                    }
                }
                RowData::I8 { codes, scales } => {
                    for (row, out) in positions.zip(out) {
                        let (scale, row) = (scales[row], &codes[row * dim..(row + 1) * dim]);
                        *out = 0.0;
                        for (query, codes) in query.chunks(BLOCK).zip(row.chunks(BLOCK)) {
                            widen_codes(codes, &mut wide);
                            *out += dot_simd(simd, query, &wide[..codes.len()]);
                        }
                        *out *= scale;
                    }
                }
            }
        }
    }
    assert_eq!(query.len(), rows.dim, "query of another dimension than the rows");
    Arch::new().dispatch(Scan { query, rows, positions, out });
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{dot_exact, error_bound, norm};
    use super::*;

    /// A matrix in all three formats.
    pub(in super::super) struct Stored {
        pub(in super::super) dim: usize,
        f32s: Vec<f32>,
        f16s: Vec<f16>,
        codes: Vec<i8>,
        scales: Vec<f32>,
    }

    impl Stored {
        pub(in super::super) fn random(rng: &mut fastrand::Rng, rows: usize, dim: usize) -> Stored {
            let f32s: Vec<f32> = (0..rows * dim).map(|_| rng.f32() * 2.0 - 1.0).collect();
            Stored {
                dim,
                f16s: f32s.iter().map(|value| f16::from_f32(*value)).collect(),
                codes: (0..rows * dim).map(|_| rng.i8(..)).collect(),
                scales: (0..rows).map(|_| rng.f32() / 100.0).collect(),
                f32s,
            }
        }

        pub(in super::super) fn views(&self) -> [Rows<'_>; 3] {
            [
                RowData::F32(&self.f32s),
                RowData::F16(&self.f16s),
                RowData::I8 { codes: &self.codes, scales: &self.scales },
            ]
            .map(|data| Rows::new(self.dim, data).unwrap())
        }
    }

    #[test]
    fn every_format_scans_within_the_bound_and_scores_exactly_as_if_widened() {
        let mut rng = fastrand::Rng::with_seed(2);
        for dim in [1, 2, 7, 15, 16, 17, 63, 64, 384, 511, 512, 513, 1024, 1029] {
            let stored = Stored::random(&mut rng, 9, dim);
            let query: Vec<f32> = (0..dim).map(|_| rng.f32() * 2.0 - 1.0).collect();
            for rows in stored.views() {
                let mut wide = vec![0.0; rows.len() * dim];
                rows.widen(&mut wide);
                let (mut fast, mut chosen) = (vec![0.0; 9], vec![0.0; 3]);
                scan(&query, &rows, &mut fast);
                gather(&query, &rows, &[8, 0, 4], &mut chosen);
                assert_eq!(chosen, [fast[8], fast[0], fast[4]]);
                for (i, row) in wide.chunks(dim).enumerate() {
                    let exact = dot_exact(&query, row);
                    assert_eq!(rows.dot_exact(&query, i).to_bits(), exact.to_bits());
                    let bound = error_bound(dim, norm(&query), norm(row));
                    assert!((f64::from(fast[i]) - exact).abs() <= f64::from(bound), "{rows:?} {dim}");
                }
            }
        }
    }

    #[test]
    fn slices_are_the_same_rows() {
        let stored = Stored::random(&mut fastrand::Rng::with_seed(3), 10, 33);
        let query = vec![0.5; 33];
        for rows in stored.views() {
            let part = rows.slice(3, 7);
            assert_eq!((part.len(), part.dim()), (4, 33));
            assert_eq!(part.dot_exact(&query, 2), rows.dot_exact(&query, 5));
            assert!(rows.slice(4, 4).is_empty());
        }
    }

    #[test]
    fn numbers_that_are_not_whole_rows_make_no_view() {
        assert!(Rows::new(0, RowData::F32(&[])).is_none());
        assert!(Rows::new(3, RowData::F32(&[1.0; 4])).is_none());
        assert!(Rows::new(2, RowData::I8 { codes: &[1; 4], scales: &[1.0] }).is_none());
        assert!(Rows::new(2, RowData::F32(&[])).unwrap().is_empty());
    }
}
