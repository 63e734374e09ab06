//! Rows of which only the signs are kept, against queries of 6 bits a number: the coarsest scan, 32 rows at a
//! time.
//!
//! ```text
//! estimate(row) = base + shift(row) + factor(row) * sum over i of sign_i(row) * query_i
//! ```
//!
//! Four signs make a nibble, and what four numbers of the query add up to under each of the 16 nibbles is
//! looked up in a table: one shuffle instruction looks up 64 of them (Andre, Kermarrec, Le Scouarnec,
//! "Quicker ADC", TPAMI 2021). The query's numbers are whole ones of at most 31, so that a table entry fits
//! a byte and the sums are exact: every instruction set gives the same bits.
//!
//! A block of 32 rows lies as `[nibbles][16 bytes]`; byte b of a nibble holds row b in its low half and row
//! b + 16 in its high half.

#![allow(unsafe_code)]

use std::ops::Range;

/// Rows of a block.
pub const SIGN_BLOCK: usize = 32;
/// Numbers of a row are a multiple of this.
pub const SIGN_WIDTH: usize = 64;
/// Signs that are looked up at once.
const NIBBLE: usize = 4;
/// Entries of the table of one nibble, and bytes of a block for it.
const ENTRIES: usize = 16;
/// The largest code of a query's number: four of them fit into a signed byte.
const CODE_MAX: f32 = 31.0;
/// Added to the entries of the table, so that they are not negative.
const OFFSET: i32 = 124;
/// Nibbles whose entries are summed in 16 bits: 256 * 248 < 2^16.
const NIBBLES_AT_ONCE: usize = 256;

/// Bytes of a block of rows of `width` numbers.
pub fn sign_block_bytes(width: usize) -> usize {
    width / NIBBLE * ENTRIES
}

/// A query as tables.
#[derive(Clone, Debug, Default)]
pub struct SignQuery {
    /// `[nibbles][16]`.
    table: Vec<u8>,
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
    /// AVX-512BW.
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
        self.table.clear();
        for four in values.chunks_exact(NIBBLE) {
            // At most 31 in size, rounding included.
            let code = |i: usize| (four[i] * factor).round_ties_even() as i32;
            let (a, b, c, d) = (code(0), code(1), code(2), code(3));
            let low = [-a - b, a - b, b - a, a + b];
            let high = [-c - d, c - d, d - c, c + d];
            let entry = |nibble: usize| (low[nibble & 3] + high[nibble >> 2] + OFFSET) as u8;
            self.table.extend_from_slice(&std::array::from_fn::<u8, ENTRIES, _>(entry));
        }
    }

    /// Numbers of the query.
    pub fn width(&self) -> usize {
        self.table.len() / ENTRIES * NIBBLE
    }
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
    let (byte, half) = (at % ENTRIES, at / ENTRIES * NIBBLE);
    for (nibble, four) in row.chunks_exact(NIBBLE).enumerate() {
        let signs = four.iter().rev().fold(0u8, |signs, value| signs << 1 | u8::from(*value >= 0.0));
        block[nibble * ENTRIES + byte] |= signs << half;
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

    /// Estimates of all rows of some blocks, in their order; `base` is added to each. `reached` gets a bit
    /// for each row of a block whose estimate is at least `floor`. While it computes it asks memory for as
    /// many blocks from block `next` on, which should be those that are wanted next.
    ///
    /// # Panics
    /// If there are no such blocks, the query has another width, or `out` or `reached` are of another size.
    pub fn estimates(
        &self,
        query: &SignQuery,
        (base, floor): (f32, f32),
        (blocks, next): (Range<usize>, usize),
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
        (blocks, next): (Range<usize>, usize),
        out: &mut [f32],
        reached: &mut [u32],
    ) {
        let bytes = sign_block_bytes(self.width);
        assert!(query.width() == self.width, "a query of {} numbers", query.width());
        let sizes = (out.len(), reached.len()) == (blocks.len() * SIGN_BLOCK, blocks.len());
        assert!(sizes, "an estimate for each of the rows of {} blocks", blocks.len());
        let rows = blocks.start * SIGN_BLOCK..blocks.end * SIGN_BLOCK;
        let scan = Scan {
            table: &query.table,
            scale: query.scale,
            base,
            floor,
            codes: &self.codes[blocks.start * bytes..blocks.end * bytes],
            next: self.codes.as_ptr().wrapping_add(next * bytes),
            factors: &self.factors[rows.clone()],
            shifts: &self.shifts[rows],
        };
        match method {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: The method is only chosen (and in tests only asked for) where the processor has
            // AVX-512F and AVX-512BW.
            Method::Avx512 => unsafe { x86::scan_avx512(&scan, out, reached) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: Likewise with AVX2.
            Method::Avx2 => unsafe { x86::scan_avx2(&scan, out, reached) },
            Method::Portable => scan.run(out, reached, sums_portable),
        }
    }
}

/// Sums of table entries of the 32 rows of a block.
type Sums = [u16; SIGN_BLOCK];

/// Some blocks and a query.
struct Scan<'a> {
    table: &'a [u8],
    scale: f32,
    base: f32,
    floor: f32,
    codes: &'a [u8],
    /// Memory to be asked for, never read.
    next: *const u8,
    factors: &'a [f32],
    shifts: &'a [f32],
}

