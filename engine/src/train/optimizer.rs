//! AdamW over the rows of a matrix, most of which a step does not touch.

use rayon::prelude::*;

/// Rows of one task of a step.
const ROWS_AT_ONCE: usize = 512;

/// The numbers of AdamW (Loshchilov and Hutter, ICLR 2019).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Step size.
    pub lr: f32,
    /// Decay of the mean of gradients.
    pub beta1: f32,
    /// Decay of the mean of squared gradients.
    pub beta2: f32,
    /// Added to the root of the second moment.
    pub eps: f32,
    /// Decoupled decay of the parameters, relative to `lr`.
    pub weight_decay: f32,
}

impl AdamW {
    /// The usual constants, without weight decay.
    pub fn new(lr: f32) -> AdamW {
        AdamW { lr, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 }
    }

    /// The same with another step size, as schedules give it.
    #[must_use]
    pub fn at(self, lr: f32) -> AdamW {
        AdamW { lr, ..self }
    }
}

/// Parameters `[rows, width]` with the moments of their gradients.
///
/// A row that a step does not touch keeps its moments, and the bias of the moments is corrected by the number
/// of steps that did touch it (lazy Adam). Weight decay pulls towards `anchor` rows where the caller gives
/// them, else to zero.
#[derive(Clone, Debug)]
pub struct Parameters {
    width: usize,
    /// The parameters, row-major.
    pub values: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    /// Steps each row took, as numbers that f32 holds exactly to 2^24.
    steps: Vec<f32>,
}

