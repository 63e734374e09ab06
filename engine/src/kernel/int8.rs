//! Products with a fixed matrix whose numbers are kept in 8 bits: the linear layers of a quantised encoder
//! ([`Linear8`](super::Linear8)), and the fast scores of a scan, where the rows of an index are the columns
//! of the matrix ([`Codes8`] times [`Panels`]).
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
//! Those of the matrix are stored with 128 added, because `vpdpbusd` (AVX-512 VNNI, AVX-VNNI) multiplies
//! unsigned with signed bytes: `sum (w + 128) a - 128 sum a = sum w a`.

#![allow(unsafe_code)]

/// Columns of a panel: two registers of 16 sums.
pub const PANEL: usize = 32;
/// Numbers of a row that are multiplied in one step.
pub(super) const QUAD: usize = 4;
/// The largest code.
const CODE_MAX: f32 = 127.0;
/// Rows multiplied at once, so that a panel is read once for all of them: 24 sums of 16 columns fill three
/// quarters of the registers of AVX-512.
const ROWS_AT_ONCE: usize = 12;
/// Tiles of a panel from which on the next panel is asked for.
const TILES_AHEAD: usize = 4;
/// With more numbers in a row a sum of products could leave 32 bits: 2^16 * 255 * 127 < 2^31.
pub const INPUTS_MAX: usize = 1 << 16;

/// Rows in 8 bits, to be multiplied with [`Panels`].
#[derive(Clone, Debug, Default)]
pub struct Codes8 {
    /// Numbers in a row.
    inputs: usize,
    /// `[rows][4 * quads]`.
    values: Vec<i8>,
    /// Sums of a row's codes.
    sums: Vec<i32>,
    /// Scales; NaN for a row that has a number that is not finite.
    scales: Vec<f32>,
    method: Method,
}

/// Columns in 8 bits as they lie in memory: 32 of them make a panel, `[quads][32][4]` with 128 added to each
/// code, so that one instruction multiplies 4 numbers of 16 columns. See [`PanelWriter`].
#[derive(Clone, Copy, Debug)]
pub struct Panels<'a> {
    inputs: usize,
    outputs: usize,
    codes: &'a [u8],
    scales: &'a [f32],
    bias: Option<&'a [f32]>,
}

/// A panel while its columns come one by one.
#[derive(Clone, Debug)]
pub struct PanelWriter {
    method: Method,
    /// Codes of one column.
    column: Vec<i8>,
    codes: Vec<u8>,
    scales: Vec<f32>,
}

/// How the products of codes are summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Method {
    /// AVX-512 VNNI.
    #[cfg(target_arch = "x86_64")]
    Vnni,
    /// AVX-VNNI and AVX2 (Alder Lake and later processors without AVX-512).
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Any processor.
    #[default]
    Portable,
}

impl Method {
    /// The fastest one of this processor.
    pub(super) fn best() -> Method {
        #[cfg(target_arch = "x86_64")]
        {
            let vnni = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
            if vnni {
                return Method::Vnni;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni") {
                return Method::AvxVnni;
            }
            if is_x86_feature_detected!("avx2") {
                return Method::Avx2;
            }
        }
        Method::Portable
    }
}

#[cfg(test)]
impl Method {
    /// Every method that this processor has.
    pub(super) fn all() -> Vec<Method> {
        let mut methods = vec![Method::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2");
            methods.extend(avx2.then_some(Method::Avx2));
            let both = avx2 && is_x86_feature_detected!("avxvnni");
            methods.extend(both.then_some(Method::AvxVnni));
            methods.extend((Method::best() == Method::Vnni).then_some(Method::Vnni));
        }
        methods
    }
}

impl Codes8 {
    /// Quantises `rows`, `[n, inputs]`, row-major, each by its own largest number.
    ///
    /// # Panics
    /// If they are not whole rows, or a row has more than [`INPUTS_MAX`] numbers.
    pub fn encode(rows: &[f32], inputs: usize) -> Codes8 {
        Codes8::encode_by(Method::best(), rows, inputs)
    }

    pub(super) fn encode_by(method: Method, rows: &[f32], inputs: usize) -> Codes8 {
        let mut codes = Codes8::default();
        codes.set_by(method, rows, inputs);
        codes
    }

