//! Exact products of some queries with some rows: what [`dot_exact`](super::dot_exact) gives for each pair,
//! bit for bit, and a few times as fast.
//!
//! The product of two f32 is exact in f64, so that it does not matter whether it is added with one rounding
//! or after another. What is left of the definition is which term goes to which of the 16 running sums, and
//! in what order; this a tile of pairs keeps for each of them. Queries are widened once for all rows, and a
//! few rows once for all queries.

use pulp::{Arch, Simd, WithSimd};

use super::dispatch::dispatch;
use super::dot::{LANES, reduce};

/// Queries and rows of a tile: 16 registers of sums, each used once for two loads.
const TILE: usize = 4;

/// `out[q * rows + r] = dot_exact(query q, row r)`, where `queries` is `[n, dim]` and `rows` `[m, dim]`. Runs
/// on the calling thread.
///
/// # Panics
/// If the numbers are not whole vectors, or `out` is not `n * m` numbers.
pub fn products_exact(queries: &[f32], rows: &[f32], dim: usize, out: &mut [f64]) {
    let (count, stride) = (queries.len() / dim, rows.len() / dim);
    let whole = queries.len() == count * dim && rows.len() == stride * dim;
    assert!(whole && out.len() == count * stride, "products of vectors of {dim} numbers");
    if count == 1 {
        return one_query(queries, rows, out);
    }
    // Vectors are filled up with zeros to whole rounds of the sums; a sum of zeros and a zero are the same.
    let width = dim.next_multiple_of(LANES);
    let wide_queries = widened(queries, dim, width);
    let mut wide_rows = vec![0.0; TILE * width];
    for (block, rows) in rows.chunks(TILE * dim).enumerate() {
        dispatch(
            #[inline(always)]
            || {
                for (row, wide) in rows.chunks_exact(dim).zip(wide_rows.chunks_exact_mut(width)) {
                    wide.iter_mut().zip(row).for_each(|(wide, value)| *wide = f64::from(*value));
                }
            },
        );
        let wide_rows = &wide_rows[..rows.len() / dim * width];
        for (at, queries) in wide_queries.chunks(TILE * width).enumerate() {
            let out = &mut out[at * TILE * stride + block * TILE..];
            Arch::new().dispatch(Tile { queries, rows: wide_rows, width, stride, out });
        }
    }
}

fn widened(vectors: &[f32], dim: usize, width: usize) -> Vec<f64> {
    let mut wide = vec![0.0; vectors.len() / dim * width];
    for (vector, wide) in vectors.chunks_exact(dim).zip(wide.chunks_exact_mut(width)) {
        wide.iter_mut().zip(vector).for_each(|(wide, value)| *wide = f64::from(*value));
    }
    wide
}

/// One query: rows are widened on their way.
fn one_query(query: &[f32], rows: &[f32], out: &mut [f64]) {
    let query: Vec<f64> = query.iter().copied().map(f64::from).collect();
    dispatch(
        #[inline(always)]
        || {
            for (row, out) in rows.chunks_exact(query.len()).zip(out.iter_mut()) {
                *out = widening(&query, row);
            }
        },
    );
}

/// `dot_exact` of a query that was widened before.
#[inline(always)]
fn widening(query: &[f64], row: &[f32]) -> f64 {
    let mut sums = [0.0; LANES];
    let (query_chunks, query_rest) = query.as_chunks::<LANES>();
    let (row_chunks, row_rest) = row.as_chunks::<LANES>();
    for (query, row) in query_chunks.iter().zip(row_chunks) {
        for lane in 0..LANES {
            sums[lane] = query[lane].mul_add(f64::from(row[lane]), sums[lane]);
        }
    }
    for ((sum, query), row) in sums.iter_mut().zip(query_rest).zip(row_rest) {
        *sum = query.mul_add(f64::from(*row), *sum);
    }
    reduce(sums)
}

