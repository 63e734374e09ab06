//! Products of matrices over all threads, cut into blocks of fixed size.

use rayon::prelude::*;

use crate::kernel::{Layout, multiply};

/// Rows of a result that one task makes: enough that arranging the other matrix for it costs little.
const ROWS_AT_ONCE: usize = 128;

/// `[n, k]` times the rows of `[m, k]` gives `[n, m]`, one score for each pair.
pub(super) fn row_products(a: &[f32], b: &[f32], k: usize) -> Vec<f32> {
    let (n, m) = (a.len() / k.max(1), b.len() / k.max(1));
    by_rows(n, m, |from, rows, out| {
        let a = &a[from * k..(from + rows) * k];
        multiply(out, (rows, k, m), (a, Layout::Plain), (b, Layout::Turned), false);
    })
}

/// `[n, k]` times `[k, m]` gives `[n, m]`.
pub(super) fn product(a: &[f32], b: &[f32], (n, k, m): (usize, usize, usize)) -> Vec<f32> {
    by_rows(n, m, |from, rows, out| {
        let a = &a[from * k..(from + rows) * k];
        multiply(out, (rows, k, m), (a, Layout::Plain), (b, Layout::Plain), false);
    })
}

/// The transpose of `[k, n]` times `[k, m]` gives `[n, m]`.
pub(super) fn turned_product(a: &[f32], b: &[f32], (n, k, m): (usize, usize, usize)) -> Vec<f32> {
    by_rows(n, m, |from, rows, out| {
        // A block of columns is copied so that it lies together.
        let mut part = Vec::with_capacity(rows * k);
        for row in a.chunks(n) {
            part.extend_from_slice(&row[from..from + rows]);
        }
        multiply(out, (rows, k, m), (&part, Layout::Turned), (b, Layout::Plain), false);
    })
}

/// Makes `[n, m]` by blocks of rows; `work` is told the first row and how many.
fn by_rows(n: usize, m: usize, work: impl Fn(usize, usize, &mut [f32]) + Sync) -> Vec<f32> {
    let mut out = vec![0.0f32; n * m];
    if m > 0 {
        out.par_chunks_mut(ROWS_AT_ONCE * m)
            .enumerate()
            .for_each(|(block, out)| work(block * ROWS_AT_ONCE, out.len() / m, out));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_equal_double_loops() {
        let mut rng = fastrand::Rng::with_seed(2);
        for (n, k, m) in [(1, 1, 1), (130, 7, 5), (64, 33, 70), (0, 3, 2), (3, 2, 0)] {
            let a: Vec<f32> = (0..n * k).map(|_| rng.f32() - 0.5).collect();
            let b: Vec<f32> = (0..k * m).map(|_| rng.f32() - 0.5).collect();
            let turn = |matrix: &[f32], rows: usize, columns: usize| -> Vec<f32> {
                (0..rows * columns).map(|at| matrix[(at % rows) * columns + at / rows]).collect()
            };
            let (turned_a, turned_b) = (turn(&a, n, k), turn(&b, k, m));
            let plain = product(&a, &b, (n, k, m));
            for (at, value) in plain.iter().enumerate() {
                let sum: f32 = (0..k).map(|d| a[at / m * k + d] * b[d * m + at % m]).sum();
                assert!((value - sum).abs() < 1e-5);
            }
            let close = |other: &[f32]| {
                assert_eq!(other.len(), plain.len());
                assert!(other.iter().zip(&plain).all(|(a, b)| (a - b).abs() < 1e-5), "{n} {k} {m}");
            };
            close(&row_products(&a, &turned_b, k));
            close(&turned_product(&turned_a, &b, (n, k, m)));
        }
    }
}
