//! Rows of which only the signs are kept, against queries of 5 bits a number: the coarsest scan, 32 rows at a
//! time.
//!
//! ```text
//! estimate(row) = base + shift(row) + factor(row) * sum over i of sign_i(row) * query_i
//! ```
//!
//! Four signs make a nibble, and what four numbers of the query add up to under each of the 16 nibbles is
//! looked up in a table: one shuffle instruction looks up 64 of them (Andre, Kermarrec, Le Scouarnec,
//! "Quicker ADC", TPAMI 2021). The query's numbers are whole ones of at most 15, so that two table entries
//! fit a byte and the sums are exact: every instruction set gives the same bits.
//!
//! A block of 32 rows lies as `[fours of nibbles][16 rows][4 bytes]`; byte i of a four holds its nibble i, of
//! the row in its low half and of the row 16 further in its high half. So `vpermb` (AVX-512 VBMI) looks up
//! four nibbles of 16 rows in four tables, and one `vpdpbusd` (VNNI) adds the four entries of each row.
//! Other instruction sets look up one nibble of many rows at a time and turn the bytes of a step round first.

#![allow(unsafe_code)]

use std::ops::Range;

use super::dispatch::dispatch;
use super::int8::prefetch;
use super::line::Line;

/// Rows of a block.
pub const SIGN_BLOCK: usize = 32;
/// Numbers of a row are a multiple of this.
pub const SIGN_WIDTH: usize = 64;
/// Signs that are looked up at once.
const NIBBLE: usize = 4;
/// Entries of the table of one nibble, and bytes of a block for it.
const ENTRIES: usize = 16;
/// The largest code of a query's number: eight of them fit into a signed byte, so that two entries are added
/// before they are widened.
const CODE_MAX: f32 = 15.0;
/// Added to the entries of the table, so that they are not negative.
const OFFSET: i32 = 60;
/// Nibbles that are looked up together, and bytes of a block for them.
const FOUR: usize = 4;
const STEP: usize = FOUR * ENTRIES;
/// Sums that run side by side.
const LANES: usize = 8;

/// Bytes of a block of rows of `width` numbers.
pub fn sign_block_bytes(width: usize) -> usize {
    width / NIBBLE * ENTRIES
}

/// A query as tables.
#[derive(Clone, Debug, Default)]
pub struct SignQuery {
    /// `[nibbles][16]` bytes.
    table: Vec<Line>,
    /// What a unit of the sums is worth.
    scale: f32,
}

/// Rows as signs, in whole blocks.
#[derive(Clone, Copy, Debug)]
pub struct SignRows<'a> {
    width: usize,
    codes: &'a [u8],
    factors: &'a [f32],
    shifts: &'a [f32],
}

/// Some blocks in the order in which the processor looks signs up, for several queries; see
/// [`SignRows::turn`].
#[derive(Clone, Debug, Default)]
pub struct TurnedSigns {
    method: Method,
    blocks: Range<usize>,
    /// Nothing where the processor takes signs as they lie.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    codes: Vec<Line>,
}

/// The instructions to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Method {
    /// AVX-512 VBMI and VNNI (Ice Lake, Zen 4).
    #[cfg(target_arch = "x86_64")]
    Vbmi,
    /// AVX-512BW (Skylake-SP, Cascade Lake).
    #[cfg(target_arch = "x86_64")]
    Avx512,
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
            if vnni && is_x86_feature_detected!("avx512vbmi") {
                return Method::Vbmi;
            }
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
                return Method::Avx512;
            }
            if is_x86_feature_detected!("avx2") {
                return Method::Avx2;
            }
        }
        Method::Portable
    }
}

impl SignQuery {
    /// Makes the tables of a query, in the space of an older one.
    ///
    /// # Panics
    /// If its length is no multiple of [`SIGN_WIDTH`].
    pub fn set(&mut self, values: &[f32]) {
        assert!(values.len().is_multiple_of(SIGN_WIDTH), "a query of {} numbers", values.len());
        let largest = values.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        let factor = CODE_MAX / largest;
        let factor = if factor.is_finite() { factor } else { 0.0 };
        self.scale = largest / CODE_MAX;
        self.table.resize(values.len() / NIBBLE * ENTRIES / Line::BYTES, Line::ZERO);
        let tables = Line::bytes_mut(&mut self.table).as_chunks_mut::<ENTRIES>().0;
        dispatch(
            #[inline(always)]
            || {
                for (four, table) in values.chunks_exact(NIBBLE).zip(&mut *tables) {
                    // At most 15 in size, rounding included.
                    let [a, b, c, d] = std::array::from_fn(|i| (four[i] * factor).round_ties_even() as i32);
                    let low = [-a - b, a - b, b - a, a + b];
                    let high = [-c - d, c - d, d - c, c + d];
                    let entry = |nibble: usize| (low[nibble & 3] + high[nibble >> 2] + OFFSET) as u8;
                    *table = std::array::from_fn(entry);
                }
            },
        );
    }

