//! The linear layers of a quantised encoder: a fixed matrix in 8 bits.

use super::int8::{Codes8, INPUTS_MAX, Method, PANEL, PanelWriter, Panels, row_width};

/// A matrix `[inputs, outputs]` in 8 bits, with a number for each output that is added to the product.
#[derive(Clone, Debug)]
pub struct Linear8 {
    inputs: usize,
    outputs: usize,
    /// See [`Panels`].
    codes: Vec<u8>,
    /// One a column, filled up to whole panels.
    scales: Vec<f32>,
    /// One a column, filled up to whole panels.
    bias: Vec<f32>,
}

impl Linear8 {
    /// Quantises `weights`, `[inputs, outputs]`, row-major. `None` if they are not whole rows, a number is
    /// not finite, the bias has another length, or a row is longer than [`INPUTS_MAX`].
    pub fn quantize(weights: &[f32], outputs: usize, bias: Option<&[f32]>) -> Option<Linear8> {
        let inputs = weights.len().checked_div(outputs)?;
        let whole = inputs * outputs == weights.len() && (1..=INPUTS_MAX).contains(&inputs);
        let biased = bias.is_none_or(|bias| bias.len() == outputs && bias.iter().all(|b| b.is_finite()));
        if !whole || !biased || !weights.iter().all(|weight| weight.is_finite()) {
            return None;
        }
        let panels = outputs.div_ceil(PANEL);
        let mut codes = Vec::with_capacity(panels * PANEL * row_width(inputs));
        let mut scales = Vec::with_capacity(panels * PANEL);
        let mut panel = PanelWriter::new(inputs);
        let mut column = vec![0.0; inputs];
        for at in 0..outputs {
            column.iter_mut().zip(weights.chunks_exact(outputs)).for_each(|(value, row)| *value = row[at]);
            panel.push(&column);
            if panel.is_full() || at + 1 == outputs {
                panel.take(|panel_codes, panel_scales| {
                    codes.extend_from_slice(panel_codes);
                    scales.extend_from_slice(panel_scales);
                });
            }
        }
        let mut bias = bias.map_or_else(|| vec![0.0; outputs], <[f32]>::to_vec);
        bias.resize(panels * PANEL, 0.0);
        Some(Linear8 { inputs, outputs, codes, scales, bias })
    }

    /// Bytes of codes and numbers of scales of a matrix `[inputs, outputs]`; `None` where there can be none.
    pub fn sizes(inputs: usize, outputs: usize) -> Option<(usize, usize)> {
        let columns = outputs.checked_next_multiple_of(PANEL)?;
        let valid = (1..=INPUTS_MAX).contains(&inputs) && outputs > 0;
        Some((columns.checked_mul(row_width(inputs))?, columns)).filter(|_| valid)
    }

    /// A matrix of the [parts](Linear8::parts) of one; `None` if they have other lengths than its
    /// [sizes](Linear8::sizes).
    pub fn from_parts(
        inputs: usize,
        outputs: usize,
        codes: Vec<u8>,
        scales: Vec<f32>,
        bias: Vec<f32>,
    ) -> Option<Linear8> {
        let (bytes, columns) = Linear8::sizes(inputs, outputs)?;
        let fits = codes.len() == bytes && scales.len() == columns && bias.len() == columns;
        fits.then_some(Linear8 { inputs, outputs, codes, scales, bias })
    }

    /// Codes, which lie in memory as [`Panels`] says, scales and biases, one a column, filled up to whole
    /// panels. Every processor makes the same.
    pub fn parts(&self) -> (&[u8], &[f32], &[f32]) {
        (&self.codes, &self.scales, &self.bias)
    }

    /// Numbers in a row that is multiplied.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Numbers in a row of the product.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// `out[n, outputs] = rows[n, inputs] . W + bias`. A row with a number that is not finite gives NaN. Runs
    /// on the calling thread.
    ///
    /// # Panics
    /// If `rows` are not whole rows or `out` has not as many.
    pub fn multiply(&self, rows: &[f32], out: &mut [f32]) {
        self.multiply_by(Method::best(), rows, out);
    }

    pub(super) fn multiply_by(&self, method: Method, rows: &[f32], out: &mut [f32]) {
        self.multiply_codes(&Codes8::encode_by(method, rows, self.inputs), out);
    }

    /// [`multiply`](Linear8::multiply) of rows that are quantised already.
    ///
    /// # Panics
    /// If the rows have another length than the matrix, or `out` has not as many rows.
    pub fn multiply_codes(&self, rows: &Codes8, out: &mut [f32]) {
        let Some(panels) =
            Panels::with_bias(self.inputs, self.outputs, &self.codes, &self.scales, &self.bias)
        else {
            unreachable!("whole panels, as `quantize` made them")
        };
        panels.products(rows, 0..self.outputs, out);
    }
}
