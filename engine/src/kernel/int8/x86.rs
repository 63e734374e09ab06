//! The products of 8-bit codes for AVX2, AVX-VNNI and AVX-512 VNNI.

use std::arch::x86_64::*;

use super::{PANEL, QUAD, ROUNDING, Tile};

/// [`super::largest`], compiled for AVX-512F.
#[target_feature(enable = "avx512f")]
pub(super) fn largest_avx512(values: &[f32]) -> u32 {
    super::largest(values)
}

/// [`super::codes`], 16 numbers at a time.
#[target_feature(enable = "avx512f")]
pub(super) fn codes_avx512(values: &[f32], factor: f32, out: &mut [i8]) -> i32 {
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
                _mm512_add_ps(_mm512_mul_ps(_mm512_mul_ps(sums, scale), scales), bias)
            };
            let place = out.as_mut_ptr().add(row * tile.stride);
            _mm512_mask_storeu_ps(place, masks.0, finish(left[row], s0, b0));
            // Not `add`: where there are fewer columns this place may lie outside.
            _mm512_mask_storeu_ps(place.wrapping_add(16), masks.1, finish(right[row], s1, b1));
        }
    }
}

/// [`super::dot_codes`] with `vpdpbusd`; both have as many whole lines of 64 bytes.
#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) fn dot_vnni(values: &[i8], row: &[u8]) -> i32 {
    let mut sums = _mm512_setzero_si512();
    for (values, row) in values.as_chunks::<64>().0.iter().zip(row.as_chunks::<64>().0) {
        // SAFETY: Both chunks have the 64 bytes that are read, and the loads ask for no alignment.
        let (values, row) =
            unsafe { (_mm512_loadu_si512(values.as_ptr().cast()), _mm512_loadu_si512(row.as_ptr().cast())) };
        sums = _mm512_dpbusd_epi32(sums, row, values);
    }
    _mm512_reduce_add_epi32(sums)
}

/// Rows that AVX2 multiplies at once: their sums of 16 columns fill half of its registers.
const ROWS_AVX2: usize = 4;
/// Columns whose sums fit a register, and bytes of them in a quad.
const COLUMNS_AVX2: usize = 8;
const BYTES_AVX2: usize = COLUMNS_AVX2 * QUAD;

/// [`super::largest`], compiled for AVX2.
#[target_feature(enable = "avx2")]
pub(super) fn largest_avx2(values: &[f32]) -> u32 {
    super::largest(values)
}

/// [`super::codes`], 32 numbers at a time.
#[target_feature(enable = "avx2")]
pub(super) fn codes_avx2(values: &[f32], factor: f32, out: &mut [i8]) -> i32 {
    let (lanes, rest) = values.as_chunks::<32>();
    let (out_lanes, out_rest) = out.split_at_mut(lanes.len() * 32);
    let (factors, rounding) = (_mm256_set1_ps(factor), _mm256_set1_ps(ROUNDING));
    // What packing two registers into one does with their quarters.
    let in_order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    let mut sums = _mm256_setzero_si256();
    for (values, out) in lanes.iter().zip(out_lanes.as_chunks_mut::<32>().0) {
        let codes: [__m256i; 4] = std::array::from_fn(|at| {
            // SAFETY: The chunk has 32 numbers, of which eight are read from place 0, 8, 16 or 24; the load
            // asks for no alignment.
            let values = unsafe { _mm256_loadu_ps(values.as_ptr().add(8 * at)) };
            let rounded = _mm256_add_ps(_mm256_mul_ps(values, factors), rounding);
            _mm256_sub_epi32(_mm256_castps_si256(rounded), _mm256_castps_si256(rounding))
        });
        codes.iter().for_each(|codes| sums = _mm256_add_epi32(sums, *codes));
        let pairs = [_mm256_packs_epi32(codes[0], codes[1]), _mm256_packs_epi32(codes[2], codes[3])];
        let codes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(pairs[0], pairs[1]), in_order);
        // SAFETY: The chunk has the 32 bytes that are written, and the store asks for no alignment.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), codes) };
    }
    sum_avx2(sums) + super::codes(rest, factor, out_rest)
}

/// The sum of eight numbers.
#[target_feature(enable = "avx2")]
#[inline]
fn sum_avx2(sums: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<1>(two)))
}

/// The sums of four products each of signed bytes of `weights`, whose absolute values are `sizes`, and of
/// `values`, which are within -127..=127.
///
/// `vpmaddubsw` multiplies unsigned with signed bytes and adds two products in 16 bits: with the sign moved
/// to the other side they are at most `2 * 128 * 127`, which fits.
#[target_feature(enable = "avx2")]
#[inline]
fn fours(weights: __m256i, sizes: __m256i, values: __m256i) -> __m256i {
    let pairs = _mm256_maddubs_epi16(sizes, _mm256_sign_epi8(values, weights));
    _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))
}

