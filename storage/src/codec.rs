//! Rows of numbers as bytes: dense rows in three formats, and sparse rows. All numbers are little-endian.

use half::f16;
use serde::{Deserialize, Serialize};

use crate::error::CodecError;

/// How a dense row is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowFormat {
    /// Four bytes a component.
    F32,
    /// Two bytes a component (IEEE 754 half precision, largest value 65504).
    F16,
    /// A scale (f32, largest absolute component / 127), then one signed byte a component: `component = scale
    /// * code`.
    I8,
}

impl RowFormat {
    /// The format's name: `f32`, `f16` or `i8`.
    pub fn name(self) -> &'static str {
        match self {
            RowFormat::F32 => "f32",
            RowFormat::F16 => "f16",
            RowFormat::I8 => "i8",
        }
    }

    /// Bytes of a packed row of `dimension` components.
    pub fn row_bytes(self, dimension: usize) -> usize {
        match self {
            RowFormat::F32 => dimension.saturating_mul(4),
            RowFormat::F16 => dimension.saturating_mul(2),
            RowFormat::I8 => dimension.saturating_add(4),
        }
    }
}

/// Packs a row and appends it to `out`. The components must be finite, and within half precision for
/// [`RowFormat::F16`].
///
/// # Errors
/// A component that the format cannot hold, with its position; `out` then holds nothing more than before.
pub fn encode_row(row: &[f32], format: RowFormat, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let holds = |value: f32| match format {
        RowFormat::F32 | RowFormat::I8 => value.is_finite(),
        RowFormat::F16 => f16::from_f32(value).is_finite(),
    };
    if let Some(position) = row.iter().position(|value| !holds(*value)) {
        let value = row.get(position).copied().unwrap_or(f32::NAN);
        return Err(CodecError::Component { position, value, format: format.name() });
    }
    out.reserve(format.row_bytes(row.len()));
    match format {
        RowFormat::F32 => row.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes())),
        RowFormat::F16 => {
            row.iter().for_each(|value| out.extend_from_slice(&f16::from_f32(*value).to_le_bytes()));
        }
        RowFormat::I8 => {
            let largest = row.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            let scale = largest / 127.0;
            out.extend_from_slice(&scale.to_le_bytes());
            out.extend(row.iter().map(|value| i8_code(*value, scale).to_le_bytes()).map(|[byte]| byte));
        }
    }
    Ok(())
}

/// The code of one component. A scale that underflowed to zero means that the whole row is below resolution.
fn i8_code(value: f32, scale: f32) -> i8 {
    if scale == 0.0 {
        return 0;
    }
    // The clamp makes the cast exact; it matters for subnormal scales, whose own rounding may exceed the
    // range.
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of i8")]
    let code = (value / scale).round().clamp(-127.0, 127.0) as i8;
    code
}

/// Unpacks a row of `dimension` components and appends them to `out`.
///
/// # Errors
/// The bytes have another length, or the scale of an i8 row is not a finite number >= 0.
pub fn decode_row(
    bytes: &[u8],
    format: RowFormat,
    dimension: usize,
    out: &mut Vec<f32>,
) -> Result<(), CodecError> {
    let expected = format.row_bytes(dimension);
    if bytes.len() != expected {
        return Err(CodecError::Length { expected, found: bytes.len() });
    }
    match format {
        RowFormat::F32 => out.extend(words::<4>(bytes).map(f32::from_le_bytes)),
        RowFormat::F16 => out.extend(words::<2>(bytes).map(|word| f16::from_le_bytes(word).to_f32())),
        RowFormat::I8 => {
            let (scale, codes) =
                bytes.split_first_chunk::<4>().ok_or(CodecError::Length { expected, found: bytes.len() })?;
            let scale = f32::from_le_bytes(*scale);
            if !scale.is_finite() || scale.is_sign_negative() {
                return Err(CodecError::Invalid(format!("scale {scale} of an i8 row")));
            }
            out.extend(codes.iter().map(|code| scale * f32::from(i8::from_le_bytes([*code]))));
        }
    }
    Ok(())
}

/// The bytes as words of `N` bytes; a remainder is left out.
fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.as_chunks::<N>().0.iter().copied()
}

/// Packs a sparse row and appends it to `out`: the count (u32), the indices (u32 each), the values (f32
/// each).
///
/// # Errors
/// More than `u32::MAX` entries, or a value that is not finite.
pub fn encode_sparse(row: &[(u32, f32)], out: &mut Vec<u8>) -> Result<(), CodecError> {
    let limit = u32::MAX as usize;
    let too_large = |_| CodecError::TooLarge { what: "a sparse row", found: row.len(), limit };
    let count = u32::try_from(row.len()).map_err(too_large)?;
    if let Some(position) = row.iter().position(|(_, value)| !value.is_finite()) {
        let value = row.get(position).map_or(f32::NAN, |(_, value)| *value);
        return Err(CodecError::Component { position, value, format: "a sparse row" });
    }
    out.reserve(row.len().saturating_mul(8).saturating_add(4));
    out.extend_from_slice(&count.to_le_bytes());
    row.iter().for_each(|(index, _)| out.extend_from_slice(&index.to_le_bytes()));
    row.iter().for_each(|(_, value)| out.extend_from_slice(&value.to_le_bytes()));
    Ok(())
}