impl Scan<'_> {
    /// The estimates; `sums` adds up the entries of at most [`NIBBLES_AT_ONCE`] nibbles.
    #[inline(always)]
    fn run(&self, out: &mut [f32], reached: &mut [u32], sums: impl Fn(&[u8], &[u8], *const u8) -> Sums) {
        let (factors, shifts) = (self.factors.as_chunks().0, self.shifts.as_chunks().0);
        let blocks = self.codes.chunks_exact(self.table.len()).zip(factors.iter().zip(shifts));
        let offset = OFFSET * (self.table.len() / ENTRIES) as i32;
        let places = out.as_chunks_mut().0.iter_mut().zip(reached);
        for (at, ((codes, (factors, shifts)), (out, reached))) in blocks.zip(places).enumerate() {
            let next = self.next.wrapping_add(at * codes.len());
            let first = self.table.len().min(NIBBLES_AT_ONCE * ENTRIES);
            let (head, tail) = self.table.split_at(first);
            let found = sums(head, &codes[..first], next);
            if tail.is_empty() {
                *reached = self.finish(|at| i32::from(found[at]) - offset, factors, shifts, out);
                continue;
            }
            let mut total = found.map(i32::from);
            let step = NIBBLES_AT_ONCE * ENTRIES;
            for (at, (table, codes)) in tail.chunks(step).zip(codes[first..].chunks(step)).enumerate() {
                let more = sums(table, codes, next.wrapping_add((at + 1) * step));
                total.iter_mut().zip(more).for_each(|(total, more)| *total += i32::from(more));
            }
            *reached = self.finish(|at| total[at] - offset, factors, shifts, out);
        }
    }

    #[inline(always)]
    fn finish(
        &self,
        sum: impl Fn(usize) -> i32,
        factors: &[f32; SIGN_BLOCK],
        shifts: &[f32; SIGN_BLOCK],
        out: &mut [f32; SIGN_BLOCK],
    ) -> u32 {
        for at in 0..SIGN_BLOCK {
            out[at] = factors[at] * (sum(at) as f32 * self.scale) + (shifts[at] + self.base);
        }
        (0..SIGN_BLOCK).fold(0, |reached, at| reached | u32::from(out[at] >= self.floor) << at)
    }
}

