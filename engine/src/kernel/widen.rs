//! Stored numbers to f32, as plain loops that the compiler vectorises inside a dispatched function.

use half::f16;

/// `out[i] = values[i]`, exact for every f16.
///
/// Shifting a half's exponent and fraction into place makes a float that is 2^112 too small; one
/// multiplication repairs that, for subnormal halves too. Infinities and NaN, which no stored row holds, keep
/// an exponent of ones.
#[inline(always)]
pub(super) fn widen_f16(values: &[f16], out: &mut [f32]) {
    const SCALE: f32 = f32::from_bits((127 + 112) << 23);
    for (value, out) in values.iter().zip(out) {
        let bits = u32::from(value.to_bits());
        let magnitude = f32::from_bits((bits & 0x7fff) << 13) * SCALE;
        let special = if bits & 0x7c00 == 0x7c00 { 0x7f80_0000 } else { 0 };
        *out = f32::from_bits(magnitude.to_bits() | special | (bits & 0x8000) << 16);
    }
}

/// `out[i] = codes[i]` without the scale.
#[inline(always)]
pub(super) fn widen_codes(codes: &[i8], out: &mut [f32]) {
    for (code, out) in codes.iter().zip(out) {
        *out = f32::from(*code);
    }
}

/// `out[i] = codes[i] * scale`, rounded to f32: the definition of what an i8 row holds.
#[inline(always)]
pub(super) fn widen_i8(codes: &[i8], scale: f32, out: &mut [f32]) {
    for (code, out) in codes.iter().zip(out) {
        *out = f32::from(*code) * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_widens_as_the_half_crate_says() {
        let halves: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).collect();
        let mut wide = vec![0.0; halves.len()];
        widen_f16(&halves, &mut wide);
        for (half, wide) in halves.iter().zip(&wide) {
            let expected = half.to_f32();
            assert!(
                wide.to_bits() == expected.to_bits() || (wide.is_nan() && expected.is_nan()),
                "{:04x}: {wide} against {expected}",
                half.to_bits()
            );
        }
    }

    #[test]
    fn codes_are_scaled_and_rounded_once() {
        let mut wide = [0.0; 3];
        widen_i8(&[-128, 0, 127], 0.1, &mut wide);
        assert_eq!(wide, [-128.0 * 0.1, 0.0, 127.0 * 0.1]);
    }
}