impl Parameters {
    /// Parameters that start as `values`, `[rows, width]`.
    ///
    /// # Panics
    /// If the numbers are not whole rows.
    pub fn new(values: Vec<f32>, width: usize) -> Parameters {
        assert!(width > 0 && values.len().is_multiple_of(width), "whole rows of {width}");
        let (count, rows) = (values.len(), values.len() / width);
        Parameters {
            width,
            values,
            first: vec![0.0; count],
            second: vec![0.0; count],
            steps: vec![0.0; rows],
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.steps.len()
    }

    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// A row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    /// Everything that a checkpoint must keep.
    pub fn state(&mut self) -> [&mut Vec<f32>; 4] {
        [&mut self.values, &mut self.first, &mut self.second, &mut self.steps]
    }

    /// One step for the rows `touched` (ascending, no row twice) with `gradients`, `[touched, width]`. With
    /// `anchor`, `[rows, width]`, weight decay pulls rows towards it. The rows go over all threads; the
    /// result does not depend on how many there are.
    ///
    /// # Panics
    /// If the gradients are not one row for each touched row.
    pub fn step(&mut self, adam: AdamW, touched: &[u32], gradients: &[f32], anchor: Option<&[f32]>) {
        let width = self.width;
        assert_eq!(gradients.len(), touched.len() * width, "one gradient for each touched row");
        self.step_rows(adam, touched, anchor, &|at, out| {
            out.copy_from_slice(&gradients[at * width..(at + 1) * width]);
        });
    }

    /// The same with gradients made row by row: `gradient(at, out)` writes the one of `touched[at]` over
    /// `out`, `[width]`. What a step needs besides the parameters is then one row for each thread.
    pub fn step_rows(
        &mut self,
        adam: AdamW,
        touched: &[u32],
        anchor: Option<&[f32]>,
        gradient: &(dyn Fn(usize, &mut [f32]) + Sync),
    ) {
        let width = self.width;
        let numbers = ROWS_AT_ONCE * width;
        let blocks = (self.values.par_chunks_mut(numbers).zip(self.first.par_chunks_mut(numbers)))
            .zip(self.second.par_chunks_mut(numbers).zip(self.steps.par_chunks_mut(ROWS_AT_ONCE)))
            .enumerate();
        blocks.for_each(|(block, ((values, first), (second, steps)))| {
            let start = block * ROWS_AT_ONCE;
            let from = touched.partition_point(|row| (*row as usize) < start);
            let mut made = vec![0.0f32; width];
            for (at, row) in (from..).zip(&touched[from..]) {
                let place = *row as usize - start;
                let Some(steps) = steps.get_mut(place) else { break };
                *steps += 1.0;
                gradient(at, &mut made);
                let row = place * width..(place + 1) * width;
                let anchor = anchor.map(|anchor| &anchor[start * width..][row.clone()]);
                let (first, second) = (&mut first[row.clone()], &mut second[row.clone()]);
                update(adam, *steps, &made, &mut values[row], first, second, anchor);
            }
        });
    }

    /// One step of all rows.
    pub fn step_all(&mut self, adam: AdamW, gradients: &[f32]) {
        let width = self.width;
        assert_eq!(gradients.len(), self.values.len(), "one gradient for each row");
        let rows = (self.values.par_chunks_mut(width).zip(self.first.par_chunks_mut(width)))
            .zip(self.second.par_chunks_mut(width).zip(self.steps.par_iter_mut()))
            .zip(gradients.par_chunks(width));
        rows.for_each(|(((values, first), (second, steps)), gradient)| {
            *steps += 1.0;
            update(adam, *steps, gradient, values, first, second, None);
        });
    }
}

/// One step of one row.
fn update(
    adam: AdamW,
    steps: f32,
    gradient: &[f32],
    values: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
    anchor: Option<&[f32]>,
) {
    let (unbias1, unbias2) = (1.0 - adam.beta1.powf(steps), 1.0 - adam.beta2.powf(steps));
    let decay = adam.lr * adam.weight_decay;
    if decay > 0.0 {
        match anchor {
            Some(anchor) => {
                values.iter_mut().zip(anchor).for_each(|(value, anchor)| *value -= decay * (*value - anchor));
            }
            None => values.iter_mut().for_each(|value| *value -= decay * *value),
        }
    }
    let rate = adam.lr / unbias1;
    let scale = 1.0 / unbias2.sqrt();
    for (((value, first), second), gradient) in values.iter_mut().zip(first).zip(second).zip(gradient) {
        *first += (1.0 - adam.beta1) * (gradient - *first);
        *second += (1.0 - adam.beta2) * (gradient * gradient - *second);
        *value -= rate * *first / (second.sqrt() * scale + adam.eps);
    }
}

/// Step size at `step` of `steps`: a linear rise over the first `warmup` steps, then a linear fall to zero at
/// the end. Steps are counted from 0.
pub fn linear_schedule(lr: f32, step: usize, steps: usize, warmup: usize) -> f32 {
    let (step, steps, warmup) = (step as f32 + 1.0, steps.max(1) as f32 + 1.0, warmup as f32);
    if step <= warmup {
        return lr * step / (warmup + 1.0);
    }
    lr * ((steps - step) / (steps - warmup).max(1.0)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AdamW as its paper writes it, for one number, in f64.
    fn plain(lr: f64, decay: f64, start: f64, gradients: &[f64]) -> f64 {
        let (mut value, mut m, mut v) = (start, 0.0, 0.0);
        for (t, g) in (1..).zip(gradients) {
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            let (mh, vh) = (m / (1.0 - 0.9f64.powi(t)), v / (1.0 - 0.999f64.powi(t)));
            value -= lr * decay * value;
            value -= lr * mh / (vh.sqrt() + 1e-8);
        }
        value
    }

    #[test]
    fn steps_equal_the_paper_and_untouched_rows_stay() {
        let adam = AdamW { weight_decay: 0.1, ..AdamW::new(0.05) };
        let mut parameters = Parameters::new(vec![1.0, 2.0, 3.0], 1);
        for gradient in [0.5f32, -0.25, 2.0] {
            parameters.step(adam, &[0, 2], &[gradient, 2.0 * gradient], None);
        }
        let expected =
            [plain(0.05, 0.1, 1.0, &[0.5, -0.25, 2.0]), 2.0, plain(0.05, 0.1, 3.0, &[1.0, -0.5, 4.0])];
        for (value, expected) in parameters.values.iter().zip(expected) {
            assert!((f64::from(*value) - expected).abs() < 1e-5, "{value} {expected}");
        }
        let mut all = Parameters::new(vec![1.0, 3.0], 1);
        for gradient in [0.5f32, -0.25, 2.0] {
            all.step_all(adam, &[gradient, 2.0 * gradient]);
        }
        assert_eq!(all.values, [parameters.values[0], parameters.values[2]]);
    }

    #[test]
    fn decay_goes_to_the_anchor() {
        let adam = AdamW { weight_decay: 1.0, ..AdamW::new(0.5) };
        let mut parameters = Parameters::new(vec![1.0, 0.0], 2);
        parameters.step(adam, &[0], &[0.0, 0.0], Some(&[2.0, 2.0]));
        assert_eq!(parameters.values, [1.5, 1.0]);
    }

    #[test]
    fn the_schedule_rises_then_falls() {
        let rates: Vec<f32> = (0..10).map(|step| linear_schedule(1.0, step, 10, 3)).collect();
        assert!(rates[0] < rates[1] && rates[1] < rates[2] && rates[3] > rates[9]);
        assert!(rates.iter().all(|rate| (0.0..=1.0).contains(rate)) && rates[9] > 0.0);
    }
}