    /// Asks memory for the tables before they are needed.
    pub fn prefetch(&self) {
        prefetch(Line::bytes(&self.table));
    }

    /// Numbers of the query.
    pub fn width(&self) -> usize {
        Line::bytes(&self.table).len() / ENTRIES * NIBBLE
    }
}

/// Factor and shift (see [`SignRows`]) of a row of which `rest` remains beside its centre: with them the
/// signs of `rest` give the product of the row with itself exactly, as RaBitQ's estimates do (Gao and Long,
/// SIGMOD 2024).
///
/// # Panics
/// If the lengths differ or are no multiple of [`SIGN_WIDTH`].
pub fn sign_facts(rest: &[f32], centre: &[f32]) -> (f32, f32) {
    assert!(rest.len() == centre.len() && rest.len().is_multiple_of(SIGN_WIDTH), "a row and its centre");
    let mut sums = [[0.0f64; LANES]; 4];
    dispatch(
        #[inline(always)]
        || {
            for (rest, centre) in rest.chunks_exact(LANES).zip(centre.chunks_exact(LANES)) {
                let [length, sum, own, signed] = &mut sums;
                for lane in 0..LANES {
                    let (rest, centre) = (f64::from(rest[lane]), f64::from(centre[lane]));
                    length[lane] += rest * rest;
                    sum[lane] += rest.abs();
                    own[lane] += rest * centre;
                    signed[lane] += if rest >= 0.0 { centre } else { -centre };
                }
            }
        },
    );
    let [length, sum, own, signed] = sums.map(|lanes| lanes.iter().sum::<f64>());
    let factor = if sum > 0.0 { length / sum } else { 0.0 };
    (factor as f32, (own - factor * signed) as f32)
}

/// Appends the signs of at most 32 rows (`[rows][width]`, a sign is set where the number is not negative) as
/// one block.
///
/// # Panics
/// If they are not whole rows of a multiple of [`SIGN_WIDTH`] numbers, or are too many.
pub fn push_sign_block(rows: &[f32], width: usize, out: &mut Vec<u8>) {
    assert!(width > 0 && width.is_multiple_of(SIGN_WIDTH), "rows of {width} numbers");
    assert!(rows.len().is_multiple_of(width) && rows.len() / width <= SIGN_BLOCK, "a block of rows");
    let start = out.len();
    out.resize(start + sign_block_bytes(width), 0);
    for (at, row) in rows.chunks_exact(width).enumerate() {
        set_signs(&mut out[start..], at, row);
    }
}

/// Writes the signs of a row as row `at` of a block whose signs for it are all 0.
///
/// # Panics
/// If a block has no such row, or the block is not one of rows of this width.
pub fn set_signs(block: &mut [u8], at: usize, row: &[f32]) {
    assert!(at < SIGN_BLOCK && block.len() == sign_block_bytes(row.len()), "row {at} of a block");
    let (first, half) = (at % ENTRIES * FOUR, at / ENTRIES * NIBBLE);
    for (nibble, four) in row.chunks_exact(NIBBLE).enumerate() {
        let signs = four.iter().rev().fold(0u8, |signs, value| signs << 1 | u8::from(*value >= 0.0));
        block[nibble / FOUR * STEP + first + nibble % FOUR] |= signs << half;
    }
}

impl<'a> SignRows<'a> {
    /// Rows of `width` numbers with a factor and a shift each; `None` if the parts are not those of whole
    /// blocks.
    pub fn new(width: usize, codes: &'a [u8], factors: &'a [f32], shifts: &'a [f32]) -> Option<SignRows<'a>> {
        let blocks = factors.len() / SIGN_BLOCK;
        let whole = width > 0 && width.is_multiple_of(SIGN_WIDTH) && factors.len() == blocks * SIGN_BLOCK;
        let fits = shifts.len() == factors.len() && codes.len() == blocks.checked_mul(width * NIBBLE)?;
        (whole && fits).then_some(SignRows { width, codes, factors, shifts })
    }

    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        self.factors.len() / SIGN_BLOCK
    }

