//! Parts of a transformer encoder in 8 bits: what of its layers is run as one step, so that the numbers
//! between two products stay in the cache and a row is quantised once for all products that read it.
//!
//! ```text
//! Stack8      x -> W1 -> (GELU) -> [W2 -> (GELU)] -> (+ residual -> layer normalisation)
//! Attention8  x -> Wq, Wk, Wv -> softmax(Q K^T factor + mask) V, head by head, text by text
//! ```
//!
//! Both follow "Attention Is All You Need" (Vaswani et al., 2017) as BERT arranges it; GELU is that of
//! Hendrycks and Gimpel (2016), `x / 2 (1 + erf(x / sqrt 2))`. Every row goes through the same operations in
//! the same order, multiplications and additions fused by name or not at all, so that an instruction set
//! cannot be seen in the result, nor what else is in a batch.

use super::dispatch::dispatch;
use super::int8::Codes8;
use super::linear8::Linear8;

/// Rows that go through a stack together: enough that reading a matrix is little work beside its products,
/// and few enough that what stands between two products stays in the cache.
const ROWS_AT_ONCE: usize = 48;
/// Queries whose products with the keys are taken at once, so that sums do not wait for each other.
const QUERIES_AT_ONCE: usize = 4;
/// Numbers of a register that sums are taken in.
const LANES: usize = 16;

/// The end of a stack: `(x - mean) / sqrt(variance + epsilon) * scale + bias` over the numbers of a row.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// One factor a number.
    pub scale: Vec<f32>,
    /// One a number, added last.
    pub bias: Vec<f32>,
    /// Added to the variance.
    pub epsilon: f32,
}

/// A linear layer of a stack.
#[derive(Clone, Debug)]
pub struct Step8 {
    /// The product and its bias.
    pub layer: Linear8,
    /// Whether GELU follows.
    pub gelu: bool,
}

/// Linear layers that follow each other.
#[derive(Clone, Debug)]
pub struct Stack8 {
    steps: Vec<Step8>,
    norm: Option<LayerNorm>,
}

/// Self-attention up to the rows of the heads side by side; the product behind it is a [`Stack8`].
#[derive(Clone, Debug)]
pub struct Attention8 {
    /// Queries, keys, values.
    layers: [Linear8; 3],
    heads: usize,
    factor: f32,
}

/// What is added to the products of queries and keys: numbers at
/// `text * by_text + head * by_head + row * by_row + column`.
#[derive(Clone, Copy, Debug)]
pub struct AttentionMask<'a> {
    /// The numbers.
    pub values: &'a [f32],
    /// From one text to the next; 0 if all have the same.
    pub by_text: usize,
    /// From one head of a text to the next; 0 if all have the same.
    pub by_head: usize,
    /// From one row of a head to the next; 0 if all have the same.
    pub by_row: usize,
}

/// Space of a run, for the next one.
#[derive(Clone, Debug, Default)]
pub struct TransformerSpace {
    codes: Codes8,
    between: Vec<f32>,
    projected: [Vec<f32>; 3],
    heads: HeadSpace,
}

/// Space of attention within one head of one text.
#[derive(Clone, Debug, Default)]
struct HeadSpace {
    keys: Vec<f32>,
    values: Vec<f32>,
    weights: Vec<f32>,
}

impl Stack8 {
    /// A stack of steps; `None` if there is none, one does not fit the next, or the end has another width.
    pub fn new(steps: Vec<Step8>, norm: Option<LayerNorm>) -> Option<Stack8> {
        let outputs = steps.last()?.layer.outputs();
        let fits = steps.windows(2).all(|pair| pair[0].layer.outputs() == pair[1].layer.inputs());
        let closed =
            norm.as_ref().is_none_or(|norm| norm.scale.len() == outputs && norm.bias.len() == outputs);
        (fits && closed).then_some(Stack8 { steps, norm })
    }

