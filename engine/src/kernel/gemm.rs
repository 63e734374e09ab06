//! Scores of many queries against many rows as a matrix product.

#![allow(unsafe_code)]

use gemm::Parallelism;

use super::rows::Rows;

/// Rows widened to f32 at once when they are stored in fewer bits: 512 rows of 384 numbers are 786 kB.
const ROWS_AT_ONCE: usize = 512;

/// Fast scores of n queries, `[n, dim]`, against m rows: `out[q * m + r] = query q . row r`, each within
/// [`error_bound`](super::error_bound) of the exact score. Runs on the calling thread.
///
/// # Panics
/// If `queries` is not whole queries of the rows' dimension or `out` is not `n * m` numbers.
pub fn scores(queries: &[f32], rows: &Rows<'_>, out: &mut [f32]) {
    let (dim, stride) = (rows.dim(), rows.len());
    let count = queries.len() / dim;
    assert_eq!(queries.len(), count * dim, "queries of another dimension than the rows");
    assert_eq!(out.len(), count * stride, "one score for each query and row");
    if let Some(values) = rows.as_f32() {
        product(queries, values, dim, out, stride, 0);
        return;
    }
    let mut wide = vec![0.0; ROWS_AT_ONCE.min(rows.len()) * dim];
    for start in (0..rows.len()).step_by(ROWS_AT_ONCE) {
        let end = rows.len().min(start + ROWS_AT_ONCE);
        let wide = &mut wide[..(end - start) * dim];
        rows.slice(start, end).widen(wide);
        product(queries, wide, dim, out, stride, start);
    }
}

/// `out[q * stride + column + r] = queries[q] . rows[r]`.
fn product(queries: &[f32], rows: &[f32], dim: usize, out: &mut [f32], stride: usize, column: usize) {
    let (n, m) = (queries.len() / dim, rows.len() / dim);
    if n == 0 || m == 0 {
        return;
    }
    assert!(column + m <= stride && out.len() == n * stride, "product out of its place");
    let (dim_step, stride_step) = (dim as isize, stride as isize);
    // SAFETY: The product reads queries[q * dim + d] and rows[r * dim + d] for q < n, r < m, d < dim, which
    // lie within the slices because their lengths are at least n * dim and m * dim; it writes out[q * stride
    // + column + r], at most (n - 1) * stride + column + m - 1 < n * stride, the length of `out`. `out` is
    // exclusively borrowed, so it overlaps neither. `read_dst` is false, so `out` is not read.
    unsafe {
        gemm::gemm(
            n,
            m,
            dim,
            out.as_mut_ptr().add(column),
            1,
            stride_step,
            false,
            queries.as_ptr(),
            1,
            dim_step,
            rows.as_ptr(),
            dim_step,
            1,
            0.0f32,
            1.0f32,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// How a matrix lies in memory, row-major either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// As the product takes it.
    Plain,
    /// Turned: the product takes its transpose.
    Turned,
}

/// `out[n, m] (+)= a[n, k] b[k, m]` in f32 on the calling thread; `add` keeps what `out` holds. A turned `a`
/// is stored `[k, n]`, a turned `b` is stored `[m, k]`.
///
/// # Panics
/// If a slice has not the numbers of its matrix.
pub fn multiply(
    out: &mut [f32],
    (n, k, m): (usize, usize, usize),
    (a, a_layout): (&[f32], Layout),
    (b, b_layout): (&[f32], Layout),
    add: bool,
) {
    assert!(out.len() == n * m && a.len() == n * k && b.len() == k * m, "matrices of {n} x {k} x {m}");
    if n == 0 || m == 0 {
        return;
    }
    let step = |layout, rows: usize, columns: usize| match layout {
        Layout::Plain => (columns as isize, 1),
        Layout::Turned => (1, rows as isize),
    };
    let (a_row, a_column) = step(a_layout, n, k);
    let (b_row, b_column) = step(b_layout, k, m);
    // SAFETY: With the steps above the product reads n * k numbers of `a` and k * m of `b`, all within the
    // slices, whose lengths were checked, and reads (only when adding) and writes n * m numbers of `out`,
    // which is exclusively borrowed and initialised.
    unsafe {
        gemm::gemm(
            n,
            m,
            k,
            out.as_mut_ptr(),
            1,
            m as isize,
            add,
            a.as_ptr(),
            a_column,
            a_row,
            b.as_ptr(),
            b_column,
            b_row,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::tests::Stored;
    use super::super::{error_bound, norm};
    use super::*;

    #[test]
    fn batches_stay_within_the_bound_in_every_format() {
        let mut rng = fastrand::Rng::with_seed(4);
        for (n, m, dim) in [(1, 1, 1), (3, 5, 7), (2, 513, 16), (17, 1025, 33), (5, 40, 384), (1, 9, 1029)] {
            let stored = Stored::random(&mut rng, m, dim);
            let queries: Vec<f32> = (0..n * dim).map(|_| rng.f32() - 0.5).collect();
            for rows in stored.views() {
                let mut out = vec![f32::NAN; n * m];
                scores(&queries, &rows, &mut out);
                let mut wide = vec![0.0; m * dim];
                rows.widen(&mut wide);
                for (q, query) in queries.chunks(dim).enumerate() {
                    for r in 0..m {
                        let bound = error_bound(dim, norm(query), norm(&wide[r * dim..(r + 1) * dim]));
                        let error = (f64::from(out[q * m + r]) - rows.dot_exact(query, r)).abs();
                        assert!(error <= f64::from(bound), "{n} {m} {dim} {error} {bound}");
                    }
                }
            }
        }
    }

    #[test]
    fn products_equal_the_definition_in_every_layout() {
        let mut rng = fastrand::Rng::with_seed(6);
        for (n, k, m) in [(1, 1, 1), (3, 5, 2), (17, 33, 65), (4, 0, 3)] {
            let a: Vec<f32> = (0..n * k).map(|_| rng.f32() - 0.5).collect();
            let b: Vec<f32> = (0..k * m).map(|_| rng.f32() - 0.5).collect();
            let turn = |matrix: &[f32], rows: usize, columns: usize| -> Vec<f32> {
                let at = |place: usize| matrix[(place % rows.max(1)) * columns + place / rows.max(1)];
                (0..rows * columns).map(at).collect()
            };
            let (turned_a, turned_b) = (turn(&a, n, k), turn(&b, k, m));
            for a in [(&a[..], Layout::Plain), (&turned_a[..], Layout::Turned)] {
                for b in [(&b[..], Layout::Plain), (&turned_b[..], Layout::Turned)] {
                    for add in [false, true] {
                        let mut out = vec![1.0f32; n * m];
                        multiply(&mut out, (n, k, m), a, b, add);
                        check_product(&out, (n, k, m), &turned_a, &turned_b, add);
                    }
                }
            }
        }
    }

    fn check_product(out: &[f32], (n, k, m): (usize, usize, usize), ta: &[f32], tb: &[f32], add: bool) {
        for i in 0..n {
            for j in 0..m {
                let sum: f32 = (0..k).map(|d| ta[d * n + i] * tb[j * k + d]).sum();
                let expected = if add { 1.0 + sum } else { sum };
                assert!((out[i * m + j] - expected).abs() < 1e-4, "{n} {k} {m} {i} {j}");
            }
        }
    }

    #[test]
    fn no_rows_or_no_queries_is_no_work() {
        let stored = Stored::random(&mut fastrand::Rng::with_seed(5), 0, 8);
        for rows in stored.views() {
            scores(&[1.0; 16], &rows, &mut []);
            scores(&[], &rows, &mut []);
        }
    }
}