    /// Asks memory for the `part`-th of `of` parts of some blocks, so that who has other work for each part
    /// does not wait for it.
    ///
    /// # Panics
    /// If there are no such blocks, or `of` is 0.
    pub fn prefetch(&self, blocks: Range<usize>, part: usize, of: usize) {
        let some = |range: Range<usize>| {
            let step = range.len().div_ceil(of);
            (range.start + part * step).min(range.end)..(range.start + (part + 1) * step).min(range.end)
        };
        let (bytes, rows) =
            (sign_block_bytes(self.width), blocks.start * SIGN_BLOCK..blocks.end * SIGN_BLOCK);
        prefetch(&self.codes[some(blocks.start * bytes..blocks.end * bytes)]);
        prefetch(bytemuck::cast_slice(&self.factors[some(rows.clone())]));
        prefetch(bytemuck::cast_slice(&self.shifts[some(rows)]));
    }

    /// Estimates of all rows of some blocks, in their order; `base` is added to each. `reached` gets a bit
    /// for each row of a block whose estimate is at least `floor`. While it computes it asks memory for as
    /// many blocks from block `next` on, if there is one, which should be those that are wanted next.
    ///
    /// # Panics
    /// If there are no such blocks, the query has another width, or `out` or `reached` are of another size.
    pub fn estimates(
        &self,
        query: &SignQuery,
        (base, floor): (f32, f32),
        (blocks, next): (Range<usize>, Option<usize>),
        out: &mut [f32],
        reached: &mut [u32],
    ) {
        self.estimates_by(Method::best(), query, (base, floor), (blocks, next), out, reached);
    }

    /// [`estimates`](SignRows::estimates) of blocks that were [turned](SignRows::turn).
    ///
    /// # Panics
    /// As `estimates`, or if other rows were turned.
    pub fn estimates_of_turned(
        &self,
        query: &SignQuery,
        (base, floor): (f32, f32),
        turned: &TurnedSigns,
        out: &mut [f32],
        reached: &mut [u32],
    ) {
        let blocks = turned.blocks.clone();
        match turned.method {
            #[cfg(target_arch = "x86_64")]
            Method::Avx2 => {
                let codes = Line::bytes(&turned.codes);
                let size = blocks.len() * sign_block_bytes(self.width) / STEP * x86::TURNED_STEP;
                assert!(codes.len() == size, "rows of {} numbers, turned", self.width);
                let scan = self.scan_of(query, (base, floor), (blocks, None), (out.len(), reached.len()));
                // SAFETY: The method is only chosen (and in tests only asked for) where the processor has
                // AVX2.
                unsafe { x86::scan_turned_avx2(&Scan { codes, ..scan }, out, reached) }
            }
            method => self.estimates_by(method, query, (base, floor), (blocks, None), out, reached),
        }
    }

    /// Prepares some blocks for several queries, where the processor first has to bring signs into the order
    /// in which it looks them up.
    ///
    /// # Panics
    /// If there are no such blocks.
    pub fn turn(&self, blocks: Range<usize>, turned: &mut TurnedSigns) {
        self.turn_by(Method::best(), blocks, turned);
    }

    pub(super) fn turn_by(&self, method: Method, blocks: Range<usize>, turned: &mut TurnedSigns) {
        assert!(blocks.start <= blocks.end && blocks.end <= self.blocks(), "blocks {blocks:?}");
        #[cfg(target_arch = "x86_64")]
        if method == Method::Avx2 {
            let bytes = sign_block_bytes(self.width);
            let codes = &self.codes[blocks.start * bytes..blocks.end * bytes];
            turned.codes.resize(codes.len() / STEP * x86::TURNED_STEP / Line::BYTES, Line::ZERO);
            // SAFETY: The method is only chosen (and in tests only asked for) where the processor has AVX2.
            unsafe { x86::turn_avx2(codes, Line::bytes_mut(&mut turned.codes)) };
        }
        (turned.method, turned.blocks) = (method, blocks);
    }