    /// Numbers of a row that goes in.
    pub fn inputs(&self) -> usize {
        self.steps.first().map_or(0, |step| step.layer.inputs())
    }

    /// Numbers of a row that comes out.
    pub fn outputs(&self) -> usize {
        self.steps.last().map_or(0, |step| step.layer.outputs())
    }

    /// Its layers.
    pub fn steps(&self) -> &[Step8] {
        &self.steps
    }

    /// How its end is normalised, if it is.
    pub fn norm(&self) -> Option<&LayerNorm> {
        self.norm.as_ref()
    }

    /// Whether a residual is added and the sum normalised.
    pub fn is_normalized(&self) -> bool {
        self.norm.is_some()
    }

    /// `out[n, outputs]` from `rows[n, inputs]`, on the calling thread. Where the stack is normalised,
    /// `residual` is added first; it has the numbers of `out`, or is repeated from its beginning. A row with
    /// a number that is not finite gives NaN.
    ///
    /// # Panics
    /// If `rows` are not whole rows, `out` has not as many, or its rows are no multiple of those of
    /// `residual`.
    pub fn run(&self, space: &mut TransformerSpace, rows: &[f32], residual: &[f32], out: &mut [f32]) {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        let count = rows.len() / inputs;
        assert!(rows.len() == count * inputs && out.len() == count * outputs, "as many rows out as in");
        let added = residual.len() / outputs;
        let whole =
            residual.len() == added * outputs && (count == 0 || added > 0 && count.is_multiple_of(added));
        assert!(self.norm.is_none() || whole, "a residual of whole rows");
        let mut residual = residual.chunks_exact(outputs).cycle();
        for (rows, out) in rows.chunks(ROWS_AT_ONCE * inputs).zip(out.chunks_mut(ROWS_AT_ONCE * outputs)) {
            space.codes.set(rows, inputs);
            self.products(space, rows.len() / inputs, out);
            if let Some(norm) = &self.norm {
                out.chunks_exact_mut(outputs).zip(&mut residual).for_each(|(row, add)| norm.close(row, add));
            }
        }
    }

    /// The steps for the rows in `space.codes`.
    fn products(&self, space: &mut TransformerSpace, count: usize, out: &mut [f32]) {
        let TransformerSpace { codes, between, .. } = space;
        for (at, step) in self.steps.iter().enumerate() {
            if at > 0 {
                codes.set(between, step.layer.inputs());
            }
            let target = if at + 1 == self.steps.len() {
                &mut out[..]
            } else {
                between.resize(count * step.layer.outputs(), 0.0);
                &mut between[..]
            };
            step.layer.multiply_codes(codes, target);
            if step.gelu {
                gelu(target);
            }
        }
    }
}

impl LayerNorm {
    /// Adds a row to another and normalises the sum.
    fn close(&self, row: &mut [f32], add: &[f32]) {
        dispatch(
            #[inline(always)]
            || {
                row.iter_mut().zip(add).for_each(|(value, add)| *value += add);
                let count = row.len() as f32;
                let mean = sum(row, |value| value) / count;
                let variance = sum(row, |value| (value - mean) * (value - mean)) / count;
                let factor = 1.0 / (variance + self.epsilon).sqrt();
                for ((value, scale), bias) in row.iter_mut().zip(&self.scale).zip(&self.bias) {
                    *value = (*value - mean) * factor * scale + bias;
                }
            },
        );
    }
}

impl Attention8 {
    /// Its layers of queries, keys and values.
    pub fn layers(&self) -> &[Linear8; 3] {
        &self.layers
    }

    /// What products of queries and keys are multiplied with.
    pub fn factor(&self) -> f32 {
        self.factor
    }

    /// Its heads.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// Attention from the layers of queries, keys and values, which must agree in their widths; each output
    /// is cut into `heads` equal parts. Products are multiplied with `factor`. `None` if they do not fit.
    pub fn new(layers: [Linear8; 3], heads: usize, factor: f32) -> Option<Attention8> {
        let (inputs, outputs) = (layers[0].inputs(), layers[0].outputs());
        let fits = layers.iter().all(|layer| (layer.inputs(), layer.outputs()) == (inputs, outputs));
        (fits && heads > 0 && outputs.is_multiple_of(heads)).then_some(Attention8 { layers, heads, factor })
    }

