//! Rows in 8 bits one after the other, scored where a scan of signs has pointed: the middle step between
//! [signs](super::signs) and exact scores.
//!
//! Codes are those of [`Codes8`](super::Codes8): symmetric, one scale a row, stored with 128 added, because
//! `vpdpbusd` multiplies unsigned with signed bytes. Sums are exact and the two multiplications behind them
//! are single, so every instruction set gives the same bits.

use super::int8::{Codes8, INPUTS_MAX, Method, PANEL, QUAD, dot_lines, encode_row, prefetch};

/// Numbers of a row are a multiple of this.
pub const ROW_WIDTH: usize = 64;
/// How many rows ahead of the one that is scored memory is asked for. Of 600 rows at random places of
/// 117,137, 4 to 16 are equally good.
const AHEAD: usize = 8;

/// Rows in 8 bits, row-major.
#[derive(Clone, Copy, Debug)]
pub struct Rows8<'a> {
    width: usize,
    codes: &'a [u8],
    scales: &'a [f32],
}

/// Appends the codes of a row of finite numbers and gives its scale.
///
/// # Panics
/// If its length is no multiple of [`ROW_WIDTH`], or over [`INPUTS_MAX`].
pub fn push_row8(values: &[f32], out: &mut Vec<u8>) -> f32 {
    assert!(values.len().is_multiple_of(ROW_WIDTH) && values.len() <= INPUTS_MAX, "a row's length");
    let mut codes = vec![0; values.len()];
    let (scale, _) = encode_row(Method::best(), values, &mut codes);
    // Within 1..=255.
    out.extend(codes.iter().map(|code| (i16::from(*code) + 128) as u8));
    scale
}

impl<'a> Rows8<'a> {
    /// Rows of `width` numbers; `None` if the codes are not those of as many rows as there are scales.
    pub fn new(width: usize, codes: &'a [u8], scales: &'a [f32]) -> Option<Rows8<'a>> {
        let fits = width > 0 && width.is_multiple_of(ROW_WIDTH) && width <= INPUTS_MAX;
        (fits && codes.len() == scales.len().checked_mul(width)?).then_some(Rows8 { width, codes, scales })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// The numbers of a row, as its codes say.
    ///
    /// # Panics
    /// If there is no such row, or `out` has another width.
    pub fn decode(&self, position: usize, out: &mut [f32]) {
        assert!(out.len() == self.width, "a row of {} numbers", self.width);
        let row = &self.codes[position * self.width..(position + 1) * self.width];
        for (code, out) in row.iter().zip(out) {
            *out = f32::from(i16::from(*code) - 128) * self.scales[position];
        }
    }

    /// The first rows as columns of a matrix, for products with many queries: codes and scales of
    /// [`Panels`](super::Panels).
    ///
    /// # Panics
    /// If there are not as many rows.
    pub fn panels(&self, count: usize) -> (Vec<u8>, Vec<f32>) {
        let columns = count.next_multiple_of(PANEL);
        let mut codes = vec![128; columns * self.width];
        for (at, row) in self.codes[..count * self.width].chunks_exact(self.width).enumerate() {
            let panel = &mut codes[at / PANEL * PANEL * self.width..][..PANEL * self.width];
            let column = at % PANEL * QUAD;
            for (line, four) in panel.chunks_exact_mut(PANEL * QUAD).zip(row.chunks_exact(QUAD)) {
                line[column..column + QUAD].copy_from_slice(four);
            }
        }
        let mut scales = self.scales[..count].to_vec();
        scales.resize(columns, 0.0);
        (codes, scales)
    }

    /// Inner products of query `at` with some rows, `out[i]` with row `positions[i]`. A query with a number
    /// that is not finite gives NaN.
    ///
    /// # Panics
    /// If there is no such query or row, the queries have another width, or `out` has not as many numbers.
    pub fn gather(&self, queries: &Codes8, at: usize, positions: &[u32], out: &mut [f32]) {
        self.gather_by(queries.method(), (queries.row(at), queries.scale(at)), positions, out);
    }

