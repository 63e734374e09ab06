//! The scan of signs for AVX2, AVX-512BW and AVX-512 VBMI.

use std::arch::x86_64::*;

use super::{ENTRIES, OFFSET, SIGN_BLOCK, STEP, Scan};

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

/// Steps whose entries AVX2 sums in 16 bits, in both halves of a register: each adds at most 240 to a sum,
/// and the halves are added before they are widened.
const STEPS_AVX2: usize = 128;
/// Bytes that a step takes once it is [turned](turn_avx2).
pub(super) const TURNED_STEP: usize = 4 * 32;

/// The nibbles of a step, which shuffles look up one in each half of a register: nibbles 0 and 1 of 16 rows,
/// 2 and 3 of them, and the same of the other 16. Rows come in the order 0 to 3, 8 to 11, 4 to 7, 12 to 15.
#[target_feature(enable = "avx2")]
#[inline]
fn nibbles(codes: &[u8; STEP]) -> [__m256i; 4] {
    let low = _mm256_set1_epi8(15);
    // SAFETY: The array has the 16 bytes that are read, and the chunk 64; the loads ask for no alignment.
    let (by_nibble, codes) = unsafe {
        let load = |at: usize| _mm256_loadu_si256(codes.as_ptr().add(at).cast());
        (_mm256_broadcastsi128_si256(_mm_loadu_si128(BY_NIBBLE.as_ptr().cast())), [load(0), load(32)])
    };
    let codes = codes.map(|codes| _mm256_shuffle_epi8(codes, by_nibble));
    let pairs = [
        _mm256_permute4x64_epi64::<0xD8>(_mm256_unpacklo_epi32(codes[0], codes[1])),
        _mm256_permute4x64_epi64::<0xD8>(_mm256_unpackhi_epi32(codes[0], codes[1])),
    ];
    // Shifted right by four: multipliers are free, while shifts run where shuffles do.
    let shifted = pairs.map(|pair| _mm256_mulhi_epu16(pair, _mm256_set1_epi16(1 << 12)));
    let [first, second] = pairs.map(|pair| _mm256_and_si256(pair, low));
    let [third, fourth] = shifted.map(|pair| _mm256_and_si256(pair, low));
    [first, second, third, fourth]
}

/// Turns the steps of some blocks, for [`scan_turned_avx2`].
#[target_feature(enable = "avx2")]
pub(super) fn turn_avx2(codes: &[u8], out: &mut [u8]) {
    for (codes, out) in codes.as_chunks::<STEP>().0.iter().zip(out.as_chunks_mut::<TURNED_STEP>().0) {
        for (at, nibbles) in nibbles(codes).into_iter().enumerate() {
            // SAFETY: The chunk has 128 bytes, of which 32 are written; the store asks for no alignment.
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().add(32 * at).cast(), nibbles) };
        }
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn scan_avx2(scan: &Scan<'_>, out: &mut [f32], reached: &mut [u32]) {
    if scan.next.is_null() {
        blocks_avx2::<STEP>(scan, out, reached, |codes, _| nibbles(codes));
    } else {
        blocks_avx2::<STEP>(scan, out, reached, |codes, place| {
            _mm_prefetch::<_MM_HINT_T0>(scan.next.wrapping_add(place).cast());
            nibbles(codes)
        });
    }
}

/// [`scan_avx2`] of blocks that were turned before.
#[target_feature(enable = "avx2")]
pub(super) fn scan_turned_avx2(scan: &Scan<'_>, out: &mut [f32], reached: &mut [u32]) {
    blocks_avx2::<TURNED_STEP>(scan, out, reached, |codes, _| {
        // SAFETY: The chunk has 128 bytes, of which 32 are read; the load asks for no alignment.
        std::array::from_fn(|at| unsafe { _mm256_loadu_si256(codes.as_ptr().add(32 * at).cast()) })
    });
}