    /// Numbers of a row that goes in.
    pub fn inputs(&self) -> usize {
        self.layers[0].inputs()
    }

    /// Numbers of a row that comes out.
    pub fn outputs(&self) -> usize {
        self.layers[0].outputs()
    }

    /// `out[texts, tokens, outputs]` from `rows[texts, tokens, inputs]`, on the calling thread. A number that
    /// is not finite makes the rows of its text NaN.
    ///
    /// # Panics
    /// If `rows` are not whole texts of `tokens` rows, `out` has not as many rows, or the mask has not the
    /// numbers that its strides ask for.
    pub fn run(
        &self,
        space: &mut TransformerSpace,
        (rows, tokens): (&[f32], usize),
        mask: Option<AttentionMask<'_>>,
        out: &mut [f32],
    ) {
        let (inputs, outputs) = (self.inputs(), self.outputs());
        assert!(tokens > 0, "texts have tokens");
        let texts = rows.len() / (inputs * tokens);
        let whole = rows.len() == texts * tokens * inputs && out.len() == texts * tokens * outputs;
        assert!(whole, "whole texts of {tokens} rows");
        let texts_at_once = (ROWS_AT_ONCE / tokens).max(1);
        let parts = rows.chunks(texts_at_once * tokens * inputs);
        let mut text = 0;
        for (rows, out) in parts.zip(out.chunks_mut(texts_at_once * tokens * outputs)) {
            let TransformerSpace { codes, projected, heads, .. } = &mut *space;
            codes.set(rows, inputs);
            for (layer, projected) in self.layers.iter().zip(projected.iter_mut()) {
                projected.resize(out.len(), 0.0);
                layer.multiply_codes(codes, projected);
            }
            let size = tokens * outputs;
            for (at, out) in out.chunks_exact_mut(size).enumerate() {
                let [queries, key_rows, values] =
                    projected.each_ref().map(|rows| &rows[at * size..(at + 1) * size]);
                let mask =
                    mask.map(|mask| AttentionMask { values: &mask.values[text * mask.by_text..], ..mask });
                let (width, factor) = (outputs / self.heads, self.factor);
                let one = OneText { tokens, outputs, width, factor, queries, key_rows, values, mask };
                dispatch(
                    #[inline(always)]
                    || one.attend(heads, out),
                );
                text += 1;
            }
        }
    }
}

/// Attention within one text.
#[derive(Clone, Copy)]
struct OneText<'a> {
    tokens: usize,
    /// Numbers of a row: of all heads.
    outputs: usize,
    /// Numbers of a head.
    width: usize,
    factor: f32,
    queries: &'a [f32],
    key_rows: &'a [f32],
    values: &'a [f32],
    /// Its numbers begin with those of this text.
    mask: Option<AttentionMask<'a>>,
}

