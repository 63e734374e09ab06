//! Products with a fixed matrix whose numbers are kept in 8 bits: the linear layers of a quantised encoder.
//!
//! ```text
//! W [K, N]  --quantize-->  codes (8 bits, one scale a column)
//! x [n, K]  --each row-->  codes (8 bits, one scale a row)  --products in whole numbers-->  x W + bias, f32
//! ```
//!
//! Rows have scales of their own, so that a row gives the same numbers alone and among others. (Dynamic
//! quantisation as ONNX defines it has one scale for a whole batch, which lets texts change each other.)
//! Products of codes are summed exactly, and what follows are single multiplications in f32, so that every
//! instruction set gives the same bits.
//!
//! Both codes are symmetric: round(value / scale), -127..=127, where scale = largest absolute value / 127.
//! Those of the matrix are stored with 128 added, because `vpdpbusd` (AVX-512 VNNI) multiplies unsigned with
//! signed bytes: `sum (w + 128) a - 128 sum a = sum w a`.

#![allow(unsafe_code)]

/// Columns of a panel: two registers of 16 sums.
const PANEL: usize = 32;
/// Numbers of a row that are multiplied in one step.
const QUAD: usize = 4;
/// The largest code.
const CODE_MAX: f32 = 127.0;
/// Rows multiplied at once, so that a panel is read once for all of them: 24 sums of 16 columns fill three
/// quarters of the registers of AVX-512.
const ROWS_AT_ONCE: usize = 12;
/// With more numbers in a row a sum of products could leave 32 bits: 2^16 * 255 * 127 < 2^31.
pub const INPUTS_MAX: usize = 1 << 16;

/// A matrix `[inputs, outputs]` in 8 bits, with a number for each output that is added to the product.
#[derive(Clone, Debug)]
pub struct Linear8 {
    inputs: usize,
    outputs: usize,
    /// Quads of a row, the last one filled up with zeros.
    quads: usize,
    /// `[panels][quads][PANEL][QUAD]`.
    codes: Vec<u8>,
    /// One a column, filled up to whole panels.
    scales: Vec<f32>,
    /// One a column, filled up to whole panels.
    bias: Vec<f32>,
}

/// Rows in 8 bits.
struct Codes {
    /// `[rows][4 * quads]`.
    values: Vec<i8>,
    /// Sums of a row's codes.
    sums: Vec<i32>,
    /// Scales; NaN for a row that has a number that is not finite.
    scales: Vec<f32>,
}

/// How the products of codes are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// AVX-512 VNNI.
    #[cfg(target_arch = "x86_64")]
    Vnni,
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Any processor.
    Portable,
}