    /// Two rows of codes for each of `rows`: its own, and those of what they lose, so that the sum of their
    /// products is as exact as 16 bits a number allow.
    ///
    /// # Panics
    /// As [`encode`](Codes8::encode) does.
    pub fn encode_fine(rows: &[f32], inputs: usize) -> Codes8 {
        let first = Codes8::encode(rows, inputs);
        let mut both = Vec::with_capacity(2 * rows.len());
        for (at, row) in rows.chunks_exact(inputs).enumerate() {
            let (codes, scale) = (first.row(at).0, first.scales[at]);
            both.extend_from_slice(row);
            both.extend(row.iter().zip(codes).map(|(value, code)| value - scale * f32::from(*code)));
        }
        Codes8::encode(&both, inputs)
    }

    /// [`encode`](Codes8::encode) in the space of older rows.
    ///
    /// # Panics
    /// As [`encode`](Codes8::encode) does.
    pub fn set(&mut self, rows: &[f32], inputs: usize) {
        self.set_by(Method::best(), rows, inputs);
    }

    fn set_by(&mut self, method: Method, rows: &[f32], inputs: usize) {
        assert!((1..=INPUTS_MAX).contains(&inputs), "rows of {inputs} numbers");
        let count = rows.len() / inputs;
        assert!(rows.len() == count * inputs, "rows of {inputs} numbers");
        let width = row_width(inputs);
        (self.inputs, self.method) = (inputs, method);
        self.values.resize(count * width, 0);
        self.sums.clear();
        self.scales.clear();
        for (row, out) in rows.chunks_exact(inputs).zip(self.values.chunks_exact_mut(width)) {
            let (out, filling) = out.split_at_mut(inputs);
            let (scale, sum) = encode_row(method, row, out);
            filling.fill(0);
            self.scales.push(scale);
            self.sums.push(sum);
        }
    }

    /// Some rows of others, one each.
    ///
    /// # Panics
    /// If there are none, there is no such row, or they are of different lengths.
    pub fn gather<'a>(rows: impl Iterator<Item = (&'a Codes8, usize)>) -> Codes8 {
        let mut rows = rows.peekable();
        let Some((first, _)) = rows.peek() else { panic!("no rows to gather") };
        let (inputs, method) = (first.inputs, first.method);
        let width = row_width(inputs);
        let mut found = Codes8 { inputs, values: Vec::new(), sums: Vec::new(), scales: Vec::new(), method };
        for (from, row) in rows {
            assert!(from.inputs == inputs, "rows of {inputs} numbers");
            found.values.extend_from_slice(&from.values[row * width..(row + 1) * width]);
            found.sums.push(from.sums[row]);
            found.scales.push(from.scales[row]);
        }
        found
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// Codes and their sum of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub(super) fn row(&self, row: usize) -> (&[i8], i32) {
        let start = row * row_width(self.inputs);
        (&self.values[start..start + self.inputs], self.sums[row])
    }

    /// How products are summed on this processor.
    pub(super) fn method(&self) -> Method {
        self.method
    }

    /// The scale of a row; NaN where a number of it is not finite.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn scale(&self, row: usize) -> f32 {
        self.scales[row]
    }

    /// The Euclidean length of what quantising took from a row: `|row - scale * codes|`.
    ///
    /// # Panics
    /// If there is no such row, or `values` is not one.
    pub fn error(&self, row: usize, values: &[f32]) -> f64 {
        let width = row_width(self.inputs);
        assert!(values.len() == self.inputs, "a row of {} numbers", self.inputs);
        error(values, &self.values[row * width..row * width + self.inputs], self.scales[row])
    }
}

/// `|values - scale * codes|`.
pub(super) fn error(values: &[f32], codes: &[i8], scale: f32) -> f64 {
    let pairs = values.iter().zip(codes);
    let squares =
        pairs.map(|(value, code)| (f64::from(*value) - f64::from(scale) * f64::from(*code)).powi(2));
    squares.sum::<f64>().sqrt()
}

impl PanelWriter {
    /// An empty panel of columns of `inputs` numbers.
    ///
    /// # Panics
    /// If `inputs` is zero or more than [`INPUTS_MAX`].
    pub fn new(inputs: usize) -> PanelWriter {
        assert!((1..=INPUTS_MAX).contains(&inputs), "columns of {inputs} numbers");
        let width = row_width(inputs);
        PanelWriter {
            method: Method::best(),
            column: vec![0; width],
            codes: vec![128; width * PANEL],
            scales: Vec::new(),
        }
    }