impl OneText<'_> {
    /// All heads, side by side in `out`.
    #[inline(always)]
    fn attend(&self, space: &mut HeadSpace, out: &mut [f32]) {
        let (wide, deep) = (self.tokens.next_multiple_of(LANES), self.width.next_multiple_of(LANES));
        for (space, size) in [
            (&mut space.keys, self.width * wide),
            (&mut space.values, self.tokens * deep),
            (&mut space.weights, QUERIES_AT_ONCE * wide),
        ] {
            space.clear();
            space.resize(size, 0.0);
        }
        for head in (0..self.outputs).step_by(self.width) {
            self.take_head(head, (wide, deep), space);
            for first in (0..self.tokens).step_by(QUERIES_AT_ONCE) {
                self.weigh(head, first, wide, space);
                self.mix((head, first), (wide, deep), space, out);
            }
        }
    }

    /// Copies a head: keys as columns, so that a query's products with all of them are taken side by side,
    /// and values as rows.
    #[inline(always)]
    fn take_head(&self, head: usize, (wide, deep): (usize, usize), space: &mut HeadSpace) {
        for (token, row) in self.key_rows.chunks_exact(self.outputs).enumerate() {
            for (column, value) in space.keys.chunks_exact_mut(wide).zip(&row[head..head + self.width]) {
                column[token] = *value;
            }
        }
        for (to, row) in space.values.chunks_exact_mut(deep).zip(self.values.chunks_exact(self.outputs)) {
            to[..self.width].copy_from_slice(&row[head..head + self.width]);
        }
    }

    /// Weights of all tokens for some queries from `first` on, `[QUERIES_AT_ONCE][wide]`; what stands behind
    /// those of the last query has no meaning.
    #[inline(always)]
    fn weigh(&self, head: usize, first: usize, wide: usize, space: &mut HeadSpace) {
        let token = |at: usize| (first + at).min(self.tokens - 1);
        let queries: [&[f32]; QUERIES_AT_ONCE] =
            std::array::from_fn(|at| &self.queries[token(at) * self.outputs + head..][..self.width]);
        for lane in (0..wide).step_by(LANES) {
            let sums = sums_of(&queries, &space.keys, wide, lane);
            for (weights, sums) in space.weights.chunks_exact_mut(wide).zip(&sums) {
                weights[lane..lane + LANES].copy_from_slice(sums);
            }
        }
        let queries = first..self.tokens;
        for (token, weights) in queries.zip(space.weights.chunks_exact_mut(wide)) {
            self.soften(weights, (head, token));
        }
    }

    /// Products of a query with all keys to weights that add up to 1.
    #[inline(always)]
    fn soften(&self, weights: &mut [f32], (head, token): (usize, usize)) {
        let (own, rest) = weights.split_at_mut(self.tokens);
        own.iter_mut().for_each(|weight| *weight *= self.factor);
        if let Some(AttentionMask { values, by_head, by_row, .. }) = self.mask {
            let added = &values[head / self.width * by_head + token * by_row..][..self.tokens];
            own.iter_mut().zip(added).for_each(|(weight, added)| *weight += added);
        }
        rest.fill(f32::NEG_INFINITY);
        let most = greatest(weights);
        weights.iter_mut().for_each(|weight| *weight = exp(*weight - most));
        weights[self.tokens..].fill(0.0);
        let factor = 1.0 / sum(weights, |weight| weight);
        weights.iter_mut().for_each(|weight| *weight *= factor);
    }

    /// Sums of all values by the weights of the queries from `first` on.
    #[inline(always)]
    fn mix(
        &self,
        (head, first): (usize, usize),
        (wide, deep): (usize, usize),
        space: &HeadSpace,
        out: &mut [f32],
    ) {
        let weights: [&[f32]; QUERIES_AT_ONCE] =
            std::array::from_fn(|at| &space.weights[at * wide..][..self.tokens]);
        for lane in (0..deep).step_by(LANES) {
            let sums = sums_of(&weights, &space.values, deep, lane);
            let count = LANES.min(self.width - lane);
            for (row, sums) in out.chunks_exact_mut(self.outputs).skip(first).zip(&sums) {
                row[head + lane..head + lane + count].copy_from_slice(&sums[..count]);
            }
        }
    }
}

/// Some columns, from `lane` on, of a product: `sums[i] = sum over k of factors[i][k] * rows[k]`, where rows
/// have `stride` numbers.
#[inline(always)]
fn sums_of(
    factors: &[&[f32]; QUERIES_AT_ONCE],
    rows: &[f32],
    stride: usize,
    lane: usize,
) -> [[f32; LANES]; QUERIES_AT_ONCE] {
    let mut sums = [[0.0f32; LANES]; QUERIES_AT_ONCE];
    for (at, row) in rows.chunks_exact(stride).enumerate() {
        let Some(row) = row[lane..].first_chunk::<LANES>() else { break };
        for (sums, factors) in sums.iter_mut().zip(factors) {
            let factor = factors[at];
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum = factor.mul_add(*value, *sum);
            }
        }
    }
    sums
}

