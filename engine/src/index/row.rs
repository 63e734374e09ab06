//! One stored vector: the bytes that the store keeps and that packed matrices copy.

use argtop_storage::RowFormat;

/// The largest dimension of a stored vector.
pub const DIMENSION_MAX: usize = 1 << 16;

/// A vector cannot be stored, or bytes are no stored vector.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum RowError {
    /// The length does not fit the dimension.
    #[error("{found} bytes are no row; {expected} belong to the dimension and format")]
    Length {
        /// Bytes of a row.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// A number is not finite, or would not be in this format.
    #[error("number {position} is {value}, which the format cannot hold; only finite numbers are stored")]
    NotFinite {
        /// Its place, from 0.
        position: usize,
        /// What stands there.
        value: f32,
    },
    /// The dimension is zero or too large.
    #[error("dimension {dimension} is not allowed; use 1 to {max}")]
    Dimension {
        /// What was asked for.
        dimension: usize,
        /// The largest allowed.
        max: usize,
    },
}

/// The number that stands for a format in files.
pub(super) fn format_code(format: RowFormat) -> u64 {
    match format {
        RowFormat::F32 => 0,
        RowFormat::F16 => 1,
        RowFormat::I8 => 2,
    }
}

/// The format of a number in a file.
pub(super) fn format_of_code(code: u64) -> Option<RowFormat> {
    [RowFormat::F32, RowFormat::F16, RowFormat::I8].into_iter().find(|format| format_code(*format) == code)
}

/// Reads a stored row into `out`, replacing what was there.
///
/// # Errors
/// If the bytes are not a row of that dimension or hold a number that is not finite.
pub(super) fn decode(
    format: RowFormat,
    dimension: usize,
    row: &[u8],
    out: &mut Vec<f32>,
) -> Result<(), RowError> {
    out.clear();
    let expected = format.row_bytes(dimension);
    argtop_storage::decode_row(row, format, dimension, out)
        .map_err(|_| RowError::Length { expected, found: row.len() })?;
    match crate::kernel::first_non_finite(out) {
        Some(position) => Err(RowError::NotFinite { position, value: out[position] }),
        None => Ok(()),
    }
}

/// Scale and codes of a stored i8 row, whose length has been checked.
pub(super) fn split_i8(row: &[u8]) -> (f32, &[u8]) {
    match row.split_first_chunk::<4>() {
        Some((scale, codes)) => (f32::from_le_bytes(*scale), codes),
        None => (0.0, &[]),
    }
}

/// Fails unless a vector may have this many numbers.
pub(super) fn check_dimension(dimension: usize) -> Result<(), RowError> {
    if (1..=DIMENSION_MAX).contains(&dimension) {
        Ok(())
    } else {
        Err(RowError::Dimension { dimension, max: DIMENSION_MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_another_length_or_without_meaning_are_refused() {
        let mut out = Vec::new();
        let error = decode(RowFormat::F32, 1, &f32::NAN.to_le_bytes(), &mut out).unwrap_err();
        assert!(matches!(error, RowError::NotFinite { position: 0, .. }));
        let error = decode(RowFormat::I8, 4, &[0; 7], &mut out).unwrap_err();
        assert_eq!(error, RowError::Length { expected: 8, found: 7 });
        assert!(check_dimension(0).is_err() && check_dimension(DIMENSION_MAX + 1).is_err());
        assert!(check_dimension(DIMENSION_MAX).is_ok());
    }

    #[test]
    fn codes_in_files_are_inverse() {
        for format in [RowFormat::F32, RowFormat::F16, RowFormat::I8] {
            assert_eq!(format_of_code(format_code(format)), Some(format));
        }
        assert_eq!(format_of_code(3), None);
    }
}