    pub(super) fn estimates_by(
        &self,
        method: Method,
        query: &SignQuery,
        (base, floor): (f32, f32),
        (blocks, next): (Range<usize>, Option<usize>),
        out: &mut [f32],
        reached: &mut [u32],
    ) {
        if let Some(next) = next {
            // Codes are asked for as the scan goes; these are few.
            let rows = next * SIGN_BLOCK..(next + blocks.len()) * SIGN_BLOCK;
            for numbers in [self.factors, self.shifts] {
                prefetch(bytemuck::cast_slice(numbers.get(rows.clone()).unwrap_or_default()));
            }
        }
        let scan = self.scan_of(query, (base, floor), (blocks, next), (out.len(), reached.len()));
        match method {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: The method is only chosen (and in tests only asked for) where the processor has
            // AVX-512F, VBMI and VNNI.
            Method::Vbmi => unsafe { x86::scan_vbmi(&scan, out, reached) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: Likewise with AVX-512F and BW.
            Method::Avx512 => unsafe { x86::scan_avx512(&scan, out, reached) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: Likewise with AVX2.
            Method::Avx2 => unsafe { x86::scan_avx2(&scan, out, reached) },
            Method::Portable => scan.run(out, reached),
        }
    }

    /// A scan of some blocks, which finds `rows` estimates of `count` blocks.
    fn scan_of<'s>(
        &'s self,
        query: &'s SignQuery,
        (base, floor): (f32, f32),
        (blocks, next): (Range<usize>, Option<usize>),
        (rows, count): (usize, usize),
    ) -> Scan<'s> {
        let bytes = sign_block_bytes(self.width);
        assert!(query.width() == self.width, "a query of {} numbers", query.width());
        let sizes = (rows, count) == (blocks.len() * SIGN_BLOCK, blocks.len());
        assert!(sizes, "an estimate for each of the rows of {} blocks", blocks.len());
        let rows = blocks.start * SIGN_BLOCK..blocks.end * SIGN_BLOCK;
        Scan {
            table: Line::bytes(&query.table),
            scale: query.scale,
            base,
            floor,
            codes: &self.codes[blocks.start * bytes..blocks.end * bytes],
            next: next.map_or(std::ptr::null(), |next| self.codes.as_ptr().wrapping_add(next * bytes)),
            factors: &self.factors[rows.clone()],
            shifts: &self.shifts[rows],
        }
    }
}

/// Sums of table entries of the 32 rows of a block.
type Sums = [i32; SIGN_BLOCK];

/// Some blocks and a query.
struct Scan<'a> {
    table: &'a [u8],
    scale: f32,
    base: f32,
    floor: f32,
    codes: &'a [u8],
    /// Memory to be asked for, never read; null for none.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    next: *const u8,
    factors: &'a [f32],
    shifts: &'a [f32],
}

impl Scan<'_> {
    /// The estimates, by loops that any processor has.
    fn run(&self, out: &mut [f32], reached: &mut [u32]) {
        let (factors, shifts) = (self.factors.as_chunks().0, self.shifts.as_chunks().0);
        let blocks = self.codes.chunks_exact(self.table.len()).zip(factors.iter().zip(shifts));
        let places = out.as_chunks_mut().0.iter_mut().zip(reached);
        for ((codes, (factors, shifts)), (out, reached)) in blocks.zip(places) {
            *reached = self.finish(&sums_portable(self.table, codes), (factors, shifts), out);
        }
    }

    fn finish(
        &self,
        sums: &Sums,
        (factors, shifts): (&[f32; SIGN_BLOCK], &[f32; SIGN_BLOCK]),
        out: &mut [f32; SIGN_BLOCK],
    ) -> u32 {
        let offset = OFFSET * (self.table.len() / ENTRIES) as i32;
        for at in 0..SIGN_BLOCK {
            out[at] = factors[at] * ((sums[at] - offset) as f32 * self.scale) + (shifts[at] + self.base);
        }
        (0..SIGN_BLOCK).fold(0, |reached, at| reached | u32::from(out[at] >= self.floor) << at)
    }
}

fn sums_portable(table: &[u8], codes: &[u8]) -> Sums {
    let mut sums = [0; SIGN_BLOCK];
    for (table, codes) in table.as_chunks::<STEP>().0.iter().zip(codes.as_chunks::<STEP>().0) {
        for (row, four) in codes.as_chunks::<FOUR>().0.iter().enumerate() {
            for (code, table) in four.iter().zip(table.as_chunks::<ENTRIES>().0) {
                sums[row] += i32::from(table[usize::from(code & 15)]);
                sums[row + ENTRIES] += i32::from(table[usize::from(code >> 4)]);
            }
        }
    }
    sums
}

#[cfg(target_arch = "x86_64")]
mod x86;