/// The greatest of some numbers in whole registers; a NaN may be passed over, since it stays where it is.
#[inline(always)]
fn greatest(values: &[f32]) -> f32 {
    let mut most = [f32::NEG_INFINITY; LANES];
    for chunk in values.as_chunks::<LANES>().0 {
        for (most, value) in most.iter_mut().zip(chunk) {
            *most = if *value > *most { *value } else { *most };
        }
    }
    most.into_iter().fold(f32::NEG_INFINITY, |most, value| if value > most { value } else { most })
}

/// The sum of a function of some numbers, in an order that only their count decides.
#[inline(always)]
fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, value)| *sum += of(*value));
    }
    sums.iter_mut().zip(rest).for_each(|(sum, value)| *sum += of(*value));
    let mut half = LANES / 2;
    while half > 0 {
        let (left, right) = sums.split_at_mut(half);
        left.iter_mut().zip(right).for_each(|(a, b)| *a += *b);
        half /= 2;
    }
    sums[0]
}

/// `e^x` for numbers that are not positive, to 2e-7 of itself; 1.6e-38 below -87.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// 1.5 * 2^23: a small number added to it is rounded to a whole one, which stands in the low bits.
    const ROUNDING: f32 = 12_582_912.0;
    /// ln 2 in two parts, of which the first has few bits, so that its multiples are exact.
    const LN_2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
    // Not `max`, which would lose a NaN.
    let x = if x < -87.0 { -87.0 } else { x };
    let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUNDING);
    let whole = rounded - ROUNDING;
    let power = (rounded.to_bits() as i32).wrapping_sub(ROUNDING.to_bits() as i32);
    let r = whole.mul_add(-LN_2.1, whole.mul_add(-LN_2.0, x));
    polynomial(r, &[1.0, 1.0, 0.5, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0])
        * f32::from_bits((power.wrapping_add(127) as u32) << 23)
}

/// The error function to 2e-7, as `1 - exp(-x P(x))`, which takes no division. P is a polynomial of degree 6
/// fitted to `-ln(1 - erf(x)) / x` over 0..4.2, by least squares with weights that level the error of erf;
/// beyond, erf is 1 in single precision.
#[inline(always)]
fn erf(x: f32) -> f32 {
    const P: [f32; 7] = [
        1.128_383_8,
        0.636_536_9,
        0.103_253_79,
        -0.020_415_026,
        0.001_595_887_8,
        3.198_919_4e-4,
        -6.945_983e-5,
    ];
    let size = x.abs();
    let size = if size > 4.2 { 4.2 } else { size };
    (1.0 - exp(-size * polynomial(size, &P))).copysign(x)
}

/// `coefficients[0] + x (coefficients[1] + x (...))`.
#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: &[f32; N]) -> f32 {
    coefficients.iter().rev().copied().reduce(|sum, coefficient| sum.mul_add(x, coefficient)).unwrap_or(0.0)
}