    /// The inner product of query `at` and one row: the same number as [`gather`](Rows8::gather) gives.
    ///
    /// # Panics
    /// If there is no such query or row, or the queries have another width.
    pub fn product(&self, queries: &Codes8, at: usize, position: u32) -> f32 {
        let mut out = [0.0];
        self.gather_by(queries.method(), (queries.row(at), queries.scale(at)), &[position], &mut out);
        out[0]
    }

    /// Asks memory for a row and its scale before they are needed.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn prefetch(&self, position: u32) {
        prefetch(&self.codes[position as usize * self.width..][..self.width]);
        prefetch(bytemuck::bytes_of(&self.scales[position as usize]));
    }

    fn gather_by(
        &self,
        method: Method,
        ((codes, sum), scale): ((&[i8], i32), f32),
        positions: &[u32],
        out: &mut [f32],
    ) {
        assert!(codes.len() == self.width, "a query of {} numbers", codes.len());
        assert!(out.len() == positions.len(), "a score for each of {} rows", positions.len());
        let row = |position: u32| &self.codes[position as usize * self.width..][..self.width];
        for (at, (position, out)) in positions.iter().zip(out).enumerate() {
            if let Some(next) = positions.get(at + AHEAD) {
                self.prefetch(*next);
            }
            let product = dot_lines(method, (codes, sum), row(*position));
            *out = product as f32 * scale * self.scales[*position as usize];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Panels, dot_exact, norm};

    #[test]
    fn every_method_gives_the_same_bits_near_the_exact_product() {
        let mut rng = fastrand::Rng::with_seed(9);
        for (width, count) in [(64, 1), (128, 20), (384, 100), (1024, 7)] {
            let mut vector = || (0..width).map(|_| rng.f32() - 0.5).collect::<Vec<f32>>();
            let rows: Vec<Vec<f32>> = (0..count).map(|_| vector()).collect();
            let values = vector();
            let mut codes = Vec::new();
            let scales: Vec<f32> = rows.iter().map(|row| push_row8(row, &mut codes)).collect();
            let packed = Rows8::new(width, &codes, &scales).unwrap();
            let query = Codes8::encode(&values, width);
            let positions: Vec<u32> = (0..count as u32).rev().chain([0, 0]).collect();
            let found: Vec<Vec<f32>> = Method::all()
                .into_iter()
                .map(|method| {
                    let mut out = vec![f32::NAN; positions.len()];
                    packed.gather_by(method, (query.row(0), query.scale(0)), &positions, &mut out);
                    out
                })
                .collect();
            for out in &found {
                let bits = |out: &[f32]| out.iter().map(|score| score.to_bits()).collect::<Vec<u32>>();
                assert_eq!(bits(out), bits(&found[0]));
            }
            let (panel_codes, panel_scales) = packed.panels(count);
            let panels = Panels::new(width, count, &panel_codes, &panel_scales).unwrap();
            let mut products = vec![f32::NAN; count];
            panels.products(&query, 0..count, &mut products);
            for (position, score) in positions.iter().zip(&found[0]) {
                assert_eq!(products[*position as usize].to_bits(), score.to_bits());
                let row = &rows[*position as usize];
                let error = (f64::from(*score) - dot_exact(&values, row)).abs();
                assert!(error < 0.01 * norm(&values) * norm(row), "{width} {error}");
            }
        }
    }

    #[test]
    fn zeros_and_parts_that_do_not_fit() {
        let mut codes = Vec::new();
        let scales = [push_row8(&[0.0; 64], &mut codes)];
        let rows = Rows8::new(64, &codes, &scales).unwrap();
        let mut out = [f32::NAN];
        rows.gather(&Codes8::encode(&[1.0; 64], 64), 0, &[0], &mut out);
        assert_eq!((out, rows.len(), rows.is_empty()), ([0.0], 1, false));
        assert!(Rows8::new(64, &codes[1..], &scales).is_none());
        assert!(Rows8::new(60, &codes[..60], &scales).is_none());
    }
}
