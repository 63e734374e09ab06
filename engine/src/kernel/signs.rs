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

/// The instructions to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    pub(super) fn estimates_by(
        &self,
        method: Method,
        query: &SignQuery,
        (base, floor): (f32, f32),
        (blocks, next): (Range<usize>, Option<usize>),
        out: &mut [f32],
        reached: &mut [u32],
    ) {
        let bytes = sign_block_bytes(self.width);
        assert!(query.width() == self.width, "a query of {} numbers", query.width());
        let sizes = (out.len(), reached.len()) == (blocks.len() * SIGN_BLOCK, blocks.len());
        assert!(sizes, "an estimate for each of the rows of {} blocks", blocks.len());
        let rows = blocks.start * SIGN_BLOCK..blocks.end * SIGN_BLOCK;
        let scan = Scan {
            table: Line::bytes(&query.table),
            scale: query.scale,
            base,
            floor,
            codes: &self.codes[blocks.start * bytes..blocks.end * bytes],
            next: next.map_or(std::ptr::null(), |next| self.codes.as_ptr().wrapping_add(next * bytes)),
            factors: &self.factors[rows.clone()],
            shifts: &self.shifts[rows],
        };
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
            Method::Portable => scan.run(out, reached, sums_portable),
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
    next: *const u8,
    factors: &'a [f32],
    shifts: &'a [f32],
}

impl Scan<'_> {
    /// The estimates; `sums` adds up the entries of a block.
    #[inline(always)]
    fn run(&self, out: &mut [f32], reached: &mut [u32], sums: impl Fn(&[u8], &[u8], *const u8) -> Sums) {
        let (factors, shifts) = (self.factors.as_chunks().0, self.shifts.as_chunks().0);
        let blocks = self.codes.chunks_exact(self.table.len()).zip(factors.iter().zip(shifts));
        let offset = OFFSET * (self.table.len() / ENTRIES) as i32;
        let places = out.as_chunks_mut().0.iter_mut().zip(reached);
        for (at, ((codes, (factors, shifts)), (out, reached))) in blocks.zip(places).enumerate() {
            let next = if self.next.is_null() { self.next } else { self.next.wrapping_add(at * codes.len()) };
            let found = sums(self.table, codes, next);
            *reached = self.finish(&found, offset, (factors, shifts), out);
        }
    }

    #[inline(always)]
    fn finish(
        &self,
        sums: &Sums,
        offset: i32,
        (factors, shifts): (&[f32; SIGN_BLOCK], &[f32; SIGN_BLOCK]),
        out: &mut [f32; SIGN_BLOCK],
    ) -> u32 {
        for at in 0..SIGN_BLOCK {
            out[at] = factors[at] * ((sums[at] - offset) as f32 * self.scale) + (shifts[at] + self.base);
        }
        (0..SIGN_BLOCK).fold(0, |reached, at| reached | u32::from(out[at] >= self.floor) << at)
    }
}

