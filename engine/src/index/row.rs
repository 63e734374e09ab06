//! One stored vector: the bytes that the store keeps and that packed matrices copy.

use half::f16;

/// The largest dimension of a stored vector.
pub const DIMENSION_MAX: usize = 1 << 16;

/// Number format of stored vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VectorFormat {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// 8-bit codes with one scale a row: number i is `f32(code_i) * scale`, rounded to f32.
    I8,
}

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

impl VectorFormat {
    /// The number that stands for the format in files.
    pub(super) fn code(self) -> u64 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::I8 => 2,
        }
    }

    /// The format of a number in a file.
    pub(super) fn from_code(code: u64) -> Option<Self> {
        [Self::F32, Self::F16, Self::I8].into_iter().find(|format| format.code() == code)
    }

    /// Bytes of one number without the row's scale.
    pub(super) fn number_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
            Self::I8 => 1,
        }
    }

    /// Bytes of a stored row: little-endian numbers, before which an i8 row has its scale as f32.
    pub fn row_bytes(self, dimension: usize) -> usize {
        let scale = if self == Self::I8 { 4 } else { 0 };
        scale + dimension * self.number_bytes()
    }

    /// Appends the stored form of a vector to `out`.
    ///
    /// An i8 row has scale `max |x| / 127` and the nearest codes: an error of at most half a scale a number.
    ///
    /// # Errors
    /// If a number is not finite or, as f16, would become infinite. Nothing is appended then.
    pub fn encode(self, vector: &[f32], out: &mut Vec<u8>) -> Result<(), RowError> {
        let largest = match self {
            Self::F16 => f32::from(f16::MAX),
            Self::F32 | Self::I8 => f32::MAX,
        };
        let too_large = vector.iter().position(|value| {
            let stored = if self == Self::F16 { f16::from_f32(*value).to_f32() } else { *value };
            !stored.is_finite() || stored.abs() > largest
        });
        if let Some(position) = too_large {
            return Err(RowError::NotFinite { position, value: vector[position] });
        }
        match self {
            Self::F32 => vector.iter().for_each(|value| out.extend(value.to_le_bytes())),
            Self::F16 => vector.iter().for_each(|value| out.extend(f16::from_f32(*value).to_le_bytes())),
            Self::I8 => {
                let scale = vector.iter().fold(0.0f32, |max, value| max.max(value.abs())) / 127.0;
                out.extend(scale.to_le_bytes());
                // A subnormal maximum may divide to a scale of zero; every code is zero then.
                let inverse = if scale > 0.0 { 1.0 / f64::from(scale) } else { 0.0 };
                let code = |value: &f32| (f64::from(*value) * inverse).round().clamp(-127.0, 127.0) as i8;
                out.extend(vector.iter().map(|value| code(value) as u8));
            }
        }
        Ok(())
    }

    /// Reads a stored row into `out`, whose length is the dimension.
    ///
    /// # Errors
    /// If the bytes are not a row of that dimension or hold a number that is not finite.
    pub fn decode(self, row: &[u8], out: &mut [f32]) -> Result<(), RowError> {
        let expected = self.row_bytes(out.len());
        if row.len() != expected {
            return Err(RowError::Length { expected, found: row.len() });
        }
        match self {
            Self::F32 => {
                for (bytes, out) in row.as_chunks::<4>().0.iter().zip(out.iter_mut()) {
                    *out = f32::from_le_bytes(*bytes);
                }
            }
            Self::F16 => {
                for (bytes, out) in row.as_chunks::<2>().0.iter().zip(out.iter_mut()) {
                    *out = f16::from_le_bytes(*bytes).to_f32();
                }
            }
            Self::I8 => {
                let (scale, codes) = split_i8(row);
                for (code, out) in codes.iter().zip(out.iter_mut()) {
                    *out = f32::from(*code as i8) * scale;
                }
            }
        }
        match crate::kernel::first_non_finite(out) {
            Some(position) => Err(RowError::NotFinite { position, value: out[position] }),
            None => Ok(()),
        }
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_come_back_within_the_step_of_their_format(
            vector in prop::collection::vec(-100.0f32..100.0, 1..50),
        ) {
            let largest = vector.iter().fold(0.0f32, |max, value| max.max(value.abs()));
            let steps =
                [(VectorFormat::F32, 0.0), (VectorFormat::F16, 0.1), (VectorFormat::I8, largest / 250.0)];
            for (format, step) in steps {
                let mut row = Vec::new();
                format.encode(&vector, &mut row).unwrap();
                prop_assert_eq!(row.len(), format.row_bytes(vector.len()));
                let mut back = vec![0.0; vector.len()];
                format.decode(&row, &mut back).unwrap();
                for (a, b) in vector.iter().zip(&back) {
                    prop_assert!((a - b).abs() <= step, "{:?} {} {}", format, a, b);
                }
                let mut again = Vec::new();
                format.encode(&back, &mut again).unwrap();
                let mut twice = vec![0.0; vector.len()];
                format.decode(&again, &mut twice).unwrap();
                if format != VectorFormat::I8 {
                    prop_assert_eq!(back, twice);
                }
            }
        }
    }

    #[test]
    fn numbers_that_a_format_cannot_hold_are_refused_by_position() {
        let mut row = Vec::new();
        for format in [VectorFormat::F32, VectorFormat::F16, VectorFormat::I8] {
            let error = format.encode(&[1.0, f32::INFINITY], &mut row).unwrap_err();
            assert_eq!(error, RowError::NotFinite { position: 1, value: f32::INFINITY });
        }
        let error = VectorFormat::F16.encode(&[0.0, 0.0, 1e6], &mut row).unwrap_err();
        assert_eq!(error, RowError::NotFinite { position: 2, value: 1e6 });
        assert!(row.is_empty());
        let error = VectorFormat::F32.decode(&f32::NAN.to_le_bytes(), &mut [0.0]).unwrap_err();
        assert!(matches!(error, RowError::NotFinite { position: 0, .. }));
        let error = VectorFormat::I8.decode(&[0; 7], &mut [0.0; 4]).unwrap_err();
        assert_eq!(error, RowError::Length { expected: 8, found: 7 });
    }

    #[test]
    fn zeros_and_subnormal_rows_survive_i8() {
        for vector in [[0.0f32; 3], [1e-44, -1e-45, 0.0]] {
            let (mut row, mut back) = (Vec::new(), [1.0f32; 3]);
            VectorFormat::I8.encode(&vector, &mut row).unwrap();
            VectorFormat::I8.decode(&row, &mut back).unwrap();
            assert!(back.iter().all(|value| value.abs() <= 1e-43));
        }
        assert!(check_dimension(0).is_err() && check_dimension(DIMENSION_MAX + 1).is_err());
        assert!(check_dimension(DIMENSION_MAX).is_ok());
    }

    #[test]
    fn codes_in_files_are_inverse() {
        for format in [VectorFormat::F32, VectorFormat::F16, VectorFormat::I8] {
            assert_eq!(VectorFormat::from_code(format.code()), Some(format));
        }
        assert_eq!(VectorFormat::from_code(3), None);
    }
}