impl Method {
    /// The fastest one of this processor.
    fn best() -> Method {
        #[cfg(target_arch = "x86_64")]
        {
            let vnni = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
            if vnni {
                return Method::Vnni;
            }
            if is_x86_feature_detected!("avx2") {
                return Method::Avx2;
            }
        }
        Method::Portable
    }
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
        let mut largest = vec![0.0f32; outputs];
        for row in weights.chunks_exact(outputs) {
            largest.iter_mut().zip(row).for_each(|(largest, weight)| *largest = largest.max(weight.abs()));
        }
        let (panels, quads) = (outputs.div_ceil(PANEL), inputs.div_ceil(QUAD));
        let mut codes = vec![128u8; panels * quads * PANEL * QUAD];
        for (k, row) in weights.chunks_exact(outputs).enumerate() {
            for (column, (weight, largest)) in row.iter().zip(&largest).enumerate() {
                let place = (column / PANEL * quads + k / QUAD) * PANEL + column % PANEL;
                // Within 1..=255 after the addition.
                codes[place * QUAD + k % QUAD] = (i16::from(code(*weight, to_codes(*largest))) + 128) as u8;
            }
        }
        let mut scales: Vec<f32> = largest.iter().map(|largest| largest / CODE_MAX).collect();
        scales.resize(panels * PANEL, 0.0);
        let mut bias = bias.map_or_else(|| vec![0.0; outputs], <[f32]>::to_vec);
        bias.resize(panels * PANEL, 0.0);
        Some(Linear8 { inputs, outputs, quads, codes, scales, bias })
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
        let count = rows.len() / self.inputs;
        assert!(rows.len() == count * self.inputs, "rows of {} numbers", self.inputs);
        assert!(out.len() == count * self.outputs, "a product of {} numbers a row", self.outputs);
        let codes = self.encode(method, rows);
        let width = self.quads * QUAD;
        for (panel, number) in self.codes.chunks_exact(width * PANEL).zip(0..) {
            let first = number * PANEL;
            for start in (0..count).step_by(ROWS_AT_ONCE) {
                let end = count.min(start + ROWS_AT_ONCE);
                let tile = Tile {
                    values: &codes.values[start * width..end * width],
                    sums: &codes.sums[start..end],
                    row_scales: &codes.scales[start..end],
                    panel,
                    scales: &self.scales[first..first + PANEL],
                    bias: &self.bias[first..first + PANEL],
                    columns: PANEL.min(self.outputs - first),
                    stride: self.outputs,
                };
                tile.multiply(method, &mut out[start * self.outputs + first..]);
            }
        }
    }

    fn encode(&self, method: Method, rows: &[f32]) -> Codes {
        let count = rows.len() / self.inputs;
        let width = self.quads * QUAD;
        let mut codes = Codes {
            values: vec![0; count * width],
            sums: Vec::with_capacity(count),
            scales: Vec::with_capacity(count),
        };
        for (row, out) in rows.chunks_exact(self.inputs).zip(codes.values.chunks_exact_mut(width)) {
            let (scale, sum) = encode_row(method, row, out);
            codes.scales.push(scale);
            codes.sums.push(sum);
        }
        codes
    }
}

/// The factor from numbers of at most this size to codes; 0 where all are 0.
#[inline(always)]
fn to_codes(largest: f32) -> f32 {
    let factor = CODE_MAX / largest;
    // The largest number may be so small that the factor overflows; such a column or row counts as zero.
    if factor.is_finite() { factor } else { 0.0 }
}

/// 1.5 * 2^23: a number of at most 2^22 added to it is rounded to a whole one, ties to the even one, which
/// then stands in the low bits.
const ROUNDING: f32 = 12_582_912.0;

/// The code of a number of at most the size that the factor was made for; it is within -127..=127, since the
/// product is over 127 by less than the rounding takes away.
#[inline(always)]
fn code(value: f32, factor: f32) -> i8 {
    ((value * factor + ROUNDING).to_bits() as i32).wrapping_sub(ROUNDING.to_bits() as i32) as i8
}

/// Writes the codes of one row; gives its scale and the sum of its codes.
fn encode_row(method: Method, row: &[f32], out: &mut [i8]) -> (f32, i32) {
    let largest = match method {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: The method is only chosen (and in tests only asked for) where the processor has AVX-512F.
        Method::Vnni => unsafe { x86::largest(row) },
        _ => largest(row),
    };
    let largest = f32::from_bits(largest);
    if !largest.is_finite() {
        out.fill(0);
        return (f32::NAN, 0);
    }
    let factor = to_codes(largest);
    let sum = match method {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: The method is only chosen (and in tests only asked for) where the processor has AVX-512F.
        Method::Vnni => unsafe { x86::codes(row, factor, out) },
        _ => codes(row, factor, out),
    };
    (largest / CODE_MAX, sum)
}

/// The bits of the largest absolute value. Sizes are ordered as their bits are; what is not finite is last.
#[inline(always)]
fn largest(values: &[f32]) -> u32 {
    values.iter().map(|value| value.to_bits() & 0x7fff_ffff).fold(0, u32::max)
}

/// Writes codes; gives their sum.
fn codes(values: &[f32], factor: f32, out: &mut [i8]) -> i32 {
    let mut sum = 0;
    for (value, out) in values.iter().zip(out) {
        *out = code(*value, factor);
        sum += i32::from(*out);
    }
    sum
}