    /// Adds a column; gives the Euclidean length of what quantising took from it, NaN where a number is not
    /// finite. When 32 have come, [`PanelWriter::take`] must follow.
    ///
    /// # Panics
    /// If the column has another length, or the panel is full.
    pub fn push(&mut self, column: &[f32]) -> f64 {
        assert!(row_width(column.len()) == self.column.len(), "a column of another length");
        assert!(!self.is_full(), "a panel has {PANEL} columns");
        let (scale, _) = encode_row(self.method, column, &mut self.column);
        let place = self.scales.len() * QUAD;
        let lines = self.codes.chunks_exact_mut(PANEL * QUAD);
        for (line, four) in lines.zip(self.column.chunks_exact(QUAD)) {
            for (out, code) in line[place..place + QUAD].iter_mut().zip(four) {
                // Within 1..=255.
                *out = (i16::from(*code) + 128) as u8;
            }
        }
        self.scales.push(scale);
        error(column, &self.column[..column.len()], scale)
    }

    /// What quantising took from each number of the column that was added last.
    ///
    /// # Panics
    /// If there is none.
    pub fn rest<'b>(&'b self, column: &'b [f32]) -> impl Iterator<Item = f32> + 'b {
        let Some(scale) = self.scales.last().copied() else { panic!("no column was added") };
        column.iter().zip(&self.column).map(move |(value, code)| value - scale * f32::from(*code))
    }

    /// Whether no column fits any more.
    pub fn is_full(&self) -> bool {
        self.scales.len() == PANEL
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// Hands over the codes and the scales of the panel, filled up with columns of zeros, and begins another.
    pub fn take(&mut self, put: impl FnOnce(&[u8], &[f32; PANEL])) {
        let mut scales = [0.0; PANEL];
        scales[..self.scales.len()].copy_from_slice(&self.scales);
        put(&self.codes, &scales);
        self.codes.fill(128);
        self.scales.clear();
    }
}

/// The product of two rows of codes: of one and the sum of its codes, and of one whose codes have 128 added.
/// Both have as many whole lines of 64.
///
/// # Panics
/// If their lengths differ.
pub(super) fn dot_lines(method: Method, (values, sum): (&[i8], i32), row: &[u8]) -> i32 {
    assert!(values.len() == row.len() && row.len().is_multiple_of(64), "rows of whole lines");
    match method {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: The method is only chosen (and in tests only asked for) where the processor has
        // AVX-512F and VNNI.
        Method::Vnni => unsafe { x86::dot_vnni(values, row) - 128 * sum },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: Likewise with AVX-VNNI and AVX2.
        Method::AvxVnni => unsafe { x86::dot_avx_vnni(values, row) - 128 * sum },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: Likewise with AVX2.
        Method::Avx2 => unsafe { x86::dot_avx2(values, row) },
        Method::Portable => {
            let products = values.iter().zip(row).map(|(a, w)| i32::from(*a) * i32::from(*w));
            products.sum::<i32>() - 128 * sum
        }
    }
}

/// Asks for the lines of a row before they are needed.
pub(crate) fn prefetch(row: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    ask_for::<{ std::arch::x86_64::_MM_HINT_T0 }>(row);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = row;
}

/// Asks for the lines of a row long before they are needed: the nearest cache could not keep them till then.
pub(super) fn prefetch_early(row: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    ask_for::<{ std::arch::x86_64::_MM_HINT_T1 }>(row);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = row;
}

/// Asks for the lines of a row, into the cache of the hint and those behind it.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn ask_for<const HINT: i32>(row: &[u8]) {
    for line in row.chunks(64) {
        // SAFETY: The address can be read, and a prefetch changes nothing that can be seen.
        unsafe { std::arch::x86_64::_mm_prefetch::<HINT>(line.as_ptr().cast()) };
    }
}