/// A few queries and rows, in f64, of `width` numbers each, a multiple of [`LANES`].
struct Tile<'a> {
    queries: &'a [f64],
    rows: &'a [f64],
    width: usize,
    /// From the products of a query to those of the next.
    stride: usize,
    out: &'a mut [f64],
}

impl WithSimd for Tile<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Tile { queries, rows, width, stride, out } = self;
        if rows.len() == TILE * width {
            let vector = |at: usize| at * width..(at + 1) * width;
            let rows: [&[f64]; TILE] = std::array::from_fn(|at| &rows[vector(at)]);
            if queries.len() == TILE * width {
                let queries: [&[f64]; TILE] = std::array::from_fn(|at| &queries[vector(at)]);
                products::<S, TILE, TILE>(simd, queries, rows, stride, out);
                return;
            }
            for (query, out) in queries.chunks_exact(width).zip(out.chunks_mut(stride)) {
                products::<S, 1, TILE>(simd, [query], rows, stride, out);
            }
            return;
        }
        for (query, out) in queries.chunks_exact(width).zip(out.chunks_mut(stride)) {
            for (row, out) in rows.chunks_exact(width).zip(out.chunks_mut(1)) {
                products::<S, 1, 1>(simd, [query], [row], stride, out);
            }
        }
    }
}

/// All products of `Q` queries and `R` rows.
#[inline(always)]
fn products<S: Simd, const Q: usize, const R: usize>(
    simd: S,
    queries: [&[f64]; Q],
    rows: [&[f64]; R],
    stride: usize,
    out: &mut [f64],
) {
    let queries = queries.map(|query| S::as_simd_f64s(query).0);
    let rows = rows.map(|row| S::as_simd_f64s(row).0);
    let registers = LANES / S::F64_LANES;
    let count = queries[0].len();
    assert!(queries.iter().chain(&rows).all(|vector| vector.len() == count), "vectors of one width");
    let mut lanes = [[[0.0; LANES]; R]; Q];
    // Registers of sums that begin at the same lane, for all pairs at once.
    for register in 0..registers {
        let mut sums = [[simd.splat_f64s(0.0); R]; Q];
        for at in (register..count).step_by(registers) {
            let row: [S::f64s; R] = std::array::from_fn(|r| rows[r][at]);
            for q in 0..Q {
                let query = queries[q][at];
                for r in 0..R {
                    sums[q][r] = simd.mul_add_e_f64s(query, row[r], sums[q][r]);
                }
            }
        }
        for q in 0..Q {
            for r in 0..R {
                let place = register * S::F64_LANES..(register + 1) * S::F64_LANES;
                lanes[q][r][place].copy_from_slice(bytemuck::cast_slice(&[sums[q][r]]));
            }
        }
    }
    for (q, lanes) in lanes.into_iter().enumerate() {
        for (r, lanes) in lanes.into_iter().enumerate() {
            out[q * stride + r] = reduce(lanes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::dot_exact;
    use super::*;

    #[test]
    fn every_product_is_the_exact_one_bit_for_bit() {
        let mut random = fastrand::Rng::with_seed(4);
        for dim in [1, 2, 15, 16, 17, 33, 64, 100, 384] {
            for (count, rows) in [(1, 1), (1, 9), (2, 3), (4, 4), (5, 9), (9, 5), (8, 8), (3, 0), (0, 3)] {
                let mut numbers = |count: usize| -> Vec<f32> {
                    let number = |_| (random.f32() - 0.5) * 10.0f32.powi(random.i32(-30..30));
                    (0..count * dim).map(number).collect()
                };
                let (queries, rows) = (numbers(count), numbers(rows));
                let expected: Vec<u64> = queries
                    .chunks(dim)
                    .flat_map(|query| rows.chunks(dim).map(|row| dot_exact(query, row).to_bits()))
                    .collect();
                let mut found = vec![f64::NAN; expected.len()];
                products_exact(&queries, &rows, dim, &mut found);
                let found: Vec<u64> = found.into_iter().map(f64::to_bits).collect();
                assert_eq!(found, expected, "{dim} {count}");
            }
        }
    }
}