/// A tile a few rows at a time.
#[target_feature(enable = "avx2")]
pub(super) fn avx2(tile: &Tile<'_>, out: &mut [f32]) {
    for start in (0..tile.sums.len()).step_by(ROWS_AVX2) {
        // One or two rows take the whole panel in one go, since it may come from memory.
        match tile.sums.len() - start {
            1 => avx2_rows::<1, 4>(tile, start, out),
            2 => avx2_rows::<2, 4>(tile, start, out),
            3 => avx2_rows::<3, 2>(tile, start, out),
            _ => avx2_rows::<ROWS_AVX2, 2>(tile, start, out),
        }
    }
}

/// `R` rows from `start` on, times the panel; the sums of `SIDES` registers of columns stay in registers.
#[target_feature(enable = "avx2")]
fn avx2_rows<const R: usize, const SIDES: usize>(tile: &Tile<'_>, start: usize, out: &mut [f32]) {
    const { assert!(PANEL.is_multiple_of(SIDES * COLUMNS_AVX2), "whole parts of a panel") };
    tile.check(tile.sums.len(), out.len());
    assert!(start + R <= tile.sums.len(), "rows of the tile");
    let quads = tile.panel.len() / (PANEL * QUAD);
    for columns in (0..PANEL).step_by(SIDES * COLUMNS_AVX2) {
        let mut sums = [[_mm256_setzero_si256(); SIDES]; R];
        for quad in 0..quads {
            // SAFETY: The bytes of these columns of the quad lie within the panel, and the four bytes of each
            // row within its `4 * quads`. No load asks for an alignment.
            unsafe {
                let weights = tile.panel.as_ptr().add((quad * PANEL + columns) * QUAD);
                let weights: [__m256i; SIDES] = std::array::from_fn(|side| {
                    let weights = _mm256_loadu_si256(weights.add(side * BYTES_AVX2).cast());
                    // What 128 was added to, as signed bytes.
                    _mm256_xor_si256(weights, _mm256_set1_epi8(i8::MIN))
                });
                let sizes = weights.map(|weights| _mm256_abs_epi8(weights));
                for (row, sums) in sums.iter_mut().enumerate() {
                    let four = tile.values.as_ptr().add(((start + row) * quads + quad) * QUAD);
                    let four = _mm256_set1_epi32(four.cast::<i32>().read_unaligned());
                    for side in 0..SIDES {
                        sums[side] = _mm256_add_epi32(sums[side], fours(weights[side], sizes[side], four));
                    }
                }
            }
        }
        for (row, sums) in (start..).zip(sums) {
            for (side, sums) in sums.into_iter().enumerate() {
                finish_avx2(tile, (row, columns + side * COLUMNS_AVX2), sums, out);
            }
        }
    }
}

/// Writes the products of a row with eight columns, of which there may be fewer.
#[target_feature(enable = "avx2")]
#[inline]
fn finish_avx2(tile: &Tile<'_>, (row, first): (usize, usize), sums: __m256i, out: &mut [f32]) {
    let (scales, bias) = (&tile.scales[first..first + COLUMNS_AVX2], &tile.bias[first..first + COLUMNS_AVX2]);
    // SAFETY: Both have the eight numbers that are read; the loads ask for no alignment.
    let (scales, bias) = unsafe { (_mm256_loadu_ps(scales.as_ptr()), _mm256_loadu_ps(bias.as_ptr())) };
    let products = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_set1_ps(tile.row_scales[row]));
    let products = _mm256_add_ps(_mm256_mul_ps(products, scales), bias);
    let room = out[row * tile.stride..][..tile.columns].get_mut(first..).unwrap_or_default();
    if let Some(room) = room.first_chunk_mut::<COLUMNS_AVX2>() {
        // SAFETY: The chunk has the eight numbers that are written; the store asks for no alignment.
        unsafe { _mm256_storeu_ps(room.as_mut_ptr(), products) };
    } else {
        let mut last = [0.0; COLUMNS_AVX2];
        // SAFETY: Likewise.
        unsafe { _mm256_storeu_ps(last.as_mut_ptr(), products) };
        room.iter_mut().zip(last).for_each(|(out, product)| *out = product);
    }
}