impl<'a> Panels<'a> {
    /// `outputs` columns of `inputs` numbers; `None` if the codes or the scales are not whole panels of them.
    pub fn new(inputs: usize, outputs: usize, codes: &'a [u8], scales: &'a [f32]) -> Option<Panels<'a>> {
        let panels = outputs.div_ceil(PANEL);
        let numbers = panels.checked_mul(PANEL)?;
        let whole = codes.len() == numbers.checked_mul(row_width(inputs))?;
        let fits = (1..=INPUTS_MAX).contains(&inputs) && scales.len() == numbers;
        (whole && fits).then_some(Panels { inputs, outputs, codes, scales, bias: None })
    }

    /// The same, with a number for each column, filled up to whole panels, that is added to its products.
    pub(super) fn with_bias(
        inputs: usize,
        outputs: usize,
        codes: &'a [u8],
        scales: &'a [f32],
        bias: &'a [f32],
    ) -> Option<Panels<'a>> {
        let panels = Panels::new(inputs, outputs, codes, scales)?;
        (bias.len() == scales.len()).then_some(Panels { bias: Some(bias), ..panels })
    }

    /// Products of all rows with the columns `range`, in f32: `out[row][column - range.start]`. Runs on the
    /// calling thread.
    ///
    /// # Panics
    /// If the rows have another length than the columns, the range does not begin at a multiple of
    /// [`PANEL`] or ends after the columns, or `out` has not as many numbers.
    pub fn products(&self, rows: &Codes8, range: std::ops::Range<usize>, out: &mut [f32]) {
        let (count, stride) = (rows.len(), range.len());
        assert!(rows.inputs == self.inputs, "rows of {} numbers", self.inputs);
        assert!(range.start.is_multiple_of(PANEL) && range.end <= self.outputs, "columns {range:?}");
        assert!(out.len() == count * stride, "a product of {stride} numbers a row");
        let width = row_width(self.inputs);
        // Columns come from memory once for all rows. With many rows there is time to ask for the next ones
        // a part at a time; with few they are read as fast as memory gives them anyway.
        let tiles = count.div_ceil(ROWS_AT_ONCE);
        let part = if tiles >= TILES_AHEAD { (PANEL * width).div_ceil(tiles) } else { 0 };
        for first in range.clone().step_by(PANEL) {
            let panel = &self.codes[first * width..(first + PANEL) * width];
            let next = self.codes.get((first + PANEL) * width..(first + 2 * PANEL) * width);
            let mut next = next.filter(|_| part > 0).unwrap_or_default().chunks(part.max(1));
            for start in (0..count).step_by(ROWS_AT_ONCE) {
                next.next().into_iter().for_each(prefetch);
                let end = count.min(start + ROWS_AT_ONCE);
                let tile = Tile {
                    values: &rows.values[start * width..end * width],
                    sums: &rows.sums[start..end],
                    row_scales: &rows.scales[start..end],
                    panel,
                    scales: &self.scales[first..first + PANEL],
                    bias: self.bias.map_or(&[0.0; PANEL][..], |bias| &bias[first..first + PANEL]),
                    columns: PANEL.min(range.end - first),
                    stride,
                };
                tile.multiply(rows.method, &mut out[start * stride + first - range.start..]);
            }
        }
    }
}

/// Codes of a row or column of so many numbers, filled up to whole quads.
pub(super) fn row_width(inputs: usize) -> usize {
    inputs.next_multiple_of(QUAD)
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
pub(super) fn encode_row(method: Method, row: &[f32], out: &mut [i8]) -> (f32, i32) {
    let largest = match method {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: The method is only chosen (and in tests only asked for) where the processor has AVX-512F.
        Method::Vnni => unsafe { x86::largest_avx512(row) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: Likewise with AVX2.
        Method::AvxVnni | Method::Avx2 => unsafe { x86::largest_avx2(row) },
        Method::Portable => largest(row),
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
        Method::Vnni => unsafe { x86::codes_avx512(row, factor, out) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: Likewise with AVX2.
        Method::AvxVnni | Method::Avx2 => unsafe { x86::codes_avx2(row, factor, out) },
        Method::Portable => codes(row, factor, out),
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
        self.check(self.sums.len(), out.len());
        match method {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: The method is only chosen (and in tests only asked for) where the processor has
            // AVX-512F and VNNI.
            Method::Vnni => unsafe { x86::vnni(self, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: Likewise with AVX-VNNI and AVX2.
            Method::AvxVnni => unsafe { x86::avx_vnni(self, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: Likewise with AVX2.
            Method::Avx2 => unsafe { x86::avx2(self, out) },
            Method::Portable => portable(self, out),
        }
    }
}

/// A tile one number after the other.
fn portable(tile: &Tile<'_>, out: &mut [f32]) {
    let width = tile.values.len() / tile.sums.len();
    for (row, values) in tile.values.chunks_exact(width).enumerate() {
        let mut sums = [-128 * tile.sums[row]; PANEL];
        for (four, columns) in values.chunks_exact(QUAD).zip(tile.panel.chunks_exact(PANEL * QUAD)) {
            for (sum, weights) in sums.iter_mut().zip(columns.chunks_exact(QUAD)) {
                let products = four.iter().zip(weights).map(|(a, w)| i32::from(*a) * i32::from(*w));
                *sum += products.sum::<i32>();
            }
        }
        let out = &mut out[row * tile.stride..row * tile.stride + tile.columns];
        for (column, out) in out.iter_mut().enumerate() {
            // Not the product of the scales first: it may be too small for f32 where the result is not.
            *out = sums[column] as f32 * tile.row_scales[row] * tile.scales[column] + tile.bias[column];
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86;