/// A few rows and a panel.
struct Tile<'a> {
    /// Codes of the rows, all of the length of the panel.
    values: &'a [i8],
    /// Sums of the codes of each row.
    sums: &'a [i32],
    /// Scales of the rows.
    row_scales: &'a [f32],
    /// `[quads][PANEL][QUAD]`.
    panel: &'a [u8],
    /// Scales of the panel's columns.
    scales: &'a [f32],
    /// Biases of the panel's columns.
    bias: &'a [f32],
    /// Columns of the panel that there are.
    columns: usize,
    /// From a row of the product to the next.
    stride: usize,
}

impl Tile<'_> {
    /// Stops where the parts of the tile do not fit together, or `room` numbers do not hold its product.
    #[inline(always)]
    fn check(&self, rows: usize, room: usize) {
        let fit = (1..=ROWS_AT_ONCE).contains(&rows) && self.sums.len() == rows;
        assert!(fit && self.row_scales.len() == rows, "a sum and a scale for each of {rows} rows");
        let whole = self.panel.len().is_multiple_of(PANEL * QUAD);
        assert!(whole && self.values.len() * PANEL == self.panel.len() * rows, "rows as long as the panel");
        assert!(self.scales.len() == PANEL && self.bias.len() == PANEL, "numbers of one panel");
        assert!(self.columns <= PANEL && room >= (rows - 1) * self.stride + self.columns, "room for rows");
    }

    /// Writes the product of the tile to `out`, which begins with its first number.
    fn multiply(&self, method: Method, out: &mut [f32]) {
        let rows = self.sums.len();
        self.check(rows, out.len());
        let mut sums = [[0i32; PANEL]; ROWS_AT_ONCE];
        let sums = &mut sums[..rows];
        match method {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: The method is only chosen (and in tests only asked for) where the processor has
            // AVX-512F and VNNI.
            Method::Vnni => return unsafe { x86::vnni(self, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: Likewise with AVX2.
            Method::Avx2 => unsafe { x86::avx2(self.values, self.panel, sums) },
            Method::Portable => portable(self.values, self.panel, sums),
        }
        for (row, sums) in sums.iter().enumerate() {
            let out = &mut out[row * self.stride..row * self.stride + self.columns];
            for (column, out) in out.iter_mut().enumerate() {
                let sum = (sums[column] - 128 * self.sums[row]) as f32;
                *out = sum * (self.row_scales[row] * self.scales[column]) + self.bias[column];
            }
        }
    }
}

/// `sums[row][column] = sum over k of values[row][k] * panel[k][column]`.
fn portable(values: &[i8], panel: &[u8], sums: &mut [[i32; PANEL]]) {
    let width = values.len() / sums.len();
    for (values, sums) in values.chunks_exact(width).zip(sums) {
        for (four, columns) in values.chunks_exact(QUAD).zip(panel.chunks_exact(PANEL * QUAD)) {
            for (sum, weights) in sums.iter_mut().zip(columns.chunks_exact(QUAD)) {
                let products = four.iter().zip(weights).map(|(a, w)| i32::from(*a) * i32::from(*w));
                *sum += products.sum::<i32>();
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{PANEL, QUAD, ROUNDING, Tile};

    /// [`super::largest`], compiled for AVX-512F.
    #[target_feature(enable = "avx512f")]
    pub(super) fn largest(values: &[f32]) -> u32 {
        super::largest(values)
    }

    /// [`super::codes`], 16 numbers at a time.
    #[target_feature(enable = "avx512f")]
    pub(super) fn codes(values: &[f32], factor: f32, out: &mut [i8]) -> i32 {
        let (lanes, rest) = values.as_chunks::<16>();
        let (out_lanes, out_rest) = out.split_at_mut(lanes.len() * 16);
        let (factors, rounding) = (_mm512_set1_ps(factor), _mm512_set1_ps(ROUNDING));
        let mut sums = _mm512_setzero_si512();
        for (values, out) in lanes.iter().zip(out_lanes.as_chunks_mut::<16>().0) {
            // SAFETY: The chunk has the 16 numbers that are read, and the load asks for no alignment.
            let values = unsafe { _mm512_loadu_ps(values.as_ptr()) };
            let rounded = _mm512_add_ps(_mm512_mul_ps(values, factors), rounding);
            let codes = _mm512_sub_epi32(_mm512_castps_si512(rounded), _mm512_castps_si512(rounding));
            sums = _mm512_add_epi32(sums, codes);
            // SAFETY: The chunk has the 16 bytes that are written, and the store asks for no alignment.
            unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(codes)) };
        }
        _mm512_reduce_add_epi32(sums) + super::codes(rest, factor, out_rest)
    }

    /// A tile with `vpdpbusd`: one instruction for 16 columns and 4 numbers of a row.
    #[target_feature(enable = "avx512f,avx512vnni")]
    pub(super) fn vnni(tile: &Tile<'_>, out: &mut [f32]) {
        macro_rules! rows {
            ($($rows:literal)*) => {
                match tile.sums.len() {
                    $($rows => vnni_rows::<$rows>(tile, out),)*
                    _ => unreachable!("the caller has counted the rows"),
                }
            };
        }
        rows!(1 2 3 4 5 6 7 8 9 10 11 12);
    }

    /// `R` rows, whose sums stay in registers.
    #[target_feature(enable = "avx512f,avx512vnni")]
    fn vnni_rows<const R: usize>(tile: &Tile<'_>, out: &mut [f32]) {
        tile.check(R, out.len());
        let quads = tile.panel.len() / (PANEL * QUAD);
        let mut left = [_mm512_setzero_si512(); R];
        let mut right = [_mm512_setzero_si512(); R];
        for quad in 0..quads {
            // SAFETY: The 128 bytes of this quad lie within the panel, and the four bytes of each row within
            // its `4 * quads`. No load asks for an alignment.
            unsafe {
                let weights = tile.panel.as_ptr().add(quad * PANEL * QUAD);
                let w0 = _mm512_loadu_si512(weights.cast());
                let w1 = _mm512_loadu_si512(weights.add(64).cast());
                for row in 0..R {
                    let four = tile.values.as_ptr().add((row * quads + quad) * QUAD);
                    let four = _mm512_set1_epi32(four.cast::<i32>().read_unaligned());
                    left[row] = _mm512_dpbusd_epi32(left[row], w0, four);
                    right[row] = _mm512_dpbusd_epi32(right[row], w1, four);
                }
            }
        }
        // A bit for each column that there is, of the first 16 and of the others.
        let columns = ((1u64 << tile.columns) - 1) as u32;
        let masks = (columns as u16, (columns >> 16) as u16);
        // SAFETY: Scales and biases have 32 numbers; `out` has `columns` numbers from the place of each row,
        // and only those are written.
        unsafe {
            let (s0, s1) = (tile.scales.as_ptr(), tile.scales.as_ptr().add(16));
            let (s0, s1) = (_mm512_loadu_ps(s0), _mm512_loadu_ps(s1));
            let (b0, b1) = (tile.bias.as_ptr(), tile.bias.as_ptr().add(16));
            let (b0, b1) = (_mm512_loadu_ps(b0), _mm512_loadu_ps(b1));
            for row in 0..R {
                let shift = _mm512_set1_epi32(128 * tile.sums[row]);
                let scale = _mm512_set1_ps(tile.row_scales[row]);
                let finish = |sums, scales, bias| {
                    let sums = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums, shift));
                    _mm512_add_ps(_mm512_mul_ps(sums, _mm512_mul_ps(scale, scales)), bias)
                };
                let place = out.as_mut_ptr().add(row * tile.stride);
                _mm512_mask_storeu_ps(place, masks.0, finish(left[row], s0, b0));
                // Not `add`: where there are fewer columns this place may lie outside.
                _mm512_mask_storeu_ps(place.wrapping_add(16), masks.1, finish(right[row], s1, b1));
            }
        }
    }

    /// [`super::portable`] with 16-bit products: `vpmaddubsw` would be shorter, but its sums of two products
    /// of bytes do not fit into 16 bits.
    #[target_feature(enable = "avx2")]
    pub(super) fn avx2(values: &[i8], panel: &[u8], sums: &mut [[i32; PANEL]]) {
        let quads = panel.len() / (PANEL * QUAD);
        for (values, sums) in values.chunks_exact(quads * QUAD).zip(sums) {
            // Each register has two half sums of four columns.
            let mut halves = [_mm256_setzero_si256(); 8];
            for (four, weights) in values.chunks_exact(QUAD).zip(panel.chunks_exact(PANEL * QUAD)) {
                let four = i32::from_le_bytes([four[0] as u8, four[1] as u8, four[2] as u8, four[3] as u8]);
                let four = _mm256_cvtepi8_epi16(_mm_set1_epi32(four));
                for (halves, weights) in halves.iter_mut().zip(weights.chunks_exact(16)) {
                    // SAFETY: The chunk has the 16 bytes that are read, and the load asks for no alignment.
                    let weights = unsafe { _mm_loadu_si128(weights.as_ptr().cast()) };
                    let products = _mm256_madd_epi16(_mm256_cvtepu8_epi16(weights), four);
                    *halves = _mm256_add_epi32(*halves, products);
                }
            }
            for (sums, halves) in sums.chunks_exact_mut(4).zip(halves) {
                let mut pairs = [0i32; 8];
                // SAFETY: The array has the eight numbers that are written; stores ask for no alignment.
                unsafe { _mm256_storeu_si256(pairs.as_mut_ptr().cast(), halves) };
                for (sum, pair) in sums.iter_mut().zip(pairs.chunks_exact(2)) {
                    *sum = pair[0] + pair[1];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers in -1..1, as many as asked for.
    fn numbers(seed: u64, count: usize) -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(seed);
        (0..count).map(|_| random.f32() * 2.0 - 1.0).collect()
    }

    fn methods() -> Vec<Method> {
        let mut methods = vec![Method::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                methods.push(Method::Avx2);
            }
            if Method::best() == Method::Vnni {
                methods.push(Method::Vnni);
            }
        }
        methods
    }

    /// The definition, one number at a time.
    fn by_definition(weights: &[f32], outputs: usize, bias: &[f32], rows: &[f32]) -> Vec<f32> {
        let inputs = weights.len() / outputs;
        let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0f32, |a, b| a.max(b.abs()));
        let codes = |value: f32, largest: f32| {
            if largest == 0.0 { 0.0 } else { (value * (127.0 / largest)).round_ties_even() }
        };
        let mut out = Vec::new();
        for row in rows.chunks(inputs) {
            let row_largest = largest(&mut row.iter().copied());
            for column in 0..outputs {
                let weight = |k: usize| weights[k * outputs + column];
                let column_largest = largest(&mut (0..inputs).map(weight));
                let sum: f64 = (0..inputs)
                    .map(|k| f64::from(codes(row[k], row_largest) * codes(weight(k), column_largest)))
                    .sum();
                let scale = (row_largest / 127.0) * (column_largest / 127.0);
                out.push(sum as f32 * scale + bias[column]);
            }
        }
        out
    }

    proptest! {
        #[test]
        fn every_method_gives_the_bits_of_the_definition(
            inputs in 1usize..70,
            outputs in 1usize..70,
            rows in 1usize..30,
            seed in any::<u64>(),
        ) {
            let (weights, bias) = (numbers(seed, inputs * outputs), numbers(seed ^ 1, outputs));
            let rows = numbers(seed ^ 2, rows * inputs);
            let expected = by_definition(&weights, outputs, &bias, &rows);
            let linear = Linear8::quantize(&weights, outputs, Some(&bias)).unwrap();
            for method in methods() {
                let mut out = vec![f32::NAN; expected.len()];
                linear.multiply_by(method, &rows, &mut out);
                prop_assert_eq!(&out, &expected, "{:?}", method);
            }
        }
    }

    #[test]
    fn products_are_near_those_of_the_numbers() {
        let (inputs, outputs) = (384, 96);
        let (weights, rows) = (numbers(1, inputs * outputs), numbers(2, 20 * inputs));
        let linear = Linear8::quantize(&weights, outputs, None).unwrap();
        assert_eq!((linear.inputs(), linear.outputs()), (inputs, outputs));
        let mut out = vec![0.0; 20 * outputs];
        linear.multiply(&rows, &mut out);
        let exact = |row: usize, column: usize| -> f32 {
            (0..inputs).map(|k| rows[row * inputs + k] * weights[k * outputs + column]).sum()
        };
        let of = |at: usize| exact(at / outputs, at % outputs);
        let error: f32 = out.iter().enumerate().map(|(at, value)| (value - of(at)).powi(2)).sum();
        let size: f32 = (0..out.len()).map(|at| of(at).powi(2)).sum();
        // Rounding to steps of 1/127 of the largest gives a relative error of about 1/127/sqrt(12) * sqrt(3)
        // twice.
        assert!((error / size).sqrt() < 0.01, "{}", (error / size).sqrt());
    }

    #[test]
    fn extreme_sums_stay_exact_and_a_row_does_not_depend_on_others() {
        let inputs = INPUTS_MAX;
        let linear = Linear8::quantize(&vec![-3.0; inputs], 1, None).unwrap();
        for method in methods() {
            let mut out = [0.0];
            linear.multiply_by(method, &vec![2.0; inputs], &mut out);
            assert_eq!(out[0], (inputs * 127 * 127) as f32 * -((2.0 / 127.0) * (3.0 / 127.0)), "{method:?}");
        }
        let (weights, rows) = (numbers(3, 40 * 33), numbers(4, 25 * 40));
        let linear = Linear8::quantize(&weights, 33, None).unwrap();
        let mut whole = vec![0.0; 25 * 33];
        linear.multiply(&rows, &mut whole);
        for (row, expected) in rows.chunks(40).zip(whole.chunks(33)) {
            let mut alone = vec![0.0; 33];
            linear.multiply(row, &mut alone);
            assert_eq!(alone, expected);
        }
    }

    #[test]
    fn zeros_tiny_numbers_and_numbers_that_are_not_finite_have_a_defined_product() {
        let linear = Linear8::quantize(&[0.0, 1.0, 0.0, -1.0], 2, Some(&[0.5, 0.25])).unwrap();
        let rows = [0.0, 0.0, f32::NAN, 1.0, f32::INFINITY, 1.0, 1e-45, 1e-45, 2.0, 0.0];
        for method in methods() {
            let mut out = [9.0; 10];
            linear.multiply_by(method, &rows, &mut out);
            assert_eq!(out[..2], [0.5, 0.25]);
            assert!(out[2..6].iter().all(|value| value.is_nan()), "{out:?}");
            assert_eq!(out[6..], [0.5, 0.25, 0.5, 2.25]);
        }
    }

    #[test]
    fn what_cannot_be_quantised_is_refused() {
        assert!(Linear8::quantize(&[1.0; 5], 2, None).is_none());
        assert!(Linear8::quantize(&[], 2, None).is_none());
        assert!(Linear8::quantize(&[1.0], 0, None).is_none());
        assert!(Linear8::quantize(&[1.0, f32::NAN], 2, None).is_none());
        assert!(Linear8::quantize(&[1.0; 4], 2, Some(&[1.0])).is_none());
        assert!(Linear8::quantize(&[1.0; 4], 2, Some(&[1.0, f32::INFINITY])).is_none());
        assert!(Linear8::quantize(&vec![1.0; INPUTS_MAX + 1], 1, None).is_none());
    }
}