/// The product of two rows whose second has 128 added, less `128 * sum of values`; both have as many whole
/// lines of 64 bytes.
#[target_feature(enable = "avx2")]
pub(super) fn dot_avx2(values: &[i8], row: &[u8]) -> i32 {
    let mut sums = [_mm256_setzero_si256(); 2];
    for (values, row) in values.as_chunks::<64>().0.iter().zip(row.as_chunks::<64>().0) {
        for (half, sums) in sums.iter_mut().enumerate() {
            // SAFETY: Both chunks have 64 bytes, of which 32 are read from place 0 or 32; the loads ask for
            // no alignment.
            let (values, row) = unsafe {
                let (values, row) = (values.as_ptr().add(32 * half), row.as_ptr().add(32 * half));
                (_mm256_loadu_si256(values.cast()), _mm256_loadu_si256(row.cast()))
            };
            let row = _mm256_xor_si256(row, _mm256_set1_epi8(i8::MIN));
            *sums = _mm256_add_epi32(*sums, fours(row, _mm256_abs_epi8(row), values));
        }
    }
    sum_avx2(_mm256_add_epi32(sums[0], sums[1]))
}

/// Rows that AVX-VNNI multiplies at once: their sums of 16 columns fill three quarters of its registers.
const ROWS_AVX_VNNI: usize = 6;

/// A tile a few rows at a time, with `vpdpbusd` for 8 columns and 4 numbers of a row.
#[target_feature(enable = "avx2,avxvnni")]
pub(super) fn avx_vnni(tile: &Tile<'_>, out: &mut [f32]) {
    for start in (0..tile.sums.len()).step_by(ROWS_AVX_VNNI) {
        // Up to three rows take the whole panel in one go, since it may come from memory.
        match tile.sums.len() - start {
            1 => avx_vnni_rows::<1, 4>(tile, start, out),
            2 => avx_vnni_rows::<2, 4>(tile, start, out),
            3 => avx_vnni_rows::<3, 4>(tile, start, out),
            4 => avx_vnni_rows::<4, 2>(tile, start, out),
            5 => avx_vnni_rows::<5, 2>(tile, start, out),
            _ => avx_vnni_rows::<ROWS_AVX_VNNI, 2>(tile, start, out),
        }
    }
}

/// `R` rows from `start` on, times the panel; the sums of `SIDES` registers of columns stay in registers.
#[target_feature(enable = "avx2,avxvnni")]
fn avx_vnni_rows<const R: usize, const SIDES: usize>(tile: &Tile<'_>, start: usize, out: &mut [f32]) {
    const { assert!(PANEL.is_multiple_of(SIDES * COLUMNS_AVX2), "whole parts of a panel") };
    tile.check(tile.sums.len(), out.len());
    assert!(start + R <= tile.sums.len(), "rows of the tile");
    let quads = tile.panel.len() / (PANEL * QUAD);
    for columns in (0..PANEL).step_by(SIDES * COLUMNS_AVX2) {
        let mut sums = [[_mm256_setzero_si256(); SIDES]; R];
        for quad in 0..quads {
            // SAFETY: The bytes of these columns of the quad lie within the panel, and the four bytes of each
            // row within its `4 * quads`. No load asks for an alignment.
            unsafe {
                let weights = tile.panel.as_ptr().add((quad * PANEL + columns) * QUAD);
                let weights: [__m256i; SIDES] =
                    std::array::from_fn(|side| _mm256_loadu_si256(weights.add(side * BYTES_AVX2).cast()));
                for (row, sums) in sums.iter_mut().enumerate() {
                    let four = tile.values.as_ptr().add(((start + row) * quads + quad) * QUAD);
                    let four = _mm256_set1_epi32(four.cast::<i32>().read_unaligned());
                    for side in 0..SIDES {
                        sums[side] = _mm256_dpbusd_avx_epi32(sums[side], weights[side], four);
                    }
                }
            }
        }
        for (row, sums) in (start..).zip(sums) {
            let shift = _mm256_set1_epi32(128 * tile.sums[row]);
            for (side, sums) in sums.into_iter().enumerate() {
                let sums = _mm256_sub_epi32(sums, shift);
                finish_avx2(tile, (row, columns + side * COLUMNS_AVX2), sums, out);
            }
        }
    }
}

/// The product of two rows whose second has 128 added; both have as many whole lines of 64 bytes.
#[target_feature(enable = "avx2,avxvnni")]
pub(super) fn dot_avx_vnni(values: &[i8], row: &[u8]) -> i32 {
    let mut sums = [_mm256_setzero_si256(); 2];
    for (values, row) in values.as_chunks::<64>().0.iter().zip(row.as_chunks::<64>().0) {
        for (half, sums) in sums.iter_mut().enumerate() {
            // SAFETY: Both chunks have 64 bytes, of which 32 are read from place 0 or 32; the loads ask for
            // no alignment.
            let (values, row) = unsafe {
                let (values, row) = (values.as_ptr().add(32 * half), row.as_ptr().add(32 * half));
                (_mm256_loadu_si256(values.cast()), _mm256_loadu_si256(row.cast()))
            };
            *sums = _mm256_dpbusd_avx_epi32(*sums, row, values);
        }
    }
    sum_avx2(_mm256_add_epi32(sums[0], sums[1]))
}