fn sums_portable(table: &[u8], codes: &[u8], _next: *const u8) -> Sums {
    let mut sums = [0; SIGN_BLOCK];
    for (table, codes) in table.as_chunks::<ENTRIES>().0.iter().zip(codes.as_chunks::<ENTRIES>().0) {
        for (at, code) in codes.iter().enumerate() {
            sums[at] += u16::from(table[usize::from(code & 15)]);
            sums[at + ENTRIES] += u16::from(table[usize::from(code >> 4)]);
        }
    }
    sums
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{SIGN_BLOCK, Scan, Sums};

    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn scan_avx512(scan: &Scan<'_>, out: &mut [f32], reached: &mut [u32]) {
        scan.run(out, reached, |table, codes, next| sums_avx512(table, codes, next));
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn scan_avx2(scan: &Scan<'_>, out: &mut [f32], reached: &mut [u32]) {
        scan.run(out, reached, |table, codes, next| sums_avx2(table, codes, next));
    }

    /// Four nibbles at a time. Entries are summed in 16 bits without being widened: once with the entry of
    /// the next row in the upper byte, and once that upper entry alone, which is taken out again at the end.
    #[target_feature(enable = "avx512f,avx512bw")]
    #[inline]
    fn sums_avx512(table: &[u8], codes: &[u8], next: *const u8) -> Sums {
        let low = _mm512_set1_epi8(15);
        let mut all = [_mm512_setzero_si512(); 2];
        let mut upper = [_mm512_setzero_si512(); 2];
        let steps = table.as_chunks::<64>().0.iter().zip(codes.as_chunks::<64>().0);
        for (at, (table, codes)) in steps.enumerate() {
            _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(at * 64).cast());
            // SAFETY: Both chunks have the 64 bytes that are read; the loads ask for no alignment.
            let (table, codes) = unsafe {
                (_mm512_loadu_si512(table.as_ptr().cast()), _mm512_loadu_si512(codes.as_ptr().cast()))
            };
            let nibbles =
                [_mm512_and_si512(codes, low), _mm512_and_si512(_mm512_srli_epi16::<4>(codes), low)];
            for half in 0..2 {
                let found = _mm512_shuffle_epi8(table, nibbles[half]);
                all[half] = _mm512_add_epi16(all[half], found);
                upper[half] = _mm512_add_epi16(upper[half], _mm512_srli_epi16::<8>(found));
            }
        }
        let mut sums = [0u16; SIGN_BLOCK];
        for half in 0..2 {
            let even = _mm512_sub_epi16(all[half], _mm512_slli_epi16::<8>(upper[half]));
            let (even, odd) = (quarters(even), quarters(upper[half]));
            let rows = sums[half * 16..].as_mut_ptr();
            // SAFETY: Sixteen numbers are written from a place with as many; stores ask for no alignment.
            unsafe {
                _mm_storeu_si128(rows.cast(), _mm_unpacklo_epi16(even, odd));
                _mm_storeu_si128(rows.add(8).cast(), _mm_unpackhi_epi16(even, odd));
            }
        }
        sums
    }

    /// The four quarters of a register, added.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn quarters(sums: __m512i) -> __m128i {
        let half = _mm256_add_epi16(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64::<1>(sums));
        _mm_add_epi16(_mm256_castsi256_si128(half), _mm256_extracti128_si256::<1>(half))
    }

    /// The same, two nibbles at a time.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn sums_avx2(table: &[u8], codes: &[u8], next: *const u8) -> Sums {
        let low = _mm256_set1_epi8(15);
        let mut all = [_mm256_setzero_si256(); 2];
        let mut upper = [_mm256_setzero_si256(); 2];
        let steps = table.as_chunks::<32>().0.iter().zip(codes.as_chunks::<32>().0);
        for (at, (table, codes)) in steps.enumerate() {
            _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(at * 32).cast());
            // SAFETY: Both chunks have the 32 bytes that are read; the loads ask for no alignment.
            let (table, codes) = unsafe {
                (_mm256_loadu_si256(table.as_ptr().cast()), _mm256_loadu_si256(codes.as_ptr().cast()))
            };
            let nibbles =
                [_mm256_and_si256(codes, low), _mm256_and_si256(_mm256_srli_epi16::<4>(codes), low)];
            for half in 0..2 {
                let found = _mm256_shuffle_epi8(table, nibbles[half]);
                all[half] = _mm256_add_epi16(all[half], found);
                upper[half] = _mm256_add_epi16(upper[half], _mm256_srli_epi16::<8>(found));
            }
        }
        let mut sums = [0u16; SIGN_BLOCK];
        for half in 0..2 {
            let even = _mm256_sub_epi16(all[half], _mm256_slli_epi16::<8>(upper[half]));
            let halves =
                |sums| _mm_add_epi16(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
            let (even, odd) = (halves(even), halves(upper[half]));
            let rows = sums[half * 16..].as_mut_ptr();
            // SAFETY: Sixteen numbers are written from a place with as many; stores ask for no alignment.
            unsafe {
                _mm_storeu_si128(rows.cast(), _mm_unpacklo_epi16(even, odd));
                _mm_storeu_si128(rows.add(8).cast(), _mm_unpackhi_epi16(even, odd));
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(rng: &mut fastrand::Rng, width: usize) -> Vec<f32> {
        (0..width).map(|_| rng.f32() - 0.5).collect()
    }

    fn methods() -> Vec<Method> {
        let mut methods = vec![Method::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                methods.push(Method::Avx2);
            }
            if Method::best() == Method::Avx512 {
                methods.push(Method::Avx512);
            }
        }
        methods
    }

    /// The definition, one row and one number at a time.
    fn plain(query: &[f32], row: &[f32], factor: f32, shift: f32, base: f32) -> f32 {
        let largest = query.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        let to_code = if largest > 0.0 { 31.0 / largest } else { 0.0 };
        let code = |value: &f32| (value * to_code).round_ties_even() as i32;
        let sum: i32 = query.iter().zip(row).map(|(q, r)| if *r >= 0.0 { code(q) } else { -code(q) }).sum();
        factor * (sum as f32 * (largest / 31.0)) + (shift + base)
    }

    #[test]
    fn every_method_gives_the_bits_of_the_definition() {
        let mut rng = fastrand::Rng::with_seed(3);
        for (width, count) in
            [(64usize, 1usize), (64, 32), (128, 33), (384, 100), (1024, 40), (1088, 64), (2176, 3)]
        {
            let rows: Vec<Vec<f32>> = (0..count).map(|_| vector(&mut rng, width)).collect();
            let mut codes = Vec::new();
            for block in rows.chunks(SIGN_BLOCK) {
                push_sign_block(&block.concat(), width, &mut codes);
            }
            let padded = count.next_multiple_of(SIGN_BLOCK);
            let (factors, shifts) = (vector(&mut rng, padded), vector(&mut rng, padded));
            let signs = SignRows::new(width, &codes, &factors, &shifts).unwrap();
            let mut query = SignQuery::default();
            for values in [vector(&mut rng, width), vec![0.0; width], vec![-1.0; width]] {
                query.set(&values);
                for method in methods() {
                    let (blocks, mut out) = (signs.blocks(), vec![f32::NAN; padded]);
                    let mut reached = vec![0; blocks];
                    signs.estimates_by(method, &query, (0.25, 0.3), (0..blocks, 0), &mut out, &mut reached);
                    for (at, row) in rows.iter().enumerate() {
                        let expected = plain(&values, row, factors[at], shifts[at], 0.25);
                        assert_eq!(out[at].to_bits(), expected.to_bits(), "{method:?} {width} {at}");
                        let bit = reached[at / SIGN_BLOCK] >> (at % SIGN_BLOCK) & 1;
                        assert_eq!(bit == 1, expected >= 0.3);
                    }
                    let mut last = vec![f32::NAN; SIGN_BLOCK];
                    let range = blocks - 1..blocks;
                    signs.estimates_by(method, &query, (0.25, 0.3), (range, 9), &mut last, &mut reached[..1]);
                    assert_eq!(last, out[padded - SIGN_BLOCK..]);
                }
            }
        }
    }

    #[test]
    fn parts_that_do_not_fit_make_no_rows() {
        let (codes, numbers) = (vec![0; sign_block_bytes(64)], vec![0.0; SIGN_BLOCK]);
        assert_eq!(SignRows::new(64, &codes, &numbers, &numbers).map(|rows| rows.blocks()), Some(1));
        assert!(SignRows::new(64, &codes[1..], &numbers, &numbers).is_none());
        assert!(SignRows::new(64, &codes, &numbers[1..], &numbers[1..]).is_none());
        assert!(SignRows::new(64, &codes, &numbers, &[]).is_none());
        assert!(SignRows::new(60, &codes, &numbers, &numbers).is_none());
        assert!(SignRows::new(0, &[], &[], &[]).is_none());
    }
}