/// Unpacks a sparse row: pairs of index and value.
///
/// # Errors
/// The bytes have another length than their count says.
pub fn decode_sparse(bytes: &[u8]) -> Result<Vec<(u32, f32)>, CodecError> {
    let (count, rest) =
        bytes.split_first_chunk::<4>().ok_or(CodecError::Length { expected: 4, found: bytes.len() })?;
    let count = u32::from_le_bytes(*count) as usize;
    let expected = count.saturating_mul(8).saturating_add(4);
    if bytes.len() != expected {
        return Err(CodecError::Length { expected, found: bytes.len() });
    }
    let (indices, values) = rest.split_at_checked(rest.len() / 2).unwrap_or((rest, &[]));
    let indices = words::<4>(indices).map(u32::from_le_bytes);
    let values = words::<4>(values).map(f32::from_le_bytes);
    Ok(indices.zip(values).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORMATS: [RowFormat; 3] = [RowFormat::F32, RowFormat::F16, RowFormat::I8];

    fn finite() -> impl Strategy<Value = f32> {
        any::<f32>().prop_filter("finite", |value| value.is_finite())
    }

    fn round_trip(row: &[f32], format: RowFormat) -> Vec<f32> {
        let (mut bytes, mut back) = (Vec::new(), Vec::new());
        encode_row(row, format, &mut bytes).unwrap();
        assert_eq!(bytes.len(), format.row_bytes(row.len()));
        decode_row(&bytes, format, row.len(), &mut back).unwrap();
        back
    }

    proptest! {
        #[test]
        fn f32_rows_are_exact(row in prop::collection::vec(finite(), 0..40)) {
            prop_assert_eq!(round_trip(&row, RowFormat::F32), row);
        }

        #[test]
        fn f16_rows_are_within_half_a_unit(row in prop::collection::vec(-60000.0_f32..60000.0, 0..40)) {
            for (value, back) in row.iter().zip(round_trip(&row, RowFormat::F16)) {
                prop_assert!((value - back).abs() <= value.abs() / 2048.0 + 6.0e-8);
            }
        }

        #[test]
        fn i8_rows_are_within_half_a_step(row in prop::collection::vec(finite(), 1..40)) {
            let largest = row.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
            let step = f64::from(largest) / 127.0;
            for (value, back) in row.iter().zip(round_trip(&row, RowFormat::I8)) {
                // Subnormal scales lose digits themselves, hence the absolute term.
                prop_assert!((f64::from(*value) - f64::from(back)).abs() <= step * 0.501 + 1.0e-43);
            }
        }

        #[test]
        fn packing_a_packed_row_changes_nothing(row in prop::collection::vec(-1.0_f32..1.0, 1..40)) {
            let once = round_trip(&row, RowFormat::F16);
            prop_assert_eq!(round_trip(&once, RowFormat::F16), once);
        }

        #[test]
        fn sparse_rows_round_trip(row in prop::collection::vec((any::<u32>(), finite()), 0..40)) {
            let mut bytes = Vec::new();
            encode_sparse(&row, &mut bytes).unwrap();
            prop_assert_eq!(decode_sparse(&bytes).unwrap(), row);
        }

        #[test]
        fn decoding_never_panics(bytes in any::<Vec<u8>>(), dimension in any::<usize>()) {
            let _ = decode_sparse(&bytes);
            for format in FORMATS {
                let _ = decode_row(&bytes, format, dimension, &mut Vec::new());
            }
        }
    }

    #[test]
    fn components_that_do_not_fit_are_refused_with_their_position() {
        for (value, format) in [
            (f32::NAN, RowFormat::F32),
            (f32::INFINITY, RowFormat::I8),
            (f32::NEG_INFINITY, RowFormat::F16),
            (70000.0, RowFormat::F16),
        ] {
            let mut out = vec![7];
            let error = encode_row(&[0.0, value], format, &mut out).unwrap_err();
            assert!(matches!(error, CodecError::Component { position: 1, .. }), "{error}");
            assert_eq!(out, [7]);
        }
        assert!(encode_sparse(&[(1, f32::NAN)], &mut Vec::new()).is_err());
    }

    #[test]
    fn zero_and_tiny_rows_stay_finite() {
        assert_eq!(round_trip(&[0.0, 0.0], RowFormat::I8), [0.0, 0.0]);
        assert!(round_trip(&[f32::from_bits(1), 0.0], RowFormat::I8).iter().all(|value| value.is_finite()));
    }

    #[test]
    fn a_bad_scale_is_refused() {
        let mut bytes = f32::NAN.to_le_bytes().to_vec();
        bytes.push(1);
        assert!(matches!(decode_row(&bytes, RowFormat::I8, 1, &mut Vec::new()), Err(CodecError::Invalid(_))));
    }
}