/// GELU of every number.
fn gelu(values: &mut [f32]) {
    dispatch(
        #[inline(always)]
        || {
            for value in values.iter_mut() {
                let half = 0.5 * *value;
                *value = half.mul_add(erf(*value * std::f32::consts::FRAC_1_SQRT_2), half);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..count).map(|_| random.f32() * 2.0 - 1.0).collect()
    }

    fn layer(inputs: usize, outputs: usize, seed: u64) -> Linear8 {
        Linear8::quantize(&numbers(inputs * outputs, seed), outputs, Some(&numbers(outputs, seed + 1)))
            .unwrap()
    }

    /// `(1 + erf(x / sqrt 2)) / 2` by the series of erf.
    fn normal(x: f64) -> f64 {
        let z = x / 2f64.sqrt();
        let (mut term, mut sum) = (z, z);
        for n in 1..200 {
            term *= -z * z / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        0.5 + sum / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn functions_are_near_the_exact_ones() {
        for step in 0..8700 {
            let x = -f64::from(step) / 100.0;
            let found = f64::from(exp(x as f32));
            let exact = f64::from(x as f32).exp();
            assert!((found / exact - 1.0).abs() < 4e-7, "{x} {found}");
        }
        assert!(exp(0.0) == 1.0 && exp(-1e9) < 2e-38 && exp(f32::NEG_INFINITY) < 2e-38);
        assert!(exp(f32::NAN).is_nan() && erf(f32::NAN).is_nan());
        for step in -500..=500 {
            let x = f64::from(step) / 100.0;
            let mut found = [x as f32];
            gelu(&mut found);
            let exact = x * normal(x);
            assert!((f64::from(found[0]) - exact).abs() < 1e-6, "{x} {} {exact}", found[0]);
        }
    }

    #[test]
    fn a_stack_is_its_steps_one_after_the_other() {
        let (first, second) = (layer(40, 70, 1), layer(70, 33, 3));
        let norm = LayerNorm { scale: numbers(33, 5), bias: numbers(33, 6), epsilon: 1e-5 };
        let steps =
            vec![Step8 { layer: first.clone(), gelu: true }, Step8 { layer: second.clone(), gelu: false }];
        let stack = Stack8::new(steps, Some(norm.clone())).unwrap();
        assert_eq!((stack.inputs(), stack.outputs(), stack.is_normalized()), (40, 33, true));
        for count in [0, 1, 5, 96, 200] {
            let (rows, residual) = (numbers(count * 40, 8), numbers(count * 33, 9));
            let mut between = vec![0.0; count * 70];
            first.multiply(&rows, &mut between);
            gelu(&mut between);
            let mut expected = vec![0.0; count * 33];
            second.multiply(&between, &mut expected);
            for (row, add) in expected.chunks_exact_mut(33).zip(residual.chunks_exact(33)) {
                let sums: Vec<f64> =
                    row.iter().zip(add).map(|(a, b)| f64::from(*a) + f64::from(*b)).collect();
                let mean = sums.iter().sum::<f64>() / 33.0;
                let variance = sums.iter().map(|sum| (sum - mean).powi(2)).sum::<f64>() / 33.0;
                for (at, value) in row.iter_mut().enumerate() {
                    let unit = (sums[at] - mean) / (variance + 1e-5).sqrt();
                    *value = (unit * f64::from(norm.scale[at]) + f64::from(norm.bias[at])) as f32;
                }
            }
            let mut found = vec![f32::NAN; count * 33];
            stack.run(&mut TransformerSpace::default(), &rows, &residual, &mut found);
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-5, "{found} {expected}");
            }
            // A row does not see the others; a shorter residual is repeated.
            let mut space = TransformerSpace::default();
            for at in 0..count {
                let (row, add) = (&rows[at * 40..(at + 1) * 40], &residual[at * 33..(at + 1) * 33]);
                let mut alone = vec![f32::NAN; 33];
                stack.run(&mut space, row, add, &mut alone);
                assert_eq!(alone, found[at * 33..(at + 1) * 33]);
            }
            if count == 200 {
                let mut again = vec![f32::NAN; count * 33];
                stack.run(&mut space, &rows[..100 * 40].repeat(2), &residual[..33 * 100], &mut again);
                assert_eq!(again, found[..33 * 100].repeat(2));
            }
        }
    }

    #[test]
    fn attention_is_that_of_the_formula() {
        let (heads, width, factor) = (3, 24, 0.4);
        let layers = [layer(16, width, 11), layer(16, width, 13), layer(16, width, 15)];
        let attention = Attention8::new(layers.clone(), heads, factor).unwrap();
        for (texts, tokens) in [(1, 1), (1, 5), (4, 16), (3, 40), (2, 130)] {
            let rows = numbers(texts * tokens * 16, 17);
            let projected = layers.each_ref().map(|layer| {
                let mut out = vec![0.0; texts * tokens * width];
                layer.multiply(&rows, &mut out);
                out
            });
            let (of_row, of_text) = (tokens, tokens * tokens);
            let masks = [texts * of_row, texts * of_text, texts * heads * of_text].map(|n| numbers(n, 19));
            let masks = [
                None,
                Some(AttentionMask { values: &masks[0], by_text: of_row, by_head: 0, by_row: 0 }),
                Some(AttentionMask { values: &masks[1], by_text: of_text, by_head: 0, by_row: of_row }),
                Some(AttentionMask { values: &masks[0], by_text: 0, by_head: 0, by_row: 0 }),
                Some(AttentionMask {
                    values: &masks[2],
                    by_text: heads * of_text,
                    by_head: of_text,
                    by_row: of_row,
                }),
            ];
            for mask in masks {
                let mut found = vec![f32::NAN; texts * tokens * width];
                attention.run(&mut TransformerSpace::default(), (&rows, tokens), mask, &mut found);
                for (place, found) in found.iter().enumerate() {
                    let (row, column) = (place / width, place % width);
                    let (text, head) = (row / tokens, column / (width / heads) * (width / heads));
                    let part = |rows: &[f32], row: usize| -> Vec<f64> {
                        let start = row * width + head;
                        rows[start..start + width / heads].iter().map(|value| f64::from(*value)).collect()
                    };
                    let query = part(&projected[0], row);
                    let weights: Vec<f64> = (0..tokens)
                        .map(|token| {
                            let key = part(&projected[1], text * tokens + token);
                            let product: f64 = query.iter().zip(&key).map(|(a, b)| a * b).sum();
                            let added = mask.map_or(0.0, |mask| {
                                let own = text * mask.by_text + column / (width / heads) * mask.by_head;
                                mask.values[own + (row % tokens) * mask.by_row + token]
                            });
                            (product * f64::from(factor) + f64::from(added)).exp()
                        })
                        .collect();
                    let values = (0..tokens)
                        .map(|token| f64::from(projected[2][(text * tokens + token) * width + column]));
                    let expected = weights.iter().zip(values).map(|(w, v)| w * v).sum::<f64>()
                        / weights.iter().sum::<f64>();
                    assert!((f64::from(*found) - expected).abs() < 2e-5, "{found} {expected}");
                }
            }
        }
    }

    #[test]
    fn parts_that_do_not_fit_and_numbers_that_are_not_finite() {
        let step = |inputs, outputs| Step8 { layer: layer(inputs, outputs, 1), gelu: false };
        assert!(Stack8::new(Vec::new(), None).is_none());
        assert!(Stack8::new(vec![step(8, 9), step(8, 9)], None).is_none());
        let short = LayerNorm { scale: vec![1.0; 8], bias: vec![0.0; 9], epsilon: 0.0 };
        assert!(Stack8::new(vec![step(8, 9)], Some(short)).is_none());
        let layers = [layer(8, 9, 1), layer(8, 9, 1), layer(8, 6, 1)];
        assert!(Attention8::new(layers, 3, 1.0).is_none());
        let layers = [layer(8, 9, 1), layer(8, 9, 1), layer(8, 9, 1)];
        assert!(Attention8::new(layers.clone(), 2, 1.0).is_none());
        let mut rows = numbers(2 * 3 * 8, 4);
        rows[0] = f32::INFINITY;
        let mut out = vec![0.0; 2 * 3 * 9];
        let attention = Attention8::new(layers, 3, 1.0).unwrap();
        attention.run(&mut TransformerSpace::default(), (&rows, 3), None, &mut out);
        assert!(
            out[..9].iter().all(|value| value.is_nan()) && out[27..].iter().all(|value| value.is_finite())
        );
    }
}