/// All blocks, of which a step takes `BYTES`; `nibbles` gives those of a step, whose place it is told, too.
#[target_feature(enable = "avx2")]
#[inline]
fn blocks_avx2<const BYTES: usize>(
    scan: &Scan<'_>,
    out: &mut [f32],
    reached: &mut [u32],
    nibbles: impl Fn(&[u8; BYTES], usize) -> [__m256i; 4],
) {
    let (tables, codes) = (scan.table.as_chunks::<STEP>().0, scan.codes.as_chunks::<BYTES>().0);
    for (block, (codes, reached)) in codes.chunks_exact(tables.len()).zip(reached).enumerate() {
        let mut sums = [_mm256_setzero_si256(); 4];
        for (part, (tables, codes)) in tables.chunks(STEPS_AVX2).zip(codes.chunks(STEPS_AVX2)).enumerate() {
            // Sums of whole words, even bytes and 256 times the odd ones, and of odd bytes alone.
            let mut words = [_mm256_setzero_si256(); 2];
            let mut odd = [_mm256_setzero_si256(); 2];
            let first = block * scan.table.len() + part * STEPS_AVX2 * STEP;
            for (at, (table, codes)) in tables.iter().zip(codes).enumerate() {
                let nibbles = nibbles(codes, first + at * STEP);
                // SAFETY: The chunk has the 64 bytes that are read; the loads ask for no alignment.
                let tables: [__m256i; 2] = std::array::from_fn(|half| unsafe {
                    _mm256_loadu_si256(table.as_ptr().add(32 * half).cast())
                });
                for half in 0..2 {
                    let first = _mm256_shuffle_epi8(tables[0], nibbles[2 * half]);
                    let second = _mm256_shuffle_epi8(tables[1], nibbles[2 * half + 1]);
                    // At most 240.
                    let pair = _mm256_add_epi8(first, second);
                    words[half] = _mm256_add_epi16(words[half], pair);
                    // Odd bytes alone, by multipliers for the same reason as above.
                    let alone = _mm256_maddubs_epi16(pair, _mm256_set1_epi16(1 << 8));
                    odd[half] = _mm256_add_epi16(odd[half], alone);
                }
            }
            for half in 0..2 {
                for (sums, rows) in sums[2 * half..].iter_mut().zip(in_order(words[half], odd[half])) {
                    *sums = _mm256_add_epi32(*sums, rows);
                }
            }
        }
        *reached = finish_avx2(scan, block, sums, out);
    }
}

/// The sums of 16 rows in their order, from those of words and of odd bytes in the order of [`nibbles`]; both
/// halves of a register have such sums.
#[target_feature(enable = "avx2")]
#[inline]
fn in_order(words: __m256i, odd: __m256i) -> [__m256i; 2] {
    let even = _mm256_sub_epi16(words, _mm256_slli_epi16::<8>(odd));
    let [even, odd] = [even, odd]
        .map(|sums| _mm_add_epi16(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums)));
    let low = _mm256_cvtepu16_epi32(_mm_unpacklo_epi16(even, odd));
    let high = _mm256_cvtepu16_epi32(_mm_unpackhi_epi16(even, odd));
    [_mm256_permute2x128_si256::<0x20>(low, high), _mm256_permute2x128_si256::<0x31>(low, high)]
}

/// [`finish_avx512`], eight rows at a time.
#[target_feature(enable = "avx2")]
#[inline]
fn finish_avx2(scan: &Scan<'_>, block: usize, sums: [__m256i; 4], out: &mut [f32]) -> u32 {
    let offset = _mm256_set1_epi32(OFFSET * (scan.table.len() / ENTRIES) as i32);
    let (scale, base) = (_mm256_set1_ps(scan.scale), _mm256_set1_ps(scan.base));
    let floor = _mm256_set1_ps(scan.floor);
    let rows = block * SIGN_BLOCK..(block + 1) * SIGN_BLOCK;
    let (factors, shifts) = (&scan.factors[rows.clone()], &scan.shifts[rows.clone()]);
    let out = &mut out[rows];
    let mut reached = 0;
    for (part, sums) in sums.into_iter().enumerate() {
        let sum = _mm256_cvtepi32_ps(_mm256_sub_epi32(sums, offset));
        // SAFETY: Each has 32 numbers, of which eight are read or written from place 0, 8, 16 or 24; neither
        // loads nor the store ask for an alignment.
        unsafe {
            let factors = _mm256_loadu_ps(factors.as_ptr().add(part * 8));
            let shifts = _mm256_loadu_ps(shifts.as_ptr().add(part * 8));
            let scaled = _mm256_mul_ps(factors, _mm256_mul_ps(sum, scale));
            let estimates = _mm256_add_ps(scaled, _mm256_add_ps(shifts, base));
            _mm256_storeu_ps(out.as_mut_ptr().add(part * 8), estimates);
            // Of eight bits.
            let bits = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GE_OQ>(estimates, floor)) as u32;
            reached |= bits << (8 * part);
        }
    }
    reached
}