fn sums_portable(table: &[u8], codes: &[u8], _next: *const u8) -> Sums {
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
mod x86 {
    use std::arch::x86_64::*;

    use super::{ENTRIES, OFFSET, SIGN_BLOCK, STEP, Scan, Sums};

    /// Two blocks at a time, whose sums do not wait for each other.
    #[target_feature(enable = "avx512f,avx512vbmi,avx512vnni")]
    pub(super) fn scan_vbmi(scan: &Scan<'_>, out: &mut [f32], reached: &mut [u32]) {
        if scan.next.is_null() {
            pairs_vbmi::<false>(scan, out, reached);
        } else {
            pairs_vbmi::<true>(scan, out, reached);
        }
    }

    #[target_feature(enable = "avx512f,avx512vbmi,avx512vnni")]
    #[inline]
    fn pairs_vbmi<const PREFETCH: bool>(scan: &Scan<'_>, out: &mut [f32], reached: &mut [u32]) {
        let bytes = scan.table.len();
        let pairs = scan.codes.len() / (2 * bytes);
        for pair in 0..pairs {
            blocks_vbmi::<2, PREFETCH>(scan, 2 * pair, out, reached);
        }
        if scan.codes.len() > 2 * pairs * bytes {
            blocks_vbmi::<1, PREFETCH>(scan, 2 * pairs, out, reached);
        }
    }

    /// Some blocks from `first` on; sums stay in registers until they are estimates.
    #[target_feature(enable = "avx512f,avx512vbmi,avx512vnni")]
    #[inline]
    fn blocks_vbmi<const B: usize, const PREFETCH: bool>(
        scan: &Scan<'_>,
        first: usize,
        out: &mut [f32],
        reached: &mut [u32],
    ) {
        let low = _mm512_set1_epi8(15);
        // Which of the four tables each byte is looked up in.
        let tables = _mm512_set1_epi32(0x3020_1000);
        let ones = _mm512_set1_epi8(1);
        let bytes = scan.table.len();
        let next = scan.next.wrapping_add(first * bytes);
        let codes = &scan.codes[first * bytes..(first + B) * bytes];
        let mut sums = [[_mm512_setzero_si512(); 2]; B];
        for at in (0..bytes).step_by(2 * STEP) {
            // SAFETY: A table and each of the blocks have `bytes` bytes, a multiple of 128 (no row has a
            // width that is no multiple of 64), of which 128 are read. No load asks for an alignment, and a
            // prefetch reads nothing.
            unsafe {
                let load = |bytes: &[u8], at: usize| _mm512_loadu_si512(bytes.as_ptr().add(at).cast());
                let table = [load(scan.table, at), load(scan.table, at + STEP)];
                for (block, [a, b]) in sums.iter_mut().enumerate() {
                    let at = block * bytes + at;
                    if PREFETCH {
                        _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(at).cast());
                        _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(at + STEP).cast());
                    }
                    let codes = [load(codes, at), load(codes, at + STEP)];
                    // codes & 15 | tables
                    let found = |step: usize, codes: __m512i| {
                        let places = _mm512_ternarylogic_epi32::<0xF8>(tables, codes, low);
                        _mm512_permutexvar_epi8(places, table[step])
                    };
                    let first = _mm512_add_epi8(found(0, codes[0]), found(1, codes[1]));
                    let codes = codes.map(|codes| _mm512_srli_epi16::<4>(codes));
                    let second = _mm512_add_epi8(found(0, codes[0]), found(1, codes[1]));
                    *a = _mm512_dpbusd_epi32(*a, first, ones);
                    *b = _mm512_dpbusd_epi32(*b, second, ones);
                }
            }
        }
        for (at, sums) in (first..first + B).zip(sums) {
            reached[at] = finish_avx512(scan, at, sums, out);
        }
    }

    /// Writes the estimates of a block from the sums of its rows; gives which reach the floor.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn finish_avx512(scan: &Scan<'_>, block: usize, sums: [__m512i; 2], out: &mut [f32]) -> u32 {
        let offset = _mm512_set1_epi32(OFFSET * (scan.table.len() / ENTRIES) as i32);
        let (scale, base) = (_mm512_set1_ps(scan.scale), _mm512_set1_ps(scan.base));
        let floor = _mm512_set1_ps(scan.floor);
        let rows = block * SIGN_BLOCK..(block + 1) * SIGN_BLOCK;
        let (factors, shifts) = (&scan.factors[rows.clone()], &scan.shifts[rows.clone()]);
        let out = &mut out[rows];
        let mut bits = [0u16; 2];
        for half in 0..2 {
            let sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[half], offset));
            // SAFETY: Each has 32 numbers, of which 16 are read or written from place 0 or 16; neither loads
            // nor the store ask for an alignment.
            unsafe {
                let factors = _mm512_loadu_ps(factors.as_ptr().add(half * 16));
                let shifts = _mm512_loadu_ps(shifts.as_ptr().add(half * 16));
                let scaled = _mm512_mul_ps(factors, _mm512_mul_ps(sum, scale));
                let estimates = _mm512_add_ps(scaled, _mm512_add_ps(shifts, base));
                _mm512_storeu_ps(out.as_mut_ptr().add(half * 16), estimates);
                bits[half] = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(estimates, floor);
            }
        }
        u32::from(bits[0]) | u32::from(bits[1]) << 16
    }

    /// Steps whose entries are summed in 16 bits: each adds at most two of at most 120 to a sum.
    const STEPS_AT_ONCE: usize = 256;
    /// The bytes of a step in the order of its nibbles, within each four rows.
    const BY_NIBBLE: [i8; 16] = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];

    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn scan_avx512(scan: &Scan<'_>, out: &mut [f32], reached: &mut [u32]) {
        let bytes = scan.table.len();
        for (block, (codes, reached)) in scan.codes.chunks_exact(bytes).zip(reached).enumerate() {
            let next = if scan.next.is_null() { scan.next } else { scan.next.wrapping_add(block * bytes) };
            *reached = finish_avx512(scan, block, sums_avx512(scan.table, codes, next), out);
        }
    }

    /// A quarter of a register looks up one nibble of 16 rows, after the bytes of a step were turned round.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn sums_avx512(table: &[u8], codes: &[u8], next: *const u8) -> [__m512i; 2] {
        let low = _mm512_set1_epi8(15);
        // SAFETY: The array has the 16 bytes that are read; the load asks for no alignment.
        let by_nibble = _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(BY_NIBBLE.as_ptr().cast()) });
        let quarters = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        let in_order = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        let mut sums = [_mm512_setzero_si512(); 2];
        for at_once in (0..codes.len()).step_by(STEPS_AT_ONCE * STEP) {
            // Sums of whole words, even bytes and 256 times the odd ones, and of odd bytes alone.
            let mut words = [_mm512_setzero_si512(); 2];
            let mut odd = [_mm512_setzero_si512(); 2];
            for at in (at_once..codes.len().min(at_once + STEPS_AT_ONCE * STEP)).step_by(2 * STEP) {
                if !next.is_null() {
                    _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(at).cast());
                    _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(at + STEP).cast());
                }
                let found = |at: usize| {
                    // SAFETY: Tables and codes have the same number of bytes, a multiple of 128 (no row has a
                    // width that is no multiple of 64), and `at` is one of 64 before its end; the loads ask
                    // for no alignment.
                    let load = |bytes: &[u8]| unsafe { _mm512_loadu_si512(bytes.as_ptr().add(at).cast()) };
                    let codes = _mm512_shuffle_epi8(load(codes), by_nibble);
                    let codes = _mm512_permutexvar_epi32(quarters, codes);
                    let places =
                        [_mm512_and_si512(codes, low), _mm512_and_si512(_mm512_srli_epi16::<4>(codes), low)];
                    places.map(|places| _mm512_shuffle_epi8(load(table), places))
                };
                let (first, second) = (found(at), found(at + STEP));
                for half in 0..2 {
                    // At most 240.
                    let pair = _mm512_add_epi8(first[half], second[half]);
                    words[half] = _mm512_add_epi16(words[half], pair);
                    odd[half] = _mm512_add_epi16(odd[half], _mm512_srli_epi16::<8>(pair));
                }
            }
            for half in 0..2 {
                let even = _mm512_sub_epi16(words[half], _mm512_slli_epi16::<8>(odd[half]));
                let [even, odd] = [even, odd[half]].map(|quarters| sum_of_quarters(quarters));
                sums[half] = _mm512_add_epi32(sums[half], _mm512_permutex2var_epi32(even, in_order, odd));
            }
        }
        sums
    }

    /// The sums of the four quarters of words, widened; in the low half of the register.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn sum_of_quarters(words: __m512i) -> __m512i {
        let low = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(words));
        let high = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64::<1>(words));
        let halves = _mm512_add_epi32(low, high);
        _mm512_add_epi32(halves, _mm512_shuffle_i64x2::<0b11_10>(halves, halves))
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn scan_avx2(scan: &Scan<'_>, out: &mut [f32], reached: &mut [u32]) {
        scan.run(out, reached, |table, codes, next| sums_avx2(table, codes, next));
    }

    /// Shuffles look up one nibble in each half of a register, so the bytes of a step are brought into the
    /// order of its nibbles first.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn sums_avx2(table: &[u8], codes: &[u8], next: *const u8) -> Sums {
        let low = _mm256_set1_epi8(15);
        // SAFETY: The array has the 16 bytes that are read; the load asks for no alignment.
        let by_nibble = _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(BY_NIBBLE.as_ptr().cast()) });
        let mut sums = [0i32; SIGN_BLOCK];
        let (tables, steps) = (table.as_chunks::<STEP>().0, codes.as_chunks::<STEP>().0);
        for (part, (tables, steps)) in
            tables.chunks(STEPS_AT_ONCE).zip(steps.chunks(STEPS_AT_ONCE)).enumerate()
        {
            // Even and odd bytes, of rows in the low and the high half of a byte.
            let mut even = [_mm256_setzero_si256(); 2];
            let mut odd = [_mm256_setzero_si256(); 2];
            for (at, (table, codes)) in tables.iter().zip(steps).enumerate() {
                if !next.is_null() {
                    _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add((part * STEPS_AT_ONCE + at) * STEP).cast());
                }
                // SAFETY: Both chunks have the 64 bytes that are read; the loads ask for no alignment.
                let (tables, codes) = unsafe {
                    let load = |bytes: *const u8| _mm256_loadu_si256(bytes.cast());
                    let (table, codes) = (table.as_ptr(), codes.as_ptr());
                    ([load(table), load(table.add(32))], [load(codes), load(codes.add(32))])
                };
                let codes = codes.map(|codes| _mm256_shuffle_epi8(codes, by_nibble));
                // Nibbles 0 and 1, then 2 and 3, of rows 0 to 3, 8 to 11, 4 to 7, 12 to 15.
                let pairs = [
                    _mm256_permute4x64_epi64::<0xD8>(_mm256_unpacklo_epi32(codes[0], codes[1])),
                    _mm256_permute4x64_epi64::<0xD8>(_mm256_unpackhi_epi32(codes[0], codes[1])),
                ];
                for (table, pair) in tables.iter().zip(pairs) {
                    let nibbles =
                        [_mm256_and_si256(pair, low), _mm256_and_si256(_mm256_srli_epi16::<4>(pair), low)];
                    for half in 0..2 {
                        let found = _mm256_shuffle_epi8(*table, nibbles[half]);
                        even[half] =
                            _mm256_add_epi16(even[half], _mm256_and_si256(found, _mm256_set1_epi16(255)));
                        odd[half] = _mm256_add_epi16(odd[half], _mm256_srli_epi16::<8>(found));
                    }
                }
            }
            for half in 0..2 {
                for (first, found) in [even[half], odd[half]].into_iter().enumerate() {
                    let mut parts = [0u16; 16];
                    // SAFETY: The array has the 16 numbers that are written; stores ask for no alignment.
                    unsafe { _mm256_storeu_si256(parts.as_mut_ptr().cast(), found) };
                    for (at, part) in parts.iter().enumerate() {
                        let byte = at % 8 * 2 + first;
                        // Where the shuffles above have put the rows.
                        let row = [0, 8, 4, 12][byte / 4] + byte % 4;
                        sums[half * ENTRIES + row] += i32::from(*part);
                    }
                }
            }
        }
        sums
    }
}
